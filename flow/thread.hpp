// Threads with names that are always joined. Only flow/ makes threads; everything else gets them from a Pipeline or an
// ErrorGroup.
#pragma once

#include <atomic>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <thread>

namespace sluice::flow {

// Names the calling thread as ps, top and debuggers show it. Cut to the 15 bytes that Linux allows.
void name_this_thread(std::string_view name) noexcept;

// A thread that its owner joins: by join(), or by the destructor. If the destructor runs on that very thread (its
// function held the last reference on its owner), the thread is left to be joined by whoever next does so, at the
// latest when the process ends; it is never detached. Movable.
class Thread {
 public:
  Thread() noexcept = default;
  // Starts a thread with that name. An exception that leaves the function ends the process.
  // Throws std::system_error if the system has no more threads.
  Thread(std::string name, std::function<void()> function);
  Thread(Thread&&) noexcept = default;
  Thread& operator=(Thread&& other) noexcept;
  ~Thread();

  bool joinable() const noexcept { return thread_.joinable(); }
  bool is_this_thread() const noexcept { return thread_.get_id() == std::this_thread::get_id(); }
  // True once the function has returned: join() will not wait.
  bool finished() const noexcept { return finished_ && finished_->load(std::memory_order_acquire); }
  // Waits for the function to return. Nothing if not joinable.
  void join();
  // Gives the thread up to be joined later, as the destructor does on its own thread.
  void leave() noexcept;

  // Joins those left threads that have finished.
  static void join_left() noexcept;

 private:
  std::thread thread_;
  std::shared_ptr<std::atomic<bool>> finished_;
};

}  // namespace sluice::flow
