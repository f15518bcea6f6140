#include "config/json_text.hpp"

#include <fmt/format.h>

namespace sluice::config {
namespace {

constexpr std::size_t kLineWidth = 110;

std::string escape(std::string_view text) {
  std::string result = "\"";
  for (const char c : text) {
    if (c == '"' || c == '\\') {
      result += '\\';
      result += c;
    } else if (c == '\n') {
      result += "\\n";
    } else if (static_cast<unsigned char>(c) < 0x20) {
      result += fmt::format("\\u{:04x}", static_cast<unsigned char>(c));
    } else {
      result += c;
    }
  }
  return result + "\"";
}

}  // namespace

JsonText JsonText::string(std::string_view text) { return raw(escape(text)); }

JsonText JsonText::raw(std::string text) {
  JsonText json;
  json.text_ = std::move(text);
  return json;
}

JsonText JsonText::array(std::vector<JsonText> items) {
  JsonText json;
  json.kind_ = Kind::array;
  json.items_ = std::move(items);
  return json;
}

JsonText JsonText::strings(const std::vector<std::string>& texts) {
  std::vector<JsonText> items;
  for (const std::string& text : texts) items.push_back(string(text));
  return array(std::move(items));
}

JsonText JsonText::object() {
  JsonText json;
  json.kind_ = Kind::object;
  return json;
}

JsonText& JsonText::add(std::string key, JsonText value) & {
  keys_.push_back(std::move(key));
  items_.push_back(std::move(value));
  return *this;
}

JsonText&& JsonText::add(std::string key, JsonText value) && {
  add(std::move(key), std::move(value));
  return std::move(*this);
}

std::string JsonText::print_flat() const {
  if (kind_ == Kind::scalar) return text_;
  std::string result(1, kind_ == Kind::array ? '[' : '{');
  for (std::size_t i = 0; i < items_.size(); ++i) {
    if (i > 0) result += ", ";
    if (kind_ == Kind::object) result += escape(keys_[i]) + ": ";
    result += items_[i].print_flat();
    if (result.size() > kLineWidth) break;  // too long for one line anyway
  }
  return result + (kind_ == Kind::array ? ']' : '}');
}

std::string JsonText::print(std::size_t indentation) const {
  std::string flat = print_flat();
  if (kind_ == Kind::scalar || items_.empty() || flat.size() + indentation <= kLineWidth) return flat;
  const std::string inner(indentation + 2, ' ');
  std::string result(1, kind_ == Kind::array ? '[' : '{');
  for (std::size_t i = 0; i < items_.size(); ++i) {
    result += i > 0 ? ",\n" : "\n";
    result += inner;
    if (kind_ == Kind::object) result += escape(keys_[i]) + ": ";
    result += items_[i].print(indentation + 2);
  }
  return result + "\n" + std::string(indentation, ' ') + (kind_ == Kind::array ? ']' : '}');
}

}  // namespace sluice::config
