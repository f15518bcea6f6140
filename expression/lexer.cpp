#include "expression/lexer.hpp"

#include <algorithm>
#include <charconv>

#include "expression/text.hpp"

namespace sluice::expression {

namespace {

constexpr bool is_digit(char c) { return c >= '0' && c <= '9'; }
constexpr bool is_letter(char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_'; }
constexpr bool is_space(char c) { return c == ' ' || (c >= '\t' && c <= '\r'); }
constexpr int hex_digit(char c) {
  if (is_digit(c)) return c - '0';
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  if (c >= 'A' && c <= 'F') return c - 'A' + 10;
  return -1;
}

class Lexer {
 public:
  Lexer(std::string_view source, record::Arena& arena, std::vector<CompileError>& errors)
      : source_(source), arena_(arena), errors_(errors) {}

  std::vector<Token> run() {
    std::vector<Token> tokens;
    do {
      skip_space();
      start_ = at_;
      tokens.push_back(next());
    } while (tokens.back().kind != TokenKind::end);
    return tokens;
  }

 private:
  char peek(std::size_t ahead = 0) const { return at_ + ahead < source_.size() ? source_[at_ + ahead] : '\0'; }
  bool at_end() const { return at_ >= source_.size(); }

  void fail(std::size_t offset, std::size_t length, std::string message, std::string hint = {}) {
    errors_.push_back({offset, std::min(length, source_.size() - std::min(offset, source_.size())), std::move(message),
                       std::move(hint)});
  }

  Token make(TokenKind kind, record::Value value = {}) const {
    const std::string_view text = source_.substr(start_, at_ - start_);
    return {kind, static_cast<std::uint32_t>(start_), static_cast<std::uint32_t>(text.size()), text, value};
  }

  void skip_space() {
    while (!at_end()) {
      if (is_space(source_[at_])) {
        ++at_;
      } else if (peek() == '/' && peek(1) == '/') {
        while (!at_end() && source_[at_] != '\n') ++at_;
      } else {
        return;
      }
    }
  }

  Token next() {
    if (at_end()) return make(TokenKind::end);
    const char c = peek();
    if (is_digit(c) || (c == '.' && is_digit(peek(1)))) return number();
    if (c == '"' || c == '\'') return string(false, false);
    if (is_letter(c)) return word();
    if (c == '`') return backquoted();
    return punctuation();
  }

  // [rRbB] prefixes of string literals, identifiers and keywords.
  Token word() {
    std::size_t prefix = 0;
    bool raw = false;
    bool bytes = false;
    while (prefix < 2) {
      const char c = peek(prefix);
      if ((c == 'r' || c == 'R') && !raw) {
        raw = true;
      } else if ((c == 'b' || c == 'B') && !bytes && !raw) {
        bytes = true;
      } else {
        break;
      }
      ++prefix;
    }
    if (prefix > 0 && (peek(prefix) == '"' || peek(prefix) == '\'')) {
      at_ += prefix;
      return string(raw, bytes);
    }
    while (is_letter(peek()) || is_digit(peek())) ++at_;
    return make(TokenKind::identifier);
  }

  // `content-type`, after a dot only: the parser sees to that.
  Token backquoted() {
    const std::size_t end = source_.find('`', at_ + 1);
    if (end == std::string_view::npos) {
      at_ = source_.size();
      fail(start_, 1, "this ` has no partner");
      return make(TokenKind::quoted_identifier);
    }
    at_ = end + 1;
    Token token = make(TokenKind::quoted_identifier);
    token.text = token.text.substr(1, token.text.size() - 2);
    const bool valid = std::all_of(token.text.begin(), token.text.end(), [](char c) {
      return is_letter(c) || is_digit(c) || c == '.' || c == '-' || c == '/' || c == ' ';
    });
    if (token.text.empty() || !valid) {
      fail(start_, token.length, "a name in backquotes has letters, digits, `_`, `.`, `-`, `/` and blanks only",
           "write record[\"...\"] for other names");
    }
    return token;
  }

  Token number() {
    if (peek() == '0' && (peek(1) == 'x' || peek(1) == 'X') && hex_digit(peek(2)) >= 0) {
      at_ += 2;
      while (hex_digit(peek()) >= 0) ++at_;
      return integer(source_.substr(start_ + 2, at_ - start_ - 2), 16);
    }
    while (is_digit(peek())) ++at_;
    bool real = false;
    if (peek() == '.' && is_digit(peek(1))) {
      real = true;
      ++at_;
      while (is_digit(peek())) ++at_;
    }
    if (peek() == 'e' || peek() == 'E') {
      const std::size_t sign = peek(1) == '+' || peek(1) == '-' ? 1 : 0;
      if (is_digit(peek(1 + sign))) {
        real = true;
        at_ += 1 + sign;
        while (is_digit(peek())) ++at_;
      }
    }
    if (!real) return integer(source_.substr(start_, at_ - start_), 10);
    const std::optional<double> value = parse_double(source_.substr(start_, at_ - start_));
    check_number_end();
    return make(TokenKind::number, record::Value::float64(value.value_or(0)));
  }

  Token integer(std::string_view digits, int base) {
    std::uint64_t value = 0;
    const auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), value, base);
    (void)end;
    const bool is_unsigned = peek() == 'u' || peek() == 'U';
    if (is_unsigned) ++at_;
    check_number_end();
    // 2^63 is good after a minus sign only; the parser decides.
    constexpr std::uint64_t kMinimum = std::uint64_t{1} << 63;
    if (error != std::errc() || (!is_unsigned && value > kMinimum)) {
      fail(start_, at_ - start_,
           is_unsigned ? "this number is too large for uint (64 bits)" : "this number is too large for int (64 bits)",
           "write it as a double: with `.0` at its end");
      value = 0;
    }
    if (is_unsigned || value == kMinimum) {
      Token token = make(TokenKind::number, record::Value::uint64(value));
      return token;
    }
    return make(TokenKind::number, record::Value::int64(static_cast<std::int64_t>(value)));
  }

