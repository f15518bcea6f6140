#include "stages/filter/key.hpp"

#include <utility>

#include "record/json_writer.hpp"
#include "stages/compile_expression.hpp"
#include "stages/write/field_path.hpp"

namespace sluice::stages {

using expression::ErrorReason;
using record::Type;
using record::Value;

std::optional<Key> Key::make(const config::Settings& settings, std::string_view name, Workshop& workshop) {
  if (!settings.has(name)) return Key();
  auto program = compile_expression(settings.value(name), expression::ResultType::any, workshop);
  if (!program) return std::nullopt;
  return Key(std::move(*program));
}

KeyText Key::read(record::Record& record, record::Arena& arena, record::Buffer& scratch) const {
  scratch.clear();
  if (!program_) {
    if (!record.line().empty()) return {record.line(), {}};
    record::write_json(scratch, record);  // a record that no line stands behind
    return {scratch.view(), {}};
  }
  const expression::Result result = program_->evaluate(record, arena);
  if (!result.ok()) return {{}, result.error};
  const Value value = decode_string(result.value, arena);
  if (value.is_absent()) return {{}, {.reason = ErrorReason::no_value, .note = "the key has no value"}};
  if (value.is(Type::string)) return {value.text(), {}};
  record::write_text(scratch, value);
  return {scratch.view(), {}};
}

std::string Key::detail(const expression::Error& error) const {
  return program_ ? "in the key: " + program_->detail(error) : std::string();
}

std::string Key::describe(record::Record& record, record::Arena& arena) const {
  if (!program_) return "the line";
  record::Buffer scratch;
  const KeyText key = read(record, arena, scratch);
  if (!key.ok()) return "error: " + detail(key.error);
  return "`" + std::string(program_->source()) + "` (`" + std::string(key.text) + "`)";
}

}  // namespace sluice::stages
