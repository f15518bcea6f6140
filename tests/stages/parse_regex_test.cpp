// parse: regex.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "stages/parse/regex.hpp"
#include "tests/support/run_stage.hpp"

namespace sluice::stages {
namespace {

using test::parse_line;

TEST(Regex, NamedGroupsBecomeFieldsInTheirOrder) {
  EXPECT_EQ(parse_line(R"(- parse: {format: regex, pattern: '^(?P<b>\w+) (\d+) (?P<a>.*)$'})", "one 2 three four"),
            R"({"b":"one","a":"three four"})");
}

TEST(Regex, OptionalGroupsThatDidNotMatchAreLeftOut) {
  const std::string yaml = R"(- parse: {format: regex, pattern: '^(?P<a>\w+)(?: (?P<b>\d*))?$'})";
  EXPECT_EQ(parse_line(yaml, "x"), R"({"a":"x"})");
  EXPECT_EQ(parse_line(yaml, "x "), R"({"a":"x","b":""})");
}

TEST(Regex, MatchesAnywhereUnlessAnchored) {
  EXPECT_EQ(parse_line(R"(- parse: {format: regex, pattern: 'b(?P<n>\d)'})", "ab1c"), R"({"n":"1"})");
  EXPECT_EQ(parse_line(R"(- parse: {format: regex, pattern: 'b(?P<n>\d)', anchored: true})", "ab1c"),
            "no_match: the pattern does not match");
  EXPECT_EQ(parse_line(R"(- parse: {format: regex, pattern: 'b(?P<n>\d)', anchored: true})", "b1"), R"({"n":"1"})");
}

TEST(Regex, LinesThatAreNotUtf8AreMatchedByBytes) {
  EXPECT_EQ(parse_line("- parse: {format: regex, pattern: '^(?P<a>.*) end$'}", "caf\xe9 end"),
            "{\"a\":\"caf\xef\xbf\xbd\"}");
  EXPECT_EQ(parse_line("- parse: {format: regex, pattern: '^(?P<a>..) end$'}", "éé end"), R"({"a":"éé"})");
}

TEST(Regex, ManyGroups) {
  std::string pattern;
  std::string line;
  std::string expected;
  for (char c = 'a'; c <= 'z'; ++c) {
    pattern += std::string("(?P<") + c + ">.)";
    line += c;
    expected += std::string(expected.empty() ? "{" : ",") + "\"" + c + "\":\"" + c + "\"";
  }
  EXPECT_EQ(parse_line("- parse: {format: regex, pattern: '" + pattern + "'}", line), expected + "}");
  RegexMatcher::Error error;
  for (int i = 0; i < 200; ++i) pattern += "(.)";
  pattern += "(?P<end>.)";
  EXPECT_EQ(RegexFormat::compile(pattern, RegexMatcher::Anchor::none, error), nullptr);
  EXPECT_THAT(error.message, testing::HasSubstr("more than 127 groups"));
}

}  // namespace
}  // namespace sluice::stages
