// parse: cri and docker.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "stages/parse/joining_stage.hpp"
#include "tests/support/run_stage.hpp"

namespace sluice::stages {
namespace {

using test::as_json;
using test::make_batch;
using test::parse_line;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::StartsWith;

TEST(Cri, ALineOnItsOwn) {
  EXPECT_EQ(parse_line("- parse: cri", "2016-10-06T00:17:09.669794202Z stdout F a b"),
            R"({"time":"2016-10-06T00:17:09.669794202Z","stream":"stdout","message":"a b"})");
  EXPECT_EQ(parse_line("- parse: cri", "2016-10-06T00:17:09Z stderr F:extra"),
            R"({"time":"2016-10-06T00:17:09Z","stream":"stderr","message":""})");
  EXPECT_THAT(parse_line("- parse: cri", "2016-10-06T00:17:09Z stdin F x"), HasSubstr("expected stdout or stderr"));
  EXPECT_THAT(parse_line("- parse: cri", "2016-10-06T00:17:09Z stdout X x"), HasSubstr("the tag P or F"));
  EXPECT_THAT(parse_line("- parse: cri", "soon stdout F x"), StartsWith("invalid_cri: byte 1"));
}

TEST(Cri, PartsAreJoinedAcrossBatchesForEachStreamAndGenerator) {
  test::StageUnderTest stage("- parse: cri");
  ASSERT_TRUE(stage.ok()) << stage.complaints();
  EXPECT_TRUE(stage.processor().serial());
  Tally tally;
  const auto run = [&](std::size_t generator, const std::vector<std::string>& lines) {
    record::Batch batch = make_batch(lines);
    batch.generator = generator;
    EXPECT_FALSE(stage.processor().process(flow::background(), batch, tally));
    return as_json(batch);
  };
  EXPECT_THAT(run(0, {"2016-10-06T00:00:01Z stdout P a", "2016-10-06T00:00:02Z stderr P x"}), ElementsAre());
  EXPECT_THAT(run(1, {"2016-10-06T00:00:03Z stdout F other"}),
              ElementsAre(R"({"time":"2016-10-06T00:00:03Z","stream":"stdout","message":"other"})"));
  EXPECT_THAT(
      run(0, {"2016-10-06T00:00:04Z stdout P b", "2016-10-06T00:00:05Z stdout F c", "2016-10-06T00:00:06Z stderr F y"}),
      ElementsAre(R"({"time":"2016-10-06T00:00:01Z","stream":"stdout","message":"abc"})",
                  R"({"time":"2016-10-06T00:00:02Z","stream":"stderr","message":"xy"})"));
  EXPECT_EQ(tally.filtered, 3U);
}

TEST(Cri, BytesOfEarlierBatchesDoNotSpoilTheOutput) {
  test::LineParser parse("- parse: cri");
  EXPECT_EQ(parse("2016-10-06T00:00:01Z stdout P \xff\xc3"), "");
  EXPECT_EQ(parse("2016-10-06T00:00:02Z stdout F ok"),
            "{\"time\":\"2016-10-06T00:00:01Z\",\"stream\":\"stdout\",\"message\":\"\xef\xbf\xbd\xef\xbf\xbdok\"}");
  // A character that was cut in two is whole again.
  EXPECT_EQ(parse("2016-10-06T00:00:03Z stdout P caf\xc3"), "");
  EXPECT_EQ(parse("2016-10-06T00:00:04Z stdout F \xa9"),
            R"({"time":"2016-10-06T00:00:03Z","stream":"stdout","message":"café"})");
}

TEST(Cri, WhatWasNeverCompletedIsLetGoAtTheEnd) {
  test::StageUnderTest stage("- parse: {format: cri, types: {message: int}}");
  ASSERT_TRUE(stage.ok()) << stage.complaints();
  auto& joining = dynamic_cast<JoiningStage&>(stage.processor());
  Tally tally;
  record::Batch batch = make_batch({"2016-10-06T00:00:01Z stdout P 1", "2016-10-06T00:00:02Z stdout P 2"});
  EXPECT_FALSE(joining.process(flow::background(), batch, tally));
  EXPECT_EQ(tally.filtered, 2U);
  record::Batch last;
  EXPECT_FALSE(joining.finish(flow::background(), last, tally));
  EXPECT_THAT(as_json(last), ElementsAre(R"({"time":"2016-10-06T00:00:01Z","stream":"stdout","message":12})"));
  EXPECT_EQ(tally.filtered, 1U);
}

// What an earlier run has counted as filtered is not taken out of this run's figure, which would fall below 0.
TEST(Cri, WhatAnEarlierRunHeldBackAndCountedIsNotTakenBack) {
  const auto make = [] { return std::make_unique<test::StageUnderTest>("- parse: cri"); };
  const auto earlier = make();
  Tally tally;
  record::Batch parts = make_batch({"2016-10-06T00:00:01Z stdout P a", "2016-10-06T00:00:01Z stderr P x"});
  EXPECT_FALSE(earlier->processor().process(flow::background(), parts, tally));
  EXPECT_EQ(tally.filtered, 2U);

  const auto later = make();
  EXPECT_FALSE(later->processor().restore(earlier->processor().save()));
  tally.clear();
  record::Batch more = make_batch({"2016-10-06T00:00:02Z stderr P y"});
  EXPECT_FALSE(later->processor().process(flow::background(), more, tally));
  EXPECT_EQ(tally.filtered, 1U);
  tally.clear();
  record::Batch last;
  EXPECT_FALSE(later->processor().finish(flow::background(), last, tally));
  EXPECT_THAT(as_json(last), ElementsAre(HasSubstr(R"("message":"a")"), HasSubstr(R"("message":"xy")")));
  EXPECT_EQ(tally.filtered, std::uint64_t{0} - 1);  // for the one that a part was added to in this run
}

TEST(Cri, AMessageThatNeverEndsIsLetGoInPieces) {
  std::vector<std::string> lines(40, "2016-10-06T00:00:01Z stdout P " + std::string(65536, 'x'));
  const auto outcome = test::run_stage("- parse: cri", lines);
  ASSERT_EQ(outcome.output.size(), 2U);
  EXPECT_THAT(outcome.output[0], HasSubstr(std::string(1024 * 1024, 'x')));
}

TEST(Docker, OtherMembersAreKept) {
  EXPECT_EQ(
      parse_line("- parse: docker",
                 R"({"log":"a\u0041\r\n","attrs":{"tag":"x"},"stream":"stdout","time":"2019-04-01T17:58:33.5Z"})"),
      R"({"message":"aA","attrs":{"tag":"x"},"stream":"stdout","time":"2019-04-01T17:58:33.500Z"})");
}

TEST(Docker, PartsAreJoinedForEachStream) {
  const auto outcome =
      test::run_stage("- parse: docker", {R"({"log":"a","stream":"stdout"})", R"({"log":"x","stream":"stderr"})",
                                          R"({"log":"b\n","stream":"stdout"})", R"({"log":"y\n","stream":"stderr"})"});
  EXPECT_THAT(outcome.output,
              ElementsAre(R"({"message":"ab","stream":"stdout"})", R"({"message":"xy","stream":"stderr"})"));
}

TEST(Docker, OtherLinesAreRejected) {
  EXPECT_THAT(parse_line("- parse: docker", "text"), StartsWith("invalid_json"));
  EXPECT_THAT(parse_line("- parse: docker", "{}"), HasSubstr("no member `log`"));
  EXPECT_THAT(parse_line("- parse: docker", R"({"log":1})"), HasSubstr("`log` is no string"));
  EXPECT_THAT(parse_line("- parse: docker", R"({"log":"a\n","time":"soon"})"), HasSubstr("`time` is no RFC 3339 time"));
}

}  // namespace
}  // namespace sluice::stages
