#include "config/load.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <map>
#include <random>

#include "tests/support/config_catalog.hpp"

namespace sluice::config {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using namespace std::chrono_literals;

LoadResult load_text(std::string_view text, std::vector<std::string> overrides = {},
                     std::map<std::string, std::string> variables = {}) {
  LoadOptions options;
  options.overrides = std::move(overrides);
  options.environment = [variables = std::move(variables)](const std::string& name) -> std::optional<std::string> {
    const auto found = variables.find(name);
    if (found == variables.end()) return std::nullopt;
    return found->second;
  };
  return load(text, "t.yaml", tests::sample_catalog(), options);
}

// A whole configuration around one stage (in lines 3 and following).
LoadResult load_between(const std::string& stage) {
  return load_text("stages:\n  - generate: stdin\n" + stage + "\n  - write: stdout\n");
}

// "line:column: message | hint" of each finding.
std::vector<std::string> found(const LoadResult& result) {
  std::vector<std::string> lines;
  for (const Diagnostic& diagnostic : result.diagnostics.all()) {
    lines.push_back(std::to_string(diagnostic.location.line) + ":" + std::to_string(diagnostic.location.column) + ": " +
                    diagnostic.message + " | " + diagnostic.hint);
  }
  return lines;
}

const Settings& settings(const LoadResult& result, std::size_t index) {
  return result.config.stages.at(index).settings;
}

TEST(Load, ReadsTheContractsExampleWithItsDefaults) {
  const auto result = load_text(R"(stages:
  - generate: stdin
  - parse: json
  - filter: status >= 500 && !path.startsWith("/health")
  - write: stdout
)");
  EXPECT_THAT(found(result), IsEmpty());
  const PipelineConfig& config = result.config;
  EXPECT_EQ(config.workers, 0U);
  EXPECT_EQ(config.queue, 16U);
  EXPECT_EQ(config.batch_size, 256U * 1024);
  EXPECT_EQ(config.batch_linger, 50ms);
  EXPECT_EQ(config.grace, 30s);
  EXPECT_EQ(config.max_line, 1024U * 1024);
  EXPECT_EQ(config.order, Order::preserve);
  EXPECT_EQ(config.rejects.target, Rejects::Target::stderr_stream);
  EXPECT_EQ(config.stages.at(2).name, "filter-3");
  EXPECT_EQ(config.stages.at(2).from.at(0).stage, "parse-2");
  EXPECT_EQ(settings(result, 2).string("where"), "status >= 500 && !path.startsWith(\"/health\")");
  EXPECT_EQ(config.stages.at(3).variant, "stdout");
}

TEST(Load, ReadsEveryKindOfValue) {
  const auto result = load_text(tests::kGoodConfiguration);
  EXPECT_THAT(found(result), IsEmpty());
  const Settings& generate = settings(result, 0);
  EXPECT_THAT(generate.strings("paths"), ElementsAre("a.log", "b*.log"));
  EXPECT_EQ(generate.string("start"), "end");
  EXPECT_EQ(generate.string("from"), "file");
  EXPECT_FALSE(generate.boolean("keep_blank"));
  EXPECT_FALSE(generate.has("keep_blank"));
  EXPECT_TRUE(generate.contains("keep_blank"));
  EXPECT_EQ(generate.type_of("multiline"), Type::mapping);
  EXPECT_EQ(generate.section("multiline").duration("timeout"), 2s);
  const Settings& enrich = settings(result, 3);
  EXPECT_THAT(enrich.keys(), ElementsAre("fields", "compute"));
  EXPECT_EQ(enrich.entries("fields").at(1).value.node().text(), "unknown");
  EXPECT_EQ(enrich.entries("fields").at(2).value.node().text(), "$5");
  EXPECT_EQ(enrich.entries("compute").at(1).value.string(), "a + b");
  EXPECT_EQ(enrich.size("limit"), 1024U * 1024);
  EXPECT_EQ(settings(result, 5).section("rotate").size("size"), 1'000'000U);
  EXPECT_EQ(settings(result, 5).section("rotate").integer("keep"), 5);
  EXPECT_THAT(result.config.stages.at(4).outputs, ElementsAre("errors", "slow", "otherwise"));
  EXPECT_EQ(result.config.stages.at(6).from.at(1).output, "otherwise");
  EXPECT_EQ(result.config.rejects.target, Rejects::Target::drop);
  EXPECT_EQ(result.config.stages.at(2).workers, 2U);
  EXPECT_EQ(result.config.find_stage("parsed"), &result.config.stages.at(1));
}

TEST(Load, TakesShortLongAndNestedSpellingsAlike) {
  for (const char* stage : {"{from: file, paths: a.log}", "{file: a.log}", "{file: {paths: a.log}}", "{file: [a.log]}",
                            "{file: {paths: [a.log]}, keep_blank: false}"}) {
    const auto result = load_text(std::string("stages:\n  - generate: ") + stage + "\n  - write: {'null': }\n");
    EXPECT_THAT(found(result), IsEmpty()) << stage;
    EXPECT_EQ(result.config.stages.at(0).variant, "file");
    EXPECT_THAT(settings(result, 0).strings("paths"), ElementsAre("a.log"));
  }
}

TEST(Load, TakesNullAsTheNameOfAWriter) {
  for (const char* writer : {"write: null", "write: {to: null}", "write: 'null'", "write: {null: {}}"}) {
    const auto result = load_text(std::string("stages:\n  - generate: stdin\n  - ") + writer + "\n");
    EXPECT_THAT(found(result), IsEmpty()) << writer;
    EXPECT_EQ(result.config.stages.at(1).variant, "null");
  }
}

TEST(Load, ReportsAllErrorsAtOnceWithTheirPlaces) {
  const auto result = load_text(R"(pipline: {}
pipeline:
  queue: many
  batch: {linger: 50}
stages:
  - generate: stdin
  - parse: jsn
  - filter: {wher: true}
  - write: {to: file}
)");
  EXPECT_THAT(
      found(result),
      ElementsAre("1:1: unknown key `pipline` | did you mean `pipeline`?",
                  "3:10: `queue`: expected an integer from 1 to 65536, found `many` | ",
                  "4:19: `linger`: expected a duration such as `250ms`, `5s` or `1h30m`, found `50` | add a unit: "
                  "`50ms`, `50s`, `50m`",
                  "7:12: `parse: format` is unknown: `jsn` | did you mean `json`?",
                  "8:14: unknown option `wher` of filter | did you mean `where`?",
                  "8:13: filter needs `where`, `sample` or `limit` | add one of them",
                  "9:12: `write: file` lacks the required option `path` | add `path`: a string"));
  EXPECT_FALSE(result.config.stages.at(1).valid);
  EXPECT_TRUE(result.config.stages.at(0).valid);
}

struct Mistake {
  const char* stage;  // line 3 and following of a configuration
  const char* expected;
};

class Mistakes : public ::testing::TestWithParam<Mistake> {};

TEST_P(Mistakes, AreReportedWithPlaceAndHint) {
  EXPECT_THAT(found(load_between(GetParam().stage)), ElementsAre(HasSubstr(GetParam().expected)));
}

INSTANTIATE_TEST_SUITE_P(
    Values, Mistakes,
    ::testing::Values(
        Mistake{"  - filter: {sample: 1.5}", "3:22: `sample`: `1.5` is too large, at most 1 is allowed"},
        Mistake{"  - filter: {sample: '0.5'}",
                "3:22: `sample`: expected a number from 0 to 1, found the string `0.5` | "
                "remove the quotes"},
        Mistake{"  - filter: {limit: 100}",
                "3:21: `limit`: expected a rate such as `100/s` or `5/m`, found `100` | say "
                "per what time: `100/s`, `100/m`"},
        Mistake{"  - filter: {limit: 1/s, sample: 0.5}", "3:14: `limit` cannot be combined with `sample`"},
        Mistake{"  - filter: {where: x, key: ip}", "3:24: `key` has no meaning without `limit`"},
        Mistake{"  - filter: ''", "3:13: `where`: the expression is empty"},
        Mistake{"  - filter:", "3:5: `filter`: expected a mapping, found nothing"},
        Mistake{"  - filter: [a, b]", "3:13: `filter`: expected a mapping, found a list"},
        Mistake{"  - enrich: {limit: 10B}", "3:21: `limit`: `10B` is too small, at least 1KiB is needed"},
        Mistake{"  - enrich: {drop: {a: b}}", "3:20: `drop`: expected a string or a list of strings, found a mapping"},
        Mistake{"  - enrich: x", "3:13: `enrich`: expected a mapping, found `x`"},
        Mistake{"  - enrich: {compute: {a: [b]}}", "3:27: expected an expression, found a list"},
        Mistake{"  - parse: {format: json, types: {a: itn}}",
                "3:38: expected `int` or `double`, found `itn` | did you "
                "mean `int`?"},
        Mistake{"  - parse: {field: x}",
                "3:5: parse lacks the required option `format` | add `format`: `json` or "
                "`regex`"},
        Mistake{"  - parse: {fromat: json}", "3:13: unknown option `fromat` of parse | did you mean `format`?"},
        Mistake{"  - parse: {json: {}, regex: a}", "3:23: `json` and `regex` are both variants of parse"},
        Mistake{"  - parse: {json: {field: a}, field: b}", "3:31: the option `field` is given twice"},
        Mistake{"  - parse: json\n    field: x",
                "4:5: unknown key `field` of a stage | it is an option of parse: write "
                "`parse: {format: …, field: …}`"},
        Mistake{"  - parse: json\n    filter: x", "4:5: a stage has one kind, but this is `parse` and `filter`"},
        Mistake{"  - parse: json\n    parse: json", "4:5: the key `parse` is given twice"},
        Mistake{"  - parse: json\n    wrokers: 3", "4:5: unknown key `wrokers` of a stage | did you mean `workers`?"},
        Mistake{"  - parse: json\n    workers: 0", "4:14: `workers`: `0` is too small, at least 1 is needed"},
        Mistake{"  - parse: json\n    name: a.b", "4:11: `a.b` is no name for a stage"},
        Mistake{"  - filter: !has(x)",
                "3:13: `!has(x)` is a YAML tag, and tags are not used here | a value that starts "
                "with `!` needs quotes"},
        Mistake{"  - filter: ${NOPE} > 1", "3:13: the environment variable `NOPE` is not set"},
        Mistake{"  - filter: a ${", "3:15: `${` without a closing `}`"},
        Mistake{"  - filter: a ${1}", "3:15: `${1}` names no environment variable"},
        Mistake{"  - generate: {file: {paths: a, follow: true}}\n  - filter: x\n    from: [generate-1, generate-2]",
                "3:33: `follow` is not supported yet"},
        Mistake{"  - generate: kafka\n  - filter: x\n    from: [generate-1, generate-2]",
                "3:5: `generate: kafka` is not supported yet"},
        Mistake{"  - generate: {from: stdin, multiline: jav}\n  - filter: x\n    from: [generate-1, generate-2]",
                "3:40: `multiline`: expected `java` or `go` or a mapping, found `jav` | did you mean `java`?"},
        Mistake{"  - generate: {from: stdin, multiline: {strt: a}}\n  - filter: x\n    from: [generate-1, generate-2]",
                "3:41: unknown option `strt` of this mapping | did you mean `start`?"},
        Mistake{"  - generate: {from: stdin, keep_blank: yes}\n  - filter: x\n    from: [generate-1, generate-2]",
                "3:41: `keep_blank`: expected `true` or `false`, found `yes` | write `true`"}));

INSTANTIATE_TEST_SUITE_P(
    Stages, Mistakes,
    ::testing::Values(Mistake{"  - parse", "3:5: a stage is a mapping, found `parse` | write `parse: …`"},
                      Mistake{"  - prase: json", "3:5: unknown key `prase` of a stage | did you mean `parse`?"},
                      Mistake{"  - {}", "3:5: this stage has no kind"},
                      Mistake{"  - [a]", "3:5: a stage is a mapping, found a list"}));

INSTANTIATE_TEST_SUITE_P(
    Topology, Mistakes,
    ::testing::Values(
        Mistake{"  - filter: x\n    from: generate-2",
                "4:11: there is no stage or output named `generate-2` | did you "
                "mean `generate-1`?"},
        Mistake{"  - filter: x\n    name: generate-1", "4:11: two stages are named `generate-1`"},
        Mistake{"  - filter: x\n    from: [generate-1, generate-1]", "4:24: `filter-2` reads twice from `generate-1`"},
        Mistake{"  - filter: x\n    from: write-3", "4:11: `write-3` writes and has no output to read"},
        Mistake{"  - filter: x\n    from: []", "4:11: `from`: the list may not be empty"},
        Mistake{"  - generate: stdin", "2:5: nobody reads from `generate-1` | add `from: generate-1`"},
        Mistake{"  - write: stdout", "4:5: `write-3` stands after `write-2`, which writes and has no output"},
        Mistake{"  - route: {routes: {a: x}}",
                "4:5: `write-3` stands after the route `route-2`, which has several "
                "outputs | `from:` takes its outputs: `a` or `otherwise`"},
        Mistake{"  - route: {routes: {a: x}}\n  - filter: x\n    from: route-2", "5:11: `route-2` is a route"},
        Mistake{"  - route: {routes: {otherwise: x}}\n  - filter: x\n    from: route-2.otherwise",
                "3:22: `otherwise` is the output for what matches nothing"},
        Mistake{"  - route: {routes: {a: x, b: y}}\n  - filter: x\n    from: a",
                "3:28: nobody reads the output `b` of `route-2`"},
        Mistake{"  - route: {routes: {err: x}}\n  - filter: x\n    from: route-2.er",
                "5:11: `route-2` has no output named `er` | did you mean `err`?"},
        Mistake{"  - filter: x\n    from: [generate-1, filter-3]\n  - filter: y",
                "4:24: the stages form a cycle: `filter-2` → `filter-3` → `filter-2`"}));

TEST(Topology, FindsStagesThatReadThemselves) {
  const auto result = load_between("  - filter: x\n    from: [filter-2, generate-1]");
  EXPECT_THAT(found(result), ElementsAre(HasSubstr("4:12: the stages form a cycle: `filter-2` → `filter-2`")));
}

TEST(Topology, NeedsAGeneratorAndAWriter) {
  EXPECT_THAT(found(load_text("stages:\n  - filter: x\n")),
              ElementsAre(HasSubstr("2:5: `filter-1` has no stage before it to read from"),
                          HasSubstr("1:1: no stage generates records"), HasSubstr("1:1: no stage writes records")));
}

TEST(Topology, LetsAGeneratorReadNothing) {
  const auto result = load_text("stages:\n  - generate: stdin\n    from: x\n  - write: stdout\n");
  EXPECT_THAT(found(result), ElementsAre(HasSubstr("3:11: `generate-1` is a generator and reads from no stage")));
}

TEST(Topology, AsksWhichOfSeveralOutputsIsMeant) {
  const auto result = load_text(R"(stages:
  - generate: stdin
  - route: {routes: {a: x}}
  - route: {routes: {a: x}}
    from: route-2.a
  - write: stdout
    from: a
)");
  EXPECT_THAT(found(result),
              ElementsAre("7:11: `a` is an output of several routes | write `route-2.a` or `route-3.a`"));
}

TEST(Topology, LetsDiamondsAndFanInBe) {
  const auto result = load_text(R"(stages:
  - generate: stdin
  - filter: x
  - filter: y
    from: generate-1
  - write: stdout
    from: [filter-2, filter-3]
)");
  EXPECT_THAT(found(result), IsEmpty());
  EXPECT_EQ(result.config.stages.at(3).from.at(1).index, 2U);
}

TEST(Yaml, ReportsWhatIsNoConfiguration) {
  EXPECT_THAT(found(load_text("")), ElementsAre(HasSubstr("0:0: the configuration is empty")));
  EXPECT_THAT(found(load_text("# only a comment\n---\n")), ElementsAre(HasSubstr("the configuration is empty")));
  EXPECT_THAT(found(load_text("- a\n")), ElementsAre(HasSubstr("1:1: the configuration must be a mapping")));
  EXPECT_THAT(found(load_text("a: 1\n---\nb: 2\n")), ElementsAre(HasSubstr("2:1: a second YAML document")));
  EXPECT_THAT(found(load_text("stages: \xff")), ElementsAre(HasSubstr("1:9: not valid UTF-8 (byte 0xff)")));
  EXPECT_THAT(found(load_text(std::string_view("a: \0", 4))), ElementsAre(HasSubstr("1:4: the control character")));
  EXPECT_THAT(found(load_text("stages: [a")), ElementsAre(HasSubstr("1:11: not valid YAML: end of sequence flow")));
  EXPECT_THAT(found(load_text("a: {b: ${C}}")), ElementsAre(HasSubstr("a variable needs quotes: \"${NAME}\"")));
  EXPECT_THAT(found(load_text("a: b: c")),
              ElementsAre(HasSubstr("1:5: not valid YAML: illegal map value | a value that")));
  EXPECT_THAT(found(load_text("a: \"\\q\"")), ElementsAre(HasSubstr("single quotes take it literally")));
  EXPECT_THAT(found(load_text("a: *b")), ElementsAre(HasSubstr("1:4: not valid YAML: the referenced anchor")));
  EXPECT_THAT(found(load_text("a: &a [*a]")), ElementsAre(HasSubstr("1:8: this alias stands inside the value")));
  EXPECT_THAT(found(load_text("{}")), ElementsAre(HasSubstr("1:1: the configuration has no `stages`")));
  EXPECT_THAT(found(load_text("stages: []")), ElementsAre(HasSubstr("1:1: there are no stages")));
  EXPECT_THAT(found(load_text("? [a]\n: b\n")).at(0), HasSubstr("1:3: a key must be a text"));
  EXPECT_THAT(found(load_text("queue: 3\nstages: []")).at(0), HasSubstr("`queue` belongs below `pipeline:`"));
}

TEST(Yaml, ReadsAFileWithByteOrderMarkAndCarriageReturns) {
  const auto result = load_text("\xEF\xBB\xBFstages:\r\n  - generate: stdin\r\n  - write: stdut\r\n");
  EXPECT_THAT(found(result), ElementsAre(HasSubstr("3:12: `write: to` is unknown: `stdut` | did you mean `stdout`?")));
}

TEST(Yaml, ExpandsAliasesAndMergeKeys) {
  const auto result = load_text(R"(stages:
  - generate: stdin
  - enrich: &base
      limit: 2KiB
      drop: [a]
  - enrich:
      drop: b
      <<: *base
  - write: stdout
)");
  EXPECT_THAT(found(result), IsEmpty());
  EXPECT_EQ(settings(result, 2).size("limit"), 2048U);
  EXPECT_THAT(settings(result, 2).strings("drop"), ElementsAre("b"));
  EXPECT_THAT(found(load_text("<<: 3\nstages: []")).at(0), HasSubstr("1:1: `<<` merges mappings"));
}

TEST(Yaml, BoundsNestingAndAliasExpansion) {
  EXPECT_THAT(found(load_text(std::string(5000, '['))),
              ElementsAre(HasSubstr("lists and mappings inside one another")));
  std::string laughs = "a0: &a0 [x, x, x, x, x, x, x, x, x, x]\n";
  for (int i = 1; i < 12; ++i) {
    const std::string before = "*a" + std::to_string(i - 1);
    laughs += "a" + std::to_string(i) + ": &a" + std::to_string(i) + " [";
    for (int j = 0; j < 9; ++j) laughs += before + ", ";
    laughs += before + "]\n";
  }
  EXPECT_THAT(found(load_text(laughs)), ElementsAre(HasSubstr("more than 100000 values")));
  EXPECT_THAT(found(load_text(std::string(kMaxFileSize + 1, ' '))), ElementsAre(HasSubstr("larger than 4 MiB")));
}

TEST(Variables, AreReplacedInValuesAfterParsing) {
  const std::string text = R"(pipeline: {queue: "${Q}", workers: "${W:-auto}"}
stages:
  - generate: stdin
  - filter: 'x.matches("a$") && y == "${V}"'
  - enrich: {fields: {a: "${INJECT}", b: $$x, c: "${E:-d}", d: "${E:-}", f: "${Q}", "${Q}": 1}}
  - enrich:
      fields:
        e: ${Q}
        d: ${E:-}
  - write: stdout
)";
  const auto result = load_text(text, {}, {{"Q", "8"}, {"V", "it"}, {"INJECT", "x}, b: {c: 1"}, {"E", ""}});
  EXPECT_THAT(found(result), IsEmpty());
  EXPECT_EQ(result.config.queue, 8U);
  EXPECT_EQ(settings(result, 1).string("where"), "x.matches(\"a$\") && y == \"it\"");
  const auto fields = settings(result, 2).entries("fields");
  EXPECT_EQ(fields.at(0).value.node().text(), "x}, b: {c: 1");
  EXPECT_EQ(fields.at(1).value.node().text(), "$x");
  EXPECT_EQ(fields.at(2).value.node().text(), "d");
  EXPECT_EQ(fields.at(3).value.node().kind(), Node::Kind::string);
  EXPECT_EQ(fields.at(4).value.node().kind(), Node::Kind::string);
  EXPECT_EQ(fields.at(5).key, "${Q}");
  const auto plain = settings(result, 3).entries("fields");
  EXPECT_EQ(plain.at(0).value.node().kind(), Node::Kind::integer);
  EXPECT_EQ(plain.at(1).value.node().kind(), Node::Kind::string);
}

