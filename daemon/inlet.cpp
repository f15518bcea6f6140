#include "daemon/inlet.hpp"

#include <ctime>
#include <exception>
#include <optional>
#include <system_error>
#include <utility>

namespace sluice::daemon {

Inlet::Inlet(std::string name, std::unique_ptr<stages::Generator> generator, std::size_t slab_bytes, std::size_t slabs)
    : name_(std::move(name)), generator_(std::move(generator)), memory_(slab_bytes, slabs) {
  generator_->report_to([this](std::string_view reason, const std::string& sentence) {
    const std::lock_guard lock(mutex_);
    if (owner_.report) owner_.report(reason, sentence);
  });
}

Inlet::~Inlet() { end(flow::Error(flow::Errc::canceled)); }

void Inlet::belong_to(Owner owner) {
  const std::lock_guard lock(mutex_);
  owner_ = std::move(owner);
}

void Inlet::work() {
  cpu_ = thread_cpu_time();
  flow::Error error;
  try {
    error = generator_->run(stop_->context, *this);
  } catch (const std::exception& exception) {
    error = flow::Error(flow::Errc::exception, exception.what());
  }
  const std::lock_guard lock(mutex_);
  ended_ = true;
  error_ = std::move(error);
  changed_.notify_all();
}

// The generator outlives this pipeline's contexts, so it has its own.
void Inlet::prepare(const flow::Context& run_context) {
  bool stopped = false;
  {
    const std::lock_guard lock(mutex_);
    if (stop_) return;
    stop_.emplace(flow::with_cancel(flow::without_cancel(run_context)));
    cut_.emplace(flow::with_cancel(flow::without_cancel(run_context)));
    stopped = stopped_;
  }
  if (stopped) stop_->handle.cancel();  // asked for before there was anything to stop
}

// With mutex_ held.
void Inlet::start() {
  if (thread_.joinable() || ended_) return;
  try {
    thread_ = flow::Thread(name_, [this] { work(); });
  } catch (const std::system_error& error) {
    ended_ = true;
    error_ = {error.code(), "no thread for the generator"};
  }
}

// An interruption that stop() asked for is what was wanted.
flow::Error Inlet::result(const flow::Context& run_context) const {
  const std::lock_guard lock(mutex_);
  const bool interrupted = error_.code() == make_error_code(flow::Errc::canceled);
  if (!ended_ || (stopped_ && interrupted && !run_context.done())) return {};
  return error_;
}

flow::Error Inlet::feed(const flow::Context& run_context, flow::Output<Parcel>& output, Barrier* barrier) {
  prepare(run_context);
  const flow::Context& drain = output.drain_context();
  // Destroyed, and thereby waited for, when the lock is not held any more.
  const flow::OnDone on_stop = flow::on_done(run_context, [&] { stop_->handle.cancel(run_context.cause()); });
  const flow::OnDone on_cut = flow::on_done(drain, [&] { cut(drain.cause()); });
  {
    std::unique_lock lock(mutex_);
    door_ = {&output, barrier};
    paused_ = false;
    start();
    changed_.notify_all();
    changed_.wait(lock, [&] { return ended_ || (leaving_ && inside_ == 0); });
    door_ = {};
    leaving_ = false;
  }
  return result(run_context);
}

void Inlet::pause() {
  const std::lock_guard lock(mutex_);
  paused_ = true;
}

void Inlet::resume() {
  const std::lock_guard lock(mutex_);
  paused_ = false;
  changed_.notify_all();
}

bool Inlet::is_quiet() const {
  const std::lock_guard lock(mutex_);
  return inside_ == 0;
}

bool Inlet::has_begun() const {
  const std::lock_guard lock(mutex_);
  return stop_.has_value();
}

void Inlet::release() {
  const std::lock_guard lock(mutex_);
  leaving_ = true;
  changed_.notify_all();
}

void Inlet::stop() {
  bool prepared = false;
  {
    const std::lock_guard lock(mutex_);
    stopped_ = true;
    paused_ = false;
    prepared = stop_.has_value();
    changed_.notify_all();
  }
  if (prepared) stop_->handle.cancel();
}

void Inlet::cut(const flow::Error& cause) {
  if (cut_) cut_->handle.cancel(cause);
  const std::lock_guard lock(mutex_);
  changed_.notify_all();
}

void Inlet::end(const flow::Error& cause) {
  if (stop_) stop_->handle.cancel(cause);
  cut(cause);
  thread_.join();
}

// Waits for an open door; the passage has none if there will not be one.
Inlet::Passage Inlet::enter() {
  std::unique_lock lock(mutex_);
  const auto is_open = [this] { return door_.output != nullptr && !paused_ && !leaving_; };
  changed_.wait(lock, [&] { return is_open() || cut_->context.done(); });
  if (!is_open()) return {{}, &owner_};
  ++inside_;
  return {door_, &owner_};
}

void Inlet::leave() {
  const std::lock_guard lock(mutex_);
  --inside_;
  if (leaving_) changed_.notify_all();
}

// Waits until nothing gets through any more, not until the generator should end: what it has read before it noticed
// that it should stop still needs a batch to travel in.
flow::Error Inlet::acquire(const flow::Context&, record::Batch& batch, std::size_t slab_bytes) {
  while (true) {
    if (cut_->context.done()) return cut_->context.cause();
    const std::uint64_t ticket = memory_.gate.ticket();
    if (std::optional<record::Batch> fresh = memory_.pool.try_acquire(slab_bytes)) {
      flow::Error ended;
      fresh->bytes_in = 0;
      fresh->generator = owner_now(ended);
      if (!ended) {
        batch = std::move(*fresh);
        return {};
      }
      memory_.pool.recycle(std::move(*fresh));
      return ended;
    }
    memory_.gate.wait(cut_->context, ticket);
  }
}

// The owner's stage. `ended`: why nothing gets through any more; a slab may have come back for that very reason, before
// cut() was told of it.
std::size_t Inlet::owner_now(flow::Error& ended) const {
  const std::lock_guard lock(mutex_);
  if (door_.output != nullptr) ended = door_.output->drain_context().cause();
  return owner_.stage;
}

void Inlet::account(const Owner& owner, const record::Batch& batch, const stages::Tally& tally) {
  Delta delta;
  delta.in = batch.size() + tally.filtered + tally.rejections.size();
  delta.out = batch.size();
  delta.filtered = tally.filtered;
  delta.bytes_in = batch.bytes_in;
  const std::chrono::nanoseconds cpu = thread_cpu_time();
  delta.busy = cpu - std::exchange(cpu_, cpu);
  owner.ledger->add(owner.stage, delta);
  for (const auto& [reason, count] : tally.errors) owner.ledger->add_errors(owner.stage, reason, count);
}

flow::Error Inlet::send(const Passage& passage, Parcel&& parcel, std::size_t port) {
  flow::Error error = cut_->context.cause();
  if (flow::Output<Parcel>* const output = passage.door.output) {
    error = output->send(output->drain_context(), std::move(parcel), port);
  }
  if (error) abandon_passed_on(*passage.owner->ledger, parcel);
  return error;
}

flow::Error Inlet::emit(const flow::Context&, record::Batch&& batch, stages::Tally& tally,
                        std::span<const stages::Mark> marks) {
  const Passage passage = enter();
  const bool is_inside = passage.door.output != nullptr;
  Barrier* const barrier = passage.door.barrier;
  batch.generator = passage.owner->stage;  // it may have been acquired when another pipeline was there
  // Who is not let in because the drain was cut short cannot send either, and what it has is abandoned there.
  const bool entered = barrier != nullptr && !barrier->enter(passage.door.output->drain_context());
  flow::Error error = pass_on(passage, std::move(batch), tally);
  if (!error && !marks.empty()) generator_->passed_on(marks);
  if (entered) barrier->leave();
  if (is_inside) leave();
  return error;
}

flow::Error Inlet::pass_on(const Passage& passage, record::Batch&& batch, stages::Tally& tally) {
  const Owner& owner = *passage.owner;
  account(owner, batch, tally);
  flow::Error error;
  if (std::optional<Parcel> rejects = owner.rejections->take(owner.stage, tally)) {
    error = send(passage, std::move(*rejects), kRejectsPort);
  }
  if (batch.empty()) {
    memory_.pool.recycle(std::move(batch));
  } else {
    if (owner.passing) owner.passing(batch);
    Parcel parcel;
    parcel.batch = std::move(batch);
    parcel.stage = owner.stage;
    flow::Error failed = send(passage, std::move(parcel), kRecordsPort);
    if (!error) error = std::move(failed);
  }
  tally.clear();
  return error;
}

bool Inlet::idle() const {
  const std::lock_guard lock(mutex_);
  return door_.output != nullptr && !paused_ && door_.output->downstream_idle();
}

std::chrono::nanoseconds thread_cpu_time() {
  timespec time{};
  if (clock_gettime(CLOCK_THREAD_CPUTIME_ID, &time) != 0) return {};
  return std::chrono::seconds(time.tv_sec) + std::chrono::nanoseconds(time.tv_nsec);
}

}  // namespace sluice::daemon
