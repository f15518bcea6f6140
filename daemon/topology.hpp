// The running pipeline of one configuration: stages on flow nodes, memory for batches, and the books.
#pragma once

#include <functional>
#include <memory>
#include <mutex>
#include <vector>

#include "config/pipeline.hpp"
#include "daemon/chain.hpp"
#include "daemon/checkpoints.hpp"
#include "daemon/emitter.hpp"
#include "daemon/ledger.hpp"
#include "daemon/log.hpp"
#include "daemon/parcel.hpp"
#include "daemon/plan.hpp"
#include "daemon/rejections.hpp"
#include "daemon/stage_set.hpp"
#include "flow/context.hpp"
#include "flow/pipeline.hpp"
#include "flow/worker_pool.hpp"
#include "stages/stage.hpp"

namespace sluice::daemon {

// How many slabs of the batch size may be under way in a pipeline, shared by its generators: enough to fill the queues
// and every worker, few enough to stay within 64 MiB at the defaults.
std::size_t slabs_under_way(std::size_t workers);

// Built once, run once. Owns its stages; pool and logger must outlive it.
class Topology {
 public:
  // `set` was made from `config` without errors. `rejects` takes the lines of rejected records (null: they are
  // dropped).
  Topology(const config::PipelineConfig& config, std::unique_ptr<StageSet> set, std::unique_ptr<stages::Writer> rejects,
           flow::WorkerPool& pool, spdlog::logger& log);
  ~Topology();
  Topology(const Topology&) = delete;
  Topology& operator=(const Topology&) = delete;

  // Where generators keep their positions that do not say so themselves; empty: nowhere. Before run().
  void keep_state_in(std::string directory) { state_directory_ = std::move(directory); }

  // Runs until every generator has ended or the root is cancelled, and everything is drained or abandoned; then closes
  // the ledger. Call it once.
  flow::Outcome run(const flow::Context& root);

  // Cuts the drain short (the second signal). Thread-safe.
  void abandon() { pipeline_.abandon(); }

  // The books; thread-safe, during the run too.
  LedgerSnapshot ledger() const { return ledger_.snapshot(); }
  // Queues and nodes; thread-safe.
  std::vector<flow::NodeStats> nodes() const { return pipeline_.stats(); }
  const Plan& plan() const { return plan_; }

 private:
  flow::Hooks<Parcel> hooks();
  void add_stages_to_ledger();
  flow::Error open_checkpoints(const flow::Context& root);
  Participants participants();
  flow::Outcome run_pipeline(const flow::Context& root);
  flow::Error call_writer(std::size_t index, const std::function<flow::Error(stages::Writer& writer)>& function);
  flow::Error start_writer(const flow::Context& context, std::size_t index);
  stages::Report reporter(std::size_t stage);
  void notify() const;
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
  Rejections rejections_;
  std::vector<std::unique_ptr<BatchMemory>> memory_;  // by stage; null for all but generators
  std::vector<std::unique_ptr<Chain>> chains_;
  std::size_t slabs_;
  std::string state_directory_;
  std::function<bool()> is_stopping_;         // of the run: whether somebody has asked for its end
  std::unique_ptr<Checkpoints> checkpoints_;  // null: nobody keeps positions
  std::vector<std::mutex> writer_mutexes_;    // by stage, that of `rejects` last; held while the writer is called
  flow::Pipeline<Parcel> pipeline_;
  std::vector<flow::NodeId> nodes_;        // by index in plan_
  std::vector<std::size_t> rejects_port_;  // by index in plan_; kNoPort for sinks
};

// Why a run ended, as the ledger's `cause`: "eof", "signal: SIGTERM", "error: ...", "deadline".
std::string cause_of(const flow::Outcome& outcome);

}  // namespace sluice::daemon
