#include "stages/enrich/redact.hpp"

#include <re2/re2.h>

#include <algorithm>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "config/suggest.hpp"
#include "record/json.hpp"
#include "stages/enrich/field_editor.hpp"
#include "stages/enrich/redact_pattern.hpp"

namespace sluice::stages {
namespace {

using config::Option;
using record::Field;
using record::Record;
using record::Value;

// All patterns, and one expression that tells in one pass whether any of them may match: most records are clean, and
// the text of a JSON record is looked at as a whole, without taking it apart.
class Redactor {
 public:
  Redactor(std::vector<std::unique_ptr<RedactPattern>> patterns, std::string with)
      : patterns_(std::move(patterns)), with_(std::move(with)), any_(alternatives(patterns_), options()) {
    anchored_ = std::ranges::any_of(patterns_, [](const auto& pattern) { return pattern->is_anchored(); });
  }

  // What is wrong with the patterns together, or "".
  const std::string& error() const { return any_.error(); }

  // Whether no string within this JSON text can match. Escapes may hide what there is, and a pattern with anchors must
  // see each string for itself.
  bool is_clean_json(std::string_view text) const {
    return !anchored_ && text.find('\\') == std::string_view::npos && !may_match(text);
  }

  // The text with everything replaced; absent if there is nothing to replace.
  Value redact(std::string_view text, record::Arena& arena) const {
    if (!may_match(text)) return {};
    std::vector<Span> found;
    for (const auto& pattern : patterns_) pattern->find(text, found);
    if (found.empty()) return {};
    std::ranges::sort(found, {}, &Span::begin);
    std::string redacted;
    std::size_t done = 0;
    std::size_t next = 0;
    while (next < found.size()) {
      Span part = found[next++];
      // What two patterns found in one place is replaced once.
      while (next < found.size() && found[next].begin < part.end) part.end = std::max(part.end, found[next++].end);
      redacted += text.substr(done, part.begin - done);
      redacted += with_;
      done = part.end;
    }
    redacted += text.substr(done);
    return Value::string(arena.copy(redacted));
  }

  // The value with all strings in it redacted; absent if there is nothing to replace.
  Value redact(const Value& value, record::Arena& arena) const {
    return edit_strings(
        value, arena, [&](const Value& string) { return redact(string.text(), arena); },
        [&](std::string_view json) { return is_clean_json(json); });
  }

 private:
  static RE2::Options options() {
    RE2::Options options;
    options.set_log_errors(false);
    options.set_never_capture(true);
    options.set_max_mem(std::int64_t{16} << 20);
    return options;
  }

  static std::string alternatives(const std::vector<std::unique_ptr<RedactPattern>>& patterns) {
    std::string all;
    for (const auto& pattern : patterns) all += (all.empty() ? "(?:" : "|(?:") + pattern->source() + ")";
    return all;
  }

  bool may_match(std::string_view text) const { return RE2::PartialMatch({text.data(), text.size()}, any_); }

  const std::vector<std::unique_ptr<RedactPattern>> patterns_;
  const std::string with_;
  const RE2 any_;
  bool anchored_ = false;
};

class Redact final : public Operation {
 public:
  Redact(std::unique_ptr<Redactor> redactor, std::vector<FieldEditor> fields, record::FieldKey message)
      : redactor_(std::move(redactor)), fields_(std::move(fields)), message_(message) {}

  void apply(const flow::Context&, record::Batch& batch, Tally&) const override {
    record::Arena& arena = batch.arena();
    const Edit edit = [&](const Value& value) { return redactor_->redact(value, arena); };
    for (Record& record : batch.records()) {
      if (fields_.empty()) {
        redact_all(record, arena);
      } else {
        for (const FieldEditor& field : fields_) field.edit(record, arena, edit);
      }
    }
  }

