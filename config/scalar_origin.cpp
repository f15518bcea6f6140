#include "config/scalar_origin.hpp"

#include <algorithm>
#include <cstdint>

namespace sluice::config {
namespace {

bool is_blank(char c) { return c == ' ' || c == '\t'; }
bool is_space(char c) { return is_blank(c) || c == '\n' || c == '\r'; }

// Walks the source beside the value. Every take_* function moves both on, or answers false when they do not fit.
class Tracer {
 public:
  Tracer(std::string_view text, std::size_t offset, std::string_view value)
      : text_(text), place_(offset), value_(value) {
    bytes_.reserve(value.size());
  }

  bool run() {
    if (place_ >= text_.size()) return value_.empty();
    switch (text_[place_]) {
      case '"':
        return quoted('"');
      case '\'':
        return quoted('\'');
      case '|':
      case '>':
        return block();
      default:
        return plain();
    }
  }

  std::size_t end() const { return place_; }
  std::vector<std::uint32_t> take_bytes() { return std::move(bytes_); }

 private:
  bool done() const { return bytes_.size() == value_.size(); }
  bool at_end() const { return place_ >= text_.size(); }

  // `count` bytes of the value come from `from`.
  bool give(std::size_t count, std::size_t from) {
    if (value_.size() - bytes_.size() < count) return false;
    bytes_.insert(bytes_.end(), count, static_cast<std::uint32_t>(from));
    return true;
  }

  bool take_same() {
    if (done() || text_[place_] != value_[bytes_.size()]) return false;
    give(1, place_);
    ++place_;
    return true;
  }

  // A line break inside a flow scalar: one break is a blank, n breaks are n - 1 (section 6.5).
  bool take_flow_break() {
    const std::size_t from = place_;
    std::size_t breaks = 0;
    for (; !at_end() && is_space(text_[place_]); ++place_) breaks += text_[place_] == '\n' ? 1 : 0;
    return give(breaks <= 1 ? 1 : breaks - 1, from);
  }

  bool before_break() const {
    std::size_t next = place_;
    while (next < text_.size() && is_blank(text_[next])) ++next;
    return next < text_.size() && (text_[next] == '\n' || text_[next] == '\r');
  }

  bool plain() {
    while (!done()) {
      if (at_end()) return false;
      if (is_space(text_[place_]) && before_break()) {
        if (!take_flow_break()) return false;
      } else if (!take_same()) {
        return false;
      }
    }
    return true;
  }

  bool quoted(char quote) {
    ++place_;
    while (!at_end()) {
      const char c = text_[place_];
      if (c == quote) {
        const bool doubled = quote == '\'' && place_ + 1 < text_.size() && text_[place_ + 1] == quote;
        if (!doubled) {
          ++place_;
          return done();
        }
        if (!give(1, place_)) return false;
        place_ += 2;
      } else if (c == '\\' && quote == '"') {
        if (!take_escape()) return false;
      } else if (is_space(c) && before_break()) {
        if (!take_flow_break()) return false;
      } else if (!take_same()) {
        return false;
      }
    }
    return false;
  }

  // Section 5.7. What the escape means was decided by yaml-cpp; only its lengths matter here.
  bool take_escape() {
    const std::size_t from = place_;
    if (place_ + 1 >= text_.size()) return false;
    const char kind = text_[place_ + 1];
    place_ += 2;
    if (kind == '\n' || kind == '\r') {
      while (!at_end() && is_space(text_[place_])) ++place_;
      return true;
    }
    if (kind == 'N' || kind == '_') return give(2, from);
    if (kind == 'L' || kind == 'P') return give(3, from);
    const std::size_t digits = kind == 'x' ? 2 : kind == 'u' ? 4 : kind == 'U' ? 8 : 0;
    if (digits == 0) return give(1, from);
    if (place_ + digits > text_.size()) return false;
    place_ += digits;
    const auto lead = static_cast<unsigned char>(done() ? 0 : value_[bytes_.size()]);
    return give(lead < 0x80 ? 1 : lead < 0xE0 ? 2 : lead < 0xF0 ? 3 : 4, from);
  }

