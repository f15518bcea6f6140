// Takes the lines of a test case through the stages of a configuration, without its generators' and writers' I/O.
#pragma once

#include <atomic>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "config/pipeline.hpp"
#include "daemon/stage_set.hpp"
#include "daemon/test_case.hpp"
#include "flow/context.hpp"
#include "flow/error.hpp"
#include "record/batch.hpp"
#include "stages/tally.hpp"

namespace sluice::daemon {

// A time that stands still until it is moved. Copies share it. Thread-safe, but for begin().
class TestTime {
 public:
  // What time it is; before anybody asks.
  void begin(record::Timestamp start) { state_->start = start; }
  void advance(std::chrono::nanoseconds time) { state_->passed += time.count(); }
  std::chrono::steady_clock::time_point now() const;
  record::Timestamp time_of_day() const;
  // For build_stages().
  Clocks clocks() const;

 private:
  struct State {
    record::Timestamp start;
    std::atomic<std::int64_t> passed{0};  // nanoseconds
  };
  std::shared_ptr<State> state_ = std::make_shared<State>();
};

struct WrittenRecord {
  std::string text;         // what the writer makes of it, before compression, without the last line end
  std::string destination;  // empty: need not be said
  record::Batch batch;      // the record as it came to the writer
};

struct RejectedRecord {
  std::size_t stage = 0;
  stages::Rejection rejection;
};

struct FilteredLine {
  std::size_t stage = 0;
  std::string line;  // empty for a blank one
};

// How everything that went in ended, in this order.
struct TestOutcome {
  std::vector<std::vector<WrittenRecord>> written;  // by stage
  std::vector<RejectedRecord> rejected;
  std::vector<FilteredLine> filtered;
  flow::Error error;  // a stage stopped the pipeline
};

// `set` was made from `config` with the clocks of `time`, and has seen no record yet; records in the outcome must not
// outlive it. Lines are cut, joined and counted as by the generator that reads them, each is flushed at once and goes
// alone through everything that reads it; at the end stages let go of what they hold back.
TestOutcome run_test(const flow::Context& context, const config::PipelineConfig& config, StageSet& set,
                     const TestCase& test, TestTime& time);

}  // namespace sluice::daemon
