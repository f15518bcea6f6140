#include "config/option.hpp"

#include <fmt/format.h>

#include <cmath>

#include "config/text.hpp"
#include "config/units.hpp"

namespace sluice::config {
namespace {

std::string bounds(std::optional<double> minimum, std::optional<double> maximum) {
  if (minimum && maximum) return fmt::format(" from {} to {}", *minimum, *maximum);
  if (minimum) return fmt::format(" of at least {}", *minimum);
  if (maximum) return fmt::format(" of at most {}", *maximum);
  return {};
}

std::vector<std::string> words(const std::vector<Choice>& choices) {
  std::vector<std::string> names;
  for (const Choice& choice : choices) names.push_back(choice.name);
  return names;
}

// The plural of what an element is, for "a list of ...".
std::string plural(const Option& element) {
  switch (element.type()) {
    case Type::string:
      return "strings";
    case Type::boolean:
      return "booleans";
    case Type::integer:
      return "integers";
    case Type::number:
      return "numbers";
    case Type::size:
      return "sizes";
    case Type::duration:
      return "durations";
    case Type::rate:
      return "rates";
    case Type::expression:
      return "expressions";
    case Type::regex:
      return "regular expressions";
    case Type::choice:
      return alternatives(words(element.choices()));
    case Type::list:
      return "lists";
    case Type::map:
    case Type::mapping:
      return "mappings";
    case Type::any:
    case Type::either:
      return "values";
  }
  return "values";
}

}  // namespace

Option Option::string(std::string name) { return {Type::string, std::move(name)}; }
Option Option::boolean(std::string name) { return {Type::boolean, std::move(name)}; }
Option Option::integer(std::string name) { return {Type::integer, std::move(name)}; }
Option Option::number(std::string name) { return {Type::number, std::move(name)}; }
Option Option::size(std::string name) { return {Type::size, std::move(name)}; }
Option Option::duration(std::string name) { return {Type::duration, std::move(name)}; }
Option Option::rate(std::string name) { return {Type::rate, std::move(name)}; }
Option Option::expression(std::string name) { return {Type::expression, std::move(name)}; }
Option Option::regex(std::string name) { return {Type::regex, std::move(name)}; }
Option Option::any(std::string name) { return {Type::any, std::move(name)}; }

Option Option::choice(std::string name, std::vector<Choice> choices) {
  Option option(Type::choice, std::move(name));
  option.choices_ = std::move(choices);
  return option;
}

Option Option::list(std::string name, Option element) {
  Option option(Type::list, std::move(name));
  option.children_.push_back(std::move(element));
  return option;
}

Option Option::map(std::string name, Option element) {
  Option option(Type::map, std::move(name));
  option.children_.push_back(std::move(element));
  return option;
}

Option Option::mapping(std::string name, std::vector<Option> options) {
  Option option(Type::mapping, std::move(name));
  option.children_ = std::move(options);
  return option;
}

Option Option::either(std::string name, std::vector<Option> alternatives) {
  Option option(Type::either, std::move(name));
  option.children_ = std::move(alternatives);
  return option;
}

Option Option::doc(std::string summary) && {
  summary_ = std::move(summary);
  return std::move(*this);
}

Option Option::defaults(std::string text) && {
  default_text_ = std::move(text);
  return std::move(*this);
}

Option Option::example(std::string text) && {
  example_ = std::move(text);
  return std::move(*this);
}

Option Option::required() && {
  required_ = true;
  return std::move(*this);
}

Option Option::or_single() && {
  or_single_ = true;
  return std::move(*this);
}

Option Option::not_empty() && {
  not_empty_ = true;
  return std::move(*this);
}

Option Option::at_least(double minimum) && {
  minimum_ = minimum;
  return std::move(*this);
}

Option Option::at_most(double maximum) && {
  maximum_ = maximum;
  return std::move(*this);
}

Option Option::conflicts_with(std::vector<std::string> names) && {
  conflicts_ = std::move(names);
  return std::move(*this);
}

Option Option::needs(std::vector<std::string> names) && {
  needs_ = std::move(names);
  return std::move(*this);
}

Option Option::unsupported() && {
  supported_ = false;
  return std::move(*this);
}

const Option* Option::find(std::string_view name) const {
  for (const Option& option : children_) {
    if (option.name() == name) return &option;
  }
  return nullptr;
}

std::string Option::expectation() const {
  switch (type_) {
    case Type::string:
      return "a string";
    case Type::boolean:
      return "`true` or `false`";
    case Type::integer:
      return "an integer" + bounds(minimum_, maximum_);
    case Type::number:
      return "a number" + bounds(minimum_, maximum_);
    case Type::size:
      return "a size such as `64KiB` or `1MB`";
    case Type::duration:
      return "a duration such as `250ms`, `5s` or `1h30m`";
    case Type::rate:
      return "a rate such as `100/s` or `5/m`";
    case Type::expression:
      return "an expression";
    case Type::regex:
      return "a regular expression";
    case Type::choice:
      return alternatives(words(choices_));
    case Type::list: {
      const std::string list = "a list of " + plural(element());
      return or_single_ ? element().expectation() + " or " + list : list;
    }
    case Type::map:
      return "a mapping of names to " + plural(element());
    case Type::mapping:
      return "a mapping";
    case Type::any:
      return "any value";
    case Type::either: {
      std::string text;
      for (std::size_t i = 0; i < children_.size(); ++i) {
        if (i > 0) text += i + 1 == children_.size() ? " or " : ", ";
        text += children_[i].expectation();
      }
      return text;
    }
  }
  return "a value";
}

std::string Option::type_name() const {
  switch (type_) {
    case Type::string:
      return "string";
    case Type::boolean:
      return "boolean";
    case Type::integer:
      return "integer";
    case Type::number:
      return "number";
    case Type::size:
      return "size";
    case Type::duration:
      return "duration";
    case Type::rate:
      return "rate";
    case Type::expression:
      return "expression";
    case Type::regex:
      return "regex";
    case Type::choice:
      return fmt::format("{}", fmt::join(words(choices_), " | "));
    case Type::list:
      return (or_single_ ? element().type_name() + " or list" : "list") + " of " + element().type_name();
    case Type::map:
      return "map of " + element().type_name();
    case Type::mapping:
      return "mapping";
    case Type::any:
      return "any";
    case Type::either: {
      std::vector<std::string> names;
      for (const Option& alternative : children_) names.push_back(alternative.type_name());
      return fmt::format("{}", fmt::join(names, " or "));
    }
  }
  return "any";
}

std::string bound_text(const Option& option, double bound) {
  if (option.type() == Type::size) return format_size(static_cast<std::uint64_t>(bound));
  if (option.type() == Type::duration) {
    return format_duration(std::chrono::nanoseconds(static_cast<std::int64_t>(std::llround(bound * 1e9))));
  }
  return fmt::format("{}", bound);
}

}  // namespace sluice::config