  // Section 8.1: the indentation is that of the first line that is not empty, or the parent's plus the indicator, which
  // the first line then tells as well unless it starts with blanks of its own.
  bool block() {
    const bool folded = text_[place_] == '>';
    if (!skip_line()) return value_.empty();
    const std::size_t indentation = block_indentation();
    take_indentation(indentation);
    while (!done()) {
      if (at_end()) return false;
      if (text_[place_] == '\n' || text_[place_] == '\r') {
        if (!take_block_break(indentation, folded)) return false;
      } else if (!take_same()) {
        return false;
      }
    }
    return true;
  }

  bool skip_line() {
    while (!at_end() && text_[place_] != '\n') ++place_;
    if (at_end()) return false;
    ++place_;
    return true;
  }

  std::size_t block_indentation() const {
    std::size_t line = place_;
    while (line < text_.size()) {
      std::size_t next = line;
      while (next < text_.size() && text_[next] == ' ') ++next;
      if (next < text_.size() && text_[next] != '\n' && text_[next] != '\r') {
        // Blanks that the value starts with are content behind an explicit indicator, not indentation.
        const std::size_t content = std::min(value_.find_first_not_of("\n"), value_.size());
        std::size_t own = 0;
        while (content + own < value_.size() && value_[content + own] == ' ') ++own;
        return next - line >= own ? next - line - own : next - line;
      }
      line = text_.find('\n', next);
      if (line == std::string_view::npos) break;
      ++line;
    }
    return 0;
  }

  void take_indentation(std::size_t indentation) {
    for (std::size_t i = 0; i < indentation && !at_end() && text_[place_] == ' '; ++i) ++place_;
  }

  bool take_block_break(std::size_t indentation, bool folded) {
    const std::size_t from = place_;
    std::size_t breaks = 0;
    while (!at_end() && (text_[place_] == '\n' || text_[place_] == '\r')) {
      const bool line_feed = text_[place_] == '\n';
      ++place_;
      if (!line_feed) continue;
      ++breaks;
      take_indentation(indentation);
    }
    const std::size_t have = bytes_.size();
    if (folded && breaks == 1 && value_[have] == ' ') return give(1, from);
    std::size_t wanted = 0;
    while (have + wanted < value_.size() && value_[have + wanted] == '\n') ++wanted;
    const bool last = have + wanted == value_.size();
    if (wanted != breaks && !(folded && wanted + 1 == breaks) && !last) return false;
    return give(wanted, from);
  }

  std::string_view text_;
  std::size_t place_;
  std::string_view value_;
  std::vector<std::uint32_t> bytes_;
};

}  // namespace

std::size_t skip_properties(std::string_view text, std::size_t offset) {
  while (offset < text.size()) {
    if (text[offset] == '&' || text[offset] == '!') {
      while (offset < text.size() && !is_space(text[offset])) ++offset;
    } else if (is_space(text[offset])) {
      ++offset;
    } else if (text[offset] == '#') {
      offset = std::min(text.find('\n', offset), text.size());
    } else {
      break;
    }
  }
  return offset;
}

std::shared_ptr<const Origin> trace_scalar(const SourcePointer& source, std::size_t offset, std::string_view value) {
  auto origin = std::make_shared<Origin>();
  origin->source = source;
  origin->begin = std::min(offset, source->text().size());
  Tracer tracer(source->text(), origin->begin, value);
  if (tracer.run()) {
    origin->end = std::max(tracer.end(), origin->begin);
    origin->bytes = tracer.take_bytes();
  } else {
    origin->end = std::min(origin->begin + 1, source->text().size());
  }
  return origin;
}

}  // namespace sluice::config
