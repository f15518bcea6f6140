#include "daemon/barrier.hpp"

#include <gtest/gtest.h>

#include <atomic>
#include <thread>
#include <vector>

#include "tests/support/scale.hpp"

namespace sluice::daemon {
namespace {

TEST(Barrier, LetsNobodyInWhileItIsClosed) {
  const flow::Context root = flow::background();
  Barrier barrier;
  std::atomic<int> inside{0};
  std::atomic<bool> stop{false};
  std::vector<std::thread> passers;
  for (int i = 0; i < 3; ++i) {
    passers.emplace_back([&] {
      while (!stop) {
        EXPECT_FALSE(barrier.enter(root));
        ++inside;
        --inside;
        barrier.leave();
      }
    });
  }
  while (barrier.passages() == 0) std::this_thread::yield();
  for (std::size_t i = 0; i < test::scaled(2000); ++i) {
    EXPECT_FALSE(barrier.close(root));
    EXPECT_EQ(inside, 0);
    std::this_thread::yield();
    EXPECT_EQ(inside, 0);
    barrier.open();
  }
  stop = true;
  for (std::thread& each : passers) each.join();
}

TEST(Barrier, WaitsForWhoIsInside) {
  const flow::Context root = flow::background();
  Barrier barrier;
  ASSERT_FALSE(barrier.enter(root));
  std::atomic<bool> closed{false};
  std::thread closer([&] {
    EXPECT_FALSE(barrier.close(root));
    closed = true;
  });
  std::this_thread::yield();
  EXPECT_FALSE(closed);
  barrier.leave();
  closer.join();
  EXPECT_TRUE(closed);
}

TEST(Barrier, GivesUpWithTheContext) {
  flow::Cancellable waiting = flow::with_cancel(flow::background());
  Barrier barrier;
  ASSERT_FALSE(barrier.close(flow::background()));
  std::thread entering([&] { EXPECT_TRUE(barrier.enter(waiting.context)); });
  waiting.handle.cancel();
  entering.join();
  barrier.open();
  ASSERT_FALSE(barrier.enter(flow::background()));
  EXPECT_TRUE(barrier.close(waiting.context)) << "somebody is inside";
}

}  // namespace
}  // namespace sluice::daemon
