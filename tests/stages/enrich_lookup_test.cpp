#include <gtest/gtest.h>

#include <filesystem>
#include <string>
#include <vector>

#include "record/json_writer.hpp"
#include "stages/enrich/lookup_table.hpp"
#include "tests/support/descriptors.hpp"
#include "tests/support/json_stage.hpp"

namespace sluice::stages {
namespace {

using namespace std::chrono_literals;
using test::errors;
using test::JsonStage;
using test::ManualClock;

struct Read {
  std::shared_ptr<const LookupTable> table;
  std::string error;

  // The row of a key as JSON texts joined by blanks, "none" without a row.
  std::string row(std::string_view key) const {
    if (table == nullptr) return "error: " + error;
    const auto row = table->find(key);
    if (row.empty()) return "none";
    std::string text;
    for (const record::Value& value : row) {
      record::Buffer json;
      if (!value.is_absent()) record::write_json(json, value);
      text += (text.empty() ? "" : " ") + (value.is_absent() ? std::string("-") : std::string(json.view()));
    }
    return text;
  }
};

Read read(const std::string& text, TableFormat format = TableFormat::csv, std::vector<std::string> columns = {}) {
  TableError error;
  Read result;
  result.table = LookupTable::parse(text, format, "k", std::move(columns), error);
  result.error = error.message;
  EXPECT_EQ(result.table == nullptr, !result.error.empty());
  return result;
}

TEST(LookupTable, ReadsCsvAsRfc4180HasIt) {
  const Read read_table =
      read("k,a,b\r\n1,plain,\"with, comma\"\r\n2,\"a \"\"quote\"\"\",\"two\nlines\"\n\n3,,\n\"4\",x,\xc3\xbc");
  EXPECT_EQ(read_table.row("1"), R"("plain" "with, comma")");
  EXPECT_EQ(read_table.row("2"), R"("a \"quote\"" "two\nlines")");
  EXPECT_EQ(read_table.row("3"), R"("" "")");
  EXPECT_EQ(read_table.row("4"), "\"x\" \"\xc3\xbc\"");
  EXPECT_EQ(read_table.row("5"), "none");
  EXPECT_EQ(read_table.table->size(), 4u);
}

TEST(LookupTable, TakesTheKeyFromAnyColumnAndKeepsOnlyWhatIsWanted) {
  EXPECT_EQ(read("a,k,b,c\n1,x,2,3\n", TableFormat::csv, {"c", "a"}).row("x"), R"("3" "1")");
  EXPECT_EQ(read("a\tk\n1,5\tx\n", TableFormat::tsv).row("x"), R"("1,5")");
  EXPECT_EQ(read("k,a\nx,1\n", TableFormat::csv, {"k"}).row("x"), R"("x")");
}

TEST(LookupTable, PassesOverAByteOrderMark) { EXPECT_EQ(read("\xef\xbb\xbfk,a\nx,1\n").row("x"), R"("1")"); }

TEST(LookupTable, LetsTheLastOfSeveralRowsCount) { EXPECT_EQ(read("k,a\nx,1\nx,2\n").row("x"), R"("2")"); }

TEST(LookupTable, ReadsJsonLinesAndKeepsTypes) {
  const Read read_table =
      read("{\"k\":\"x\",\"n\":1.50,\"s\":\"a\\nb\",\"l\":[1, 2]}\n\n {\"k\":7,\"m\":null} \n", TableFormat::json);
  EXPECT_EQ(read_table.row("x"), R"(1.50 "a\nb" [1, 2] -)");
  EXPECT_EQ(read_table.row("7"), "- - - null");
  EXPECT_EQ(read_table.table->columns(), (std::vector<std::string>{"n", "s", "l", "m"}));
}

TEST(LookupTable, SaysWhatIsWrongAndWhere) {
  EXPECT_NE(read("").error.find("must name the columns"), std::string::npos);
  EXPECT_NE(read("a,b\n").error.find("no column `k`"), std::string::npos);
  EXPECT_NE(read("k,owner\n", TableFormat::csv, {"ower"}).error.find("did you mean `owner`"), std::string::npos);
  EXPECT_EQ(read("k,a\nx,\"1\n2\"\ny\n").error, "line 4: 1 cells where the header has 2");
  EXPECT_EQ(read("k,a\nx,\"1").error, "line 2: a quote that opens here is never closed");
  EXPECT_EQ(read("k,a\nx,\"1\"2\n").error, "line 2: after a closing quote comes neither a separator nor a line end");
  EXPECT_EQ(read("k,k\n").error, "line 1: two columns are named `k`");
  EXPECT_NE(read("k,a\nx,\xff\n").error.find("line 2: this is no UTF-8"), std::string::npos);
  EXPECT_EQ(read("{\"k\":1}\n{\"k\":", TableFormat::json).error, "line 2: this is no valid JSON");
  EXPECT_EQ(read("[1]", TableFormat::json).error, "line 1: this is no JSON object");
  EXPECT_EQ(read("{\"a\":1}", TableFormat::json).error, "line 1: the object has no `k`");
}

TEST(LookupTable, KnowsFormatsByName) {
  EXPECT_EQ(table_format_of("a/b.tsv"), TableFormat::tsv);
  EXPECT_EQ(table_format_of("b.ndjson"), TableFormat::json);
  EXPECT_EQ(table_format_of("b.csv"), TableFormat::csv);
  EXPECT_EQ(table_format_of("hosts"), TableFormat::csv);
}

class Lookup : public ::testing::Test {
 protected:
  std::string stage(const std::string& options) const {
    return "enrich: {lookup: {file: " + path_ + ", " + options + "}}";
  }
  void replace(const std::string& text) const {
    directory_.file("new", text);
    std::filesystem::rename(directory_.path("new"), path_);
  }

