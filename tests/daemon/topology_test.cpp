#include "daemon/topology.hpp"

#include <gtest/gtest.h>
#include <spdlog/sinks/null_sink.h>

#include <atomic>
#include <memory>
#include <mutex>
#include <string>

#include "tests/support/stages.hpp"

namespace sluice::daemon {
namespace {

using namespace std::chrono_literals;
using test::CountingGenerator;
using test::RecordProcessor;
using test::StageSetBuilder;
using test::TextWriter;
using Fate = RecordProcessor::Fate;

// Collects what writers write; shared by their threads.
class Collected {
 public:
  std::unique_ptr<stages::Writer> writer() {
    return std::make_unique<TextWriter>([this](const flow::Context&, std::string_view text) -> flow::Error {
      const std::lock_guard lock(mutex_);
      text_ += text;
      return {};
    });
  }
  const std::string& text() const { return text_; }

 private:
  std::mutex mutex_;
  std::string text_;
};

std::unique_ptr<stages::Generator> count_to(std::size_t lines) {
  return std::make_unique<CountingGenerator>(lines, 100);
}
std::unique_ptr<stages::Processor> each(RecordProcessor::Function function, bool serial = false) {
  return std::make_unique<RecordProcessor>(std::move(function), serial);
}
Fate keep(record::Record&) { return Fate::keep; }
Fate keep_even(record::Record& record) { return (record.line().back() - '0') % 2 == 0 ? Fate::keep : Fate::filter; }

std::string lines(std::size_t count, std::size_t step) {
  std::string text;
  for (std::size_t i = 0; i < count; i += step) text += std::to_string(i) + "\n";
  return text;
}

class TopologyTest : public ::testing::Test {
 protected:
  flow::Outcome run(StageSetBuilder& builder, const flow::Context& root) {
    topology_ = std::make_unique<Topology>(config_, builder.take(), std::move(rejects_), pool_, *log_);
    return topology_->run(root);
  }
  flow::Outcome run(StageSetBuilder& builder) { return run(builder, root_); }
  LedgerSnapshot ledger() const { return topology_->ledger(); }
  void expect_balance() const { EXPECT_TRUE(ledger().balanced) << to_json(ledger()); }

