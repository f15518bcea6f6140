#include "record/arena.hpp"

#include <gtest/gtest.h>

#include <cstdint>
#include <string>

namespace sluice::record {
namespace {

TEST(Arena, KeepsWhatItHandedOutUntilReset) {
  Arena arena;
  const std::string_view first = arena.copy("first");
  for (int i = 0; i < 10'000; ++i) arena.copy("some more text that fills chunk after chunk");
  EXPECT_EQ(first, "first");
}

TEST(Arena, AlignsAsAsked) {
  Arena arena;
  arena.allocate(1, 1);
  EXPECT_EQ(reinterpret_cast<std::uintptr_t>(arena.allocate(8, 8)) % 8, 0U);
  EXPECT_EQ(arena.make_array<double>(3).size(), 3U);
}

TEST(Arena, ServesRequestsLargerThanAChunk) {
  Arena arena;
  const std::string large(3'000'000, 'x');
  EXPECT_EQ(arena.copy(large), large);
}

TEST(Arena, AllocatesNothingNewAfterReset) {
  Arena arena;
  for (int i = 0; i < 1000; ++i) arena.allocate(100);
  const std::size_t footprint = arena.footprint();
  for (int round = 0; round < 100; ++round) {
    arena.reset();
    for (int i = 0; i < 1000; ++i) arena.allocate(100);
  }
  EXPECT_EQ(arena.footprint(), footprint);
}

TEST(Arena, GivesBackWhatIsBeyondTheLimitOnReset) {
  Arena arena;
  arena.allocate(5'000'000);
  arena.reset(64 * 1024);
  EXPECT_LE(arena.footprint(), 64U * 1024);
}

}  // namespace
}  // namespace sluice::record
