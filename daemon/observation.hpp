// What can be seen of a running daemon from outside, and what can be asked of it: the border between the run loop and
// the admin endpoint. The run loop implements Observed; daemon/admin/ knows nothing else of it.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <map>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "config/pipeline.hpp"
#include "daemon/ledger.hpp"
#include "daemon/plan.hpp"
#include "daemon/stage_set.hpp"
#include "flow/context.hpp"
#include "flow/pipeline_types.hpp"

namespace sluice::daemon {

class RejectSamples;  // daemon/reject_samples.hpp
class Taps;           // daemon/taps.hpp

// Batches that wait, and how many may.
struct QueueFigures {
  std::size_t size = 0;
  std::size_t capacity = 0;
};

// Where a stage reads from; `output` only if that is a router.
struct InputFigures {
  std::string stage;
  std::string output;
};

// One stage of the topology that runs now. Counters go on over reloads as long as a stage of that name exists.
struct StageFigures {
  std::string name;
  std::string kind;
  std::string variant;                 // empty for kinds without variants
  std::string_view role;               // "generator", "transform" or "writer"
  std::vector<InputFigures> from;      // empty for generators
  std::vector<std::string> outputs;    // of a router
  Delta counts;                        // as in the ledger
  ReasonCounts errors;                 // as in the ledger
  std::chrono::nanoseconds blocked{};  // in which its results waited for room in the queue after it
  std::optional<QueueFigures> queue;   // what waits for it; none for generators and for stages fused behind another
  std::string fused_into;              // the first stage of the chain that it runs in, if that is another
  std::optional<double> lag_s;         // generators that can tell for how long they have been behind their sources
};

struct RejectsFigures {
  std::string_view target;            // "stderr", "file" or "drop"
  std::optional<QueueFigures> queue;  // none if they are dropped
};

enum class RunState { starting, running, reloading, draining };
std::string_view name_of(RunState state);

// Everything, at a moment.
struct Observation {
  std::string config;  // the path of the configuration
  RunState state = RunState::starting;
  std::chrono::system_clock::time_point started{};  // of the process's pipeline
  std::chrono::system_clock::time_point loaded{};   // when the configuration that runs now was taken
  std::uint64_t reloads = 0;                        // that succeeded
  std::uint64_t failed_reloads = 0;
  std::size_t workers = 0;
  std::vector<StageFigures> stages;  // in the order of the configuration
  RejectsFigures rejects;
  LedgerSnapshot ledger;  // of the whole run, stages that a reload took away included
};

// Time for which stages were blocked in topologies that are over, by the stages' names.
using BlockedTimes = std::map<std::string, std::chrono::nanoseconds, std::less<>>;

// What is to be seen of one topology: fills `stages`, `rejects`, `ledger`, `workers` and `config` of an observation.
// `nodes` are the figures of the plan's nodes in order, that of `rejects` last if there is one; `before` is what
// earlier topologies of the run add to `blocked`; `ledger` is that of the whole run and has the counters of each stage
// by name.
Observation observe(const config::PipelineConfig& config, const StageSet& set, const Plan& plan,
                    std::span<const flow::NodeStats> nodes, LedgerSnapshot ledger, const BlockedTimes& before = {});

// To be called with the last observation of a topology: what the next one needs as `before`.
BlockedTimes blocked_times(const Observation& observation, BlockedTimes before);

// Thread-safe: the admin endpoint calls it from several threads, until AdminServer::stop() has returned.
class Observed {
 public:
  virtual ~Observed() = default;

  virtual Observation observe() const = 0;
  virtual LedgerSnapshot ledger() const = 0;
  // Every stage is up and records are taken; also while a reload is under way.
  virtual bool is_ready() const = 0;
  // Why no progress is made although there is work; empty while there is progress or nothing to do.
  virtual std::string stuck() const = 0;

  struct Reloaded {
    bool ok = false;
    bool busy = false;                 // another one is under way
    std::vector<std::string> changes;  // "parse-2: changed", ...
    std::string error;                 // diagnostics as `check` prints them
  };
  // Blocks until the new configuration runs or was turned down.
  virtual Reloaded reload(const flow::Context& context) = 0;

  // Both outlive every topology.
  virtual Taps& taps() = 0;
  virtual RejectSamples& reject_samples() = 0;
};

}  // namespace sluice::daemon
