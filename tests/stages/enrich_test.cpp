#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "stages/registry.hpp"
#include "tests/support/run_stage.hpp"

namespace sluice::stages {
namespace {

using Lines = std::vector<std::string>;

std::string enrich(const std::string& options, const std::string& line = "hello") {
  const test::StageOutcome outcome = test::run_stage("enrich: " + options, {line});
  return outcome.output.empty() ? "" : outcome.output.front();
}

TEST(Enrich, SetsLiteralsOfEveryYamlType) {
  EXPECT_EQ(enrich("{fields: {s: fra1, quoted: '80', i: 80, hex: 0x10, f: 1.5, whole: 2.0, big: 18446744073709551615, "
                   "t: true, n: null, l: [a, 1, [x]], m: {k: v, e: {}}, e: []}}"),
            R"({"message":"hello","s":"fra1","quoted":"80","i":80,"hex":16,"f":1.5,"whole":2.0,)"
            R"("big":18446744073709551615,"t":true,"n":null,"l":["a",1,["x"]],"m":{"k":"v","e":{}},"e":[]})");
}

TEST(Enrich, EscapesLiteralStrings) {
  EXPECT_EQ(enrich(R"({fields: {s: "a \"b\" \n ü"}})"), R"({"message":"hello","s":"a \"b\" \n ü"})");
}

TEST(Enrich, ReplacesAFieldInItsPlace) {
  EXPECT_EQ(enrich("{fields: {a: 1, message: bye}}"), R"({"message":"bye","a":1})");
}

TEST(Enrich, LiteralsCanBeReadByExpressions) {
  EXPECT_EQ(enrich("{fields: {i: 80, s: fra1, l: [1, 2]}, compute: {j: i + 1, t: s + \"!\", n: size(l)}}"),
            R"({"message":"hello","i":80,"s":"fra1","l":[1,2],"j":81,"t":"fra1!","n":2})");
}

TEST(Enrich, ComputesInOrderEachSeeingTheOnesBefore) {
  EXPECT_EQ(enrich("{compute: {n: size(message), twice: n * 2}}"), R"({"message":"hello","n":5,"twice":10})");
}

TEST(Enrich, LeavesAFieldUnsetWhenItsExpressionFailsAndCountsIt) {
  const auto outcome = test::run_stage("enrich: {compute: {a: missing + 1, b: size(message)}}", {"x", "y"});
  EXPECT_EQ(outcome.output, (Lines{R"({"message":"x","b":1})", R"({"message":"y","b":1})"}));
  ASSERT_EQ(outcome.tally.errors.size(), 1u);
  EXPECT_EQ(outcome.tally.errors[0].first, "no_such_field");
  EXPECT_EQ(outcome.tally.errors[0].second, 2u);
}

TEST(Enrich, RenamesInPlace) {
  EXPECT_EQ(enrich("{fields: {a: 1}, rename: {message: text, missing: other}}"), R"({"text":"hello","a":1})");
}

TEST(Enrich, RenamingReplacesAFieldThatHadTheName) {
  EXPECT_EQ(enrich("{fields: {a: 1}, rename: {message: a}}"), R"({"a":"hello"})");
}

TEST(Enrich, RefusesToRenameAFieldToItself) {
  const test::StageUnderTest stage("enrich: {rename: {a: a}}");
  EXPECT_FALSE(stage.ok());
  EXPECT_NE(stage.complaints().find("renamed to itself"), std::string::npos) << stage.complaints();
}

TEST(Enrich, DropsFields) { EXPECT_EQ(enrich("{fields: {a: 1, b: 2}, drop: [message, b, none]}"), R"({"a":1})"); }

TEST(Enrich, KeepsOnlyTheFieldsNamedInTheRecordsOrder) {
  EXPECT_EQ(enrich("{fields: {a: 1, b: 2}, keep: [b, message]}"), R"({"message":"hello","b":2})");
}

TEST(Enrich, RunsItsOperationsInTheOrderOfTheConfiguration) {
  EXPECT_EQ(enrich("{drop: message, fields: {message: new}}"), R"({"message":"new"})");
  EXPECT_EQ(enrich("{fields: {message: new}, drop: message}"), "{}");
}

TEST(Enrich, PointsIntoAWrongExpression) {
  const test::StageUnderTest stage("enrich: {compute: {ok: size(message), bad: 1 +}}");
  EXPECT_FALSE(stage.ok());
  EXPECT_NE(stage.complaints().find("stage.yaml:1:"), std::string::npos) << stage.complaints();
}

TEST(Enrich, NeedsAnOperation) {
  const test::StageUnderTest stage("enrich: {}");
  EXPECT_FALSE(stage.ok());
}

}  // namespace
}  // namespace sluice::stages
