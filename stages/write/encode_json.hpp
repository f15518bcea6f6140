// encode: json: one JSON object a line. A JSON record that no stage changed comes out byte for byte.
#pragma once

#include "stages/write/encoder.hpp"

namespace sluice::stages {

class JsonEncoder final : public Encoder {
 public:
  void append(record::Buffer& out, record::Record& record, record::Arena& arena,
              record::Utf8Trust trust) const override;
};

}  // namespace sluice::stages