  const sluice::testing::TemporaryDirectory directory_;
  const std::string path_ = directory_.file("hosts.csv", "ip,owner,team\n10.0.0.1,ada,storage\n80,bob,web\n");
};

TEST_F(Lookup, AddsTheColumnsOfTheRow) {
  EXPECT_EQ(JsonStage(stage("on: ip")).line(R"({"ip":"10.0.0.1","n":1})"),
            R"({"ip":"10.0.0.1","n":1,"owner":"ada","team":"storage"})");
  EXPECT_EQ(JsonStage(stage("on: ip, add: team")).line(R"({"ip":"10.0.0.1"})"),
            R"({"ip":"10.0.0.1","team":"storage"})");
  EXPECT_EQ(JsonStage(stage("on: ip, add: {team: host_team}")).line(R"({"ip":"10.0.0.1"})"),
            R"({"ip":"10.0.0.1","host_team":"storage"})");
}

TEST_F(Lookup, FindsByAnyFieldWhateverItsType) {
  EXPECT_EQ(JsonStage(stage("on: a.b, key: ip, add: owner")).line(R"({"a":{"b":80}})"),
            R"({"a":{"b":80},"owner":"bob"})");
}

TEST_F(Lookup, ReplacesAFieldInItsPlace) {
  EXPECT_EQ(JsonStage(stage("on: ip, add: owner")).line(R"({"owner":"?","ip":"80"})"), R"({"owner":"bob","ip":"80"})");
}

TEST_F(Lookup, LeavesARecordWithoutARowAsItIsOrTakesTheDefault) {
  EXPECT_EQ(JsonStage(stage("on: ip")).line(R"({"ip": "x"})"), R"({"ip": "x"})");
  EXPECT_EQ(JsonStage(stage("on: ip")).line(R"({"n":1})"), R"({"n":1})");
  EXPECT_EQ(JsonStage(stage("on: ip, add: [owner, team], default: {team: null}")).line(R"({"n":1})"),
            R"({"n":1,"team":null})");
}

TEST_F(Lookup, RefusesWhatCannotWork) {
  const auto complaint = [](const std::string& yaml) { return test::StageUnderTest(yaml).complaints(); };
  EXPECT_NE(complaint(stage("on: host")).find("no column `host`"), std::string::npos);
  EXPECT_NE(complaint(stage("on: ip, default: {ower: x}")).find("did you mean `owner`?"), std::string::npos);
  EXPECT_NE(complaint("enrich: {lookup: {file: /no/such/file.csv, on: ip}}").find("No such file"), std::string::npos);
  EXPECT_NE(complaint("enrich: {lookup: {file: /tmp, on: ip}}").find("directory"), std::string::npos);
}

TEST_F(Lookup, ReadsTheFileAgainWhenItHasChanged) {
  ManualClock time;
  JsonStage stage_under_test(stage("on: ip, add: owner, reload: 30s"), time.clock());
  const auto owner = [&] { return stage_under_test.run({R"({"ip":"80"})"}); };
  EXPECT_EQ(owner().output[0], R"({"ip":"80","owner":"bob"})");
  replace("ip,owner\n80,cyd\n");
  EXPECT_EQ(owner().output[0], R"({"ip":"80","owner":"bob"})") << "not before its time";
  time.advance(30s);
  EXPECT_EQ(owner().output[0], R"({"ip":"80","owner":"cyd"})");
}

TEST_F(Lookup, GoesOnWithTheOldTableWhenTheNewOneIsBroken) {
  ManualClock time;
  JsonStage stage_under_test(stage("on: ip, add: owner, reload: 30s"), time.clock());
  const auto look = [&] { return stage_under_test.run({R"({"ip":"80"})"}); };
  replace("ip,owner\n80,\"cyd\n");
  time.advance(30s);
  const auto broken = look();
  EXPECT_EQ(broken.output[0], R"({"ip":"80","owner":"bob"})");
  EXPECT_EQ(errors(broken.tally, "lookup_reload_failed"), 1u);
  time.advance(30s);
  EXPECT_EQ(errors(look().tally, "lookup_reload_failed"), 0u) << "the same file is not tried twice";
  std::filesystem::remove(path_);
  time.advance(30s);
  EXPECT_EQ(errors(look().tally, "lookup_reload_failed"), 1u);
  replace("ip,owner\n80,dan\n");
  time.advance(30s);
  EXPECT_EQ(look().output[0], R"({"ip":"80","owner":"dan"})");
}

TEST_F(Lookup, KeepsWhatItAddedWhenTheTableIsReplaced) {
  ManualClock time;
  JsonStage stage_under_test(stage("on: ip, add: owner, reload: 1s"), time.clock());
  record::Batch batch = stage_under_test.batch({R"({"ip":"80"})"});
  Tally tally;
  ASSERT_FALSE(stage_under_test.processor().process(flow::background(), batch, tally));
  replace("ip,owner\n80,cyd\n");
  time.advance(1s);
  stage_under_test.run({R"({"ip":"80"})"});
  EXPECT_EQ(test::as_json(batch)[0], R"({"ip":"80","owner":"bob"})") << "and no sanitizer complains";
}

TEST_F(Lookup, ExplainsWhatItFound) {
  JsonStage stage_under_test(stage("on: ip"));
  EXPECT_EQ(stage_under_test.explain(R"({"ip":"80"})"), "lookup: found `80` among 2 rows\n");
  EXPECT_EQ(stage_under_test.explain(R"({"ip":"81"})"), "lookup: no row for `81` among 2 rows\n");
  EXPECT_EQ(stage_under_test.explain(R"({})"), "lookup: the record has no `ip`\n");
}

}  // namespace
}  // namespace sluice::stages