  void check_number_end() {
    if (!is_letter(peek()) && !is_digit(peek())) return;
    const std::size_t from = at_;
    while (is_letter(peek()) || is_digit(peek())) ++at_;
    fail(start_, at_ - start_, "`" + std::string(source_.substr(start_, at_ - start_)) + "` is not a number",
         source_[from] == 's' || source_[from] == 'm' || source_[from] == 'h'
             ? "a length of time is written duration(\"5s\")"
             : "");
  }

  Token string(bool raw, bool bytes) {
    const char quote = peek();
    const bool triple = peek(1) == quote && peek(2) == quote;
    at_ += triple ? 3 : 1;
    const std::size_t begin = at_;
    bool escapes = false;
    while (true) {
      if (at_end() || (!triple && (peek() == '\n' || peek() == '\r'))) {
        fail(start_, begin - start_, "this string does not end",
             triple ? "close it with three quotes" : std::string("close it with ") + quote);
        return make(TokenKind::string, bytes ? record::Value::bytes({}) : record::Value::string({}));
      }
      if (peek() == quote && (!triple || (peek(1) == quote && peek(2) == quote))) break;
      if (peek() == '\\' && !raw) {
        escapes = true;
        ++at_;
        if (at_end()) continue;
      }
      ++at_;
    }
    std::string_view content = source_.substr(begin, at_ - begin);
    at_ += triple ? 3 : 1;
    if (escapes && !raw) content = unescape(content, begin, bytes);
    return make(TokenKind::string, bytes ? record::Value::bytes(content) : record::Value::string(content));
  }

  std::string_view unescape(std::string_view text, std::size_t offset, bool bytes) {
    char* const out = static_cast<char*>(arena_.allocate(text.size() + 4, 1));  // no escape is shorter than its value
    std::size_t size = 0;
    for (std::size_t i = 0; i < text.size();) {
      if (text[i] != '\\') {
        out[size++] = text[i++];
        continue;
      }
      const std::size_t length = escape(text.substr(i), offset + i, bytes, out, size);
      i += length;
    }
    return {out, size};
  }

