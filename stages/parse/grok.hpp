// parse: grok
#pragma once

#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "stages/parse/format.hpp"
#include "stages/parse/parse_options.hpp"
#include "stages/parse/regex_matcher.hpp"
#include "stages/registry.hpp"

namespace sluice::stages {

// Patterns by name, composed as Logstash's grok filter does: %{NAME}, %{NAME:field}, %{NAME:field:type}. All of it is
// compiled to one regular expression.
//
//   - parse: {format: grok, pattern: "%{IP:client} %{WORD:method} %{URIPATHPARAM:path} %{NUMBER:ms:double}"}
class GrokFormat final : public Format {
  struct Token {};

 public:
  // What is wrong: the message, which pattern (index in `patterns`, or npos for a definition), and where in it.
  struct Error {
    std::string message;
    std::size_t pattern = 0;
    std::string offending;
  };

  // `patterns` are tried in order, `definitions` come before the library. Null, and `error` set, if something is wrong.
  // `times` reads texts of `%{X:field:timestamp}`.
  static std::unique_ptr<const GrokFormat> compile(const std::vector<std::string>& patterns,
                                                   const std::map<std::string, std::string>& definitions,
                                                   TimeFormat times, Error& error);

  explicit GrokFormat(Token) {}

  ParseFailure parse(std::string_view text, record::Arena& arena, FieldsBuilder& fields) const override;
  // Which of several patterns has matched.
  std::string which(std::string_view text) const override;

  // Bounds on what a configuration may make of its patterns.
  static constexpr std::size_t kMostFields = 200;
  static constexpr std::size_t kMostDepth = 50;
  static constexpr std::size_t kLongest = 256 * 1024;

 private:
  class Expander;
  struct Group {
    std::string name;
    std::string quoted;  // the name as JSON, if it needs no escapes
    std::optional<FieldType> type;
    int index = 0;
    std::size_t pattern = 0;
  };

  std::unique_ptr<const RegexMatcher> matcher_;
  std::vector<Group> groups_;
  TimeFormat times_;
  int count_ = 0;
  std::vector<std::string> patterns_;
};

Definition parse_grok();

}  // namespace sluice::stages
