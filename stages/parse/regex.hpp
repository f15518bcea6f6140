// parse: regex
#pragma once

#include <cstddef>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "stages/parse/format.hpp"
#include "stages/parse/regex_matcher.hpp"
#include "stages/registry.hpp"

namespace sluice::stages {

// The named groups of a regular expression (RE2's syntax) become fields, in the order of the groups.
//
//   - parse: {format: regex, pattern: '^(?P<level>\w+): (?P<message>.*)$'}
class RegexFormat final : public Format {
  struct Token {};

 public:
  // Null, and `error` set, if the pattern is wrong or names no group.
  static std::unique_ptr<const RegexFormat> compile(std::string_view pattern, RegexMatcher::Anchor anchor,
                                                    RegexMatcher::Error& error);

  explicit RegexFormat(Token) {}

  ParseFailure parse(std::string_view text, record::Arena& arena, FieldsBuilder& fields) const override;

  static constexpr int kMostGroups = 128;

 private:
  struct Group {
    std::string quoted;  // the name between quotes: names of groups need no escapes in JSON
    int index;
  };

  template <std::size_t size>
  ParseFailure parse_with(std::string_view text, FieldsBuilder& fields) const;

  static constexpr int kFewGroups = 16;

  std::unique_ptr<const RegexMatcher> matcher_;
  std::vector<Group> groups_;
  int count_ = 0;  // groups to fill, the whole match included
};

Definition parse_regex();

}  // namespace sluice::stages
