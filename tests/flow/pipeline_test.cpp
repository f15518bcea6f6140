#include "flow/pipeline.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <atomic>
#include <chrono>
#include <condition_variable>
#include <future>
#include <latch>
#include <map>
#include <mutex>
#include <numeric>
#include <stdexcept>
#include <string>
#include <thread>
#include <vector>

#include "flow/context.hpp"
#include "flow/worker_pool.hpp"
#include "tests/support/scale.hpp"
#include "tests/support/tokens.hpp"

namespace sluice::flow {
namespace {

using namespace std::chrono_literals;
using test::emit_counted;
using test::hooks_of;
using test::send_counted;
using test::Token;
using test::TokenLedger;
using Tokens = Pipeline<Token>;

const Error kNone;

// Sends 0 .. count - 1; what is under way when the run context is cancelled still goes.
Tokens::SourceFunction counting(TokenLedger& ledger, int count, int source = 0) {
  return [&ledger, count, source](const Context& run, Output<Token>& output) {
    for (int i = 0; i < count && !run.done(); ++i) {
      if (Error error = send_counted(output.drain_context(), output, ledger, i, source)) return error;
    }
    return kNone;
  };
}

// Sends without end, until it is cancelled.
Tokens::SourceFunction endless(TokenLedger& ledger) {
  return [&ledger](const Context& run, Output<Token>& output) -> Error {
    for (int i = 0;; ++i) {
      if (Error error = send_counted(run, output, ledger, i)) return error;
    }
  };
}

Tokens::TransformFunction passing(TokenLedger& ledger) {
  return [&ledger](const Context&, Token&& token, Emit<Token>& emit) {
    ++ledger.consumed;
    emit_counted(emit, ledger, std::move(token));
    return kNone;
  };
}

// Keeps what it got, by source.
struct Collector {
  explicit Collector(TokenLedger& books) : ledger(books) {}
  Tokens::SinkFunction function() {
    return [this](const Context&, Token&& token) {
      const Token mine = std::move(token);
      ++ledger.consumed;
      values[mine.source()].push_back(mine.value());
      return kNone;
    };
  }
  std::size_t count() const {
    return std::accumulate(values.begin(), values.end(), std::size_t{0},
                           [](std::size_t sum, const auto& entry) { return sum + entry.second.size(); });
  }
  TokenLedger& ledger;
  std::map<int, std::vector<int>> values;
};

std::vector<int> up_to(int count) {
  std::vector<int> values(static_cast<std::size_t>(count));
  std::iota(values.begin(), values.end(), 0);
  return values;
}

// Holds up those who wait at it until it is opened, or until their context is done.
class Gate {
 public:
  void open() { set(open_); }
  void wait(const Context& ctx) {
    set(reached_);
    const OnDone hook(ctx, [this] { set(woken_); });
    std::unique_lock lock(mutex_);
    changed_.wait(lock, [&] { return open_ || ctx.done(); });
  }
  void wait_until_reached() {
    std::unique_lock lock(mutex_);
    changed_.wait(lock, [&] { return reached_; });
  }

