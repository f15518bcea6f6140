#include "daemon/chain.hpp"

#include <algorithm>
#include <chrono>
#include <exception>
#include <optional>
#include <utility>

namespace sluice::daemon {
namespace {

using Clock = std::chrono::steady_clock;

// What a stage throws (memory runs out, a library throws) ends the pipeline like an error that it returns.
template <class Function>
flow::Error guarded(Function function) {
  try {
    return function();
  } catch (const std::exception& exception) {
    return {flow::Errc::exception, exception.what()};
  }
}

}  // namespace

Chain::Chain(const StageSet& set, std::vector<std::size_t> stages, Ledger& ledger, Rejections& rejections,
             std::function<void(record::Batch&&)> recycle, Taps* taps)
    : set_(set),
      stages_(std::move(stages)),
      ledger_(ledger),
      rejections_(rejections),
      recycle_(std::move(recycle)),
      points_(set.stages.size()) {
  for (const std::size_t stage : stages_) {
    if (taps != nullptr) points_[stage] = &taps->point(set_.stages[stage].config.name);
  }
  if (const stages::Router* router = set_.stages[stages_.back()].router()) rejects_port_ = router->outputs().size();
}

flow::Error Chain::run(const flow::Context& context, Parcel&& parcel, flow::Emit<Parcel>& emit) const {
  record::Batch batch = std::move(parcel.batch);
  for (const std::size_t stage : stages_) {
    if (batch.empty()) break;
    if (set_.stages[stage].router() != nullptr) return route(context, stage, std::move(batch), emit);
    if (flow::Error error = run_stage(context, stage, batch, emit)) {
      return located(error, set_.stages[stage].config.name);
    }
  }
  if (batch.empty()) {
    recycle_(std::move(batch));
  } else {
    emit.to(0, Parcel{std::move(batch), stages_.back(), 0});
  }
  return {};
}

bool Chain::is_serial() const {
  const stages::Processor* processor = set_.stages[stages_.front()].processor();
  return processor != nullptr && processor->serial();
}

flow::Error Chain::finish(const flow::Context& context, flow::Emit<Parcel>& emit) const {
  const std::size_t stage = stages_.front();  // a serial stage is never fused with others
  record::Batch batch;
  batch.generator = set_.stages.size();  // no generator's memory
  stages::Tally tally;
  const flow::Error error = guarded([&] {
    const std::lock_guard lock(serial_);
    return set_.stages[stage].processor()->finish(context, batch, tally);
  });
  Delta delta;
  delta.out = batch.size();
  if (error) {  // what was let go is lost, and the books must say so
    delta.abandoned = std::exchange(delta.out, 0);
    batch.records().clear();
  }
  // Nothing came in. What was counted when it was held back is in `tally.filtered`, negative; the rest was held back by
  // an earlier run, which counted it as filtered.
  delta.copied = delta.out + delta.abandoned + tally.filtered + tally.rejections.size();
  settle(stage, delta, tally, emit);
  show(stage, batch);
  if (!batch.empty()) emit.to(0, Parcel{std::move(batch), stage, 0});
  return located(error, set_.stages[stage].config.name);
}

std::string Chain::save() const {
  const std::lock_guard lock(serial_);
  return set_.stages[stages_.front()].processor()->save();
}

flow::Error Chain::restore(std::string_view saved) const {
  const std::lock_guard lock(serial_);
  return set_.stages[stages_.front()].processor()->restore(saved);
}

flow::Error Chain::run_stage(const flow::Context& context, std::size_t stage, record::Batch& batch,
                             flow::Emit<Parcel>& emit) const {
  const BuiltStage& built = set_.stages[stage];
  stages::Processor* const processor = built.processor();
  Delta delta;
  delta.in = batch.size();
  stages::Tally tally;
  if (processor == nullptr) show(stage, batch);  // of a writer, what it is given
  const Clock::time_point start = Clock::now();
  const flow::Error error = guarded([&] {
    if (processor == nullptr) return built.writer()->encode(context, batch, tally);
    std::unique_lock lock(serial_, std::defer_lock);
    if (processor->serial()) lock.lock();
    return processor->process(context, batch, tally);
  });
  delta.busy = Clock::now() - start;
  if (error) {
    const std::uint64_t ended = tally.filtered + tally.rejections.size();
    delta.abandoned = delta.in - std::min<std::uint64_t>(delta.in, ended);
  } else if (processor != nullptr) {
    delta.out = batch.size();
  }
  settle(stage, delta, tally, emit);
  if (processor != nullptr && !error) show(stage, batch);
  return error;
}

flow::Error Chain::route(const flow::Context& context, std::size_t stage, record::Batch&& batch,
                         flow::Emit<Parcel>& emit) const {
  Delta delta;
  delta.in = batch.size();
  stages::Tally tally;
  stages::Router::Routed routed;
  const Clock::time_point start = Clock::now();
  const flow::Error error = guarded([&]() -> flow::Error {
    routed = set_.stages[stage].router()->route(context, std::move(batch), tally);
    return {};
  });
  delta.busy = Clock::now() - start;
  if (error) {
    delta.abandoned = delta.in;
  } else {
    delta.copied = routed.copied;
    for (const record::Batch& output : routed.outputs) delta.out += output.size();
  }
  settle(stage, delta, tally, emit);
  for (std::size_t port = 0; port < routed.outputs.size() && !error; ++port) {
    show(stage, routed.outputs[port]);
    if (!routed.outputs[port].empty()) emit.to(port, Parcel{std::move(routed.outputs[port]), stage, 0});
  }
  return located(error, set_.stages[stage].config.name);
}

void Chain::settle(std::size_t stage, Delta delta, const stages::Tally& tally, flow::Emit<Parcel>& emit) const {
  delta.filtered = tally.filtered;
  ledger_.add(stage, delta);
  for (const auto& [reason, count] : tally.errors) ledger_.add_errors(stage, reason, count);
  if (std::optional<Parcel> rejects = rejections_.take(stage, tally)) emit.to(rejects_port_, std::move(*rejects));
}

}  // namespace sluice::daemon
