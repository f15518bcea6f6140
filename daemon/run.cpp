#include "daemon/run.hpp"

#include <csignal>
#include <cstdint>
#include <mutex>
#include <optional>
#include <utility>

#include "config/units.hpp"
#include "daemon/atomic_file.hpp"
#include "daemon/notify.hpp"
#include "daemon/service.hpp"
#include "flow/signals.hpp"

namespace sluice::daemon {
namespace {

// What signals do to a run. Told by the watcher's thread, which exists before the service does.
class SignalActions {
 public:
  SignalActions(flow::CancelHandle& root, std::chrono::nanoseconds grace, spdlog::logger& log)
      : root_(root), grace_(grace), log_(log) {}

  // From now on until detach() signals also reach this service, those included that came before.
  void attach(Service& service) {
    const std::lock_guard lock(mutex_);
    service_ = &service;
    if (stops_ > 0) service.drains();
    if (stops_ > 1) service.stop_at_once();
    if (reload_wanted_) service.ask_for_reload();
  }
  void detach() {
    const std::lock_guard lock(mutex_);
    service_ = nullptr;
  }

  void on_signal(int signal) {
    const std::lock_guard lock(mutex_);
    switch (signal) {
      case SIGTERM:
      case SIGINT:
        return stop(signal);
      case SIGHUP:
        reload_wanted_ = true;
        if (service_ != nullptr) service_->ask_for_reload();
        return;
      case SIGUSR1:
        if (service_ != nullptr) log_.info("ledger: {}", to_json(service_->ledger()));
        return;
      default:
        return;
    }
  }

 private:
  void stop(int signal) {
    const std::string name = flow::signal_name(signal);
    if (++stops_ == 1) {
      if (service_ != nullptr) grace_ = service_->grace();
      log_.info("{}: draining for at most {}; the same again stops at once", name, config::format_duration(grace_));
      if (service_ != nullptr) service_->drains();
      root_.cancel(flow::Error(flow::Errc::canceled, "signal: " + name));
    } else {
      log_.warn("{} again: stopping at once", name);
      if (service_ != nullptr) service_->stop_at_once();
    }
  }

  flow::CancelHandle& root_;
  std::chrono::nanoseconds grace_;
  spdlog::logger& log_;
  std::mutex mutex_;  // guards what follows, and grace_
  Service* service_ = nullptr;
  int stops_ = 0;
  bool reload_wanted_ = false;
};

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

ExitCode run(const flow::Context& root, Candidate first, const RunOptions& options, spdlog::logger& log) {
  flow::Cancellable stoppable = flow::with_cancel(root);
  std::chrono::nanoseconds grace = first.config.grace;
  SignalActions actions(stoppable.handle, grace, log);
  const flow::SignalWatcher watcher({SIGTERM, SIGINT, SIGHUP, SIGUSR1}, [&](int signal) { actions.on_signal(signal); });
  if (watcher.error()) log.warn("signals are not handled: {}", watcher.error().message());

  const ServiceManager manager;
  flow::Outcome outcome;
  LedgerSnapshot ledger;
  {
    Service service(std::move(first), options, manager, log);
    actions.attach(service);
    std::optional<Progress> progress;
    if (options.progress) progress.emplace(options.progress, options.workload, [&] { return service.ledger(); });
    outcome = service.run(stoppable.context);
    actions.detach();
    ledger = service.ledger();
    grace = service.grace();
  }
  if (ledger.cause.empty()) ledger.cause = cause_of(outcome);
  report(outcome, ledger, grace, log);
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
