// One operation of an enrich stage: fields, compute, rename, keep or drop.
#pragma once

#include "flow/context.hpp"
#include "record/batch.hpp"
#include "stages/tally.hpp"

namespace sluice::stages {

class Operation {
 public:
  virtual ~Operation() = default;

  // Changes all records of the batch; ends none. Called from many workers at once, each with a batch of its own.
  virtual void apply(const flow::Context& context, record::Batch& batch, Tally& tally) const = 0;
};

}  // namespace sluice::stages
