#include "config/checker.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <limits>

#include "config/suggest.hpp"
#include "config/text.hpp"
#include "config/yaml_reader.hpp"

namespace sluice::config {
namespace {

std::string found(const Node& node) {
  if (node.is_null() && node.text().empty()) return "nothing";
  if (node.is_scalar()) return (node.is_quoted() ? "the string " : "") + quote(node.text());
  return std::string(node.kind_name());
}

// What to do about a value that is almost right.
std::string repair(const Option& option, const Node& node) {
  if (!node.is_scalar()) return {};
  const std::string& text = node.text();
  const bool bare_number = node.kind() == Node::Kind::integer || node.kind() == Node::Kind::number;
  switch (option.type()) {
    case Type::boolean:
      if (node.is_quoted() && (text == "true" || text == "false")) return "remove the quotes";
      for (const std::string_view word : {"yes", "on", "y", "Yes", "On", "YES", "ON"}) {
        if (text == word) return "write `true`";
      }
      for (const std::string_view word : {"no", "off", "n", "No", "Off", "NO", "OFF"}) {
        if (text == word) return "write `false`";
      }
      return {};
    case Type::integer:
    case Type::number: {
      const Node plain = Node::plain(text);
      const bool number = plain.kind() == Node::Kind::integer || plain.kind() == Node::Kind::number;
      return node.is_quoted() && number ? "remove the quotes" : "";
    }
    case Type::duration:
      return bare_number ? fmt::format("add a unit: `{0}ms`, `{0}s`, `{0}m`", text) : "";
    case Type::rate:
      return bare_number ? fmt::format("say per what time: `{0}/s`, `{0}/m`", text) : "";
    case Type::size:
      return node.kind() == Node::Kind::string ? "units are B, kB, MB, GB and KiB, MiB, GiB" : "";
    case Type::string:
      return node.is_null() ? "write \"\" for the empty string" : "";
    default:
      return {};
  }
}

class Checker {
 public:
  explicit Checker(Diagnostics& diagnostics) : diagnostics_(diagnostics) {}

  Settings options(const Given& given, std::span<const Option> declared) {
    Settings settings;
    settings.set_location(given.location);
    for (const Option& option : declared) settings.declare(option.name());
    std::vector<std::string> written;
    for (const Node::Member* member : given.members) take(*member, given, declared, written, settings);
    for (const Option& option : declared) {
      const bool is_written = std::find(written.begin(), written.end(), option.name()) != written.end();
      if (is_written) {
        relations(option, given, written);
      } else {
        fill(option, given, settings);
      }
    }
    return settings;
  }

  std::optional<Value> value(const Option& option, const Node& node) {
    const bool literal =
        option.type() == Type::boolean || option.type() == Type::integer || option.type() == Type::number;
    if (literal && node.is_quoted() && node.is_substituted()) {
      return value(option, Node::plain(node.text(), node.origin()));
    }
    switch (option.type()) {
      case Type::string:
      case Type::expression:
      case Type::regex:
        return text(option, node);
      case Type::boolean:
        if (node.kind() != Node::Kind::boolean) return mismatch(option, node);
        return Value(option.type(), node.boolean(), node);
      case Type::integer:
        return integer(option, node);
      case Type::number:
        return number(option, node);
      case Type::size:
        return size(option, node);
      case Type::duration:
        return duration(option, node);
      case Type::rate: {
        const auto parsed = node.is_scalar() ? parse_rate(node.text()) : std::nullopt;
        if (!parsed) return mismatch(option, node);
        return Value(option.type(), *parsed, node);
      }
      case Type::choice:
        return choice(option, node);
      case Type::list:
        return list(option, node);
      case Type::map:
        return map(option, node);
      case Type::mapping:
        return mapping(option, node);
      case Type::any:
        return Value(option.type(), std::monostate(), node);
      case Type::either:
        return either(option, node);
    }
    return std::nullopt;
  }

 private:
  std::nullopt_t mismatch(const Option& option, const Node& node) {
    std::string hint = repair(option, node);
    const std::string label = option.name().empty() ? "" : quote(option.name()) + ": ";
    const Location place = node.location();
    diagnostics_.error(place, label + "expected " + option.expectation() + ", found " + found(node), std::move(hint),
                       node.span());
    return std::nullopt;
  }

  std::nullopt_t reject(const Option& option, const Node& node, const std::string& message, std::string hint = {}) {
    const std::string label = option.name().empty() ? "" : quote(option.name()) + ": ";
    diagnostics_.error(node.location(), label + message, std::move(hint), node.span());
    return std::nullopt;
  }

