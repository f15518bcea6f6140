// What all formats of `parse` share: field, into, keep_raw, types, time, on_error.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "stages/parse/format.hpp"
#include "tests/support/run_stage.hpp"

namespace sluice::stages {
namespace {

using test::parse_line;
using test::run_stage;
using test::StageOutcome;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::Pair;

TEST(Parse, IntoKeepsTheOtherFields) {
  EXPECT_EQ(parse_line("- parse: {format: logfmt, into: app}", "a=1 b=2"),
            R"({"message":"a=1 b=2","app":{"a":"1","b":"2"}})");
}

TEST(Parse, FieldNamesTheTextToParse) {
  EXPECT_EQ(parse_line("- parse: {format: logfmt, field: message}", "a=1"), R"({"a":"1"})");
  EXPECT_EQ(parse_line("- parse: {format: logfmt, field: log}", "a=1"), "no_such_field: the record has no field `log`");
}

TEST(Parse, KeepRawUnderItsNameOrAnother) {
  EXPECT_EQ(parse_line("- parse: {format: logfmt, keep_raw: true}", "a=1"), R"({"a":"1","raw":"a=1"})");
  EXPECT_EQ(parse_line("- parse: {format: logfmt, keep_raw: line}", "a=1"), R"({"a":"1","line":"a=1"})");
  EXPECT_EQ(parse_line("- parse: {format: logfmt, keep_raw: false}", "a=1"), R"({"a":"1"})");
}

TEST(Parse, TypesConvertWhatTheyName) {
  const std::string types =
      "- parse:\n    format: logfmt\n    types: {i: int, u: uint, d: double, b: bool, t: timestamp, l: duration, "
      "s: string, a: auto, absent: int}";
  EXPECT_EQ(
      parse_line(types, "i=-12 u=18446744073709551615 d=1e3 b=Yes t=1700000000 l=1m30s s=x a=0.5"),
      R"({"i":-12,"u":18446744073709551615,"d":1000.0,"b":true,"t":"2023-11-14T22:13:20Z","l":"90s","s":"x","a":0.5})");
  EXPECT_EQ(parse_line(types, "i=12x"), "invalid_type: field `i`: `12x` is no int");
  EXPECT_EQ(parse_line(types, "i=9223372036854775808"), "invalid_type: field `i`: `9223372036854775808` is no int");
  EXPECT_EQ(parse_line(types, "b=maybe"), "invalid_type: field `b`: `maybe` is no bool");
  EXPECT_EQ(parse_line(types, "l=-1.5 a=007"), R"({"l":"-1.5s","a":"007"})");
  EXPECT_EQ(parse_line(types, "l=1h2m3.25s"), R"({"l":"3723.25s"})");
  EXPECT_EQ(parse_line(types, "l=-12.5µs"), R"({"l":"-0.0000125s"})");
  EXPECT_THAT(parse_line(types, "l=300000000000h"), HasSubstr("is no duration"));
  EXPECT_THAT(parse_line(types, "l=1.s2"), HasSubstr("is no duration"));
}

TEST(Parse, TimeBecomesATimestampInItsPlace) {
  EXPECT_EQ(parse_line("- parse: {format: logfmt, time: {field: ts}}", "ts=2026-11-24T10:11:12.5Z a=1"),
            R"({"ts":"2026-11-24T10:11:12.500Z","a":"1"})");
  EXPECT_EQ(parse_line("- parse: {format: logfmt, time: {format: '%d.%m.%Y %H:%M', zone: Europe/Berlin}}",
                       "time=\"24.11.2026 10:11\""),
            R"({"time":"2026-11-24T09:11:00Z"})");
  EXPECT_EQ(parse_line("- parse: {format: logfmt, time: {zone: '+01:00'}}", "time=\"2026-11-24 10:11:12\""),
            R"({"time":"2026-11-24T09:11:12Z"})");
  EXPECT_THAT(parse_line("- parse: {format: logfmt, time: {field: ts}}", "ts=soon"),
              HasSubstr("invalid_time: field `ts`: `soon` is no time of the format `auto`"));
}

TEST(Parse, OnErrorDecidesWhatBecomesOfOtherLines) {
  const std::vector<std::string> lines = {"a=1", "=", "a=2"};
  const StageOutcome rejected = run_stage("- parse: logfmt", lines);
  ASSERT_EQ(rejected.tally.rejections.size(), 1U);
  EXPECT_EQ(rejected.tally.rejections[0].reason, "invalid_logfmt");
  EXPECT_EQ(rejected.tally.rejections[0].raw, "=");
  EXPECT_THAT(rejected.output, ElementsAre(R"({"a":"1"})", R"({"a":"2"})"));

  const StageOutcome passed = run_stage("- parse: {format: logfmt, on_error: pass}", lines);
  EXPECT_THAT(passed.output, ElementsAre(R"({"a":"1"})", R"({"message":"="})", R"({"a":"2"})"));
  EXPECT_THAT(passed.tally.errors, ElementsAre(Pair("invalid_logfmt", 1)));

  const StageOutcome dropped = run_stage("- parse: {format: logfmt, on_error: drop}", lines);
  EXPECT_THAT(dropped.output, ElementsAre(R"({"a":"1"})", R"({"a":"2"})"));
  EXPECT_EQ(dropped.tally.filtered, 1U);

  const StageOutcome failed = run_stage("- parse: {format: logfmt, on_error: fail}", lines);
  ASSERT_TRUE(failed.error);
  EXPECT_THAT(failed.error.message(), HasSubstr("invalid_logfmt"));
  EXPECT_EQ(failed.output.size(), 3U);  // what is left is the caller's to account for
}

TEST(Parse, AConversionThatFailsLeavesTheRecordUnchanged) {
  const StageOutcome passed =
      run_stage("- parse: {format: logfmt, types: {a: int}, on_error: pass}", {"a=1 b=2", "a=x"});
  EXPECT_THAT(passed.output, ElementsAre(R"({"a":1,"b":"2"})", R"({"message":"a=x"})"));
}

TEST(Parse, MistakesInTheConfigurationAreToldWithTheirPlace) {
  const auto complaints = [](const std::string& yaml) { return test::StageUnderTest(yaml).complaints(); };
  EXPECT_THAT(complaints("- parse: {format: logfmt, time: {zone: Mars/Olympus}}"), HasSubstr("unknown time zone"));
  EXPECT_THAT(complaints("- parse: {format: logfmt, time: {format: '%Q'}}"), HasSubstr("unknown directive `%Q`"));
  EXPECT_THAT(complaints("- parse: {format: logfmt, types: {a: integer}}"), HasSubstr("integer"));
  EXPECT_THAT(complaints("- parse: {format: regex}"), HasSubstr("pattern"));
  EXPECT_THAT(complaints("- parse: {format: regex, pattern: '(?P<a>x'}"), HasSubstr("missing )"));
  EXPECT_THAT(complaints("- parse: {format: regex, pattern: '(a)'}"), HasSubstr("no named groups"));
  EXPECT_THAT(complaints("- parse: {format: regex, pattern: '(?P<a>\\C)'}"), HasSubstr("cut a character in two"));
}

TEST(Parse, StopsWhenTheContextIsDone) {
  test::StageUnderTest stage("- parse: logfmt");
  ASSERT_TRUE(stage.ok()) << stage.complaints();
  record::Batch batch = test::make_batch({"a=1", "a=2"});
  auto [context, cancel] = flow::with_cancel(flow::background());
  cancel.cancel();
  Tally tally;
  EXPECT_EQ(stage.processor().process(context, batch, tally).code(), flow::Errc::canceled);
  EXPECT_EQ(batch.size(), 2U);
}

TEST(Parse, EveryExampleOfTheReferenceDoesWhatItSays) {
  for (const Definition& definition : definitions()) {
    if (definition.spec.kind != "parse") continue;
    EXPECT_TRUE(!definition.spec.supported || !definition.spec.examples.empty()) << definition.spec.variant;
    for (const config::Example& example : definition.spec.examples) {
      SCOPED_TRACE(definition.spec.variant + ": " + example.title);
      EXPECT_EQ(test::run_stages(example.yaml, example.input).output, example.output);
    }
  }
}

TEST(FieldsBuilder, KeepsTheFieldsOfARecordTogether) {
  record::Arena arena;
  FieldsBuilder builder(arena);
  std::vector<std::span<record::Field>> records;
  for (std::size_t count = 0; count < 300; ++count) {
    for (std::size_t i = 0; i < count; ++i) builder.add("n", record::Value::int64(static_cast<std::int64_t>(i)));
    records.push_back(builder.take());
  }
  builder.add("dropped", record::Value::null());
  builder.drop();
  for (std::size_t count = 0; count < records.size(); ++count) {
    ASSERT_EQ(records[count].size(), count);
    for (std::size_t i = 0; i < count; ++i) {
      EXPECT_EQ(records[count][i].value.as_int64(), static_cast<std::int64_t>(i));
    }
  }
}

}  // namespace
}  // namespace sluice::stages
