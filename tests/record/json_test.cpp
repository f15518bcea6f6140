#include "record/json.hpp"

#include <gtest/gtest.h>

#include <cmath>
#include <limits>
#include <string>

#include "tests/support/json_text.hpp"

namespace sluice::record {
namespace {

using sluice::testing::to_json;

Value read(std::string_view text, Arena& arena) { return resolve(Value::json(text), arena); }

TEST(Json, NumbersTakeTheNarrowestType) {
  Arena arena;
  EXPECT_EQ(read("0", arena).as_int64(), 0);
  EXPECT_EQ(read("-9223372036854775808", arena).as_int64(), std::numeric_limits<std::int64_t>::min());
  EXPECT_TRUE(read("9223372036854775808", arena).is(Type::uint64));
  EXPECT_TRUE(read("18446744073709551615", arena).is(Type::uint64));
  EXPECT_TRUE(read("18446744073709551616", arena).is(Type::float64));
  EXPECT_TRUE(read("1.0", arena).is(Type::float64));
  EXPECT_TRUE(read("1e3", arena).is(Type::float64));
  EXPECT_TRUE(std::signbit(read("-0", arena).as_float64()));
}

TEST(Json, DoublesOutOfRangeAreInfiniteOrZero) {
  Arena arena;
  EXPECT_EQ(read("1e400", arena).as_float64(), std::numeric_limits<double>::infinity());
  EXPECT_EQ(read("-1e400", arena).as_float64(), -std::numeric_limits<double>::infinity());
  EXPECT_EQ(read("1e-400", arena).as_float64(), 0.0);
  EXPECT_EQ(read("0.00001e-99999999999999999999", arena).as_float64(), 0.0);
  EXPECT_EQ(read("123e99999999999999999999", arena).as_float64(), std::numeric_limits<double>::infinity());
}

TEST(Json, StringsAreUnescaped) {
  Arena arena;
  EXPECT_EQ(read(R"("a\"\\\/\b\f\n\r\t")", arena).text(), "a\"\\/\b\f\n\r\t");
  EXPECT_EQ(read(R"("\u00e9\u20ac\ud83d\ude00")", arena).text(), "é€😀");
  EXPECT_EQ(read(R"("\u0000x")", arena).text(), std::string_view("\0x", 2));
  EXPECT_EQ(read(R"("\ud800 \udc00 \ud800\u0041")", arena).text(),
            "\xef\xbf\xbd \xef\xbf\xbd \xef\xbf\xbd"
            "A");
}

TEST(Json, ListsAndMapsAreDecodedOneLevelDeep) {
  Arena arena;
  const Value list = read(R"([ 1 , "two" , [3] , {} ])", arena);
  ASSERT_EQ(list.items().size(), 4U);
  EXPECT_EQ(list.items()[1].text(), "two");
  EXPECT_TRUE(list.items()[2].is(Type::json));
  const Value map = read(R"({"a" : {"b":"}"} , "c":"x\"]"})", arena);
  ASSERT_EQ(map.fields().size(), 2U);
  EXPECT_EQ(map.fields()[0].value.text(), R"({"b":"}"})");
  EXPECT_EQ(to_json(map.fields()[1].value), R"("x\"]")");
  EXPECT_TRUE(read("[]", arena).items().empty());
}

TEST(Json, MemberFindsTheLastOfItsName) {
  const Value object = Value::json(R"({"a":1,"b":{"a":5},"a":[2]})");
  EXPECT_EQ(to_json(member(object, "a")), "[2]");
  EXPECT_EQ(to_json(member(member(object, "b"), "a")), "5");
  EXPECT_TRUE(member(object, "c").is_absent());
  EXPECT_TRUE(member(Value::json("[1]"), "a").is_absent());
}

TEST(Json, ValidityOfSingleTexts) {
  for (const char* good : {"1", " [1,2 ] ", "\"x\"", "null", "{\"a\":{}}", "[[[]]]", "-0.5e-3", "[\"\\u12ab\"]"}) {
    EXPECT_TRUE(is_valid_json(good)) << good;
  }
  for (const char* bad :
       {"",      " ",   "[1,]", "{\"a\"}", "01", "1.",         "+1",   "nul",    "\"\\x\"", "\"\\u12g4\"", "[1 2]",
        "{a:1}", "1 2", "{}{}", "[",       "\"", "{\"a\":1,}", "\x01", "\"\t\"", "[1]x",    "\"a\"b"}) {
    EXPECT_FALSE(is_valid_json(bad)) << bad;
  }
}

}  // namespace
}  // namespace sluice::record
