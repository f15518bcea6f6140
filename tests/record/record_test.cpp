#include "record/record.hpp"

#include <gtest/gtest.h>

#include <string>

#include "record/json.hpp"
#include "record/json_index.hpp"
#include "tests/support/json_text.hpp"

namespace sluice::record {
namespace {

using sluice::testing::to_json;

class RecordTest : public ::testing::Test {
 protected:
  Record json(std::string_view text) {
    JsonIndexer indexer(fields_);
    Record record{text};
    EXPECT_TRUE(indexer.index_one(text, record, arena_));
    return record;
  }

  FieldTable fields_;
  Arena arena_;
  const FieldKey a_ = fields_.intern("a");
  const FieldKey b_ = fields_.intern("b");
  const FieldKey c_ = fields_.intern("c");
  const FieldKey message_ = fields_.intern("message");
};

TEST_F(RecordTest, LineHasOneFieldNamedMessage) {
  const Record record{"some text"};
  EXPECT_EQ(to_json(record.find(message_)), R"("some text")");
  EXPECT_TRUE(record.find(a_).is_absent());
  EXPECT_EQ(to_json(record), R"({"message":"some text"})");
}

TEST_F(RecordTest, LineKeepsMessageWhenAFieldIsAdded) {
  Record record{"text"};
  record.set(a_, Value::int64(1), arena_);
  EXPECT_EQ(to_json(record), R"({"message":"text","a":1})");
}

TEST_F(RecordTest, UnchangedJsonIsWrittenByteForByte) {
  constexpr std::string_view kText = R"({ "n":1.0, "e" : 1e3,"big":12345678901234567890, "s":"\u00e9\/", "a" :[ ] })";
  EXPECT_EQ(to_json(json(kText)), kText);
}

TEST_F(RecordTest, UnchangedJsonKeepsTheWhiteSpaceAroundIt) {
  EXPECT_EQ(to_json(json("  {\"a\":1}\t ")), "  {\"a\":1}\t ");
}

TEST_F(RecordTest, AddedFieldsFollowTheText) {
  Record record = json(R"({"x": 1.0 })");
  record.set(a_, Value::string("one"), arena_);
  record.set(b_, Value::boolean(true), arena_);
  EXPECT_EQ(to_json(record), R"({"x": 1.0,"a":"one","b":true})");
}

TEST_F(RecordTest, AddedFieldNeedsNoCommaInAnEmptyObject) {
  Record record = json("{ }");
  record.set(a_, Value::null(), arena_);
  EXPECT_EQ(to_json(record), R"({"a":null})");
}

TEST_F(RecordTest, ChangedFieldKeepsItsPlaceAndTheOthersTheirText) {
  Record record = json(R"({"x":1e3,"a":1,"y":"\u0041"})");
  record.set(a_, Value::string("new"), arena_);
  EXPECT_EQ(to_json(record), R"({"x":1e3,"a":"new","y":"\u0041"})");
}

TEST_F(RecordTest, AddedFieldCanBeChangedAndRead) {
  Record record = json(R"({"x":1})");
  record.set(a_, Value::int64(1), arena_);
  record.set(a_, Value::int64(2), arena_);
  EXPECT_EQ(record.find(a_).as_int64(), 2);
  EXPECT_EQ(to_json(record), R"({"x":1,"a":2})");
}

TEST_F(RecordTest, LastOfDuplicateKeysWinsForReading) {
  const Record record = json(R"({"a":1,"a":2})");
  EXPECT_EQ(to_json(record.find(a_)), "2");
  EXPECT_EQ(to_json(record), R"({"a":1,"a":2})");
}

TEST_F(RecordTest, RemoveTakesAllOfTheName) {
  Record record = json(R"({"a":1,"b":2,"a":3})");
  EXPECT_TRUE(record.remove(a_, arena_));
  EXPECT_FALSE(record.remove(a_, arena_));
  EXPECT_EQ(to_json(record), R"({"b":2})");
}

TEST_F(RecordTest, RenameKeepsThePlaceAndReplacesTheOldHolderOfTheName) {
  Record record = json(R"({"c":0,"a":1,"b":2})");
  EXPECT_TRUE(record.rename(a_, c_, arena_));
  EXPECT_EQ(to_json(record), R"({"c":1,"b":2})");
  EXPECT_FALSE(record.rename(a_, c_, arena_));
}

TEST_F(RecordTest, RenameOfAnAddedField) {
  Record record = json(R"({"x":1})");
  record.set(a_, Value::int64(5), arena_);
  EXPECT_TRUE(record.rename(a_, b_, arena_));
  EXPECT_EQ(to_json(record), R"({"x":1,"b":5})");
}

TEST_F(RecordTest, FindsNamesOutsideTheProjection) {
  Record record = json(R"({"other":{"deep":7}})");
  const Value other = record.find_any("other", arena_);
  EXPECT_EQ(to_json(member(other, "deep")), "7");
  EXPECT_TRUE(record.find_any("none", arena_).is_absent());
}

TEST_F(RecordTest, FieldsListsEverythingInOrder) {
  Record record = json(R"({"x":"1","a":{"y":[1,2]}})");
  record.set(b_, Value::int64(3), arena_);
  std::string names;
  for (const Field& field : record.fields(arena_)) names += std::string(field.name.text()) + " ";
  EXPECT_EQ(names, "x a b ");
  EXPECT_EQ(to_json(record), R"({"x":"1","a":{"y":[1,2]},"b":3})");
}

TEST_F(RecordTest, KeysWithEscapesAreFoundByWhatTheyStandFor) {
  const Record record = json(R"({"\u0061":1})");
  EXPECT_EQ(to_json(record.find(a_)), "1");
}

}  // namespace
}  // namespace sluice::record
