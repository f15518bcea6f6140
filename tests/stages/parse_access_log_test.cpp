// parse: combined and common.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/support/run_stage.hpp"

namespace sluice::stages {
namespace {

using test::parse_line;
using testing::HasSubstr;
using testing::StartsWith;

std::string combined(const std::string& line) { return parse_line("- parse: combined", line); }
std::string with_request(const std::string& request) {
  return combined("::1 - - [10/Oct/2000:13:55:36 +0000] \"" + request + "\" 400 0 \"-\" \"-\"");
}
const std::string kStart = R"({"client_ip":"::1","time":"2000-10-10T13:55:36Z",)";
const std::string kEnd = R"(,"status":400,"bytes":0})";

TEST(Combined, FindsEveryField) {
  EXPECT_EQ(
      combined(R"(192.0.2.1 id ann [10/Oct/2000:13:55:36 -0700] "GET /a?b=1 HTTP/1.1" 200 2326 "http://x/" "UA 1")"),
      R"({"client_ip":"192.0.2.1","ident":"id","user":"ann","time":"2000-10-10T20:55:36Z","method":"GET",)"
      R"("path":"/a?b=1","protocol":"HTTP/1.1","status":200,"bytes":2326,"referer":"http://x/","user_agent":"UA 1"})");
}

TEST(Combined, DashesLeaveTheirFieldsOut) {
  EXPECT_EQ(combined(R"(::1 - - [10/Oct/2000:13:55:36 +0000] "-" - - "-" "-")"),
            R"({"client_ip":"::1","time":"2000-10-10T13:55:36Z"})");
  EXPECT_EQ(
      combined(R"(::1 - - [10/Oct/2000:13:55:36 +0000] "" 408 0 "" "")"),
      R"({"client_ip":"::1","time":"2000-10-10T13:55:36Z","request":"","status":408,"bytes":0,"referer":"","user_agent":""})");
}

TEST(Combined, RequestLines) {
  EXPECT_EQ(with_request("GET /a b HTTP/1.1"), kStart + R"("method":"GET","path":"/a b","protocol":"HTTP/1.1")" + kEnd);
  EXPECT_EQ(with_request("GET /old"), kStart + R"("method":"GET","path":"/old")" + kEnd);
  EXPECT_EQ(with_request("M-SEARCH * HTTP/1.1"),
            kStart + R"("method":"M-SEARCH","path":"*","protocol":"HTTP/1.1")" + kEnd);
  EXPECT_EQ(with_request("GET"), kStart + R"("request":"GET")" + kEnd);
  EXPECT_EQ(with_request("GET "), kStart + R"("request":"GET ")" + kEnd);
  EXPECT_EQ(with_request("hello big world"), kStart + R"("request":"hello big world")" + kEnd);
  EXPECT_EQ(with_request(" / HTTP/1.1"), kStart + R"("request":" / HTTP/1.1")" + kEnd);
}

TEST(Combined, EscapesAreDecodedUnlessTheyAreNoText) {
  EXPECT_EQ(with_request(R"(GET /\"q\"\\\xc3\xa9 HTTP/1.0)"),
            kStart + R"("method":"GET","path":"/\"q\"\\é","protocol":"HTTP/1.0")" + kEnd);
  EXPECT_EQ(with_request(R"(\x16\x03\x01)"), kStart + R"("request":"\u0016\u0003\u0001")" + kEnd);
  EXPECT_EQ(with_request(R"(\xff\n)"), kStart + R"("request":"\\xff\\n")" + kEnd);
  EXPECT_EQ(with_request(R"(\q\x1)"), kStart + R"("request":"\\q\\x1")" + kEnd);
}

TEST(Combined, AUserMayHoldSpacesAndAReferrerUtf8) {
  EXPECT_EQ(combined(R"(::1 - ann lee [x] [10/Oct/2000:13:55:36 +0000] "GET / HTTP/1.0" 200 1 "-" "é")"),
            "invalid_access_log: byte 16: expected a time such as 10/Oct/2000:13:55:36 -0700");
  EXPECT_EQ(combined(R"(::1 - ann lee [10/Oct/2000:13:55:36 +0000] "GET / HTTP/1.0" 200 1 "-" "é")"),
            R"({"client_ip":"::1","user":"ann lee","time":"2000-10-10T13:55:36Z","method":"GET","path":"/",)"
            R"("protocol":"HTTP/1.0","status":200,"bytes":1,"user_agent":"é"})");
}

TEST(Combined, WhatFollowsIsKept) {
  EXPECT_THAT(combined(R"(::1 - - [10/Oct/2000:13:55:36 +0000] "GET / HTTP/1.0" 200 1 "-" "-" "10.0.0.1" 0.25)"),
              HasSubstr(R"("bytes":1,"extra":"\"10.0.0.1\" 0.25"})"));
}

TEST(Combined, OtherLinesAreRejectedWithThePlace) {
  const std::string good = R"(::1 - - [10/Oct/2000:13:55:36 +0000] "GET / HTTP/1.0" 200 1 "-" "-")";
  ASSERT_THAT(combined(good), StartsWith("{"));
  for (std::size_t length = 1; length < good.size(); ++length) {
    EXPECT_THAT(combined(good.substr(0, length)), StartsWith("invalid_access_log: byte ")) << length;
  }
  EXPECT_EQ(combined(R"(::1 - - [10/Oct/2000:13:55:36 +0000] "GET / HTTP/1.0" 2x0 1 "-" "-")"),
            "invalid_access_log: byte 54: expected the status, a number or `-`");
  EXPECT_THAT(combined(R"(::1 - - [10/Oct/2000:13:55:36 +0000] "GET / HTTP/1.0" 200 9999999999999999999 "-" "-")"),
              HasSubstr("expected the number of bytes"));
}

TEST(Common, FindsEveryFieldAndKeepsTheRest) {
  EXPECT_EQ(parse_line("- parse: common", R"(::1 - - [10/Oct/2000:13:55:36 +0000] "GET / HTTP/1.0" 200 1)"),
            R"({"client_ip":"::1","time":"2000-10-10T13:55:36Z","method":"GET","path":"/","protocol":"HTTP/1.0",)"
            R"("status":200,"bytes":1})");
  EXPECT_THAT(parse_line("- parse: common", R"(::1 - - [10/Oct/2000:13:55:36 +0000] "GET / HTTP/1.0" 200 1 "a" "b")"),
              HasSubstr(R"("bytes":1,"extra":"\"a\" \"b\""})"));
}

}  // namespace
}  // namespace sluice::stages
