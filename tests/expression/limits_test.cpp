// No expression and no record may cost more than the limits allow.
#include <gtest/gtest.h>

#include <array>
#include <vector>

#include "expression_fixture.hpp"

namespace sluice::test {
namespace {

std::string repeated(std::string_view part, std::size_t count) {
  std::string text;
  for (std::size_t i = 0; i < count; ++i) text += part;
  return text;
}

TEST(ExpressionLimits, NestingIsBoundedInEveryForm) {
  for (const auto& [open, middle, close] : std::vector<std::array<const char*, 3>>{{"(", "1", ")"},
                                                                                   {"[", "1", "]"},
                                                                                   {"{'a':", "1", "}"},
                                                                                   {"!", "true", ""},
                                                                                   {"-", "x", ""},
                                                                                   {"size(", "x", ")"},
                                                                                   {"x ? ", "1", " : 2"},
                                                                                   {"a[", "1", "]"},
                                                                                   {"x.map(y, ", "1", ")"}}) {
    const std::string source = repeated(open, 20'000).substr(0, 50'000) + middle + repeated(close, 1000);
    record::FieldTable table;
    const auto result = expression::compile(source, table);
    ASSERT_FALSE(result) << open;
    EXPECT_FALSE(result.errors.empty());
  }
  for (const char* part : {" + 1", ".a", "[0]", ".map(x, x)", " == 1"}) {
    record::FieldTable table;
    EXPECT_FALSE(expression::compile("x" + repeated(part, 5000), table)) << part;
  }
  EXPECT_EQ(evaluate("(((((((((((((((((((((((((((((((((1)))))))))))))))))))))))))))))))))"), "1");
}

TEST(ExpressionLimits, ChainsOfLogicMayBeLong) {
  EXPECT_EQ(match("x == 1" + repeated(" || x == 2", 3000), R"({"x":2})"), "yes");
  EXPECT_EQ(match("x == 2" + repeated(" && x == 2", 3000), R"({"x":2})"), "yes");
}

TEST(ExpressionLimits, TheTextIsBounded) {
  record::FieldTable table;
  EXPECT_FALSE(expression::compile(std::string(100'000, ' ') + "1", table));
}

TEST(ExpressionLimits, MacrosAreBoundedByCost) {
  const std::string list = "[" + repeated("1,", 999) + "1]";
  const std::string json = "{\"l\":" + list + "}";
  EXPECT_EQ(evaluate("l.all(a, l.all(b, l.all(c, a + b + c > 0)))", json), "error: limit_exceeded");
  EXPECT_EQ(evaluate("l.all(a, l.exists(b, a == b))", json), "true");
  EXPECT_EQ(evaluate("l.exists(a, l.all(b, l.all(c, false || a == 2)) || false)", json), "false");
  EXPECT_EQ(
      evaluate(list + ".map(a, " + list + ".map(b, " + list + ".map(c, a + b + c))) == x", "{\"x\":1}").substr(0, 6),
      "wrong:");
}

TEST(ExpressionLimits, MacrosMayNotNestTooDeeply) {
  std::string source = "1";
  for (int i = 0; i < 30; ++i) source = "[1].map(x" + std::to_string(i) + ", " + source + ")";
  record::FieldTable table;
  EXPECT_FALSE(expression::compile(source, table));
}

TEST(ExpressionLimits, StringsAndListsDoNotGrowWithoutEnd) {
  const std::string json = "{\"s\":\"" + std::string(100'000, 'x') + "\"}";
  std::string doubled = "s";
  for (int i = 0; i < 12; ++i) doubled = "[" + doubled + "].map(v, v + v)[0]";
  EXPECT_EQ(evaluate(doubled, json), "error: limit_exceeded");
  EXPECT_EQ(evaluate("s.replace('x', s)", json), "error: limit_exceeded");
  EXPECT_EQ(evaluate("s.split('').map(c, s).join(s)", json), "error: limit_exceeded");
  EXPECT_EQ(evaluate("size(s.split('x'))", json), "error: limit_exceeded");
  EXPECT_EQ(evaluate("'%.100f'.format([1.5]).size() == 102"), "true");
  EXPECT_EQ(evaluate("'%.101f'.format([x])", R"({"x":1.5})"), "error: invalid_argument");
}

TEST(ExpressionLimits, DeepRecordsAreCompared) {
  const std::string deep = repeated("[", 900) + repeated("]", 900);
  EXPECT_EQ(match("a == b", "{\"a\":" + deep + ",\"b\":" + deep + "}"), "yes");
}

TEST(ExpressionLimits, PatternsFromRecordsAreBounded) {
  EXPECT_EQ(match("x.matches(p)", "{\"x\":\"aaa\",\"p\":\"" + std::string(2000, 'a') + "\"}"), "limit_exceeded");
  EXPECT_EQ(match("x.matches(p)", R"({"x":"aaa","p":"((a{100}){100}){100}"})"), "invalid_argument");
}

}  // namespace
}  // namespace sluice::test
