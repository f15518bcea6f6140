#include "stages/parse/rfc5424.hpp"

#include <algorithm>
#include <memory>
#include <utility>

#include "stages/parse/scan.hpp"
#include "stages/parse/syslog_message.hpp"

namespace sluice::stages {

using record::Field;
using record::Value;

namespace {

constexpr std::string_view kReason = "invalid_rfc5424";
constexpr Value kTime = field_name("\"time\"");
constexpr Value kHostname = field_name("\"hostname\"");
constexpr Value kAppname = field_name("\"appname\"");
constexpr Value kProcid = field_name("\"procid\"");
constexpr Value kMsgid = field_name("\"msgid\"");
constexpr Value kStructuredData = field_name("\"structured_data\"");
constexpr Value kMessage = field_name("\"message\"");

// Fields of a map while they are read; the array grows inside of the arena.
class FieldList {
 public:
  explicit FieldList(record::Arena& arena) : arena_(arena) {}

  void add(const Value& name, const Value& value) {
    if (size_ == capacity_) grow();
    std::construct_at(first_ + size_++, Field{name, value});
  }
  std::span<Field> fields() { return {first_, size_}; }
  void truncate(std::size_t size) { size_ = size; }

 private:
  void grow() {
    capacity_ = capacity_ == 0 ? 4 : capacity_ * 2;
    auto* const room = static_cast<Field*>(arena_.allocate(capacity_ * sizeof(Field), alignof(Field)));
    std::uninitialized_copy_n(first_, size_, room);
    first_ = room;
  }

  record::Arena& arena_;
  Field* first_ = nullptr;
  std::size_t size_ = 0;
  std::size_t capacity_ = 0;
};

class Reader {
 public:
  Reader(std::string_view text, const SyslogSettings& settings, record::Arena& arena, FieldsBuilder& fields)
      : begin_(text.data()),
        p_(begin_),
        end_(begin_ + text.size()),
        settings_(settings),
        arena_(arena),
        fields_(fields) {}

  // SYSLOG-MSG = HEADER SP STRUCTURED-DATA [SP MSG] (RFC 5424 section 6)
  ParseFailure read() {
    if (ParseFailure failure = read_header()) return failure;
    if (p_ == end_) return expected("structured data or `-`");
    if (*p_ == '-') {
      ++p_;
    } else if (ParseFailure failure = read_structured_data()) {
      return failure;
    }
    if (p_ == end_) return {};
    if (*p_ != ' ') return expected("a space before the message");
    std::string_view message = between(p_ + 1, end_);
    // Section 6.4: a message in UTF-8 begins with a byte order mark, which is not part of it.
    if (message.substr(0, 3) == "\xef\xbb\xbf") message.remove_prefix(3);
    fields_.add(kMessage, Value::string(message));
    return {};
  }

 private:
  ParseFailure expected(std::string_view what) const {
    return {kReason, "byte " + std::to_string(p_ - begin_ + 1) + ": expected " + std::string(what)};
  }

  // HEADER = PRI VERSION SP TIMESTAMP SP HOSTNAME SP APP-NAME SP PROCID SP MSGID (section 6.2)
  ParseFailure read_header() {
    std::string_view rest = between(p_, end_);
    int priority = 0;
    if (!take_priority(rest, priority)) return expected("a priority from <0> to <191>");
    add_priority(priority, settings_.priority, fields_);
    p_ = rest.data();
    // Section 6.2.2: only version 1 is defined.
    if (rest.substr(0, 2) != "1 ") return expected("the version 1 and a space");
    p_ += 2;
    if (ParseFailure failure = read_time()) return failure;
    if (!read_word(kHostname)) return expected("the hostname or `-`, and a space");
    if (!read_word(kAppname)) return expected("the application's name or `-`, and a space");
    if (!read_word(kProcid)) return expected("the process id or `-`, and a space");
    if (!read_word(kMsgid)) return expected("the message id or `-`, and a space");
    return {};
  }

  // A word and the space behind it.
  bool read_word(const Value& name) {
    const char* const space = find_byte(p_, end_, ' ');
    if (space == end_ || space == p_) return false;
    if (space - p_ != 1 || *p_ != '-') fields_.add(name, Value::string(between(p_, space)));
    p_ = space + 1;
    return true;
  }

