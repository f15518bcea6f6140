#include "record/record.hpp"

#include <algorithm>

#include "record/json.hpp"

namespace sluice::record {

namespace {

constexpr std::uint32_t kSpareFields = 2;

bool named(const Field& field, std::string_view name) { return field.name.text() == name; }

}  // namespace

Value Record::last_named(std::span<const Field> fields, std::string_view name) {
  for (std::size_t i = fields.size(); i-- > 0;) {
    if (named(fields[i], name)) return fields[i].value;
  }
  return {};
}

Value Record::find_in_list(std::string_view name) const {
  if (form_ == Form::line) return name == kMessage ? Value::string(line()) : Value();
  return last_named(added(), name);
}

Value Record::find_any(std::string_view name, Arena& arena) {
  if (form_ != Form::json) return find_in_list(name);
  if (const Value value = last_named(added(), name); !value.is_absent()) return value;
  (void)arena;
  return member(Value::json(json_text()), name);
}

std::span<const Field> Record::fields(Arena& arena) {
  become_fields(arena);
  return added();
}

void Record::become_fields(Arena& arena) {
  if (form_ == Form::fields) return;
  if (form_ == Form::line) {
    added_count_ = 0;
    added_capacity_ = 0;
    form_ = Form::fields;
    append(Value::string(kMessage), Value::string(line()), arena);
    return;
  }
  const std::span<const Field> members = resolve(Value::json(json_text()), arena).fields();
  const std::span<const Field> extra = added();
  std::span<Field> all = arena.make_array<Field>(members.size() + extra.size() + kSpareFields);
  std::ranges::copy(extra, std::ranges::copy(members, all.begin()).out);
  form_ = Form::fields;
  added_ = all.data();
  added_count_ = static_cast<std::uint32_t>(members.size() + extra.size());
  added_capacity_ = static_cast<std::uint32_t>(all.size());
}

void Record::set_fields(std::span<Field> fields) {
  form_ = Form::fields;
  added_ = fields.data();
  added_count_ = static_cast<std::uint32_t>(fields.size());
  added_capacity_ = added_count_;
}

void Record::append(Value name, const Value& value, Arena& arena) {
  if (added_count_ == added_capacity_) {
    std::span<Field> grown = arena.make_array<Field>(added_count_ * 2 + kSpareFields);
    std::ranges::copy(added(), grown.begin());
    added_ = grown.data();
    added_capacity_ = static_cast<std::uint32_t>(grown.size());
  }
  added_[added_count_++] = {name, value};
}

void Record::unshare(Arena& arena) {
  if (added_ == nullptr) return;
  const std::span<Field> own = arena.make_array<Field>(added_count_);
  std::ranges::copy(added(), own.begin());
  added_ = own.data();
  added_capacity_ = added_count_;
}

void Record::set(const FieldKey& key, const Value& value, Arena& arena) {
  if (form_ == Form::line || (form_ == Form::json && key.slot < slot_count_ && !slots_[key.slot].is_absent())) {
    become_fields(arena);
  }
  for (std::size_t i = added_count_; i-- > 0;) {
    if (!named(added_[i], key.name)) continue;
    added_[i].value = value;
    return;
  }
  append(Value::string(key.name), value, arena);
}

bool Record::remove(const FieldKey& key, Arena& arena) {
  if (find(key).is_absent()) return false;
  become_fields(arena);
  Field* end =
      std::remove_if(added_, added_ + added_count_, [&](const Field& field) { return named(field, key.name); });
  added_count_ = static_cast<std::uint32_t>(end - added_);
  return true;
}

bool Record::rename(const FieldKey& from, const FieldKey& to, Arena& arena) {
  const Value value = find(from);
  if (value.is_absent()) return false;
  if (from.name == to.name) return true;
  become_fields(arena);
  // Of several fields of the old name the last counts; it keeps its place under the new one.
  std::size_t last = added_count_;
  while (!named(added_[--last], from.name)) {
  }
  Field& kept = added_[last];
  kept.name = Value();
  Field* end = std::remove_if(added_, added_ + added_count_, [&](const Field& field) {
    return !field.name.is_absent() && (named(field, from.name) || named(field, to.name));
  });
  added_count_ = static_cast<std::uint32_t>(end - added_);
  std::find_if(added_, end, [](const Field& field) { return field.name.is_absent(); })->name = Value::string(to.name);
  return true;
}

}  // namespace sluice::record