// Every spelling of the text "a == 'b' && cd": the place of `cd` (byte 12) must be that of its `c` in the file.
TEST(Locate, FollowsExpressionsThroughEveryKindOfScalar) {
  const std::vector<std::pair<std::string, Location>> spellings{
      {"  - filter: a == 'b' && cd", {"t.yaml", 3, 25}},
      {"  - filter: \"a == 'b' && cd\"", {"t.yaml", 3, 26}},
      {"  - filter: \"a == 'b' \\x26& cd\"", {"t.yaml", 3, 29}},
      {"  - filter: 'a == ''b'' && cd'", {"t.yaml", 3, 28}},
      {"  - filter: &x a == 'b' && cd # note", {"t.yaml", 3, 28}},
      {"  - filter: a ==\n      'b' &&\n      cd", {"t.yaml", 5, 7}},
      {"  - filter: \"a == \\\n      'b' && cd\"", {"t.yaml", 4, 14}},
      {"  - filter: |-\n      a == 'b' && cd", {"t.yaml", 4, 19}},
      {"  - filter: >-\n      a == 'b'\n      && cd", {"t.yaml", 5, 10}},
      {"  - filter: >- # why\n\n      a == 'b' &&\n      cd", {"t.yaml", 6, 7}}};
  for (const auto& [stage, place] : spellings) {
    const auto result = load_between(stage);
    EXPECT_THAT(found(result), IsEmpty()) << stage;
    const std::string where = settings(result, 1).string("where");
    const std::size_t offset = where.find("cd");
    ASSERT_NE(offset, std::string::npos) << stage;
    EXPECT_EQ(to_string(settings(result, 1).locate("where", offset)), to_string(place)) << stage;
    EXPECT_EQ(settings(result, 1).locate("where", offset + 1).column, place.column + 1) << stage;
    EXPECT_EQ(settings(result, 1).locate("where", where.size()).line, place.line) << stage;
  }
}

