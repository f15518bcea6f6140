#include "config/difference.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>

#include "config/load.hpp"
#include "tests/support/config_catalog.hpp"

namespace sluice::config {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;
using What = StageChange::What;

PipelineConfig configuration(const std::string& yaml) {
  LoadResult result = load(yaml, "test.yaml", tests::sample_catalog(), {});
  EXPECT_FALSE(result.diagnostics.has_errors()) << result.diagnostics.render();
  return std::move(result.config);
}

// What became of each stage, as "name", "name changed key ...", "name added", "name removed".
std::vector<std::string> changes(const std::string& before, const std::string& after) {
  std::vector<std::string> texts;
  for (const StageChange& change : stage_changes(configuration(before), configuration(after))) {
    std::string text = change.name;
    if (change.what == What::changed) text += " changed";
    if (change.what == What::added) text += " added";
    if (change.what == What::removed) text += " removed";
    for (const std::string& key : change.keys) text += " " + key;
    texts.push_back(text);
  }
  return texts;
}

constexpr const char* kPlain = R"(stages:
- generate: {from: file, paths: a.log}
- parse: {format: json, types: {a: int, b: double}}
- filter: {where: a > 1, sample: 0.5}
- write: stdout
)";

TEST(Difference, IsNoneWhenOnlyTheWritingDiffers) {
  EXPECT_THAT(changes(kPlain, R"(# a comment
stages:
- generate: {file: {paths: [a.log], start: beginning}}

- parse: {types: {b: double, "a": int}, on_error: reject, format: json}
- filter: {sample: 0.50, where: "a > 1"}
- write: {to: stdout}
)"),
              ElementsAre("generate-1", "parse-2", "filter-3", "write-4"));
}

TEST(Difference, NamesTheOptionsThatHaveOtherValues) {
  EXPECT_THAT(changes(kPlain, R"(stages:
- generate: {from: file, paths: [a.log, b.log], start: end}
- parse: {format: json, types: {a: int, b: int}}
- filter: {where: a > 2}
- write: stdout
)"),
              ElementsAre("generate-1 changed paths start", "parse-2 changed types", "filter-3 changed where sample",
                          "write-4"));
}

TEST(Difference, KnowsStagesByTheirNames) {
  EXPECT_THAT(
      changes("stages:\n- {name: in, generate: stdin}\n- {name: old, parse: json}\n- {name: out, write: stdout}",
              "stages:\n- {name: in, generate: stdin}\n- {name: new, parse: json}\n- {name: out, write: stdout}"),
      ElementsAre("in", "new added", "out changed from", "old removed"));
}

TEST(Difference, OfAnotherVariantComparesNoOptions) {
  EXPECT_THAT(changes("stages:\n- {name: in, generate: stdin}\n- write: stdout",
                      "stages:\n- {name: in, generate: {demo: {count: 3}}}\n- write: stdout"),
              ElementsAre("in changed kind", "write-2"));
}

TEST(Difference, NamesTheKeysOutsideOfStages) {
  const std::string stages = "stages:\n- generate: stdin\n- write: stdout\n";
  const PipelineConfig before = configuration(stages);
  EXPECT_THAT(pipeline_changes(before, configuration("rejects: stderr\n" + stages)), IsEmpty()) << "it is the default";
  EXPECT_THAT(pipeline_changes(before, configuration("pipeline: {workers: 3, batch: {linger: 7ms}, max_line: 2KiB}\n"
                                                     "rejects: /tmp/rejects\n" +
                                                     stages)),
              ElementsAre("pipeline.workers", "pipeline.batch.linger", "pipeline.max_line", "rejects"));
}

TEST(Difference, OfNodesHeedsTypesButNotTheOrderOfMembers) {
  const auto node = [](const char* text) { return Node::plain(text); };
  EXPECT_TRUE(same(node("1"), node("1")));
  EXPECT_FALSE(same(node("1"), Node::quoted("1"))) << "a number and a text";
  const auto map = [](const char* first, const char* second) {
    return Node::map({{first, Node::plain("1"), nullptr}, {second, Node::plain("1"), nullptr}});
  };
  EXPECT_TRUE(same(map("a", "b"), map("b", "a")));
  EXPECT_FALSE(same(map("a", "b"), map("a", "c")));
}

}  // namespace
}  // namespace sluice::config
