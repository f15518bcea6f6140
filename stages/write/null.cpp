#include "stages/write/null.hpp"

#include <memory>

namespace sluice::stages {

flow::Error NullWriter::encode(const flow::Context&, record::Batch& batch, Tally&) {
  batch.output().clear();
  return {};
}

flow::Error NullWriter::write(const flow::Context&, record::Batch& batch, Written& written) {
  written.records = batch.size();
  written.bytes = 0;
  return {};
}

flow::Error NullWriter::finish(const flow::Context&) { return {}; }

Definition write_null() {
  config::StageSpec spec;
  spec.kind = "write";
  spec.variant = "null";
  spec.summary = "Counts records as written and drops them.";
  spec.description = "Nothing is encoded, whatever `encode` says. For measuring a pipeline without its output.";
  spec.examples = {{"drop everything", "- write: {to: 'null'}", {"one line"}, {}}};
  return {std::move(spec),
          [](const config::Settings&, Workshop&) -> AnyStage { return std::make_unique<NullWriter>(); }};
}

}  // namespace sluice::stages