TEST(Locate, FollowsTextBehindAVariable) {
  const auto result = load_text("stages:\n  - generate: stdin\n  - filter: é == ${V} && cd\n  - write: stdout\n", {},
                                {{"V", "longer"}});
  const std::string where = settings(result, 1).string("where");
  EXPECT_EQ(where, "é == longer && cd");
  EXPECT_EQ(settings(result, 1).locate("where", where.find("longer") + 3), (Location{"t.yaml", 3, 18}));
  EXPECT_EQ(settings(result, 1).locate("where", where.find("cd")), (Location{"t.yaml", 3, 26}));
}

TEST(Locate, FindsElementsOfMapsAndLists) {
  const auto result = load_text(tests::kGoodConfiguration);
  EXPECT_EQ(settings(result, 3).locate_element("compute", 0), (Location{"t.yaml", 19, 15}));
  EXPECT_EQ(settings(result, 3).locate_element("compute", 1, 4), (Location{"t.yaml", 22, 11}));
  EXPECT_EQ(settings(result, 0).locate_element("paths", 1), (Location{"t.yaml", 11, 38}));
  EXPECT_EQ(settings(result, 3).locate("limit"), settings(result, 3).location());
}

TEST(Settings, TurnMistakesOfTheProgramIntoLogicErrors) {
  const auto result = load_text(tests::kGoodConfiguration);
  EXPECT_THROW((void)settings(result, 2).string("wher"), std::logic_error);
  EXPECT_THROW((void)settings(result, 3).duration("limit"), std::logic_error);
  EXPECT_EQ(settings(result, 2).string("key"), "");
}

