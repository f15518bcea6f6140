// A transform node: takes a batch through one or several stages on one worker.
#pragma once

#include <cstddef>
#include <functional>
#include <mutex>
#include <string>
#include <string_view>
#include <vector>

#include "daemon/ledger.hpp"
#include "daemon/parcel.hpp"
#include "daemon/rejections.hpp"
#include "daemon/stage_set.hpp"
#include "daemon/taps.hpp"
#include "flow/context.hpp"
#include "flow/pipeline.hpp"

namespace sluice::daemon {

// Called from many workers at once, each with a parcel of its own. Everything is accounted per stage and batch, nothing
// per record.
class Chain {
 public:
  // `stages` are indices into `set`; the last may be a router, or a writer of which the encoder is run. `recycle` takes
  // batches that end here. With `taps` (which outlives it), what leaves each stage can be looked at.
  Chain(const StageSet& set, std::vector<std::size_t> stages, Ledger& ledger, Rejections& rejections,
        std::function<void(record::Batch&&)> recycle, Taps* taps = nullptr);

  // The port that the lines for `rejects` leave by; results leave by port 0, a router's outputs by 0, 1, ...
  std::size_t rejects_port() const { return rejects_port_; }

  // Why a stage stopped the pipeline, if one did; the message names the stage.
  flow::Error run(const flow::Context& context, Parcel&& parcel, flow::Emit<Parcel>& emit) const;

  // Whether its stage works on one batch at a time; then finish() is to be called after the last one.
  bool is_serial() const;
  // Passes on what the stage had held back.
  flow::Error finish(const flow::Context& context, flow::Emit<Parcel>& emit) const;
  // What the stage holds back, and back again; of a serial stage, and thread-safe.
  std::string save() const;
  flow::Error restore(std::string_view saved) const;
  const std::string& name() const { return set_.stages[stages_.front()].config.name; }

 private:
  flow::Error run_stage(const flow::Context& context, std::size_t stage, record::Batch& batch,
                        flow::Emit<Parcel>& emit) const;
  flow::Error route(const flow::Context& context, std::size_t stage, record::Batch&& batch,
                    flow::Emit<Parcel>& emit) const;
  void show(std::size_t stage, const record::Batch& batch) const {
    if (points_[stage] != nullptr) points_[stage]->offer(batch);
  }
  void settle(std::size_t stage, Delta delta, const stages::Tally& tally, flow::Emit<Parcel>& emit) const;

  const StageSet& set_;
  const std::vector<std::size_t> stages_;
  Ledger& ledger_;
  Rejections& rejections_;
  const std::function<void(record::Batch&&)> recycle_;
  std::vector<TapPoint*> points_;  // by stage; null where nobody can look
  std::size_t rejects_port_ = 1;
  mutable std::mutex serial_;  // held while a serial stage works; nobody waits for it but who makes a checkpoint
};

}  // namespace sluice::daemon
