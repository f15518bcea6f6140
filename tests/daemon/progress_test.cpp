#include "daemon/progress.hpp"

#include <gtest/gtest.h>

#include <memory>
#include <string>

#include "daemon/log.hpp"

namespace sluice::daemon {
namespace {

using namespace std::chrono_literals;

LedgerSnapshot at(std::chrono::nanoseconds elapsed, std::uint64_t bytes, std::uint64_t records) {
  LedgerSnapshot ledger;
  ledger.elapsed = elapsed;
  ledger.bytes_in = bytes;
  ledger.received = records;
  return ledger;
}

TEST(Progress, SaysHowFarItIsHowFastItGoesAndHowLongItTakes) {
  ProgressText text({2'000'000});
  EXPECT_EQ(text.next(at(1s, 500'000, 1000)), " 25%  500.0 kB of 2.0 MB  500.0 kB/s  1000 records/s  0:03 left");
  EXPECT_EQ(text.next(at(2s, 1'000'000, 2000)), " 50%  1.0 MB of 2.0 MB  500.0 kB/s  1000 records/s  0:02 left");
  EXPECT_EQ(text.next(at(4s, 2'000'000, 4000)), "100%  2.0 MB of 2.0 MB  500.0 kB/s  1000 records/s  0:00 left");
}

TEST(Progress, ForgetsHowFastItWasBefore) {
  ProgressText text({1'000'000'000});
  text.next(at(1s, 100'000'000, 1000));
  text.next(at(2s, 200'000'000, 2000));
  for (int second = 3; second < 10; ++second) text.next(at(std::chrono::seconds(second), 200'000'000, 2000));
  EXPECT_EQ(text.next(at(10s, 200'000'000, 2000)), " 20%  200.0 MB of 1.0 GB  0 B/s  0 records/s  -:-- left");
}

TEST(Progress, KnowsNoEndOfFilesThatAreCompressedOrLongerThanTheyWere) {
  ProgressText compressed(Workload{});
  EXPECT_EQ(compressed.next(at(61s, 6'100, 61)), "6.1 kB  100 B/s  1 records/s  1:01");
  ProgressText grown({1000});
  EXPECT_EQ(grown.next(at(1h, 3600, 7200)), "3.6 kB  1 B/s  2 records/s  1:00:00");
}

TEST(Progress, MessagesStandOnLinesOfTheirOwnAboveIt) {
  std::string screen;
  const auto line = std::make_shared<ProgressLine>([&](std::string_view text) { screen += text; }, [] { return 80; });
  const auto log = make_log(spdlog::level::info, LogFormat::text, line);
  log->info("before");
  EXPECT_TRUE(screen.ends_with(" info before\n")) << screen;
  EXPECT_EQ(screen.find('\x1b'), std::string::npos) << "no line, nothing to remove";
  screen.clear();
  line->show("half");
  EXPECT_EQ(screen, "\r\x1b[Khalf\r");
  screen.clear();
  log->info("meanwhile");
  EXPECT_TRUE(screen.starts_with("\r\x1b[K2")) << screen;
  EXPECT_TRUE(screen.ends_with(" info meanwhile\nhalf\r")) << screen;
  screen.clear();
  line->show("");
  EXPECT_EQ(screen, "\r\x1b[K");
  screen.clear();
  line->show("");
  EXPECT_EQ(screen, "") << "it was gone already";
}

TEST(Progress, NeverFillsTheLastColumn) {
  std::string screen;
  ProgressLine line([&](std::string_view text) { screen += text; }, [] { return 10; });
  line.show("0123456789abcdef");
  EXPECT_EQ(screen, "\r\x1b[K012345678\r");
}

}  // namespace
}  // namespace sluice::daemon
