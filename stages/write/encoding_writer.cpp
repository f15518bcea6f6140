#include "stages/write/encoding_writer.hpp"

namespace sluice::stages {

flow::Error EncodingWriter::encode(const flow::Context& context, record::Batch& batch, Tally&) {
  encode_batch(context, *encoder_, batch);
  return {};
}

flow::Error EncodingWriter::send_preamble(const flow::Context& context, Output& output) {
  if (preamble_sent_) return {};
  preamble_sent_ = true;
  return output.write(context, encoder_->preamble()).error;
}

EncodingWriter::Sent EncodingWriter::send(const flow::Context& context, Output& output, record::Batch& batch,
                                          Written& written) {
  if (flow::Error error = send_preamble(context, output)) return {std::move(error)};
  Output::Result result = output.write(context, batch.output().view());
  written.bytes = result.bytes;
  if (!result.error) {
    written.records = batch.size();
    return {};
  }
  const WholeRecords whole = whole_records(context, *encoder_, batch, result.bytes);
  written.records = whole.records;
  return {std::move(result.error), result.bytes - whole.bytes};
}

}  // namespace sluice::stages
