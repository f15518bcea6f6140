#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "stages/registry.hpp"
#include "tests/support/run_stage.hpp"

namespace sluice::stages {
namespace {

using Lines = std::vector<std::string>;

// A filter over raw lines, whose only field is `message`.
test::StageOutcome filter(const std::string& yaml, const Lines& lines) { return test::run_stage(yaml, lines); }

TEST(Filter, LetsRecordsOnForWhichTheExpressionIsTrue) {
  const auto outcome = filter("filter: message.startsWith(\"b\")", {"a1", "b1", "c1", "b2"});
  EXPECT_EQ(outcome.output, (Lines{R"({"message":"b1"})", R"({"message":"b2"})"}));
  EXPECT_EQ(outcome.tally.filtered, 2u);
  EXPECT_TRUE(outcome.tally.errors.empty());
}

TEST(Filter, CountsErrorsByReasonAndFiltersThem) {
  const auto outcome = filter("filter: status >= 500", {"a", "b"});
  EXPECT_TRUE(outcome.output.empty());
  EXPECT_EQ(outcome.tally.filtered, 2u);
  ASSERT_EQ(outcome.tally.errors.size(), 1u);
  EXPECT_EQ(outcome.tally.errors[0].first, "no_such_field");
  EXPECT_EQ(outcome.tally.errors[0].second, 2u);
}

TEST(Filter, KeepsErrorsWhenTold) {
  const auto outcome = filter("filter: {where: status >= 500, on_error: keep}", {"a"});
  EXPECT_EQ(outcome.output.size(), 1u);
  EXPECT_EQ(outcome.tally.errors.size(), 1u);
}

TEST(Filter, RejectsErrorsWithReasonAndDetailWhenTold) {
  const auto outcome = filter("filter: {where: status >= 500, on_error: reject}", {"a", "b"});
  EXPECT_TRUE(outcome.output.empty());
  EXPECT_EQ(outcome.tally.filtered, 0u);
  ASSERT_EQ(outcome.tally.rejections.size(), 2u);
  EXPECT_EQ(outcome.tally.rejections[0].reason, "no_such_field");
  EXPECT_EQ(outcome.tally.rejections[0].raw, "a");
  EXPECT_NE(outcome.tally.rejections[0].detail.find("status"), std::string::npos);
}

TEST(Filter, AbsorbsErrorsAsCelDoes) {
  const auto outcome = filter("filter: status >= 500 || message == \"a\"", {"a", "b"});
  EXPECT_EQ(outcome.output, (Lines{R"({"message":"a"})"}));
}

TEST(Filter, PointsIntoAWrongExpression) {
  const test::StageUnderTest stage("filter: message.startWith(\"b\")");
  EXPECT_FALSE(stage.ok());
  EXPECT_NE(stage.complaints().find("stage.yaml:1:"), std::string::npos) << stage.complaints();
  EXPECT_NE(stage.complaints().find("startsWith"), std::string::npos) << stage.complaints();
}

TEST(Filter, MustHaveACondition) {
  const test::StageUnderTest stage("filter: {on_error: keep}");
  EXPECT_FALSE(stage.ok());
}

TEST(Filter, ExplainsWhatItSaw) {
  test::StageUnderTest stage("filter: message == \"b\"");
  ASSERT_TRUE(stage.ok());
  record::Batch batch = test::make_batch({"a"});
  const std::vector<Remark> remarks =
      stage.processor().explain(flow::background(), batch.records().front(), batch.arena());
  ASSERT_FALSE(remarks.empty());
  EXPECT_NE(remarks.back().text.find("false"), std::string::npos) << remarks.back().text;
}

}  // namespace
}  // namespace sluice::stages
