// The stage around a text format.
#pragma once

#include <memory>

#include "config/settings.hpp"
#include "stages/parse/format.hpp"
#include "stages/parse/parse_options.hpp"
#include "stages/registry.hpp"
#include "stages/stage.hpp"

namespace sluice::stages {

// Runs a format over the records of a batch and does for it what all formats share. Stateless: batches are parsed in
// parallel, and a record that has the format costs no allocation from the heap.
class ParseStage : public Processor {
 public:
  ParseStage(std::unique_ptr<const Format> format, ParseOptions options);

  flow::Error process(const flow::Context& context, record::Batch& batch, Tally& tally) override;

 private:
  ParseFailure parse(record::Record& record, record::Arena& arena, FieldsBuilder& fields) const;

  std::unique_ptr<const Format> format_;
  ParseOptions options_;
};

// The stage for a format, or an empty pointer if the format or the common options have errors; `format` may be null
// after it reported one.
AnyStage make_parse_stage(std::unique_ptr<const Format> format, const config::Settings& settings, Workshop& workshop);

}  // namespace sluice::stages
