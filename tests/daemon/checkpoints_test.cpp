// Whatever stops a run, the next one goes on where the last checkpoint was, and what is in the files is what one run
// without a stop would have written.
#include "daemon/checkpoints.hpp"

#include <gtest/gtest.h>
#include <spdlog/sinks/null_sink.h>

#include <atomic>
#include <charconv>
#include <filesystem>
#include <map>
#include <memory>
#include <random>
#include <string>
#include <thread>

#include "daemon/topology.hpp"
#include "stages/write/encode_raw.hpp"
#include "stages/write/file.hpp"
#include "stages/write/rejects.hpp"
#include "tests/support/descriptors.hpp"
#include "tests/support/scale.hpp"
#include "tests/support/stages.hpp"

namespace sluice::daemon {
namespace {

namespace fs = std::filesystem;
using namespace std::chrono_literals;
using testing::content_of;
using testing::TemporaryDirectory;

// Counts from where it was restored to; knows how far the pipeline has taken it.
class KeepingGenerator final : public stages::Generator {
 public:
  KeepingGenerator(std::size_t end, std::size_t batch, std::atomic<std::size_t>* passed = nullptr)
      : end_(end), batch_(batch), passed_(passed) {}

  flow::Error run(const flow::Context& context, stages::Emitter& emitter) override {
    for (std::size_t next = next_; next < end_ && !context.done();) {
      record::Batch batch;
      if (flow::Error error = emitter.acquire(context, batch)) return {};
      std::string text;
      std::vector<std::size_t> ends;
      for (; next < end_ && ends.size() < batch_; ++next) {
        text += std::to_string(next);
        ends.push_back(text.size());
      }
      batch.slab().append(text);
      std::size_t begin = 0;
      for (const std::size_t end : ends) {
        batch.records().emplace_back(batch.slab().view().substr(begin, end - begin));
        begin = end;
      }
      stages::Tally tally;
      const stages::Mark mark{0, next};
      if (flow::Error error = emitter.emit(context, std::move(batch), tally, {&mark, 1})) return {};
    }
    return {};
  }
  bool keeps_positions() const override { return true; }
  flow::Error restore(std::string_view saved) override {
    const std::size_t colon = saved.find(':');
    if (colon == std::string_view::npos) return {};  // the first run
    std::from_chars(saved.data() + colon + 1, saved.data() + saved.size(), next_);
    position_ = next_;
    return {};
  }
  void passed_on(std::span<const stages::Mark> marks) override {
    position_ = marks.back().offset;
    if (passed_ != nullptr) *passed_ = marks.back().offset;
  }
  std::string save() const override { return "{\"next\":" + std::to_string(position_) + "}"; }

 private:
  const std::size_t end_;
  const std::size_t batch_;
  std::atomic<std::size_t>* const passed_;
  std::size_t next_ = 0;
  std::atomic<std::size_t> position_{0};
};

// Adds up what it is given three at a time, so that there is nearly always something that it holds back.
class Summing final : public stages::Processor {
 public:
  flow::Error process(const flow::Context&, record::Batch& batch, stages::Tally& tally) override {
    std::vector<record::Record> kept;
    for (const record::Record& record : batch.records()) {
      held_ += record.line();
      held_ += '+';
      if (++count_ % 3 != 0) {
        ++tally.filtered;
        continue;
      }
      kept.emplace_back(batch.arena().copy(held_));
      held_.clear();
    }
    batch.records() = std::move(kept);
    return {};
  }
  bool serial() const override { return true; }
  flow::Error finish(const flow::Context&, record::Batch& batch, stages::Tally& tally) override {
    if (held_.empty()) return {};
    --tally.filtered;
    batch.records().emplace_back(batch.arena().copy(held_));
    held_.clear();
    return {};
  }
  std::string save() const override { return held_.empty() ? "" : std::to_string(count_) + " " + held_; }
  flow::Error restore(std::string_view saved) override {
    const std::size_t space = saved.find(' ');
    std::from_chars(saved.data(), saved.data() + space, count_);
    held_ = saved.substr(space + 1);
    return {};
  }

 private:
  std::string held_;
  std::size_t count_ = 0;
};

class CheckpointsTest : public ::testing::Test {
 protected:
  CheckpointsTest() {
    config_.checkpoint = 0ns;
    config_.rejects.target = config::Rejects::Target::file;
    config_.rejects.path = directory_.path("rejects");
  }

  std::string state() const { return directory_.path("state"); }

