// parse: rfc5424, rfc3164 and syslog.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/support/run_stage.hpp"

namespace sluice::stages {
namespace {

using test::parse_line;
using testing::HasSubstr;
using testing::StartsWith;

std::string rfc5424(const std::string& line) { return parse_line("- parse: rfc5424", line); }
std::string rfc3164(const std::string& line) { return parse_line("- parse: {format: rfc3164, year: 2026}", line); }

TEST(Rfc5424, StructuredDataWithEscapesAndSeveralElements) {
  EXPECT_EQ(
      rfc5424(R"(<165>1 2003-10-11T22:14:15.003Z h a 12 id [x@1 a="1" b="\"\\\]\n"][y z="é"] m)"),
      R"({"facility":20,"severity":5,"time":"2003-10-11T22:14:15.003Z","hostname":"h","appname":"a","procid":"12",)"
      R"("msgid":"id","structured_data":{"x@1":{"a":"1","b":"\"\\]\\n"},"y":{"z":"é"}},"message":"m"})");
}

TEST(Rfc5424, RepeatedNamesBecomeAList) {
  EXPECT_THAT(rfc5424(R"(<13>1 - - - - - [a ip="1" x="y" ip="2" ip="3"])"),
              HasSubstr(R"("structured_data":{"a":{"ip":["1","2","3"],"x":"y"}})"));
}

TEST(Rfc5424, ElementsOfOneIdAreUnited) {
  EXPECT_THAT(rfc5424(R"(<13>1 - - - - - [a x="1"][b][a x="2" y="3"][a x="4"] m)"),
              HasSubstr(R"("structured_data":{"a":{"x":["1","2","4"],"y":"3"},"b":{}},"message":"m")"));
}

