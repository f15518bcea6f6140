// What Go's errgroup_test.go asserts. One TEST per row of shared/go-context-conformance.md.
#include "flow/error_group.hpp"

#include <gtest/gtest.h>
#include <pthread.h>

#include <array>
#include <atomic>
#include <chrono>
#include <latch>
#include <stdexcept>
#include <string>
#include <thread>
#include <vector>

#include "context_support.hpp"

namespace sluice::flow {
namespace {

using test::kSoon;
using namespace std::chrono_literals;

const Error kFirst(std::make_error_code(std::errc::io_error), "first");
const Error kSecond(std::make_error_code(std::errc::io_error), "second");

TEST(ErrorGroup, ZeroGroup) {
  const std::vector<std::vector<Error>> cases{{}, {Error{}}, {kFirst}, {kFirst, Error{}}, {Error{}, kSecond, kFirst}};
  for (const std::vector<Error>& errors : cases) {
    ErrorGroup group;
    Error first;
    for (const Error& error : errors) {
      group.go([&](const Context& context) {
        EXPECT_FALSE(context.done());
        return error;
      });
      if (!first) first = error;
      EXPECT_EQ(group.wait(), first) << "the first error of all so far";
    }
    EXPECT_EQ(group.wait(), first);
    EXPECT_FALSE(group.context().done());
  }
}

TEST(ErrorGroup, WithContext) {
  const Context root = background();
  for (const Error& error : {Error{}, kFirst}) {
    ErrorGroup group(root);
    group.go([](const Context&) { return Error{}; });
    group.go([&](const Context&) { return error; });
    EXPECT_EQ(group.wait(), error);
    EXPECT_TRUE(group.context().done());
    EXPECT_FALSE(root.done());
  }
}

TEST(ErrorGroup, TryGo) {
  constexpr int kLimit = 42;
  ErrorGroup group;
  group.set_limit(kLimit);
  std::latch go_on(1);
  const auto blocked = [&](const Context&) {
    go_on.wait();
    return Error{};
  };
  const auto quick = [](const Context&) { return Error{}; };
  for (int i = 0; i < kLimit; ++i) EXPECT_TRUE(group.try_go(blocked)) << i;
  EXPECT_FALSE(group.try_go(quick));
  go_on.count_down();
  EXPECT_FALSE(group.wait());

  EXPECT_TRUE(group.try_go(quick));
  EXPECT_FALSE(group.wait());
  group.set_limit(1);
  std::latch again(1);
  EXPECT_TRUE(group.try_go([&](const Context&) {
    again.wait();
    return Error{};
  }));
  EXPECT_FALSE(group.try_go(quick));
  again.count_down();
  EXPECT_FALSE(group.wait());

  group.set_limit(ErrorGroup::kNoLimit);
  for (int i = 0; i < 100; ++i) EXPECT_TRUE(group.try_go(quick));
  EXPECT_FALSE(group.wait());
  group.set_limit(0);
  for (int i = 0; i < 10; ++i) EXPECT_FALSE(group.try_go(quick));
}

TEST(ErrorGroup, GoLimit) {
  constexpr int kLimit = 10;
  ErrorGroup group;
  group.set_limit(kLimit);
  std::atomic<int> active{0}, ran{0};
  for (int i = 0; i < 1000; ++i) {
    group.go([&](const Context&) {
      const int now = ++active;
      if (now > kLimit) return Error(Errc::exception, std::to_string(now) + " at once");
      std::this_thread::yield();
      --active;
      ++ran;
      return Error{};
    });
  }
  EXPECT_EQ(group.wait(), Error{});
  EXPECT_EQ(ran, 1000);
}

TEST(ErrorGroup, CancelCause) {
  const Context root = background();
  const std::vector<std::vector<Error>> cases{{Error{}}, {kFirst}, {kFirst, Error{}}};
  for (const std::vector<Error>& errors : cases) {
    ErrorGroup group(root);
    for (const Error& error : errors) group.go([error](const Context&) { return error; });
    const Error result = group.wait();
    EXPECT_EQ(result, errors.front());
    EXPECT_EQ(group.context().error(), Errc::canceled);
    EXPECT_EQ(group.context().cause(), result ? result : Error(Errc::canceled));
  }
}

TEST(ErrorGroup, Panic) {
  ErrorGroup group(background());
  group.go([](const Context&) -> Error { throw std::runtime_error("out of cheese"); });
  const Error error = group.wait();
  EXPECT_EQ(error, Error(Errc::exception, "out of cheese"));
  EXPECT_EQ(group.context().cause(), error);

  ErrorGroup coded;
  coded.go([](const Context&) -> Error { throw std::system_error(std::make_error_code(std::errc::io_error), "disk"); });
  EXPECT_EQ(coded.wait().code(), std::errc::io_error);

  ErrorGroup strange;
  strange.go([](const Context&) -> Error { throw 42; });
  EXPECT_EQ(strange.wait().code(), Errc::exception);
}

TEST(ErrorGroup, FirstErrorCancelsSiblingsWhileTheyRun) {
  ErrorGroup group(background());
  std::latch inside(2);
  std::atomic<int> canceled{0};
  for (int i = 0; i < 2; ++i) {
    group.go([&](const Context& context) {
      inside.count_down();
      if (!context.wait_for(kSoon)) return Error(Errc::exception, "nobody cancelled");
      ++canceled;
      return context.cause();
    });
  }
  inside.wait();
  group.go([](const Context&) { return kFirst; });
  EXPECT_EQ(group.wait(), kFirst);
  EXPECT_EQ(canceled, 2) << "wait returns when all are back";
}

TEST(ErrorGroup, FunctionsStartedAfterTheFailureSeeACancelledContext) {
  ErrorGroup group(background());
  group.go([](const Context&) { return kFirst; });
  EXPECT_TRUE(group.context().wait_for(kSoon));
  bool saw_it = false;
  group.go([&](const Context& context) {
    saw_it = context.done() && context.cause() == kFirst;
    return kSecond;
  });
  EXPECT_EQ(group.wait(), kFirst);
  EXPECT_TRUE(saw_it);
}

TEST(ErrorGroup, EndsWithItsParent) {
  auto parent = with_cancel(background());
  ErrorGroup group(parent.context);
  group.go([](const Context& context) {
    context.wait();
    return context.cause();
  });
  parent.cancel(kSecond);
  EXPECT_EQ(group.wait(), kSecond);
}

TEST(ErrorGroup, DestructorCancelsAndJoins) {
  std::atomic<bool> returned{false};
  {
    ErrorGroup group(background());
    group.go([&](const Context& context) {
      context.wait();
      returned = true;
      return Error{};
    });
  }
  EXPECT_TRUE(returned);
}

TEST(ErrorGroup, NamesItsThreads) {
  ErrorGroup group;
  std::string name;
  group.go("reader-of-a-long-name", [&](const Context&) {
    std::array<char, 16> text{};
    pthread_getname_np(pthread_self(), text.data(), text.size());
    name = text.data();
    return Error{};
  });
  EXPECT_FALSE(group.wait());
  EXPECT_EQ(name, "reader-of-a-lon");
}

TEST(ErrorGroup, RunsOnAnExecutor) {
  std::vector<std::thread> executor;
  {
    ErrorGroup group(background(), [&](std::function<void()> work) { executor.emplace_back(std::move(work)); });
    group.go([](const Context& context) {
      context.wait();
      return Error{};
    });
    group.go([](const Context&) { return kFirst; });
    EXPECT_EQ(group.wait(), kFirst);
  }
  for (std::thread& thread : executor) thread.join();

  ErrorGroup broken(background(), [](std::function<void()>) { throw std::runtime_error("no room"); });
  broken.go([](const Context&) { return Error{}; });
  EXPECT_EQ(broken.wait().message(), "no room");
}

}  // namespace
}  // namespace sluice::flow
