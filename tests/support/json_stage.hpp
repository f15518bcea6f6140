// Runs one stage, given as it would stand in a configuration, over JSON records, batch after batch.
#pragma once

#include <chrono>
#include <string>
#include <utility>
#include <vector>

#include "tests/support/records.hpp"
#include "tests/support/run_stage.hpp"

namespace sluice::test {

// Stands still until it is moved.
class ManualClock {
 public:
  stages::Clock clock() {
    return [this] { return now_; };
  }
  void advance(std::chrono::nanoseconds by) { now_ += by; }

 private:
  std::chrono::steady_clock::time_point now_ = std::chrono::steady_clock::time_point(std::chrono::hours(1000));
};

class JsonStage {
 public:
  explicit JsonStage(const std::string& yaml, stages::Clock clock = std::chrono::steady_clock::now)
      : stage_(yaml, fields_, std::move(clock)) {
    EXPECT_TRUE(stage_.ok()) << stage_.complaints();
  }

  bool ok() const { return stage_.ok(); }
  stages::Processor& processor() { return stage_.processor(); }
  stages::Router& router() { return stage_.router(); }

  record::Batch batch(const std::vector<std::string>& lines) {
    record::Batch batch;
    for (const std::string& line : lines) testing::add_json(batch, line, fields_);
    return batch;
  }

  // One batch through a processor.
  StageOutcome run(const std::vector<std::string>& lines) {
    StageOutcome outcome;
    if (!ok()) return outcome;
    record::Batch records = batch(lines);
    outcome.error = processor().process(flow::background(), records, outcome.tally);
    outcome.output = as_json(records);
    EXPECT_EQ(lines.size(), outcome.output.size() + outcome.tally.filtered + outcome.tally.rejections.size());
    return outcome;
  }

  // What becomes of one record; "" if it is gone.
  std::string line(const std::string& json) {
    const StageOutcome outcome = run({json});
    return outcome.output.empty() ? "" : outcome.output.front();
  }

  std::string explain(const std::string& json) {
    record::Batch records = batch({json});
    std::string text;
    const auto remarks = explain_first(records);
    for (const stages::Remark& remark : remarks) text += remark.text + "\n";
    return text;
  }

 private:
  std::vector<stages::Remark> explain_first(record::Batch& records) {
    return stage_.has_router() ? router().explain(flow::background(), records.records().front(), records.arena())
                               : processor().explain(flow::background(), records.records().front(), records.arena());
  }

  record::FieldTable fields_;
  StageUnderTest stage_;
};

// How often a reason was counted.
inline std::uint64_t errors(const stages::Tally& tally, std::string_view reason) {
  for (const auto& [known, count] : tally.errors) {
    if (known == reason) return count;
  }
  return 0;
}

}  // namespace sluice::test
