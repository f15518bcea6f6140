// parse: csv, tsv, kv, klog and grok.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "stages/parse/grok.hpp"
#include "stages/parse/grok_patterns.hpp"
#include "tests/support/run_stage.hpp"

namespace sluice::stages {
namespace {

using test::parse_line;
using test::run_stage;
using test::StageOutcome;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::StartsWith;

TEST(Csv, QuotesAsInRfc4180) {
  const std::string yaml = "- parse: {format: csv, columns: [a, b, c]}";
  EXPECT_EQ(parse_line(yaml, R"(1,"x, ""y""",)"), R"({"a":"1","b":"x, \"y\"","c":""})");
  EXPECT_EQ(parse_line(yaml, R"("","""",a"b)"), R"({"a":"","b":"\"","c":"a\"b"})");
  EXPECT_EQ(parse_line(yaml, R"(1,"2)"), "invalid_csv: byte 3: the quote has no end");
  EXPECT_EQ(parse_line(yaml, R"(1,"2"x,3)"), "invalid_csv: byte 6: expected the delimiter after the closing quote");
  EXPECT_EQ(parse_line(yaml, "1,2"), "invalid_csv: 2 values for 3 columns");
  EXPECT_EQ(parse_line(yaml, "1,2,3,4"), "invalid_csv: more values than the 3 columns");
}

TEST(Csv, RaggedRowsOnRequest) {
  const std::string yaml = "- parse: {format: csv, columns: [a, b], ragged: true}";
  EXPECT_EQ(parse_line(yaml, "1"), R"({"a":"1"})");
  EXPECT_EQ(parse_line(yaml, "1,2,3"), R"({"a":"1","b":"2","column_3":"3"})");
}

TEST(Csv, TheHeaderHoldsFromBatchToBatchForEachGenerator) {
  test::StageUnderTest stage("- parse: csv");
  ASSERT_TRUE(stage.ok()) << stage.complaints();
  EXPECT_TRUE(stage.processor().serial());
  const auto run = [&](std::size_t generator, const std::vector<std::string>& lines) {
    record::Batch batch = test::make_batch(lines);
    batch.generator = generator;
    Tally tally;
    EXPECT_FALSE(stage.processor().process(flow::background(), batch, tally));
    EXPECT_EQ(batch.size() + tally.filtered, lines.size());
    return test::as_json(batch);
  };
  EXPECT_THAT(run(0, {"\xef\xbb\xbf"
                      "a,\"b \"\"x\"\"\"",
                      "1,2"}),
              ElementsAre(R"({"a":"1","b \"x\"":"2"})"));
  EXPECT_THAT(run(1, {"c", "5"}), ElementsAre(R"({"c":"5"})"));
  EXPECT_THAT(run(0, {"3,4",
                      "\xef\xbb\xbf"
                      "a,\"b \"\"x\"\"\"",
                      "5,6"}),
              ElementsAre(R"({"a":"3","b \"x\"":"4"})", R"({"a":"5","b \"x\"":"6"})"));
}

TEST(Csv, AHeaderThatIsNotUtf8IsRepaired) {
  test::LineParser parse("- parse: csv");
  EXPECT_EQ(parse("a\xff,b"), "");
  EXPECT_EQ(parse("1,2"), "{\"a\xef\xbf\xbd\":\"1\",\"b\":\"2\"}");
}

TEST(Csv, TheDelimiterIsOneCharacter) {
  EXPECT_EQ(parse_line("- parse: {format: csv, columns: [a, b], delimiter: \"\\t\"}", "1\t2"), R"({"a":"1","b":"2"})");
  EXPECT_THAT(test::StageUnderTest("- parse: {format: csv, delimiter: ab}").complaints(),
              HasSubstr("one ASCII character"));
}

TEST(Kv, AKeyThatComesTwiceIsKeptTwiceAndTheLastCounts) {
  EXPECT_EQ(parse_line("- parse: kv", "a=1 b=2 a=3"), R"({"a":"1","b":"2","a":"3"})");
  EXPECT_EQ(run_stage("- parse: kv\n- filter: a == \"3\"", {"a=1 b=2 a=3", "a=3 a=1"}).output.size(), 1U);
}

TEST(Kv, DelimitersQuotesAndFlags) {
  EXPECT_EQ(
      parse_line("- parse: {format: kv, field_delimiter: '; ', key_value_delimiter: ' -> '}", "a -> 1; b -> x y; c"),
      R"({"a":"1","b":"x y","c":true})");
  EXPECT_EQ(parse_line("- parse: kv", R"(a='it\'s' b="C:\dir\\" c= d)"),
            R"({"a":"it's","b":"C:\\dir\\","c":"","d":true})");
  EXPECT_THAT(parse_line("- parse: kv", "a='b"), HasSubstr("the quote has no end"));
  EXPECT_THAT(parse_line("- parse: kv", "a='b'c"), HasSubstr("after the quoted value"));
  EXPECT_THAT(parse_line("- parse: kv", "=b"), HasSubstr("a pair without a key"));
  EXPECT_THAT(parse_line("- parse: kv", "only words"), StartsWith("invalid_kv"));
  EXPECT_THAT(test::StageUnderTest("- parse: {format: kv, field_delimiter: '='}").complaints(),
              HasSubstr("must differ"));
}

TEST(Klog, HeaderWithAndWithoutYear) {
  EXPECT_EQ(
      parse_line("- parse: klog", "W20261124 10:11:12.000001 1 a/b.cc:7] x] y"),
      R"({"level":"warning","time":"2026-11-24T10:11:12.000001Z","thread":1,"file":"a/b.cc","line":7,"message":"x] y"})");
  EXPECT_THAT(
      parse_line("- parse: {format: klog, year: 2026, time: {zone: Europe/Berlin}}", "F1124 10:11:12.5 1 a:7] x"),
      StartsWith("invalid_klog: byte "));
  EXPECT_THAT(
      parse_line("- parse: {format: klog, year: 2026, time: {zone: Europe/Berlin}}", "F1124 10:11:12.500000 1 a:7] x"),
      HasSubstr("2026-11-24T09:11:12.500Z"));
  const std::string good = "I1124 10:11:12.419000    8740 pod_workers.go:191]";
  for (std::size_t length = 0; length < good.size(); ++length) {
    EXPECT_THAT(parse_line("- parse: klog", good.substr(0, length)), StartsWith("invalid_klog: byte ")) << length;
  }
}

TEST(Grok, LibraryOwnPatternsAndTypes) {
  EXPECT_EQ(parse_line("- parse: {format: grok, pattern: '%{SYSLOGLINE}'}", "Nov  3 09:23:38 web sshd[7998]: bye"),
            R"({"timestamp":"Nov  3 09:23:38","logsource":"web","program":"sshd","pid":"7998","message":"bye"})");
  EXPECT_EQ(parse_line("- parse: {format: grok, pattern: '%{COMBINEDAPACHELOG}'}",
                       R"(1.2.3.4 - - [10/Oct/2000:13:55:36 -0700] "GET /a HTTP/1.0" 200 12 "-" "UA")"),
            R"({"clientip":"1.2.3.4","ident":"-","auth":"-","timestamp":"10/Oct/2000:13:55:36 -0700","verb":"GET",)"
            R"("request":"/a","httpversion":"1.0","response":"200","bytes":"12","referrer":"\"-\"","agent":"\"UA\""})");
  EXPECT_EQ(
      parse_line("- parse: {format: grok, pattern: '^%{X:a.b:int} (?<rest>.*)', patterns: {X: '[0-9]+'}}", "12 x"),
      R"({"a.b":12,"rest":"x"})");
  EXPECT_THAT(parse_line("- parse: {format: grok, pattern: '%{WORD:n:int}'}", "abc"),
              StartsWith("invalid_type: field `n`"));
}

TEST(Grok, Addresses) {
  for (const char* ip : {"1.2.3.4", "255.255.255.255", "::1", "2001:db8::8a2e:370:7334", "1:2:3:4:5:6:7:8",
                         "::ffff:1.2.3.4", "fe80::1%eth0", "1::", "64:ff9b::192.0.2.33"}) {
    EXPECT_EQ(parse_line("- parse: {format: grok, pattern: '^%{IP:ip}$'}", ip), "{\"ip\":\"" + std::string(ip) + "\"}");
  }
  for (const char* no : {"1.2.3.256", "1.2.3", "1:2:3", ":::", "1::2::3"}) {
    EXPECT_THAT(parse_line("- parse: {format: grok, pattern: '^%{IP:ip}$'}", no), StartsWith("no_match")) << no;
  }
}

TEST(Grok, MistakesAreToldBeforeTheRun) {
  const auto complaints = [](const std::string& options) {
    return test::StageUnderTest("- parse: {format: grok, " + options + "}").complaints();
  };
  EXPECT_THAT(complaints("pattern: '%{IPV:x}'"), HasSubstr("did you mean `IPV4`"));
  EXPECT_THAT(complaints("pattern: '%{A:x}', patterns: {A: '%{B}', B: '%{A}'}"), HasSubstr("contains itself"));
  EXPECT_THAT(complaints("pattern: '%{IP:x:ip}'"), HasSubstr("unknown type `ip`"));
  EXPECT_THAT(complaints("pattern: '%{IP:x'"), HasSubstr("without `}`"));
  EXPECT_THAT(complaints("pattern: '%{IP}'"), HasSubstr("no fields"));
  EXPECT_THAT(complaints("pattern: '(?!x)%{IP:x}'"), HasSubstr("in the pattern"));
}

TEST(Grok, EveryPatternOfTheLibraryCompiles) {
  for (const GrokPattern& known : grok_library()) {
    GrokFormat::Error error;
    EXPECT_NE(GrokFormat::compile({"%{" + std::string(known.name) + ":x}"}, {}, TimeFormat(), error), nullptr)
        << known.name << ": " << error.message;
  }
}

}  // namespace
}  // namespace sluice::stages
