#include "stages/parse/access_log.hpp"

#include <string>

#include "stages/parse/scan.hpp"
#include "stages/parse/text_utf8.hpp"
#include "stages/parse/time.hpp"

namespace sluice::stages {

using record::Value;

namespace {

constexpr Value kClientIp = field_name("\"client_ip\"");
constexpr Value kIdent = field_name("\"ident\"");
constexpr Value kUser = field_name("\"user\"");
constexpr Value kTime = field_name("\"time\"");
constexpr Value kMethod = field_name("\"method\"");
constexpr Value kPath = field_name("\"path\"");
constexpr Value kProtocol = field_name("\"protocol\"");
constexpr Value kRequest = field_name("\"request\"");
constexpr Value kStatus = field_name("\"status\"");
constexpr Value kBytes = field_name("\"bytes\"");
constexpr Value kReferer = field_name("\"referer\"");
constexpr Value kUserAgent = field_name("\"user_agent\"");
constexpr Value kExtra = field_name("\"extra\"");

int hex_value(char c) {
  if (is_digit(c)) return c - '0';
  const char lower = static_cast<char>(c | 0x20);
  return lower >= 'a' && lower <= 'f' ? lower - 'a' + 10 : -1;
}

// What httpd and nginx escape: \" \\ \n \t \r \b \v \f and \xHH; other backslashes stand for themselves. If the result
// would not be UTF-8 (a TLS handshake sent to a plain port, say) the text stays as it is written.
std::string_view unescape(std::string_view text, record::Arena& arena) {
  char* const begin = static_cast<char*>(arena.allocate(text.size(), 1));
  char* to = begin;
  bool has_bytes = false;
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (text[i] != '\\' || i + 1 == text.size()) {
      *to++ = text[i];
      continue;
    }
    constexpr std::string_view kLetters = "\"\\ntrbvf";
    constexpr std::string_view kMeanings = "\"\\\n\t\r\b\v\f";
    const char c = text[i + 1];
    if (const std::size_t letter = kLetters.find(c); letter != std::string_view::npos) {
      *to++ = kMeanings[letter];
      ++i;
    } else if (c == 'x' && i + 3 < text.size() && hex_value(text[i + 2]) >= 0 && hex_value(text[i + 3]) >= 0) {
      *to++ = static_cast<char>(hex_value(text[i + 2]) * 16 + hex_value(text[i + 3]));
      has_bytes = true;
      i += 3;
    } else {
      *to++ = '\\';
    }
  }
  const std::string_view result = between(begin, to);
  return has_bytes && !is_valid_utf8(result) ? text : result;
}

// A method is a token (RFC 9110 section 5.6.2); all that exist are letters, with `-` or `_` in between.
bool is_method(std::string_view text) {
  for (const char c : text) {
    const char lower = static_cast<char>(c | 0x20);
    if ((lower < 'a' || lower > 'z') && c != '-' && c != '_') return false;
  }
  return !text.empty();
}

}  // namespace

// Reads one line from left to right.
class AccessLogFormat::Reader {
 public:
  Reader(std::string_view text, record::Arena& arena, FieldsBuilder& fields)
      : begin_(text.data()), p_(begin_), end_(begin_ + text.size()), arena_(arena), fields_(fields) {}

  ParseFailure read(Kind kind) {
    // %h %l: words
    if (!read_word(kClientIp)) return expected("the client's address and a space");
    if (!read_word(kIdent)) return expected("the identity (`-`) and a space");
    // %u: up to the time, since a user's name may hold spaces
    const char* bracket = find_byte(p_, end_, '[');
    while (bracket != end_ && (bracket - p_ < 2 || bracket[-1] != ' ')) bracket = find_byte(bracket + 1, end_, '[');
    if (bracket == end_) return expected("the user (`-`), a space and the time in brackets");
    add_unless_dash(kUser, between(p_, bracket - 1));
    p_ = bracket + 1;
    // %t
    const char* const closing = find_byte(p_, end_, ']');
    if (closing == end_) return expected("a time and `]`");
    const std::optional<record::Timestamp> time = read_access_log_time(between(p_, closing));
    if (!time) return expected("a time such as 10/Oct/2000:13:55:36 -0700");
    fields_.add(kTime, Value::timestamp(*time));
    p_ = closing + 1;
    // "%r" %>s %b
    Value request;
    if (!read_quoted(request)) return expected("the request line in quotes");
    add_request(request);
    if (!read_number(kStatus)) return expected("the status, a number or `-`");
    if (!read_number(kBytes)) return expected("the number of bytes or `-`");
    if (kind == Kind::combined) {
      if (!read_quoted_field(kReferer)) return expected("the referer in quotes");
      if (!read_quoted_field(kUserAgent)) return expected("the user agent in quotes");
    }
    if (p_ != end_) return read_rest();
    return {};
  }

