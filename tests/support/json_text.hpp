// Short ways to write values and records as JSON text in assertions.
#pragma once

#include <string>

#include "record/json_writer.hpp"

namespace sluice::testing {

inline std::string to_json(const record::Value& value) {
  record::Buffer out;
  record::write_json(out, value);
  return std::string(out.view());
}

inline std::string to_json(const record::Record& record) {
  record::Buffer out;
  record::write_json(out, record);
  return std::string(out.view());
}

}  // namespace sluice::testing
