// Checked values: what a stage is constructed from.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

#include "config/node.hpp"
#include "config/option.hpp"
#include "config/units.hpp"

namespace sluice::config {

class Settings;
struct Entry;

// One checked value. Immutable; cheap enough to copy at start-up.
class Value {
 public:
  using Data = std::variant<std::monostate, std::string, bool, std::int64_t, double, std::uint64_t,
                            std::chrono::nanoseconds, Rate, std::vector<Value>,
                            std::shared_ptr<const std::vector<Entry>>, std::shared_ptr<const Settings>>;

  Value() = default;
  Value(Type type, Data data, Node node) : type_(type), data_(std::move(data)), node_(std::move(node)) {}

  // The type that it was checked as; never `either`, but the alternative that fitted.
  Type type() const { return type_; }

  // Each throws std::logic_error when the value has another type: that is a mistake in the program, not in the file.
  const std::string& string() const;  // string, choice, expression, regex
  bool boolean() const;
  std::int64_t integer() const;
  double number() const;  // number, integer
  std::uint64_t size() const;
  std::chrono::nanoseconds duration() const;
  Rate rate() const;
  const std::vector<Value>& items() const;    // list
  const std::vector<Entry>& entries() const;  // map, in YAML order
  const Settings& section() const;            // mapping
  std::vector<std::string> strings() const;   // list of strings

  // Whether the other holds the same; of scalars, and of nothing else (config/difference.hpp).
  bool same_scalar(const Value& other) const;

  // The YAML behind it: for the type `any` the whole value, for lists, maps and mappings only the place.
  const Node& node() const { return node_; }
  // The place of the value, and of byte `offset` of a string (see Node::location).
  Location location() const { return node_.location(); }
  Location location(std::size_t offset) const { return node_.location(offset); }

 private:
  Type type_ = Type::any;
  Data data_;
  Node node_;
};

// One key of a map.
struct Entry {
  std::string key;
  Value value;
  Location key_location;
};

// The checked values of one mapping (a stage, the pipeline section, a nested mapping), defaults applied. Getters take
// the declared name and throw std::logic_error for a name that was not declared or has another type (a mistake in the
// program). An option that was neither written nor has a default reads as zero, empty or false: ask has() or
// contains(). Immutable after loading; readable by many threads.
class Settings {
 public:
  Settings() = default;

  // Written by the user.
  bool has(std::string_view name) const;
  // Written by the user or filled from a default.
  bool contains(std::string_view name) const { return find(name) != nullptr; }
  // What it was checked as: the alternative taken by an `either`. Precondition: contains(name).
  Type type_of(std::string_view name) const { return value(name).type(); }

  std::string string(std::string_view name) const;
  bool boolean(std::string_view name) const;
  std::int64_t integer(std::string_view name) const;
  double number(std::string_view name) const;
  std::uint64_t size(std::string_view name) const;
  std::chrono::nanoseconds duration(std::string_view name) const;
  Rate rate(std::string_view name) const;
  std::vector<std::string> strings(std::string_view name) const;
  std::vector<Value> items(std::string_view name) const;
  std::vector<Entry> entries(std::string_view name) const;
  const Node& node(std::string_view name) const;
  // A nested mapping; when it was not written, its defaults.
  const Settings& section(std::string_view name) const;

  // The value itself; throws std::logic_error when absent.
  const Value& value(std::string_view name) const;
  // Null when absent.
  const Value* find(std::string_view name) const;

  // The names that are declared, in the order of the declaration.
  std::vector<std::string> names() const;
  // The names that the user wrote, in the order of the file.
  const std::vector<std::string>& keys() const { return keys_; }

  // The place of the value, or of the whole mapping when the name was not written; and of byte `offset` of a string.
  Location locate(std::string_view name) const;
  Location locate(std::string_view name, std::size_t offset) const;
  // The same for element `index` of a list or map.
  Location locate_element(std::string_view name, std::size_t index) const;
  Location locate_element(std::string_view name, std::size_t index, std::size_t offset) const;
  // The place of the mapping.
  const Location& location() const { return location_; }

  // For the checker, which builds settings up: a name that may be asked for; the value that the user wrote for it; the
  // value from its default; the defaults of a nested mapping that is absent.
  enum class Source { written, defaulted, absent };
  void set_location(Location location) { location_ = std::move(location); }
  void declare(std::string name);
  void put(std::string_view name, Value value, Source source);

 private:
  struct Item {
    std::string name;
    Source source = Source::absent;
    Value value;
  };
  const Item& item(std::string_view name) const;
  std::vector<Item> items_;
  std::vector<std::string> keys_;
  Location location_;
};

}  // namespace sluice::config