  // One escape at the start of `text`; appends its value and gives its length.
  std::size_t escape(std::string_view text, std::size_t offset, bool bytes, char* out, std::size_t& size) {
    static constexpr std::string_view kNames = "abfnrtv\\?\"'`";
    static constexpr std::string_view kValues = "\a\b\f\n\r\t\v\\?\"'`";
    const char c = text.size() > 1 ? text[1] : '\0';
    if (const std::size_t i = kNames.find(c); c != '\0' && i != std::string_view::npos) {
      out[size++] = kValues[i];
      return 2;
    }
    std::size_t digits = 0;
    std::size_t first = 2;
    unsigned base = 16;
    if (c == 'x' || c == 'X') digits = 2;
    if (c == 'u') digits = 4;
    if (c == 'U') digits = 8;
    if (c >= '0' && c <= '3') digits = 3, first = 1, base = 8;
    if (digits == 0 || (bytes && (c == 'u' || c == 'U'))) {
      fail(offset, 2, "there is no escape `\\" + std::string(1, c) + (bytes ? "` in bytes" : "`"),
           c == '\0' ? "" : "a backslash itself is written \\\\, or use a raw string: r\"...\"");
      return 2;
    }
    char32_t value = 0;
    for (std::size_t i = 0; i < digits; ++i) {
      const int digit = first + i < text.size() ? hex_digit(text[first + i]) : -1;
      if (digit < 0 || static_cast<unsigned>(digit) >= base) {
        fail(offset, first + i,
             "this escape needs " + std::to_string(digits) + (base == 8 ? " octal digits" : " hexadecimal digits"));
        return first + i;
      }
      value = value * base + static_cast<unsigned>(digit);
    }
    if (bytes) {
      out[size++] = static_cast<char>(value);
    } else if (value > 0x10ffff || (value >= 0xd800 && value < 0xe000)) {
      fail(offset, first + digits, "this is not a code point of Unicode");
    } else {
      size += encode_code_point(value, out + size);
    }
    return first + digits;
  }

  Token punctuation() {
    struct Sign {
      std::string_view text;
      TokenKind kind;
    };
    using enum TokenKind;
    static constexpr Sign kSigns[] = {{"==", equal},
                                      {"!=", not_equal},
                                      {"<=", less_equal},
                                      {">=", greater_equal},
                                      {"&&", and_and},
                                      {"||", or_or},
                                      {"[", left_bracket},
                                      {"]", right_bracket},
                                      {"{", left_brace},
                                      {"}", right_brace},
                                      {"(", left_parenthesis},
                                      {")", right_parenthesis},
                                      {".", dot},
                                      {",", comma},
                                      {"-", minus},
                                      {"+", plus},
                                      {"*", star},
                                      {"/", slash},
                                      {"%", percent},
                                      {"!", exclamation},
                                      {"?", question},
                                      {":", colon},
                                      {"<", less},
                                      {">", greater}};
    const std::string_view rest = source_.substr(at_);
    for (const Sign& sign : kSigns) {
      if (rest.substr(0, sign.text.size()) != sign.text) continue;
      at_ += sign.text.size();
      return make(sign.kind);
    }
    return stray();
  }

  // A character that has no place in the language: say what was probably meant, and go on as if it were that.
  Token stray() {
    const char c = peek();
    at_ += decode_code_point(source_.substr(at_)).length;
    const std::string_view text = source_.substr(start_, at_ - start_);
    if (c == '=') {
      fail(start_, 1, "`=` is not an operator", "compare with `==`");
      if (peek() == '~')
        ++at_, errors_.back() = {start_, 2, "`=~` is not an operator", "use matches: text.matches(\"regex\")"};
      return make(TokenKind::equal);
    }
    if (c == '&') return fail(start_, 1, "`&` is not an operator", "both conditions: `&&`"), make(TokenKind::and_and);
    if (c == '|') return fail(start_, 1, "`|` is not an operator", "either condition: `||`"), make(TokenKind::or_or);
    std::string hint;
    if (c == '$' || c == '@') hint = "a field with such a name is written record[\"" + std::string(text) + "...\"]";
    if (text == "“" || text == "”" || text == "‘" || text == "’") hint = "quotes are \" or '";
    fail(start_, at_ - start_, "`" + std::string(text) + "` has no meaning here", hint);
    skip_space();
    start_ = at_;
    return next();
  }

  std::string_view source_;
  record::Arena& arena_;
  std::vector<CompileError>& errors_;
  std::size_t at_ = 0;
  std::size_t start_ = 0;
};

}  // namespace

std::vector<Token> tokenize(std::string_view source, record::Arena& arena, std::vector<CompileError>& errors) {
  return Lexer(source, arena, errors).run();
}

}  // namespace sluice::expression
