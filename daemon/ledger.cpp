#include "daemon/ledger.hpp"

#include <algorithm>

#include "config/units.hpp"
#include "fmt/format.h"
#include "record/json_writer.hpp"

namespace sluice::daemon {
namespace {

void add(Delta& sum, const Delta& more) {
  sum.in += more.in;
  sum.out += more.out;
  sum.filtered += more.filtered;
  sum.rejected += more.rejected;
  sum.abandoned += more.abandoned;
  sum.copied += more.copied;
  sum.bytes_in += more.bytes_in;
  sum.bytes_out += more.bytes_out;
  sum.busy += more.busy;
}

void add(ReasonCounts& sum, const ReasonCounts& more) {
  for (const auto& [reason, count] : more) {
    const auto place =
        std::ranges::lower_bound(sum, reason, {}, [](const auto& e) -> std::string_view { return e.first; });
    if (place != sum.end() && place->first == reason) {
      place->second += count;
    } else {
      sum.emplace(place, reason, count);
    }
  }
}

std::string stage_json(const StageSnapshot& stage) {
  const Delta& n = stage.counts;
  return fmt::format(
      R"({{"name": {}, "kind": {}, "in": {}, "out": {}, "filtered": {}, "rejected": {}, "abandoned": {}, )"
      R"("copied": {}, "errors": {}, "bytes_in": {}, "bytes_out": {}, "busy_s": {:.6f}}})",
      record::json_string(stage.name), record::json_string(stage.kind), n.in, n.out, n.filtered, n.rejected,
      n.abandoned, n.copied, errors_json(stage.errors), n.bytes_in, n.bytes_out, config::in_seconds(n.busy));
}

}  // namespace

std::string errors_json(const ReasonCounts& errors) {
  std::string text = "{";
  for (const auto& [reason, count] : errors) {
    text += fmt::format("{}{}: {}", text.size() > 1 ? ", " : "", record::json_string(reason), count);
  }
  return text + "}";
}

LedgerSnapshot joined(const LedgerSnapshot& before, LedgerSnapshot now) {
  now.received += before.received;
  now.copied += before.copied;
  now.written += before.written;
  now.filtered += before.filtered;
  now.rejected += before.rejected;
  now.abandoned += before.abandoned;
  now.in_flight += before.in_flight;
  now.bytes_in += before.bytes_in;
  now.bytes_out += before.bytes_out;
  now.elapsed += before.elapsed;
  now.balanced = now.balanced && before.balanced;
  for (const StageSnapshot& old : before.stages) {
    const auto same = std::ranges::find_if(
        now.stages, [&](const StageSnapshot& stage) { return stage.name == old.name && stage.kind == old.kind; });
    if (same == now.stages.end()) {
      now.stages.push_back(old);
    } else {
      add(same->counts, old.counts);
      add(same->errors, old.errors);
    }
  }
  return now;
}

std::string to_json(const LedgerSnapshot& ledger) {
  std::string text = fmt::format(
      R"({{"balanced": {}, "cause": {}, "received": {}, "written": {}, "filtered": {}, "rejected": {}, )"
      R"("abandoned": {}, "in_flight": {}, "copied": {}, "elapsed_s": {:.6f}, "bytes_in": {}, "bytes_out": {}, )"
      R"("stages": [)",
      ledger.balanced, record::json_string(ledger.cause), ledger.received, ledger.written, ledger.filtered,
      ledger.rejected, ledger.abandoned, ledger.in_flight, ledger.copied, config::in_seconds(ledger.elapsed),
      ledger.bytes_in, ledger.bytes_out);
  for (const StageSnapshot& stage : ledger.stages) {
    if (&stage != &ledger.stages.front()) text += ", ";
    text += stage_json(stage);
  }
  return text + "]}";
}

std::string summary(const LedgerSnapshot& ledger) {
  std::string text = fmt::format("{} received", ledger.received);
  if (ledger.copied != 0) text += fmt::format(" + {} copied", ledger.copied);
  text += fmt::format(" = {} written + {} filtered + {} rejected", ledger.written, ledger.filtered, ledger.rejected);
  if (ledger.abandoned != 0) text += fmt::format(" + {} abandoned", ledger.abandoned);
  if (ledger.in_flight != 0) text += fmt::format(" + {} in flight", ledger.in_flight);
  if (!ledger.balanced) text += " DOES NOT BALANCE (a bug in sluice: please report it with the ledger)";
  text += fmt::format("; {} in, {} out, {:.3f} s; {}", config::format_rough_size(static_cast<double>(ledger.bytes_in)),
                      config::format_rough_size(static_cast<double>(ledger.bytes_out)),
                      config::in_seconds(ledger.elapsed), ledger.cause);
  return text;
}

std::size_t Ledger::add_stage(std::string name, std::string kind, Role role) {
  Stage& stage = stages_.emplace_back();
  stage.name = std::move(name);
  stage.kind = std::move(kind);
  stage.role = role;
  return stages_.size() - 1;
}

void Ledger::add(std::size_t index, const Delta& delta) {
  Stage& stage = stages_[index];
  stage.in.add(delta.in);
  stage.copied.add(delta.copied);
  stage.out.add(delta.out);
  stage.filtered.add(delta.filtered);
  stage.rejected.add(delta.rejected);
  stage.abandoned.add(delta.abandoned);
  stage.bytes_in.add(delta.bytes_in);
  stage.bytes_out.add(delta.bytes_out);
  stage.busy.add(static_cast<std::uint64_t>(delta.busy.count()));
}

void Ledger::abandon_passed_on(std::size_t index, std::uint64_t records) {
  Stage& stage = stages_[index];
  stage.abandoned.add(records);
  if (stage.role != Role::writer) stage.out.take_back(records);  // a writer counts `out` only when it has written
}

void Ledger::filter_passed_on(std::size_t index, std::uint64_t records) {
  stages_[index].filtered.add(records);
  stages_[index].out.take_back(records);
}

void Ledger::add_errors(std::size_t index, std::string_view reason, std::uint64_t count) {
  Stage& stage = stages_[index];
  const std::lock_guard lock(stage.mutex);
  daemon::add(stage.errors, {{std::string(reason), count}});
}

void Ledger::close(std::string cause) {
  const std::lock_guard lock(mutex_);
  cause_ = std::move(cause);
  end_ = std::chrono::steady_clock::now();
}

void Ledger::read_stages(LedgerSnapshot& ledger) const {
  ledger.stages.resize(stages_.size());
  for (std::size_t i = 0; i < stages_.size(); ++i) {  // ends
    const Stage& stage = stages_[i];
    Delta& counts = ledger.stages[i].counts;
    counts.filtered = stage.filtered.read();
    counts.rejected = stage.rejected.read();
    counts.abandoned = stage.abandoned.read();
    counts.out = stage.out.read();
    counts.bytes_out = stage.bytes_out.read();
  }
  for (std::size_t i = 0; i < stages_.size(); ++i) {  // beginnings
    const Stage& stage = stages_[i];
    StageSnapshot& snapshot = ledger.stages[i];
    snapshot.name = stage.name;
    snapshot.kind = stage.kind;
    snapshot.counts.in = stage.in.read();
    snapshot.counts.copied = stage.copied.read();
    snapshot.counts.bytes_in = stage.bytes_in.read();
    snapshot.counts.busy = std::chrono::nanoseconds(stage.busy.read());
    const std::lock_guard lock(stage.mutex);
    snapshot.errors = stage.errors;
  }
}

bool Ledger::stages_balance(const LedgerSnapshot& ledger) const {
  std::uint64_t passed_on = 0;
  std::uint64_t taken = 0;
  for (std::size_t i = 0; i < stages_.size(); ++i) {
    const Delta& n = ledger.stages[i].counts;
    if (n.in + n.copied != n.out + n.filtered + n.rejected + n.abandoned) return false;
    if (stages_[i].role != Role::writer) passed_on += n.out;
    if (stages_[i].role != Role::generator) taken += n.in;
  }
  return passed_on == taken;
}

std::uint64_t Ledger::in_flight() const {
  std::uint64_t ended = 0;
  for (const Stage& stage : stages_) {
    ended += stage.filtered.read() + stage.rejected.read() + stage.abandoned.read();
    if (stage.role == Role::writer) ended += stage.out.read();
  }
  std::uint64_t begun = 0;
  for (const Stage& stage : stages_) {
    begun += stage.copied.read();
    if (stage.role == Role::generator) begun += stage.in.read();
  }
  return begun - ended;
}

bool Ledger::has_abandoned() const {
  return std::ranges::any_of(stages_, [](const Stage& stage) { return stage.abandoned.read() != 0; });
}

LedgerSnapshot Ledger::snapshot() const {
  LedgerSnapshot ledger;
  read_stages(ledger);
  for (std::size_t i = 0; i < stages_.size(); ++i) {
    const Delta& counts = ledger.stages[i].counts;
    if (stages_[i].role == Role::generator) ledger.received += counts.in, ledger.bytes_in += counts.bytes_in;
    if (stages_[i].role == Role::writer) ledger.written += counts.out, ledger.bytes_out += counts.bytes_out;
    ledger.copied += counts.copied;
    ledger.filtered += counts.filtered;
    ledger.rejected += counts.rejected;
    ledger.abandoned += counts.abandoned;
  }
  const std::uint64_t begun = ledger.received + ledger.copied;
  const std::uint64_t ended = ledger.written + ledger.filtered + ledger.rejected + ledger.abandoned;
  ledger.in_flight = begun > ended ? begun - ended : 0;

  const std::lock_guard lock(mutex_);
  const bool closed = !cause_.empty();
  ledger.cause = closed ? cause_ : "running";
  ledger.elapsed = (closed ? end_ : std::chrono::steady_clock::now()) - start_;
  ledger.balanced = closed ? begun == ended && stages_balance(ledger) : true;
  return ledger;
}

}  // namespace sluice::daemon
