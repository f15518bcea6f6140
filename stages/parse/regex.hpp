// parse: regex
#pragma once

#include <re2/re2.h>

#include <memory>
#include <string>
#include <vector>

#include "stages/parse/format.hpp"
#include "stages/registry.hpp"

namespace sluice::stages {

// The named groups of a regular expression (RE2's syntax) become fields.
//
//   - parse: {format: regex, pattern: '^(?P<level>\w+): (?P<message>.*)$'}
//
// Time is linear in the text, whatever the pattern. Lines that are not UTF-8 are matched byte by byte.
class RegexFormat final : public Format {
  struct Token {};

 public:
  enum class Anchor : bool { none, both };

  // What is wrong with a pattern; without a message, nothing is.
  struct Error {
    std::string message;
    std::string offending;  // the part of the pattern, if known
  };

  // Patterns that compile to more memory than this are refused (RE2's max_mem).
  static constexpr int kMaxMemory = 16 << 20;

  // Null, and `error` set, if the pattern is wrong or names no group.
  static std::unique_ptr<RegexFormat> compile(std::string_view pattern, Anchor anchor, Error& error);

  explicit RegexFormat(Token) {}

  ParseFailure parse(std::string_view text, record::Arena& arena, FieldsBuilder& fields) const override;

 private:
  struct Group {
    std::string name;
    std::string quoted;  // the name, ready for JSON, if it needs no escapes
    int index;
  };

  template <std::size_t size>
  ParseFailure parse_with(std::string_view text, FieldsBuilder& fields) const;
  bool match(std::string_view text, re2::StringPiece* groups) const;

  static constexpr int kFewGroups = 16;
  static constexpr int kMostGroups = 128;

  std::unique_ptr<const re2::RE2> regex_;
  std::unique_ptr<const re2::RE2> bytes_;  // the same for texts that are not UTF-8
  std::vector<Group> groups_;
  int count_ = 0;  // groups to fill, the whole match included
  re2::RE2::Anchor anchor_ = re2::RE2::UNANCHORED;
};

Definition parse_regex();

}  // namespace sluice::stages
