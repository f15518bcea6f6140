#include "daemon/topology.hpp"

#include <algorithm>
#include <exception>
#include <string>
#include <utility>

namespace sluice::daemon {
namespace {

constexpr std::size_t kNoPort = static_cast<std::size_t>(-1);
// Lines for `rejects` are outside the batch memory's budget, so few of them may wait.
constexpr std::size_t kRejectsQueue = 4;
constexpr std::size_t kLeastSlabs =
    4;  // of a generator: one being filled, one that holds an unfinished line, two under way

Ledger::Role role_of(const BuiltStage& stage) {
  if (stage.generator() != nullptr) return Ledger::Role::generator;
  if (stage.writer() != nullptr) return Ledger::Role::writer;
  return Ledger::Role::transform;
}

flow::PipelineOptions pipeline_options(const config::PipelineConfig& config) {
  flow::PipelineOptions options;
  options.queue_capacity = config.queue;
  options.grace = config.grace;
  return options;
}

}  // namespace

std::size_t slabs_under_way(std::size_t workers) { return 24 + 2 * workers; }

std::string cause_of(const flow::Outcome& outcome) {
  if (outcome.error) return "error: " + outcome.error.message();
  if (outcome.deadline_hit) return "deadline";
  if (outcome.cause) return outcome.cause.message();
  return "eof";
}

std::vector<std::string> Topology::names(const StageSet& set) {
  std::vector<std::string> names;
  for (const BuiltStage& stage : set.stages) names.push_back(stage.config.name);
  return names;
}

Topology::Topology(const config::PipelineConfig& config, std::unique_ptr<StageSet> set,
                   std::unique_ptr<stages::Writer> rejects, flow::WorkerPool& pool, spdlog::logger& log)
    : config_(config),
      set_(std::move(set)),
      rejects_writer_(std::move(rejects)),
      plan_(make_plan(*set_, config.order)),
      messages_(log),
      rejections_(rejects_writer_ == nullptr ? config::Rejects::Target::drop : config.rejects.target, names(*set_),
                  ledger_, messages_),
      memory_(set_->stages.size()),
      slabs_(slabs_under_way(pool.workers())),
      pipeline_(pool, pipeline_options(config), hooks()) {
  add_stages_to_ledger();
  for (const PlannedNode& node : plan_.nodes) add_node(node);
  for (const PlannedEdge& edge : plan_.edges) pipeline_.connect(nodes_[edge.from], edge.port, nodes_[edge.to]);
  if (rejects_writer_ != nullptr) add_rejects();
}

Topology::~Topology() = default;

void Topology::add_stages_to_ledger() {
  for (const BuiltStage& stage : set_->stages) {
    ledger_.add_stage(stage.config.name, stage.config.kind, role_of(stage));
  }
}

flow::Hooks<Parcel> Topology::hooks() {
  flow::Hooks<Parcel> hooks;
  hooks.clone = [](const Parcel& parcel) { return Parcel{copy(parcel.batch), parcel.stage, 0}; };
  hooks.on_copied = [this](flow::NodeId, const Parcel& original) {
    ledger_.add(original.stage, {.out = original.batch.size(), .copied = original.batch.size()});
  };
  hooks.on_unrouted = [this](flow::NodeId, std::size_t, Parcel&& parcel) {
    ledger_.filter_passed_on(parcel.stage, parcel.batch.size());
    recycle(std::move(parcel.batch));
  };
  hooks.on_abandoned = [this](flow::NodeId holder, Parcel&& parcel) { on_abandoned(holder, parcel); };
  return hooks;
}

void Topology::on_abandoned(flow::NodeId holder, const Parcel& parcel) {
  const auto node = std::ranges::find(nodes_, holder);
  if (node == nodes_.end()) return abandon_passed_on(ledger_, parcel);  // the node of `rejects`
  const PlannedNode& planned = plan_.nodes[static_cast<std::size_t>(node - nodes_.begin())];
  // What a node holds is either a result of its last stage, or waits for its first.
  const bool is_result = planned.last() == parcel.stage;
  if (is_result) return abandon_passed_on(ledger_, parcel);
  abandon_waiting(ledger_, parcel, planned.first());
}

void Topology::add_node(const PlannedNode& node) {
  switch (node.kind) {
    case flow::NodeKind::source:
      nodes_.push_back(add_source(node.first()));
      break;
    case flow::NodeKind::transform:
      nodes_.push_back(add_chain(node));
      break;
    case flow::NodeKind::sink:
      nodes_.push_back(add_sink(node.first()));
      rejects_port_.push_back(kNoPort);
      break;
  }
}

flow::NodeId Topology::add_source(std::size_t stage) {
  const auto generators = static_cast<std::size_t>(
      std::ranges::count_if(set_->stages, [](const BuiltStage& built) { return built.generator() != nullptr; }));
  memory_[stage] = std::make_unique<BatchMemory>(config_.batch_size, std::max(slabs_ / generators, kLeastSlabs));
  rejects_port_.push_back(PipelineEmitter::kRejectsPort);
  const auto function = [this, stage](const flow::Context& context, flow::Output<Parcel>& output) -> flow::Error {
    PipelineEmitter emitter(stage, *memory_[stage], ledger_, rejections_, output);
    return located(set_->stages[stage].generator()->run(context, emitter), set_->stages[stage].config.name);
  };
  return pipeline_.source(set_->stages[stage].config.name, function);
}

flow::NodeId Topology::add_chain(const PlannedNode& node) {
  chains_.push_back(std::make_unique<Chain>(*set_, node.stages, ledger_, rejections_,
                                            [this](record::Batch&& batch) { recycle(std::move(batch)); }));
  const Chain* chain = chains_.back().get();
  rejects_port_.push_back(chain->rejects_port());
  const auto function = [chain](const flow::Context& context, Parcel&& parcel, flow::Emit<Parcel>& emit) {
    return chain->run(context, std::move(parcel), emit);
  };
  flow::Pipeline<Parcel>::TransformFinishFunction finish;
  if (chain->is_serial()) {
    finish = [chain](const flow::Context& context, flow::Emit<Parcel>& emit) { return chain->finish(context, emit); };
  }
  return pipeline_.transform(set_->stages[node.first()].config.name, function, node.options, std::move(finish));
}

flow::NodeId Topology::add_sink(std::size_t stage) {
  const auto function = [this, stage](const flow::Context& context, Parcel&& parcel) {
    return write(context, stage, std::move(parcel));
  };
  const auto finish = [this, stage](const flow::Context& context) {
    return located(set_->stages[stage].writer()->finish(context), set_->stages[stage].config.name);
  };
  const auto start = [this, stage](const flow::Context& context) {
    return located(set_->stages[stage].writer()->start(context), set_->stages[stage].config.name);
  };
  set_->stages[stage].writer()->report_to([this, stage](std::string_view reason, const std::string& sentence) {
    const std::string& name = set_->stages[stage].config.name;
    ledger_.add_errors(stage, reason, 1);
    messages_.log(spdlog::level::warn, name + std::string(1, '\0') + std::string(reason), name + ": " + sentence);
  });
  return pipeline_.sink(set_->stages[stage].config.name, function, finish, {.start = start});
}

void Topology::add_rejects() {
  const auto function = [this](const flow::Context& context, Parcel&& parcel) {
    return write_rejects(context, std::move(parcel));
  };
  const auto finish = [this](const flow::Context& context) {
    return located(rejects_writer_->finish(context), "rejects");
  };
  const auto start = [this](const flow::Context& context) {
    return located(rejects_writer_->start(context), "rejects");
  };
  const flow::NodeId sink =
      pipeline_.sink("rejects", function, finish, {.queue_capacity = kRejectsQueue, .start = start});
  for (std::size_t node = 0; node < nodes_.size(); ++node) {
    if (rejects_port_[node] != kNoPort) pipeline_.connect(nodes_[node], rejects_port_[node], sink);
  }
}

flow::Error Topology::write(const flow::Context& context, std::size_t stage, Parcel&& parcel) {
  record::Batch batch = std::move(parcel.batch);
  const std::size_t records = batch.size();
  const std::size_t bytes = batch.output().size();
  stages::Written written;
  flow::Error error;
  const std::chrono::nanoseconds start = thread_cpu_time();
  try {
    error = set_->stages[stage].writer()->write(context, batch, written);
  } catch (const std::exception& exception) {
    error = {flow::Errc::exception, exception.what()};
  }
  Delta delta;
  delta.busy = thread_cpu_time() - start;
  delta.out = error ? std::min(written.records, records) : records;
  delta.bytes_out = error ? written.bytes : bytes;
  delta.abandoned = records - delta.out;
  ledger_.add(stage, delta);
  recycle(std::move(batch));
  return located(error, set_->stages[stage].config.name);
}

flow::Error Topology::write_rejects(const flow::Context& context, Parcel&& parcel) {
  stages::Written written;
  flow::Error error = rejects_writer_->write(context, parcel.batch, written);
  Delta delta;
  delta.rejected = error ? std::min<std::uint64_t>(written.records, parcel.rejected) : parcel.rejected;
  delta.abandoned = parcel.rejected - delta.rejected;
  ledger_.add(parcel.stage, delta);
  return located(error, "rejects");
}

void Topology::recycle(record::Batch&& batch) {
  if (batch.generator < memory_.size() && memory_[batch.generator] != nullptr) {
    memory_[batch.generator]->pool.recycle(std::move(batch));
  }
}

flow::Outcome Topology::run(const flow::Context& root) {
  flow::Outcome outcome = pipeline_.run(root);
  messages_.flush();
  ledger_.close(cause_of(outcome));
  return outcome;
}

}  // namespace sluice::daemon
