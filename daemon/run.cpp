#include "daemon/run.hpp"

#include <csignal>
#include <cstdint>
#include <cstdlib>
#include <cstring>
#include <mutex>
#include <utility>

#include "config/units.hpp"
#include "daemon/atomic_file.hpp"
#include "daemon/topology.hpp"
#include "flow/signals.hpp"
#include "flow/worker_pool.hpp"
#include "stages/write/rejects.hpp"

namespace sluice::daemon {
namespace {

// What signals do to a run. Told by the watcher's thread, which exists before the topology does.
class SignalActions {
 public:
  SignalActions(flow::CancelHandle& root, std::chrono::nanoseconds grace, spdlog::logger& log)
      : root_(root), grace_(grace), log_(log) {}

  // From now on until detach() signals also reach this topology.
  void attach(Topology& topology) {
    const std::lock_guard lock(mutex_);
    topology_ = &topology;
    if (stops_ > 1) topology.abandon();
  }
  void detach() {
    const std::lock_guard lock(mutex_);
    topology_ = nullptr;
  }

  void on_signal(int signal) {
    const std::lock_guard lock(mutex_);
    switch (signal) {
      case SIGTERM:
      case SIGINT:
        return stop(signal);
      case SIGHUP:
        return log_.warn("SIGHUP: reloading is not supported yet; restart sluice to apply a changed configuration");
      case SIGUSR1:
        if (topology_ != nullptr) log_.info("ledger: {}", to_json(topology_->ledger()));
        return;
      default:
        return;
    }
  }

 private:
  void stop(int signal) {
    const std::string name = flow::signal_name(signal);
    if (++stops_ == 1) {
      log_.info("{}: draining for at most {}; the same again stops at once", name, config::format_duration(grace_));
      root_.cancel(flow::Error(flow::Errc::canceled, "signal: " + name));
    } else {
      log_.warn("{} again: stopping at once", name);
      if (topology_ != nullptr) topology_->abandon();
    }
  }

  flow::CancelHandle& root_;
  const std::chrono::nanoseconds grace_;
  spdlog::logger& log_;
  std::mutex mutex_;  // guards the two below
  Topology* topology_ = nullptr;
  int stops_ = 0;
};

// Null if rejected records are dropped.
std::unique_ptr<stages::Writer> make_rejects(const config::Rejects& rejects) {
  if (rejects.target == config::Rejects::Target::drop) return nullptr;
  return std::make_unique<stages::RejectsWriter>(rejects);
}

// What the service manager made for this service; it separates several by colons. Empty if it made none.
std::string systemd_state_directory() {
  const char* const list = std::getenv("STATE_DIRECTORY");
  if (list == nullptr) return {};
  return std::string(list, std::strcspn(list, ":"));
}

ExitCode judge(const flow::Outcome& outcome, const LedgerSnapshot& ledger) {
  if (outcome.error || !ledger.balanced) return ExitCode::failed;
  return ledger.abandoned != 0 ? ExitCode::abandoned : ExitCode::ok;
}

// One line at the end, whatever happened.
void report(const flow::Outcome& outcome, const LedgerSnapshot& ledger, std::chrono::nanoseconds grace,
            spdlog::logger& log) {
  if (outcome.error) {
    log.error("{}; {}", outcome.error.message(), summary(ledger));
  } else if (!ledger.balanced) {
    log.error("{}", summary(ledger));
  } else if (outcome.deadline_hit && ledger.abandoned != 0) {
    log.error("the grace period of {} ended before all was written; {}", config::format_duration(grace),
              summary(ledger));
  } else if (ledger.abandoned != 0) {
    log.error("the drain was cut short; {}", summary(ledger));
  } else {
    log.info("{}", summary(ledger));
  }
}

}  // namespace

flow::Error write_ledger(const flow::Context& context, const std::string& path, const LedgerSnapshot& ledger) {
  return replace_file(context, path, to_json(ledger) + "\n");
}

ExitCode run(const flow::Context& root, const config::PipelineConfig& config, std::unique_ptr<StageSet> set,
             const RunOptions& options, spdlog::logger& log) {
  flow::Cancellable stoppable = flow::with_cancel(root);
  SignalActions actions(stoppable.handle, config.grace, log);
  const flow::SignalWatcher watcher({SIGTERM, SIGINT, SIGHUP, SIGUSR1}, [&](int signal) { actions.on_signal(signal); });
  if (watcher.error()) log.warn("signals are not handled: {}", watcher.error().message());

  flow::Outcome outcome;
  LedgerSnapshot ledger;
  {
    flow::WorkerPool pool(config.workers);
    Topology topology(config, std::move(set), make_rejects(config.rejects), pool, log);
    topology.keep_state_in(systemd_state_directory());
    actions.attach(topology);
    outcome = topology.run(stoppable.context);
    actions.detach();
    ledger = topology.ledger();
  }
  report(outcome, ledger, config.grace, log);
  ExitCode code = judge(outcome, ledger);
  if (!options.ledger_file.empty()) {
    if (const flow::Error error = write_ledger(root, options.ledger_file, ledger)) {
      log.error("the ledger could not be written: {}", error.message());
      if (code == ExitCode::ok) code = ExitCode::failed;
    }
  }
  return code;
}

}  // namespace sluice::daemon
