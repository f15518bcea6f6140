#include "flow/detail/pipeline_core.hpp"

#include <algorithm>
#include <map>
#include <utility>

namespace sluice::flow::detail {
namespace {

std::int64_t nanoseconds(SteadyClock::duration duration) {
  return std::chrono::duration_cast<std::chrono::nanoseconds>(duration).count();
}

std::int64_t now() { return nanoseconds(SteadyClock::now().time_since_epoch()); }

Error invalid(std::string message) { return Error(std::errc::invalid_argument, std::move(message)); }

}  // namespace

Outcome PipelineCore::run(const Context& root, std::size_t nodes, const std::function<void()>& start,
                          const std::function<void()>& sweep) {
  run_.emplace(with_cancel(root));
  drain_.emplace(with_cancel(without_cancel(root)));
  {
    const std::lock_guard lock(mutex_);
    live_nodes_ = nodes;
  }
  start();
  {
    const OnDone root_hook(root, [this] { wake(); });
    const OnDone drain_hook(drain_->context, [this] { wake(); });
    if (!supervise(root, sweep)) sweep();  // a sink that failed leaves items that came after
  }
  const std::lock_guard lock(mutex_);
  if (root.done()) outcome_.cause = root.cause();
  return outcome_;
}

bool PipelineCore::supervise(const Context& root, const std::function<void()>& sweep) {
  std::optional<SteadyClock::time_point> end_of_grace;
  bool stopping = false;
  bool swept = false;
  Lock lock(mutex_);
  while (live_nodes_ != 0 || tasks_.load(std::memory_order_acquire) != 0) {
    if (!stopping && root.done()) {
      stopping = true;
      if (options_.grace < std::chrono::hours(24 * 3650)) end_of_grace = SteadyClock::now() + options_.grace;
    }
    if (drain_->context.done()) {
      if (!swept) {
        swept = true;
        lock.unlock();
        sweep();
        lock.lock();
        continue;
      }
    } else if (abandon_requested_) {
      outcome_.abandoned = true;
      cut_short(lock, Error(Errc::canceled, "the drain was cut short by request"));
      continue;
    } else if (end_of_grace && SteadyClock::now() >= *end_of_grace) {
      outcome_.deadline_hit = true;
      cut_short(lock, Error(Errc::deadline_exceeded, "the drain took longer than the grace period"));
      continue;
    }
    if (end_of_grace && !swept) {
      changed_.wait_until(lock, *end_of_grace);
    } else {
      changed_.wait(lock);
    }
  }
  return swept;
}

void PipelineCore::cut_short(Lock& lock, const Error& cause) {
  lock.unlock();  // hooks of the contexts take the mutex
  run_->cancel(cause);
  drain_->cancel(cause);
  lock.lock();
}

void PipelineCore::spawn(std::function<void()> task) {
  tasks_.fetch_add(1, std::memory_order_relaxed);
  pool_.submit(std::move(task));
}

void PipelineCore::task_ended() {
  std::size_t count = tasks_.load(std::memory_order_relaxed);
  while (count > 1) {
    if (tasks_.compare_exchange_weak(count, count - 1, std::memory_order_acq_rel)) return;
  }
  const std::lock_guard lock(mutex_);
  if (tasks_.fetch_sub(1, std::memory_order_acq_rel) == 1) changed_.notify_all();
}

void PipelineCore::fail(const std::string& node, const Error& error) {
  {
    const std::lock_guard lock(mutex_);
    if (!outcome_.error) {
      outcome_.error = error;
      outcome_.failed_node = node;
    }
  }
  run_->cancel(error);
  drain_->cancel(error);
}

void PipelineCore::abandon() {
  const std::lock_guard lock(mutex_);
  abandon_requested_ = true;
  changed_.notify_all();
}

void PipelineCore::node_finished() {
  const std::lock_guard lock(mutex_);
  if (--live_nodes_ == 0) changed_.notify_all();
}

void PipelineCore::wake() {
  const std::lock_guard lock(mutex_);
  changed_.notify_all();
}

bool PipelineCore::is_interruption(const Context& ctx, const Error& error) const {
  if (!ctx.done()) return false;
  const std::error_code code = error.code();
  return code == make_error_code(Errc::canceled) || code == make_error_code(Errc::deadline_exceeded) ||
         error == ctx.cause() || (drain_->context.done() && error == drain_->context.cause());
}

NodeStats NodeBase::base_stats() const {
  const std::int64_t time = now();
  const auto since = [time](const std::atomic<std::int64_t>& start) {
    const std::int64_t begin = start.load(std::memory_order_relaxed);
    return begin == 0 ? 0 : std::max<std::int64_t>(0, time - begin);
  };
  NodeStats stats;
  stats.name = name_;
  stats.kind = kind_;
  stats.items_in = items_in_.load(std::memory_order_relaxed);
  stats.items_out = items_out_.load(std::memory_order_relaxed);
  stats.abandoned = abandoned_.load(std::memory_order_relaxed);
  const std::int64_t blocked = blocked_.load(std::memory_order_relaxed) + since(blocked_since_);
  std::int64_t busy = busy_.load(std::memory_order_relaxed) + since(running_since_);
  if (kind_ == NodeKind::source) busy = std::max<std::int64_t>(0, busy - blocked);
  stats.blocked = std::chrono::nanoseconds(blocked);
  stats.busy = std::chrono::nanoseconds(busy);
  return stats;
}

void NodeBase::join() {
  if (thread_.joinable()) thread_.join();
}

void NodeBase::start_thread(void (NodeBase::*body)(), void (NodeBase::*end)()) {
  try {
    thread_ = Thread(name_, [this, body] { (this->*body)(); });
  } catch (...) {
    core_.fail(name_, error_from_current_exception());
    (this->*end)();
  }
}

void NodeBase::add_busy(SteadyClock::duration spent) { busy_.fetch_add(nanoseconds(spent), std::memory_order_relaxed); }

void NodeBase::set_running_since(SteadyClock::time_point start) {
  running_since_.store(nanoseconds(start.time_since_epoch()), std::memory_order_relaxed);
}

void NodeBase::blocked_begins() { blocked_since_.store(now(), std::memory_order_relaxed); }

void NodeBase::blocked_ends() {
  const std::int64_t since = blocked_since_.exchange(0, std::memory_order_relaxed);
  if (since != 0) blocked_.fetch_add(now() - since, std::memory_order_relaxed);
}

Error check_graph(const std::vector<const NodeBase*>& nodes, const std::vector<Link>& links, bool can_clone) {
  std::map<std::pair<std::size_t, std::size_t>, std::size_t> readers;
  std::vector<std::size_t> feeders(nodes.size());
  for (const Link& link : links) {
    if (link.from >= nodes.size() || link.to >= nodes.size())
      return invalid("connect() got a node of another pipeline");
    const NodeBase& from = *nodes[link.from];
    const NodeBase& to = *nodes[link.to];
    if (from.kind() == NodeKind::sink) return invalid("`" + from.name() + "` is a sink and has no output to connect");
    if (to.kind() == NodeKind::source) return invalid("`" + to.name() + "` is a source and has no input to connect");
    if (++readers[{link.from, link.port}] > 1 && !can_clone) {
      return invalid("port " + std::to_string(link.port) + " of `" + from.name() +
                     "` has several readers: set Hooks::clone");
    }
    ++feeders[link.to];
  }
  // Take away nodes that nothing feeds until none is left; what stays is on a cycle or behind one.
  std::vector<std::size_t> free;
  for (std::size_t i = 0; i < nodes.size(); ++i) {
    if (feeders[i] == 0) free.push_back(i);
  }
  for (std::size_t done = 0; done < free.size(); ++done) {
    for (const Link& link : links) {
      if (link.from == free[done] && --feeders[link.to] == 0) free.push_back(link.to);
    }
  }
  if (free.size() == nodes.size()) return {};
  std::string names;
  for (std::size_t i = 0; i < nodes.size(); ++i) {
    if (feeders[i] != 0) names += (names.empty() ? "`" : ", `") + nodes[i]->name() + "`";
  }
  return invalid("the graph has a cycle through some of " + names + ": connect nodes forward only");
}

}  // namespace sluice::flow::detail
