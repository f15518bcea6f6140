// A generator on a thread of its own, in front of pipelines that come and go.
#pragma once

#include <chrono>
#include <condition_variable>
#include <cstddef>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <span>
#include <string>

#include "daemon/barrier.hpp"
#include "daemon/gate.hpp"
#include "daemon/ledger.hpp"
#include "daemon/parcel.hpp"
#include "daemon/rejections.hpp"
#include "flow/context.hpp"
#include "flow/pipeline.hpp"
#include "flow/thread.hpp"
#include "record/batch_pool.hpp"
#include "stages/stage.hpp"

namespace sluice::daemon {

// The memory of one generator's batches.
struct BatchMemory {
  BatchMemory(std::size_t slab_bytes, std::size_t limit) : pool(slab_bytes, limit, [this] { gate.notify(); }) {}

  Gate gate;  // before the pool, whose callback uses it
  record::BatchPool pool;
};

// What a generator hands its batches to: memory from a pool, accounting, and the way into the pipeline that is behind
// the inlet now. A reload puts another pipeline there, and the generator does not notice: between the two, whoever
// emits waits. Generator's functions are called on the inlet's thread; the inlet's own are thread-safe where they say
// so.
class Inlet final : public stages::Emitter {
 public:
  static constexpr std::size_t kRecordsPort = 0;
  static constexpr std::size_t kRejectsPort = 1;

  // Who accounts for what the generator gives. All of it outlives the belonging.
  struct Owner {
    std::size_t stage = 0;  // the generator's index in the configuration
    Ledger* ledger = nullptr;
    Rejections* rejections = nullptr;
    stages::Report report;
    std::function<void(const record::Batch& batch)> passing{};  // told of each batch before it is passed on
  };

  Inlet(std::string name, std::unique_ptr<stages::Generator> generator, std::size_t slab_bytes, std::size_t slabs);
  // As end().
  ~Inlet() override;
  Inlet(const Inlet&) = delete;
  Inlet& operator=(const Inlet&) = delete;

  stages::Generator& generator() { return *generator_; }
  BatchMemory& memory() { return memory_; }

  // From now on this is the owner. Before the first feed(), and again while no feed() is under way.
  void belong_to(Owner owner);

  // Lets the generator, which is started by the first call, put its batches into `output`, until it has ended or is
  // released. With a barrier every batch passes through it. Once the run context is done the generator is asked to
  // end; once the drain context is, nothing is let through any more. The generator's error; none if it was released.
  flow::Error feed(const flow::Context& run_context, flow::Output<Parcel>& output, Barrier* barrier);

  // Lets no batch through until resume() or the next feed(). Thread-safe, does not wait.
  void pause();
  void resume();
  // Whether no batch is on its way through.
  bool is_quiet() const;
  // Whether the generator has been started.
  bool has_begun() const;

  // Lets feed() return while the generator goes on. Thread-safe, does not wait.
  void release();
  // Asks the generator to end; feed() returns when it has. Thread-safe, does not wait.
  void stop();
  // Ends the generator, whatever has become of the pipeline, and joins its thread. What it still emits is abandoned, on
  // the books of its owner.
  void end(const flow::Error& cause);

  // Emitter's, on the generator's thread.
  flow::Error acquire(const flow::Context& context, record::Batch& batch, std::size_t slab_bytes = 0) override;
  flow::Error emit(const flow::Context& context, record::Batch&& batch, stages::Tally& tally,
                   std::span<const stages::Mark> marks) override;
  bool idle() const override;

 private:
  // The way into a pipeline.
  struct Door {
    flow::Output<Parcel>* output = nullptr;  // null: closed
    Barrier* barrier = nullptr;
  };
  struct Passage {
    Door door;
    Owner* owner = nullptr;
  };
  void work();
  void prepare(const flow::Context& run_context);
  void start();
  void cut(const flow::Error& cause);
  Passage enter();
  void leave();
  void account(const Owner& owner, const record::Batch& batch, const stages::Tally& tally);
  flow::Error send(const Passage& passage, Parcel&& parcel, std::size_t port);
  flow::Error pass_on(const Passage& passage, record::Batch&& batch, stages::Tally& tally);
  flow::Error result(const flow::Context& run_context) const;
  std::size_t owner_now(flow::Error& ended) const;

  const std::string name_;
  const std::unique_ptr<stages::Generator> generator_;
  BatchMemory memory_;
  std::chrono::nanoseconds cpu_{};  // of the generator's thread, as far as it is accounted

  mutable std::mutex mutex_;  // guards what follows; the owner changes only while nobody is inside
  std::condition_variable changed_;
  std::optional<flow::Cancellable> stop_;  // the generator's context; made by the first feed() and then kept
  std::optional<flow::Cancellable> cut_;   // nothing gets through any more; likewise
  Owner owner_;
  Door door_;
  bool paused_ = false;
  bool leaving_ = false;
  bool stopped_ = false;
  std::size_t inside_ = 0;
  bool ended_ = false;
  flow::Error error_;    // why it ended
  flow::Thread thread_;  // last: it uses all of the above
};

// CPU time that the calling thread has used.
std::chrono::nanoseconds thread_cpu_time();

}  // namespace sluice::daemon
