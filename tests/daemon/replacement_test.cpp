#include "daemon/replacement.hpp"

#include <gmock/gmock.h>

#include <set>
#include <string>

#include "config/load.hpp"
#include "stages/registry.hpp"

namespace sluice::daemon {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::UnorderedElementsAre;

config::PipelineConfig load(const std::string& text) {
  config::LoadResult result = config::load(text, "p.yaml", stages::catalog(stages::definitions()), {});
  EXPECT_TRUE(result.ok()) << result.diagnostics.render(config::Colour::never);
  return std::move(result.config);
}

std::unique_ptr<StageSet> build(const config::PipelineConfig& config) {
  config::Diagnostics diagnostics;
  return build_stages(config, stages::definitions(), diagnostics);
}

const std::string kStages =
    "stages: [{generate: {from: file, paths: a.log, state: S}}, {parse: json}, {filter: 'n > 1'}, {write: stdout}]\n";

TEST(Replacement, NothingHasChanged) {
  const config::PipelineConfig config = load(kStages);
  EXPECT_THAT(describe_changes(config, load("# a comment\n" + kStages)), IsEmpty());
  const Heirs heirs = find_heirs(config, config);
  EXPECT_THAT(heirs.generators, UnorderedElementsAre("generate-1"));
  EXPECT_THAT(heirs.holders, UnorderedElementsAre("parse-2", "filter-3", "write-4"));
}

TEST(Replacement, SaysWhatHasChangedStageByStage) {
  const config::PipelineConfig after = load(
      "pipeline: {queue: 3}\nadmin: /tmp/a.sock\nstages: [{generate: {from: file, paths: b.log, state: S}}, "
      "{parse: logfmt}, {enrich: {fields: {a: 1}}}, {write: stdout}]\n");
  EXPECT_THAT(describe_changes(load(kStages), after),
              ElementsAre("pipeline.queue: changed", "admin: changed; takes effect at the next start",
                          "generate-1: changed (paths)", "parse-2: changed (kind)", "enrich-3: added",
                          "write-4: changed (from)", "filter-3: removed"));
}

TEST(Replacement, AGeneratorGoesOnIfItReadsAlike) {
  const config::PipelineConfig before = load(kStages);
  EXPECT_THAT(find_heirs(before, load("pipeline: {queue: 3, grace: 1s}\n" + kStages)).generators,
              UnorderedElementsAre("generate-1"));
  for (const char* const pipeline : {"batch: {size: 64KiB}", "batch: {linger: 1s}", "max_line: 10KiB"}) {
    const config::PipelineConfig after = load("pipeline: {" + std::string(pipeline) + "}\n" + kStages);
    EXPECT_THAT(find_heirs(before, after).generators, IsEmpty()) << pipeline;
  }
}

TEST(Replacement, WhatIsHeldBackGoesOnOnlyIfGeneratorsAreWhereTheyWere) {
  const config::PipelineConfig before = load(kStages);
  const config::PipelineConfig after = load(
      "stages: [{name: g, generate: stdin}, {name: generate-1, generate: {from: file, paths: a.log, state: S}}, "
      "{name: parse-2, parse: json, from: [generate-1, g]}, {name: filter-3, filter: 'n > 1'}, "
      "{name: write-4, write: stdout}]\n");
  EXPECT_THAT(find_heirs(before, after).generators, UnorderedElementsAre("generate-1"));
  EXPECT_THAT(find_heirs(before, after).holders, IsEmpty());
}

TEST(Replacement, StateMayNotMoveUnderARunningGenerator) {
  const config::PipelineConfig config = load(kStages);
  const auto set = build(config);
  const Heirs heirs = find_heirs(config, config);
  EXPECT_EQ(find_obstacle("S", *set, heirs, ""), "");
  EXPECT_EQ(find_obstacle("", *set, {}, ""), "");  // nobody has kept anything
  EXPECT_THAT(find_obstacle("", *set, heirs, ""), HasSubstr("from nowhere to S"));
  EXPECT_THAT(find_obstacle("T", *set, {}, ""), HasSubstr("from T to S"));
}

}  // namespace
}  // namespace sluice::daemon
