// What Go's context_test.go asserts of states, deadlines, values and causes. One TEST per row of
// shared/go-context-conformance.md; what does not apply is listed in docs/context.md.
#include "flow/context.hpp"

#include <gtest/gtest.h>

#include <string>
#include <thread>
#include <type_traits>
#include <vector>

#include "context_support.hpp"

namespace sluice::flow {
namespace {

using test::error_name;
using test::kLong;
using test::kSoon;
using namespace std::chrono_literals;
using Steady = std::chrono::steady_clock;

struct TraceId {
  using Type = std::string;
};
struct UserName {
  using Type = std::string;
};
struct Attempt {
  using Type = int;
};

const Error kDiskFull(std::make_error_code(std::errc::no_space_on_device), "the disk is full");
const Error kTooSlow(std::make_error_code(std::errc::stream_timeout), "the peer is too slow");

TEST(Context, Background) {
  const Context root = background();
  EXPECT_FALSE(root.done());
  EXPECT_EQ(error_name(root), "none");
  EXPECT_FALSE(root.cause());
  EXPECT_FALSE(root.deadline());
  EXPECT_EQ(root.value<TraceId>(), nullptr);
  EXPECT_FALSE(root.wait_for(1ms));
  EXPECT_EQ(root.describe(), "background");
}

TEST(Context, WithCancel) {
  auto [context, handle] = with_cancel(background());
  EXPECT_EQ(context.describe(), "background.with_cancel");
  EXPECT_FALSE(context.done());
  EXPECT_EQ(error_name(context), "none");
  EXPECT_FALSE(context.wait_for(1ms));

  for (int round = 0; round < 2; ++round) {
    handle.cancel();
    EXPECT_TRUE(context.done());
    EXPECT_EQ(error_name(context), "canceled");
    EXPECT_TRUE(context.wait_for(0ms));
    context.wait();
  }
  EXPECT_EQ(context.error(), std::errc::operation_canceled);
}

TEST(Context, ParentFinishesChild) {
  auto parent = with_cancel(background());
  auto cancel_child = with_cancel(parent.context);
  const Context value_child = with_value<TraceId>(parent.context, "t");
  auto timer_child = with_timeout(value_child, kLong);
  EXPECT_EQ(parent.context.child_count(), 2u);
  EXPECT_FALSE(cancel_child.context.done() || value_child.done() || timer_child.context.done());

  parent.cancel();

  EXPECT_EQ(parent.context.child_count(), 0u);
  for (const Context& context : {parent.context, cancel_child.context, value_child, timer_child.context}) {
    EXPECT_TRUE(context.done()) << context.describe();
    EXPECT_EQ(error_name(context), "canceled") << context.describe();
  }
  auto late = with_cancel(with_value<TraceId>(parent.context, "u"));
  EXPECT_TRUE(late.context.done());
  EXPECT_EQ(error_name(late.context), "canceled");
}

TEST(Context, ChildFinishesFirst) {
  auto cancellable = with_cancel(background());
  for (const Context& parent : {background(), cancellable.context}) {
    auto child = with_cancel(parent);
    EXPECT_EQ(parent.child_count(), parent.deadline() || !(parent.describe() == "background") ? 1u : 0u);
    child.cancel();
    EXPECT_TRUE(child.context.done());
    EXPECT_EQ(error_name(child.context), "canceled");
    EXPECT_FALSE(parent.done());
    EXPECT_EQ(error_name(parent), "none");
    EXPECT_EQ(parent.child_count(), 0u);
  }
}

void expect_deadline_passes(const Context& context) {
  ASSERT_TRUE(context.wait_for(kSoon)) << context.describe();
  EXPECT_TRUE(context.done());
  EXPECT_EQ(error_name(context), "deadline_exceeded");
  EXPECT_LE(*context.deadline(), Steady::now());
}

TEST(Context, Deadline) {
  const Context root = background();
  auto plain = with_deadline(root, Steady::now() + 20ms);
  EXPECT_EQ(plain.context.describe(), "background.with_deadline");
  expect_deadline_passes(plain.context);

  auto wrapped = with_deadline(root, Steady::now() + 20ms);
  expect_deadline_passes(with_value<TraceId>(wrapped.context, "t"));

  auto later = with_deadline(root, Steady::now() + 20ms);
  auto latest = with_deadline(later.context, Steady::now() + kLong);
  EXPECT_EQ(latest.context.deadline(), later.context.deadline());
  expect_deadline_passes(latest.context);

  auto past = with_deadline(root, Steady::now() - 1s);
  EXPECT_TRUE(past.context.done());
  EXPECT_EQ(error_name(past.context), "deadline_exceeded");
}

TEST(Context, Timeout) {
  const Context root = background();
  auto plain = with_timeout(root, 20ms);
  expect_deadline_passes(plain.context);
  auto wrapped = with_cancel(with_value<TraceId>(with_timeout(root, kLong).context, "t"));
  EXPECT_TRUE(wrapped.context.done()) << "the handle of the timeout is gone";
  for (const auto duration : {0s, -1s, std::chrono::seconds::min()}) {
    auto past = with_timeout(root, duration);
    EXPECT_TRUE(past.context.done());
    EXPECT_EQ(error_name(past.context), "deadline_exceeded");
  }
  auto for_ever = with_timeout(root, std::chrono::hours::max());
  EXPECT_FALSE(for_ever.context.done());
}

TEST(Context, CanceledTimeout) {
  auto outer = with_timeout(background(), 50ms);
  auto inner = with_cancel(outer.context);
  inner.cancel();
  EXPECT_TRUE(inner.context.wait_for(kSoon));
  EXPECT_EQ(error_name(inner.context), "canceled");
  ASSERT_TRUE(outer.context.wait_for(kSoon));
  EXPECT_EQ(error_name(inner.context), "canceled") << "it stays what it was";
  EXPECT_EQ(error_name(outer.context), "deadline_exceeded");

  auto timeout = with_timeout(background(), 20ms);
  timeout.cancel();
  EXPECT_FALSE(background().wait_until(*timeout.context.deadline() + 1ms));
  EXPECT_EQ(error_name(timeout.context), "canceled");
}

TEST(Context, Values) {
  const Context root = background();
  EXPECT_EQ(root.value<TraceId>(), nullptr);
  const Context one = with_value<TraceId>(root, "one");
  const Context two = with_value<UserName>(one, "two");
  const Context three = with_value<TraceId>(two, "three");
  const Context four = with_value<Attempt>(three, 4);
  EXPECT_EQ(one.describe(), "background.with_value");
  EXPECT_EQ(*one.value<TraceId>(), "one");
  EXPECT_EQ(one.value<UserName>(), nullptr) << "a key of another type with the same kind of value";
  EXPECT_EQ(*two.value<TraceId>(), "one");
  EXPECT_EQ(*two.value<UserName>(), "two");
  EXPECT_EQ(*three.value<TraceId>(), "three") << "the nearest wins";
  EXPECT_EQ(*three.value<UserName>(), "two");
  EXPECT_EQ(three.value<Attempt>(), nullptr);
  EXPECT_EQ(*four.value<Attempt>(), 4);

  auto layers = with_timeout(with_cancel(four).context, kLong);
  EXPECT_EQ(*layers.context.value<TraceId>(), "three");
  EXPECT_EQ(*layers.context.value<Attempt>(), 4);
}

// Go checks at run time that keys can be compared and parents are not nil; here both are types.
template <class Key>
concept ValueKey = requires(const Context& context) {
  with_value<Key>(context, {});
};
struct NotAKey {};

TEST(Context, WithValueChecksKey) {
  static_assert(ValueKey<TraceId>);
  static_assert(!ValueKey<NotAKey>);
  static_assert(!ValueKey<int>);
}

TEST(Context, InvalidDerivedFail) {
  static_assert(!std::is_default_constructible_v<Context>, "there is no context that is none");
  static_assert(!std::is_constructible_v<Context, std::nullptr_t>);
  static_assert(!std::is_copy_constructible_v<CancelHandle>);
  static_assert(!std::is_copy_constructible_v<AfterFunc>);
  static_assert(std::is_nothrow_copy_constructible_v<Context> && std::is_nothrow_move_constructible_v<Context>);
}

TEST(Context, DeadlineExceededSupportsTimeout) {
  auto past = with_timeout(background(), 0s);
  EXPECT_EQ(past.context.error(), Errc::deadline_exceeded);
  EXPECT_EQ(past.context.error(), std::errc::timed_out);
  EXPECT_NE(past.context.error(), std::errc::operation_canceled);
}

TEST(Context, CancelRemoves) {
  auto parent = with_cancel(background());
  auto cancel_child = with_cancel(parent.context);
  auto timer_child = with_timeout(parent.context, kLong);
  AfterFunc after = after_func(parent.context, [] {});
  EXPECT_EQ(parent.context.child_count(), 3u);
  cancel_child.cancel();
  EXPECT_EQ(parent.context.child_count(), 2u);
  timer_child.cancel();
  EXPECT_EQ(parent.context.child_count(), 1u);
  EXPECT_TRUE(after.stop());
  EXPECT_EQ(parent.context.child_count(), 0u);
}

TEST(Context, WithCancelCanceledParent) {
  auto parent = with_cancel(background());
  parent.cancel(kDiskFull);
  auto child = with_cancel(parent.context);
  EXPECT_TRUE(child.context.done());
  EXPECT_EQ(error_name(child.context), "canceled");
  EXPECT_EQ(child.context.cause(), kDiskFull);
}

TEST(Context, Cause) {
  const Context root = background();
  EXPECT_FALSE(root.cause());

  auto plain = with_cancel(root);
  EXPECT_FALSE(plain.context.cause());
  plain.cancel();
  EXPECT_EQ(plain.context.cause(), Error(Errc::canceled));

  auto parent = with_cancel(root);
  auto child = with_cancel(parent.context);
  parent.cancel(kDiskFull);
  parent.cancel(kTooSlow);
  EXPECT_EQ(error_name(parent.context), "canceled");
  EXPECT_EQ(parent.context.cause(), kDiskFull) << "the first one wins";
  EXPECT_EQ(child.context.cause(), kDiskFull) << "children see their ancestor's cause";
  EXPECT_EQ(with_value<TraceId>(child.context, "t").cause(), kDiskFull);

  auto survivor = with_cancel(root);
  auto first = with_cancel(survivor.context);
  first.cancel(kTooSlow);
  survivor.cancel(kDiskFull);
  EXPECT_EQ(first.context.cause(), kTooSlow) << "a child that was cancelled first keeps its own";
  EXPECT_EQ(survivor.context.cause(), kDiskFull);

  auto no_reason = with_cancel(root);
  no_reason.cancel(Error{});
  EXPECT_EQ(no_reason.context.cause(), Error(Errc::canceled));
}

TEST(Context, CauseOfDeadlines) {
  const Context root = background();
  auto plain = with_timeout(root, 0s);
  EXPECT_EQ(plain.context.cause(), Error(Errc::deadline_exceeded));

  auto past = with_deadline(root, Steady::now() - 1s, kTooSlow);
  EXPECT_EQ(error_name(past.context), "deadline_exceeded");
  EXPECT_EQ(past.context.cause(), kTooSlow);

  auto timed_out = with_timeout(root, 5ms, kTooSlow);
  ASSERT_TRUE(timed_out.context.wait_for(kSoon));
  EXPECT_EQ(error_name(timed_out.context), "deadline_exceeded");
  EXPECT_EQ(timed_out.context.cause(), kTooSlow);

  auto canceled = with_timeout(root, kLong, kTooSlow);
  canceled.cancel();
  EXPECT_EQ(canceled.context.cause(), Error(Errc::canceled)) << "the time did not run out";

  auto parent = with_cancel(root);
  auto child = with_timeout(parent.context, kLong, kTooSlow);
  parent.cancel(kDiskFull);
  EXPECT_EQ(child.context.cause(), kDiskFull);
}

TEST(Context, WithoutCancel) {
  const Context detached = without_cancel(with_value<TraceId>(background(), "t"));
  EXPECT_EQ(detached.describe(), "background.with_value.without_cancel");
  EXPECT_EQ(*detached.value<TraceId>(), "t");
  EXPECT_FALSE(detached.done());
  EXPECT_FALSE(detached.deadline());
}

TEST(Context, WithoutCancelPropagation) {
  auto parent = with_timeout(with_value<TraceId>(background(), "t"), kLong);
  const Context detached = without_cancel(parent.context);
  auto child = with_cancel(detached);
  auto late_child = with_timeout(detached, kLong);
  EXPECT_FALSE(detached.deadline());
  EXPECT_EQ(parent.context.child_count(), 0u);

  parent.cancel(kDiskFull);

  EXPECT_TRUE(parent.context.done());
  EXPECT_FALSE(detached.done() || child.context.done() || late_child.context.done());
  EXPECT_EQ(error_name(detached), "none");
  EXPECT_FALSE(detached.cause());
  EXPECT_EQ(*child.context.value<TraceId>(), "t");
  child.cancel(kTooSlow);
  EXPECT_EQ(child.context.cause(), kTooSlow);
  EXPECT_FALSE(detached.done());
}

TEST(Context, WaitsOnOtherClocks) {
  auto scope = with_cancel(background());
  const Context& context = scope.context;
  EXPECT_FALSE(context.wait_until(std::chrono::system_clock::now() + 2ms));
  EXPECT_FALSE(context.wait_until(Steady::now() + 2ms));
  std::thread canceller([&] { scope.cancel(); });
  EXPECT_TRUE(context.wait_until(std::chrono::system_clock::now() + kSoon));
  canceller.join();
}

TEST(Error, SaysWhatHappened) {
  EXPECT_FALSE(Error{});
  EXPECT_EQ(Error{}.message(), "");
  EXPECT_TRUE(Error(Errc::canceled));
  EXPECT_EQ(Error(Errc::canceled).message(), "context canceled");
  EXPECT_EQ(Error(std::errc::no_space_on_device).message(),
            std::make_error_code(std::errc::no_space_on_device).message());
  EXPECT_EQ(kDiskFull.message(), "the disk is full");
  EXPECT_EQ(Error(kDiskFull), kDiskFull);
  EXPECT_NE(kDiskFull, Error(kDiskFull.code()));
  EXPECT_FALSE(Error(kDiskFull) == Error{});
}

}  // namespace
}  // namespace sluice::flow
