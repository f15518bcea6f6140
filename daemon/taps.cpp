#include "daemon/taps.hpp"

#include <algorithm>
#include <new>
#include <span>
#include <utility>

namespace sluice::daemon {
namespace {

// How long a record may wait for its viewer to look again.
constexpr std::chrono::milliseconds kLook{25};

std::span<const record::Field> copy_fields(std::span<const record::Field> fields, record::Arena& arena) {
  const std::span<record::Field> copied = arena.make_array<record::Field>(fields.size());
  for (std::size_t i = 0; i < fields.size(); ++i) {
    copied[i] = {copy(fields[i].name, arena), copy(fields[i].value, arena)};
  }
  return copied;
}

// A copy that needs nothing of the record's batch, nor of the table of fields that it was parsed with.
record::Record copy_record(const record::Record& record, record::Arena& arena) {
  if (record.form() == record::Record::Form::line) return record::Record(arena.copy(record.line()));
  record::Record copied;
  const std::span<const record::Field> added = copy_fields(record.added(), arena);
  if (record.form() == record::Record::Form::fields) {
    const std::span<record::Field> fields = arena.make_array<record::Field>(added.size());
    std::ranges::copy(added, fields.begin());
    copied.set_fields(fields);
    return copied;
  }
  copied.set_json(arena.copy(record.json_text()), {});
  // Without slots every name is new to it, and set() appends.
  for (const record::Field& field : added) copied.set({field.name.text(), 0}, field.value, arena);
  return copied;
}

// Copies `count` records, evenly spread; `phase` moves them along from call to call.
TapSample copy_some(const std::vector<record::Record>& records, std::size_t count, std::uint64_t phase) {
  TapSample sample;
  sample.records.reserve(count);
  // A step that has nothing in common with most sizes, so that over many batches every place gets its turn.
  const std::size_t offset = static_cast<std::size_t>(phase * 7919 % records.size());
  for (std::size_t i = 0; i < count; ++i) {
    const std::size_t at = (i * records.size() + offset) / count;
    sample.records.push_back(copy_record(records[std::min(at, records.size() - 1)], sample.arena));
  }
  return sample;
}

}  // namespace

record::Value copy(const record::Value& value, record::Arena& arena) {
  using record::Type;
  using record::Value;
  switch (value.type()) {
    case Type::string:
      return Value::string(arena.copy(value.text()));
    case Type::bytes:
      return Value::bytes(arena.copy(value.text()));
    case Type::json:
      return Value::json(arena.copy(value.text()));
    case Type::map:
      return Value::map(copy_fields(value.fields(), arena));
    case Type::list: {
      const std::span<Value> items = arena.make_array<Value>(value.size());
      for (std::size_t i = 0; i < items.size(); ++i) items[i] = copy(value.items()[i], arena);
      return Value::list(items);
    }
    default:
      return value;
  }
}

Tap::Figures Tap::figures() const {
  Figures figures;
  figures.looked_at = looked_at_.load(std::memory_order_acquire);
  figures.dropped = dropped_.load(std::memory_order_acquire);
  figures.passed = passed_.load(std::memory_order_acquire);
  return figures;
}

std::vector<TapSample> Tap::take(std::chrono::nanoseconds timeout) {
  const Clock::time_point deadline = Clock::now() + timeout;
  std::unique_lock lock(mutex_);
  while (waiting_.empty() && end() == TapEnd::none && Clock::now() < deadline) {
    ended_.wait_until(lock, std::min(deadline, Clock::now() + kLook), [&] { return end() != TapEnd::none; });
  }
  waiting_records_ = waiting_bytes_ = 0;
  return std::exchange(waiting_, {});
}

// How many of these records may be copied now.
std::size_t Tap::allot(std::size_t records, Clock::time_point now) {
  const std::lock_guard lock(mutex_);
  if (now > refilled_) {
    const double gained = std::chrono::duration<double>(now - refilled_).count() * rate_;
    budget_ = std::min(budget_ + gained, burst_);
    refilled_ = now;
  }
  const std::size_t within = std::min(records, static_cast<std::size_t>(budget_));
  const bool has_room = waiting_bytes_ < kMostBytes;
  const std::size_t room = has_room ? kMostRecords - std::min(waiting_records_, kMostRecords) : 0;
  const std::size_t granted = std::min(within, room);
  budget_ -= static_cast<double>(within);
  waiting_records_ += granted;
  dropped_.fetch_add(within - granted, std::memory_order_release);
  return granted;
}

void Tap::put(TapSample&& sample) {
  const std::size_t bytes = sample.arena.footprint();
  const std::lock_guard lock(mutex_);
  waiting_bytes_ += bytes;
  waiting_.push_back(std::move(sample));
}

void Tap::offer(const record::Batch& batch, Clock::time_point now) noexcept {
  passed_.fetch_add(batch.size(), std::memory_order_release);
  const std::size_t count = allot(batch.size(), now);
  if (count == 0) return;
  try {
    put(copy_some(batch.records(), count, turn_.fetch_add(1, std::memory_order_relaxed)));
    looked_at_.fetch_add(count, std::memory_order_release);
  } catch (const std::bad_alloc&) {  // a viewer is not worth the end of the pipeline
    dropped_.fetch_add(count, std::memory_order_release);
  }
}

void Tap::finish(TapEnd end) noexcept {
  {
    const std::lock_guard lock(mutex_);
    end_.store(end, std::memory_order_release);
  }
  ended_.notify_all();
}

void TapPoint::offer_to_viewers(const record::Batch& batch) noexcept {
  std::vector<std::shared_ptr<Tap>> taps;
  try {
    const std::lock_guard lock(mutex_);
    taps = taps_;
  } catch (const std::bad_alloc&) {
    return;
  }
  const Tap::Clock::time_point now = Tap::Clock::now();
  for (const std::shared_ptr<Tap>& tap : taps) tap->offer(batch, now);
}

void TapPoint::add(std::shared_ptr<Tap> tap) {
  const std::lock_guard lock(mutex_);
  taps_.push_back(std::move(tap));
  viewers_.store(taps_.size(), std::memory_order_relaxed);
}

bool TapPoint::remove(const std::shared_ptr<Tap>& tap) {
  const std::lock_guard lock(mutex_);
  const bool found = std::erase(taps_, tap) != 0;
  viewers_.store(taps_.size(), std::memory_order_relaxed);
  return found;
}

void TapPoint::finish(TapEnd end) noexcept {
  const std::lock_guard lock(mutex_);
  for (const std::shared_ptr<Tap>& tap : taps_) tap->finish(end);
}

TapPoint& Taps::point(std::string_view stage) {
  const std::lock_guard lock(mutex_);
  return locked_point(stage);
}

TapPoint& Taps::locked_point(std::string_view stage) {
  const auto known = points_.find(stage);
  if (known != points_.end()) return *known->second;
  return *points_.emplace(std::string(stage), std::make_unique<TapPoint>()).first->second;
}

void Taps::stages_are(std::vector<std::string> names) {
  const std::lock_guard lock(mutex_);
  stages_ = std::move(names);
  for (const auto& [name, point] : points_) {
    if (std::ranges::find(stages_, name) == stages_.end()) point->finish(TapEnd::gone);
  }
}

std::vector<std::string> Taps::stages() const {
  const std::lock_guard lock(mutex_);
  return stages_;
}

void Taps::stop() noexcept {
  const std::lock_guard lock(mutex_);
  stopping_ = true;
  for (const auto& [name, point] : points_) point->finish(TapEnd::stopping);
}

std::shared_ptr<Tap> Taps::open(std::string_view stage, std::uint32_t rate, Refusal& refusal) {
  const std::lock_guard lock(mutex_);
  refusal = Refusal::none;
  if (std::ranges::find(stages_, stage) == stages_.end()) refusal = Refusal::no_such_stage;
  if (refusal == Refusal::none && open_ == kMost) refusal = Refusal::too_many;
  if (refusal != Refusal::none) return nullptr;
  TapPoint& where = locked_point(stage);
  auto tap = std::make_shared<Tap>(std::clamp<std::uint32_t>(rate, 1, kMostRate));
  if (stopping_) tap->finish(TapEnd::stopping);
  where.add(tap);
  ++open_;
  return tap;
}

void Taps::close(std::string_view stage, const std::shared_ptr<Tap>& tap) noexcept {
  const std::lock_guard lock(mutex_);
  const auto where = points_.find(stage);
  if (where != points_.end() && where->second->remove(tap)) --open_;
}

}  // namespace sluice::daemon
