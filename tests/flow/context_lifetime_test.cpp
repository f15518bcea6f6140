// What C++ needs beyond Go: ownership, memory, threads, and oneTBB.
#include <gtest/gtest.h>
#include <tbb/parallel_for.h>
#include <tbb/task_group.h>

#include <atomic>
#include <cstdlib>
#include <memory>
#include <optional>
#include <string>
#include <thread>
#include <vector>

#include "allocation_count.hpp"
#include "context_support.hpp"
#include "flow/context.hpp"
#include "tests/support/scale.hpp"

namespace sluice::flow {
namespace {

using test::error_name;
using test::kLong;
using test::kSoon;
using namespace std::chrono_literals;

struct Attempt {
  using Type = int;
};

template <class Function>
std::uint64_t allocations_of(Function function) {
  const std::uint64_t before = test::allocations_here();
  function();
  return test::allocations_here() - before;
}

TEST(Context, Allocs) {
  const Context root = background();
  auto parent = with_cancel(root);
  // The first deadline starts the timer thread and makes room for timers: not a cost of each.
  { auto warm_up = with_timeout(root, kLong); }

  EXPECT_EQ(allocations_of([] { (void)background(); }), 0u);
  EXPECT_EQ(allocations_of([&] { const Context copy = parent.context; }), 0u);
  EXPECT_LE(allocations_of([&] { (void)with_value<Attempt>(parent.context, 1); }), 1u);
  EXPECT_LE(allocations_of([&] {
              auto child = with_cancel(parent.context);
              child.cancel();
            }),
            2u);
  EXPECT_LE(allocations_of([&] {
              auto child = with_timeout(parent.context, kLong);
              child.cancel();
            }),
            3u);
  EXPECT_EQ(allocations_of([&] { (void)(parent.context.done() || parent.context.cause()); }), 0u);
}

TEST(Context, HandleCancelsOnDestruction) {
  std::optional<Context> kept;
  {
    auto [context, handle] = with_cancel(background());
    kept = context;
    CancelHandle moved = std::move(handle);
    EXPECT_FALSE(kept->done());
  }
  EXPECT_TRUE(kept->done());
  EXPECT_EQ(error_name(*kept), "canceled");

  auto one = with_cancel(background());
  auto two = with_cancel(background());
  one.handle = std::move(two.handle);
  EXPECT_TRUE(one.context.done()) << "a handle that is replaced cancels";
  EXPECT_FALSE(two.context.done());
}

TEST(Context, OutlivesItsParentsHandles) {
  std::optional<Context> kept;
  {
    auto parent = with_cancel(with_value<Attempt>(background(), 7));
    kept = without_cancel(with_timeout(parent.context, kLong).context);
  }
  EXPECT_EQ(*kept->value<Attempt>(), 7);
  EXPECT_EQ(kept->describe(), "background.with_value.with_cancel.with_deadline.without_cancel");
  const auto child = with_timeout(*kept, 1ms);
  EXPECT_TRUE(child.context.wait_for(kSoon));
}

TEST(Context, AMillionShortChildrenLeaveNothingBehind) {
  auto parent = with_cancel(background());
  { auto warm_up = with_timeout(parent.context, kLong); }
  const std::int64_t before = test::live_allocations();
  for (std::size_t i = 0; i < test::scaled(1'000'000); ++i) {
    if (i % 4 == 0) {
      auto timed = with_timeout(parent.context, kLong);
    } else {
      auto child = with_cancel(parent.context);
      if (i % 4 == 1) child.cancel();
    }
  }
  EXPECT_EQ(parent.context.child_count(), 0u);
  // Not exactly nothing: idle threads of earlier tests may come and go meanwhile.
  EXPECT_LT(std::abs(test::live_allocations() - before), 100);
}

TEST(Context, AVeryLongLineNeedsNoStack) {
  const std::size_t length = test::scaled(200'000);
  auto base = with_cancel(background());
  std::vector<CancelHandle> handles;
  Context top = base.context;
  for (std::size_t i = 0; i < length; ++i) {
    auto next = with_cancel(top);
    top = next.context;
    handles.push_back(std::move(next.handle));
  }
  base.cancel();
  EXPECT_TRUE(top.done());
  handles.clear();
  base.handle = CancelHandle();
  base.context = background();
}  // `top` releases the whole line

TEST(Context, CustomContextGoroutines) {
  const Context root = background();
  auto parent = with_cancel(root);
  { auto warm_up = with_timeout(root, kLong); }
  const auto before = test::thread_count();
  std::vector<Cancellable> contexts;
  contexts.reserve(100'000);
  std::vector<AfterFunc> afters;
  for (int i = 0; i < 50'000; ++i) {
    contexts.push_back(with_cancel(i % 2 == 0 ? root : parent.context));
    contexts.push_back(with_timeout(with_value<Attempt>(parent.context, i), kLong + std::chrono::seconds(i % 1000)));
    if (i % 10 == 0) afters.push_back(after_func(contexts.back().context, [] {}));
  }
  EXPECT_EQ(test::thread_count(), before);
  afters.clear();
  parent.cancel();
  EXPECT_TRUE(contexts.back().context.done());
}

// Propagation reaches children through any number of layers that are no cancellable contexts themselves.
TEST(Context, CustomContextPropagation) {
  auto parent = with_cancel(background());
  const Context layers = with_value<Attempt>(with_value<Attempt>(parent.context, 1), 2);
  auto child = with_cancel(layers);
  EXPECT_EQ(parent.context.child_count(), 1u);
  EXPECT_EQ(layers.child_count(), 1u) << "the nearest cancellable node answers";
  parent.cancel();
  EXPECT_TRUE(child.context.done());
}

TEST(Context, TimersFireInTheirOrder) {
  const Context root = background();
  std::vector<Cancellable> contexts;
  for (int i = 0; i < 200; ++i) {
    const std::chrono::milliseconds soon(10 + (i * 37) % 50);
    contexts.push_back(with_timeout(root, i % 3 == 0 ? kLong : soon));
  }
  for (std::size_t i = 0; i < contexts.size(); i += 3) contexts[i].cancel();
  for (std::size_t i = 0; i < contexts.size(); ++i) {
    ASSERT_TRUE(contexts[i].context.wait_for(kSoon));
    EXPECT_EQ(error_name(contexts[i].context), i % 3 == 0 ? "canceled" : "deadline_exceeded");
    EXPECT_TRUE(i % 3 == 0 || std::chrono::steady_clock::now() >= *contexts[i].context.deadline());
  }
}

TEST(Context, CancelsParallelAlgorithms) {
  EXPECT_EQ(background().task_group(), nullptr);
  auto parent = with_cancel(background());
  auto child = with_cancel(parent.context);
  std::atomic<int> started{0};
  constexpr int kIterations = 10'000'000;
  tbb::parallel_for(
      0, kIterations,
      [&](int i) {
        if (++started == 100) parent.cancel();
        if (i % 1000 == 0) {
          tbb::parallel_for(0, 10, [&](int) { ++started; });  // nested: bound to the group that runs it
        }
      },
      tbb::auto_partitioner(), *child.context.task_group());
  EXPECT_GE(started, 100);
  EXPECT_LT(started, kIterations) << "most of the range was never begun";
  EXPECT_TRUE(child.context.task_group()->is_group_execution_cancelled());

  auto late = with_cancel(child.context);
  EXPECT_TRUE(late.context.task_group()->is_group_execution_cancelled());
}

TEST(Context, CancelsNestedParallelAlgorithms) {
  auto scope = with_cancel(background());
  std::atomic<int> inner{0};
  constexpr int kIterations = 10'000'000;
  tbb::task_group group(*scope.context.task_group());
  group.run_and_wait([&] {
    tbb::parallel_for(0, kIterations, [&](int) {
      if (++inner == 100) scope.cancel();
    });
  });
  EXPECT_LT(inner, kIterations) << "an algorithm that knows nothing of the context stops with it";
}

}  // namespace
}  // namespace sluice::flow
