#include "config/settings.hpp"

#include <algorithm>
#include <concepts>
#include <stdexcept>
#include <type_traits>

namespace sluice::config {
namespace {

[[noreturn]] void wrong_type(std::string_view wanted) {
  throw std::logic_error("config::Value read as " + std::string(wanted) + ", which it is not");
}

template <typename T>
const T& get(const Value::Data& data, std::string_view wanted) {
  const T* value = std::get_if<T>(&data);
  if (value == nullptr) wrong_type(wanted);
  return *value;
}

}  // namespace

const std::string& Value::string() const { return get<std::string>(data_, "string"); }
bool Value::boolean() const { return get<bool>(data_, "boolean"); }
std::int64_t Value::integer() const { return get<std::int64_t>(data_, "integer"); }
std::uint64_t Value::size() const { return get<std::uint64_t>(data_, "size"); }
std::chrono::nanoseconds Value::duration() const { return get<std::chrono::nanoseconds>(data_, "duration"); }
Rate Value::rate() const { return get<Rate>(data_, "rate"); }
const std::vector<Value>& Value::items() const { return get<std::vector<Value>>(data_, "list"); }

double Value::number() const {
  if (const auto* integer_value = std::get_if<std::int64_t>(&data_)) return static_cast<double>(*integer_value);
  return get<double>(data_, "number");
}

const std::vector<Entry>& Value::entries() const {
  return *get<std::shared_ptr<const std::vector<Entry>>>(data_, "map");
}

const Settings& Value::section() const { return *get<std::shared_ptr<const Settings>>(data_, "mapping"); }

std::vector<std::string> Value::strings() const {
  std::vector<std::string> result;
  for (const Value& item : items()) result.push_back(item.string());
  return result;
}

bool Value::same_scalar(const Value& other) const {
  return std::visit(
      [&other](const auto& value) {
        using Held = std::decay_t<decltype(value)>;
        const auto* const held = std::get_if<Held>(&other.data_);
        if constexpr (std::is_same_v<Held, std::monostate>) {
          return held != nullptr;
        } else if constexpr (std::equality_comparable<Held> && !std::is_same_v<Held, std::vector<Value>>) {
          return held != nullptr && *held == value;
        } else {
          return false;
        }
      },
      data_);
}

std::vector<std::string> Settings::names() const {
  std::vector<std::string> names;
  for (const Item& item : items_) names.push_back(item.name);
  return names;
}

const Settings::Item& Settings::item(std::string_view name) const {
  const auto found = std::find_if(items_.begin(), items_.end(), [name](const Item& item) { return item.name == name; });
  if (found == items_.end()) throw std::logic_error("config::Settings has no option `" + std::string(name) + "`");
  return *found;
}

bool Settings::has(std::string_view name) const { return item(name).source == Source::written; }

const Value* Settings::find(std::string_view name) const {
  const Item& found = item(name);
  return found.source == Source::absent ? nullptr : &found.value;
}

const Value& Settings::value(std::string_view name) const {
  const Value* found = find(name);
  if (found == nullptr) throw std::logic_error("config::Settings: option `" + std::string(name) + "` has no value");
  return *found;
}

std::string Settings::string(std::string_view name) const {
  const Value* found = find(name);
  return found != nullptr ? found->string() : std::string();
}

bool Settings::boolean(std::string_view name) const {
  const Value* found = find(name);
  return found != nullptr && found->boolean();
}

std::int64_t Settings::integer(std::string_view name) const {
  const Value* found = find(name);
  return found != nullptr ? found->integer() : 0;
}

double Settings::number(std::string_view name) const {
  const Value* found = find(name);
  return found != nullptr ? found->number() : 0;
}

std::uint64_t Settings::size(std::string_view name) const {
  const Value* found = find(name);
  return found != nullptr ? found->size() : 0;
}

std::chrono::nanoseconds Settings::duration(std::string_view name) const {
  const Value* found = find(name);
  return found != nullptr ? found->duration() : std::chrono::nanoseconds(0);
}

Rate Settings::rate(std::string_view name) const {
  const Value* found = find(name);
  return found != nullptr ? found->rate() : Rate();
}

std::vector<std::string> Settings::strings(std::string_view name) const {
  const Value* found = find(name);
  return found != nullptr ? found->strings() : std::vector<std::string>();
}

std::vector<Value> Settings::items(std::string_view name) const {
  const Value* found = find(name);
  return found != nullptr ? found->items() : std::vector<Value>();
}

std::vector<Entry> Settings::entries(std::string_view name) const {
  const Value* found = find(name);
  return found != nullptr ? found->entries() : std::vector<Entry>();
}

const Node& Settings::node(std::string_view name) const { return item(name).value.node(); }

const Settings& Settings::section(std::string_view name) const { return item(name).value.section(); }

Location Settings::locate(std::string_view name) const {
  const Item& found = item(name);
  return found.source == Source::written ? found.value.location() : location_;
}

Location Settings::locate(std::string_view name, std::size_t offset) const {
  const Item& found = item(name);
  return found.source == Source::written ? found.value.location(offset) : location_;
}

Location Settings::locate_element(std::string_view name, std::size_t index) const {
  const Value& container = value(name);
  if (container.type() == Type::map && index < container.entries().size()) {
    return container.entries()[index].value.location();
  }
  if (container.type() == Type::list && index < container.items().size()) return container.items()[index].location();
  return locate(name);
}

Location Settings::locate_element(std::string_view name, std::size_t index, std::size_t offset) const {
  const Value& container = value(name);
  if (container.type() == Type::map && index < container.entries().size()) {
    return container.entries()[index].value.location(offset);
  }
  if (container.type() == Type::list && index < container.items().size()) {
    return container.items()[index].location(offset);
  }
  return locate(name);
}

void Settings::declare(std::string name) { items_.push_back({std::move(name), Source::absent, Value()}); }

void Settings::put(std::string_view name, Value value, Source source) {
  for (Item& item : items_) {
    if (item.name != name) continue;
    item.value = std::move(value);
    item.source = source;
    if (source == Source::written) keys_.emplace_back(name);
    return;
  }
}

}  // namespace sluice::config
