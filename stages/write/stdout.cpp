#include "stages/write/stdout.hpp"

#include <utility>

namespace sluice::stages {

StdoutWriter::StdoutWriter(std::unique_ptr<Encoder> encoder, int fd) : EncodingWriter(std::move(encoder)), fd_(fd) {}

Output& StdoutWriter::output() {
  if (!output_) output_.emplace(fd_, "stdout");
  return *output_;
}

flow::Error StdoutWriter::write(const flow::Context& context, record::Batch& batch, Written& written) {
  return send(context, output(), batch, written).error;
}

flow::Error StdoutWriter::finish(const flow::Context& context) { return send_preamble(context, output()); }

Definition write_stdout() {
  config::StageSpec spec;
  spec.kind = "write";
  spec.variant = "stdout";
  spec.summary = "Writes to standard output: a file, pipe, FIFO, terminal or socket.";
  spec.description =
      "When the reader goes away the pipeline stops at once with an error. The daemon's own log goes to standard "
      "error, "
      "so that the output holds records alone.";
  spec.examples = {
      {"JSON", "- write: stdout", {"one line"}, {R"({"message":"one line"})"}},
      {"the lines as they came", "- write: {to: stdout, encode: raw}", {"one line"}, {"one line"}},
      {"a text made of fields",
       "- write: {to: stdout, encode: template, template: '> {message}'}",
       {"one line"},
       {"> one line"}},
      {"logfmt", "- write: {to: stdout, encode: logfmt}", {"one line"}, {R"(message="one line")"}},
      {"CSV", "- write: {to: stdout, encode: csv, columns: [message]}", {"one, line"}, {"message", R"("one, line")"}}};
  const auto make = [](const config::Settings& settings, Workshop& workshop) -> AnyStage {
    std::unique_ptr<Encoder> encoder = make_encoder(settings, workshop);
    if (encoder == nullptr) return {};
    return std::make_unique<StdoutWriter>(std::move(encoder));
  };
  return {std::move(spec), make};
}

}  // namespace sluice::stages
