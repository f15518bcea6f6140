// Declarations of options. Each is written once; checking, messages, `sluice schema`, `sluice stages` and the reference
// in docs/ all come from it.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace sluice::config {

enum class Type {
  string,
  boolean,
  integer,
  number,
  size,        // bytes: 64KiB
  duration,    // 250ms
  rate,        // 100/s
  expression,  // the source text of a CEL expression
  regex,       // the source text of an RE2 regular expression
  choice,      // one of a set of words
  list,        // of one element type
  map,         // free keys, one element type, order kept
  mapping,     // a fixed set of nested options
  any,         // any YAML value
  either,      // one of several types, decided by the shape of the value
};

// One word that a choice allows.
struct Choice {
  std::string name;
  std::string summary;
  bool supported = true;  // false: `check` answers "not supported yet"

  Choice(const char* word) : name(word) {}             // NOLINT(google-explicit-constructor): lists of words
  Choice(std::string word) : name(std::move(word)) {}  // NOLINT(google-explicit-constructor)
  Choice(std::string word, std::string line, bool ready = true)
      : name(std::move(word)), summary(std::move(line)), supported(ready) {}
};

// The declaration of one option, built so that a list of them reads as a table:
//
//   Option::duration("linger").defaults("50ms").doc("how long a batch may wait to fill"),
//   Option::list("paths", Option::string()).or_single().required().doc("files to read; globs allowed"),
//   Option::either("multiline", {Option::choice("", {"java", "go"}), Option::mapping("", {...})}).doc("..."),
//
// The builder functions return the option itself, by value when called on a temporary. Elements of lists and maps and
// the alternatives of `either` have no name.
class Option {
 public:
  static Option string(std::string name = {});
  static Option boolean(std::string name = {});
  static Option integer(std::string name = {});
  static Option number(std::string name = {});
  static Option size(std::string name = {});
  static Option duration(std::string name = {});
  static Option rate(std::string name = {});
  static Option expression(std::string name = {});
  static Option regex(std::string name = {});
  static Option choice(std::string name, std::vector<Choice> choices);
  static Option list(std::string name, Option element);
  static Option map(std::string name, Option element);
  static Option mapping(std::string name, std::vector<Option> options);
  static Option any(std::string name = {});
  // Tried in order; the first alternative whose shape fits the value decides (so put `string` after `choice`).
  static Option either(std::string name, std::vector<Option> alternatives);

  // One line for the reference; Markdown allowed.
  Option doc(std::string summary) &&;
  // The default as a user would write it in YAML (`50ms`, `true`, `[a, b]`); it is parsed like user input.
  Option defaults(std::string text) &&;
  // A value to show in the reference, as YAML.
  Option example(std::string text) &&;
  Option required() &&;
  // Lists: a value that is no list stands for a list of one. (`paths: a.log` = `paths: [a.log]`)
  Option or_single() &&;
  // Strings, lists, maps: may not be empty.
  Option not_empty() &&;
  // Inclusive bounds of an integer, number, size (bytes) or duration (seconds).
  Option at_least(double minimum) &&;
  Option at_most(double maximum) &&;
  // Options of the same mapping that may not be given together with this one.
  Option conflicts_with(std::vector<std::string> names) &&;
  // Options of the same mapping without which this one has no meaning.
  Option needs(std::vector<std::string> names) &&;
  // Declared, documented, but answered with "not supported yet" when used.
  Option unsupported() &&;

  const std::string& name() const { return name_; }
  Type type() const { return type_; }
  const std::string& summary() const { return summary_; }
  const std::optional<std::string>& default_text() const { return default_text_; }
  const std::string& example_text() const { return example_; }
  bool is_required() const { return required_; }
  bool accepts_single() const { return or_single_; }
  bool is_not_empty() const { return not_empty_; }
  bool is_supported() const { return supported_; }
  std::optional<double> minimum() const { return minimum_; }
  std::optional<double> maximum() const { return maximum_; }
  const std::vector<Choice>& choices() const { return choices_; }
  const std::vector<std::string>& conflicts() const { return conflicts_; }
  const std::vector<std::string>& needed() const { return needs_; }
  // list, map: the element type. Must not be called for other types.
  const Option& element() const { return children_.front(); }
  // mapping: the nested options; either: the alternatives.
  const std::vector<Option>& options() const { return children_; }
  const Option* find(std::string_view name) const;

  // "a duration such as 250ms", "one of: json, raw", "a list of strings": what was expected, for messages and tables.
  std::string expectation() const;
  // "duration", "list of string", "json | raw": the type's column of the reference.
  std::string type_name() const;

 private:
  Option(Type type, std::string name) : name_(std::move(name)), type_(type) {}

  std::string name_;
  Type type_;
  std::string summary_;
  std::optional<std::string> default_text_;
  std::string example_;
  bool required_ = false;
  bool or_single_ = false;
  bool not_empty_ = false;
  bool supported_ = true;
  std::optional<double> minimum_;
  std::optional<double> maximum_;
  std::vector<Choice> choices_;
  std::vector<std::string> conflicts_;
  std::vector<std::string> needs_;
  std::vector<Option> children_;
};

using OptionSpec = Option;

// A bound of an option in its own unit: "64KiB", "30s", "16".
std::string bound_text(const Option& option, double bound);

}  // namespace sluice::config
