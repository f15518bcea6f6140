// What the parse stages tell `sluice explain`.
#include <algorithm>

#include "record/json.hpp"
#include "record/json_writer.hpp"
#include "stages/parse/parse_options.hpp"

namespace sluice::stages {

using record::Arena;
using record::Field;
using record::Value;

void ParseOptions::explain_time(std::span<const Field> fields, Arena& arena, std::vector<Remark>& remarks) const {
  if (!time_) return;
  // The last of several fields of one name counts, as it does for who reads the record.
  const auto found = std::find_if(fields.rbegin(), fields.rend(),
                                  [&](const Field& field) { return field.name.text() == time_->name; });
  explain_time(found == fields.rend() ? Value() : found->value, arena, remarks);
}

void ParseOptions::explain_time(const record::Record& record, Arena& arena, std::vector<Remark>& remarks) const {
  if (time_) explain_time(record.find(*time_), arena, remarks);
}

void ParseOptions::explain_time(const Value& value, Arena& arena, std::vector<Remark>& remarks) const {
  const std::string name = "time: field `" + std::string(time_->name) + "`";
  if (value.is_absent()) return remarks.push_back({0, name + " is not there"});
  const Value decoded = value.is(record::Type::json) ? record::resolve(value, arena) : value;
  const std::string reading = time_format_.reading(decoded);
  if (reading.empty()) return;  // a timestamp already, or the reason why the record failed
  record::Buffer text;
  record::write_text(text, decoded);
  remarks.push_back({0, name + " (`" + std::string(text.view()) + "`) " + reading});
}

void ParseOptions::explain_failure(const ParseFailure& failure, std::vector<Remark>& remarks) const {
  if (on_error_ != OnError::pass && on_error_ != OnError::drop) return;
  const char* const fate = on_error_ == OnError::pass ? "; `on_error: pass` lets the record go on as it came"
                                                      : "; `on_error: drop` filters the record";
  remarks.push_back({0, "not of this format, " + std::string(failure.reason) + ": " + failure.detail + fate});
}

}  // namespace sluice::stages
