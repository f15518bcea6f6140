// The running pipeline of one configuration: stages on flow nodes, memory for batches, and the books.
#pragma once

#include <atomic>
#include <chrono>
#include <cstddef>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "config/pipeline.hpp"
#include "daemon/chain.hpp"
#include "daemon/checkpoints.hpp"
#include "daemon/gate.hpp"
#include "daemon/inlet.hpp"
#include "daemon/ledger.hpp"
#include "daemon/log.hpp"
#include "daemon/parcel.hpp"
#include "daemon/plan.hpp"
#include "daemon/reject_samples.hpp"
#include "daemon/rejections.hpp"
#include "daemon/stage_set.hpp"
#include "daemon/taps.hpp"
#include "flow/context.hpp"
#include "flow/pipeline.hpp"
#include "flow/worker_pool.hpp"
#include "stages/stage.hpp"

namespace sluice::daemon {

// How many slabs of the batch size may be under way in a pipeline, shared by its generators: enough to fill the queues
// and every worker, few enough to stay within 64 MiB at the defaults.
std::size_t slabs_under_way(std::size_t workers);

// What a generator saved at its end; means something to generators of this variant alone.
struct SavedPositions {
  std::string variant;
  std::string text;
};

// What a pipeline leaves to the one that takes its place.
struct Inheritance {
  bool is_one = false;                                   // false: there was no pipeline before
  std::map<std::string, std::shared_ptr<Inlet>> inlets;  // generators that go on, by name
  std::map<std::string, SavedPositions> positions;       // of generators that were replaced, by name
  std::map<std::string, std::string> held;               // what stages hold back, by name
  std::unique_ptr<Checkpoints> checkpoints;              // null: nobody kept positions
};

// Who goes on with what a pipeline leaves: names of stages that are the same in the one that takes its place.
struct Heirs {
  std::set<std::string> generators;  // they keep running
  std::set<std::string> holders;     // they go on with the records that were held back
};

// Who may look at what passes; both outlive the topology. Null: nobody.
struct Viewers {
  Taps* taps = nullptr;
  RejectSamples* samples = nullptr;
};

// Built once, run once. Owns its stages; pool and logger must outlive it.
//
// A reload puts another topology in its place: settle(), hand_over(), and when run() has returned and goes_on(), the
// new one is made with what leave() returns. Nothing is read twice or lost, since nothing is under way at that moment.
class Topology {
 public:
  // `set` was made from `config` without errors. `rejects` takes the lines of rejected records (null: they are
  // dropped). Of the inheritance, what is not for stages of this configuration is dropped: its generators end.
  Topology(const config::PipelineConfig& config, std::unique_ptr<StageSet> set, std::unique_ptr<stages::Writer> rejects,
           flow::WorkerPool& pool, spdlog::logger& log, Inheritance inheritance = {}, Viewers viewers = {});
  ~Topology();
  Topology(const Topology&) = delete;
  Topology& operator=(const Topology&) = delete;

  // Where generators keep their positions that do not say so themselves; empty: nowhere. Before run().
  void keep_state_in(std::string directory) { state_directory_ = std::move(directory); }
  // Called once, when every writer is up, on a thread of the pipeline. Before run().
  void when_up(std::function<void()> function) { when_up_ = std::move(function); }

  // Runs until every generator has ended or the root is cancelled, and everything is drained or abandoned; then closes
  // the ledger. Call it once.
  flow::Outcome run(const flow::Context& root);

  // Cuts the drain short (the second signal). Thread-safe.
  void abandon() { pipeline_.abandon(); }

  // Stops letting batches in and waits until nothing is under way. An error if the context is done before that; then
  // everything goes on as before. During run(), from another thread.
  flow::Error settle(const flow::Context& context);
  // After settle(): lets run() return as at the end of the input. Generators that are not among the heirs are asked to
  // end, and what they still have to give goes through.
  void hand_over(Heirs heirs);
  // After run(): whether another topology is to take the place of this one. So it is after hand_over() if nothing
  // failed, and if this one took the place of another but could not be brought up.
  bool goes_on() const { return goes_on_; }
  // Whether every writer has been up. Thread-safe.
  bool was_up() const { return writers_up_ == writers_; }
  Inheritance leave();

