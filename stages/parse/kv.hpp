// parse: kv
#pragma once

#include <string>

#include "stages/parse/format.hpp"
#include "stages/registry.hpp"

namespace sluice::stages {

// Pairs with separators of one's own: `path:"/a b", status:200`.
//
//   - parse: {format: kv, field_delimiter: ",", key_value_delimiter: ":"}
class KvFormat final : public Format {
 public:
  // Both are not empty and differ.
  KvFormat(std::string field_delimiter, std::string key_value_delimiter)
      : field_delimiter_(std::move(field_delimiter)), key_value_delimiter_(std::move(key_value_delimiter)) {}

  ParseFailure parse(std::string_view text, record::Arena& arena, FieldsBuilder& fields) const override;

 private:
  class Reader;
  std::string field_delimiter_;
  std::string key_value_delimiter_;
};

Definition parse_kv();

}  // namespace sluice::stages