 private:
  ParseFailure expected(std::string_view what) const {
    return {"invalid_access_log", "byte " + std::to_string(p_ - begin_ + 1) + ": expected " + std::string(what)};
  }

  void add_unless_dash(const Value& name, std::string_view text) {
    if (text != "-") fields_.add(name, Value::string(text));
  }

  // A word and the space behind it.
  bool read_word(const Value& name) {
    const char* const space = find_byte(p_, end_, ' ');
    if (space == end_ || space == p_) return false;
    add_unless_dash(name, between(p_, space));
    p_ = space + 1;
    return true;
  }

  // A space, then digits or a dash.
  bool read_number(const Value& name) {
    constexpr std::ptrdiff_t kMostDigits = 18;
    if (end_ - p_ < 2 || *p_ != ' ') return false;
    const char* digit = p_ + 1;
    if (*digit == '-') {
      p_ = digit + 1;
      return p_ == end_ || *p_ == ' ';
    }
    std::int64_t number = 0;
    while (digit != end_ && is_digit(*digit) && digit - p_ <= kMostDigits) number = number * 10 + (*digit++ - '0');
    if (digit == p_ + 1 || (digit != end_ && *digit != ' ')) return false;
    fields_.add(name, Value::int64(number));
    p_ = digit;
    return true;
  }

  // A space and a text in quotes.
  bool read_quoted(Value& value) {
    if (end_ - p_ < 3 || p_[0] != ' ' || p_[1] != '"') return false;
    const char* const first = p_ + 2;
    const char* quote = find_special(first, end_);
    if (quote != end_ && *quote == '"') {
      value = Value::quoted_string(between(first, quote));
      p_ = quote + 1;
      return true;
    }
    bool has_escapes = false;
    for (;;) {
      quote = find_either(quote, end_, '"', '\\');
      if (quote == end_ || (*quote == '\\' && quote + 1 == end_)) return false;
      if (*quote == '"') break;
      has_escapes = true;
      quote += 2;
    }
    p_ = quote + 1;
    const std::string_view text = between(first, quote);
    value = Value::string(has_escapes ? unescape(text, arena_) : text);
    return true;
  }

  bool read_quoted_field(const Value& name) {
    Value value;
    if (!read_quoted(value)) return false;
    if (value.text() != "-") fields_.add(name, value);
    return true;
  }

  // `method target protocol` (RFC 9112 section 3), or without protocol as in HTTP/0.9.
  void add_request(const Value& request) {
    const std::string_view text = request.text();
    if (text == "-") return;
    const char* const first = text.data();
    const char* const last = first + text.size();
    const char* const space = find_byte(first, last, ' ');
    if (space == last || space + 1 == last || !is_method(between(first, space))) {
      fields_.add(kRequest, request);
      return;
    }
    const char* const target = space + 1;
    const char* before_protocol = last;  // the target itself may hold spaces, if the client was careless
    while (before_protocol != target && *before_protocol != ' ') --before_protocol;
    const std::string_view protocol = before_protocol == target ? "" : between(before_protocol + 1, last);
    if (protocol.substr(0, 5) == "HTTP/") {
      fields_.add(kMethod, Value::string(between(first, space)));
      fields_.add(kPath, Value::string(between(target, before_protocol)));
      fields_.add(kProtocol, Value::string(protocol));
    } else if (*target == '/' && find_byte(target, last, ' ') == last) {
      fields_.add(kMethod, Value::string(between(first, space)));
      fields_.add(kPath, Value::string(between(target, last)));
    } else {
      fields_.add(kRequest, request);
    }
  }

  ParseFailure read_rest() {
    if (*p_ != ' ') return expected("a space or the end of the line");
    while (p_ != end_ && *p_ == ' ') ++p_;
    if (p_ != end_) fields_.add(kExtra, Value::string(between(p_, end_)));
    return {};
  }

  const char* begin_;
  const char* p_;
  const char* end_;
  record::Arena& arena_;
  FieldsBuilder& fields_;
};

ParseFailure AccessLogFormat::parse(std::string_view text, record::Arena& arena, FieldsBuilder& fields) const {
  return Reader(text, arena, fields).read(kind_);
}

}  // namespace sluice::stages
