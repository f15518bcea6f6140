// What Go's afterfunc_test.go asserts, and the same for hooks that run on the canceller's stack.
#include <gtest/gtest.h>

#include <atomic>
#include <functional>
#include <future>
#include <latch>
#include <memory>
#include <optional>
#include <stop_token>
#include <thread>
#include <vector>

#include "context_support.hpp"
#include "flow/context.hpp"

namespace sluice::flow {
namespace {

using test::error_name;
using test::kLong;
using test::kSoon;
using namespace std::chrono_literals;

// A promise that somebody keeps once.
class Signal {
 public:
  void give() { promise_.set_value(std::this_thread::get_id()); }
  bool came(std::chrono::milliseconds time = kSoon) const {
    return future_.wait_for(time) == std::future_status::ready;
  }
  std::thread::id giver() const { return future_.get(); }

 private:
  std::promise<std::thread::id> promise_;
  std::shared_future<std::thread::id> future_ = promise_.get_future().share();
};

TEST(Context, AfterFuncCalledAfterCancel) {
  auto [context, handle] = with_cancel(background());
  Signal called;
  AfterFunc after = after_func(context, [&] { called.give(); });
  EXPECT_FALSE(called.came(5ms));
  handle.cancel();
  ASSERT_TRUE(called.came());
  EXPECT_NE(called.giver(), std::this_thread::get_id());
  EXPECT_FALSE(after.stop());
}

TEST(Context, AfterFuncCalledAfterTimeout) {
  auto [context, handle] = with_timeout(background(), 5ms);
  Signal called;
  AfterFunc after = after_func(context, [&] { called.give(); });
  EXPECT_TRUE(called.came());
  EXPECT_FALSE(after.stop());
}

TEST(Context, AfterFuncCalledImmediately) {
  auto [context, handle] = with_cancel(background());
  handle.cancel();
  Signal called;
  AfterFunc after = after_func(context, [&] { called.give(); });
  EXPECT_TRUE(called.came());
  EXPECT_NE(called.giver(), std::this_thread::get_id());
}

TEST(Context, AfterFuncNotCalledAfterStop) {
  auto [context, handle] = with_cancel(background());
  const auto calls = std::make_shared<int>(0);
  AfterFunc after = after_func(context, [calls] { ++*calls; });
  EXPECT_EQ(calls.use_count(), 2);
  EXPECT_TRUE(after.stop());
  EXPECT_EQ(calls.use_count(), 1) << "a stopped function is let go";
  EXPECT_FALSE(after.stop()) << "only the first stop stopped it";
  {
    const AfterFunc dropped = after_func(context, [calls] { ++*calls; });
  }
  handle.cancel();
  Signal later;
  const AfterFunc last = after_func(context, [&] { later.give(); });
  EXPECT_TRUE(later.came());
  EXPECT_EQ(*calls, 0);
}

TEST(Context, AfterFuncCalledAsynchronously) {
  auto [context, handle] = with_cancel(background());
  Signal go_on, called;
  const AfterFunc after = after_func(context, [&] {
    go_on.came();
    called.give();
  });
  handle.cancel();  // would never return if it waited for the function
  EXPECT_FALSE(called.came(1ms));
  go_on.give();
  EXPECT_TRUE(called.came());
}

TEST(Context, AfterFuncOfAContextThatIsNeverDone) {
  bool called = false;
  AfterFunc after = after_func(background(), [&] { called = true; });
  EXPECT_TRUE(after.stop());
  EXPECT_FALSE(called);
}

// Go gives every function a goroutine: any number may block without holding up the others.
TEST(Context, AfterFuncsThatBlockDoNotHoldUpOthers) {
  constexpr int kBlocked = 40;
  auto [context, handle] = with_cancel(background());
  const auto all_inside = std::make_shared<std::latch>(kBlocked);
  const auto go_on = std::make_shared<std::latch>(1);  // shared: the last to wake up may do so after the test has ended
  std::vector<AfterFunc> afters;
  for (int i = 0; i < kBlocked; ++i) {
    afters.push_back(after_func(context, [all_inside, go_on] {
      all_inside->count_down();
      go_on->wait();
    }));
  }
  handle.cancel();
  all_inside->wait();  // only if each has a thread of its own
  go_on->count_down();
}

TEST(Context, BurstsOfShortAfterFuncsNeedFewThreads) {
  constexpr int kFunctions = 2000;
  auto [context, handle] = with_cancel(background());
  const auto ran = std::make_shared<std::latch>(kFunctions);
  std::vector<AfterFunc> afters;
  for (int i = 0; i < kFunctions; ++i) afters.push_back(after_func(context, [ran] { ran->count_down(); }));
  handle.cancel();
  ran->wait();
  EXPECT_LT(test::thread_count(), 20);
}

TEST(Context, CallbacksMayCancelDestroyAndRegisterOnTheirOwnContext) {
  auto outer = std::make_optional(with_cancel(background()));
  const Context context = outer->context;
  Signal finished;
  AfterFunc nested;
  const AfterFunc after = after_func(context, [&] {
    outer->cancel();
    outer.reset();  // its handle, from its own callback
    auto child = with_timeout(context, kLong);
    EXPECT_TRUE(child.context.done());
    nested = after_func(context, [&] { finished.give(); });
  });
  outer->cancel();
  EXPECT_TRUE(finished.came());
}

TEST(Context, AnAfterFuncMayHoldTheLastContext) {
  Signal go_on, finished;
  {
    auto cancellable = std::make_unique<Cancellable>(with_cancel(background()));
    Cancellable& last = *cancellable;
    const AfterFunc after =
        after_func(last.context, [&, held = std::shared_ptr<Cancellable>(std::move(cancellable))]() mutable {
          go_on.came();
          held.reset();  // with it the root and its threads, one of which this is
          finished.give();
        });
    last.cancel();
  }
  go_on.give();
  ASSERT_TRUE(finished.came());
  EXPECT_FALSE(background().done());
}

TEST(Context, ThreadsEndWithTheLastContext) {
  std::thread([] {}).join();  // thread sanitizer starts a thread of its own beside the first
  const auto before = test::thread_count();
  {
    auto [context, handle] = with_timeout(background(), kLong);
    Signal called;
    const AfterFunc after = after_func(context, [&] { called.give(); });
    handle.cancel();
    ASSERT_TRUE(called.came());
    EXPECT_GT(test::thread_count(), before);
  }
  // A joined thread may still be listed for a moment.
  const auto limit = std::chrono::steady_clock::now() + kSoon;
  while (test::thread_count() > before && std::chrono::steady_clock::now() < limit) std::this_thread::yield();
  EXPECT_LE(test::thread_count(), before);
}

// --- on_done: hooks on the canceller's stack ---

TEST(OnDone, RunsBeforeCancelReturns) {
  auto parent = with_cancel(background());
  auto child = with_cancel(parent.context);
  std::vector<int> calls;
  std::thread::id where;
  const OnDone on_parent = on_done(parent.context, [&] {
    EXPECT_TRUE(child.context.done()) << "hooks run when every descendant is done";
    calls.push_back(1);
  });
  const OnDone on_child = on_done(child.context, [&] {
    calls.push_back(2);
    where = std::this_thread::get_id();
  });
  parent.cancel();
  EXPECT_EQ(calls, (std::vector<int>{1, 2}));
  EXPECT_EQ(where, std::this_thread::get_id());
}

TEST(OnDone, RunsInTheConstructorIfDone) {
  auto [context, handle] = with_cancel(background());
  handle.cancel();
  bool called = false;
  const OnDone hook(context, [&] { called = true; });
  EXPECT_TRUE(called);
  const OnDone never(background(), [] { FAIL(); });
}

TEST(OnDone, NeverRunsAfterItsDestruction) {
  auto [context, handle] = with_cancel(background());
  std::vector<std::unique_ptr<OnDone>> hooks;
  int calls = 0;
  for (int i = 0; i < 5; ++i) hooks.push_back(std::make_unique<OnDone>(context, [&calls, i] { calls += 1 << i; }));
  hooks[1].reset();
  hooks[4].reset();
  hooks[0].reset();
  handle.cancel();
  EXPECT_EQ(calls, (1 << 2) + (1 << 3));
}

TEST(OnDone, DestructorWaitsForAFunctionThatRuns) {
  const Context root = background();
  for (int round = 0; round < 100; ++round) {
    auto scope = with_cancel(root);
    const Context& context = scope.context;
    std::latch inside(1);
    std::atomic<bool> finished{false};
    auto hook = std::make_unique<OnDone>(context, [&] {
      inside.count_down();
      std::this_thread::yield();
      finished = true;
    });
    std::thread canceller([&] { scope.cancel(); });
    inside.wait();
    hook.reset();
    EXPECT_TRUE(finished);
    canceller.join();
  }
}

TEST(OnDone, MayDestroyItselfAndItsNeighbours) {
  auto cancellable = std::make_optional(with_cancel(background()));
  std::unique_ptr<OnDone> self, neighbour;
  int calls = 0;
  neighbour = std::make_unique<OnDone>(cancellable->context, [&] { ++calls; });
  self = std::make_unique<OnDone>(cancellable->context, [&] {  // runs first: the latest hook does
    ++calls;
    cancellable->cancel();
    neighbour.reset();
    const OnDone late(cancellable->context, [&] { ++calls; });
    self.reset();
  });
  cancellable->cancel();
  EXPECT_EQ(calls, 2);
  EXPECT_FALSE(self || neighbour);
}

// --- A foreign kind of context: whatever can call back can end one of ours, without a thread. std::stop_token stands
// for any of them. Go propagates through an AfterFunc method of the foreign type; we bridge by a callback and a handle.
// ---

class Bridge {
 public:
  Bridge(const Context& parent, const std::stop_token& token) : scope_(with_cancel(parent)) {
    callback_.emplace(token, [this] { scope_.cancel(); });
  }
  const Context& context() const { return scope_.context; }