  // Counts to `end`; numbers that end in 7 are rejected, the others are joined by threes and written to a file that is
  // rotated.
  std::unique_ptr<Topology> topology(std::size_t end, std::size_t rotate_at,
                                     std::atomic<std::size_t>* passed = nullptr) {
    test::StageSetBuilder builder;
    builder.add("count", "generate", std::make_unique<KeepingGenerator>(end, 5, passed));
    builder.add("check", "parse", std::make_unique<test::RecordProcessor>([](record::Record& record) {
                  const bool seven = record.line().back() == '7';
                  return seven ? test::RecordProcessor::Fate::reject : test::RecordProcessor::Fate::keep;
                }));
    builder.add("sum", "enrich", std::make_unique<Summing>());
    stages::FileWriter::Options options;
    options.path = directory_.path("out");
    options.rotate.size = rotate_at;
    builder.add("out", "write",
                std::make_unique<stages::FileWriter>(options, std::make_unique<stages::RawEncoder>(fields_)));
    auto made = std::make_unique<Topology>(config_, builder.take(),
                                           std::make_unique<stages::RejectsWriter>(config_.rejects), pool_, *log_);
    made->keep_state_in(state());
    return made;
  }

  // All generations of the output, the oldest first.
  std::string output() const {
    std::map<std::string, std::string> files;
    for (const auto& entry : fs::directory_iterator(directory_.path(""))) {
      const std::string name = entry.path().filename().string();
      if (name.starts_with("out.")) files[name] = content_of(entry.path().string());
    }
    std::string all;
    for (const auto& [name, content] : files) all += content;
    return all + content_of(directory_.path("out"));
  }
  static std::string expected(std::size_t end) {
    std::string text;
    std::size_t count = 0;
    for (std::size_t i = 0; i < end; ++i) {
      const std::string number = std::to_string(i);
      if (number.back() == '7') continue;
      text += number + "+" + (++count % 3 == 0 ? "\n" : "");
    }
    return text + (count % 3 == 0 ? "" : "\n");
  }
  std::size_t rejects() const {
    const std::string lines = content_of(directory_.path("rejects"));
    return static_cast<std::size_t>(std::ranges::count(lines, '\n'));
  }

