// write: null
//
// Counts records and drops them, unencoded. For measuring and for tests.
#pragma once

#include "stages/registry.hpp"

namespace sluice::stages {

class NullWriter final : public Writer {
 public:
  flow::Error encode(const flow::Context& context, record::Batch& batch, Tally& tally) override;
  flow::Error write(const flow::Context& context, record::Batch& batch, Written& written) override;
  flow::Error finish(const flow::Context& context) override;
};

Definition write_null();

}  // namespace sluice::stages
