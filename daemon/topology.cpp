#include "daemon/topology.hpp"

#include <algorithm>
#include <exception>
#include <string>
#include <utility>

#include "flow/thread.hpp"

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

std::size_t count_writers(const StageSet& set) {
  return static_cast<std::size_t>(
      std::ranges::count_if(set.stages, [](const BuiltStage& built) { return built.writer() != nullptr; }));
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
                   std::unique_ptr<stages::Writer> rejects, flow::WorkerPool& pool, spdlog::logger& log,
                   Inheritance inheritance, Viewers viewers)
    : config_(config),
      set_(std::move(set)),
      rejects_writer_(std::move(rejects)),
      plan_(make_plan(*set_, config.order)),
      log_(log),
      messages_(log),
      viewers_(viewers),
      rejections_(rejects_writer_ == nullptr ? config::Rejects::Target::drop : config.rejects.target, names(*set_),
                  ledger_, messages_, viewers.samples),
      inlets_(set_->stages.size()),
      slabs_(slabs_under_way(pool.workers())),
      writer_mutexes_(set_->stages.size() + 1),
      is_successor_(inheritance.is_one),
      inheritance_(std::move(inheritance)),
      writers_(count_writers(*set_) + (rejects_writer_ != nullptr ? 1 : 0)),
      pipeline_(pool, pipeline_options(config), hooks()) {
  add_stages_to_ledger();
  add_inlets(std::exchange(inheritance_.inlets, {}));
  for (const PlannedNode& node : plan_.nodes) add_node(node);
  for (const PlannedEdge& edge : plan_.edges) pipeline_.connect(nodes_[edge.from], edge.port, nodes_[edge.to]);
  if (rejects_writer_ != nullptr) add_rejects();
}

Topology::~Topology() = default;

// A generator that goes on keeps its memory too.
void Topology::add_inlets(std::map<std::string, std::shared_ptr<Inlet>> inherited) {
  const auto generators = static_cast<std::size_t>(
      std::ranges::count_if(set_->stages, [](const BuiltStage& built) { return built.generator() != nullptr; }));
  for (std::size_t stage = 0; stage < set_->stages.size(); ++stage) {
    BuiltStage& built = set_->stages[stage];
    if (built.generator() == nullptr) continue;
    auto owned = std::move(std::get<std::unique_ptr<stages::Generator>>(built.stage));
    if (const auto found = inherited.find(built.config.name); found != inherited.end()) {
      inlets_[stage] = found->second;
    } else {
      inlets_[stage] = std::make_shared<Inlet>(built.config.name, std::move(owned), config_.batch_size,
                                               std::max(slabs_ / generators, kLeastSlabs));
    }
    Inlet::Owner owner{stage, &ledger_, &rejections_, reporter(stage)};
    if (viewers_.taps != nullptr) {
      TapPoint* const point = &viewers_.taps->point(built.config.name);
      owner.passing = [point](const record::Batch& batch) { point->offer(batch); };
    }
    inlets_[stage]->belong_to(std::move(owner));
  }
}

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
  rejects_port_.push_back(Inlet::kRejectsPort);
  const auto function = [this, stage](const flow::Context& context, flow::Output<Parcel>& output) -> flow::Error {
    // Whoever takes another's place takes nothing in before it is sure that it can.
    if (is_successor_) {
      if (flow::Error error = wait_until_up(output.drain_context())) return error;
    }
    Barrier* const barrier = checkpoints_ == nullptr ? nullptr : &checkpoints_->barrier();
    return located(inlets_[stage]->feed(context, output, barrier), set_->stages[stage].config.name);
  };
  return pipeline_.source(set_->stages[stage].config.name, function);
}