TEST(Overrides, ReplaceValuesByKey) {
  const auto result =
      load_text(tests::kGoodConfiguration,
                {"pipeline.workers=4", "pipeline.batch.linger=0", "stages.filter-3.where=a: {b} # c",
                 "stages.parsed.format=json", "stages.0.generate.file.paths=[x, y]", "stages.0.start=beginning",
                 "stages.5.path=", "rejects=/tmp/r", "stages.parsed.workers=3", "stages.2.filter.sample=0.5"});
  EXPECT_THAT(found(result), IsEmpty());
  EXPECT_EQ(result.config.workers, 4U);
  EXPECT_EQ(result.config.batch_linger, 0ns);
  EXPECT_EQ(result.config.batch_size, 256U * 1024);
  EXPECT_EQ(settings(result, 2).string("where"), "a: {b} # c");
  EXPECT_DOUBLE_EQ(settings(result, 2).number("sample"), 0.5);
  EXPECT_THAT(settings(result, 0).strings("paths"), ElementsAre("x", "y"));
  EXPECT_EQ(settings(result, 0).string("start"), "beginning");
  EXPECT_EQ(result.config.rejects.path, "/tmp/r");
  EXPECT_EQ(result.config.stages.at(1).workers, 3U);
}

TEST(Overrides, AreLocatedAtTheirKey) {
  const auto result =
      load_text(tests::kGoodConfiguration, {"pipeline.queue=many", "pipeline.quue=1", "stages.filter-4.where=x",
                                            "nonsense", "stages.99.where=x", "stages.filter-3=x", "a..b=1"});
  std::vector<std::string> places;
  for (const Diagnostic& diagnostic : result.diagnostics.all()) places.push_back(to_string(diagnostic.location));
  EXPECT_THAT(places, ElementsAre("--set stages.filter-4.where", "--set nonsense", "--set stages.99.where",
                                  "--set stages.filter-3", "--set a..b", "--set pipeline.queue:1:1",
                                  "--set pipeline.quue:1:1"));
  EXPECT_THAT(result.diagnostics.render(), HasSubstr("did you mean `filter-3`?"));
  EXPECT_THAT(result.diagnostics.render(), HasSubstr("    1 | many\n      | ^~~~\n"));
}

