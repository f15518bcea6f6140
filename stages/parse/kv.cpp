#include "stages/parse/kv.hpp"

#include <memory>
#include <utility>

#include "stages/parse/parse_stage.hpp"
#include "stages/parse/scan.hpp"

namespace sluice::stages {

using record::Value;

namespace {

constexpr std::string_view kReason = "invalid_kv";

bool is_blank(char c) { return c == ' ' || c == '\t'; }

std::string_view trimmed(std::string_view text) {
  while (!text.empty() && is_blank(text.front())) text.remove_prefix(1);
  while (!text.empty() && is_blank(text.back())) text.remove_suffix(1);
  return text;
}

// Takes the backslash before a quote or a backslash away; others stand for themselves, as paths of Windows need it.
std::string_view unescape(std::string_view text, char quote, record::Arena& arena) {
  char* const begin = static_cast<char*>(arena.allocate(text.size(), 1));
  char* to = begin;
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (text[i] == '\\' && i + 1 < text.size() && (text[i + 1] == quote || text[i + 1] == '\\')) ++i;
    *to++ = text[i];
  }
  return between(begin, to);
}

}  // namespace

class KvFormat::Reader {
 public:
  Reader(const KvFormat& format, std::string_view text, record::Arena& arena, FieldsBuilder& fields)
      : format_(format), text_(text), arena_(arena), fields_(fields) {}

  ParseFailure read() {
    bool has_pair = false;
    bool has_flag = false;
    for (;;) {
      skip_delimiters();
      if (at_ == text_.size()) break;
      if (ParseFailure failure = read_pair(has_pair, has_flag)) return failure;
    }
    if (has_flag && !has_pair) return {kReason, "there is no `" + format_.key_value_delimiter_ + "` in the text"};
    return {};
  }

 private:
  bool is_at(std::string_view delimiter) const { return text_.substr(at_, delimiter.size()) == delimiter; }

  // Blanks and field delimiters: empty fields are nothing.
  void skip_delimiters() {
    while (at_ < text_.size()) {
      if (is_at(format_.field_delimiter_)) {
        at_ += format_.field_delimiter_.size();
      } else if (is_blank(text_[at_]) && !is_at(format_.key_value_delimiter_)) {
        ++at_;
      } else {
        return;
      }
    }
  }

  void skip_blanks() {
    while (at_ < text_.size() && is_blank(text_[at_]) && !is_at(format_.field_delimiter_)) ++at_;
  }

  ParseFailure read_pair(bool& has_pair, bool& has_flag) {
    const std::size_t start = at_;
    const std::size_t field_end = std::min(text_.find(format_.field_delimiter_, at_), text_.size());
    const std::size_t key_end = text_.substr(0, field_end).find(format_.key_value_delimiter_, at_);
    if (key_end == std::string_view::npos) {  // a key alone
      at_ = field_end;
      has_flag = true;
      fields_.add(trimmed(text_.substr(start, field_end - start)), Value::boolean(true));
      return {};
    }
    const std::string_view key = trimmed(text_.substr(start, key_end - start));
    if (key.empty()) return {kReason, "byte " + std::to_string(start + 1) + ": a pair without a key"};
    has_pair = true;
    at_ = key_end + format_.key_value_delimiter_.size();
    skip_blanks();
    if (at_ < text_.size() && (text_[at_] == '"' || text_[at_] == '\'')) return read_quoted(key);
    const std::size_t value_end = std::min(text_.find(format_.field_delimiter_, at_), text_.size());
    fields_.add(key, Value::string(trimmed(text_.substr(at_, value_end - at_))));
    at_ = value_end;
    return {};
  }

  ParseFailure read_quoted(std::string_view key) {
    const char quote = text_[at_];
    const char* const end = text_.data() + text_.size();
    const char* const first = text_.data() + at_ + 1;
    const char* p = first;
    bool has_escapes = false;
    for (;;) {
      p = find_either(p, end, quote, '\\');
      if (p == end || (*p == '\\' && p + 1 == end)) {
        return {kReason, "byte " + std::to_string(at_ + 1) + ": the quote has no end"};
      }
      if (*p == quote) break;
      has_escapes = true;
      p += 2;
    }
    const std::string_view value = between(first, p);
    fields_.add(key, Value::string(has_escapes ? unescape(value, quote, arena_) : value));
    at_ = static_cast<std::size_t>(p - text_.data()) + 1;
    if (at_ < text_.size() && !is_at(format_.field_delimiter_) && !is_blank(text_[at_])) {
      return {kReason, "byte " + std::to_string(at_ + 1) + ": expected `" + format_.field_delimiter_ +
                           "` after the quoted value"};
    }
    return {};
  }

  const KvFormat& format_;
  std::string_view text_;
  std::size_t at_ = 0;
  record::Arena& arena_;
  FieldsBuilder& fields_;
};

ParseFailure KvFormat::parse(std::string_view text, record::Arena& arena, FieldsBuilder& fields) const {
  return Reader(*this, text, arena, fields).read();
}

namespace {

AnyStage make(const config::Settings& settings, Workshop& workshop) {
  std::string between_fields = settings.string("field_delimiter");
  std::string after_key = settings.string("key_value_delimiter");
  std::unique_ptr<const Format> format;
  if (between_fields == after_key) {
    workshop.diagnostics.error(settings.locate("field_delimiter"),
                               "`field_delimiter` and `key_value_delimiter` must differ");
  } else {
    format = std::make_unique<KvFormat>(std::move(between_fields), std::move(after_key));
  }
  return make_parse_stage(std::move(format), settings, workshop);
}

}  // namespace

Definition parse_kv() {
  config::StageSpec spec;
  spec.kind = "parse";
  spec.variant = std::string("kv");
  spec.summary = "Pairs of keys and values with separators of one's own.";
  spec.description =
      "Blanks around keys and values do not count; values may be quoted with `\"` or `'`, and a backslash escapes the "
      "quote "
      "and itself. A key alone gets the value `true`. Values are strings. A key that comes twice is "
      "kept twice, and expressions see the last. A text without any pair is rejected "
      "(`invalid_kv`). For `key=value` with spaces in between, `logfmt` is stricter and faster.";
  spec.options = {
      config::Option::string("field_delimiter").defaults("\" \"").not_empty().doc("what separates two pairs"),
      config::Option::string("key_value_delimiter").defaults("\"=\"").not_empty().doc("what separates key and value")};
  spec.examples = {{"Colons and commas",
                    "- parse: {format: kv, field_delimiter: ',', key_value_delimiter: ':', types: {status: int}}",
                    {R"(path:"/a, b", host: store.example, status:304, beta)", "no pairs here"},
                    {R"({"path":"/a, b","host":"store.example","status":304,"beta":true})"}}};
  return {std::move(spec), make};
}

}  // namespace sluice::stages
