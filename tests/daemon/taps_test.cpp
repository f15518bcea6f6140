#include "daemon/taps.hpp"

#include <gtest/gtest.h>

#include <chrono>
#include <set>
#include <string>
#include <vector>

#include "daemon/reject_samples.hpp"
#include "record/json_writer.hpp"

namespace sluice::daemon {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

record::Batch numbered(std::size_t count) {
  record::Batch batch;
  for (std::size_t i = 0; i < count; ++i) {
    batch.records().emplace_back(batch.arena().copy("line " + std::to_string(i)));
  }
  return batch;
}

std::vector<std::string> lines(Tap& tap) {
  std::vector<std::string> lines;
  for (const TapSample& sample : tap.take(milliseconds(0))) {
    for (const record::Record& record : sample.records) lines.emplace_back(record.line());
  }
  return lines;
}

TEST(Tap, LooksAtNoMoreThanItsRateAndCountsTheRest) {
  Tap tap(100);
  const auto now = Tap::Clock::now() + seconds(1);
  tap.offer(numbered(100), now);
  EXPECT_EQ(lines(tap).size(), 10U) << "a tenth of the rate at once";
  tap.offer(numbered(100), now + milliseconds(10));
  EXPECT_EQ(lines(tap).size(), 1U);
  EXPECT_EQ(tap.figures().passed, 200U);
  EXPECT_EQ(tap.figures().looked_at, 11U);
  EXPECT_EQ(tap.figures().dropped, 0U);
}

TEST(Tap, GetsToSeeEveryPlaceOfABatchInTime) {
  Tap tap(1);
  std::set<std::string> seen;
  auto now = Tap::Clock::now();
  for (int i = 0; i < 400; ++i) {
    tap.offer(numbered(10), now += seconds(1));
    for (const std::string& line : lines(tap)) seen.insert(line);
  }
  EXPECT_EQ(seen.size(), 10U);
}

TEST(Tap, DropsAndCountsWhatAViewerIsTooSlowFor) {
  Tap tap(Taps::kMostRate);
  auto now = Tap::Clock::now();
  for (int i = 0; i < 3; ++i) tap.offer(numbered(1000), now += milliseconds(100));
  EXPECT_EQ(tap.figures().looked_at, Tap::kMostRecords);
  EXPECT_EQ(tap.figures().dropped, 3000 - Tap::kMostRecords);
  EXPECT_EQ(lines(tap).size(), Tap::kMostRecords);
}

TEST(Tap, KeepsCopiesThatOutliveTheBatch) {
  Tap tap(10);
  {
    record::Batch batch;
    record::Record& record = batch.records().emplace_back();
    record.set_json(batch.arena().copy(R"({"a": [1, {"b": "text"}]})"), {});
    record.set({batch.arena().copy("c"), 0}, record::Value::string(batch.arena().copy("added")), batch.arena());
    tap.offer(batch, Tap::Clock::now());
  }
  const std::vector<TapSample> samples = tap.take(milliseconds(0));
  ASSERT_EQ(samples.size(), 1U);
  record::Buffer out;
  record::write_json(out, samples[0].records.at(0));
  EXPECT_EQ(out.view(), R"({"a": [1, {"b": "text"}],"c":"added"})");
}

TEST(Taps, GoOnOverAReloadThatKeepsTheirStageAndEndWithIt) {
  Taps taps;
  taps.stages_are({"parse-2", "write-3"});
  Taps::Refusal refusal{};
  const auto kept = taps.open("write-3", 10, refusal);
  const auto gone = taps.open("parse-2", 10, refusal);
  ASSERT_TRUE(kept && gone);
  taps.stages_are({"other", "write-3"});
  EXPECT_EQ(gone->end(), TapEnd::gone);
  EXPECT_EQ(kept->end(), TapEnd::none);
  taps.point("write-3").offer(numbered(1));
  EXPECT_EQ(lines(*kept).size(), 1U);
  EXPECT_EQ(taps.open("parse-2", 10, refusal), nullptr);
  EXPECT_EQ(refusal, Taps::Refusal::no_such_stage);
  taps.stop();
  EXPECT_EQ(kept->end(), TapEnd::stopping);
}

TEST(Taps, AreBoundedInNumber) {
  Taps taps;
  taps.stages_are({"parse-2"});
  Taps::Refusal refusal{};
  std::vector<std::shared_ptr<Tap>> open;
  for (std::size_t i = 0; i < Taps::kMost; ++i) open.push_back(taps.open("parse-2", 10, refusal));
  EXPECT_EQ(taps.open("parse-2", 10, refusal), nullptr);
  EXPECT_EQ(refusal, Taps::Refusal::too_many);
  taps.close("parse-2", open.back());
  EXPECT_NE(taps.open("parse-2", 10, refusal), nullptr);
}

TEST(RejectSamples, KeepRareOnesThroughAFloodOfOthers) {
  RejectSamples samples;
  stages::Rejection rare{};
  rare.reason = "rare";
  rare.raw = std::string(RejectSamples::kMostRaw + 1, 'x');
  samples.keep("parse-2", rare, {});
  stages::Rejection common{};
  common.reason = "common";
  for (int i = 0; i < 1000; ++i) samples.keep("parse-2", common, {});
  samples.count("parse-2", "common", 1000);
  const std::vector<RejectSample> newest = samples.newest();
  ASSERT_EQ(newest.size(), RejectSamples::kMost);
  EXPECT_EQ(newest.front().reason, "common");
  EXPECT_EQ(newest.back().reason, "rare");
  EXPECT_TRUE(newest.back().truncated);
  EXPECT_EQ(newest.back().raw.size(), RejectSamples::kMostRaw);
  ASSERT_EQ(samples.counts().size(), 1U);
  EXPECT_EQ(samples.counts()[0].count, 1000U);
}

}  // namespace
}  // namespace sluice::daemon