TEST(TopLevel, ChecksRejectsAdminAndTests) {
  const std::string stages = "stages:\n  - generate: stdin\n  - write: stdout\n";
  EXPECT_THAT(found(load_text(stages + "rejects: stdrr\n")),
              ElementsAre(HasSubstr("4:10: `rejects`: expected `stderr`")));
  EXPECT_EQ(load_text(stages + "rejects: bad.ndjson\n").config.rejects.path, "bad.ndjson");
  const auto admin = load_text(stages + "admin: 127.0.0.1:9000\ntests: [{input: a, output: 1}]\n");
  EXPECT_TRUE(admin.ok());
  EXPECT_EQ(admin.config.admin.port, 9000);
  EXPECT_EQ(admin.config.tests.size(), 1U);
  EXPECT_THAT(found(load_text(stages + "admin: nowhere\n")),
              ElementsAre(HasSubstr("4:8: `admin`: expected a path or `127.0.0.1:PORT`")));
}

TEST(LoadFile, SaysWhyAFileCannotBeRead) {
  const auto missing = load_file("/nonexistent/x.yaml", tests::sample_catalog(), {});
  EXPECT_THAT(missing.diagnostics.render(),
              HasSubstr("/nonexistent/x.yaml: error: cannot read the configuration: No such"));
  const auto directory = load_file("/tmp", tests::sample_catalog(), {});
  EXPECT_THAT(directory.diagnostics.render(), HasSubstr("/tmp: error: cannot read the configuration: Is a directory"));
}

