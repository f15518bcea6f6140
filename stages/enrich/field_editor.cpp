#include "stages/enrich/field_editor.hpp"

#include <algorithm>
#include <string_view>

#include "record/json.hpp"

namespace sluice::stages {

using record::Arena;
using record::Field;
using record::Type;
using record::Value;

namespace {

Value with_field(std::span<const Field> fields, std::size_t place, const Value& value, Arena& arena) {
  const std::span<Field> copy = arena.make_array<Field>(fields.size());
  std::ranges::copy(fields, copy.begin());
  copy[place].value = value;
  return Value::map(copy);
}

// The map with the member at the end of the path replaced; absent if there is none or it was left as it is.
Value edit_member(const Value& container, std::span<const std::string> path, Arena& arena, const Edit& edit) {
  const Value map = record::resolve(container, arena);
  if (!map.is(Type::map)) return {};
  const std::span<const Field> fields = map.fields();
  for (std::size_t i = fields.size(); i-- > 0;) {
    if (fields[i].name.text() != path.front()) continue;
    const Value& member = fields[i].value;
    const Value changed = path.size() == 1 ? edit(member) : edit_member(member, path.subspan(1), arena, edit);
    return changed.is_absent() ? Value() : with_field(fields, i, changed, arena);
  }
  return {};
}

}  // namespace

FieldEditor::FieldEditor(const std::string& path, record::FieldTable& fields)
    : whole_(fields.intern(path)), first_(whole_) {
  std::string_view left = path;
  if (left.find('.') == std::string_view::npos) return;
  first_ = fields.intern(left.substr(0, left.find('.')));
  while (left.find('.') != std::string_view::npos) {
    left.remove_prefix(left.find('.') + 1);
    rest_.emplace_back(left.substr(0, left.find('.')));
  }
}

bool FieldEditor::edit(record::Record& record, Arena& arena, const Edit& edit) const {
  const Value value = record.find(whole_);
  const bool nested = value.is_absent() && !rest_.empty();
  const record::FieldKey& key = nested ? first_ : whole_;
  const Value top = nested ? record.find(first_) : value;
  if (top.is_absent()) return false;
  const Value changed = nested ? edit_member(top, rest_, arena, edit) : edit(top);
  if (changed.is_absent()) return false;
  record.set(key, changed, arena);
  return true;
}

Value edit_strings(const Value& value, Arena& arena, const Edit& edit,
                   const std::function<bool(std::string_view)>& skip) {
  switch (value.type()) {
    case Type::string:
      return edit(value);
    case Type::json: {
      const char first = value.text().front();
      if ((first != '"' && first != '{' && first != '[') || skip(value.text())) return {};
      return edit_strings(record::resolve(value, arena), arena, edit, skip);
    }
    case Type::list: {
      std::span<Value> copy;
      for (std::size_t i = 0; i < value.items().size(); ++i) {
        const Value changed = edit_strings(value.items()[i], arena, edit, skip);
        if (changed.is_absent()) continue;
        if (copy.empty()) copy = arena.make_array<Value>(value.size()), std::ranges::copy(value.items(), copy.begin());
        copy[i] = changed;
      }
      return copy.empty() ? Value() : Value::list(copy);
    }
    case Type::map: {
      std::span<Field> copy;
      for (std::size_t i = 0; i < value.fields().size(); ++i) {
        const Value changed = edit_strings(value.fields()[i].value, arena, edit, skip);
        if (changed.is_absent()) continue;
        if (copy.empty()) copy = arena.make_array<Field>(value.size()), std::ranges::copy(value.fields(), copy.begin());
        copy[i].value = changed;
      }
      return copy.empty() ? Value() : Value::map(copy);
    }
    default:
      return {};
  }
}

}  // namespace sluice::stages