// More than anyone writes is kept as it is, in time that does not grow with the square.
TEST(Rfc5424, ManyRepeatedElementsAreKeptApart) {
  std::string line = "<13>1 - - - - - ";
  for (int i = 0; i < 100'000; ++i) line += R"([a x=""])";
  const std::string parsed = rfc5424(line);
  EXPECT_THAT(parsed.substr(0, 100), HasSubstr(R"("structured_data":{"a":{"x":""},"a":{"x":""})"));
}

TEST(Rfc5424, NilValuesAndTheByteOrderMarkAreLeftOut) {
  EXPECT_EQ(rfc5424("<0>1 - - - - - -"), R"({"facility":0,"severity":0})");
  EXPECT_EQ(rfc5424("<191>1 - - - - - - \xef\xbb\xbftext"), R"({"facility":23,"severity":7,"message":"text"})");
  EXPECT_EQ(rfc5424("<1>1 - - - - - [empty] "),
            R"({"facility":0,"severity":1,"structured_data":{"empty":{}},"message":""})");
}

TEST(Rfc5424, OtherLinesAreRejectedWithThePlace) {
  EXPECT_EQ(rfc5424("<192>1 - - - - - -"), "invalid_rfc5424: byte 1: expected a priority from <0> to <191>");
  EXPECT_EQ(rfc5424("<13>2 - - - - - -"), "invalid_rfc5424: byte 5: expected the version 1 and a space");
  EXPECT_THAT(rfc5424("<13>1 yesterday - - - - -"), HasSubstr("byte 7: expected a time"));
  EXPECT_THAT(rfc5424("<13>1 - - - - - [a b=\"c]"), HasSubstr("the end of the parameter's value"));
  EXPECT_THAT(rfc5424("<13>1 - - - - - [a b=\"c\""), HasSubstr("or `]`"));
  EXPECT_THAT(rfc5424("<13>1 - - - - - -x"), HasSubstr("a space before the message"));
  const std::string good = R"(<165>1 2003-10-11T22:14:15.003Z h a 12 id [x@1 a="1"])";
  for (std::size_t length = 0; length < good.size(); ++length) {
    EXPECT_THAT(rfc5424(good.substr(0, length)), StartsWith("invalid_rfc5424: byte ")) << length;
  }
}

TEST(Rfc3164, WithAndWithoutPriorityYearAndFraction) {
  const std::string rest = R"("hostname":"h","appname":"app","procid":"7","message":"text"})";
  EXPECT_EQ(rfc3164("<34>Oct 11 22:14:15 h app[7]: text"),
            R"({"facility":4,"severity":2,"time":"2026-10-11T22:14:15Z",)" + rest);
  EXPECT_EQ(rfc3164("Oct  1 22:14:15 h app[7]: text"), R"({"time":"2026-10-01T22:14:15Z",)" + rest);
  EXPECT_EQ(rfc3164("oct 1 2019 22:14:15.25 h app[7]: text"), R"({"time":"2019-10-01T22:14:15.250Z",)" + rest);
  EXPECT_EQ(rfc3164("2019-10-01T22:14:15.25+02:00 h app[7]: text"), R"({"time":"2019-10-01T20:14:15.250Z",)" + rest);
}

TEST(Rfc3164, Dialects) {
  EXPECT_EQ(rfc3164("<189>45: *Mar  1 18:48:50.483 UTC: %SYS-5-CONFIG_I: Configured from console"),
            R"({"facility":23,"severity":5,"time":"2026-03-01T18:48:50.483Z","appname":"%SYS-5-CONFIG_I",)"
            R"("message":"Configured from console"})");
  EXPECT_EQ(
      rfc3164("<189>237: router1: Mar  1 18:48:50: %LINK-3-UPDOWN: down"),
      R"({"facility":23,"severity":5,"time":"2026-03-01T18:48:50Z","hostname":"router1","appname":"%LINK-3-UPDOWN",)"
      R"("message":"down"})");
  EXPECT_EQ(
      rfc3164("Sep 13 00:58:45 Mac.local kernel[0]: RTC: set"),
      R"({"time":"2026-09-13T00:58:45Z","hostname":"Mac.local","appname":"kernel","procid":"0","message":"RTC: set"})");
  EXPECT_EQ(rfc3164("<13>Oct 11 22:14:15 su: no host"),
            R"({"facility":1,"severity":5,"time":"2026-10-11T22:14:15Z","appname":"su","message":"no host"})");
  EXPECT_EQ(rfc3164("Oct 11 22:14:15 h last message repeated 2 times"),
            R"({"time":"2026-10-11T22:14:15Z","hostname":"h","message":"last message repeated 2 times"})");
  EXPECT_EQ(rfc3164("<13>free text"), R"({"facility":1,"severity":5,"message":"free text"})");
  EXPECT_EQ(rfc3164("<27>xapi: text"), R"({"facility":3,"severity":3,"appname":"xapi","message":"text"})");
}

TEST(Rfc3164, ZoneAndYearComeFromTheConfiguration) {
  EXPECT_THAT(
      parse_line("- parse: {format: rfc3164, year: 2020, time: {zone: America/New_York}}", "Jul  1 12:00:00 h a: b"),
      HasSubstr("2020-07-01T16:00:00Z"));
  EXPECT_THAT(parse_line("- parse: {format: rfc3164, year: 2023}", "Feb 29 12:00:00 h a: b"),
              HasSubstr("does not exist"));
  EXPECT_THAT(parse_line("- parse: {format: rfc3164, year: 2024}", "Feb 29 12:00:00 h a: b"),
              HasSubstr("2024-02-29T12"));
}

TEST(Rfc3164, WithoutPriorityAndTimeItIsNone) {
  EXPECT_THAT(rfc3164("just text"), StartsWith("invalid_rfc3164"));
  EXPECT_THAT(rfc3164(""), StartsWith("invalid_rfc3164"));
  EXPECT_THAT(rfc3164("Oct 99 22:14:15 h a: b"), StartsWith("invalid_rfc3164"));
}

TEST(Syslog, DecidesByTheBeginningOfEachLine) {
  EXPECT_THAT(parse_line("- parse: syslog", "<13>1 - h - - - - new"), HasSubstr(R"("message":"new")"));
  EXPECT_THAT(parse_line("- parse: syslog", "<13>1 - h broken"), StartsWith("invalid_rfc5424"));
  EXPECT_THAT(parse_line("- parse: {format: syslog, year: 2026, names: true}", "<13>Oct 11 22:14:15 h a: old"),
              HasSubstr(R"("facility":"user","severity":"notice")"));
}

}  // namespace
}  // namespace sluice::stages
