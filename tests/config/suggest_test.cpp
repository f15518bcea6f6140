#include "config/suggest.hpp"

#include <gtest/gtest.h>

#include <vector>

namespace sluice::config {
namespace {

const std::vector<std::string> kNames{"where", "sample", "limit", "dedupe", "key"};

TEST(EditDistance, CountsInsertionsDeletionsSubstitutionsAndSwaps) {
  EXPECT_EQ(edit_distance("", "abc"), 3U);
  EXPECT_EQ(edit_distance("where", "wher"), 1U);
  EXPECT_EQ(edit_distance("where", "wheer"), 1U);
  EXPECT_EQ(edit_distance("kitten", "sitting"), 3U);
  EXPECT_EQ(edit_distance("WHERE", "where"), 0U);
}

TEST(NearestName, FindsWhatWasMeant) {
  EXPECT_EQ(nearest_name("wher", kNames), "where");
  EXPECT_EQ(nearest_name("Where", kNames), "where");
  EXPECT_EQ(nearest_name("ded", kNames), "dedupe");
  EXPECT_EQ(nearest_name("whree", kNames), "where");
}

TEST(NearestName, IsSilentWhenNothingIsNear) {
  EXPECT_FALSE(nearest_name("rotation", kNames));
  EXPECT_FALSE(nearest_name("", kNames));
  EXPECT_FALSE(nearest_name("zzz", kNames));
  EXPECT_FALSE(nearest_name(std::string(100000, 'w'), kNames));
}

TEST(Suggestion, ListsTheNamesWhenNoneIsNear) {
  EXPECT_EQ(suggestion("wher", kNames), "did you mean `where`?");
  EXPECT_EQ(suggestion("rotation", kNames), "expected one of: `where`, `sample`, `limit`, `dedupe` or `key`");
  EXPECT_EQ(suggestion("x", {}), "");
}

}  // namespace
}  // namespace sluice::config
