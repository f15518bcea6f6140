#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "stages/enrich/redact_pattern.hpp"
#include "tests/support/json_stage.hpp"

namespace sluice::stages {
namespace {

using test::JsonStage;

// The text with what the named pattern finds in square brackets.
std::string mark(const std::string& name, const std::string& text) {
  const auto pattern = RedactPattern::named(name);
  std::vector<Span> found;
  pattern->find(text, found);
  std::string marked;
  std::size_t done = 0;
  for (const Span& span : found) {
    marked += text.substr(done, span.begin - done) + "[" + text.substr(span.begin, span.end - span.begin) + "]";
    done = span.end;
  }
  return marked + text.substr(done);
}

TEST(RedactPattern, FindsMailAddresses) {
  EXPECT_EQ(mark("email", "mail ada@example.org, or <bob.b+x@mail.example.co.uk>."),
            "mail [ada@example.org], or <[bob.b+x@mail.example.co.uk]>.");
  EXPECT_EQ(mark("email", "?mail=ada%40example.org&x"), "?mail=[ada%40example.org]&x");
  EXPECT_EQ(mark("email",
                 "an j\xc3\xbcrgen@stra\xc3\x9f"
                 "e.example"),
            "an [j\xc3\xbcrgen@stra\xc3\x9f"
            "e.example]");
  for (const char* const text : {"user@host", "@example.org", "a@b", "git@", "x@1.2"}) {
    EXPECT_EQ(mark("email", text), text);
  }
}

TEST(RedactPattern, FindsIpv4Addresses) {
  EXPECT_EQ(mark("ipv4", "from 192.0.2.1:80 to 10.0.0.255."), "from [192.0.2.1]:80 to [10.0.0.255].");
  EXPECT_EQ(mark("ipv4", "010.001.000.007"), "[010.001.000.007]");
  for (const char* const text : {"1.2.3", "1.2.3.4.5", "256.1.1.1", "v1.2.3.4", "1.3.6.1.4.1"}) {
    EXPECT_EQ(mark("ipv4", text), text);
  }
}

TEST(RedactPattern, FindsIpv6Addresses) {
  EXPECT_EQ(mark("ipv6", "[2001:db8::1]:443 ::1 fe80::1%eth0"), "[[2001:db8::1]]:443 [::1] [fe80::1]%eth0");
  EXPECT_EQ(mark("ipv6", "2001:0db8:0000:0000:0000:ff00:0042:8329 ::ffff:192.0.2.1"),
            "[2001:0db8:0000:0000:0000:ff00:0042:8329] [::ffff:192.0.2.1]");
  for (const char* const text :
       {"12:34:56", "aa:bb:cc:dd:ee:ff", "std::begin", "a::b::c::d", "::", "Foo::Bar", "1:2:3:4:5:6:7"}) {
    EXPECT_EQ(mark("ipv6", text), text);
  }
}

TEST(RedactPattern, FindsCardNumbers) {
  EXPECT_EQ(mark("credit_card", "4111111111111111 and 4111-1111-1111-1111"),
            "[4111111111111111] and [4111-1111-1111-1111]");
  EXPECT_EQ(mark("credit_card", "amex 378282246310005, mc 5555 5555 5555 4444"),
            "amex [378282246310005], mc [5555 5555 5555 4444]");
  EXPECT_EQ(mark("credit_card", "no 2 4111 1111 1111 1111 12/30"), "no 2 [4111 1111 1111 1111] 12/30");
  // Not by Luhn; no issuer's (a time in nanoseconds, milliseconds); a fraction; too short.
  for (const char* const text : {"4111111111111112", "1732488000123456789", "1732488000123", "0.4111111111111111",
                                 "4111 1111 1111", "id4111111111111111"}) {
    EXPECT_EQ(mark("credit_card", text), text);
  }
}

TEST(RedactPattern, FindsCardNumbersInLongRunsOfDigitsInLinearTime) {
  std::string run;
  for (int i = 0; i < 100'000; ++i) run += "4 ";
  EXPECT_GE(mark("credit_card", run + "5").size(), run.size());
}

TEST(RedactPattern, FindsIbans) {
  EXPECT_EQ(mark("iban", "to DE89370400440532013000."), "to [DE89370400440532013000].");
  EXPECT_EQ(mark("iban", "GB82 WEST 1234 5698 7654 32 IS HIS"), "[GB82 WEST 1234 5698 7654 32] IS HIS");
  for (const char* const text : {"DE89370400440532013001", "XX89370400440532013000", "DE8937040044053201300"}) {
    EXPECT_EQ(mark("iban", text), text);
  }
}

TEST(RedactPattern, FindsTokensAndKeys) {
  EXPECT_EQ(mark("jwt", "t=eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxIn0.c2lnbmF0dXJl;"),
            "t=[eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxIn0.c2lnbmF0dXJl];");
  EXPECT_EQ(mark("jwt", "eyJhbGciOiJIUzI1NiJ9"), "eyJhbGciOiJIUzI1NiJ9");
  EXPECT_EQ(mark("aws_key", "key AKIAIOSFODNN7EXAMPLE!"), "key [AKIAIOSFODNN7EXAMPLE]!");
  EXPECT_EQ(mark("aws_key", "aws_secret_access_key = wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY"),
            "aws_secret_access_key = [wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY]");
  EXPECT_EQ(mark("bearer", "Authorization: Bearer abc.DEF-1=="), "Authorization: Bearer [abc.DEF-1==]");
  EXPECT_EQ(mark("bearer", "forbearer abc"), "forbearer abc");
}

TEST(RedactPattern, KnowsCheckDigits) {
  EXPECT_TRUE(passes_luhn("79927398713"));
  EXPECT_FALSE(passes_luhn("79927398710"));
  EXPECT_TRUE(passes_iban("GB82WEST12345698765432"));
  EXPECT_TRUE(passes_iban("NO93 8601 1117 947"));
  EXPECT_FALSE(passes_iban("GB82WEST12345698765433"));
  EXPECT_FALSE(passes_iban(""));
}

TEST(Redact, LooksIntoAllStringsAtAnyDepth) {
  JsonStage stage("enrich: {redact: {patterns: email}}");
  EXPECT_EQ(stage.line(R"({"a":"x@example.org","b":{"c":["y@example.org",{"d":"z@example.org"}],"n":1.0},"k":2})"),
            R"({"a":"***","b":{"c":["***",{"d":"***"}],"n":1.0},"k":2})");
}

TEST(Redact, LeavesACleanRecordByteForByte) {
  JsonStage stage("enrich: {redact: {patterns: [email, ipv4, ipv6, credit_card, iban, jwt, aws_key, bearer]}}");
  for (const char* const line :
       {R"({ "a" : "text",  "n": 1e3, "t":"2026-11-24T10:00:00.123Z" })",
        R"({"a":"a \"quote\" \u00e9","n":12345678901234567890})", R"({"card":"4111111111111112"})"}) {
    EXPECT_EQ(stage.line(line), line);
  }
}

TEST(Redact, SeesThroughEscapes) {
  JsonStage stage("enrich: {redact: {patterns: email}}");
  EXPECT_EQ(stage.line(R"({"a":"ada\u0040example.org","b":"\n"})"), R"({"a":"***","b":"\n"})");
}

TEST(Redact, RedactsTheLineOfARecordThatNobodyParsed) {
  const auto outcome = test::run_stage("enrich: {redact: {patterns: ipv4, with: IP}}", {"from 192.0.2.1", "clean"});
  EXPECT_EQ(outcome.output, (std::vector<std::string>{R"({"message":"from IP"})", R"({"message":"clean"})"}));
}

TEST(Redact, SeesWhatStagesAdded) {
  JsonStage stage("enrich: {fields: {a: x@example.org}, redact: {patterns: email}}");
  EXPECT_EQ(stage.line(R"({"n":1})"), R"({"n":1,"a":"***"})");
}

TEST(Redact, LooksOnlyWhereItIsTold) {
  JsonStage stage("enrich: {redact: {fields: [a, b.c, none], patterns: email}}");
  EXPECT_EQ(stage.line(R"({"a":["x@example.org"],"b":{"c":"x@example.org","d":"x@example.org"},"e":"x@example.org"})"),
            R"({"a":["***"],"b":{"c":"***","d":"x@example.org"},"e":"x@example.org"})");
}

TEST(Redact, ReplacesTheFirstGroupOfARegex) {
  EXPECT_EQ(JsonStage(R"(enrich: {redact: {patterns: 'pin=(\d+)', with: ""}})").line(R"({"q":"a&pin=1&pin=22"})"),
            R"({"q":"a&pin=&pin="})");
}

TEST(Redact, TakesAnchorsForTheBordersOfEachString) {
  JsonStage stage("enrich: {redact: {patterns: '^secret$'}}");
  EXPECT_EQ(stage.line(R"({"a":"secret","b":"no secret"})"), R"({"a":"***","b":"no secret"})");
}

TEST(Redact, ReplacesOnceWhatSeveralPatternsFind) {
  EXPECT_EQ(JsonStage("enrich: {redact: {patterns: [bearer, jwt, email]}}")
                .line(R"({"a":"Bearer eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxIn0.c2ln x@example.org"})"),
            R"({"a":"Bearer *** ***"})");
}

TEST(Redact, SaysWhatIsWrongWithAPattern) {
  const auto complaint = [](const std::string& pattern) {
    return test::StageUnderTest("enrich: {redact: {patterns: [" + pattern + "]}}").complaints();
  };
  EXPECT_NE(complaint("emial").find("did you mean `email`?"), std::string::npos);
  EXPECT_NE(complaint("'a(b'").find("missing )"), std::string::npos) << complaint("'a(b'");
  EXPECT_NE(complaint("'x*'").find("matches the empty text"), std::string::npos);
  EXPECT_NE(complaint("'a\\Cb'").find("cut letters in two"), std::string::npos);
  EXPECT_EQ(complaint("password"), "");
}

}  // namespace
}  // namespace sluice::stages
