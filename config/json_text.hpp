// A JSON value to be printed: just enough for the schema.
#pragma once

#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace sluice::config {

class JsonText {
 public:
  static JsonText string(std::string_view text);
  // Text that is JSON already: a number, true, false, null.
  static JsonText raw(std::string text);
  static JsonText array(std::vector<JsonText> items);
  static JsonText strings(const std::vector<std::string>& texts);
  static JsonText object();

  // Adds a member to an object, keeping order.
  JsonText& add(std::string key, JsonText value) &;
  JsonText&& add(std::string key, JsonText value) &&;

  // Indented by two blanks; short arrays and objects of scalars stay on one line.
  std::string print(std::size_t indentation = 0) const;

 private:
  enum class Kind { scalar, array, object };
  std::string print_flat() const;

  Kind kind_ = Kind::scalar;
  std::string text_;
  std::vector<JsonText> items_;
  std::vector<std::string> keys_;  // of objects, one for each item
};

}  // namespace sluice::config
