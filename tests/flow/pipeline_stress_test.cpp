// Random pipelines that are stopped in random ways: whatever happens, nothing hangs and the books balance.
#include <gtest/gtest.h>

#include <atomic>
#include <chrono>
#include <cstdlib>
#include <future>
#include <iostream>
#include <memory>
#include <mutex>
#include <random>
#include <stdexcept>
#include <string>
#include <thread>
#include <vector>

#include "flow/context.hpp"
#include "flow/pipeline.hpp"
#include "flow/worker_pool.hpp"
#include "tests/support/scale.hpp"
#include "tests/support/tokens.hpp"

namespace sluice::flow {
namespace {

using namespace std::chrono_literals;
using test::emit_counted;
using test::send_counted;
using test::Token;
using test::TokenLedger;

// What happens when the items seen by all functions together reach a given number.
enum class Event { none, cancel, abandon, cancel_then_abandon, error, exception, hang, hang_and_cancel };
constexpr Event kEvents[] = {Event::none,  Event::cancel,    Event::abandon, Event::cancel_then_abandon,
                             Event::error, Event::exception, Event::hang,    Event::hang_and_cancel};

// One random graph and one random way of stopping it, all from a seed.
class Scenario {
 public:
  explicit Scenario(unsigned seed) : random_(seed), pool_(1 + below(3)) {
    event_ = kEvents[below(std::size(kEvents))];
    event_at_ = static_cast<std::int64_t>(below(1200));
    const std::chrono::nanoseconds graces[] = {0ns, 1ms, 20ms};
    // A sink that hangs is ended by the deadline or by abandon(); without those, the root is what ends it.
    grace_ = graces[below(3)];
    if (event_ == Event::cancel || event_ == Event::none) grace_ = below(2) == 0 ? 1h : grace_;
    chain_ = below(4) == 0;
    build();
  }

  // Runs it and checks.
  void run() {
    const Outcome outcome = pipeline_->run(root_.context);
    EXPECT_TRUE(ledger_.balanced()) << ledger_;
    const bool failed = event_ == Event::error || event_ == Event::exception;
    EXPECT_TRUE(!outcome.error || failed) << outcome.error.message();
    const bool drains_fully = event_ == Event::none || (event_ == Event::cancel && grace_ == 1h);
    EXPECT_TRUE(!drains_fully || ledger_.abandoned == 0) << ledger_;
    EXPECT_FALSE(out_of_order_);
    std::uint64_t abandoned = 0;
    for (const auto& node : pipeline_->stats()) {
      EXPECT_EQ(node.queue_size, 0u);
      abandoned += node.abandoned;
    }
    EXPECT_EQ(abandoned, static_cast<std::uint64_t>(ledger_.abandoned));
  }

  std::string describe() const {
    std::string text = "event " + std::to_string(static_cast<int>(event_)) + " at " + std::to_string(event_at_) + ":";
    for (const auto& node : pipeline_->stats()) {
      text += " [" + node.name + " queue " + std::to_string(node.queue_size) + "/" +
              std::to_string(node.queue_capacity) + " in " + std::to_string(node.items_in) + " out " +
              std::to_string(node.items_out) + "]";
    }
    return text;
  }

 private:
  std::size_t below(std::size_t limit) { return std::uniform_int_distribution<std::size_t>(0, limit - 1)(random_); }

  void build() {
    pipeline_ = std::make_unique<Pipeline<Token>>(pool_, PipelineOptions{1 + below(3), grace_}, hooks_of(ledger_));
    const std::size_t sources = chain_ ? 1 : 1 + below(3);
    const std::size_t transforms = below(7);
    const std::size_t sinks = chain_ ? 1 : 1 + below(3);
    std::vector<NodeId> nodes;
    for (std::size_t i = 0; i < sources; ++i) nodes.push_back(add_source(static_cast<int>(i)));
    for (std::size_t i = 0; i < transforms; ++i) {
      const NodeId transform = add_transform();
      if (chain_) {
        pipeline_->connect(nodes.back(), 0, transform);
      } else {
        connect_to_some(nodes, transform);
      }
      nodes.push_back(transform);
    }
    for (std::size_t i = 0; i < sinks; ++i) {
      const NodeId sink = add_sink();
      if (chain_) {
        pipeline_->connect(nodes.back(), 0, sink);
      } else {
        connect_to_some(nodes, sink);
      }
    }
  }

  // Feeds `to` from one to three of the nodes before it, by ports 0 to 2.
  void connect_to_some(const std::vector<NodeId>& nodes, NodeId to) {
    for (std::size_t feeders = 1 + below(3); feeders != 0; --feeders) {
      pipeline_->connect(nodes[below(nodes.size())], below(3), to);
    }
  }

  NodeId add_source(int number) {
    const int items = static_cast<int>(below(300));
    const bool drains = below(2) == 0;
    return pipeline_->source("source", [this, number, items, drains](const Context& run, Output<Token>& output) {
      for (int i = 0; i < items && !run.done(); ++i) {
        const std::size_t port = chain_ ? 0 : static_cast<std::size_t>(i % 3);
        const Context& ctx = drains ? output.drain_context() : run;
        if (Error error = send_counted(ctx, output, ledger_, i, number, port)) return error;
        if (Error error = happen(run)) return error;
        if (i % 16 == 0) static_cast<void>(output.downstream_idle());
      }
      return Error();
    });
  }

