// Runs one processor, given as it would stand in a configuration, over lines.
#pragma once

#include <gtest/gtest.h>

#include <algorithm>
#include <chrono>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

#include "config/load.hpp"
#include "record/batch.hpp"
#include "record/json_writer.hpp"
#include "stages/registry.hpp"
#include "stages/stage.hpp"
#include "stages/tally.hpp"

namespace sluice::test {

// A batch whose records are these lines.
inline record::Batch make_batch(const std::vector<std::string>& lines) {
  record::Batch batch;
  std::size_t size = 0;
  for (const std::string& line : lines) size += line.size() + 1;
  batch.slab().reserve(size);
  for (const std::string& line : lines) {
    const std::size_t at = batch.slab().size();
    batch.slab().append(line);
    batch.slab().push_back('\n');
    batch.records().emplace_back(std::string_view(batch.slab().data() + at, line.size()));
  }
  return batch;
}

// A stage made from one item of `stages:`, such as "- parse: logfmt".
class StageUnderTest {
 public:
  explicit StageUnderTest(const std::string& yaml) : StageUnderTest(yaml, own_fields_) {}

  // Stages of one pipeline share the table of fields, which outlives them.
  StageUnderTest(const std::string& yaml, record::FieldTable& fields,
                 stages::Clock clock = std::chrono::steady_clock::now) {
    const std::vector<stages::Definition> definitions = stages::definitions();
    config::StageResult loaded = config::load_stage(yaml, stages::catalog(definitions));
    diagnostics_ = std::move(loaded.diagnostics);
    if (diagnostics_.has_errors()) return;
    stages::Workshop workshop{.fields = fields, .diagnostics = diagnostics_, .clock = std::move(clock)};
    for (const stages::Definition& definition : definitions) {
      if (definition.spec.kind != loaded.stage.kind || definition.spec.variant != loaded.stage.variant) continue;
      stages::AnyStage stage = definition.make(loaded.stage.settings, workshop);
      if (auto* made = std::get_if<std::unique_ptr<stages::Processor>>(&stage)) processor_ = std::move(*made);
      if (auto* made = std::get_if<std::unique_ptr<stages::Router>>(&stage)) router_ = std::move(*made);
    }
  }

  bool ok() const { return (processor_ != nullptr || router_ != nullptr) && !diagnostics_.has_errors(); }
  std::string complaints() const { return diagnostics_.render(); }
  stages::Processor& processor() { return *processor_; }
  stages::Router& router() { return *router_; }
  bool has_router() const { return router_ != nullptr; }

 private:
  record::FieldTable own_fields_;
  config::Diagnostics diagnostics_;
  std::unique_ptr<stages::Processor> processor_;
  std::unique_ptr<stages::Router> router_;
};

struct StageOutcome {
  std::vector<std::string> output;  // one JSON text for each record left
  stages::Tally tally;
  flow::Error error;
  std::string complaints;  // when the stage could not be made
};

// Every record of the batch as JSON, checked for UTF-8 as little as a writer would.
inline std::vector<std::string> as_json(record::Batch& batch) {
  std::vector<std::string> lines;
  const auto trust = batch.is_utf8() ? record::Utf8Trust::trusted : record::Utf8Trust::check;
  for (const record::Record& record : batch.records()) {
    record::Buffer out;
    record::write_json(out, record, trust);
    lines.emplace_back(out.view());
  }
  return lines;
}

// Several items of `stages:`, one after the other; what happened to records in any of them is added up.
inline StageOutcome run_stages(const std::string& yaml, const std::vector<std::string>& lines) {
  StageOutcome outcome;
  record::FieldTable fields;
  std::vector<std::unique_ptr<StageUnderTest>> stages;
  for (std::size_t begin = 0; begin < yaml.size();) {
    const std::size_t end = std::min(yaml.find("\n- ", begin), yaml.size());
    stages.push_back(std::make_unique<StageUnderTest>(yaml.substr(begin, end - begin), fields));
    if (!stages.back()->ok()) {
      outcome.complaints = stages.back()->complaints();
      ADD_FAILURE() << outcome.complaints;
      return outcome;
    }
    begin = end + 1;
  }
  record::Batch batch = make_batch(lines);
  for (const auto& stage : stages) {
    if (!outcome.error) outcome.error = stage->processor().process(flow::background(), batch, outcome.tally);
  }
  outcome.output = as_json(batch);
  EXPECT_EQ(lines.size(), outcome.output.size() + outcome.tally.filtered + outcome.tally.rejections.size());
  return outcome;
}

inline StageOutcome run_stage(const std::string& yaml, const std::vector<std::string>& lines) {
  return run_stages(yaml, lines);
}

// One stage for many lines, each in a batch of its own.
class LineParser {
 public:
  explicit LineParser(const std::string& yaml) : stage_(yaml) { EXPECT_TRUE(stage_.ok()) << stage_.complaints(); }

  // The output for one line; the reason of its rejection if it was rejected; empty if it was filtered.
  std::string operator()(const std::string& line) {
    if (!stage_.ok()) return "";
    record::Batch batch = make_batch({line});
    stages::Tally tally;
    EXPECT_FALSE(stage_.processor().process(flow::background(), batch, tally));
    EXPECT_EQ(1U, batch.size() + tally.filtered + tally.rejections.size());
    if (!tally.rejections.empty()) return std::string(tally.rejections[0].reason) + ": " + tally.rejections[0].detail;
    const std::vector<std::string> output = as_json(batch);
    return output.empty() ? "" : output[0];
  }

 private:
  StageUnderTest stage_;
};

inline std::string parse_line(const std::string& yaml, const std::string& line) { return LineParser(yaml)(line); }

}  // namespace sluice::test