TEST(LoadStage, ReadsOneItem) {
  EXPECT_TRUE(load_stage("- parse: json", tests::sample_catalog()).ok());
  EXPECT_EQ(load_stage("parse: {regex: a}", tests::sample_catalog()).stage.settings.string("pattern"), "a");
  EXPECT_FALSE(load_stage("parse: jsn", tests::sample_catalog()).ok());
  EXPECT_FALSE(load_stage("", tests::sample_catalog()).ok());
}

TEST(Catalog, FindsMistakesInDeclarations) {
  EXPECT_THAT(problems(tests::sample_catalog()), IsEmpty());
  Catalog catalog;
  catalog.add_kind({.kind = "filter", .summary = "s", .scalar_key = "gone"});
  catalog.add_stage({.kind = "filter",
                     .summary = "s",
                     .options = {Option::duration("a").defaults("5").doc("d"), Option::string("b").needs({"c"})}});
  EXPECT_EQ(problems(catalog).size(), 4U);
}

TEST(Mutations, OfAGoodFileNeverCrashTheLoader) {
  const auto seed = std::random_device()();
  SCOPED_TRACE(seed);
  std::mt19937 random(seed);
  const Catalog catalog = tests::sample_catalog();
  const std::string good = tests::kGoodConfiguration;
  const std::string bytes = "{}[]:-#&*!|>'\"%@`,? \n\t~$\\0a\xC3\xFF";
  for (int round = 0; round < 400; ++round) {
    std::string text = good;
    for (std::size_t change = 1 + random() % 6; change > 0 && !text.empty(); --change) {
      const std::size_t place = random() % text.size();
      switch (random() % 4) {
        case 0:
          text[place] = bytes[random() % bytes.size()];
          break;
        case 1:
          text.erase(place, 1 + random() % 20);
          break;
        case 2:
          text.insert(place, 1, bytes[random() % bytes.size()]);
          break;
        default:
          text.insert(place, good.substr(random() % good.size(), 1 + random() % 30));
          break;
      }
    }
    const LoadResult result = load(text, "t.yaml", catalog, {});
    const std::string rendered = result.diagnostics.render();
    EXPECT_EQ(result.ok(), result.diagnostics.error_count() == 0) << text;
    for (const Diagnostic& diagnostic : result.diagnostics.all()) {
      const auto lines = static_cast<std::uint32_t>(std::count(text.begin(), text.end(), '\n') + 1);
      ASSERT_LE(diagnostic.location.line, lines) << text;
      ASSERT_FALSE(diagnostic.message.empty());
    }
  }
}

}  // namespace
}  // namespace sluice::config
