#include "daemon/plan.hpp"

#include <algorithm>
#include <functional>
#include <utility>

namespace sluice::daemon {
namespace {

constexpr std::size_t kNowhere = static_cast<std::size_t>(-1);

class Planner {
 public:
  Planner(const StageSet& set, config::Order order) : set_(set), order_(order), node_of_(set.stages.size(), kNowhere) {}

  Plan make() {
    count_readers();
    for (std::size_t stage = 0; stage < set_.stages.size(); ++stage) place(stage);
    for (std::size_t stage = 0; stage < set_.stages.size(); ++stage) connect(stage);
    return std::move(plan_);
  }

 private:
  void count_readers() {
    readers_.assign(set_.stages.size(), 0);
    for (const BuiltStage& stage : set_.stages) {
      for (const config::Input& input : stage.config.from) ++readers_[input.index];
    }
  }

  bool is_serial(std::size_t stage) const {
    const stages::Processor* processor = set_.stages[stage].processor();
    return processor != nullptr && processor->serial();
  }

  // The stage that `stage` can be fused to, or kNowhere.
  std::size_t predecessor(std::size_t stage) const {
    const BuiltStage& built = set_.stages[stage];
    if (built.config.from.size() != 1 || is_serial(stage)) return kNowhere;
    const std::size_t before = built.config.from.front().index;
    const BuiltStage& other = set_.stages[before];
    const bool fits = other.processor() != nullptr && !is_serial(before) && readers_[before] == 1 &&
                      other.config.workers == built.config.workers;
    return fits ? before : kNowhere;
  }

  // Puts a stage on a node, its predecessor first (`from` may point forwards in the file; config rules out cycles).
  void place(std::size_t stage) {
    if (node_of_[stage] != kNowhere) return;
    if (set_.stages[stage].generator() != nullptr) {
      node_of_[stage] = add_node(flow::NodeKind::source, stage);
      return;
    }
    const std::size_t before = predecessor(stage);
    if (before == kNowhere) {
      node_of_[stage] = add_node(flow::NodeKind::transform, stage);
    } else {
      place(before);
      node_of_[stage] = node_of_[before];
      plan_.nodes[node_of_[stage]].stages.push_back(stage);
    }
  }

  std::size_t add_node(flow::NodeKind kind, std::size_t stage) {
    PlannedNode node;
    node.kind = kind;
    node.stages = {stage};
    node.options.max_parallel = set_.stages[stage].config.workers;
    node.options.ordering = is_serial(stage)                   ? flow::Ordering::serial
                            : order_ == config::Order::relaxed ? flow::Ordering::relaxed
                                                               : flow::Ordering::preserve;
    plan_.nodes.push_back(std::move(node));
    return plan_.nodes.size() - 1;
  }

  static std::size_t port_of(const BuiltStage& stage, const std::string& output) {
    if (stage.router() == nullptr) return 0;
    const std::vector<std::string>& outputs = stage.router()->outputs();
    return static_cast<std::size_t>(std::ranges::find(outputs, output) - outputs.begin());
  }

  void connect(std::size_t stage) {
    const std::size_t node = node_of_[stage];
    if (plan_.nodes[node].first() == stage) {
      for (const config::Input& input : set_.stages[stage].config.from) {
        plan_.edges.push_back({node_of_[input.index], port_of(set_.stages[input.index], input.output), node});
      }
    }
    if (set_.stages[stage].writer() != nullptr) {
      plan_.edges.push_back({node, 0, add_node(flow::NodeKind::sink, stage)});
    }
  }

  const StageSet& set_;
  const config::Order order_;
  std::vector<std::size_t> node_of_;  // where a stage runs (a writer: where it encodes)
  std::vector<std::size_t> readers_;
  Plan plan_;
};

std::string describe(const PlannedNode& node, const StageSet& set) {
  std::string text;
  for (const std::size_t stage : node.stages) {
    if (!text.empty()) text += " + ";
    text += set.stages[stage].config.name;
    const bool encodes = node.kind == flow::NodeKind::transform && set.stages[stage].writer() != nullptr;
    if (encodes) text += " (encode)";
  }
  return text + (node.kind == flow::NodeKind::transform ? " [pool]" : " [thread]");
}

}  // namespace

Plan make_plan(const StageSet& set, config::Order order) { return Planner(set, order).make(); }

std::string describe(const Plan& plan, const StageSet& set) {
  std::string text;
  for (const PlannedEdge& edge : plan.edges) {
    text += "  " + describe(plan.nodes[edge.from], set) + " -> " + describe(plan.nodes[edge.to], set) + "\n";
  }
  return text;
}

}  // namespace sluice::daemon
