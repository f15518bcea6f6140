#include "daemon/service.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cstdlib>
#include <cstring>
#include <span>
#include <string_view>
#include <utility>
#include <vector>

#include "config/text.hpp"
#include "config/units.hpp"
#include "daemon/replacement.hpp"
#include "flow/thread.hpp"
#include "stages/registry.hpp"
#include "stages/write/rejects.hpp"

namespace sluice::daemon {
namespace {

// As long as this nothing may move before /healthz says so.
constexpr std::chrono::seconds kStuck{10};
// What a drain may take beyond the grace period, to close and sync files.
constexpr std::chrono::seconds kAfterGrace{15};

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

Candidate rebuild(const config::PipelineConfig& config) {
  Candidate candidate;
  candidate.config = config;
  candidate.set = build_stages(config, stages::definitions(), candidate.diagnostics);
  return candidate;
}

std::uint64_t ended(const LedgerSnapshot& ledger) {
  return ledger.written + ledger.filtered + ledger.rejected + ledger.abandoned;
}

std::uint64_t progress_of(const LedgerSnapshot& ledger, std::span<const flow::NodeStats> nodes) {
  std::uint64_t progress = ended(ledger);
  for (const flow::NodeStats& node : nodes) progress += node.items_in;
  return progress;
}

std::string fullest_queue(std::span<const flow::NodeStats> nodes) {
  const auto fullness = [](const flow::NodeStats& node) {
    const double capacity = node.queue_capacity == 0 ? 1.0 : static_cast<double>(node.queue_capacity);
    return static_cast<double>(node.queue_size) / capacity;
  };
  const auto fullest = std::ranges::max_element(nodes, {}, fullness);
  if (fullest == nodes.end() || fullest->queue_size == 0) return "all queues empty";
  return fmt::format("fullest queue: {} {}/{}", fullest->name, fullest->queue_size, fullest->queue_capacity);
}

void log_lines(spdlog::logger& log, spdlog::level::level_enum level, std::string_view text) {
  for (const std::string_view line : config::lines_of(text)) {
    if (!line.empty()) log.log(level, "{}", line);
  }
}

}  // namespace

Service::Service(Candidate first, const RunOptions& options, const ServiceManager& manager, spdlog::logger& log)
    : options_(options), manager_(manager), log_(log) {
  put_in_place(std::move(first), {});
}

Service::~Service() = default;

flow::Outcome Service::run(const flow::Context& root) {
  flow::Outcome outcome;
  outcome.error = start_admin(root);
  if (outcome.error) return outcome;
  flow::Cancellable serving = flow::with_cancel(flow::without_cancel(root));
  flow::Thread reloader("reload", [&] { serve_reloads(serving.context); });
  {
    const LifeSigns signs(manager_, [this] { return look(); });
    outcome = run_topologies(root);
  }
  {
    const std::lock_guard lock(mutex_);
    over_ = true;
    changed_.notify_all();
  }
  serving.handle.cancel();
  if (admin_ != nullptr) admin_->stop();
  reloader.join();
  return outcome;
}

flow::Error Service::start_admin(const flow::Context& root) {
  const config::Admin& admin = topology_->config().admin;
  if (admin.kind == config::Admin::Kind::off) return {};
  flow::Error error;
  admin_ = AdminServer::start(root, admin, *this, log_, error);
  if (admin_ != nullptr) log_.info("admin endpoint: {}", admin_->address());
  return error;
}

// ---- the main thread

flow::Outcome Service::run_topologies(const flow::Context& root) {
  for (;;) {
    flow::Outcome outcome = topology_->run(root);
    if (!topology_->goes_on()) return outcome;
    if (flow::Error error = go_on(outcome)) {
      outcome.error = std::move(error);
      return outcome;
    }
  }
}

// Puts the next topology in the place of the one that has ended: that of a reload, or, if that was the one and could
// not be brought up, the one before it again. An error if that cannot be had either.
flow::Error Service::go_on(const flow::Outcome& outcome) {
  Inheritance inheritance = topology_->leave();
  const auto give_up = [&](flow::Error error) {
    for (const auto& [name, inlet] : inheritance.inlets) inlet->end(error);
    return error;
  };
  Candidate candidate;
  {
    const std::lock_guard lock(mutex_);
    if (replacement_ != nullptr && topology_->was_up()) {
      before_ = topology_->config();
      candidate = std::move(replacement_->candidate);
    } else if (before_) {
      failure_ = outcome.error.message();
      candidate = rebuild(*std::exchange(before_, std::nullopt));
    } else {
      return give_up(outcome.error);
    }
  }
  if (candidate.diagnostics.has_errors()) {
    return give_up(flow::Error(flow::Errc::exception, failure_ + "; and what ran before cannot be had again: " +
                                                          candidate.diagnostics.render(config::Colour::never)));
  }
  put_in_place(std::move(candidate), std::move(inheritance));
  return {};
}

void Service::put_in_place(Candidate candidate, Inheritance inheritance) {
  const std::size_t workers = candidate.config.workers;
  std::unique_ptr<flow::WorkerPool> pool;
  if (pool_ == nullptr || workers != workers_) pool = std::make_unique<flow::WorkerPool>(workers);
  std::vector<std::string> names;
  for (const config::StageConfig& stage : candidate.config.stages) names.push_back(stage.name);
  auto next = std::make_unique<Topology>(candidate.config, std::move(candidate.set),
                                         make_rejects(candidate.config.rejects), pool == nullptr ? *pool_ : *pool, log_,
                                         std::move(inheritance), Viewers{&taps_, &samples_});
  next->keep_state_in(systemd_state_directory());
  next->when_up([this] { on_up(); });
  taps_.stages_are(std::move(names));
  {
    const std::lock_guard lock(mutex_);
    if (topology_ != nullptr && topology_->was_up()) {
      blocked_ = blocked_times(observe_with_lock(), std::move(blocked_));
      past_ = ledger_with_lock();
    }
    topology_.swap(next);
    if (pool != nullptr) pool_.swap(pool);
    workers_ = workers;
    loaded_ = std::chrono::system_clock::now();
    if (stops_at_once_) topology_->abandon();
  }
  next.reset();  // before its pool
}

// ---- a thread of the pipeline

void Service::on_up() {
  bool tell = false;
  {
    const std::lock_guard lock(mutex_);
    if (state_ == RunState::starting) {
      state_ = RunState::running;
      tell = !draining_;
    }
    if (replacement_ != nullptr && !replacement_->result) {
      Reloaded result;
      result.ok = failure_.empty();
      result.error = failure_;
      if (result.ok) before_.reset();
      replacement_->result = std::move(result);
    }
    changed_.notify_all();
  }
  if (tell) static_cast<void>(manager_.ready("running"));
}

// ---- signals

void Service::stop_at_once() {
  const std::lock_guard lock(mutex_);
  stops_at_once_ = true;
  topology_->abandon();
}

void Service::ask_for_reload() {
  const std::lock_guard lock(mutex_);
  reload_wanted_ = true;
  changed_.notify_all();
}

void Service::drains() {
  static_cast<void>(manager_.stopping("draining"));
  const std::lock_guard lock(mutex_);
  draining_ = true;
  drain_began_ = std::chrono::steady_clock::now();
  if (settling_ != nullptr) settling_->cancel(flow::Error(flow::Errc::canceled, "sluice ends"));
  changed_.notify_all();
}

// ---- reload

void Service::serve_reloads(const flow::Context& context) {
  for (;;) {
    {
      std::unique_lock lock(mutex_);
      changed_.wait(lock, [this] { return reload_wanted_ || over_; });
      if (over_) return;
      reload_wanted_ = false;
    }
    const std::lock_guard once(reload_mutex_);
    reload_now(context);
  }
}

Observed::Reloaded Service::reload(const flow::Context& context) {
  const std::unique_lock once(reload_mutex_, std::try_to_lock);
  if (!once.owns_lock()) return {.ok = false, .busy = true, .changes = {}, .error = "another reload is under way"};
  return reload_now(context);
}

Observed::Reloaded Service::reload_now(const flow::Context& context) {
  Reloaded result;
  bool ends = false;
  {
    std::unique_lock lock(mutex_);
    changed_.wait(lock, [this] { return state_ != RunState::starting || draining_ || over_; });
    ends = draining_ || over_;
    if (!ends) state_ = RunState::reloading;
  }
  if (ends) {
    result.error = "sluice is ending";
    return result;
  }
  static_cast<void>(manager_.reloading("reloading"));
  result = options_.load ? replace_running(context, options_.load())
                         : Reloaded{false, false, {}, "the configuration was read from stdin and cannot be read again"};
  {
    const std::lock_guard lock(mutex_);
    state_ = RunState::running;
    ++(result.ok ? reloads_ : failed_reloads_);
    ends = draining_ || over_;
  }
  tell(result);
  if (!ends) static_cast<void>(manager_.ready(result.ok ? "reloaded" : "not reloaded; the old configuration goes on"));
  return result;
}

// Nobody but the reload that is under way, which is this one, makes the main thread put another topology there.
Observed::Reloaded Service::replace_running(const flow::Context& context, Candidate candidate) {
  Reloaded result;
  if (candidate.diagnostics.has_errors()) {
    result.error = candidate.diagnostics.render(config::Colour::never);
    return result;
  }
  const config::PipelineConfig& before = topology_->config();
  const Heirs heirs = find_heirs(before, candidate.config);
  std::vector<std::string> changes = describe_changes(before, candidate.config);
  result.error = find_obstacle(topology_->state_directory(), *candidate.set, heirs, systemd_state_directory());
  if (!result.error.empty()) return result;
  if (const flow::Error error = settle(context)) {
    result.error = fmt::format("what is under way did not reach its end within {} (`grace`): {}",
                               config::format_duration(before.grace), error.message());
    return result;
  }
  Replacement replacement{std::move(candidate), std::nullopt};
  std::unique_lock lock(mutex_);
  failure_.clear();
  replacement_ = &replacement;
  topology_->hand_over(heirs);
  changed_.wait(lock, [&] { return replacement.result || over_; });
  replacement_ = nullptr;
  if (!replacement.result) {
    result.error = "sluice ended before the new configuration was up";
    return result;
  }
  result = std::move(*replacement.result);
  if (result.ok) result.changes = std::move(changes);
  return result;
}

flow::Error Service::settle(const flow::Context& context) {
  flow::Cancellable limited = flow::with_timeout(context, topology_->config().grace);
  {
    const std::lock_guard lock(mutex_);
    settling_ = &limited.handle;
    if (draining_) limited.handle.cancel();
  }
  flow::Error error = topology_->settle(limited.context);
  const std::lock_guard lock(mutex_);
  settling_ = nullptr;
  return error;
}

void Service::tell(const Reloaded& result) {
  if (!result.ok) {
    log_.error("reload failed, the old configuration goes on:");
    return log_lines(log_, spdlog::level::err, result.error);
  }
  if (result.changes.empty()) log_.info("reloaded: the configuration is the same; files it names were read again");
  for (const std::string& change : result.changes) log_.info("reloaded: {}", change);
}

// ---- what can be seen

LedgerSnapshot Service::ledger_with_lock() const {
  return past_ ? joined(*past_, topology_->ledger()) : topology_->ledger();
}

LedgerSnapshot Service::ledger() const {
  const std::lock_guard lock(mutex_);
  return ledger_with_lock();
}

Observation Service::observe_with_lock() const {
  Observation seen = daemon::observe(topology_->config(), topology_->stages(), topology_->plan(), topology_->nodes(),
                                     ledger_with_lock(), blocked_);
  for (std::size_t stage = 0; stage < seen.stages.size(); ++stage) {
    if (const auto lag = topology_->lag(stage)) seen.stages[stage].lag_s = config::in_seconds(*lag);
  }
  return seen;
}

Observation Service::observe() const {
  const std::lock_guard lock(mutex_);
  Observation seen = observe_with_lock();
  seen.state = draining_ ? RunState::draining : state_;
  seen.started = started_;
  seen.loaded = loaded_;
  seen.reloads = reloads_;
  seen.failed_reloads = failed_reloads_;
  seen.workers = pool_->workers();
  return seen;
}

bool Service::is_ready() const {
  const std::lock_guard lock(mutex_);
  return !draining_ && !over_ && state_ != RunState::starting;
}

std::string Service::stuck() const {
  const std::lock_guard lock(mutex_);
  const LedgerSnapshot ledger = ledger_with_lock();
  const std::uint64_t progress = progress_of(ledger, topology_->nodes());
  const auto still = progress_.look(progress, ledger.in_flight != 0, ProgressWatch::Clock::now());
  if (still < kStuck) return {};
  return fmt::format("nothing has moved for {} s although {} records are under way",
                     std::chrono::duration_cast<std::chrono::seconds>(still).count(), ledger.in_flight);
}

std::chrono::nanoseconds Service::grace() const {
  const std::lock_guard lock(mutex_);
  return topology_->config().grace;
}

// Once a second, or more often, on the thread of the signs of life.
Sight Service::look() {
  const std::lock_guard lock(mutex_);
  const LedgerSnapshot ledger = ledger_with_lock();
  const std::vector<flow::NodeStats> nodes = topology_->nodes();
  Sight sight;
  sight.progress = progress_of(ledger, nodes);
  sight.has_work = ledger.in_flight != 0;
  // The grace period bounds a drain, also one that waits for a slow peer; what takes longer still has gone wrong.
  sight.draining =
      draining_ && std::chrono::steady_clock::now() - drain_began_ < topology_->config().grace + kAfterGrace;
  sight.status = status_text(ledger, nodes);
  return sight;
}

std::string Service::status_text(const LedgerSnapshot& ledger, std::span<const flow::NodeStats> nodes) {
  if (state_ == RunState::starting && !draining_) return {};
  const auto now = std::chrono::steady_clock::now();
  const Rate last = std::exchange(last_look_, Rate{now, ledger.received, ledger.written});
  const double seconds = std::max(config::in_seconds(now - last.at), 1e-3);
  const bool first = last.at == std::chrono::steady_clock::time_point();
  const auto rate = [&](std::uint64_t count, std::uint64_t before) {
    return first ? 0.0 : static_cast<double>(count - before) / seconds;
  };
  return fmt::format("{}; {:.0f} records/s in, {:.0f}/s written, {} under way; {}", draining_ ? "draining" : "running",
                     rate(ledger.received, last.received), rate(ledger.written, last.written), ledger.in_flight,
                     fullest_queue(nodes));
}

}  // namespace sluice::daemon
