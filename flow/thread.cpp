#include "flow/thread.hpp"

#include <pthread.h>

#include <algorithm>
#include <array>
#include <atomic>
#include <chrono>
#include <memory>
#include <mutex>
#include <thread>
#include <utility>
#include <vector>

namespace sluice::flow {

namespace {

// How long the end of the process waits for a thread that is just about to be joined or left: the timer thread, say,
// that has woken main() and now lets go of the last context. Longer only if contexts are still alive then, which
// nothing ends.
constexpr std::chrono::milliseconds kExitPatience{200};

// Threads that were left. Never destroyed, because a thread may be left while static objects are being destroyed.
class LeftThreads {
 public:
  void started() { unjoined_.fetch_add(1, std::memory_order_relaxed); }
  void joined() { unjoined_.fetch_sub(1, std::memory_order_release); }

  void add(Thread thread) {
    const std::lock_guard lock(mutex_);
    threads_.push_back(std::move(thread));
  }

  void join_finished() {
    join(take([](const Thread& thread) { return thread.finished(); }));
  }

  // At the end of the process, which may be called from one of the threads.
  void join_others() {
    const auto limit = std::chrono::steady_clock::now() + kExitPatience;
    const auto left = [this] {
      const std::lock_guard lock(mutex_);
      return threads_.size();
    };
    while (unjoined_.load(std::memory_order_acquire) > left() && std::chrono::steady_clock::now() < limit) {
      std::this_thread::yield();
    }
    join(take([](const Thread& thread) { return !thread.is_this_thread(); }));
  }

 private:
  template <class Predicate>
  std::vector<Thread> take(Predicate predicate) {
    const std::lock_guard lock(mutex_);
    const auto end =
        std::stable_partition(threads_.begin(), threads_.end(), [&](const Thread& t) { return !predicate(t); });
    std::vector<Thread> taken(std::make_move_iterator(end), std::make_move_iterator(threads_.end()));
    threads_.erase(end, threads_.end());
    return taken;
  }
  static void join(std::vector<Thread> threads) {
    for (Thread& thread : threads) thread.join();
  }

  std::atomic<std::size_t> unjoined_ = 0;  // threads started and not joined yet, left ones included
  std::mutex mutex_;                       // guards threads_
  std::vector<Thread> threads_;
};

LeftThreads& left_threads() {
  static LeftThreads& threads = *std::make_unique<LeftThreads>().release();
  // The one object that does end with the process, so that left threads are joined there.
  static const std::shared_ptr<void> at_exit(nullptr, [](void*) { threads.join_others(); });
  return threads;
}

}  // namespace

void name_this_thread(std::string_view name) noexcept {
  constexpr std::size_t kLongest = 15;
  std::array<char, kLongest + 1> text{};
  std::copy_n(name.begin(), std::min(name.size(), kLongest), text.begin());
  pthread_setname_np(pthread_self(), text.data());
}

Thread::Thread(std::string name, std::function<void()> function)
    : finished_(std::make_shared<std::atomic<bool>>(false)) {
  left_threads().started();
  thread_ = std::thread([name = std::move(name), function = std::move(function), finished = finished_]() mutable {
    name_this_thread(name);
    function();
    function = nullptr;  // what it held may own this thread: let go of it before saying so
    finished->store(true, std::memory_order_release);
  });
}

Thread& Thread::operator=(Thread&& other) noexcept {
  Thread old(std::move(*this));  // joined at the end of this scope
  thread_ = std::move(other.thread_);
  finished_ = std::move(other.finished_);
  return *this;
}

Thread::~Thread() {
  if (!joinable()) return;
  if (is_this_thread()) {
    leave();
  } else {
    join();
  }
}

void Thread::join() {
  if (!joinable()) return;
  thread_.join();
  left_threads().joined();
}

void Thread::leave() noexcept {
  if (joinable()) left_threads().add(std::move(*this));
}

void Thread::join_left() noexcept { left_threads().join_finished(); }

}  // namespace sluice::flow
