#include "daemon/gate.hpp"

namespace sluice::daemon {

std::uint64_t Gate::ticket() const {
  const std::lock_guard lock(mutex_);
  return changes_;
}

void Gate::notify() {
  {
    const std::lock_guard lock(mutex_);
    ++changes_;
  }
  changed_.notify_all();
}

void Gate::wait(const flow::Context& context, std::uint64_t ticket) {
  const flow::OnDone wake = flow::on_done(context, [this] { notify(); });
  std::unique_lock lock(mutex_);
  changed_.wait(lock, [&] { return changes_ != ticket || context.done(); });
}

}  // namespace sluice::daemon