flow::NodeId Topology::add_chain(const PlannedNode& node) {
  chains_.push_back(std::make_unique<Chain>(
      *set_, node.stages, ledger_, rejections_, [this](record::Batch&& batch) { recycle(std::move(batch)); },
      viewers_.taps));
  const Chain* chain = chains_.back().get();
  rejects_port_.push_back(chain->rejects_port());
  const auto function = [this, chain](const flow::Context& context, Parcel&& parcel, flow::Emit<Parcel>& emit) {
    flow::Error error = chain->run(context, std::move(parcel), emit);
    notify();
    return error;
  };
  flow::Pipeline<Parcel>::TransformFinishFunction finish;
  if (chain->is_serial()) {
    finish = [this, chain](const flow::Context& context, flow::Emit<Parcel>& emit) -> flow::Error {
      // Stopped on request, not at the end of the input: what is held back is saved, and the next run goes on with it.
      if (checkpoints_ != nullptr && is_stopping_()) return {};
      if (is_heir(&Heirs::holders, chain->name())) return {};
      if (checkpoints_ != nullptr) checkpoints_->stage_finishes();
      flow::Error error = chain->finish(context, emit);
      notify();
      return error;
    };
  }
  return pipeline_.transform(set_->stages[node.first()].config.name, function, node.options, std::move(finish));
}

flow::NodeId Topology::add_sink(std::size_t stage) {
  const auto function = [this, stage](const flow::Context& context, Parcel&& parcel) {
    return write(context, stage, std::move(parcel));
  };
  const auto finish = [this, stage](const flow::Context& context) {
    return call_writer(stage, [&](stages::Writer& writer) { return writer.finish(context); });
  };
  const auto start = [this, stage](const flow::Context& context) { return start_writer(context, stage); };
  set_->stages[stage].writer()->report_to(reporter(stage));
  return pipeline_.sink(set_->stages[stage].config.name, function, finish, {.start = start});
}

void Topology::add_rejects() {
  const auto function = [this](const flow::Context& context, Parcel&& parcel) {
    return write_rejects(context, std::move(parcel));
  };
  const std::size_t rejects = set_->stages.size();
  const auto finish = [this, rejects](const flow::Context& context) {
    return call_writer(rejects, [&](stages::Writer& writer) { return writer.finish(context); });
  };
  const auto start = [this, rejects](const flow::Context& context) { return start_writer(context, rejects); };
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
  error = call_writer(stage, [&](stages::Writer& writer) -> flow::Error {
    try {
      return writer.write(context, batch, written);
    } catch (const std::exception& exception) {
      return {flow::Errc::exception, exception.what()};
    }
  });
  Delta delta;
  delta.busy = thread_cpu_time() - start;
  delta.out = error ? std::min(written.records, records) : records;
  delta.bytes_out = error ? written.bytes : bytes;
  delta.abandoned = records - delta.out;
  ledger_.add(stage, delta);
  recycle(std::move(batch));
  notify();
  return error;
}

flow::Error Topology::write_rejects(const flow::Context& context, Parcel&& parcel) {
  stages::Written written;
  flow::Error error = call_writer(set_->stages.size(),
                                  [&](stages::Writer& writer) { return writer.write(context, parcel.batch, written); });
  Delta delta;
  delta.rejected = error ? std::min<std::uint64_t>(written.records, parcel.rejected) : parcel.rejected;
  delta.abandoned = parcel.rejected - delta.rejected;
  ledger_.add(parcel.stage, delta);
  notify();
  return error;
}

// `index` is a stage's, or for the writer of `rejects` the one after the last.
flow::Error Topology::call_writer(std::size_t index, const std::function<flow::Error(stages::Writer&)>& function) {
  const bool is_rejects = index == set_->stages.size();
  stages::Writer& writer = is_rejects ? *rejects_writer_ : *set_->stages[index].writer();
  const std::lock_guard lock(writer_mutexes_[index]);
  return located(function(writer), is_rejects ? "rejects" : set_->stages[index].config.name);
}

flow::Error Topology::start_writer(const flow::Context& context, std::size_t index) {
  flow::Error error = call_writer(index, [&](stages::Writer& writer) { return writer.start(context); });
  if (error) return error;
  if (checkpoints_ != nullptr) checkpoints_->writer_is_up();
  if (++writers_up_ == writers_) {
    if (when_up_) when_up_();
    up_.notify();
  }
  return {};
}

flow::Error Topology::wait_until_up(const flow::Context& context) {
  for (;;) {
    const std::uint64_t ticket = up_.ticket();
    if (writers_up_ == writers_) return {};
    if (context.done()) return context.cause();
    up_.wait(context, ticket);
  }
}

