// parse: logfmt, by our own cases; those of go-logfmt are in foreign_formats_test.cpp.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/support/run_stage.hpp"

namespace sluice::stages {
namespace {

using test::parse_line;
using test::run_stage;
using testing::StartsWith;

TEST(Logfmt, PairsInTheirOrder) {
  EXPECT_EQ(parse_line("- parse: logfmt", R"(level=info msg="two words" n=12 flag empty= last=x)"),
            R"({"level":"info","msg":"two words","n":"12","flag":true,"empty":"","last":"x"})");
}

TEST(Logfmt, AKeyThatComesTwiceIsKeptTwiceAndTheLastCounts) {
  EXPECT_EQ(parse_line("- parse: logfmt", "a=1 b=2 a=3"), R"({"a":"1","b":"2","a":"3"})");
  EXPECT_EQ(run_stage("- parse: logfmt\n- filter: a == \"3\"", {"a=1 b=2 a=3", "a=3 a=1"}).output.size(), 1U);
}

TEST(Logfmt, EscapesInQuotedValues) {
  EXPECT_EQ(parse_line("- parse: logfmt", R"(a="\"\\\/\b\n\u00e9\ud83d\ude00\'" b="tab	inside")"),
            R"({"a":"\"\\/\b\né😀'","b":"tab\tinside"})");
  EXPECT_EQ(parse_line("- parse: logfmt", R"(a="lone \ud800")"), "{\"a\":\"lone \xef\xbf\xbd\"}");
  EXPECT_THAT(parse_line("- parse: logfmt", R"(a="\q")"), StartsWith("invalid_logfmt: byte 4: invalid quoted value"));
}

TEST(Logfmt, ValuesMayHoldAnyBytes) {
  EXPECT_EQ(parse_line("- parse: logfmt", "größe=groß b=\"\xff\""), "{\"größe\":\"groß\",\"b\":\"\xef\xbf\xbd\"}");
}

TEST(Logfmt, LongWordsAndValuesAcrossBlockBorders) {
  for (std::size_t length = 1; length < 70; ++length) {
    const std::string word(length, 'x');
    EXPECT_EQ(parse_line("- parse: logfmt", word + "=" + word + " q=\"" + word + "\\n\" z=" + word),
              "{\"" + word + "\":\"" + word + "\",\"q\":\"" + word + "\\n\",\"z\":\"" + word + "\"}");
  }
}

TEST(Logfmt, ErrorsNameTheByte) {
  EXPECT_EQ(parse_line("- parse: logfmt", "a=1 =b"), "invalid_logfmt: byte 5: unexpected '='");
  EXPECT_EQ(parse_line("- parse: logfmt", "a=b=c"), "invalid_logfmt: byte 4: unexpected '='");
  EXPECT_EQ(parse_line("- parse: logfmt", "a\"b=c"), "invalid_logfmt: byte 2: unexpected '\"'");
  EXPECT_EQ(parse_line("- parse: logfmt", "a=\"b"), "invalid_logfmt: byte 5: unterminated quoted value");
  EXPECT_EQ(parse_line("- parse: logfmt", "\xff=1"), "invalid_logfmt: byte 1: invalid key");
}

TEST(Logfmt, InferMakesNumbersOfWhatLooksLikeJson) {
  EXPECT_EQ(parse_line("- parse: {format: logfmt, infer: true}",
                       "i=12 n=-0.5 e=1e3 b=false z=007 p=+1 h=0x1f big=12345678901234567890 q=\"1\" v=1.2.3 d=1."),
            R"({"i":12,"n":-0.5,"e":1000.0,"b":false,"z":"007","p":"+1","h":"0x1f","big":12345678901234567890,)"
            R"("q":"1","v":"1.2.3","d":"1."})");
}

}  // namespace
}  // namespace sluice::stages
