// A regular expression that finds its groups in texts which may not be UTF-8.
#pragma once

#include <re2/re2.h>

#include <memory>
#include <string>
#include <string_view>

namespace sluice::stages {

// Compiled once; immutable, so many threads may match with it. Time is linear in the text, whatever the pattern.
class RegexMatcher {
  struct Token {};

 public:
  enum class Anchor : bool { none, both };

  // What is wrong with a pattern.
  struct Error {
    std::string message;
    std::string offending;  // the part of the pattern, if known
  };

  // Patterns that compile to more memory than this are refused (RE2's max_mem).
  static constexpr int kMaxMemory = 16 << 20;

  // Null, and `error` set, if the pattern is wrong.
  static std::unique_ptr<const RegexMatcher> compile(std::string_view pattern, Anchor anchor, Error& error);

  explicit RegexMatcher(Token) {}

  // Fills the first `count` groups, the whole match first. A text that is not UTF-8 is matched byte by byte if it does
  // not match otherwise, since `.` stands for no invalid byte.
  bool match(std::string_view text, re2::StringPiece* groups, int count) const {
    const re2::StringPiece piece(text.data(), text.size());
    return regex_->Match(piece, 0, text.size(), anchor_, groups, count) || match_bytes(text, groups, count);
  }

  const re2::RE2& regex() const { return *regex_; }

 private:
  bool match_bytes(std::string_view text, re2::StringPiece* groups, int count) const;

  std::unique_ptr<const re2::RE2> regex_;
  std::unique_ptr<const re2::RE2> bytes_;  // the same pattern for Latin-1, where every byte is a character
  re2::RE2::Anchor anchor_ = re2::RE2::UNANCHORED;
};

}  // namespace sluice::stages
