#include "config/difference.hpp"

#include <algorithm>
#include <tuple>

namespace sluice::config {
namespace {

bool same_inputs(const StageConfig& left, const StageConfig& right) {
  return std::ranges::equal(left.from, right.from, [](const Input& a, const Input& b) {
    return std::tie(a.stage, a.output) == std::tie(b.stage, b.output);
  });
}

bool same_entries(const std::vector<Entry>& left, const std::vector<Entry>& right) {
  if (left.size() != right.size()) return false;
  return std::ranges::all_of(left, [&right](const Entry& entry) {
    const auto other = std::ranges::find(right, entry.key, &Entry::key);
    return other != right.end() && same(entry.value, other->value);
  });
}

StageChange change_of(const StageConfig& before, const StageConfig& after) {
  StageChange change{after.name, StageChange::What::same, {}};
  if (std::tie(before.kind, before.variant) != std::tie(after.kind, after.variant)) {
    change.keys = {"kind"};
  } else {
    change.keys = different_options(before.settings, after.settings);
  }
  if (!same_inputs(before, after)) change.keys.emplace_back("from");
  if (before.workers != after.workers) change.keys.emplace_back("workers");
  if (!change.keys.empty()) change.what = StageChange::What::changed;
  return change;
}

}  // namespace

bool same(const Node& left, const Node& right) {
  if (left.kind() != right.kind() || left.text() != right.text()) return false;
  if (left.is_list()) {
    return std::ranges::equal(left.items(), right.items(), [](const Node& a, const Node& b) { return same(a, b); });
  }
  if (left.members().size() != right.members().size()) return false;
  return std::ranges::all_of(left.members(), [&right](const Node::Member& member) {
    const Node* const other = right.find(member.key);
    return other != nullptr && same(member.value, *other);
  });
}

bool same(const Value& left, const Value& right) {
  if (left.type() != right.type()) return false;
  switch (left.type()) {
    case Type::list:
      return std::ranges::equal(left.items(), right.items(), [](const Value& a, const Value& b) { return same(a, b); });
    case Type::map:
      return same_entries(left.entries(), right.entries());
    case Type::mapping:
      return same(left.section(), right.section());
    case Type::any:
      return same(left.node(), right.node());
    default:
      return left.same_scalar(right);
  }
}

bool same(const Settings& left, const Settings& right) { return different_options(left, right).empty(); }

std::vector<std::string> different_options(const Settings& left, const Settings& right) {
  std::vector<std::string> names;
  for (const std::string& name : right.names()) {
    const Value* const after = right.find(name);
    const Value* const before = left.find(name);
    const bool equal = before == nullptr || after == nullptr ? before == after : same(*before, *after);
    if (!equal) names.push_back(name);
  }
  return names;
}

std::vector<StageChange> stage_changes(const PipelineConfig& before, const PipelineConfig& after) {
  std::vector<StageChange> changes;
  for (const StageConfig& stage : after.stages) {
    const StageConfig* const old = before.find_stage(stage.name);
    if (old == nullptr) {
      changes.push_back({stage.name, StageChange::What::added, {}});
    } else {
      changes.push_back(change_of(*old, stage));
    }
  }
  for (const StageConfig& stage : before.stages) {
    if (after.find_stage(stage.name) == nullptr) changes.push_back({stage.name, StageChange::What::removed, {}});
  }
  return changes;
}

std::vector<std::string> pipeline_changes(const PipelineConfig& before, const PipelineConfig& after) {
  std::vector<std::string> keys;
  const auto compare = [&keys](const char* key, const auto& left, const auto& right) {
    if (left != right) keys.emplace_back(key);
  };
  compare("pipeline.workers", before.workers, after.workers);
  compare("pipeline.queue", before.queue, after.queue);
  compare("pipeline.batch.size", before.batch_size, after.batch_size);
  compare("pipeline.batch.linger", before.batch_linger, after.batch_linger);
  compare("pipeline.checkpoint", before.checkpoint, after.checkpoint);
  compare("pipeline.grace", before.grace, after.grace);
  compare("pipeline.max_line", before.max_line, after.max_line);
  compare("pipeline.order", before.order, after.order);
  const auto rejects = [](const Rejects& r) { return std::tie(r.target, r.path); };
  const auto admin = [](const Admin& a) { return std::tie(a.kind, a.address, a.port, a.token, a.token_file); };
  compare("rejects", rejects(before.rejects), rejects(after.rejects));
  compare("admin", admin(before.admin), admin(after.admin));
  return keys;
}

}  // namespace sluice::config
