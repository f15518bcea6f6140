// sample, limit and dedupe.
#include <gtest/gtest.h>

#include <list>
#include <random>
#include <set>
#include <string>
#include <unordered_map>
#include <vector>

#include "stages/filter/key_hash.hpp"
#include "stages/filter/key_table.hpp"
#include "tests/support/json_stage.hpp"

namespace sluice::stages {
namespace {

using namespace std::chrono_literals;
using test::errors;
using test::JsonStage;
using test::ManualClock;
using Lines = std::vector<std::string>;

std::string user(const std::string& name) { return R"({"user":")" + name + R"("})"; }

Lines users(std::size_t count) {
  Lines lines;
  for (std::size_t i = 0; i < count; ++i) lines.push_back(user("user-" + std::to_string(i)));
  return lines;
}

// Values of the reference implementation (xxHash 0.8.1, xxhsum -H1).
TEST(KeyHash, IsTheSameForEver) {
  EXPECT_EQ(key_hash(""), 0xef46db3751d8e999u);
  EXPECT_EQ(key_hash("a"), 0xd24ec4f1a98c6e5bu);
  EXPECT_EQ(key_hash("abc"), 0x44bc2cf5ad770999u);
  EXPECT_EQ(key_hash("Nobody inspects the spammish repetition"), 0xfbcea83c8a378bf1u);
}

TEST(Sample, GivesTheSameKeyTheSameAnswer) {
  JsonStage stage("filter: {sample: 0.5, key: user}");
  // ada falls at 0.83, bob at 0.57, cyd at 0.19, dan at 0.02.
  EXPECT_EQ(stage.run({user("ada"), user("bob"), user("cyd"), user("dan"), user("cyd"), user("ada")}).output,
            (Lines{user("cyd"), user("dan"), user("cyd")}));
  EXPECT_FALSE(stage.processor().serial());
}

TEST(Sample, KeepsAboutTheShareAndWhoIsKeptAtLessIsKeptAtMore) {
  const Lines all = users(20'000);
  const Lines few = JsonStage("filter: {sample: 0.01, key: user}").run(all).output;
  const Lines more = JsonStage("filter: {sample: 0.1, key: user}").run(all).output;
  EXPECT_NEAR(static_cast<double>(few.size()), 200, 60);
  EXPECT_NEAR(static_cast<double>(more.size()), 2000, 200);
  const std::set<std::string> kept(more.begin(), more.end());
  for (const std::string& line : few) EXPECT_TRUE(kept.contains(line)) << line;
}

TEST(Sample, KeepsAllAtOneAndNoneAtZero) {
  EXPECT_EQ(JsonStage("filter: {sample: 1, key: user}").run(users(1000)).output.size(), 1000u);
  EXPECT_EQ(JsonStage("filter: {sample: 0, key: user}").run(users(1000)).tally.filtered, 1000u);
}

TEST(Sample, TakesTheLineWithoutAKey) {
  JsonStage stage("filter: {sample: 0.5}");
  const Lines once = stage.run(users(1000)).output;
  EXPECT_NEAR(static_cast<double>(once.size()), 500, 100);
  EXPECT_EQ(stage.run(users(1000)).output, once);
}

TEST(Sample, TakesAnyExpressionForAKeyAndItsTextWhateverItsType) {
  JsonStage stage(R"(filter: {sample: 0.5, key: 'string(a) + "d"'})");
  EXPECT_EQ(stage.run({R"({"a":"cy"})", R"({"a":"a"})"}).output, (Lines{R"({"a":"cy"})"}));
  JsonStage number("filter: {sample: 0.5, key: n}");
  EXPECT_EQ(number.run({R"({"n":17})"}).output.size(), number.run({R"({"n":"17"})"}).output.size());
}

TEST(Sample, DoesWithoutAKeyWhatOnErrorSays) {
  const std::string record = R"({"other":1})";
  const auto dropped = JsonStage("filter: {sample: 1, key: user}").run({record});
  EXPECT_EQ(dropped.tally.filtered, 1u);
  EXPECT_EQ(errors(dropped.tally, "no_such_field"), 1u);
  EXPECT_EQ(JsonStage("filter: {sample: 0, key: user, on_error: keep}").line(record), record);
  const auto rejected = JsonStage("filter: {sample: 1, key: user, on_error: reject}").run({record});
  ASSERT_EQ(rejected.tally.rejections.size(), 1u);
  EXPECT_EQ(rejected.tally.rejections[0].reason, "no_such_field");
  EXPECT_NE(rejected.tally.rejections[0].detail.find("user"), std::string::npos);
}

TEST(Sample, ExplainsWhereTheKeyFalls) {
  EXPECT_EQ(JsonStage("filter: {sample: 0.5, key: user}").explain(user("ada")),
            "sample 0.5: `user` (`ada`) falls at 0.825870: left out\n");
}

TEST(Sample, MustBeAShare) {
  EXPECT_FALSE(test::StageUnderTest("filter: {sample: 1.5}").ok());
  EXPECT_FALSE(test::StageUnderTest("filter: {sample: -1}").ok());
}

TEST(FilterKey, NeedsSomethingToBeTheKeyOf) {
  const test::StageUnderTest stage("filter: {where: true, key: user}");
  EXPECT_NE(stage.complaints().find("without `sample` or `limit`"), std::string::npos) << stage.complaints();
}

TEST(FilterKey, PointsIntoAWrongExpression) {
  const test::StageUnderTest stage("filter: {limit: 1/s, key: user +}");
  EXPECT_FALSE(stage.ok());
  EXPECT_NE(stage.complaints().find("stage.yaml:1:"), std::string::npos) << stage.complaints();
}

TEST(Limit, LetsABurstThroughAndThenTheRate) {
  ManualClock time;
  JsonStage stage("filter: {limit: 10/s}", time.clock());
  EXPECT_TRUE(stage.processor().serial());
  EXPECT_EQ(stage.run(users(50)).output.size(), 10u);
  time.advance(100ms);
  EXPECT_EQ(stage.run(users(50)).output.size(), 1u);
  time.advance(250ms);
  EXPECT_EQ(stage.run(users(50)).output.size(), 2u);
  time.advance(50ms);
  EXPECT_EQ(stage.run(users(50)).output.size(), 1u) << "the half that was left over counts";
  time.advance(1h);
  EXPECT_EQ(stage.run(users(50)).output.size(), 10u) << "a pause saves no more than a burst";
}

TEST(Limit, LosesNothingToFractions) {
  ManualClock time;
  JsonStage stage("filter: {limit: 3/s, burst: 2}", time.clock());
  std::size_t kept = stage.run(users(5)).output.size();
  for (int i = 0; i < 3000; ++i) {
    time.advance(100ms);
    kept += stage.run(users(5)).output.size();
  }
  EXPECT_NEAR(static_cast<double>(kept), 902, 1);
}

TEST(Limit, CountsEachKeyOnItsOwn) {
  ManualClock time;
  JsonStage stage("filter: {limit: 2/m, key: user}", time.clock());
  EXPECT_EQ(stage.run({user("a"), user("a"), user("a"), user("b"), user("a"), user("b"), user("b")}).output,
            (Lines{user("a"), user("a"), user("b"), user("b")}));
  time.advance(30s);
  EXPECT_EQ(stage.run({user("a"), user("a"), user("b")}).output, (Lines{user("a"), user("b")}));
}

TEST(Limit, TakesABurst) {
  ManualClock time;
  JsonStage stage("filter: {limit: 1/s, burst: 5}", time.clock());
  EXPECT_EQ(stage.run(users(20)).output.size(), 5u);
  time.advance(3s);
  EXPECT_EQ(stage.run(users(20)).output.size(), 3u);
}

TEST(Limit, ForgetsTheKeyNotSeenForLongestAndSaysSo) {
  ManualClock time;
  JsonStage stage("filter: {limit: 1/h, key: user, max_keys: 2}", time.clock());
  const auto first = stage.run({user("a"), user("b"), user("a"), user("c")});
  EXPECT_EQ(first.output, (Lines{user("a"), user("b"), user("c")}));
  EXPECT_EQ(errors(first.tally, "limit_keys_evicted"), 1u);
  EXPECT_EQ(stage.run({user("a")}).output.size(), 0u) << "`b` was forgotten, not `a`";
  time.advance(2h);
  EXPECT_EQ(errors(stage.run({user("d"), user("e")}).tally, "limit_keys_evicted"), 0u) << "full buckets cost nothing";
}

TEST(Dedupe, LetsTheFirstOfEachKeyOnUntilItsWindowEnds) {
  ManualClock time;
  JsonStage stage("filter: {dedupe: {key: user, window: 1m}}", time.clock());
  EXPECT_TRUE(stage.processor().serial());
  EXPECT_EQ(stage.run({user("a"), user("b"), user("a")}).output, (Lines{user("a"), user("b")}));
  time.advance(40s);
  EXPECT_EQ(stage.run({user("a"), user("c")}).output, (Lines{user("c")}));
  time.advance(20s);
  EXPECT_EQ(stage.run({user("a"), user("c")}).output, (Lines{user("a")})) << "what was swallowed renews nothing";
}

TEST(Dedupe, TakesTheLineWithoutAKey) {
  JsonStage stage("filter: {dedupe: {window: 1m}}");
  EXPECT_EQ(stage.run({R"({"a":1})", R"({"a":1})", R"({"a": 1})"}).output, (Lines{R"({"a":1})", R"({"a": 1})"}));
}

TEST(Dedupe, IsBoundedInSizeAndSaysWhatItForgot) {
  ManualClock time;
  JsonStage stage("filter: {dedupe: {key: user, max_keys: 2}}", time.clock());
  const auto outcome = stage.run({user("a"), user("b"), user("c"), user("b"), user("a")});
  EXPECT_EQ(outcome.output, (Lines{user("a"), user("b"), user("c"), user("a")}));
  EXPECT_EQ(errors(outcome.tally, "dedupe_keys_evicted"), 2u);
}

TEST(Dedupe, TellsLongKeysApart) {
  const std::string stem(10'000, 'x');
  JsonStage stage("filter: {dedupe: {key: user}}");
  EXPECT_EQ(stage.run({user(stem + "a"), user(stem + "b"), user(stem + "a")}).output.size(), 2u);
}

TEST(Filter, AsksItsConditionsInTheOrderOfTheConfiguration) {
  const Lines lines = {R"({"k":1,"ok":false})", R"({"k":1,"ok":true})", R"({"k":1,"ok":true})"};
  EXPECT_EQ(JsonStage("filter: {where: ok, dedupe: {key: k}}").run(lines).output, (Lines{lines[1]}));
  EXPECT_EQ(JsonStage("filter: {dedupe: {key: k}, where: ok}").run(lines).output, Lines{});
}

TEST(Filter, CountsWhatEachConditionEndsOnce) {
  ManualClock time;
  JsonStage stage("filter: {where: n > 1, sample: 1, limit: 2/h, dedupe: {key: n}, on_error: reject}", time.clock());
  const auto outcome = stage.run({R"({"n":1})", R"({"n":2})", R"({"n":2})", R"({"n":3})", R"({"m":0})"});
  EXPECT_EQ(outcome.output, (Lines{R"({"n":2})"}));
  EXPECT_EQ(outcome.tally.filtered, 3u);
  EXPECT_EQ(outcome.tally.rejections.size(), 1u);
}

// Against a list and a map of the standard library.
TEST(KeyTable, BehavesLikeItsModel) {
  constexpr std::size_t kCapacity = 1500;  // more than the buckets to begin with
  std::mt19937 random(1);
  KeyTable<int> table(kCapacity);
  std::list<std::pair<std::string, int>> ages;  // newest first
  std::unordered_map<std::string, std::list<std::pair<std::string, int>>::iterator> known;
  for (int i = 0; i < 20'000; ++i) {
    std::string key = std::to_string(random() % 3000);
    if (random() % 2 == 0) key += std::string(60, '-');
    int* const found = table.find(key);
    const auto expected = known.find(key);
    ASSERT_EQ(found != nullptr, expected != known.end()) << key;
    if (found != nullptr) {
      ASSERT_EQ(*found, expected->second->second);
      table.renew(*found);
      ages.splice(ages.begin(), ages, expected->second);
      continue;
    }
    if (table.full()) {
      ASSERT_EQ(table.oldest(), ages.back().second);
      table.remove_oldest();
      known.erase(ages.back().first);
      ages.pop_back();
    }
    table.insert(key) = i;
    ages.emplace_front(key, i);
    known[key] = ages.begin();
    ASSERT_EQ(table.size(), ages.size());
  }
  EXPECT_TRUE(table.full());
}

}  // namespace
}  // namespace sluice::stages