stages::Report Topology::reporter(std::size_t stage) {
  return [this, stage](std::string_view reason, const std::string& sentence) {
    const std::string& name = set_->stages[stage].config.name;
    ledger_.add_errors(stage, reason, 1);
    messages_.log(spdlog::level::warn, name + std::string(1, '\0') + std::string(reason), name + ": " + sentence);
  };
}

void Topology::notify() const {
  if (checkpoints_ != nullptr) checkpoints_->notify();
}

Participants Topology::participants() {
  Participants all;
  for (std::size_t i = 0; i < set_->stages.size(); ++i) {
    const BuiltStage& stage = set_->stages[i];
    if (stages::Writer* writer = stage.writer())
      all.writers.push_back({stage.config.name, writer, &writer_mutexes_[i]});
    if (inlets_[i] == nullptr) continue;
    stages::Generator& generator = inlets_[i]->generator();
    if (generator.keeps_positions()) all.readers.push_back({stage.config.name, &generator});
  }
  if (rejects_writer_ != nullptr) all.writers.push_back({"rejects", rejects_writer_.get(), &writer_mutexes_.back()});
  for (const std::unique_ptr<Chain>& each : chains_) {
    if (!each->is_serial()) continue;
    const Chain* const chain = each.get();
    all.holders.push_back({chain->name(), [chain] { return chain->save(); },
                           [chain](std::string_view saved) { return chain->restore(saved); }});
  }
  return all;
}

// What replaced generators and stages of the topology before this one left goes to those of the same name.
flow::Error Topology::take_over_state(State state) {
  for (std::size_t stage = 0; stage < set_->stages.size(); ++stage) {
    if (inlets_[stage] == nullptr || inlets_[stage]->has_begun()) continue;
    const std::string& name = set_->stages[stage].config.name;
    const auto saved = inheritance_.positions.find(name);
    const bool has_saved = saved != inheritance_.positions.end() && !saved->second.text.empty() &&
                           saved->second.variant == set_->stages[stage].config.variant;
    stages::Generator& generator = inlets_[stage]->generator();
    if (!has_saved && (state != State::inherited || !generator.keeps_positions())) continue;
    const std::string nothing = "{}";
    if (flow::Error error = generator.restore(has_saved ? saved->second.text : nothing)) {
      return located(error, name);
    }
  }
  for (const std::unique_ptr<Chain>& chain : chains_) {
    const auto saved = inheritance_.held.find(chain->name());
    if (!chain->is_serial() || saved == inheritance_.held.end()) continue;
    if (flow::Error error = chain->restore(saved->second)) return located(error, saved->first);
  }
  return {};
}

std::string Topology::state_directory() {
  std::string directory;
  const flow::Error error = find_state_directory(participants().readers, state_directory_, directory);
  return error ? std::string() : directory;
}

flow::Error Topology::open_state(const flow::Context& root, State& state) {
  state = State::none;
  Participants all = participants();
  std::string directory;
  if (flow::Error error = find_state_directory(all.readers, state_directory_, directory)) return error;
  if (directory.empty()) {
    if (!all.readers.empty()) {
      log_.warn("{}: positions are not kept: a restart begins where `start` says; set `state: DIRECTORY` to go on",
                all.readers.front().name);
    }
    return {};
  }
  checkpoints_ = std::make_unique<Checkpoints>(Checkpoints::Options{directory, config_.checkpoint}, ledger_, log_);
  state = inheritance_.checkpoints == nullptr ? State::read : State::inherited;
  if (state == State::read) return checkpoints_->open(root, std::move(all));
  checkpoints_->go_on(std::move(*std::exchange(inheritance_.checkpoints, nullptr)), std::move(all));
  return {};
}

flow::Error Topology::open_checkpoints(const flow::Context& root) {
  State state = State::none;
  if (flow::Error error = open_state(root, state)) return error;
  return is_successor_ ? take_over_state(state) : flow::Error();
}

flow::Error Topology::settle(const flow::Context& context) {
  const auto each = [this](auto function) {
    for (const std::shared_ptr<Inlet>& inlet : inlets_) {
      if (inlet != nullptr) function(*inlet);
    }
  };
  each([](Inlet& inlet) { inlet.pause(); });
  for (;;) {
    bool quiet = true;
    each([&quiet](const Inlet& inlet) { quiet = quiet && inlet.is_quiet(); });
    if (quiet && ledger_.in_flight() == 0) return {};
    // Nobody tells of the end of a record: that would cost something with every batch, and a reload is rare.
    if (!context.wait_for(std::chrono::milliseconds(1))) continue;
    each([](Inlet& inlet) { inlet.resume(); });
    return context.cause();
  }
}