  void take(const Node::Member& member, const Given& given, std::span<const Option> declared,
            std::vector<std::string>& written, Settings& settings) {
    const auto option = std::find_if(declared.begin(), declared.end(),
                                     [&member](const Option& known) { return known.name() == member.key; });
    if (option == declared.end()) {
      std::vector<std::string> names;
      for (const Option& known : declared) names.push_back(known.name());
      diagnostics_.error(member.key_location(), "unknown option " + quote(member.key) + " of " + given.owner,
                         suggestion(member.key, names), member.key_span());
      return;
    }
    // Duplicates have been reported by who read them; the first counts.
    if (std::find(written.begin(), written.end(), member.key) != written.end()) return;
    written.push_back(member.key);
    if (!option->is_supported()) {
      diagnostics_.error(member.key_location(), quote(member.key) + " is not supported yet", "remove it",
                         member.key_span());
      return;
    }
    if (auto checked = value(*option, member.value)) {
      settings.put(option->name(), *std::move(checked), Settings::Source::written);
    }
  }

  void relations(const Option& option, const Given& given, const std::vector<std::string>& written) {
    const auto is_written = [&written](const std::string& name) {
      return std::find(written.begin(), written.end(), name) != written.end();
    };
    const auto member = std::find_if(given.members.begin(), given.members.end(),
                                     [&option](const Node::Member* other) { return other->key == option.name(); });
    if (member == given.members.end()) return;
    for (const std::string& other : option.conflicts()) {
      if (!is_written(other)) continue;
      diagnostics_.error((*member)->key_location(), quote(option.name()) + " cannot be combined with " + quote(other),
                         "remove one of them", (*member)->key_span());
    }
    for (const std::string& other : option.needed()) {
      if (is_written(other)) continue;
      diagnostics_.error((*member)->key_location(), quote(option.name()) + " has no meaning without " + quote(other),
                         "add " + quote(other) + ", or remove " + quote(option.name()), (*member)->key_span());
    }
  }

  // An option that was not written: an error if required, else its default.
  void fill(const Option& option, const Given& given, Settings& settings) {
    if (option.is_required()) {
      const std::string example = option.example_text().empty() ? "" : ", such as " + quote(option.example_text());
      diagnostics_.error(given.location, given.owner + " lacks the required option " + quote(option.name()),
                         "add " + quote(option.name()) + ": " + option.expectation() + example);
      return;
    }
    Diagnostics ignored;  // defaults are checked by problems(); a nested required option only counts when written
    Checker quiet(ignored);
    if (option.default_text()) {
      const auto source = std::make_shared<const Source>("default of " + option.name(), *option.default_text());
      const auto node = read_yaml(source, Variables::literal, {}, ignored);
      auto checked = quiet.value(option, node.value_or(Node()));
      if (checked) settings.put(option.name(), *std::move(checked), Settings::Source::defaulted);
    } else if (option.type() == Type::mapping) {
      auto nested = quiet.options({{}, given.location, quote(option.name())}, option.options());
      settings.put(option.name(), Value(Type::mapping, std::make_shared<const Settings>(std::move(nested)), Node()),
                   Settings::Source::absent);
    }
  }

  std::optional<Value> text(const Option& option, const Node& node) {
    if (!node.is_scalar() || (node.is_null() && !node.is_quoted())) return mismatch(option, node);
    if (option.is_not_empty() && node.text().empty()) return reject(option, node, "may not be empty");
    if (option.type() == Type::expression && node.text().find_first_not_of(" \t\r\n") == std::string::npos) {
      return reject(option, node, "the expression is empty", "write `true` to let everything through");
    }
    return Value(option.type(), node.text(), node);
  }

  bool in_bounds(const Option& option, const Node& node, double actual) {
    if (option.minimum() && actual < *option.minimum()) {
      reject(option, node,
             quote(node.text()) + " is too small, at least " + bound_text(option, *option.minimum()) + " is needed");
      return false;
    }
    if (option.maximum() && actual > *option.maximum()) {
      reject(option, node,
             quote(node.text()) + " is too large, at most " + bound_text(option, *option.maximum()) + " is allowed");
      return false;
    }
    return true;
  }

  std::optional<Value> integer(const Option& option, const Node& node) {
    if (node.kind() != Node::Kind::integer) return mismatch(option, node);
    if (!in_bounds(option, node, static_cast<double>(node.integer()))) return std::nullopt;
    return Value(option.type(), node.integer(), node);
  }

  std::optional<Value> number(const Option& option, const Node& node) {
    const bool fits = node.kind() == Node::Kind::integer || node.kind() == Node::Kind::unsigned_integer ||
                      node.kind() == Node::Kind::number;
    // Not-a-number passes every comparison with bounds, so it is refused by name.
    if (!fits || node.number() != node.number()) return mismatch(option, node);
    if (!in_bounds(option, node, node.number())) return std::nullopt;
    return Value(option.type(), node.number(), node);
  }

  std::optional<Value> size(const Option& option, const Node& node) {
    const auto bytes = node.is_scalar() ? parse_size(node.text()) : std::nullopt;
    if (!bytes) return mismatch(option, node);
    if (!in_bounds(option, node, static_cast<double>(*bytes))) return std::nullopt;
    return Value(option.type(), *bytes, node);
  }

  std::optional<Value> duration(const Option& option, const Node& node) {
    const auto time = node.is_scalar() ? parse_duration(node.text()) : std::nullopt;
    if (!time) return mismatch(option, node);
    if (!in_bounds(option, node, static_cast<double>(time->count()) / 1e9)) return std::nullopt;
    return Value(option.type(), *time, node);
  }

