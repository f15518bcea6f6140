#include "stages/write/encode_json.hpp"

namespace sluice::stages {

void JsonEncoder::append(record::Buffer& out, record::Record& record, record::Arena&, record::Utf8Trust trust) const {
  record::write_json(out, record, trust);
  out.push_back('\n');
}

}  // namespace sluice::stages