 private:
  void redact_all(Record& record, record::Arena& arena) const {
    if (record.form() == Record::Form::line) {
      const Value changed = redactor_->redact(record.line(), arena);
      if (!changed.is_absent()) record.set(message_, changed, arena);
      return;
    }
    const bool is_json = record.form() == Record::Form::json;
    if (is_json && redactor_->is_clean_json(record.json_text()) && record.added().empty()) return;
    // Looked at first, changed only where there is something to change: a clean record stays as it came.
    const Value members = is_json ? record::resolve(Value::json(record.json_text()), arena) : Value::map({});
    if (find(members.fields(), arena).empty() && find(record.added(), arena).empty()) return;
    const std::span<const Field> all = record.fields(arena);
    const std::span<Field> fields = arena.make_array<Field>(all.size());
    std::ranges::copy(all, fields.begin());
    for (Field& field : fields) {
      const Value changed = redactor_->redact(field.value, arena);
      if (!changed.is_absent()) field.value = changed;
    }
    record.set_fields(fields);
  }

  // From the first field on in which there is something to replace.
  std::span<const Field> find(std::span<const Field> fields, record::Arena& arena) const {
    const auto first = std::ranges::find_if(
        fields, [&](const Field& field) { return !redactor_->redact(field.value, arena).is_absent(); });
    return fields.subspan(static_cast<std::size_t>(first - fields.begin()));
  }

  const std::unique_ptr<Redactor> redactor_;
  const std::vector<FieldEditor> fields_;
  const record::FieldKey message_;
};

bool is_word(std::string_view text) {
  return std::ranges::all_of(text, [](char c) { return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '_'; });
}

// Null after an error, which is reported.
std::unique_ptr<RedactPattern> make_pattern(const config::Value& option, Workshop& workshop) {
  const std::string& source = option.string();
  if (auto named = RedactPattern::named(source)) return named;
  if (const auto nearest = config::nearest_name(source, RedactPattern::names()); nearest && is_word(source)) {
    workshop.diagnostics.error(option.location(), "there is no pattern named `" + source + "`",
                               "did you mean `" + *nearest + "`? Write `(?:" + source + ")` for the word itself",
                               option.node().span());
    return nullptr;
  }
  RedactPattern::Error error;
  auto pattern = RedactPattern::compile(source, error);
  if (pattern == nullptr) {
    const std::size_t at = error.offending.empty() ? std::string::npos : source.find(error.offending);
    const bool found = at != std::string::npos;
    workshop.diagnostics.error(option.location(found ? at : 0), "in the pattern: " + error.message,
                               "the syntax is RE2's: https://github.com/google/re2/wiki/Syntax",
                               found ? error.offending.size() : option.node().span());
  }
  return pattern;
}

}  // namespace

Option redact_option() {
  return Option::mapping(
             "redact",
             {Option::list("patterns", Option::string().not_empty())
                  .or_single()
                  .required()
                  .not_empty()
                  .example("[email, credit_card, 'session=(\\w+)']")
                  .doc(
                      "what to replace: `email`, `ipv4`, `ipv6`, `credit_card` (issuer's range and Luhn's check "
                      "digit), `iban` (length and check digits), `jwt`, `aws_key`, `bearer`, or regular expressions in "
                      "RE2's syntax; where one has a group, only what the first group matched"),
              Option::list("fields", Option::string().not_empty())
                  .or_single()
                  .not_empty()
                  .doc("where to look, `a.b` for a nested field; if it is not given, in all strings of the record at "
                       "any depth"),
              Option::string("with").defaults("\"***\"").doc("what stands there instead")})
      .example("{patterns: [email, credit_card], with: \"***\"}")
      .doc("replace what should not be stored; `rejects` still get the line as it came");
}

std::unique_ptr<Operation> make_redact(const config::Settings& settings, Workshop& workshop) {
  const config::Settings& section = settings.section("redact");
  std::vector<std::unique_ptr<RedactPattern>> patterns;
  bool good = true;
  for (const config::Value& option : section.items("patterns")) {
    patterns.push_back(make_pattern(option, workshop));
    good = good && patterns.back() != nullptr;
  }
  std::vector<FieldEditor> fields;
  if (section.has("fields")) {
    for (const std::string& name : section.strings("fields")) fields.emplace_back(name, workshop.fields);
  }
  if (!good) return nullptr;
  auto redactor = std::make_unique<Redactor>(std::move(patterns), section.string("with"));
  if (!redactor->error().empty()) {
    workshop.diagnostics.error(section.locate("patterns"), "the patterns do not go together: " + redactor->error(),
                               "spread them over several enrich stages");
    return nullptr;
  }
  return std::make_unique<Redact>(std::move(redactor), std::move(fields), workshop.fields.intern(Record::kMessage));
}

}  // namespace sluice::stages
