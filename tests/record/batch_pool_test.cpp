#include "record/batch_pool.hpp"

#include <gtest/gtest.h>

#include <string>
#include <utility>
#include <vector>

namespace sluice::record {
namespace {

TEST(BatchPool, GivesNothingWhileTheBudgetIsUnderWay) {
  BatchPool pool(1024, 2);
  auto first = pool.try_acquire();
  auto second = pool.try_acquire();
  ASSERT_TRUE(first && second);
  EXPECT_FALSE(pool.try_acquire());
  first.reset();
  EXPECT_TRUE(pool.try_acquire());
}

TEST(BatchPool, UsesTheMemoryOfABatchAgain) {
  BatchPool pool(1024, 2);
  auto batch = pool.try_acquire();
  const char* slab = batch->slab().data();
  batch->slab().append("a line");
  batch->records().reserve(100);
  batch->output().append("text");
  pool.recycle(std::move(*batch));
  batch.reset();

  auto again = pool.try_acquire();
  EXPECT_EQ(again->slab().data(), slab);
  EXPECT_TRUE(again->slab().empty());
  EXPECT_TRUE(again->output().empty());
  EXPECT_GE(again->output().capacity(), 4u);
  EXPECT_GE(again->records().capacity(), 100u);
  EXPECT_TRUE(again->records().empty());
}

TEST(BatchPool, KeepsAStorageAsLongAsASharedBatchPointsIntoIt) {
  BatchPool pool(1024, 1);
  auto batch = pool.try_acquire();
  batch->slab().append("a line");
  batch->records().emplace_back(batch->slab().view());
  Batch copy = batch->share();
  copy.records() = batch->records();
  pool.recycle(std::move(*batch));
  batch.reset();
  EXPECT_FALSE(pool.try_acquire());
  EXPECT_EQ(copy.records().front().line(), "a line");
  copy = Batch();
  EXPECT_TRUE(pool.try_acquire());
}

TEST(BatchPool, LetsASlabAboveTheBudgetThroughAlone) {
  BatchPool pool(1024, 2);
  auto ordinary = pool.try_acquire();
  EXPECT_FALSE(pool.try_acquire(1 << 20));
  ordinary.reset();
  auto large = pool.try_acquire(1 << 20);
  ASSERT_TRUE(large);
  EXPECT_GE(large->slab().capacity(), std::size_t{1} << 20);
  EXPECT_FALSE(pool.try_acquire());
  large.reset();
  auto next = pool.try_acquire();
  ASSERT_TRUE(next);
  EXPECT_LT(next->slab().capacity(), std::size_t{1} << 20) << "an outsize slab must not stay resident";
}

TEST(BatchPool, TellsWhenMemoryComesBackAndBatchesOutliveIt) {
  int returned = 0;
  std::optional<Batch> last;
  {
    BatchPool pool(1024, 2, [&] { ++returned; });
    auto batch = pool.try_acquire();
    batch.reset();
    EXPECT_EQ(returned, 1);
    last = pool.try_acquire();
    EXPECT_EQ(pool.bytes_under_way(), 1024u);
  }
  last.reset();
  EXPECT_EQ(returned, 1);
}

}  // namespace
}  // namespace sluice::record
