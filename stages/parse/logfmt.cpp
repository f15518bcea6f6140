#include "stages/parse/logfmt.hpp"

#include <memory>

#include "record/json_string.hpp"
#include "record/utf8.hpp"
#include "stages/parse/parse_stage.hpp"
#include "stages/parse/scan.hpp"
#include "stages/parse/text_utf8.hpp"

namespace sluice::stages {

using record::Value;

namespace {

constexpr std::string_view kReason = "invalid_logfmt";

bool is_hex(char c) { return is_digit(c) || ((c | 0x20) >= 'a' && (c | 0x20) <= 'f'); }

// Whether every escape is one of JSON's, or \'.
bool has_valid_escapes(std::string_view text) {
  for (std::size_t at = text.find('\\'); at != std::string_view::npos; at = text.find('\\', at + 2)) {
    const char c = text[at + 1];
    if (std::string_view("\"\\/'bfnrt").find(c) != std::string_view::npos) continue;
    if (c != 'u' || text.size() < at + 6) return false;
    for (std::size_t i = at + 2; i < at + 6; ++i) {
      if (!is_hex(text[i])) return false;
    }
  }
  return true;
}

// U+FFFD is refused as well: it says that the text was broken before it came here.
bool is_valid_key(std::string_view key) {
  return key.find(record::kReplacementCharacter) == std::string_view::npos && is_valid_utf8(key);
}

bool is_ascii(std::string_view text) {
  unsigned char all = 0;
  for (const char c : text) all |= static_cast<unsigned char>(c);
  return all < 0x80;
}

}  // namespace

// Reads one line. Positions in messages count bytes from 1.
class LogfmtFormat::Reader {
 public:
  Reader(std::string_view text, record::Arena& arena, FieldsBuilder& fields, Values values)
      : begin_(text.data()), p_(begin_), end_(begin_ + text.size()), arena_(arena), fields_(fields), values_(values) {}

  ParseFailure read() {
    for (;;) {
      // Everything up to the space is white space here: control characters separate, too.
      while (p_ != end_ && static_cast<unsigned char>(*p_) <= ' ') ++p_;
      if (p_ == end_) return {};
      const char* const key = p_;
      p_ = find_word_end(p_, end_);
      if (p_ == key || (p_ != end_ && *p_ == '"')) return unexpected();
      const std::string_view name = between(key, p_);
      if (!is_ascii(name) && !is_valid_key(name)) return failed(key, "invalid key");
      if (p_ == end_ || *p_ != '=') {
        fields_.add(name, Value::boolean(true));
        continue;
      }
      ++p_;
      if (p_ != end_ && *p_ == '"') {
        ++p_;
        if (ParseFailure failure = read_quoted(name)) return failure;
        continue;
      }
      const char* const value = p_;
      p_ = find_word_end(p_, end_);
      if (p_ != end_ && static_cast<unsigned char>(*p_) > ' ') return unexpected();
      fields_.add(name, plain(between(value, p_)));
    }
  }

 private:
  ParseFailure failed(const char* at, std::string_view what) const {
    return {kReason, "byte " + std::to_string(at - begin_ + 1) + ": " + std::string(what)};
  }
  ParseFailure unexpected() const { return failed(p_, "unexpected '" + std::string(1, *p_) + "'"); }

  Value plain(std::string_view text) const {
    const Value value = Value::string(text);
    return values_ == Values::inferred ? infer(value) : value;
  }

  // From behind the opening quote to behind the closing one.
  ParseFailure read_quoted(std::string_view name) {
    const char* const value = p_;
    p_ = find_special(p_, end_);
    if (p_ != end_ && *p_ == '"') {
      fields_.add(name, Value::quoted_string(between(value, p_++)));
      return {};
    }
    bool has_escapes = false;
    for (;;) {
      p_ = find_either(p_, end_, '"', '\\');
      if (p_ == end_ || (*p_ == '\\' && p_ + 1 == end_)) return failed(end_, "unterminated quoted value");
      if (*p_ == '"') break;
      has_escapes = true;
      p_ += 2;
    }
    const std::string_view text = between(value, p_++);
    if (has_escapes && !has_valid_escapes(text)) return failed(value, "invalid quoted value");
    fields_.add(name, Value::string(has_escapes ? unescape(text) : text));
    return {};
  }

  // JSON has no \', so it is taken out first.
  std::string_view unescape(std::string_view text) {
    if (text.find("\\'") == std::string_view::npos) return record::unescape_json(text, arena_);
    char* const copy = static_cast<char*>(arena_.allocate(text.size(), 1));
    char* to = copy;
    for (std::size_t i = 0; i < text.size(); ++i) {
      if (text[i] != '\\') {
        *to++ = text[i];
        continue;
      }
      if (text[i + 1] != '\'') *to++ = '\\';
      *to++ = text[++i];
    }
    return record::unescape_json(between(copy, to), arena_);
  }

  const char* begin_;
  const char* p_;
  const char* end_;
  record::Arena& arena_;
  FieldsBuilder& fields_;
  Values values_;
};

ParseFailure LogfmtFormat::parse(std::string_view text, record::Arena& arena, FieldsBuilder& fields) const {
  return Reader(text, arena, fields, values_).read();
}

Definition parse_logfmt() {
  config::StageSpec spec;
  spec.kind = "parse";
  spec.variant = "logfmt";
  spec.summary = "`key=value` pairs, as many Go programs and Heroku write them.";
  spec.description =
      "Pairs are separated by spaces or control characters; a value in double quotes may hold them, with the escapes "
      "of "
      "JSON. A key without `=` is a flag and gets the value `true`; `key=` is an empty string. Values are strings, "
      "since "
      "a text such as `007` or `1e5` may be an identifier: name those that are numbers under `types`, or set `infer`. "
      "A "
      "key that comes twice is kept twice, and expressions see the last. A line with a stray `=` or `\"` is rejected "
      "(`invalid_logfmt`).";
  spec.options = {config::Option::boolean("infer").defaults("false").doc(
      "make numbers and booleans of unquoted values that JSON would write so (`12`, `-1.5`, `true`; not `007`)")};
  spec.examples = {
      {"Pairs become fields",
       "- parse: {format: logfmt, types: {status: int, took: duration}}",
       {R"(level=info msg="request done" status=200 took=12ms slow)", R"(a=b=c)"},
       {R"({"level":"info","msg":"request done","status":200,"took":"0.012s","slow":true})"}},
      {"Numbers by themselves, beside the line",
       "- parse: {format: logfmt, infer: true, into: app}",
       {R"(status=200 ms=1.5 id=007 code="200")"},
       {R"({"message":"status=200 ms=1.5 id=007 code=\"200\"","app":{"status":200,"ms":1.5,"id":"007","code":"200"}})"}}};
  return {std::move(spec), [](const config::Settings& settings, Workshop& workshop) {
            const auto values =
                settings.boolean("infer") ? LogfmtFormat::Values::inferred : LogfmtFormat::Values::texts;
            return make_parse_stage(std::make_unique<LogfmtFormat>(values), settings, workshop);
          }};
}

}  // namespace sluice::stages
