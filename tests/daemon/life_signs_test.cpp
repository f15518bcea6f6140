#include "daemon/life_signs.hpp"

#include <gtest/gtest.h>

#include <atomic>

namespace sluice::daemon {
namespace {

TEST(LifeJudge, AnIdlePipelineIsAlive) {
  LifeJudge judge;
  EXPECT_TRUE(judge.judge({7, false, false, {}}).alive);
  EXPECT_TRUE(judge.judge({7, false, false, {}}).alive);
}

TEST(LifeJudge, WorkWithoutProgressIsNoLife) {
  LifeJudge judge;
  EXPECT_TRUE(judge.judge({7, true, false, {}}).alive);  // nothing to compare with yet
  EXPECT_FALSE(judge.judge({7, true, false, {}}).alive);
  EXPECT_FALSE(judge.judge({7, true, false, {}}).alive);
  EXPECT_TRUE(judge.judge({8, true, false, {}}).alive);
  EXPECT_TRUE(judge.judge({8, false, false, {}}).alive);
}

// The grace period bounds it, also while a slow peer takes nothing.
TEST(LifeJudge, ADrainGetsMoreTime) {
  LifeJudge judge;
  EXPECT_FALSE(judge.judge({1, true, false, {}}).ask_for_time);
  EXPECT_TRUE(judge.judge({2, true, true, {}}).ask_for_time);
  EXPECT_TRUE(judge.judge({2, true, true, {}}).ask_for_time);
}

TEST(LifeJudge, AStatusIsToldWhenItChanges) {
  LifeJudge judge;
  EXPECT_FALSE(judge.judge({1, false, false, {}}).tell_status);
  EXPECT_TRUE(judge.judge({1, false, false, "a"}).tell_status);
  EXPECT_FALSE(judge.judge({1, false, false, "a"}).tell_status);
  EXPECT_TRUE(judge.judge({1, false, false, "b"}).tell_status);
}

TEST(LifeSigns, NobodyLooksWithoutAServiceManager) {
  for (const char* name : kServiceManagerVariables) unsetenv(name);
  std::atomic<int> looks = 0;
  {
    const ServiceManager manager;
    const LifeSigns signs(manager, [&] {
      ++looks;
      return Sight{};
    });
  }
  EXPECT_EQ(looks, 0);
}

}  // namespace
}  // namespace sluice::daemon