  TemporaryDirectory directory_;
  config::PipelineConfig config_;
  record::FieldTable fields_;
  flow::WorkerPool pool_{2};
  std::shared_ptr<spdlog::logger> log_ =
      make_log(spdlog::level::off, LogFormat::text, std::make_shared<spdlog::sinks::null_sink_mt>());
};

TEST_F(CheckpointsTest, AWholeRunIsNotRepeated) {
  ASSERT_FALSE(topology(1000, 0)->run(flow::background()).error);
  EXPECT_EQ(output(), expected(1000));
  EXPECT_EQ(rejects(), 100u);
  const auto again = topology(1000, 0);
  ASSERT_FALSE(again->run(flow::background()).error);
  EXPECT_EQ(again->ledger().received, 0u);
  EXPECT_EQ(output(), expected(1000));
}

TEST_F(CheckpointsTest, AStopByRequestGoesOnAtTheExactRecord) {
  const flow::Context root = flow::background();
  std::atomic<std::size_t> passed{0};
  flow::Cancellable stop = flow::with_cancel(root);
  auto first = topology(1'000'000, 100'000, &passed);
  std::thread stopper([&] {
    while (passed < 3000) std::this_thread::yield();
    stop.handle.cancel();
  });
  const flow::Outcome stopped = first->run(stop.context);
  stopper.join();
  ASSERT_FALSE(stopped.error) << stopped.error.message();
  const std::size_t received = first->ledger().received;
  EXPECT_EQ(received, passed);
  first.reset();  // it has the directory for itself
  const auto second = topology(received + 1000, 100'000);
  const flow::Outcome outcome = second->run(root);
  ASSERT_FALSE(outcome.error) << outcome.error.message();
  EXPECT_EQ(second->ledger().received, 1000u);
  EXPECT_EQ(output(), expected(received + 1000));  // what was held back went on being held back
}

// A drain that is cut short stands for a kill: what was written after the last checkpoint is there and must go.
TEST_F(CheckpointsTest, ARunThatIsCutShortAgainAndAgainWritesEverythingOnce) {
  std::mt19937 random(1);
  const std::size_t runs = test::scaled(50);
  std::size_t end = 0;
  for (std::size_t run = 0; run < runs; ++run) {
    std::atomic<std::size_t> passed{0};
    const std::size_t stop_at = end + 1 + random() % 600;
    const auto made = topology(1'000'000, 2000, &passed);
    std::thread stopper([&] {
      while (passed < stop_at) std::this_thread::yield();
      made->abandon();
    });
    ASSERT_TRUE(made->run(flow::background()).abandoned);
    stopper.join();
    end = passed;
  }
  const auto last = topology(end + 500, 2000);
  const flow::Outcome outcome = last->run(flow::background());
  ASSERT_FALSE(outcome.error) << outcome.error.message();
  EXPECT_EQ(output(), expected(end + 500));
  EXPECT_EQ(rejects(), (end + 500 + 2) / 10);
}

TEST_F(CheckpointsTest, ABrokenStateStopsTheRunBeforeAnythingIsRead) {
  ASSERT_FALSE(topology(10, 0)->run(flow::background()).error);
  const std::string before = output();
  directory_.file("state/sluice.state", "garbage\n");
  const auto broken = topology(20, 0);
  const flow::Outcome outcome = broken->run(flow::background());
  EXPECT_NE(outcome.error.message().find("not a state file of sluice"), std::string::npos) << outcome.error.message();
  EXPECT_EQ(output(), before);
  EXPECT_EQ(broken->ledger().received, 0u);
  EXPECT_EQ(broken->ledger().cause, "error: " + outcome.error.message());
}

TEST_F(CheckpointsTest, ADirectoryIsUsedByOneRunAtATime) {
  flow::Cancellable stop = flow::with_cancel(flow::background());
  std::atomic<std::size_t> passed{0};
  const auto first = topology(100'000'000, 10'000'000, &passed);
  std::thread runner([&] { EXPECT_FALSE(first->run(stop.context).error); });
  while (passed == 0) std::this_thread::yield();
  const flow::Outcome outcome = topology(10, 0)->run(flow::background());
  EXPECT_NE(outcome.error.message().find("in use by another sluice"), std::string::npos) << outcome.error.message();
  stop.handle.cancel();
  runner.join();
}

TEST_F(CheckpointsTest, PositionsOfAnotherGeneratorAreRefused) {
  ASSERT_FALSE(topology(10, 0)->run(flow::background()).error);
  test::StageSetBuilder builder;
  builder.add("renamed", "generate", std::make_unique<KeepingGenerator>(10, 5));
  builder.add("print", "write",
              std::make_unique<test::TextWriter>([](const flow::Context&, std::string_view) { return flow::Error(); }));
  Topology other(config_, builder.take(), nullptr, pool_, *log_);
  other.keep_state_in(state());
  EXPECT_NE(other.run(flow::background()).error.message().find("`count`"), std::string::npos);
}

// One who is asked for `start: end` must not take what was there for new after a kill.
TEST_F(CheckpointsTest, NothingIsSavedBeforeEveryGeneratorKnowsWhereItIs) {
  class Searching final : public stages::Generator {
   public:
    explicit Searching(std::atomic<int>& asked) : asked_(asked) {}
    flow::Error run(const flow::Context& context, stages::Emitter&) override {
      while (!context.done()) context.wait_for(1ms);
      return {};
    }
    bool keeps_positions() const override { return true; }
    std::string save() const override { return ++asked_ < 5 ? "" : "{}"; }

   private:
    std::atomic<int>& asked_;
  };
  std::atomic<int> asked{0};
  flow::Cancellable stop = flow::with_cancel(flow::background());
  test::StageSetBuilder builder;
  builder.add("search", "generate", std::make_unique<Searching>(asked));
  builder.add("print", "write",
              std::make_unique<test::TextWriter>([](const flow::Context&, std::string_view) { return flow::Error(); }));
  Topology searching(config_, builder.take(), nullptr, pool_, *log_);
  searching.keep_state_in(state());
  std::thread runner([&] { EXPECT_FALSE(searching.run(stop.context).error); });
  while (!fs::exists(state() + "/sluice.state")) std::this_thread::yield();
  EXPECT_EQ(asked, 5);
  stop.handle.cancel();
  runner.join();
}

// What a failed sync may have lost must be written again, so nothing may be saved that takes it for written.
TEST_F(CheckpointsTest, AWriterThatCannotMakeSureFailsTheRunAndIsNotSaved) {
  class Unsure final : public stages::Writer {
   public:
    flow::Error encode(const flow::Context&, record::Batch&, stages::Tally&) override { return {}; }
    flow::Error write(const flow::Context&, record::Batch&, stages::Written&) override { return {}; }
    flow::Error finish(const flow::Context&) override { return {}; }
    flow::Error checkpoint(const flow::Context&) override { return {std::errc::io_error, "the disk is gone"}; }
  };
  for (int run = 0; run < 2; ++run) {
    test::StageSetBuilder builder;
    builder.add("count", "generate", std::make_unique<KeepingGenerator>(100'000'000, 5));
    builder.add("unsure", "write", std::make_unique<Unsure>());
    Topology failing(config_, builder.take(), nullptr, pool_, *log_);
    failing.keep_state_in(state());
    const flow::Outcome outcome = failing.run(flow::background());
    EXPECT_EQ(outcome.error.message(), "unsure: the disk is gone");
    EXPECT_FALSE(fs::exists(state() + "/sluice.state"));
  }
}

}  // namespace
}  // namespace sluice::daemon