  // The directory in which it keeps its state; empty if it does not. After run() has begun.
  std::string state_directory();

  // The books; thread-safe, during the run too.
  LedgerSnapshot ledger() const { return ledger_.snapshot(); }
  // Queues and nodes; thread-safe.
  std::vector<flow::NodeStats> nodes() const { return pipeline_.stats(); }
  // How far the generator at that place is behind its sources, if it is one that can tell; thread-safe.
  std::optional<std::chrono::nanoseconds> lag(std::size_t stage) const {
    return inlets_[stage] == nullptr ? std::nullopt : inlets_[stage]->generator().lag();
  }
  const Plan& plan() const { return plan_; }
  const config::PipelineConfig& config() const { return config_; }
  const StageSet& stages() const { return *set_; }

 private:
  flow::Hooks<Parcel> hooks();
  void add_stages_to_ledger();
  void add_inlets(std::map<std::string, std::shared_ptr<Inlet>> inherited);
  enum class State { none, read, inherited };  // who has given the generators their positions
  flow::Error take_over_state(State state);
  flow::Error open_checkpoints(const flow::Context& root);
  flow::Error open_state(const flow::Context& root, State& state);
  Participants participants();
  flow::Outcome run_pipeline(const flow::Context& root);
  flow::Error call_writer(std::size_t index, const std::function<flow::Error(stages::Writer& writer)>& function);
  flow::Error start_writer(const flow::Context& context, std::size_t index);
  stages::Report reporter(std::size_t stage);
  void notify() const;
  flow::Error wait_until_up(const flow::Context& context);
  bool is_heir(const std::set<std::string> Heirs::*kind, const std::string& name) const;
  bool is_over(const flow::Outcome& outcome) const;
  void end_inlets(const flow::Outcome& outcome);
  void add_node(const PlannedNode& node);
  flow::NodeId add_source(std::size_t stage);
  flow::NodeId add_chain(const PlannedNode& node);
  flow::NodeId add_sink(std::size_t stage);
  void add_rejects();
  flow::Error write(const flow::Context& context, std::size_t stage, Parcel&& parcel);
  flow::Error write_rejects(const flow::Context& context, Parcel&& parcel);
  void on_abandoned(flow::NodeId holder, const Parcel& parcel);
  void recycle(record::Batch&& batch);
  static std::vector<std::string> names(const StageSet& set);

  const config::PipelineConfig config_;
  std::unique_ptr<StageSet> set_;
  std::unique_ptr<stages::Writer> rejects_writer_;
  Plan plan_;
  Ledger ledger_;
  spdlog::logger& log_;
  RepeatedMessages messages_;
  const Viewers viewers_;
  Rejections rejections_;
  std::vector<std::shared_ptr<Inlet>> inlets_;  // by stage; null for all but generators
  std::vector<std::unique_ptr<Chain>> chains_;
  std::size_t slabs_;
  std::string state_directory_;
  std::function<bool()> is_stopping_;         // of the run: whether somebody has asked for its end
  std::unique_ptr<Checkpoints> checkpoints_;  // null: nobody keeps positions
  std::vector<std::mutex> writer_mutexes_;    // by stage, that of `rejects` last; held while the writer is called
  const bool is_successor_;
  Inheritance inheritance_;  // what has not been taken over yet
  std::atomic<bool> handed_over_{false};
  mutable std::mutex heirs_mutex_;  // guards heirs_
  Heirs heirs_;
  bool goes_on_ = false;
  std::function<void()> when_up_;
  std::size_t writers_;
  std::atomic<std::size_t> writers_up_{0};
  Gate up_;
  flow::Pipeline<Parcel> pipeline_;
  std::vector<flow::NodeId> nodes_;        // by index in plan_
  std::vector<std::size_t> rejects_port_;  // by index in plan_; kNoPort for sinks
};

// Why a run ended, as the ledger's `cause`: "eof", "signal: SIGTERM", "error: ...", "deadline".
std::string cause_of(const flow::Outcome& outcome);

}  // namespace sluice::daemon
