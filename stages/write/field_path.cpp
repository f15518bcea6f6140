#include "stages/write/field_path.hpp"

#include <string_view>
#include <utility>

#include "record/json.hpp"

namespace sluice::stages {

FieldPath::FieldPath(std::string text, record::FieldTable& fields)
    : text_(std::move(text)), whole_(fields.intern(text_)), first_(whole_) {
  std::string_view left = text_;
  if (left.find('.') == std::string_view::npos) return;
  first_ = fields.intern(left.substr(0, left.find('.')));
  while (left.find('.') != std::string_view::npos) {
    left.remove_prefix(left.find('.') + 1);
    rest_.emplace_back(left.substr(0, left.find('.')));
  }
}

record::Value FieldPath::find(const record::Record& record, record::Arena& arena) const {
  record::Value value = record.find(whole_);
  if (value.is_absent() && !rest_.empty()) {
    value = record.find(first_);
    for (const std::string& name : rest_) {
      if (value.is_absent()) break;
      value = record::member(value, name);
    }
  }
  return decode_string(value, arena);
}

record::Value decode_string(const record::Value& value, record::Arena& arena) {
  const bool is_text = value.is(record::Type::json) && value.text().starts_with('"');
  return is_text ? record::resolve(value, arena) : value;
}

}  // namespace sluice::stages
