#include <gmock/gmock.h>

#include "flow/context.hpp"
#include "stages/write/encode_csv.hpp"
#include "stages/write/encode_json.hpp"
#include "stages/write/encode_logfmt.hpp"
#include "stages/write/encode_raw.hpp"
#include "stages/write/encode_template.hpp"
#include "tests/support/records.hpp"

namespace sluice::stages {
namespace {

using record::Value;
using testing::add_fields;
using testing::add_json;
using testing::add_line;

std::string encode(const Encoder& encoder, record::Batch& batch) {
  encode_batch(flow::background(), encoder, batch);
  return std::string(batch.output().view());
}

std::string logfmt(std::initializer_list<std::pair<std::string_view, Value>> fields) {
  record::FieldTable table;
  record::Batch batch;
  add_fields(batch, fields);
  return encode(LogfmtEncoder(table), batch);
}

std::string logfmt(std::string_view json) {
  record::FieldTable table;
  const LogfmtEncoder encoder(table);
  record::Batch batch;
  add_json(batch, json, table);
  return encode(encoder, batch);
}

TEST(EncodeJson, WritesAnUnchangedRecordByteForByte) {
  record::FieldTable table;
  record::Batch batch;
  add_json(batch, R"({"a": 1.0,  "b":1e3,"c":"\u00e9"})", table);
  add_line(batch, "a line");
  EXPECT_EQ(encode(JsonEncoder(), batch), R"({"a": 1.0,  "b":1e3,"c":"\u00e9"})"
                                          "\n"
                                          R"({"message":"a line"})"
                                          "\n");
}

TEST(EncodeJson, ReplacesBrokenUtf8) {
  record::Batch batch;
  batch.slab().append("a\xff");
  batch.records().emplace_back(batch.slab().view());
  EXPECT_EQ(encode(JsonEncoder(), batch), "{\"message\":\"a\xef\xbf\xbd\"}\n");
}

TEST(EncodeLogfmt, QuotesWhereGoLogfmtDoes) {
  EXPECT_EQ(logfmt({{"a", Value::string("plain")}, {"b", Value::string("two words")}}), "a=plain b=\"two words\"\n");
  EXPECT_EQ(logfmt({{"a", Value::string("x=y")}}), "a=\"x=y\"\n");
  EXPECT_EQ(logfmt({{"a", Value::string("say \"hi\"")}}), R"(a="say \"hi\"")"
                                                          "\n");
  EXPECT_EQ(logfmt({{"a", Value::string("line\nend\ttab\x01")}}), R"(a="line\nend\ttab\u0001")"
                                                                  "\n");
  EXPECT_EQ(logfmt({{"a", Value::string("back\\slash")}}), "a=back\\slash\n");
  EXPECT_EQ(logfmt({{"a", Value::string("")}}), "a=\n");
  EXPECT_EQ(logfmt({{"a", Value::string("null")}}), "a=\"null\"\n");
  EXPECT_EQ(logfmt({{"a", Value::string("caf\xc3\xa9")}}), "a=caf\xc3\xa9\n");
  EXPECT_EQ(logfmt({{"a", Value::string("\xef\xbf\xbd")}}), "a=\"\xef\xbf\xbd\"\n");
}

TEST(EncodeLogfmt, WritesEveryType) {
  EXPECT_EQ(logfmt({{"n", Value::null()},
                    {"b", Value::boolean(true)},
                    {"i", Value::int64(-5)},
                    {"u", Value::uint64(18446744073709551615U)},
                    {"f", Value::float64(1.5)},
                    {"t", Value::timestamp({0, 0})},
                    {"d", Value::duration({1, 500'000'000})}}),
            "n=null b=true i=-5 u=18446744073709551615 f=1.5 t=1970-01-01T00:00:00Z d=1.5s\n");
}

TEST(EncodeLogfmt, KeepsTheTextOfNumbersAndWritesNestedValuesAsJson) {
  EXPECT_EQ(logfmt(R"({"n":1e3,"z":null,"s":"a\u0020b","o":{"k":[1,2]},"l":[1,2]})"),
            R"(n=1e3 z=null s="a b" o="{\"k\":[1,2]}" l=[1,2])"
            "\n");
}

TEST(EncodeLogfmt, MakesKeysOfAnyName) {
  EXPECT_EQ(
      logfmt({{"a b", Value::int64(1)}, {"c=d", Value::int64(2)}, {"", Value::int64(3)}, {"\xff!", Value::int64(4)}}),
      "a_b=1 c_d=2 _=3 _!=4\n");
}

TEST(EncodeLogfmt, AsksParsersForAllFields) {
  record::FieldTable table;
  const LogfmtEncoder encoder(table);
  EXPECT_TRUE(table.reads_everything());
}

TEST(EncodeRaw, WritesTheLineWhateverStagesMadeOfIt) {
  record::FieldTable table;
  const RawEncoder encoder(table);
  record::Batch batch;
  add_line(batch, "as \xff it came");
  add_line(batch, "");
  add_json(batch, R"({"a": 1})", table);
  batch.records().back().set(table.intern("b"), Value::int64(2), batch.arena());
  EXPECT_EQ(encode(encoder, batch), "as \xff it came\n\n{\"a\": 1}\n");
}

TEST(EncodeRaw, WritesTheMessageOfARecordWithoutALine) {
  record::FieldTable table;
  const RawEncoder encoder(table);
  record::Batch batch;
  add_fields(batch, {{"message", Value::string("two\nlines")}, {"a", Value::int64(1)}});
  add_fields(batch, {{"a", Value::int64(1)}});
  EXPECT_EQ(encode(encoder, batch), "two\\nlines\n{\"a\":1}\n");
}

std::string templated(std::string_view text, std::string_view json, std::string missing = "") {
  record::FieldTable table;
  std::optional<TemplateError> error;
  const TemplateEncoder encoder(parse_template(text, table, error), std::move(missing));
  EXPECT_FALSE(error);
  record::Batch batch;
  add_json(batch, json, table);
  return encode(encoder, batch);
}

TEST(EncodeTemplate, PutsFieldsIntoText) {
  EXPECT_EQ(templated("{time} [{level}] {message}!", R"({"level":"info","message":"it\u0027s","time":"12:00"})"),
            "12:00 [info] it's!\n");
  EXPECT_EQ(templated("{n} {o} {z} {b}", R"({"n":1e3,"o":{"a": [1]},"z":null,"b":true})"),
            "1e3 {\"a\": [1]} null true\n");
  EXPECT_EQ(templated("no field", "{}"), "no field\n");
}

TEST(EncodeTemplate, FindsNestedFieldsAndNamesWithDots) {
  EXPECT_EQ(templated("{a.b.c}", R"({"a":{"b":{"c":"deep"}}})"), "deep\n");
  EXPECT_EQ(templated("{a.b}", R"({"a.b":"dotted","a":{"b":"nested"}})"), "dotted\n");
  EXPECT_EQ(templated("<{a.b}>", R"({"a":"text"})"), "<>\n");
}

TEST(EncodeTemplate, PutsSomethingElseForMissingFields) { EXPECT_EQ(templated("{a}{b}", R"({"b":1})", "-"), "-1\n"); }

TEST(EncodeTemplate, TakesDoubledBracesAsBraces) { EXPECT_EQ(templated("{{{a}}} }}{{", R"({"a":1})"), "{1} }{\n"); }

TEST(EncodeTemplate, KeepsARecordOnOneLine) { EXPECT_EQ(templated("{a}", R"({"a":"one\r\ntwo"})"), "one\\r\\ntwo\n"); }

TEST(EncodeTemplate, SaysWhereATemplateIsWrong) {
  const auto wrong_at = [](std::string_view text) {
    record::FieldTable table;
    std::optional<TemplateError> error;
    EXPECT_TRUE(parse_template(text, table, error).empty());
    return error ? static_cast<int>(error->offset) : -1;
  };
  EXPECT_EQ(wrong_at("ab {c"), 3);
  EXPECT_EQ(wrong_at("ab {c {d}"), 3);
  EXPECT_EQ(wrong_at("ab }"), 3);
  EXPECT_EQ(wrong_at("{}"), 0);
  EXPECT_EQ(wrong_at("x{a..b}"), 1);
}

TEST(EncodeCsv, QuotesByRfc4180) {
  record::FieldTable table;
  const CsvEncoder encoder({"a", "b,c", "d.e"}, true, table);
  EXPECT_EQ(encoder.preamble(), "a,\"b,c\",d.e\n");
  record::Batch batch;
  add_json(batch, R"({"a":"x,y","b,c":"say \"hi\"","d":{"e":"two\nlines"}})", table);
  add_json(batch, R"({"a":null,"d":{"e":{"f":1}}})", table);
  add_json(batch, R"({"a":1e3,"b,c":true,"d":[1]})", table);
  EXPECT_EQ(encode(encoder, batch),
            "\"x,y\",\"say \"\"hi\"\"\",\"two\nlines\"\n"
            ",,\"{\"\"f\"\":1}\"\n"
            "1e3,true,\n");
}

TEST(EncodeCsv, LeavesTheHeaderOutOnRequest) {
  record::FieldTable table;
  EXPECT_EQ(CsvEncoder({"a"}, false, table).preamble(), "");
}

TEST(Encode, TellsHowManyRecordsAreWholeInAPartOfTheOutput) {
  record::FieldTable table;
  const CsvEncoder encoder({"message"}, false, table);
  record::Batch batch;
  add_fields(batch, {{"message", Value::string("one")}});
  add_fields(batch, {{"message", Value::string("t\nw\no")}});
  add_fields(batch, {{"message", Value::string("three")}});
  ASSERT_EQ(encode(encoder, batch), "one\n\"t\nw\no\"\nthree\n");
  const std::vector<std::pair<std::size_t, std::size_t>> whole{{0, 0},  {3, 0},  {4, 1}, {11, 1},
                                                               {12, 2}, {17, 2}, {18, 3}};
  for (const auto& [bytes, records] : whole) {
    EXPECT_EQ(whole_records(flow::background(), encoder, batch, bytes).records, records) << bytes;
  }
}

}  // namespace
}  // namespace sluice::stages