  // Section 6.2.3: an RFC 3339 time, or the nil value. More digits and lower case do no harm, so they are taken, too.
  ParseFailure read_time() {
    const char* const space = find_byte(p_, end_, ' ');
    if (space == end_ || space == p_) return expected("a time or `-`, and a space");
    std::string_view text = between(p_, space);
    if (text != "-") {
      const std::optional<WrittenTime> time = read_iso_time(text);
      const std::optional<record::Timestamp> instant =
          time && text.empty() ? time->instant(settings_.times) : std::nullopt;
      if (!instant) return expected("a time such as 2026-11-24T10:00:00.000Z, or `-`");
      fields_.add(kTime, Value::timestamp(*instant));
    }
    p_ = space + 1;
    return {};
  }

  // STRUCTURED-DATA = 1*SD-ELEMENT; SD-ELEMENT = "[" SD-ID *(SP SD-PARAM) "]" (section 6.3)
  ParseFailure read_structured_data() {
    FieldList elements(arena_);
    while (p_ != end_ && *p_ == '[') {
      ++p_;
      const char* const id = p_;
      while (p_ != end_ && is_name_byte(*p_)) ++p_;
      if (p_ == id) return expected("the id of an element of structured data");
      const std::string_view name = between(id, p_);
      FieldList parameters(arena_);
      while (p_ != end_ && *p_ == ' ') {
        while (p_ != end_ && *p_ == ' ') ++p_;
        if (p_ != end_ && *p_ == ']') break;
        if (ParseFailure failure = read_parameter(parameters)) return failure;
      }
      if (p_ == end_ || *p_ != ']') return expected("a space and a parameter, or `]`");
      ++p_;
      elements.add(Value::string(name), Value::map(parameters.fields()));
    }
    if (elements.fields().empty()) return expected("structured data or `-`");
    unite_repeated(elements);
    for (Field& element : elements.fields()) element.value = Value::map(join_repeated(element.value.fields()));
    fields_.add(kStructuredData, Value::map(elements.fields()));
    return {};
  }

  // SD-NAME = 1*32PRINTUSASCII without `=`, SP, `]` and `"` (section 6.3.2 f.); longer ones and UTF-8 are taken, too.
  static bool is_name_byte(char c) { return static_cast<unsigned char>(c) > ' ' && c != '=' && c != ']' && c != '"'; }

  // SD-PARAM = PARAM-NAME "=" %d34 PARAM-VALUE %d34; an example of the RFC's own era has a space after the `=`.
  ParseFailure read_parameter(FieldList& parameters) {
    const char* const start = p_;
    while (p_ != end_ && is_name_byte(*p_)) ++p_;
    if (p_ == start) return expected("the name of a parameter");
    const std::string_view name = between(start, p_);
    if (p_ == end_ || *p_ != '=') return expected("`=` after the parameter's name");
    ++p_;
    while (p_ != end_ && *p_ == ' ') ++p_;
    if (p_ == end_ || *p_ != '"') return expected("the parameter's value in quotes");
    const char* const value = ++p_;
    p_ = find_special(p_, end_);
    if (p_ != end_ && *p_ == '"') {
      parameters.add(Value::string(name), Value::quoted_string(between(value, p_++)));
      return {};
    }
    bool has_escapes = false;
    for (;;) {
      p_ = find_either(p_, end_, '"', '\\');
      if (p_ == end_ || (*p_ == '\\' && p_ + 1 == end_)) return expected("the end of the parameter's value, `\"`");
      if (*p_ == '"') break;
      has_escapes = true;
      p_ += 2;
    }
    const std::string_view text = between(value, p_++);
    parameters.add(Value::string(name), Value::string(has_escapes ? unescape(text) : text));
    return {};
  }

  // Section 6.3.3: `"`, `\` and `]` are escaped; a backslash before anything else stands for itself.
  std::string_view unescape(std::string_view text) {
    char* const begin = static_cast<char*>(arena_.allocate(text.size(), 1));
    char* to = begin;
    for (std::size_t i = 0; i < text.size(); ++i) {
      const char next = i + 1 < text.size() ? text[i + 1] : '\0';
      if (text[i] == '\\' && (next == '"' || next == '\\' || next == ']')) ++i;
      *to++ = text[i];
    }
    return between(begin, to);
  }

  // More elements, or parameters of one, than anyone writes are left as they are, since the time to find what is
  // repeated grows with the square.
  static bool has_repeated(std::span<const Field> fields) {
    constexpr std::size_t kMost = 256;
    if (fields.size() > kMost) return false;
    for (std::size_t i = 1; i < fields.size(); ++i) {
      if (is_among(fields.first(i), fields[i].name.text())) return true;
    }
    return false;
  }

  static bool is_among(std::span<const Field> fields, std::string_view name) {
    return std::any_of(fields.begin(), fields.end(), [&](const Field& field) { return field.name.text() == name; });
  }