void Topology::hand_over(Heirs heirs) {
  {
    const std::lock_guard lock(heirs_mutex_);
    heirs_ = std::move(heirs);
  }
  handed_over_ = true;
  for (std::size_t stage = 0; stage < inlets_.size(); ++stage) {
    if (inlets_[stage] == nullptr) continue;
    if (is_heir(&Heirs::generators, set_->stages[stage].config.name)) {
      inlets_[stage]->release();
    } else {
      inlets_[stage]->stop();
    }
  }
}

bool Topology::is_heir(const std::set<std::string> Heirs::*kind, const std::string& name) const {
  const std::lock_guard lock(heirs_mutex_);
  return (heirs_.*kind).contains(name);
}

// What a topology that could not be brought up had inherited is left as it was; it has taken nothing in.
Inheritance Topology::leave() {
  Inheritance left;
  const bool was_up = handed_over_;
  if (!was_up) left = std::move(inheritance_);
  left.is_one = true;
  for (std::size_t stage = 0; stage < inlets_.size(); ++stage) {
    if (inlets_[stage] == nullptr) continue;
    const std::string& name = set_->stages[stage].config.name;
    stages::Generator& generator = inlets_[stage]->generator();
    if (!was_up || is_heir(&Heirs::generators, name)) {
      if (inlets_[stage]->has_begun()) left.inlets[name] = inlets_[stage];
    } else {
      left.positions[name] = {set_->stages[stage].config.variant, generator.save()};
    }
  }
  for (const std::unique_ptr<Chain>& chain : chains_) {
    if (!was_up || !chain->is_serial() || !is_heir(&Heirs::holders, chain->name())) continue;
    left.held[chain->name()] = chain->save();
  }
  if (checkpoints_ != nullptr) left.checkpoints = std::move(checkpoints_);
  return left;
}

void Topology::recycle(record::Batch&& batch) {
  if (batch.generator < inlets_.size() && inlets_[batch.generator] != nullptr) {
    inlets_[batch.generator]->memory().pool.recycle(std::move(batch));
  }
}

flow::Outcome Topology::run_pipeline(const flow::Context& root) {
  is_stopping_ = [&root] { return root.done(); };
  if (checkpoints_ == nullptr) return pipeline_.run(root);
  flow::Cancellable keeping = flow::with_cancel(flow::without_cancel(root));
  flow::Thread keeper("checkpoints", [this, &keeping] {
    checkpoints_->run(keeping.context, [this](const flow::Error& error) { pipeline_.fail("checkpoint", error); });
  });
  flow::Outcome outcome = pipeline_.run(root);
  keeping.handle.cancel();
  keeper.join();
  if (!outcome.error) outcome.error = checkpoints_->finish(flow::without_cancel(root));
  return outcome;
}

// Whether the run ends with this topology.
bool Topology::is_over(const flow::Outcome& outcome) const {
  if (handed_over_) return outcome.error || outcome.deadline_hit || outcome.abandoned;
  const bool never_up = is_successor_ && writers_up_ != writers_;
  return !never_up || !outcome.error;
}

// What generators still give is abandoned, on the books.
void Topology::end_inlets(const flow::Outcome& outcome) {
  for (const std::shared_ptr<Inlet>& inlet : inlets_) {
    if (inlet != nullptr) inlet->end(outcome.error ? outcome.error : flow::Error(flow::Errc::canceled));
  }
}

flow::Outcome Topology::run(const flow::Context& root) {
  flow::Outcome outcome;
  outcome.error = open_checkpoints(root);
  if (outcome.error && root.done()) {  // asked to stop before it had begun: the next start takes it up
    outcome.error = {};
    outcome.cause = root.cause();
  } else if (!outcome.error) {
    outcome = run_pipeline(root);
  }
  goes_on_ = !is_over(outcome);
  if (!goes_on_) end_inlets(outcome);
  messages_.flush();
  ledger_.close(cause_of(outcome));
  return outcome;
}

}  // namespace sluice::daemon
