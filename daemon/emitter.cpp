#include "daemon/emitter.hpp"

#include <ctime>
#include <optional>
#include <utility>

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

PipelineEmitter::PipelineEmitter(std::size_t stage, stages::Generator& generator, BatchMemory& memory, Ledger& ledger,
                                 Rejections& rejections, Barrier* barrier, flow::Output<Parcel>& output)
    : stage_(stage),
      generator_(generator),
      memory_(memory),
      ledger_(ledger),
      rejections_(rejections),
      barrier_(barrier),
      output_(output),
      cpu_(thread_cpu_time()) {}

// Waits under the drain context, not the generator's: what the generator has read before it noticed that it should stop
// still needs a batch to travel in.
flow::Error PipelineEmitter::acquire(const flow::Context&, record::Batch& batch, std::size_t slab_bytes) {
  const flow::Context& drain = output_.drain_context();
  while (true) {
    if (drain.done()) return drain.cause();
    const std::uint64_t ticket = memory_.gate.ticket();
    if (std::optional<record::Batch> fresh = memory_.pool.try_acquire(slab_bytes)) {
      batch = std::move(*fresh);
      batch.generator = stage_;
      batch.bytes_in = 0;
      return {};
    }
    memory_.gate.wait(drain, ticket);
  }
}

void PipelineEmitter::account(const record::Batch& batch, const stages::Tally& tally) {
  Delta delta;
  delta.in = batch.size() + tally.filtered + tally.rejections.size();
  delta.out = batch.size();
  delta.filtered = tally.filtered;
  delta.bytes_in = batch.bytes_in;
  const std::chrono::nanoseconds cpu = thread_cpu_time();
  delta.busy = cpu - std::exchange(cpu_, cpu);
  ledger_.add(stage_, delta);
  for (const auto& [reason, count] : tally.errors) ledger_.add_errors(stage_, reason, count);
}

flow::Error PipelineEmitter::send(Parcel&& parcel, std::size_t port) {
  flow::Error error = output_.send(output_.drain_context(), std::move(parcel), port);
  if (error) abandon_passed_on(ledger_, parcel);
  return error;
}

flow::Error PipelineEmitter::emit(const flow::Context&, record::Batch&& batch, stages::Tally& tally,
                                  std::span<const stages::Mark> marks) {
  // Who is not let in because the drain was cut short cannot send either, and what it has is abandoned there.
  const bool entered = barrier_ != nullptr && !barrier_->enter(output_.drain_context());
  flow::Error error = pass_on(std::move(batch), tally);
  if (!error && !marks.empty()) generator_.passed_on(marks);
  if (entered) barrier_->leave();
  return error;
}

flow::Error PipelineEmitter::pass_on(record::Batch&& batch, stages::Tally& tally) {
  account(batch, tally);
  flow::Error error;
  if (std::optional<Parcel> rejects = rejections_.take(stage_, tally)) error = send(std::move(*rejects), kRejectsPort);
  if (batch.empty()) {
    memory_.pool.recycle(std::move(batch));
  } else {
    Parcel parcel;
    parcel.batch = std::move(batch);
    parcel.stage = stage_;
    flow::Error failed = send(std::move(parcel), kRecordsPort);
    if (!error) error = std::move(failed);
  }
  tally.clear();
  return error;
}

std::chrono::nanoseconds thread_cpu_time() {
  timespec time{};
  if (clock_gettime(CLOCK_THREAD_CPUTIME_ID, &time) != 0) return {};
  return std::chrono::seconds(time.tv_sec) + std::chrono::nanoseconds(time.tv_nsec);
}

}  // namespace sluice::daemon
