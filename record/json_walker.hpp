// The walk over the structural positions of one line of JSON. Private to record/.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <string_view>
#include <vector>

#include "record/json_text.hpp"

namespace sluice::record {

// Whether [p, end) is a number by RFC 8259 section 6.
inline bool is_json_number(const char* p, const char* end) {
  const auto digits = [&] {
    const char* const first = p;
    while (p != end && static_cast<unsigned char>(*p - '0') < 10) ++p;
    return p != first;
  };
  if (*p == '-') ++p;
  if (p != end && *p == '0') {
    ++p;
  } else if (!digits()) {
    return false;
  }
  if (p == end) return true;
  if (*p == '.') {
    ++p;
    if (!digits()) return false;
  }
  if (p != end && (*p == 'e' || *p == 'E')) {
    ++p;
    if (p != end && (*p == '+' || *p == '-')) ++p;
    if (!digits()) return false;
  }
  return p == end;
}

// Whether every backslash in the text of a string begins an escape of RFC 8259 section 7.
bool has_valid_escapes(const char* p, const char* end);

// Walks the structural positions that simdjson's first stage found in text whose quotes balance line by line. Its
// positions are those of operators outside of strings, of opening quotes and of the first byte of every other run of
// non-space bytes: so a scalar reaches from its position to the next one, less the white space before that.
// kEscapes: the line has backslashes, so that strings need a look inside.
template <bool kEscapes>
class JsonWalker {
 public:
  static constexpr std::size_t kMaxDepth = 1024;

  // `base` is what positions count from, `next` the first position at or behind the line's begin.
  JsonWalker(const char* base, const std::uint32_t* next, const char* line_end)
      : base_(base), next_(next), line_end_(line_end) {}

  // The next structural byte, or null at the end of the line.
  const char* take() {
    const char* p = base_ + *next_;
    if (p >= line_end_) [[unlikely]]
      return fail(line_end_, "the line ends too early");
    ++next_;
    return p;
  }

  bool at_end() const { return base_ + *next_ >= line_end_; }
  const char* here() const { return base_ + *next_; }
  const std::uint32_t* position() const { return next_; }

  // A value that begins at `p` (just taken). Returns its end and leaves in after() the structural byte behind it, or
  // null with the error set.
  const char* value(const char* p) {
    if (*p == '{' || *p == '[') {
      const char* end = container(p);
      if (end != nullptr && (after_ = take()) == nullptr) return nullptr;
      return end;
    }
    after_ = take();
    if (after_ == nullptr) return nullptr;
    return *p == '"' ? string(p, trim(after_)) : scalar(p, after_);
  }
  const char* after() const { return after_; }

  // The end of the string or other scalar that begins at `p`, when the next structural byte (or the line's end) is at
  // `next`; null if it is none.
  const char* scalar(const char* p, const char* next) {
    const char* end = trim(next);
    switch (*p) {
      case '"':
        return string(p, end);
      case 't':
        return literal(p, end, "true");
      case 'f':
        return literal(p, end, "false");
      case 'n':
        return literal(p, end, "null");
      default:
        return is_json_number(p, end) ? end : fail(p, "expected a value");
    }
  }

  // The end of the object or array that begins at `p` (its opening bracket, just taken).
  const char* container(const char* p, std::size_t max_depth = kMaxDepth);

  // `p` must be the opening quote of a name. Returns the colon and leaves the name's end in name_end().
  const char* name(const char* p) {
    if (*p != '"') [[unlikely]]
      return fail(p, "expected a quoted name");
    const char* colon = take();
    if (colon == nullptr) return nullptr;
    if (*colon != ':') [[unlikely]]
      return fail(colon, "expected ':' after a name");
    name_end_ = trim(colon);
    return string(p, name_end_) == nullptr ? nullptr : colon;
  }
  const char* name_end() const { return name_end_; }

