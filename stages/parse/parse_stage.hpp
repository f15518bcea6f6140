// The stage around a text format.
#pragma once

#include <cstddef>
#include <memory>
#include <vector>

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
  std::vector<Remark> explain(const flow::Context&, record::Record& record, record::Arena& arena) const override;

 private:
  ParseFailure parse(record::Record& record, record::Arena& arena, FieldsBuilder& fields) const;

  std::unique_ptr<const Format> format_;
  ParseOptions options_;
};

// Calls `keep(record, error)` for each record of the batch and removes those for which it returns false; stops once
// `error` is set, or when the context is done.
template <class Keep>
flow::Error for_each_record(const flow::Context& context, record::Batch& batch, Keep keep) {
  constexpr std::size_t kRecordsBetweenChecks = 1000;
  std::vector<record::Record>& records = batch.records();
  flow::Error error;
  std::size_t kept = 0;
  std::size_t next = 0;
  for (; next < records.size() && !error; ++next) {
    if (next % kRecordsBetweenChecks == 0 && context.done()) {
      error = context.cause();
      break;
    }
    if (!keep(records[next], error)) continue;
    if (kept != next) records[kept] = records[next];
    ++kept;
  }
  records.erase(records.begin() + static_cast<std::ptrdiff_t>(kept),
                records.begin() + static_cast<std::ptrdiff_t>(next));
  return error;
}

// The stage for a format, or an empty pointer if the format or the common options have errors; `format` may be null
// after it reported one.
AnyStage make_parse_stage(std::unique_ptr<const Format> format, const config::Settings& settings, Workshop& workshop);

}  // namespace sluice::stages
