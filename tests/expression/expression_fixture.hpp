// Records and evaluations for the tests of expressions.
#pragma once

#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "expression/expression.hpp"
#include "record/arena.hpp"
#include "record/buffer.hpp"
#include "record/field_table.hpp"
#include "record/json.hpp"
#include "record/json_writer.hpp"
#include "record/record.hpp"

namespace sluice::test {

// A record of JSON form over `json`, with the fields of `table` located and not decoded, as the JSON parser leaves it.
class JsonRecord {
 public:
  JsonRecord(std::string json, const record::FieldTable& table) : json_(std::move(json)), slots_(table.size()) {
    for (std::size_t i = 0; i < slots_.size(); ++i) {
      slots_[i] = record::member(record::Value::json(json_), table.name(i));
    }
    record_.set_json(json_, slots_);
  }
  JsonRecord(const JsonRecord&) = delete;
  JsonRecord& operator=(const JsonRecord&) = delete;
  record::Record& record() { return record_; }

 private:
  std::string json_;
  std::vector<record::Value> slots_;
  record::Record record_;
};

inline std::string json_text(const record::Value& value) {
  record::Buffer buffer;
  if (!value.is_absent()) record::write_json(buffer, value);
  return std::string(buffer.view());
}

inline std::string errors_text(const std::vector<expression::CompileError>& errors) {
  std::string text;
  for (const expression::CompileError& error : errors) {
    if (!text.empty()) text += " | ";
    text += std::to_string(error.offset) + "+" + std::to_string(error.length) + " " + error.message;
    if (!error.hint.empty()) text += " [" + error.hint + "]";
  }
  return text;
}

// The result for one record as JSON text; "none" if absent; "error: reason" if it failed; "wrong: ..." if it does not
// compile.
inline std::string evaluate(std::string_view source, std::string json = "{}",
                            const expression::CompileOptions& options = {}) {
  record::FieldTable table;
  const expression::CompileResult compiled = expression::compile(source, table, options);
  if (!compiled) return "wrong: " + errors_text(compiled.errors);
  JsonRecord holder(std::move(json), table);
  record::Arena arena;
  const expression::Result result = compiled.program->evaluate(holder.record(), arena);
  if (!result.ok()) return "error: " + std::string(expression::reason_name(result.error.reason));
  return result.value.is_absent() ? "none" : json_text(result.value);
}

// "yes", "no", or the reason of the error.
inline std::string match(std::string_view source, std::string json) {
  record::FieldTable table;
  expression::CompileOptions options;
  options.expect = expression::ResultType::boolean;
  const expression::CompileResult compiled = expression::compile(source, table, options);
  if (!compiled) return "wrong: " + errors_text(compiled.errors);
  JsonRecord holder(std::move(json), table);
  record::Arena arena;
  const expression::Match result = compiled.program->matches(holder.record(), arena);
  if (result.truth == expression::Truth::error) return std::string(expression::reason_name(result.error.reason));
  return result ? "yes" : "no";
}

}  // namespace sluice::test