 private:
  void set(bool& flag) {
    const std::lock_guard lock(mutex_);
    flag = true;
    changed_.notify_all();
  }
  std::mutex mutex_;
  std::condition_variable changed_;
  bool open_ = false;
  bool reached_ = false;
  bool woken_ = false;
};

TEST(Pipeline, TakesItemsFromSourceToSinkInOrder) {
  TokenLedger ledger;
  Collector collector(ledger);
  WorkerPool pool(4);
  Tokens pipeline(pool, {}, hooks_of(ledger));
  const auto source = pipeline.source("source", counting(ledger, 1000));
  const auto transform = pipeline.transform("transform", passing(ledger));
  const auto sink = pipeline.sink("sink", collector.function());
  pipeline.connect(source, 0, transform);
  pipeline.connect(transform, 0, sink);
  const Outcome outcome = pipeline.run(background());
  EXPECT_FALSE(outcome.error) << outcome.error.message();
  EXPECT_FALSE(outcome.cause);
  EXPECT_EQ(collector.values[0], up_to(1000));
  EXPECT_TRUE(ledger.balanced()) << ledger;
}

// The heart of "never block a worker": one worker, queues of one, fifty stages, a million numbers in order.
TEST(Pipeline, RunsFiftyTransformsOnOneWorkerWithQueuesOfOneAndKeepsOrder) {
  using Numbers = std::vector<int>;
  constexpr int kBatch = 100;
  const int total = static_cast<int>(test::scaled(1'000'000));
  WorkerPool pool(1);
  Pipeline<Numbers> pipeline(pool, {.queue_capacity = 1});
  NodeId last = pipeline.source("source", [&](const Context& run, Output<Numbers>& output) {
    for (int first = 0; first < total; first += kBatch) {
      Numbers batch(kBatch);
      std::iota(batch.begin(), batch.end(), first);
      if (Error error = output.send(run, std::move(batch))) return error;
    }
    return kNone;
  });
  for (int i = 0; i < 50; ++i) {
    const NodeId next = pipeline.transform("stage", [](const Context&, Numbers&& batch, Emit<Numbers>& emit) {
      for (int& number : batch) ++number;
      emit.to(0, std::move(batch));
      return kNone;
    });
    pipeline.connect(last, 0, next);
    last = next;
  }
  int expected = 0;
  const NodeId sink = pipeline.sink("sink", [&](const Context&, Numbers&& batch) -> Error {
    for (const int number : batch) {
      if (number != 50 + expected++) return Error(std::errc::bad_message, "out of order");
    }
    return kNone;
  });
  pipeline.connect(last, 0, sink);
  EXPECT_FALSE(pipeline.run(background()).error);
  EXPECT_EQ(expected, total);
}

TEST(Pipeline, TakesAMillionItemsOneByOne) {
  TokenLedger ledger;
  WorkerPool pool(1);
  const int total = static_cast<int>(test::scaled(1'000'000));
  Tokens pipeline(pool, {.queue_capacity = 64}, hooks_of(ledger));
  const auto source = pipeline.source("source", counting(ledger, total));
  const auto transform = pipeline.transform("transform", passing(ledger));
  int expected = 0;
  const auto sink = pipeline.sink("sink", [&](const Context&, Token&& token) {
    const Token mine = std::move(token);
    ++ledger.consumed;
    return mine.value() == expected++ ? kNone : Error(std::errc::bad_message, "out of order");
  });
  pipeline.connect(source, 0, transform);
  pipeline.connect(transform, 0, sink);
  EXPECT_FALSE(pipeline.run(background()).error);
  EXPECT_EQ(expected, total);
  EXPECT_TRUE(ledger.balanced()) << ledger;
}

TEST(Pipeline, PreservesOrderAcrossParallelWorkThatTakesUnequalTime) {
  TokenLedger ledger;
  Collector collector(ledger);
  WorkerPool pool(4);
  Tokens pipeline(pool, {.queue_capacity = 4}, hooks_of(ledger));
  const auto source = pipeline.source("source", counting(ledger, 2000));
  std::atomic<int> running = 0;
  std::atomic<int> most = 0;
  const auto transform = pipeline.transform("uneven",
                                            [&](const Context&, Token&& token, Emit<Token>& emit) {
                                              const int now = ++running;
                                              int before = most;
                                              while (before < now && !most.compare_exchange_weak(before, now)) {
                                              }
                                              for (int i = 0; i < (token.value() * 7919) % 13; ++i)
                                                std::this_thread::yield();
                                              --running;
                                              ++ledger.consumed;
                                              emit_counted(emit, ledger, std::move(token));
                                              return kNone;
                                            },
                                            {.max_parallel = 3});
  const auto sink = pipeline.sink("sink", collector.function());
  pipeline.connect(source, 0, transform);
  pipeline.connect(transform, 0, sink);
  EXPECT_FALSE(pipeline.run(background()).error);
  EXPECT_EQ(collector.values[0], up_to(2000));
  EXPECT_LE(most, 3);
}

TEST(Pipeline, RelaxedOrderLetsAReadyResultOvertakeASlowOne) {
  TokenLedger ledger;
  Collector collector(ledger);
  WorkerPool pool(2);
  Tokens pipeline(pool, {}, hooks_of(ledger));
  const auto source = pipeline.source("source", counting(ledger, 2));
  std::latch second_written(1);
  const auto transform = pipeline.transform("first-is-slow",
                                            [&](const Context&, Token&& token, Emit<Token>& emit) {
                                              if (token.value() == 0)
                                                second_written.wait();  // would never end if order were kept
                                              ++ledger.consumed;
                                              emit_counted(emit, ledger, std::move(token));
                                              return kNone;
                                            },
                                            {.ordering = Ordering::relaxed});
  const auto sink = pipeline.sink("sink", [&, collect = collector.function()](const Context& ctx, Token&& token) {
    if (token.value() == 1) second_written.count_down();
    return collect(ctx, std::move(token));
  });
  pipeline.connect(source, 0, transform);
  pipeline.connect(transform, 0, sink);
  EXPECT_FALSE(pipeline.run(background()).error);
  EXPECT_EQ(collector.values[0], (std::vector<int>{1, 0}));
}

TEST(Pipeline, SerialTransformSeesOneItemAtATimeInOrder) {
  TokenLedger ledger;
  Collector collector(ledger);
  WorkerPool pool(4);
  Tokens pipeline(pool, {.queue_capacity = 8}, hooks_of(ledger));
  const auto source = pipeline.source("source", counting(ledger, 5000));
  int next = 0;  // plain memory: thread sanitizer watches that calls are ordered
  bool in_order = true;
  const auto transform = pipeline.transform("stateful",
                                            [&](const Context&, Token&& token, Emit<Token>& emit) {
                                              in_order = in_order && token.value() == next++;
                                              ++ledger.consumed;
                                              emit_counted(emit, ledger, std::move(token));
                                              return kNone;
                                            },
                                            {.ordering = Ordering::serial});
  const auto sink = pipeline.sink("sink", collector.function());
  pipeline.connect(source, 0, transform);
  pipeline.connect(transform, 0, sink);
  EXPECT_FALSE(pipeline.run(background()).error);
  EXPECT_TRUE(in_order);
  EXPECT_EQ(collector.values[0], up_to(5000));
}

TEST(Pipeline, ATransformMayEmitNothingOrManyToAnyPort) {
  TokenLedger ledger;
  Collector even(ledger);
  Collector many(ledger);
  WorkerPool pool(2);
  Tokens pipeline(pool, {.queue_capacity = 2}, hooks_of(ledger));
  const auto source = pipeline.source("source", counting(ledger, 300));
  const auto transform = pipeline.transform("split", [&](const Context&, Token&& token, Emit<Token>& emit) {
    const Token mine = std::move(token);
    ++ledger.consumed;
    for (int i = 0; i < mine.value() % 3; ++i) emit_counted(emit, ledger, Token(ledger, mine.value()), 1);
    if (mine.value() % 2 == 0) emit_counted(emit, ledger, Token(ledger, mine.value()), 0);
    if (mine.value() % 10 == 0) emit_counted(emit, ledger, Token(ledger, mine.value()), 7);  // nobody reads port 7
    return kNone;
  });
  const auto even_sink = pipeline.sink("even", even.function());
  const auto many_sink = pipeline.sink("many", many.function());
  pipeline.connect(source, 0, transform);
  pipeline.connect(transform, 0, even_sink);
  pipeline.connect(transform, 1, many_sink);
  EXPECT_FALSE(pipeline.run(background()).error);
  EXPECT_EQ(even.count(), 150u);
  EXPECT_EQ(many.count(), 300u);
  EXPECT_TRUE(std::is_sorted(many.values[0].begin(), many.values[0].end()));
  EXPECT_EQ(ledger.unrouted, 30);
  EXPECT_TRUE(ledger.balanced()) << ledger;
}

TEST(Pipeline, EveryReaderOfAPortGetsEveryItem) {
  TokenLedger ledger;
  WorkerPool pool(2);
  Tokens pipeline(pool, {.queue_capacity = 2}, hooks_of(ledger));
  const auto source = pipeline.source("source", counting(ledger, 500));
  std::vector<std::unique_ptr<Collector>> collectors;
  for (int i = 0; i < 3; ++i) {
    collectors.push_back(std::make_unique<Collector>(ledger));
    pipeline.connect(source, 0, pipeline.sink("sink", collectors.back()->function()));
  }
  EXPECT_FALSE(pipeline.run(background()).error);
  for (const auto& collector : collectors) EXPECT_EQ(collector->values[0], up_to(500));
  EXPECT_EQ(ledger.copied, 1000);
  EXPECT_TRUE(ledger.balanced()) << ledger;
}

TEST(Pipeline, FanInKeepsEachFeedersOwnOrderAndStarvesNone) {
  TokenLedger ledger;
  Collector collector(ledger);
  WorkerPool pool(2);
  Tokens pipeline(pool, {.queue_capacity = 1}, hooks_of(ledger));
  const auto sink = pipeline.sink("sink", collector.function());
  for (int i = 0; i < 3; ++i) {
    const auto source = pipeline.source("source", counting(ledger, 1000, i));
    if (i == 0) {
      pipeline.connect(source, 0, sink);
      continue;
    }
    const auto transform = pipeline.transform("transform", passing(ledger));
    pipeline.connect(source, 0, transform);
    pipeline.connect(transform, 0, sink);
  }
  EXPECT_FALSE(pipeline.run(background()).error);
  for (int i = 0; i < 3; ++i) EXPECT_EQ(collector.values[i], up_to(1000));
}

TEST(Pipeline, DiamondDeliversBothWays) {
  TokenLedger ledger;
  Collector collector(ledger);
  WorkerPool pool(2);
  Tokens pipeline(pool, {.queue_capacity = 1}, hooks_of(ledger));
  const auto source = pipeline.source("source", counting(ledger, 1000));
  const auto left = pipeline.transform("left", passing(ledger));
  const auto right = pipeline.transform("right", passing(ledger));
  const auto sink = pipeline.sink("sink", collector.function());
  pipeline.connect(source, 0, left);
  pipeline.connect(source, 0, right);
  pipeline.connect(source, 0, sink);
  pipeline.connect(left, 0, sink);
  pipeline.connect(right, 0, sink);
  EXPECT_FALSE(pipeline.run(background()).error);
  EXPECT_EQ(collector.count(), 3000u);
  EXPECT_TRUE(ledger.balanced()) << ledger;
}

TEST(Backpressure, ReachesTheSourceAndBoundsWhatIsAlive) {
  TokenLedger ledger;
  WorkerPool pool(2);
  auto root = with_cancel(background());
  Tokens pipeline(pool, {.queue_capacity = 2}, hooks_of(ledger));
  const auto source = pipeline.source("source", endless(ledger));
  const auto first = pipeline.transform("first", passing(ledger));
  const auto second = pipeline.transform("second", passing(ledger));
  std::atomic<bool> slow = true;
  const auto sink = pipeline.sink("sink", [&](const Context& ctx, Token&& token) {
    const Token mine = std::move(token);
    ++ledger.consumed;
    if (slow) ctx.wait_for(100us);
    if (ledger.consumed > 3000) {
      slow = false;
      root.cancel();
    }
    return kNone;
  });
  pipeline.connect(source, 0, first);
  pipeline.connect(first, 0, second);
  pipeline.connect(second, 0, sink);
  const Outcome outcome = pipeline.run(root.context);
  EXPECT_FALSE(outcome.error);
  EXPECT_TRUE(ledger.balanced()) << ledger;
  EXPECT_EQ(ledger.abandoned, 0);
  // Three queues of 2, two windows of workers + 2, one at the source and one at the sink.
  EXPECT_LE(ledger.most_alive, 3 * 2 + 2 * 4 + 2);
}

TEST(Pipeline, ABlockedSinkBlocksNoWorker) {
  WorkerPool pool(1);
  Gate gate;
  TokenLedger blocked_ledger;
  Collector blocked_collector(blocked_ledger);
  Tokens blocked(pool, {.queue_capacity = 1}, hooks_of(blocked_ledger));
  {
    const auto source = blocked.source("source", counting(blocked_ledger, 100));
    const auto transform = blocked.transform("transform", passing(blocked_ledger));
    const auto sink =
        blocked.sink("sink", [&, collect = blocked_collector.function()](const Context& ctx, Token&& token) {
          gate.wait(ctx);
          return collect(ctx, std::move(token));
        });
    blocked.connect(source, 0, transform);
    blocked.connect(transform, 0, sink);
  }
  auto blocked_run = std::async(std::launch::async, [&] { return blocked.run(background()); });
  gate.wait_until_reached();

  TokenLedger ledger;
  Collector collector(ledger);
  Tokens free(pool, {.queue_capacity = 1}, hooks_of(ledger));
  const auto source = free.source("source", counting(ledger, 1000));
  const auto transform = free.transform("transform", passing(ledger));
  const auto sink = free.sink("sink", collector.function());
  free.connect(source, 0, transform);
  free.connect(transform, 0, sink);
  EXPECT_FALSE(free.run(background()).error);
  EXPECT_EQ(collector.values[0], up_to(1000));

  EXPECT_EQ(blocked_collector.count(), 0u);
  gate.open();
  EXPECT_FALSE(blocked_run.get().error);
  EXPECT_EQ(blocked_collector.values[0], up_to(100));
}

TEST(Drain, WritesEverythingThatWasAccepted) {
  TokenLedger ledger;
  Collector collector(ledger);
  auto root = with_cancel(background());
  WorkerPool pool(2);
  Tokens pipeline(pool, {.queue_capacity = 4}, hooks_of(ledger));
  const auto source = pipeline.source("source", endless(ledger));
  const auto transform = pipeline.transform("transform", passing(ledger));
  std::atomic<bool> finished = false;
  const auto sink = pipeline.sink(
      "sink",
      [&, collect = collector.function()](const Context& ctx, Token&& token) {
        if (token.value() == 500) root.cancel(Error(Errc::canceled, "signal: SIGTERM"));
        return collect(ctx, std::move(token));
      },
      [&](const Context& ctx) {
        EXPECT_FALSE(ctx.done());
        finished = true;
        return kNone;
      });
  pipeline.connect(source, 0, transform);
  pipeline.connect(transform, 0, sink);
  const Outcome outcome = pipeline.run(root.context);
  EXPECT_FALSE(outcome.error) << outcome.error.message();
  EXPECT_EQ(outcome.cause.message(), "signal: SIGTERM");
  EXPECT_FALSE(outcome.deadline_hit);
  EXPECT_TRUE(finished);
  EXPECT_EQ(ledger.abandoned, 0);
  EXPECT_EQ(collector.values[0], up_to(static_cast<int>(ledger.sent)));
  EXPECT_TRUE(ledger.balanced()) << ledger;
}

TEST(Sink, StartsBeforeItsFirstItem) {
  TokenLedger ledger;
  Collector collector(ledger);
  WorkerPool pool(2);
  Tokens pipeline(pool, {}, hooks_of(ledger));
  bool started = false;
  const auto function = [&, collect = collector.function()](const Context& ctx, Token&& token) {
    EXPECT_TRUE(started);
    return collect(ctx, std::move(token));
  };
  const auto start = [&](const Context& ctx) {
    EXPECT_FALSE(ctx.done());
    started = true;
    return kNone;
  };
  pipeline.connect(pipeline.source("source", counting(ledger, 10)), 0,
                   pipeline.sink("sink", function, {}, {.start = start}));
  EXPECT_FALSE(pipeline.run(background()).error);
  EXPECT_EQ(collector.values[0], up_to(10));
}

TEST(Sink, StartsEvenIfNothingComes) {
  TokenLedger ledger;
  WorkerPool pool(1);
  Tokens pipeline(pool, {}, hooks_of(ledger));
  bool started = false;
  const auto start = [&](const Context&) {
    started = true;
    return kNone;
  };
  pipeline.connect(pipeline.source("source", counting(ledger, 0)), 0,
                   pipeline.sink("sink", [](const Context&, Token&&) { return kNone; }, {}, {.start = start}));
  EXPECT_FALSE(pipeline.run(background()).error);
  EXPECT_TRUE(started);
}

TEST(Sink, FailsThePipelineWhenItCannotStart) {
  TokenLedger ledger;
  Collector collector(ledger);
  WorkerPool pool(2);
  Tokens pipeline(pool, {.queue_capacity = 1}, hooks_of(ledger));
  const auto start = [](const Context&) { return Error(std::errc::permission_denied, "cannot open"); };
  const auto finish = [](const Context&) {
    ADD_FAILURE() << "finished what never started";
    return kNone;
  };
  pipeline.connect(pipeline.source("source", endless(ledger)), 0,
                   pipeline.sink("sink", collector.function(), finish, {.start = start}));
  const Outcome outcome = pipeline.run(background());
  EXPECT_EQ(outcome.error.message(), "cannot open");
  EXPECT_EQ(outcome.failed_node, "sink");
  EXPECT_EQ(ledger.consumed, 0);
  EXPECT_TRUE(ledger.balanced()) << ledger;
}

// A pipeline whose sink hangs until its context ends, fed without end.
struct HangingPipeline {
  explicit HangingPipeline(std::chrono::nanoseconds grace) : pipeline(pool, {2, grace}, hooks_of(ledger)) {
    const auto source = pipeline.source("source", endless(ledger));
    const auto first = pipeline.transform("first", passing(ledger));
    const auto second = pipeline.transform("second", passing(ledger));
    const auto sink = pipeline.sink(
        "sink",
        [this](const Context& ctx, Token&& token) {
          const Token mine = std::move(token);
          ++ledger.consumed;
          gate.wait(ctx);
          return ctx.cause();
        },
        [this](const Context&) {
          finished = true;
          return kNone;
        });
    pipeline.connect(source, 0, first);
    pipeline.connect(first, 0, second);
    pipeline.connect(second, 0, sink);
  }
  // Until the sink hangs and more items wait before it.
  void wait_until_filled() {
    gate.wait_until_reached();
    while (ledger.sent < 4) std::this_thread::yield();
  }
  TokenLedger ledger;
  Gate gate;
  std::atomic<bool> finished = false;
  WorkerPool pool{2};
  Tokens pipeline;
};

TEST(Drain, IsCutShortAtItsDeadlineAndWhatIsLeftIsAbandonedAndCounted) {
  HangingPipeline hanging(20ms);
  auto root = with_cancel(background());
  auto run = std::async(std::launch::async, [&] { return hanging.pipeline.run(root.context); });
  hanging.wait_until_filled();
  root.cancel();
  const Outcome outcome = run.get();
  EXPECT_TRUE(outcome.deadline_hit);
  EXPECT_FALSE(outcome.abandoned);
  EXPECT_FALSE(outcome.error) << outcome.error.message();
  EXPECT_FALSE(hanging.finished);
  EXPECT_GT(hanging.ledger.abandoned, 0);
  EXPECT_TRUE(hanging.ledger.balanced()) << hanging.ledger;
}

TEST(Drain, ASecondSignalCutsItShortAtOnce) {
  HangingPipeline hanging(1h);
  auto root = with_cancel(background());
  auto run = std::async(std::launch::async, [&] { return hanging.pipeline.run(root.context); });
  hanging.wait_until_filled();
  root.cancel();
  hanging.pipeline.abandon();
  hanging.pipeline.abandon();
  const Outcome outcome = run.get();
  EXPECT_TRUE(outcome.abandoned);
  EXPECT_FALSE(outcome.deadline_hit);
  EXPECT_GT(hanging.ledger.abandoned, 0);
  EXPECT_TRUE(hanging.ledger.balanced()) << hanging.ledger;
}

TEST(Drain, WithoutGraceAbandonsAtOnce) {
  HangingPipeline hanging(0s);
  auto root = with_cancel(background());
  auto run = std::async(std::launch::async, [&] { return hanging.pipeline.run(root.context); });
  hanging.wait_until_filled();
  root.cancel();
  EXPECT_TRUE(run.get().deadline_hit);
  EXPECT_TRUE(hanging.ledger.balanced()) << hanging.ledger;
}

TEST(Drain, AbandonBeforeTheRunEndsItAtOnce) {
  HangingPipeline hanging(1h);
  hanging.pipeline.abandon();
  EXPECT_TRUE(hanging.pipeline.run(background()).abandoned);
  EXPECT_TRUE(hanging.ledger.balanced()) << hanging.ledger;
}

TEST(Drain, ACancelledRootStillDrainsWhatSourcesHad) {
  TokenLedger ledger;
  Collector collector(ledger);
  auto root = with_cancel(background());
  root.cancel();
  WorkerPool pool(1);
  Tokens pipeline(pool, {}, hooks_of(ledger));
  const auto source = pipeline.source("source", [&](const Context& run, Output<Token>& output) {
    EXPECT_TRUE(run.done());
    EXPECT_TRUE(send_counted(run, output, ledger, 1));
    return send_counted(output.drain_context(), output, ledger, 2);
  });
  pipeline.connect(source, 0, pipeline.sink("sink", collector.function()));
  EXPECT_FALSE(pipeline.run(root.context).error);
  EXPECT_EQ(collector.values[0], std::vector<int>{2});
}

// Every way in which a node can fail ends the pipeline with that error, and the books balance.
enum class FailingKind { source, transform, sink, finish, source_throws, transform_throws, sink_throws, clone_throws };
class Failure : public testing::TestWithParam<FailingKind> {};

TEST_P(Failure, EndsThePipelineWithItsErrorAndTheBooksBalance) {
  const auto kind = GetParam();
  const Error broken(std::errc::io_error, "broken");
  const auto fail_as = [&](FailingKind error, FailingKind exception) -> Error {
    if (kind == exception) throw std::runtime_error("broken");
    return kind == error ? broken : kNone;
  };
  TokenLedger ledger;
  WorkerPool pool(2);
  auto hooks = hooks_of(ledger);
  hooks.clone = [&ledger, kind](const Token& token) {
    if (kind == FailingKind::clone_throws && token.value() == 100) throw std::runtime_error("broken");
    return Token(ledger, token.value());
  };
  Tokens pipeline(pool, {.queue_capacity = 2}, std::move(hooks));
  const auto source = pipeline.source("bad", [&](const Context& run, Output<Token>& output) -> Error {
    for (int i = 0; kind != FailingKind::finish || i < 100; ++i) {
      if (i == 100) {
        if (Error error = fail_as(FailingKind::source, FailingKind::source_throws)) return error;
      }
      if (Error error = send_counted(run, output, ledger, i)) return error;
    }
    return kNone;
  });
  const auto transform = pipeline.transform("bad", [&](const Context&, Token&& token, Emit<Token>& emit) -> Error {
    Token mine = std::move(token);
    ++ledger.consumed;
    const int value = mine.value();
    emit_counted(emit, ledger, std::move(mine));
    return value == 100 ? fail_as(FailingKind::transform, FailingKind::transform_throws) : kNone;
  });
  const auto sink = pipeline.sink(
      "bad",
      [&](const Context&, Token&& token) -> Error {
        const Token mine = std::move(token);
        ++ledger.consumed;
        return mine.value() == 100 ? fail_as(FailingKind::sink, FailingKind::sink_throws) : kNone;
      },
      [&](const Context&) { return fail_as(FailingKind::finish, FailingKind::finish); });
  const auto second = pipeline.sink("good", [&](const Context&, Token&& token) {
    const Token mine = std::move(token);
    ++ledger.consumed;
    return kNone;
  });
  pipeline.connect(source, 0, transform);
  pipeline.connect(transform, 0, sink);
  pipeline.connect(transform, 0, second);
  const Outcome outcome = pipeline.run(background());
  EXPECT_EQ(outcome.error.message(), "broken");
  EXPECT_EQ(outcome.failed_node, "bad");
  EXPECT_FALSE(outcome.cause);
  EXPECT_TRUE(ledger.balanced()) << ledger;
}

INSTANTIATE_TEST_SUITE_P(Kinds, Failure,
                         testing::Values(FailingKind::source, FailingKind::transform, FailingKind::sink,
                                         FailingKind::finish, FailingKind::source_throws, FailingKind::transform_throws,
                                         FailingKind::sink_throws, FailingKind::clone_throws));

TEST(Pipeline, SaysWhenNothingIsQueuedDownstream) {
  TokenLedger ledger;
  Gate gate;
  WorkerPool pool(1);
  Tokens pipeline(pool, {.queue_capacity = 4}, hooks_of(ledger));
  const auto source = pipeline.source("source", [&](const Context& run, Output<Token>& output) -> Error {
    EXPECT_TRUE(output.downstream_idle());
    for (int i = 0; i < 2; ++i) {
      if (Error error = send_counted(run, output, ledger, i)) return error;
      gate.wait_until_reached();
    }
    EXPECT_FALSE(output.downstream_idle());  // the first is with the sink, the second queued
    gate.open();
    return kNone;
  });
  const auto sink = pipeline.sink("sink", [&](const Context& ctx, Token&& token) {
    const Token mine = std::move(token);
    ++ledger.consumed;
    gate.wait(ctx);
    return kNone;
  });
  pipeline.connect(source, 0, sink);
  EXPECT_FALSE(pipeline.run(background()).error);
}

TEST(Pipeline, ShowsWhatEveryNodeDoesWhileItRuns) {
  HangingPipeline hanging(0s);
  auto root = with_cancel(background());
  auto run = std::async(std::launch::async, [&] { return hanging.pipeline.run(root.context); });
  hanging.wait_until_filled();
  auto stats = hanging.pipeline.stats();
  while (stats[0].blocked == 0ns || stats[3].queue_size < 2) {  // until backpressure has come to the source
    std::this_thread::yield();
    stats = hanging.pipeline.stats();
  }
  ASSERT_EQ(stats.size(), 4u);
  EXPECT_EQ(stats[0].name, "source");
  EXPECT_EQ(stats[0].kind, NodeKind::source);
  EXPECT_EQ(stats[0].queue_capacity, 0u);
  EXPECT_EQ(stats[3].kind, NodeKind::sink);
  EXPECT_EQ(stats[3].queue_capacity, 2u);
  EXPECT_EQ(stats[3].items_in, 1u);
  root.cancel();
  run.get();
  stats = hanging.pipeline.stats();
  std::uint64_t abandoned = 0;
  for (const auto& node : stats) {
    abandoned += node.abandoned;
    EXPECT_EQ(node.queue_size, 0u);
  }
  EXPECT_EQ(abandoned, static_cast<std::uint64_t>(hanging.ledger.abandoned));
  EXPECT_EQ(stats[0].items_out, static_cast<std::uint64_t>(hanging.ledger.sent));
  EXPECT_GT(stats[3].busy, 0ns);
}

TEST(Pipeline, RefusesGraphsThatCannotRun) {
  WorkerPool pool(1);
  TokenLedger ledger;
  const auto message = [&](const std::function<void(Tokens&, NodeId, NodeId, NodeId)>& connect, Hooks<Token> hooks) {
    Tokens pipeline(pool, {}, std::move(hooks));
    const auto source = pipeline.source("reader", counting(ledger, 1));
    const auto transform = pipeline.transform("worker", passing(ledger));
    const auto sink = pipeline.sink("writer", [](const Context&, Token&&) { return kNone; });
    connect(pipeline, source, transform, sink);
    const Outcome outcome = pipeline.run(background());
    EXPECT_EQ(outcome.error.code(), std::errc::invalid_argument);
    return outcome.error.message();
  };
  const auto has = [](const std::string& text, const std::string& part) { return text.find(part) != text.npos; };
  const auto full = [&] { return hooks_of(ledger); };
  EXPECT_TRUE(has(message([](Tokens& p, NodeId s, NodeId t, NodeId) { p.connect(t, 0, s); }, full()), "reader"));
  EXPECT_TRUE(has(message([](Tokens& p, NodeId, NodeId t, NodeId w) { p.connect(w, 0, t); }, full()), "writer"));
  EXPECT_TRUE(has(message([](Tokens& p, NodeId, NodeId t, NodeId) { p.connect(t, 0, t); }, full()), "cycle"));
  EXPECT_TRUE(has(message([](Tokens& p, NodeId s, NodeId, NodeId) { p.connect(s, 0, NodeId{9}); }, full()), "another"));
  EXPECT_TRUE(has(message(
                      [](Tokens& p, NodeId s, NodeId t, NodeId w) {
                        p.connect(s, 0, t);
                        p.connect(s, 0, w);
                      },
                      {}),
                  "clone"));
}

TEST(Pipeline, RunsOnce) {
  WorkerPool pool(1);
  Tokens pipeline(pool, {});
  EXPECT_FALSE(pipeline.run(background()).error);
  EXPECT_TRUE(pipeline.run(background()).error);
}

TEST(Pipeline, NodesThatNothingFeedsEndAtOnce) {
  TokenLedger ledger;
  WorkerPool pool(1);
  Tokens pipeline(pool, {}, hooks_of(ledger));
  bool finished = false;
  const auto transform = pipeline.transform("transform", passing(ledger));
  const auto sink = pipeline.sink(
      "sink", [](const Context&, Token&&) { return kNone; },
      [&](const Context&) {
        finished = true;
        return kNone;
      });
  pipeline.connect(transform, 0, sink);
  EXPECT_FALSE(pipeline.run(background()).error);
  EXPECT_TRUE(finished);
}

}  // namespace
}  // namespace sluice::flow
