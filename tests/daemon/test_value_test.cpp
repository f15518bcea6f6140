#include "daemon/test_value.hpp"

#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "daemon/test_align.hpp"

namespace sluice::daemon {
namespace {

bool same(std::string_view left, std::string_view right) {
  record::Arena arena;
  return is_same(record::Value::json(left), record::Value::json(right), arena);
}

TEST(TestValue, IsTheSameWhateverItsSpelling) {
  EXPECT_TRUE(same(R"({"a": 1, "b": "é"})", R"({"b":"\u00e9","a":1.0})"));
  EXPECT_TRUE(same(R"({"a": 1, "a": 2})", R"({"a": 2})")) << "the last of one name counts";
  EXPECT_FALSE(same(R"({"a": 1})", R"({"a": "1"})"));
  EXPECT_FALSE(same(R"({"a": null})", R"({})"));
  EXPECT_FALSE(same("[1, 2]", "[2, 1]"));
  EXPECT_FALSE(same("[1, 2]", "[1]"));
  EXPECT_FALSE(same("18446744073709551615", "-1"));
}

TEST(TestValue, NamesTheFieldsThatDiffer) {
  record::Arena arena;
  const FieldDifferences found = differences(record::Value::json(R"({"a":1,"b":{"c":1,"d":2}})"),
                                             record::Value::json(R"({"b":{"c":1,"d":3},"e":0})"), arena);
  EXPECT_EQ(found.sentences, (std::vector<std::string>{"a: expected 1, is not there", "b.d: expected 2, found 3",
                                                       "e: not expected, is 0"}));
  std::string marked;
  for (const Span& span : found.actual) marked += span.marked ? "[" + span.text + "]" : span.text;
  EXPECT_EQ(marked, R"({["b":{"c":1,"d":3}],["e":0]})");
}

std::string marked(const std::vector<Span>& spans) {
  std::string text;
  for (const Span& span : spans) text += span.marked ? "[" + span.text + "]" : span.text;
  return text;
}

TEST(TestValue, MarksWhatIsBetweenTheCommonEndsOfTexts) {
  const TextDifference middle = difference("one two three", "one 2 three");
  EXPECT_EQ(marked(middle.expected), "one [two] three");
  EXPECT_EQ(marked(middle.actual), "one [2] three");
  const TextDifference longer = difference("aa", "aaa");
  EXPECT_EQ(marked(longer.expected), "aa[]");
  EXPECT_EQ(marked(longer.actual), "aa[a]");
  // é and è begin with the same byte, é and ĩ end with the same: characters are marked as a whole.
  EXPECT_EQ(marked(difference("é", "è").actual), "[è]");
  EXPECT_EQ(marked(difference("xé", "xĩ").actual), "x[ĩ]");
}

std::vector<std::string> pairs(std::string_view expected, std::string_view actual) {
  std::vector<std::string> texts;
  for (const Unmatched& pair :
       align(expected.size(), actual.size(), [&](std::size_t i, std::size_t j) { return expected[i] == actual[j]; })) {
    texts.push_back((pair.expected ? std::string(1, expected[*pair.expected]) : "-") +
                    (pair.actual ? std::string(1, actual[*pair.actual]) : "-"));
  }
  return texts;
}

TEST(TestAlign, LeavesOutWhatIsInBoth) {
  using List = std::vector<std::string>;
  EXPECT_EQ(pairs("abc", "abc"), List{});
  EXPECT_EQ(pairs("", ""), List{});
  EXPECT_EQ(pairs("abc", "ac"), (List{"b-"}));
  EXPECT_EQ(pairs("ac", "abc"), (List{"-b"}));
  EXPECT_EQ(pairs("abcd", "axcd"), (List{"bx"}));
  EXPECT_EQ(pairs("abcd", "bcde"), (List{"a-", "-e"}));
  EXPECT_EQ(pairs("ab", "xyz"), (List{"ax", "by", "-z"}));
}

TEST(TestAlign, OfLongListsStaysQuick) {
  const std::string expected(3000, 'a');
  std::string actual(3000, 'b');
  actual[1500] = 'a';
  EXPECT_EQ(pairs(expected, actual).size(), 2999u);
}

}  // namespace
}  // namespace sluice::daemon
