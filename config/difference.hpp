// What is different between two configurations, for whoever replaces one by the other.
#pragma once

#include <string>
#include <vector>

#include "config/node.hpp"
#include "config/pipeline.hpp"
#include "config/settings.hpp"

namespace sluice::config {

// Whether they mean the same: places in the file, comments, the order of keys and of the members of a map do not
// matter, nor whether a default was written out.
bool same(const Node& left, const Node& right);
bool same(const Value& left, const Value& right);
bool same(const Settings& left, const Settings& right);

// The options of two mappings of one kind that have different values, in the order of the declaration.
std::vector<std::string> different_options(const Settings& left, const Settings& right);

// What became of a stage, which is known by its name.
struct StageChange {
  enum class What { same, changed, added, removed };
  std::string name;
  What what = What::same;
  // What was changed: options; "from", "workers"; "kind" when the stage is of another kind or variant.
  std::vector<std::string> keys;
};

// Of all stages in the order of the new configuration, then those that are no more.
std::vector<StageChange> stage_changes(const PipelineConfig& before, const PipelineConfig& after);

// The keys outside of `stages` that have another value, dotted: "pipeline.queue", "rejects".
std::vector<std::string> pipeline_changes(const PipelineConfig& before, const PipelineConfig& after);

}  // namespace sluice::config
