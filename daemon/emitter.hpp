// What a generator hands its batches to: memory from a pool, accounting, and the way into the pipeline.
#pragma once

#include <condition_variable>
#include <cstdint>
#include <mutex>

#include "daemon/barrier.hpp"
#include "daemon/ledger.hpp"
#include "daemon/parcel.hpp"
#include "daemon/rejections.hpp"
#include "flow/context.hpp"
#include "flow/pipeline.hpp"
#include "record/batch_pool.hpp"
#include "stages/stage.hpp"

namespace sluice::daemon {

// Lets a thread wait for "something has changed" without holding a lock while it looks. Thread-safe.
class Gate {
 public:
  // Take it before looking; what changes afterwards ends the wait.
  std::uint64_t ticket() const;
  void notify();
  // Blocks until notify() was called after the ticket was taken, or the context is done.
  void wait(const flow::Context& context, std::uint64_t ticket);

 private:
  mutable std::mutex mutex_;  // guards changes_
  std::condition_variable changed_;
  std::uint64_t changes_ = 0;
};

// The memory of one generator's batches.
struct BatchMemory {
  BatchMemory(std::size_t slab_bytes, std::size_t limit) : pool(slab_bytes, limit, [this] { gate.notify(); }) {}

  Gate gate;  // before the pool, whose callback uses it
  record::BatchPool pool;
};

// Belongs to one generator's thread, for one run.
class PipelineEmitter final : public stages::Emitter {
 public:
  static constexpr std::size_t kRecordsPort = 0;
  static constexpr std::size_t kRejectsPort = 1;

  // `generator` is told of what was passed on. With a barrier every batch passes through it.
  PipelineEmitter(std::size_t stage, stages::Generator& generator, BatchMemory& memory, Ledger& ledger,
                  Rejections& rejections, Barrier* barrier, flow::Output<Parcel>& output);

  flow::Error acquire(const flow::Context& context, record::Batch& batch, std::size_t slab_bytes = 0) override;
  flow::Error emit(const flow::Context& context, record::Batch&& batch, stages::Tally& tally,
                   std::span<const stages::Mark> marks) override;
  bool idle() const override { return output_.downstream_idle(); }

 private:
  void account(const record::Batch& batch, const stages::Tally& tally);
  flow::Error send(Parcel&& parcel, std::size_t port);
  flow::Error pass_on(record::Batch&& batch, stages::Tally& tally);

  const std::size_t stage_;
  stages::Generator& generator_;
  BatchMemory& memory_;
  Ledger& ledger_;
  Rejections& rejections_;
  Barrier* const barrier_;
  flow::Output<Parcel>& output_;
  std::chrono::nanoseconds cpu_;  // of this thread, as far as it is accounted
};

// CPU time that the calling thread has used.
std::chrono::nanoseconds thread_cpu_time();

}  // namespace sluice::daemon
