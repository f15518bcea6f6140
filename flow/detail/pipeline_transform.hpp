// The node that works on the pool. Not for users of the library.
#pragma once

#include <algorithm>
#include <cstddef>
#include <mutex>
#include <optional>
#include <utility>
#include <vector>

#include "flow/detail/pipeline_nodes.hpp"

namespace sluice::flow::detail {

// A transform is a small state machine that becomes tasks when there is something to do.
//
// A *step* takes one item and its ticket from the input queue, calls the function, and lays the results into the
// window, a ring of slots indexed by ticket. Whoever completes the oldest ticket becomes the *releaser*: it passes
// results on in ticket order, alone, until a slot is not ready (then the next step to complete it takes over) or a
// queue after it is full. In the latter case it leaves, and the queue's callback makes it a task again when a place is
// held for it.
//
// No wake-up is lost: steps are started by claim(), which is called, under the mutex, after each event that can make
// one possible: an item came (the queue's callback comes after the item), a step ended, a slot was released.
template <class T>
class TransformNode final : public InputNode<T> {
 public:
  using Function = typename Pipeline<T>::TransformFunction;
  using Finish = typename Pipeline<T>::TransformFinishFunction;

  TransformNode(PipelineCore& core, const Hooks<T>& hooks, NodeId id, std::string name, Function function,
                TransformOptions options, Finish finish)
      : InputNode<T>(core, hooks, id, std::move(name), NodeKind::transform, options.queue_capacity),
        function_(std::move(function)),
        finish_(std::move(finish)),
        ordering_(options.ordering),
        max_parallel_(parallelism(core, options)),
        slots_(max_parallel_ + (ordering_ == Ordering::serial ? 1 : 2)) {
    this->queue().on_item([this] { on_input(); });
  }

  void start() override { this->close_if_unfed(); }

 private:
  using Room = typename BoundedQueue<T>::Room;
  using Emissions = std::vector<Emission<T>>;

  // The results of one ticket. While not ready it belongs to nobody; while ready, to the releaser.
  struct Slot {
    bool ready = false;  // guarded by mutex_
    Emissions emissions;
    std::size_t next_emission = 0;  // where the releaser goes on after it was parked
    std::size_t next_reader = 0;
  };

  static std::size_t parallelism(const PipelineCore& core, const TransformOptions& options) {
    if (options.ordering == Ordering::serial) return 1;
    return options.max_parallel != 0 ? options.max_parallel : core.workers();
  }

  std::function<void()> on_room() override {
    return [this] { this->core_.spawn([this] { resume(); }); };
  }

  void on_input() {
    std::unique_lock lock(mutex_);
    const std::size_t steps = claim();
    const bool ended = may_end();
    lock.unlock();
    spawn_steps(steps);
    if (ended) end();
  }

  // How many more steps may start now; they count as active and hold a place in the window from here on.
  std::size_t claim() {
    std::size_t steps = 0;
    while (active_ < max_parallel_ && in_window_ < slots_.size() && this->queue().size() > claimed_) {
      ++active_;
      ++in_window_;
      ++claimed_;
      ++steps;
    }
    return steps;
  }

  void spawn_steps(std::size_t steps) {
    for (; steps != 0; --steps) this->core_.spawn([this] { step(); });
  }

  // True when everything that came has left, once for each phase that ends thereby; the caller then calls end().
  bool may_end() {
    if (phase_ == Phase::ended || in_window_ != 0 || !this->queue().closed() || this->queue().size() != 0) return false;
    if (phase_ == Phase::working && finish_) {
      phase_ = Phase::finishing;
      ++active_;  // the last step, which takes no item
      ++in_window_;
    } else {
      phase_ = Phase::ended;
    }
    return true;
  }

  // Without the mutex: nobody else changes the phase until what is started here has been done.
  void end() {
    if (phase_ == Phase::finishing) return this->core_.spawn([this] { finish(); });
    this->close_outputs();
    this->core_.node_finished();
  }

  // The step after the last item.
  void finish() {
    std::unique_lock lock(mutex_);
    const std::size_t ticket = next_ticket_;
    if (ordering_ != Ordering::relaxed) ++next_ticket_;
    Emissions emissions = spare_buffer();
    lock.unlock();
    const Context& ctx = this->core_.drain_context();
    if (!ctx.done()) {
      run_function(
          ctx, [&](Emit<T>& emit) { return finish_(ctx, emit); }, emissions);
    }
    complete(ticket, std::move(emissions));
    this->core_.task_ended();
  }

  void step() {
    std::unique_lock lock(mutex_);
    --claimed_;
    std::optional<T> item = this->queue().try_receive();
    if (!item) {  // swept, or taken by a step that was claimed for an item after this one's
      --active_;
      --in_window_;
      const bool ended = may_end();
      const std::size_t steps = claim();
      lock.unlock();
      spawn_steps(steps);
      if (ended) end();
    } else {
      const std::size_t ticket = next_ticket_;
      if (ordering_ != Ordering::relaxed) ++next_ticket_;
      Emissions emissions = spare_buffer();
      const std::size_t steps = claim();
      lock.unlock();
      spawn_steps(steps);
      work(std::move(*item), emissions);
      item.reset();
      complete(ticket, std::move(emissions));
    }
    this->core_.task_ended();
  }

