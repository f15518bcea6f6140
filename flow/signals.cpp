#include "flow/signals.hpp"

#include <poll.h>
#include <sys/eventfd.h>
#include <sys/signalfd.h>

#include <array>
#include <cerrno>
#include <csignal>
#include <cstdint>
#include <cstring>
#include <string>
#include <thread>
#include <utility>

#include "flow/detail/descriptor.hpp"
#include "flow/thread.hpp"

namespace sluice::flow {

namespace {

Error system_error(int code, std::string what) {
  const std::error_code error(code, std::generic_category());
  return Error(error, std::move(what) + ": " + error.message());
}

// What the thread works on. Shared with it, because the watcher may be destroyed by the function it calls.
struct Shared {
  detail::Descriptor signals;
  detail::Descriptor stop;
  std::function<void(int)> function;

  // Delivers what is there to be read.
  void deliver() const {
    signalfd_siginfo info{};
    while (::read(signals.get(), &info, sizeof info) == static_cast<ssize_t>(sizeof info)) {
      function(static_cast<int>(info.ssi_signo));
      if (gone) return;
    }
  }

  void loop() const {
    for (;;) {
      std::array<pollfd, 2> watched{{{signals.get(), POLLIN, 0}, {stop.get(), POLLIN, 0}}};
      if (::poll(watched.data(), watched.size(), -1) < 0 && errno != EINTR) return;
      deliver();  // also when stopped: what came before that is delivered
      if (gone || watched[1].revents != 0) return;
    }
  }

  bool gone = false;  // the function destroyed the watcher; written and read by the thread only
};

}  // namespace

class SignalWatcher::Impl {
 public:
  Impl(const std::vector<int>& signals, std::function<void(int)> function) {
    sigset_t set;
    sigemptyset(&set);
    for (const int signal : signals) {
      if (signal == SIGKILL || signal == SIGSTOP || sigaddset(&set, signal) != 0) {
        error_ = system_error(EINVAL, "cannot watch " + signal_name(signal));
        return;
      }
    }
    shared_->function = std::move(function);
    shared_->signals = detail::Descriptor(::signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK));
    if (!shared_->signals) {
      error_ = system_error(errno, "cannot make a signalfd");
      return;
    }
    shared_->stop = detail::Descriptor(::eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK));
    if (!shared_->stop) {
      error_ = system_error(errno, "cannot make an eventfd");
      return;
    }
    pthread_sigmask(SIG_BLOCK, &set, &old_mask_);
    try {
      thread_ = Thread("flow-signals", [shared = shared_] { shared->loop(); });
    } catch (...) {
      error_ = error_from_current_exception();
      pthread_sigmask(SIG_SETMASK, &old_mask_, nullptr);
    }
  }

  ~Impl() {
    if (error_) return;
    if (thread_.is_this_thread()) {
      shared_->gone = true;
      return;
    }
    const std::uint64_t one = 1;
    [[maybe_unused]] const ssize_t written = ::write(shared_->stop.get(), &one, sizeof one);
    thread_.join();
    if (maker_ == std::this_thread::get_id()) pthread_sigmask(SIG_SETMASK, &old_mask_, nullptr);
  }

  const Error& error() const noexcept { return error_; }

 private:
  const std::thread::id maker_ = std::this_thread::get_id();
  const std::shared_ptr<Shared> shared_ = std::make_shared<Shared>();
  sigset_t old_mask_{};
  Error error_;
  Thread thread_;
};

std::string signal_name(int signal) {
  const char* const name = sigabbrev_np(signal);
  return name == nullptr ? "signal " + std::to_string(signal) : std::string("SIG") + name;
}

SignalWatcher::SignalWatcher(const std::vector<int>& signals, std::function<void(int)> function)
    : impl_(std::make_unique<Impl>(signals, std::move(function))) {}

SignalWatcher::~SignalWatcher() = default;

const Error& SignalWatcher::error() const noexcept { return impl_->error(); }

Cancellable notify_context(const Context& parent, const std::vector<int>& signals) {
  Cancellable result = with_cancel(parent);
  // A second handle on the same node; it goes with the watcher, after the first has cancelled.
  auto from_signal = std::make_shared<CancelHandle>(
      detail::Access::handle(detail::Ref<detail::Node>(detail::Access::node(result.context))));
  auto watcher = std::make_shared<SignalWatcher>(signals, [from_signal](int signal) {
    from_signal->cancel(Error(Errc::canceled, "signal: " + signal_name(signal)));
  });
  if (watcher->error()) {
    result.cancel(watcher->error());
  } else {
    detail::Access::attach(result.handle, std::move(watcher));
  }
  return result;
}

}  // namespace sluice::flow