  NodeId add_transform() {
    TransformOptions options;
    const Ordering orderings[] = {Ordering::preserve, Ordering::relaxed, Ordering::serial};
    options.ordering = orderings[below(3)];
    if (options.ordering == Ordering::relaxed) ordered_ = false;
    options.max_parallel = below(4);
    options.queue_capacity = below(4);
    const int most = chain_ ? 1 : 2;
    const int slowness = static_cast<int>(below(3));
    return pipeline_->transform(
        "transform",
        [this, most, slowness](const Context& ctx, Token&& token, Emit<Token>& emit) {
          Token mine = std::move(token);
          ++ledger_.consumed;
          for (int i = 0; i < slowness * (mine.value() % 3); ++i) std::this_thread::yield();
          const int copies = mine.value() % 5 == 4 ? 0 : 1 + (mine.value() % 7 == 0 ? most - 1 : 0);
          for (int i = 0; i < copies; ++i) {
            const std::size_t port = chain_ ? 0 : static_cast<std::size_t>((mine.value() + i) % 3);
            emit_counted(emit, ledger_, Token(ledger_, mine.value(), mine.source()), port);
          }
          return happen(ctx, /*may_hang=*/false);
        },
        options);
  }

  NodeId add_sink() {
    const auto last = std::make_shared<int>(-1);
    const int slowness = static_cast<int>(below(3));
    return pipeline_->sink("sink", [this, last, slowness](const Context& ctx, Token&& token) {
      const Token mine = std::move(token);
      ++ledger_.consumed;
      if (chain_ && ordered_ && mine.value() <= *last) out_of_order_ = true;
      *last = mine.value();
      for (int i = 0; i < slowness; ++i) std::this_thread::yield();
      return happen(ctx);
    });
  }

  // Counts an item, and makes the event happen when its time has come. Only threads may hang, not workers.
  Error happen(const Context& ctx, bool may_hang = true) {
    const std::int64_t now = seen_++;
    if ((event_ == Event::hang || event_ == Event::hang_and_cancel) && now >= event_at_ && may_hang) {
      if (event_ == Event::hang) {
        pipeline_->abandon();
      } else {
        root_.cancel();
      }
      if (grace_ == 1h) pipeline_->abandon();
      ctx.wait();
      return ctx.cause();
    }
    if (now != event_at_) return {};
    if (event_ == Event::cancel || event_ == Event::cancel_then_abandon) root_.cancel();
    if (event_ == Event::abandon || event_ == Event::cancel_then_abandon) pipeline_->abandon();
    if (event_ == Event::exception) throw std::runtime_error("broken");
    return event_ == Event::error ? Error(std::errc::io_error, "broken") : Error();
  }

  std::mt19937 random_;
  TokenLedger ledger_;
  WorkerPool pool_;
  Cancellable root_ = with_cancel(background());
  Event event_ = Event::none;
  std::int64_t event_at_ = 0;
  std::chrono::nanoseconds grace_{0};
  bool chain_ = false;
  bool ordered_ = true;
  std::atomic<std::int64_t> seen_ = 0;
  std::atomic<bool> out_of_order_ = false;
  std::unique_ptr<Pipeline<Token>> pipeline_;
};

unsigned number_from(const char* variable, unsigned otherwise) {
  const char* const text = std::getenv(variable);
  return text == nullptr ? otherwise : static_cast<unsigned>(std::strtoul(text, nullptr, 10));
}

// SLUICE_STRESS_SEED=N repeats one scenario, SLUICE_STRESS_ROUNDS=N runs more of them.
void run_scenarios(unsigned rounds) {
  const unsigned base = number_from("SLUICE_STRESS_SEED", std::random_device()());
  if (std::getenv("SLUICE_STRESS_SEED") != nullptr) rounds = 1;
  rounds = number_from("SLUICE_STRESS_ROUNDS", rounds);
  for (unsigned seed = base; seed != base + rounds; ++seed) {
    SCOPED_TRACE("SLUICE_STRESS_SEED=" + std::to_string(seed));
    Scenario scenario(seed);
    auto run = std::async(std::launch::async, [&] { scenario.run(); });
    if (run.wait_for(60s) != std::future_status::ready) {
      std::cerr << "hangs: SLUICE_STRESS_SEED=" << seed << " " << scenario.describe() << std::endl;
      std::abort();  // threads that hang cannot be joined
    }
    run.get();
    if (testing::Test::HasFailure()) {
      std::cerr << "failed: SLUICE_STRESS_SEED=" << seed << " " << scenario.describe() << std::endl;
      return;
    }
  }
}

TEST(PipelineStress, BooksBalanceHoweverItEnds) { run_scenarios(static_cast<unsigned>(test::scaled(1000))); }

}  // namespace
}  // namespace sluice::flow