  void work(T&& item, Emissions& emissions) {
    this->count_in();
    const Context& ctx = this->core_.drain_context();
    if (ctx.done()) {
      this->abandon(std::move(item));
      return;
    }
    run_function(
        ctx, [&](Emit<T>& emit) { return function_(ctx, std::move(item), emit); }, emissions);
  }

  template <class Call>
  void run_function(const Context& ctx, Call&& work, Emissions& emissions) {
    const auto start = SteadyClock::now();
    Emit<T> emit(emissions);
    const Error error = this->call([&] { return work(emit); });
    this->add_busy(SteadyClock::now() - start);
    if (error && !this->core_.is_interruption(ctx, error)) this->core_.fail(this->name(), error);
  }

  void complete(std::size_t ticket, Emissions&& emissions) {
    std::unique_lock lock(mutex_);
    --active_;
    if (ordering_ == Ordering::relaxed) ticket = next_ticket_++;  // results leave in the order of their completion
    Slot& slot = slots_[ticket % slots_.size()];
    slot.emissions = std::move(emissions);
    slot.ready = true;
    const bool releaser = !releasing_ && slots_[next_release_ % slots_.size()].ready;
    if (releaser) releasing_ = true;
    const std::size_t steps = claim();
    lock.unlock();
    // This node's next step goes below the tasks that releasing makes: this worker runs what is downstream first, while
    // the data is in its cache, and other workers steal from below.
    spawn_steps(steps);
    if (releaser) release();
  }

  void resume() {
    this->blocked_ends();
    release();
    this->core_.task_ended();
  }

  // Passes on what is ready, as the only releaser.
  void release() {
    for (;;) {
      Slot& slot = slots_[next_release_ % slots_.size()];
      if (!deliver(slot)) return;  // parked; another thread may be at it by now
      std::unique_lock lock(mutex_);
      slot.ready = false;
      slot.next_emission = 0;
      slot.emissions.clear();
      spare_.push_back(std::move(slot.emissions));
      ++next_release_;
      --in_window_;
      releasing_ = slots_[next_release_ % slots_.size()].ready;
      const bool more = releasing_;
      const bool ended = may_end();
      const std::size_t steps = claim();
      lock.unlock();
      spawn_steps(steps);
      if (ended) end();
      if (!more) return;
    }
  }

  // True when all results of the slot have gone; false when parked: nothing of this node may be touched then.
  bool deliver(Slot& slot) {
    for (; slot.next_emission < slot.emissions.size(); ++slot.next_emission) {
      Emission<T>& emission = slot.emissions[slot.next_emission];
      const auto& readers = this->readers(emission.port);
      if (readers.empty()) this->unrouted(emission.port, std::move(emission.item));
      for (; slot.next_reader < readers.size(); ++slot.next_reader) {
        Edge<T>& edge = *readers[slot.next_reader];
        const Room room = ask_for_room(edge);
        if (room == Room::waiting) return false;
        const std::size_t readers_left = readers.size() - slot.next_reader;
        if ((room == Room::closed || !put_or_fail(edge, emission.item, readers_left)) && readers_left == 1) {
          this->abandon(std::move(emission.item));
        }
      }
      slot.next_reader = 0;
    }
    return true;
  }

  Room ask_for_room(Edge<T>& edge) {
    BoundedQueue<T>& queue = edge.to.queue();
    if (queue.try_hold(edge.sender)) return Room::held;
    this->blocked_begins();  // before hold(): after it another thread may be resuming this node
    const Room room = queue.hold(edge.sender);
    if (room != Room::waiting) this->blocked_ends();
    return room;
  }

  // A copy that cannot be made fails the pipeline; the item then stays for the readers after this one.
  bool put_or_fail(Edge<T>& edge, T& item, std::size_t readers_left) {
    bool put = false;
    const Error error = this->call([&]() -> Error {
      put = this->put(edge, item, readers_left);
      return {};
    });
    if (error) this->core_.fail(this->name(), error);
    return put;
  }

  Emissions spare_buffer() {
    if (spare_.empty()) return {};
    Emissions buffer = std::move(spare_.back());
    spare_.pop_back();
    return buffer;
  }

  enum class Phase : unsigned char { working, finishing, ended };

  const Function function_;
  const Finish finish_;
  const Ordering ordering_;
  const std::size_t max_parallel_;

  std::mutex mutex_;         // guards what follows; taken before the queue's, never while a function or a hook runs
  std::vector<Slot> slots_;  // the window
  std::vector<Emissions> spare_;
  std::size_t active_ = 0;     // steps claimed or in the function
  std::size_t claimed_ = 0;    // steps that have not taken their item yet
  std::size_t in_window_ = 0;  // steps claimed, running, or completed and not released
  std::size_t next_ticket_ = 0;
  std::size_t next_release_ = 0;  // written by the releaser under the mutex; it alone may read it without
  bool releasing_ = false;        // there is a releaser, running or parked
  Phase phase_ = Phase::working;
};

}  // namespace sluice::flow::detail