  // Section 6.3.2 forbids a second element of one id. Senders that write one mean more of the same: its parameters
  // count as if they stood in the first.
  void unite_repeated(FieldList& elements) {
    const std::span<Field> all = elements.fields();
    if (!has_repeated(all)) return;
    std::size_t kept = 0;
    for (std::size_t i = 0; i < all.size(); ++i) {
      const std::string_view name = all[i].name.text();
      if (is_among(all.first(kept), name)) continue;
      FieldList parameters(arena_);
      for (const Field& element : all.subspan(i)) {
        if (element.name.text() != name) continue;
        for (const Field& parameter : element.value.fields()) parameters.add(parameter.name, parameter.value);
      }
      all[kept++] = {all[i].name, Value::map(parameters.fields())};
    }
    elements.truncate(kept);
  }

  // Section 6.3.3 allows parameters of one name: they become one, whose value is the list of theirs.
  std::span<const Field> join_repeated(std::span<const Field> all) {
    if (!has_repeated(all)) return all;
    FieldList joined(arena_);
    for (std::size_t i = 0; i < all.size(); ++i) {
      const std::string_view name = all[i].name.text();
      if (is_among(joined.fields(), name)) continue;
      const auto same = [&](const Field& field) { return field.name.text() == name; };
      const auto rest = all.subspan(i);
      const std::span<Value> values =
          arena_.make_array<Value>(static_cast<std::size_t>(std::count_if(rest.begin(), rest.end(), same)));
      std::size_t next = 0;
      for (const Field& field : rest) {
        if (same(field)) values[next++] = field.value;
      }
      joined.add(all[i].name, values.size() == 1 ? values.front() : Value::list(values));
    }
    return joined.fields();
  }

  const char* begin_;
  const char* p_;
  const char* end_;
  const SyslogSettings& settings_;
  record::Arena& arena_;
  FieldsBuilder& fields_;
};

}  // namespace

ParseFailure read_rfc5424(std::string_view text, const SyslogSettings& settings, record::Arena& arena,
                          FieldsBuilder& fields) {
  return Reader(text, settings, arena, fields).read();
}

Definition parse_rfc5424() {
  config::StageSpec spec;
  spec.kind = "parse";
  spec.variant = "rfc5424";
  spec.summary = "Syslog messages of RFC 5424.";
  spec.description =
      "Finds `facility` and `severity` (numbers, or names), `time` (a timestamp), `hostname`, `appname`, `procid`, "
      "`msgid`, `structured_data` (element id, then parameter) and `message`. Nil values (`-`) are left out, and so is "
      "a byte order mark before the message. A parameter that is repeated in its element becomes a list, in the order "
      "of the message. The RFC forbids to repeat an element; one that is repeated all the same is united with the "
      "first of its id. Other lines are rejected (`invalid_rfc5424`).";
  spec.options = syslog_options();
  spec.examples = {
      {"Structured data",
       "- parse: rfc5424",
       {R"(<165>1 2003-10-11T22:14:15.003Z host.example evntslog - ID47 [ex@32473 iut="3" src="a \"b\" \]"] An event)",
        "<13>1 - - - - - - minimal"},
       {R"({"facility":20,"severity":5,"time":"2003-10-11T22:14:15.003Z","hostname":"host.example",)"
        R"("appname":"evntslog","msgid":"ID47","structured_data":{"ex@32473":{"iut":"3","src":"a \"b\" ]"}},)"
        R"("message":"An event"})",
        R"({"facility":1,"severity":5,"message":"minimal"})"}},
      {"Repeated parameters and elements",
       "- parse: rfc5424",
       {R"(<13>1 - - - - - [origin ip="192.0.2.1" ip="192.0.2.129"][a n="1"][b m="2"][a n="3" o="4"])"},
       {R"({"facility":1,"severity":5,"structured_data":{"origin":{"ip":["192.0.2.1","192.0.2.129"]},)"
        R"("a":{"n":["1","3"],"o":"4"},"b":{"m":"2"}}})"}},
      {"Names instead of numbers",
       "- parse: {format: rfc5424, names: true}",
       {"<34>1 2003-10-11T22:14:15Z host su 77 - - failed"},
       {R"({"facility":"auth","severity":"crit","time":"2003-10-11T22:14:15Z","hostname":"host","appname":"su",)"
        R"("procid":"77","message":"failed"})"}}};
  return {std::move(spec), [](const config::Settings& settings, Workshop& workshop) {
            return make_syslog_stage({read_rfc5424}, settings, workshop);
          }};
}

}  // namespace sluice::stages
