// One topology after the other, with a generator that does not notice (docs/decisions/reload.md).
#include <gtest/gtest.h>
#include <spdlog/sinks/null_sink.h>

#include <atomic>
#include <chrono>
#include <limits>
#include <memory>
#include <mutex>
#include <string>
#include <utility>

#include "daemon/topology.hpp"
#include "flow/thread.hpp"
#include "tests/support/stages.hpp"

namespace sluice::daemon {
namespace {

using namespace std::chrono_literals;
using test::CountingGenerator;
using test::StageSetBuilder;
using test::TextWriter;

class HandOver : public ::testing::Test {
 protected:
  std::unique_ptr<stages::Writer> writer(flow::Error error = {}) {
    return std::make_unique<TextWriter>([this, error](const flow::Context&, std::string_view text) {
      const std::lock_guard lock(mutex_);
      if (!error) text_ += text;
      return error;
    });
  }

  std::unique_ptr<Topology> make(std::unique_ptr<stages::Writer> writer, Inheritance inheritance = {}) {
    StageSetBuilder builder;
    const std::size_t for_ever = std::numeric_limits<std::size_t>::max();
    builder.add("read", "generate", std::make_unique<CountingGenerator>(for_ever, 100));
    builder.add("print", "write", std::move(writer));
    return std::make_unique<Topology>(config_, builder.take(), nullptr, pool_, *log_, std::move(inheritance));
  }

  // Runs it until something was written, and then lets it hand over to these.
  Inheritance run_until_handed_over(Topology& topology, const Heirs& heirs) {
    flow::Thread runner("run", [&] { outcome_ = topology.run(stoppable_.context); });
    wait_for_output(topology);
    EXPECT_FALSE(topology.settle(stoppable_.context));
    EXPECT_EQ(topology.ledger().in_flight, 0u);
    topology.hand_over(heirs);
    runner.join();
    EXPECT_TRUE(topology.goes_on());
    return topology.leave();
  }

  void run_until_stopped(Topology& topology) {
    flow::Thread runner("run", [&] { outcome_ = topology.run(stoppable_.context); });
    wait_for_output(topology);
    stoppable_.handle.cancel();
    runner.join();
    EXPECT_FALSE(outcome_.error) << outcome_.error.message();
    EXPECT_FALSE(topology.goes_on());
  }

  static void wait_for_output(const Topology& topology) {
    while (topology.ledger().written == 0) flow::background().wait_for(1ms);
  }

  // "0", "1", ... without a gap.
  std::size_t lines_in_order() const {
    std::size_t next = 0;
    for (std::size_t begin = 0; begin < text_.size(); ++next) {
      const std::string line = std::to_string(next) + "\n";
      if (text_.compare(begin, line.size(), line) != 0) ADD_FAILURE() << "not in order at " << next;
      if (::testing::Test::HasFailure()) return next;
      begin += line.size();
    }
    return next;
  }

  flow::Cancellable stoppable_ = flow::with_cancel(flow::background());
  config::PipelineConfig config_;
  flow::WorkerPool pool_{2};
  std::shared_ptr<spdlog::logger> log_ =
      make_log(spdlog::level::off, LogFormat::text, std::make_shared<spdlog::sinks::null_sink_mt>());
  std::mutex mutex_;
  std::string text_;
  flow::Outcome outcome_;
};

TEST_F(HandOver, AnHeirGoesOnWithTheNextLine) {
  auto first = make(writer());
  Inheritance left = run_until_handed_over(*first, {.generators = {"read"}, .holders = {}});
  EXPECT_EQ(left.inlets.size(), 1u);
  auto second = make(writer(), std::move(left));
  const LedgerSnapshot before = first->ledger();
  first.reset();
  run_until_stopped(*second);
  const LedgerSnapshot both = joined(before, second->ledger());
  EXPECT_TRUE(both.balanced) << to_json(both);
  EXPECT_EQ(both.written, lines_in_order());
}

TEST_F(HandOver, WhoIsNoHeirEndsAndHasItsLastLinesWritten) {
  auto first = make(writer());
  const Inheritance left = run_until_handed_over(*first, {});
  EXPECT_TRUE(left.inlets.empty());
  EXPECT_TRUE(left.positions.contains("read"));
  const LedgerSnapshot ledger = first->ledger();
  EXPECT_TRUE(ledger.balanced) << to_json(ledger);
  EXPECT_EQ(ledger.written, lines_in_order());
}

TEST_F(HandOver, GeneratorsWaitUntilTheirNewTopologyIsUpAndGoBackIfItNeverIs) {
  class Failing final : public stages::Writer {
   public:
    flow::Error start(const flow::Context&) override { return {std::errc::permission_denied, "closed"}; }
    flow::Error encode(const flow::Context&, record::Batch&, stages::Tally&) override { return {}; }
    flow::Error write(const flow::Context&, record::Batch&, stages::Written&) override { return {}; }
    flow::Error finish(const flow::Context&) override { return {}; }
  };
  auto first = make(writer());
  auto second =
      make(std::make_unique<Failing>(), run_until_handed_over(*first, {.generators = {"read"}, .holders = {}}));
  outcome_ = second->run(stoppable_.context);
  EXPECT_TRUE(outcome_.error);
  EXPECT_TRUE(second->goes_on());
  EXPECT_FALSE(second->was_up());
  EXPECT_EQ(second->ledger().received, 0u);
  auto third = make(writer(), second->leave());
  const LedgerSnapshot before = first->ledger();
  run_until_stopped(*third);
  EXPECT_EQ(before.written + third->ledger().written, lines_in_order());
}

TEST_F(HandOver, WhatDoesNotSettleGoesOn) {
  std::atomic<bool> slow{true};
  auto topology = make(std::make_unique<TextWriter>([&](const flow::Context& context, std::string_view text) {
    while (slow && !context.wait_for(1ms)) continue;
    const std::lock_guard lock(mutex_);
    text_ += text;
    return flow::Error();
  }));
  flow::Thread runner("run", [&] { outcome_ = topology->run(stoppable_.context); });
  while (topology->ledger().received == 0) flow::background().wait_for(1ms);
  flow::Cancellable impatient = flow::with_cancel(flow::background());
  impatient.handle.cancel();
  EXPECT_TRUE(topology->settle(impatient.context));
  slow = false;
  const std::uint64_t before = topology->ledger().received;
  while (topology->ledger().received <= before) flow::background().wait_for(1ms);
  stoppable_.handle.cancel();
  runner.join();
  EXPECT_FALSE(topology->goes_on());
  EXPECT_EQ(topology->ledger().written, lines_in_order());
}

}  // namespace
}  // namespace sluice::daemon
