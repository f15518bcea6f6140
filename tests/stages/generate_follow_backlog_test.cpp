#include <gtest/gtest.h>

#include "stages/generate/follow/backlog.hpp"

namespace sluice::stages::follow {
namespace {

TEST(Backlog, HasAnAgeWhileThereIsSomethingToRead) {
  Backlog backlog;
  EXPECT_EQ(backlog.age().count(), 0);
  backlog.begins();
  while (backlog.age().count() == 0) continue;  // the clock moves
  const auto age = backlog.age();
  backlog.begins();
  EXPECT_GE(backlog.age(), age) << "the first one counts";
  backlog.ends();
  EXPECT_EQ(backlog.age().count(), 0);
}

}  // namespace
}  // namespace sluice::stages::follow