 private:
  Cancellable scope_;
  std::optional<std::stop_callback<std::function<void()>>> callback_;
};

TEST(Context, CustomContextAfterFuncCancel) {
  std::stop_source foreign;
  const Bridge bridge(background(), foreign.get_token());
  auto child = with_cancel(bridge.context());
  foreign.request_stop();
  EXPECT_TRUE(child.context.done());
  EXPECT_EQ(error_name(child.context), "canceled");
}

TEST(Context, CustomContextAfterFuncTimeout) {
  std::stop_source foreign;
  const Bridge bridge(background(), foreign.get_token());
  auto child = with_timeout(bridge.context(), 5ms);
  ASSERT_TRUE(child.context.wait_for(kSoon));
  EXPECT_EQ(error_name(child.context), "deadline_exceeded");
  foreign.request_stop();
  EXPECT_EQ(error_name(child.context), "deadline_exceeded");
  EXPECT_EQ(error_name(bridge.context()), "canceled");
}

TEST(Context, CustomContextAfterFuncAfterFunc) {
  std::stop_source foreign;
  const Bridge bridge(background(), foreign.get_token());
  Signal called;
  const AfterFunc after = after_func(bridge.context(), [&] { called.give(); });
  foreign.request_stop();
  EXPECT_TRUE(called.came());
}

TEST(Context, CustomContextAfterFuncUnregisters) {
  std::stop_source foreign;
  const Bridge bridge(background(), foreign.get_token());
  AfterFunc after = after_func(bridge.context(), [] { FAIL(); });
  EXPECT_TRUE(after.stop());
  EXPECT_EQ(bridge.context().child_count(), 0u);
  { const Bridge gone(background(), foreign.get_token()); }
  foreign.request_stop();
}

}  // namespace
}  // namespace sluice::flow
