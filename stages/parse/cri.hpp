// parse: cri
#pragma once

#include "stages/parse/joining_stage.hpp"
#include "stages/registry.hpp"

namespace sluice::stages {

// Container logs as Kubernetes' runtimes write them: `2016-10-06T00:17:09.669794202Z stdout P message`. Source:
// the design of the Container Runtime Interface's logging (kubernetes/design-proposals-archive,
// node/kubelet-cri-logging.md): time, stream, tags separated by `:` of which the first is P (partial) or F (full).
//
//   - parse: cri
class CriFormat final : public PartialFormat {
 public:
  explicit CriFormat(TimeContext times) : times_(std::move(times)) {}

  ParseFailure parse(std::string_view text, record::Arena& arena, FieldsBuilder& fields, Part& part) override;

 private:
  TimeContext times_;
};

Definition parse_cri();

}  // namespace sluice::stages
