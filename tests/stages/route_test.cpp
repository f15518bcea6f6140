#include <gtest/gtest.h>

#include <random>
#include <string>
#include <vector>

#include "record/json.hpp"
#include "tests/support/json_stage.hpp"

namespace sluice::stages {
namespace {

using test::as_json;
using test::errors;
using test::JsonStage;
using Lines = std::vector<std::string>;

struct Outcome {
  std::vector<Lines> outputs;
  std::size_t copied = 0;
  Tally tally;
};

Outcome route(JsonStage& stage, const Lines& lines) {
  Outcome outcome;
  Router::Routed routed = stage.router().route(flow::background(), stage.batch(lines), outcome.tally);
  EXPECT_EQ(routed.outputs.size(), stage.router().outputs().size());
  for (record::Batch& batch : routed.outputs) outcome.outputs.push_back(as_json(batch));
  outcome.copied = routed.copied;
  return outcome;
}

const char* const kFirst = R"(route: {routes: {errors: 'level == "error"', slow: ms > 100}})";
const char* const kAll = R"(route: {routes: {errors: 'level == "error"', slow: ms > 100}, match: all})";

const std::string kBoth = R"({"level":"error","ms":200})";
const std::string kError = R"({"level":"error","ms":1})";
const std::string kSlow = R"({"level":"info","ms":200})";
const std::string kNeither = R"({"level":"info","ms":1})";

TEST(Route, HasItsOutputsInOrderAndThenOtherwise) {
  JsonStage stage(kFirst);
  EXPECT_EQ(stage.router().outputs(), (Lines{"errors", "slow", "otherwise"}));
}

TEST(Route, SendsEachRecordToTheFirstOutputThatFits) {
  JsonStage stage(kFirst);
  const Outcome outcome = route(stage, {kBoth, kSlow, kNeither, kError, kSlow});
  EXPECT_EQ(outcome.outputs, (std::vector<Lines>{{kBoth, kError}, {kSlow, kSlow}, {kNeither}}));
  EXPECT_EQ(outcome.copied, 0u);
}

TEST(Route, SendsEachRecordToAllOutputsThatFit) {
  JsonStage stage(kAll);
  const Outcome outcome = route(stage, {kBoth, kSlow, kNeither, kError, kBoth});
  EXPECT_EQ(outcome.outputs, (std::vector<Lines>{{kBoth, kError, kBoth}, {kBoth, kSlow, kBoth}, {kNeither}}));
  EXPECT_EQ(outcome.copied, 2u);
}

TEST(Route, TakesAnErrorForNoAndCountsIt) {
  JsonStage stage(kFirst);
  const Outcome outcome = route(stage, {R"({"ms":200})", R"({"level":"info"})"});
  EXPECT_EQ(outcome.outputs, (std::vector<Lines>{{}, {R"({"ms":200})"}, {R"({"level":"info"})"}}));
  EXPECT_EQ(errors(outcome.tally, "no_such_field"), 2u);
  EXPECT_EQ(outcome.tally.filtered, 0u);
}

TEST(Route, LeavesABatchWholeIfAllOfItGoesOneWay) {
  JsonStage stage(kFirst);
  record::Batch batch = stage.batch({kSlow, kSlow});
  const record::Arena* const memory = &batch.arena();
  Tally tally;
  Router::Routed routed = stage.router().route(flow::background(), std::move(batch), tally);
  EXPECT_EQ(&routed.outputs[1].arena(), memory);
}

TEST(Route, MakesCopiesThatDoNotShowEachOthersChanges) {
  JsonStage stage(kAll);
  record::FieldTable fields;
  const record::FieldKey a = fields.intern("a");
  const record::FieldKey b = fields.intern("b");
  record::Batch batch = stage.batch({kBoth, kBoth, kSlow});
  for (record::Record& record : batch.records()) record.set(a, record::Value::int64(1), batch.arena());
  Tally tally;
  Router::Routed routed = stage.router().route(flow::background(), std::move(batch), tally);
  record::Batch& errors = routed.outputs[0];
  record::Batch& slow = routed.outputs[1];
  for (record::Record& record : errors.records()) {
    record.set(a, record::Value::int64(2), errors.arena());
    record.set(b, record::Value::int64(3), errors.arena());
  }
  for (record::Record& record : slow.records()) record.set(b, record::Value::int64(4), slow.arena());
  EXPECT_EQ(as_json(errors)[1], R"({"level":"error","ms":200,"a":2,"b":3})");
  EXPECT_EQ(as_json(slow)[1], R"({"level":"error","ms":200,"a":1,"b":4})");
}

TEST(Route, KeepsTheMemoryOfWhatItShares) {
  JsonStage stage(kAll);
  record::Batch kept;
  {
    Tally tally;
    Router::Routed routed = stage.router().route(flow::background(), stage.batch({kBoth, kSlow, kSlow}), tally);
    kept = std::move(routed.outputs[0]);
  }
  EXPECT_EQ(as_json(kept), Lines{kBoth});
}

TEST(Route, ExplainsTheWayTaken) {
  JsonStage stage(kFirst);
  const std::string text = stage.explain(kSlow);
  EXPECT_NE(text.find("errors? no"), std::string::npos) << text;
  EXPECT_NE(text.find("slow? yes"), std::string::npos) << text;
  EXPECT_EQ(JsonStage(kFirst).explain(kBoth).find("slow"), std::string::npos) << "it was not asked";
  EXPECT_NE(stage.explain(R"({"ms":1})").find("errors? error: "), std::string::npos);
}

TEST(Route, PointsIntoAWrongCondition) {
  const test::StageUnderTest stage("route: {routes: {a: ms >}}");
  EXPECT_FALSE(stage.ok());
  EXPECT_NE(stage.complaints().find("stage.yaml:1:"), std::string::npos) << stage.complaints();
}

TEST(Route, RefusesOtherwiseAsAName) {
  EXPECT_FALSE(test::StageUnderTest("route: {routes: {otherwise: ms > 1}}").ok());
}

// Every record goes where its conditions say, in order, and nowhere else.
TEST(Route, ConservesRandomRecords) {
  for (const std::string match : {"first", "all"}) {
    JsonStage stage("route: {routes: {a: n % 2 == 0, b: n % 3 == 0, c: n > 500}, match: " + match + "}");
    std::mt19937 random(7);
    for (int round = 0; round < 20; ++round) {
      Lines lines;
      std::vector<Lines> expected(4);
      std::size_t total = 0;
      for (std::size_t i = random() % 200; i > 0; --i) {
        const unsigned n = static_cast<unsigned>(random() % 1000);
        lines.push_back("{\"n\":" + std::to_string(n) + "}");
        const bool fits[] = {n % 2 == 0, n % 3 == 0, n > 500};
        std::size_t taken = 0;
        for (std::size_t port = 0; port < 3 && (match == "all" || taken == 0); ++port) {
          if (fits[port]) expected[port].push_back(lines.back()), ++taken;
        }
        if (taken == 0) expected[3].push_back(lines.back()), taken = 1;
        total += taken;
      }
      const Outcome outcome = route(stage, lines);
      EXPECT_EQ(outcome.outputs, expected);
      EXPECT_EQ(outcome.copied, total - lines.size());
    }
  }
}

}  // namespace
}  // namespace sluice::stages
