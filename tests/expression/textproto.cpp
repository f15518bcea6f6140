#include "textproto.hpp"

#include <algorithm>
#include <cctype>
#include <cstdint>
#include <stdexcept>

namespace sluice::test {

const ProtoField* ProtoMessage::find(std::string_view name) const {
  const auto found = std::find_if(fields.begin(), fields.end(), [&](const ProtoField& f) { return f.name == name; });
  return found == fields.end() ? nullptr : &*found;
}

std::string ProtoMessage::text(std::string_view name) const {
  const ProtoField* field = find(name);
  return field == nullptr ? std::string() : field->scalar;
}

const ProtoMessage& ProtoMessage::message(std::string_view name) const {
  static const ProtoMessage kEmpty;
  const ProtoField* field = find(name);
  return field == nullptr || field->message == nullptr ? kEmpty : *field->message;
}

std::vector<const ProtoField*> ProtoMessage::all(std::string_view name) const {
  std::vector<const ProtoField*> found;
  for (const ProtoField& field : fields) {
    if (field.name == name) found.push_back(&field);
  }
  return found;
}

namespace {

class Reader {
 public:
  explicit Reader(std::string_view text) : text_(text) {}

  ProtoMessage message(char end) {
    ProtoMessage result;
    for (skip_space(); peek() != end; skip_space()) {
      if (peek() == '\0') fail("the text ends inside of a message");
      field(result);
      skip_space();
      if (peek() == ',' || peek() == ';') ++at_;
    }
    return result;
  }

 private:
  [[noreturn]] void fail(const std::string& what) const {
    const auto line =
        std::count(text_.begin(), text_.begin() + static_cast<std::ptrdiff_t>(std::min(at_, text_.size())), '\n') + 1;
    throw std::runtime_error("line " + std::to_string(line) + ": " + what);
  }
  char peek() const { return at_ < text_.size() ? text_[at_] : '\0'; }
  void skip_space() {
    while (at_ < text_.size()) {
      if (std::isspace(static_cast<unsigned char>(text_[at_])) != 0) {
        ++at_;
      } else if (text_[at_] == '#') {
        while (at_ < text_.size() && text_[at_] != '\n') ++at_;
      } else {
        return;
      }
    }
  }

  std::string word() {
    const std::size_t begin = at_;
    if (peek() == '[') {
      while (peek() != ']' && peek() != '\0') ++at_;
      ++at_;
    }
    while (std::isalnum(static_cast<unsigned char>(peek())) != 0 || peek() == '_' || peek() == '.' || peek() == '-' ||
           peek() == '+')
      ++at_;
    if (at_ == begin) fail(std::string("unexpected `") + peek() + "`");
    return std::string(text_.substr(begin, at_ - begin));
  }

  void field(ProtoMessage& into) {
    const std::string name = word();
    skip_space();
    if (peek() == ':') ++at_, skip_space();
    if (peek() != '[') return value(into, name);
    ++at_;
    for (skip_space(); peek() != ']'; skip_space()) {
      value(into, name);
      skip_space();
      if (peek() == ',') ++at_;
    }
    ++at_;
  }

  void value(ProtoMessage& into, const std::string& name) {
    ProtoField field;
    field.name = name;
    if (peek() == '{' || peek() == '<') {
      const char end = peek() == '{' ? '}' : '>';
      ++at_;
      field.message = std::make_unique<ProtoMessage>(message(end));
      ++at_;
    } else if (peek() == '"' || peek() == '\'') {
      while (peek() == '"' || peek() == '\'') {  // strings side by side are one
        string(field.scalar);
        skip_space();
      }
    } else {
      field.scalar = word();
    }
    into.fields.push_back(std::move(field));
  }

  void string(std::string& out) {
    const char quote = text_[at_++];
    while (peek() != quote) {
      if (peek() == '\0' && at_ >= text_.size()) fail("a string does not end");
      if (peek() == '\\') {
        escape(out);
      } else {
        out += text_[at_++];
      }
    }
    ++at_;
  }

  unsigned digits(unsigned base, int most) {
    unsigned value = 0;
    for (; most > 0; --most, ++at_) {
      const char c = peek();
      const int digit = c >= '0' && c <= '9'                                ? c - '0'
                        : std::isxdigit(static_cast<unsigned char>(c)) != 0 ? std::tolower(c) - 'a' + 10
                                                                            : 99;
      if (digit >= static_cast<int>(base)) break;
      value = value * base + static_cast<unsigned>(digit);
    }
    return value;
  }

  void escape(std::string& out) {
    ++at_;
    const char c = text_[at_++];
    static constexpr std::string_view kNames = "abfnrtv\\'\"?";
    static constexpr std::string_view kValues = "\a\b\f\n\r\t\v\\'\"?";
    if (const std::size_t i = kNames.find(c); i != std::string_view::npos) {
      out += kValues[i];
    } else if (c == 'x' || c == 'X') {
      out += static_cast<char>(digits(16, 2));
    } else if (c == 'u' || c == 'U') {
      utf8(out, digits(16, c == 'u' ? 4 : 8));
    } else if (c >= '0' && c <= '7') {
      --at_;
      out += static_cast<char>(digits(8, 3));
    } else {
      fail(std::string("unknown escape \\") + c);
    }
  }

  static void utf8(std::string& out, unsigned value) {
    const auto put = [&](unsigned byte) { out += static_cast<char>(byte); };
    if (value < 0x80) return put(value);
    if (value < 0x800) return put(0xc0 | (value >> 6)), put(0x80 | (value & 0x3f));
    if (value < 0x10000) {
      return put(0xe0 | (value >> 12)), put(0x80 | ((value >> 6) & 0x3f)), put(0x80 | (value & 0x3f));
    }
    put(0xf0 | (value >> 18)), put(0x80 | ((value >> 12) & 0x3f));
    put(0x80 | ((value >> 6) & 0x3f)), put(0x80 | (value & 0x3f));
  }

  std::string_view text_;
  std::size_t at_ = 0;
};

}  // namespace

ProtoMessage read_textproto(std::string_view text) { return Reader(text).message('\0'); }

}  // namespace sluice::test
