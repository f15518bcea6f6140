#include "record/json_writer.hpp"

#include <gtest/gtest.h>

#include <array>
#include <limits>
#include <string>

#include "tests/support/json_text.hpp"

namespace sluice::record {
namespace {

using sluice::testing::to_json;

std::string text(const Value& value) {
  Buffer out;
  write_text(out, value);
  return std::string(out.view());
}

TEST(JsonWriter, Scalars) {
  EXPECT_EQ(to_json(Value::null()), "null");
  EXPECT_EQ(to_json(Value::boolean(false)), "false");
  EXPECT_EQ(to_json(Value::int64(std::numeric_limits<std::int64_t>::min())), "-9223372036854775808");
  EXPECT_EQ(to_json(Value::uint64(std::numeric_limits<std::uint64_t>::max())), "18446744073709551615");
  EXPECT_EQ(to_json(Value::float64(3)), "3.0");
  EXPECT_EQ(to_json(Value::float64(0.1)), "0.1");
  EXPECT_EQ(to_json(Value::float64(1e300)), "1e+300");
  EXPECT_EQ(to_json(Value::float64(std::numeric_limits<double>::quiet_NaN())), "null");
  EXPECT_EQ(to_json(Value::bytes("\xff\x01")), R"("/wE=")");
}

TEST(JsonWriter, EscapesWhatMustBeAndNothingElse) {
  EXPECT_EQ(to_json(Value::string("a\"b\\c/d\n\t\r\b\f\x01\x7f é")), "\"a\\\"b\\\\c/d\\n\\t\\r\\b\\f\\u0001\x7f é\"");
  for (std::size_t length = 0; length < 50; ++length) {
    const std::string plain(length, 'x');
    EXPECT_EQ(to_json(Value::string(plain + "\n" + plain)), "\"" + plain + "\\n" + plain + "\"");
  }
}

TEST(JsonWriter, ReplacesInvalidUtf8) {
  EXPECT_EQ(to_json(Value::string("a\xff\xfe"
                                  "b")),
            "\"a\xef\xbf\xbd\xef\xbf\xbd"
            "b\"");
  EXPECT_EQ(to_json(Value::string("\xe2\x82")), "\"\xef\xbf\xbd\"");
  EXPECT_EQ(to_json(Value::string("\xed\xa0\x80")), "\"\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd\"");
}

TEST(JsonWriter, ListsAndMaps) {
  const std::array<Value, 2> items{Value::int64(1), Value::json("{\"a\": 1.0}")};
  const std::array<Field, 2> fields{Field{Value::string("l"), Value::list(items)}, {Value::int64(5), Value::null()}};
  EXPECT_EQ(to_json(Value::map(fields)), R"({"l":[1,{"a": 1.0}],"5":null})");
  EXPECT_EQ(to_json(Value::list({})), "[]");
}

TEST(JsonWriter, TimestampsAreRfc3339InUtc) {
  EXPECT_EQ(text(Value::timestamp({0, 0})), "1970-01-01T00:00:00Z");
  EXPECT_EQ(text(Value::timestamp({1'795'557'599, 500'000'000})), "2026-11-24T21:59:59.500Z");
  EXPECT_EQ(text(Value::timestamp({951'782'400, 1'000})), "2000-02-29T00:00:00.000001Z");
  EXPECT_EQ(text(Value::timestamp({-1, 999'999'999})), "1969-12-31T23:59:59.999999999Z");
  EXPECT_EQ(text(Value::timestamp({-62'135'596'800, 0})), "0001-01-01T00:00:00Z");
  EXPECT_EQ(text(Value::timestamp({253'402'300'799, 0})), "9999-12-31T23:59:59Z");
  EXPECT_EQ(to_json(Value::timestamp({0, 0})), R"("1970-01-01T00:00:00Z")");
}

TEST(JsonWriter, DurationsAreSeconds) {
  EXPECT_EQ(text(Value::duration({1, 500'000'000})), "1.5s");
  EXPECT_EQ(text(Value::duration({-1, 500'000'000})), "-0.5s");
  EXPECT_EQ(text(Value::duration({-2, 0})), "-2s");
  EXPECT_EQ(text(Value::duration({0, 1})), "0.000000001s");
}

TEST(JsonWriter, TextOfStringsHasNoQuotes) {
  EXPECT_EQ(text(Value::string("a\"b")), "a\"b");
  EXPECT_EQ(text(Value::int64(5)), "5");
  EXPECT_EQ(text(Value::json("[1, 2]")), "[1, 2]");
}

}  // namespace
}  // namespace sluice::record
