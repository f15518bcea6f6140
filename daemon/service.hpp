// The life of a running daemon: topologies one after the other, as the configuration is loaded anew.
#pragma once

#include <spdlog/logger.h>

#include <chrono>
#include <condition_variable>
#include <cstdint>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <span>
#include <string>

#include "daemon/admin/server.hpp"
#include "daemon/life_signs.hpp"
#include "daemon/notify.hpp"
#include "daemon/observation.hpp"
#include "daemon/progress_watch.hpp"
#include "daemon/reject_samples.hpp"
#include "daemon/run.hpp"
#include "daemon/taps.hpp"
#include "daemon/topology.hpp"
#include "flow/context.hpp"
#include "flow/pipeline_types.hpp"
#include "flow/worker_pool.hpp"

namespace sluice::daemon {

// Runs a configuration, and after each reload the next one. run() is called once, by the main thread; everything else
// is thread-safe.
class Service final : public Observed {
 public:
  // `options`, `manager` and `log` must outlive it.
  Service(Candidate first, const RunOptions& options, const ServiceManager& manager, spdlog::logger& log);
  ~Service() override;
  Service(const Service&) = delete;
  Service& operator=(const Service&) = delete;

  // Until the generators have ended, `root` is done, or a stage has failed. How the last topology ended; ledger() is
  // final then.
  flow::Outcome run(const flow::Context& root);

  // ---- what signals ask for; none of these waits
  void stop_at_once();
  void ask_for_reload();
  void drains();

  // ---- Observed
  Observation observe() const override;
  LedgerSnapshot ledger() const override;
  bool is_ready() const override;
  std::string stuck() const override;
  Reloaded reload(const flow::Context& context) override;
  Taps& taps() override { return taps_; }
  RejectSamples& reject_samples() override { return samples_; }

  // The grace period of the configuration that runs now.
  std::chrono::nanoseconds grace() const;

 private:
  // What a reload waits for, and who takes over.
  struct Replacement {
    Candidate candidate;
    std::optional<Reloaded> result;  // once it is known
  };
  struct Rate {
    std::chrono::steady_clock::time_point at;
    std::uint64_t received = 0;
    std::uint64_t written = 0;
  };

  flow::Error start_admin(const flow::Context& root);
  flow::Outcome run_topologies(const flow::Context& root);
  flow::Error go_on(const flow::Outcome& outcome);
  void put_in_place(Candidate candidate, Inheritance inheritance);
  void on_up();
  void serve_reloads(const flow::Context& context);
  Reloaded reload_now(const flow::Context& context);
  Reloaded replace_running(const flow::Context& context, Candidate candidate);
  flow::Error settle(const flow::Context& context);
  void tell(const Reloaded& result);
  LedgerSnapshot ledger_with_lock() const;
  Observation observe_with_lock() const;
  Sight look();
  std::string status_text(const LedgerSnapshot& ledger, std::span<const flow::NodeStats> nodes);

  const RunOptions& options_;
  const ServiceManager& manager_;
  spdlog::logger& log_;
  Taps taps_;
  RejectSamples samples_;
  const std::chrono::system_clock::time_point started_ = std::chrono::system_clock::now();

  mutable std::mutex mutex_;  // guards what follows
  mutable std::condition_variable changed_;
  std::unique_ptr<flow::WorkerPool> pool_;
  std::size_t workers_ = 0;             // as the configuration has it, from which the pool was made
  std::unique_ptr<Topology> topology_;  // replaced by the main thread alone, which may use it without the lock
  std::optional<LedgerSnapshot> past_;  // of topologies that are over
  BlockedTimes blocked_;                // likewise
  std::chrono::system_clock::time_point loaded_ = started_;
  RunState state_ = RunState::starting;
  bool draining_ = false;
  std::chrono::steady_clock::time_point drain_began_;
  bool over_ = false;
  std::uint64_t reloads_ = 0;
  std::uint64_t failed_reloads_ = 0;
  bool reload_wanted_ = false;
  bool stops_at_once_ = false;
  flow::CancelHandle* settling_ = nullptr;  // of the reload that waits for what is under way
  Replacement* replacement_ = nullptr;      // of the reload under way, after the old topology was told to hand over
  std::string failure_;                     // why the replacement could not be brought up
  // What ran before the replacement, until that is up.
  std::optional<config::PipelineConfig> before_;

  mutable ProgressWatch progress_;
  Rate last_look_{};

  std::mutex reload_mutex_;  // held by the one reload that is under way; taken before mutex_
  std::unique_ptr<AdminServer> admin_;
};

}  // namespace sluice::daemon
