// Records for tests of stages, made as the parsers make them.
#pragma once

#include <initializer_list>
#include <string>
#include <string_view>
#include <utility>

#include "record/batch.hpp"
#include "record/field_table.hpp"
#include "record/json.hpp"

namespace sluice::testing {

// Appends a record of the form `line`.
inline void add_line(record::Batch& batch, std::string_view line) {
  batch.records().emplace_back(batch.arena().copy(line));
}

// Appends a record of the form `json`; `object` is valid and the fields of `table` are located in it.
inline void add_json(record::Batch& batch, std::string_view object, const record::FieldTable& table) {
  const std::string_view text = batch.arena().copy(object);
  const std::span<record::Value> slots = batch.arena().make_array<record::Value>(table.size());
  for (std::size_t i = 0; i < slots.size(); ++i) slots[i] = record::member(record::Value::json(text), table.name(i));
  batch.records().emplace_back(text).set_json(text, slots);
}

// Appends a record of the form `fields`, which no line stands behind.
inline void add_fields(record::Batch& batch, std::initializer_list<std::pair<std::string_view, record::Value>> fields) {
  const std::span<record::Field> list = batch.arena().make_array<record::Field>(fields.size());
  std::size_t i = 0;
  for (const auto& [name, value] : fields) list[i++] = {record::Value::string(name), value};
  batch.records().emplace_back().set_fields(list);
}

}  // namespace sluice::testing