  const char* fail(const char* where, const char* what) {
    if (error_ == nullptr) error_where_ = where, error_ = what;
    return nullptr;
  }
  const char* error() const { return error_; }
  const char* error_where() const { return error_where_; }

 private:
  static const char* trim(const char* end) {
    if (static_cast<unsigned char>(end[-1]) > ' ') [[likely]]
      return end;
    while (json_text::is_space(end[-1])) --end;
    return end;
  }

  const char* string(const char* p, const char* end) {
    if constexpr (kEscapes) {
      if (!has_valid_escapes(p + 1, end - 1)) return fail(p, "a string with an escape that JSON does not have");
    }
    return end;
  }

  const char* literal(const char* p, const char* end, std::string_view word) {
    return json_text::between(p, end) == word ? end : fail(p, "expected a value");
  }

  // For each open container, innermost last, whether it is an object.
  class Nesting {
   public:
    std::size_t depth() const { return depth_; }
    void push(bool object) {
      if (depth_ / 64 >= kNear && depth_ % 64 == 0) far_.push_back(0);
      const std::uint64_t bit = std::uint64_t{1} << (depth_ % 64);
      std::uint64_t& bits = word(depth_ / 64);
      bits = object ? bits | bit : bits & ~bit;
      ++depth_;
    }
    void pop() {
      --depth_;
      if (depth_ / 64 >= kNear && depth_ % 64 == 0) far_.pop_back();
    }
    bool in_object() { return ((word((depth_ - 1) / 64) >> ((depth_ - 1) % 64)) & 1) != 0; }

   private:
    static constexpr std::size_t kNear = 2;
    std::uint64_t& word(std::size_t i) { return i < kNear ? near_[i] : far_[i - kNear]; }
    std::array<std::uint64_t, kNear> near_{};
    std::vector<std::uint64_t> far_;
    std::size_t depth_ = 0;
  };

  // After a value inside a container: moves over commas and closing brackets to the next value's first byte. Null when
  // the outermost container is closed (closed_ is its end) or on error.
  const char* next_value(Nesting& nesting, const char* after);
  const char* member_value(Nesting& nesting, const char* p) {
    if (!nesting.in_object()) return p;
    return name(p) == nullptr ? nullptr : take();
  }

  const char* base_;
  const std::uint32_t* next_;
  const char* line_end_;
  const char* after_ = nullptr;
  const char* name_end_ = nullptr;
  const char* closed_ = nullptr;
  const char* error_ = nullptr;
  const char* error_where_ = nullptr;
};

inline constexpr char kTooDeep[] = "nested too deep";

template <bool kEscapes>
const char* JsonWalker<kEscapes>::container(const char* p, std::size_t max_depth) {
  Nesting nesting;
  closed_ = nullptr;
  while (p != nullptr) {
    if (*p == '{' || *p == '[') {
      if (nesting.depth() == max_depth) return fail(p, kTooDeep);
      nesting.push(*p == '{');
      p = take();
      if (p == nullptr) return nullptr;
      p = *p == (nesting.in_object() ? '}' : ']') ? next_value(nesting, p) : member_value(nesting, p);
    } else {
      const char* after = take();
      if (after == nullptr || scalar(p, after) == nullptr) return nullptr;
      p = next_value(nesting, after);
    }
  }
  return closed_;
}

template <bool kEscapes>
const char* JsonWalker<kEscapes>::next_value(Nesting& nesting, const char* after) {
  for (;;) {
    if (*after == ',') {
      const char* p = take();
      return p == nullptr ? nullptr : member_value(nesting, p);
    }
    if (*after != (nesting.in_object() ? '}' : ']')) return fail(after, "expected ',' or the closing bracket");
    nesting.pop();
    if (nesting.depth() == 0) {
      closed_ = after + 1;
      return nullptr;
    }
    after = take();
    if (after == nullptr) return nullptr;
  }
}

}  // namespace sluice::record
