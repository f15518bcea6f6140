#include <gtest/gtest.h>

#include <string>

#include "tests/support/json_stage.hpp"

namespace sluice::stages {
namespace {

using test::JsonStage;

// RFC 4231 sections 4.3 (test case 2) and 4.7 (a key longer than a block).
TEST(Hash, IsHmacSha256) {
  JsonStage short_key("enrich: {hash: {fields: a, key: Jefe}}");
  const std::string expected = R"({"a":"5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843"})";
  EXPECT_EQ(short_key.line(R"({"a":"what do ya want for nothing?"})"), expected);
  EXPECT_EQ(short_key.run({R"({"a":"x"})", R"({"a":"what do ya want for nothing?"})"}).output[1], expected)
      << "one value does not run into the next";
  JsonStage long_key("enrich: {hash: {fields: a, key: \"" + std::string(131, 'k') + "\", length: 64}}");
  EXPECT_EQ(long_key.line(R"({"a":"Test Using Larger Than Block-Size Key - Hash Key First"})").size(), 72u);
}

TEST(Hash, KeepsAsManyDigitsAsItIsTold) {
  EXPECT_EQ(
      JsonStage("enrich: {hash: {fields: [a], key: Jefe, length: 8}}").line(R"({"a":"what do ya want for nothing?"})"),
      R"({"a":"5bdcc146"})");
}

TEST(Hash, TakesTheTextOfAnyValue) {
  JsonStage stage("enrich: {hash: {fields: [a, b], key: secret}}");
  EXPECT_EQ(stage.line(R"({"a":17})"), stage.line(R"({"a":"17"})"));
  EXPECT_EQ(stage.line(R"({"a":"\u0061"})"), stage.line(R"({"a":"a"})"));
  EXPECT_NE(stage.line(R"({"a":[1,2]})"), stage.line(R"({"a":[1,3]})"));
  EXPECT_EQ(stage.line(R"({"a":null, "n":1})"), R"({"a":null, "n":1})");
}

TEST(Hash, ReachesNestedFields) {
  JsonStage stage("enrich: {hash: {fields: user.id, key: Jefe, length: 8}}");
  EXPECT_EQ(stage.line(R"({"user":{"id":"what do ya want for nothing?","n":1.0}})"),
            R"({"user":{"id":"5bdcc146","n":1.0}})");
  EXPECT_EQ(stage.line(R"({"user": "x"})"), R"({"user": "x"})");
}

TEST(Hash, NeedsAKey) {
  EXPECT_FALSE(test::StageUnderTest("enrich: {hash: {fields: a}}").ok());
  EXPECT_FALSE(test::StageUnderTest("enrich: {hash: {fields: a, key: ''}}").ok());
}

}  // namespace
}  // namespace sluice::stages