  std::optional<Value> choice(const Option& option, const Node& node) {
    if (!node.is_scalar() || node.text().empty()) return mismatch(option, node);
    std::vector<std::string> names;
    for (const Choice& known : option.choices()) {
      if (known.name == node.text()) {
        if (!known.supported) return reject(option, node, quote(known.name) + " is not supported yet");
        return Value(option.type(), node.text(), node);
      }
      names.push_back(known.name);
    }
    const auto nearest = nearest_name(node.text(), names);
    return reject(option, node, "expected " + option.expectation() + ", found " + found(node),
                  nearest ? "did you mean " + quote(*nearest) + "?" : "");
  }

  std::optional<Value> list(const Option& option, const Node& node) {
    std::vector<Value> items;
    bool valid = true;
    const auto take_item = [&](const Node& item) {
      if (auto checked = value(option.element(), item)) {
        items.push_back(*std::move(checked));
      } else {
        valid = false;
      }
    };
    if (node.is_list()) {
      for (const Node& item : node.items()) take_item(item);
    } else if (option.accepts_single() && !(node.is_null() && node.text().empty())) {
      if (node.is_map() && option.element().type() != Type::mapping && option.element().type() != Type::map &&
          option.element().type() != Type::any) {
        return mismatch(option, node);
      }
      take_item(node);
    } else {
      return mismatch(option, node);
    }
    if (!valid) return std::nullopt;
    if (option.is_not_empty() && items.empty()) return reject(option, node, "the list may not be empty");
    return Value(Type::list, std::move(items), shallow(node));
  }

  std::optional<Value> map(const Option& option, const Node& node) {
    if (!node.is_map()) return mismatch(option, node);
    auto entries = std::make_shared<std::vector<Entry>>();
    bool valid = true;
    for (const Node::Member& member : node.members()) {
      if (auto checked = value(option.element(), member.value)) {
        entries->push_back({member.key, *std::move(checked), member.key_location()});
      } else {
        valid = false;
      }
    }
    if (!valid) return std::nullopt;
    if (option.is_not_empty() && entries->empty()) return reject(option, node, "the mapping may not be empty");
    return Value(Type::map, std::shared_ptr<const std::vector<Entry>>(std::move(entries)), shallow(node));
  }

  std::optional<Value> mapping(const Option& option, const Node& node) {
    if (!node.is_map()) return mismatch(option, node);
    const std::string owner = option.name().empty() ? "this mapping" : quote(option.name());
    const std::size_t before = diagnostics_.error_count();
    Settings nested = options({members_of(node), node.location(), owner}, option.options());
    if (diagnostics_.error_count() > before) return std::nullopt;
    return Value(Type::mapping, std::make_shared<const Settings>(std::move(nested)), shallow(node));
  }

  // The first alternative that takes the value; if none does, and only one has the value's shape, its own complaint.
  std::optional<Value> either(const Option& option, const Node& node) {
    const Option* only = nullptr;
    std::size_t shaped_alike = 0;
    for (const Option& alternative : option.options()) {
      Diagnostics ignored;
      Checker quiet(ignored);
      if (auto checked = quiet.value(alternative, node)) return checked;
      if (!has_shape(alternative, node)) continue;
      ++shaped_alike;
      only = &alternative;
    }
    if (shaped_alike == 1 && !node.is_scalar()) return value(*only, node);
    std::vector<std::string> names;
    for (const Option& alternative : option.options()) {
      for (const Choice& word : alternative.choices()) {
        if (word.name == node.text() && node.is_scalar() && !word.supported) {
          return reject(option, node, quote(word.name) + " is not supported yet");
        }
        names.push_back(word.name);
      }
    }
    const auto nearest = node.is_scalar() ? nearest_name(node.text(), names) : std::nullopt;
    if (nearest) {
      return reject(option, node, "expected " + option.expectation() + ", found " + found(node),
                    "did you mean " + quote(*nearest) + "?");
    }
    return mismatch(option, node);
  }

  static bool has_shape(const Option& option, const Node& node) {
    switch (option.type()) {
      case Type::list:
        return node.is_list();
      case Type::map:
      case Type::mapping:
        return node.is_map();
      case Type::any:
      case Type::either:
        return true;
      default:
        return node.is_scalar();
    }
  }

  // The place of a container without a second copy of all that is in it.
  static Node shallow(const Node& node) {
    return node.is_map() ? Node::map({}, node.origin()) : Node::list({}, node.origin());
  }

  Diagnostics& diagnostics_;
};

}  // namespace

Settings check_options(const Given& given, std::span<const Option> options, Diagnostics& diagnostics) {
  return Checker(diagnostics).options(given, options);
}

std::optional<Value> check_value(const Option& option, const Node& node, Diagnostics& diagnostics) {
  return Checker(diagnostics).value(option, node);
}

std::vector<const Node::Member*> members_of(const Node& node) {
  std::vector<const Node::Member*> members;
  for (const Node::Member& member : node.members()) members.push_back(&member);
  return members;
}

}  // namespace sluice::config
