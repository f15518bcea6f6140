#include "config/units.hpp"

#include <gtest/gtest.h>

#include <random>

namespace sluice::config {
namespace {

using std::chrono::nanoseconds;
using namespace std::chrono_literals;

TEST(Sizes, AreBytesWithDecimalAndBinaryUnits) {
  EXPECT_EQ(parse_size("0"), 0U);
  EXPECT_EQ(parse_size("512"), 512U);
  EXPECT_EQ(parse_size("512B"), 512U);
  EXPECT_EQ(parse_size("64KiB"), 65536U);
  EXPECT_EQ(parse_size("64 kib"), 65536U);
  EXPECT_EQ(parse_size("1MB"), 1'000'000U);
  EXPECT_EQ(parse_size("1.5GiB"), 1'610'612'736U);
  EXPECT_EQ(parse_size("9223372036854775807"), 9223372036854775807U);
}

TEST(Sizes, RejectEverythingElse) {
  for (const char* text : {"", "-1", "B", "1.5", "64K", "64 Ki B", "1e3", "0x10", "9223372036854775808", "9000000TiB",
                           "99999999999999999999", "1,5MB", "1MB2"}) {
    EXPECT_FALSE(parse_size(text)) << text;
  }
}

TEST(Durations, TakeUnitsFromLargeToSmall) {
  EXPECT_EQ(parse_duration("0"), 0ns);
  EXPECT_EQ(parse_duration("250ms"), 250ms);
  EXPECT_EQ(parse_duration("5s"), 5s);
  EXPECT_EQ(parse_duration("1.5s"), 1500ms);
  EXPECT_EQ(parse_duration("2m"), 2min);
  EXPECT_EQ(parse_duration("1h30m"), 90min);
  EXPECT_EQ(parse_duration("7d"), 168h);
  EXPECT_EQ(parse_duration("10us"), 10us);
  EXPECT_EQ(parse_duration("10µs"), 10us);
  EXPECT_EQ(parse_duration("3ns"), 3ns);
}

TEST(Durations, RejectEverythingElse) {
  for (const char* text : {"", "5", "-5s", "s", "5 s", "30m1h", "1h1h", "5sec", "1.h", "300000d", "1e3s", "5s3"}) {
    EXPECT_FALSE(parse_duration(text)) << text;
  }
}

TEST(Rates, AreACountPerTime) {
  EXPECT_EQ(parse_rate("100/s"), (Rate{100, 1s}));
  EXPECT_EQ(parse_rate("5/m"), (Rate{5, 1min}));
  EXPECT_EQ(parse_rate("0.5 / s"), (Rate{0.5, 1s}));
  EXPECT_EQ(parse_rate("20/500ms"), (Rate{20, 500ms}));
  EXPECT_DOUBLE_EQ(parse_rate("20/500ms")->per_second(), 40);
  for (const char* text : {"", "100", "/s", "100/", "100/0s", "-1/s", "100/x", "1/s/s"}) {
    EXPECT_FALSE(parse_rate(text)) << text;
  }
}

TEST(Units, AreReadBackAsFormatted) {
  EXPECT_EQ(format_size(262144), "256KiB");
  EXPECT_EQ(format_size(1'000'000), "1MB");
  EXPECT_EQ(format_duration(1500ms), "1500ms");
  EXPECT_EQ(format_duration(90min), "90m");
  EXPECT_EQ(format_rate({100, 1s}), "100/s");
  EXPECT_EQ(format_rate({20, 500ms}), "20/500ms");
  const auto seed = std::random_device()();
  SCOPED_TRACE(seed);
  std::mt19937_64 random(seed);
  for (int i = 0; i < 2000; ++i) {
    const std::uint64_t value = random() >> (1 + random() % 62);
    EXPECT_EQ(parse_size(format_size(value)), value);
    const nanoseconds time(static_cast<std::int64_t>(value));
    EXPECT_EQ(parse_duration(format_duration(time)), time);
  }
}

TEST(Size, IsRoughInReports) {
  EXPECT_EQ(format_rough_size(0), "0 B");
  EXPECT_EQ(format_rough_size(999), "999 B");
  EXPECT_EQ(format_rough_size(1000), "1.0 kB");
  EXPECT_EQ(format_rough_size(999'949), "999.9 kB");
  EXPECT_EQ(format_rough_size(999'950), "1.0 MB");
  EXPECT_EQ(format_rough_size(18.4e18), "18.4 EB");
}

}  // namespace
}  // namespace sluice::config
