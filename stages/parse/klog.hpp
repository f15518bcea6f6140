// parse: klog
#pragma once

#include <utility>

#include "stages/parse/format.hpp"
#include "stages/parse/time.hpp"
#include "stages/registry.hpp"

namespace sluice::stages {

// The header of Kubernetes' klog and Google's glog: `Lmmdd hh:mm:ss.uuuuuu threadid file:line] message`, or with
// `Lyyyymmdd` as glog 0.6 and later write it. Source: the comment on the header's format in klog.go, and glog's README.
//
//   - parse: {format: klog, time: {zone: local}}
class KlogFormat final : public Format {
 public:
  explicit KlogFormat(TimeContext times) : times_(std::move(times)) {}

  ParseFailure parse(std::string_view text, record::Arena& arena, FieldsBuilder& fields) const override;

 private:
  TimeContext times_;
};

Definition parse_klog();

}  // namespace sluice::stages