  flow::Context root_ = flow::background();
  config::PipelineConfig config_;
  std::unique_ptr<stages::Writer> rejects_;
  flow::WorkerPool pool_{2};
  std::shared_ptr<spdlog::logger> log_ =
      make_log(spdlog::level::off, LogFormat::text, std::make_shared<spdlog::sinks::null_sink_mt>());
  std::unique_ptr<Topology> topology_;
};

TEST_F(TopologyTest, TakesEveryRecordThroughInOrder) {
  StageSetBuilder builder;
  Collected collected;
  builder.add("read", "generate", count_to(10'000));
  builder.add("even", "filter", each(keep_even));
  builder.add("print", "write", collected.writer());
  const flow::Outcome outcome = run(builder);
  EXPECT_FALSE(outcome.error) << outcome.error.message();
  EXPECT_EQ(collected.text(), lines(10'000, 2));
  expect_balance();
  EXPECT_EQ(ledger().cause, "eof");
  EXPECT_EQ(ledger().received, 10'000u);
  EXPECT_EQ(ledger().filtered, 5'000u);
  EXPECT_EQ(ledger().written, 5'000u);
  EXPECT_EQ(ledger().bytes_out, collected.text().size());
}

TEST_F(TopologyTest, FusesStagesThatOneWorkerCanRunInARow) {
  StageSetBuilder builder;
  Collected collected;
  builder.add("read", "generate", count_to(1'000));
  builder.add("a", "parse", each(keep));
  builder.add("b", "filter", each(keep_even));
  builder.add("serial", "enrich", each(keep, true));
  builder.add("c", "enrich", each(keep));
  builder.add("print", "write", collected.writer());
  run(builder);
  ASSERT_EQ(topology_->plan().nodes.size(), 5u);  // read, a + b, serial, c + encode, print
  EXPECT_EQ(topology_->plan().nodes[1].stages, (std::vector<std::size_t>{1, 2}));
  EXPECT_EQ(topology_->plan().nodes[2].stages, (std::vector<std::size_t>{3}));
  EXPECT_EQ(topology_->plan().nodes[2].options.ordering, flow::Ordering::serial);
  EXPECT_EQ(collected.text(), lines(1'000, 2));
  expect_balance();
  EXPECT_EQ(ledger().stages[1].counts.out, 1'000u) << "counters stay per stage";
  EXPECT_EQ(ledger().stages[2].counts.out, 500u);
}

TEST_F(TopologyTest, SendsRejectedRecordsToTheRejects) {
  StageSetBuilder builder;
  Collected written;
  Collected rejected;
  builder.add("read", "generate", count_to(1'000));
  builder.add("picky", "parse",
              each([](record::Record& record) { return record.line().back() == '7' ? Fate::reject : Fate::keep; }));
  builder.add("print", "write", written.writer());
  rejects_ = rejected.writer();
  run(builder);
  expect_balance();
  EXPECT_EQ(ledger().rejected, 100u);
  EXPECT_EQ(ledger().stages[1].counts.rejected, 100u);
  EXPECT_EQ(ledger().stages[1].errors, (ReasonCounts{{"test_reason", 100}}));
  EXPECT_EQ(std::ranges::count(rejected.text(), '\n'), 100);
  EXPECT_NE(rejected.text().find(R"("stage":"picky","reason":"test_reason","detail":"because","raw":"7")"),
            std::string::npos);
}

TEST_F(TopologyTest, CountsDroppedRejectsAsRejected) {
  StageSetBuilder builder;
  Collected written;
  builder.add("read", "generate", count_to(1'000));
  builder.add("picky", "parse", each([](record::Record&) { return Fate::reject; }));
  builder.add("print", "write", written.writer());
  run(builder);
  expect_balance();
  EXPECT_EQ(ledger().rejected, 1'000u);
}

TEST_F(TopologyTest, GivesEveryReaderOfAStageItsOwnCopy) {
  StageSetBuilder builder;
  Collected all;
  Collected even;
  const std::size_t read = builder.add("read", "generate", count_to(1'000));
  const std::size_t filter = builder.add("even", "filter", each(keep_even), {read});
  builder.add("print-all", "write", all.writer(), {read});
  builder.add("print-even", "write", even.writer(), {filter});
  run(builder);
  EXPECT_EQ(all.text(), lines(1'000, 1));
  EXPECT_EQ(even.text(), lines(1'000, 2));
  expect_balance();
  EXPECT_EQ(ledger().copied, 1'000u);
}

TEST_F(TopologyTest, JoinsSeveralGenerators) {
  StageSetBuilder builder;
  Collected collected;
  const std::size_t one = builder.add("one", "generate", count_to(1'000));
  const std::size_t two = builder.add("two", "generate", count_to(500));
  builder.add("print", "write", collected.writer(), {one, two});
  run(builder);
  expect_balance();
  EXPECT_EQ(ledger().received, 1'500u);
  EXPECT_EQ(std::ranges::count(collected.text(), '\n'), 1'500);
}

TEST_F(TopologyTest, AccountsForEverythingWhenAStageFails) {
  StageSetBuilder builder;
  Collected collected;
  builder.add("read", "generate", count_to(100'000));
  builder.add("fragile", "parse",
              each([](record::Record& record) { return record.line() == "5050" ? Fate::fail : Fate::keep; }));
  builder.add("print", "write", collected.writer());
  const flow::Outcome outcome = run(builder);
  EXPECT_EQ(outcome.error.message(), "fragile: broken on purpose");
  expect_balance();
  EXPECT_GE(ledger().abandoned, 100u);
  EXPECT_EQ(ledger().cause, "error: fragile: broken on purpose");
  EXPECT_EQ(ledger().written, static_cast<std::size_t>(std::ranges::count(collected.text(), '\n')));
}

TEST_F(TopologyTest, AccountsForEverythingWhenAWriterFails) {
  StageSetBuilder builder;
  std::atomic<int> batches = 0;
  builder.add("read", "generate", count_to(100'000));
  builder.add("print", "write",
              std::make_unique<TextWriter>([&](const flow::Context&, std::string_view) -> flow::Error {
                if (++batches < 10) return {};
                return {std::make_error_code(std::errc::no_space_on_device), "disk full"};
              }));
  const flow::Outcome outcome = run(builder);
  EXPECT_EQ(outcome.error.message(), "print: disk full");
  expect_balance();
  EXPECT_EQ(ledger().written, 900u);
}

TEST_F(TopologyTest, DrainsWhenTheRootIsCancelled) {
  flow::Cancellable root = flow::with_cancel(root_);
  StageSetBuilder builder;
  std::size_t written = 0;
  builder.add("read", "generate", count_to(static_cast<std::size_t>(-1)));
  builder.add("print", "write",
              std::make_unique<TextWriter>([&](const flow::Context&, std::string_view text) -> flow::Error {
                written += static_cast<std::size_t>(std::ranges::count(text, '\n'));
                if (written >= 10'000) root.cancel(flow::Error(flow::Errc::canceled, "signal: SIGTERM"));
                return {};
              }));
  const flow::Outcome outcome = run(builder, root.context);
  EXPECT_FALSE(outcome.error);
  expect_balance();
  EXPECT_EQ(ledger().cause, "signal: SIGTERM");
  EXPECT_EQ(ledger().abandoned, 0u);
  EXPECT_EQ(ledger().received, written);
}

TEST_F(TopologyTest, AbandonsWhatAHangingWriterHoldsUp) {
  flow::Cancellable root = flow::with_cancel(root_);
  config_.grace = 20ms;
  StageSetBuilder builder;
  builder.add("read", "generate", count_to(static_cast<std::size_t>(-1)));
  builder.add("hang", "write",
              std::make_unique<TextWriter>([&](const flow::Context& context, std::string_view) -> flow::Error {
                root.cancel(flow::Error(flow::Errc::canceled, "signal: SIGTERM"));
                context.wait();
                return context.cause();
              }));
  const flow::Outcome outcome = run(builder, root.context);
  EXPECT_FALSE(outcome.error) << outcome.error.message();
  EXPECT_TRUE(outcome.deadline_hit);
  expect_balance();
  EXPECT_EQ(ledger().cause, "deadline");
  EXPECT_EQ(ledger().written, 0u);
  EXPECT_EQ(ledger().abandoned, ledger().received);
  EXPECT_GT(ledger().abandoned, 0u);
}

TEST_F(TopologyTest, AbandonsAtOnceWhenTold) {
  StageSetBuilder builder;
  builder.add("read", "generate", count_to(static_cast<std::size_t>(-1)));
  builder.add("hang", "write",
              std::make_unique<TextWriter>([&](const flow::Context& context, std::string_view) -> flow::Error {
                topology_->abandon();
                context.wait();
                return context.cause();
              }));
  const flow::Outcome outcome = run(builder);
  EXPECT_FALSE(outcome.error) << outcome.error.message();
  expect_balance();
  EXPECT_GT(ledger().abandoned, 0u);
}

TEST_F(TopologyTest, BoundsTheMemoryUnderWay) {
  config_.grace = 10ms;
  config_.queue = 1000;
  StageSetBuilder builder;
  builder.add("read", "generate", count_to(static_cast<std::size_t>(-1)));
  builder.add("hang", "write",
              std::make_unique<TextWriter>([&](const flow::Context& context, std::string_view) -> flow::Error {
                context.wait();
                return context.cause();
              }));
  flow::Cancellable timeout = flow::with_timeout(root_, 200ms);
  run(builder, timeout.context);
  EXPECT_LE(ledger().received, slabs_under_way(2) * 100);
  expect_balance();
}

TEST_F(TopologyTest, RoutesRecordsAndFiltersWhatNobodyReads) {
  StageSetBuilder builder;
  Collected fives;
  Collected even;
  builder.add("read", "generate", count_to(1'000));
  builder.add("pass", "filter", each(keep));
  const std::size_t router =
      builder.add("route", "route",
                  std::make_unique<test::RecordRouter>(std::vector<std::string>{"fives", "even", "otherwise"},
                                                       [](const record::Record& record) -> std::vector<std::size_t> {
                                                         const int digit = record.line().back() - '0';
                                                         if (digit == 0) return {0, 1};
                                                         if (digit == 5) return {0};
                                                         return {digit % 2 == 0 ? std::size_t{1} : std::size_t{2}};
                                                       }));
  builder.add_reader("print-fives", "write", fives.writer(), router, "fives");
  builder.add_reader("print-even", "write", even.writer(), router, "even");
  run(builder);
  EXPECT_EQ(fives.text(), lines(1'000, 5));
  EXPECT_EQ(even.text(), lines(1'000, 2));
  expect_balance();
  EXPECT_EQ(ledger().copied, 100u);
  EXPECT_EQ(ledger().filtered, 400u);
  EXPECT_EQ(ledger().stages[router].counts.filtered, 400u);
}

// Lets go, at the end, of a record that an earlier run held back, and of what it held back itself.
class Holding final : public stages::Processor {
 public:
  explicit Holding(bool rejects) : rejects_(rejects) {}

  flow::Error process(const flow::Context&, record::Batch& batch, stages::Tally& tally) override {
    held_ += batch.size();
    tally.filtered += batch.size();
    batch.records().clear();
    return {};
  }
  bool serial() const override { return true; }
  flow::Error finish(const flow::Context&, record::Batch& batch, stages::Tally& tally) override {
    tally.filtered -= held_;
    batch.records().resize(held_ + 1, record::Record("let go"));
    if (!rejects_) return {};
    tally.reject(batch.records().back(), "test_reason", "because");
    batch.records().pop_back();
    return {};
  }

 private:
  const bool rejects_;
  std::size_t held_ = 0;
};

TEST_F(TopologyTest, CountsWhatAnEarlierRunHeldBackAsCopied) {
  for (const bool rejects : {false, true}) {
    StageSetBuilder builder;
    Collected collected;
    builder.add("read", "generate", count_to(3));
    builder.add("hold", "parse", std::make_unique<Holding>(rejects));
    builder.add("print", "write", collected.writer());
    EXPECT_FALSE(run(builder).error);
    expect_balance();
    EXPECT_EQ(ledger().received, 3U);
    EXPECT_EQ(ledger().copied, 1U);
    EXPECT_EQ(ledger().filtered, 0U);
    EXPECT_EQ(ledger().rejected, rejects ? 1U : 0U);
    EXPECT_EQ(ledger().written, rejects ? 3U : 4U);
  }
}

TEST_F(TopologyTest, ExceptionsOfAStageAreFailures) {
  StageSetBuilder builder;
  Collected collected;
  builder.add("read", "generate", count_to(1'000));
  builder.add("throws", "parse", each([](record::Record&) -> Fate { throw std::runtime_error("oh"); }));
  builder.add("print", "write", collected.writer());
  const flow::Outcome outcome = run(builder);
  EXPECT_EQ(outcome.error.message(), "throws: oh");
  expect_balance();
}

}  // namespace
}  // namespace sluice::daemon
