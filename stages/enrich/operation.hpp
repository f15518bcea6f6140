// One operation of an enrich stage: fields, compute, lookup, ...
#pragma once

#include <vector>

#include "flow/context.hpp"
#include "record/batch.hpp"
#include "stages/stage.hpp"
#include "stages/tally.hpp"

namespace sluice::stages {

class Operation {
 public:
  virtual ~Operation() = default;

  // Changes all records of the batch; ends none. Called from many workers at once, each with a batch of its own.
  virtual void apply(const flow::Context& context, record::Batch& batch, Tally& tally) const = 0;

  // Adds what the change itself does not show, such as why there is none.
  virtual void explain(record::Record& record, record::Arena& arena, std::vector<Remark>& remarks) const {
    static_cast<void>(record), static_cast<void>(arena), static_cast<void>(remarks);
  }
};

}  // namespace sluice::stages
