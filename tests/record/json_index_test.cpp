#include "record/json_index.hpp"

#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <iterator>
#include <random>
#include <string>
#include <vector>

#include "record/batch.hpp"
#include "record/json.hpp"
#include "tests/support/json_text.hpp"

namespace sluice::record {
namespace {

using sluice::testing::to_json;

// The lines of `text` as records of a batch, as a generator makes them.
std::vector<Record> split(std::string_view text) {
  std::vector<Record> records;
  while (!text.empty()) {
    const std::size_t end = std::min(text.find('\n'), text.size());
    records.emplace_back(text.substr(0, end));
    text.remove_prefix(std::min(end + 1, text.size()));
  }
  return records;
}

// For each line "ok" or the reason why it is not.
std::vector<std::string> verdicts(std::string_view text) {
  FieldTable fields;
  fields.intern("a");
  JsonIndexer indexer(fields);
  Arena arena;
  std::vector<Record> records = split(text);
  indexer.index(records, arena);
  std::vector<std::string> result(records.size(), "ok");
  for (const auto& failed : indexer.failures()) result[failed.record] = failed.why.reason;
  for (std::size_t i = 0; i < records.size(); ++i) {
    EXPECT_EQ(records[i].form() == Record::Form::json, result[i] == "ok");
  }
  return result;
}

std::string reason(std::string_view line) { return verdicts(line).at(0); }

TEST(JsonIndex, LocatesWantedFieldsOnly) {
  FieldTable fields;
  const FieldKey level = fields.intern("level");
  const FieldKey nested = fields.intern("nested");
  JsonIndexer indexer(fields);
  Arena arena;
  std::vector<Record> records = split("{\"x\":1,\"level\":\"error\"}\n{\"nested\":{\"level\":2}, \"y\":[{},[]]}\n{}");
  indexer.index(records, arena);
  EXPECT_TRUE(indexer.failures().empty());
  EXPECT_EQ(to_json(records[0].find(level)), R"("error")");
  EXPECT_TRUE(records[0].find(nested).is_absent());
  EXPECT_EQ(to_json(records[1].find(nested)), R"({"level":2})");
  EXPECT_TRUE(records[1].find(level).is_absent());
  EXPECT_EQ(to_json(records[2]), "{}");
}

TEST(JsonIndex, OneBrokenLineDoesNotHideItsNeighbours) {
  EXPECT_EQ(
      verdicts("{\"a\":1}\n{\"a\n{\"a\":2}\n{\"a\":\"\xff\"}\n{\"a\":3}\n{\"a\":\"\x01\"}\n{\"a\":4"),
      (std::vector<std::string>{"ok", "invalid_json", "ok", "invalid_utf8", "ok", "invalid_json", "invalid_json"}));
}

TEST(JsonIndex, AnObjectMustNotReachIntoTheNextLine) {
  EXPECT_EQ(
      verdicts("{\"a\":\n1}\n[1,\n2]\n{\"a\":1},\n{}"),
      (std::vector<std::string>{"invalid_json", "invalid_json", "invalid_json", "invalid_json", "invalid_json", "ok"}));
}

TEST(JsonIndex, QuotesThatBalanceOnlyAcrossLinesAreFound) {
  EXPECT_EQ(verdicts("{\"a\":\"x\n\":\"y\"}\n{\"a\":1}"),
            (std::vector<std::string>{"invalid_json", "invalid_json", "ok"}));
}

TEST(JsonIndex, OtherValuesAreNotObjects) {
  for (const char* line : {"null", "42", "\"text\"", "[1,2]", "true", " -1e5 ", "[]"}) {
    EXPECT_EQ(reason(line), "not_an_object") << line;
  }
  EXPECT_EQ(reason(std::string(2000, '[') + std::string(2000, ']')), "not_an_object");
  EXPECT_EQ(reason("nulL"), "invalid_json");
  EXPECT_EQ(reason("[1,2"), "invalid_json");
  EXPECT_EQ(reason("42 {}"), "invalid_json");
}

TEST(JsonIndex, NestingIsLimited) {
  const auto nested = [](std::size_t depth) {
    return "{\"a\":" + std::string(depth, '[') + std::string(depth, ']') + "}";
  };
  EXPECT_EQ(reason(nested(JsonIndexer::kMaxDepth)), "ok");
  EXPECT_EQ(reason(nested(JsonIndexer::kMaxDepth + 1)), "too_deep");
  EXPECT_EQ(reason(nested(100'000)), "too_deep");
}

TEST(JsonIndex, SaysWhereALineIsBroken) {
  FieldTable fields;
  JsonIndexer indexer(fields);
  Arena arena;
  Record record;
  EXPECT_FALSE(indexer.index_one(R"({"a":1,"b" 2})", record, arena));
  EXPECT_EQ(indexer.failures().at(0).why.detail, "byte 12: expected ':' after a name");
}

TEST(JsonIndex, StringsWithEscapesAreValidatedAndDecodedOnDemand) {
  FieldTable fields;
  const FieldKey a = fields.intern("a");
  JsonIndexer indexer(fields);
  Arena arena;
  Record record;
  ASSERT_TRUE(indexer.index_one(R"({"a":"x\ny","b":"\u00e9"})", record, arena));
  EXPECT_EQ(resolve(record.find(a), arena).text(), "x\ny");
  EXPECT_EQ(reason(R"({"a":"\x"})"), "invalid_json");
  EXPECT_EQ(reason(R"({"b":["\u12"]})"), "invalid_json");
  EXPECT_EQ(reason(R"({"\q":1})"), "invalid_json");
}

TEST(JsonIndex, LongLinesAmongShortOnes) {
  const std::string large = "{\"a\":\"" + std::string(3'000'000, 'x') + "\"}";
  const auto result = verdicts("{\"a\":1}\n" + large + "\n{\"a\":2}\n" + large + "x\n{}");
  EXPECT_EQ(result, (std::vector<std::string>{"ok", "ok", "ok", "invalid_json", "ok"}));
}

// Random lines cut, spliced and mutated: the verdict on a line must not depend on its neighbours.
TEST(JsonIndex, VerdictsDoNotDependOnNeighbours) {
  const std::vector<std::string> seeds = {R"({"a":1,"b":[true,null,"x\"y"],"c":{"d":-1.5e3}})",
                                          R"({"message":"he said \\"})",
                                          "[1,2,{\"x\":[]}]",
                                          "{}",
                                          "\"\"",
                                          R"({"é":"日本","a":"\u20ac"})"};
  const unsigned seed = std::random_device{}();
  SCOPED_TRACE("seed " + std::to_string(seed));
  std::mt19937 random(seed);
  const auto below = [&](std::size_t limit) {
    return std::uniform_int_distribution<std::size_t>(0, limit - 1)(random);
  };
  constexpr std::string_view kBytes = "{}[]\",:\\ \t0e-.atn\x01\xff\xc3\r";
  for (int round = 0; round < 300; ++round) {
    std::string text;
    std::vector<std::string> alone;
    for (std::size_t i = 0; i < 20; ++i) {
      std::string line = seeds[below(seeds.size())];
      for (std::size_t edits = below(3); edits > 0 && !line.empty(); --edits) {
        const std::size_t at = below(line.size());
        if (below(2) == 0) {
          line[at] = kBytes[below(kBytes.size())];
        } else {
          line.erase(at, 1 + below(4));
        }
      }
      if (line.empty()) line = "1";
      alone.push_back(reason(line));
      text += (i > 0 ? "\n" : "") + line;
    }
    ASSERT_EQ(verdicts(text), alone) << text;
  }
}

// JSONTestSuite, each file as one text: y_ must be valid, n_ must not, i_ may be either.
TEST(JsonIndex, JsonTestSuite) {
  const std::filesystem::path folder = std::filesystem::path(SLUICE_SHARED_DIR) / "data/jsontestsuite/test_parsing";
  if (!std::filesystem::exists(folder)) GTEST_SKIP() << folder << " is not here";
  int count = 0;
  for (const auto& entry : std::filesystem::directory_iterator(folder)) {
    const std::string name = entry.path().filename().string();
    std::ifstream file(entry.path(), std::ios::binary);
    const std::string text{std::istreambuf_iterator<char>(file), {}};
    const bool valid = is_valid_json(text);
    if (name.starts_with("y_")) {
      EXPECT_TRUE(valid) << name;
    }
    if (name.starts_with("n_")) {
      EXPECT_FALSE(valid) << name;
    }
    ++count;
  }
  EXPECT_EQ(count, 318);
}

}  // namespace
}  // namespace sluice::record
