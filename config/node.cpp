#include "config/node.hpp"

#include <algorithm>
#include <charconv>
#include <cmath>
#include <limits>
#include <optional>

namespace sluice::config {
namespace {

using Scalar = std::variant<std::monostate, bool, std::int64_t, std::uint64_t, double>;

bool is_one_of(std::string_view text, std::initializer_list<std::string_view> words) {
  return std::find(words.begin(), words.end(), text) != words.end();
}

bool all_digits(std::string_view text) {
  return !text.empty() && std::all_of(text.begin(), text.end(), [](char c) { return c >= '0' && c <= '9'; });
}

// The integers of the core schema: decimal with sign, 0o octal, 0x hexadecimal.
std::optional<Scalar> as_integer(std::string_view text) {
  int base = 10;
  bool negative = false;
  if (text.starts_with("0x") || text.starts_with("0o")) {
    base = text[1] == 'x' ? 16 : 8;
    text.remove_prefix(2);
    if (text.empty() || text.front() == '-') return std::nullopt;
  } else {
    negative = text.starts_with('-');
    if (negative || text.starts_with('+')) text.remove_prefix(1);
    if (!all_digits(text)) return std::nullopt;
  }
  std::uint64_t magnitude = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), magnitude, base);
  if (error != std::errc() || end != text.data() + text.size()) return std::nullopt;
  constexpr auto kLimit = static_cast<std::uint64_t>(std::numeric_limits<std::int64_t>::max());
  if (negative) {
    if (magnitude > kLimit + 1) return std::nullopt;
    return magnitude == kLimit + 1 ? std::numeric_limits<std::int64_t>::min() : -static_cast<std::int64_t>(magnitude);
  }
  if (magnitude > kLimit) return magnitude;
  return static_cast<std::int64_t>(magnitude);
}

std::optional<double> as_number(std::string_view text) {
  const bool negative = text.starts_with('-');
  std::string_view digits = text;
  if (negative || text.starts_with('+')) digits.remove_prefix(1);
  if (is_one_of(digits, {".inf", ".Inf", ".INF"})) {
    return negative ? -std::numeric_limits<double>::infinity() : std::numeric_limits<double>::infinity();
  }
  if (is_one_of(text, {".nan", ".NaN", ".NAN"})) return std::numeric_limits<double>::quiet_NaN();
  // from_chars also takes "inf", "nan" and hexadecimal floats, which are strings in YAML.
  if (digits.empty() || digits.find_first_not_of("0123456789.eE+-") != std::string_view::npos) return std::nullopt;
  if (digits.front() != '.' && (digits.front() < '0' || digits.front() > '9')) return std::nullopt;
  double value = 0;
  const auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), value);
  if (end != digits.data() + digits.size()) return std::nullopt;
  if (error == std::errc::result_out_of_range) return std::nullopt;
  if (error != std::errc()) return std::nullopt;
  return negative ? -value : value;
}

std::optional<Scalar> typed(std::string_view text) {
  if (is_one_of(text, {"", "~", "null", "Null", "NULL"})) return Scalar{};
  if (is_one_of(text, {"true", "True", "TRUE"})) return Scalar{true};
  if (is_one_of(text, {"false", "False", "FALSE"})) return Scalar{false};
  if (const auto integer = as_integer(text)) return integer;
  if (const auto number = as_number(text)) return Scalar{*number};
  return std::nullopt;
}

std::size_t span_of(const Origin& origin) {
  const std::string_view text = origin.source->text().substr(origin.begin, origin.end - origin.begin);
  return std::max<std::size_t>(count_characters(text.substr(0, text.find_first_of("\r\n"))), 1);
}

}  // namespace

Node Node::plain(std::string text, std::shared_ptr<const Origin> origin) {
  Node node;
  node.origin_ = std::move(origin);
  if (const auto scalar = typed(text)) {
    node.scalar_ = *scalar;
    switch (scalar->index()) {
      case 0:
        node.kind_ = Kind::null;
        break;
      case 1:
        node.kind_ = Kind::boolean;
        break;
      case 2:
        node.kind_ = Kind::integer;
        break;
      case 3:
        node.kind_ = Kind::unsigned_integer;
        break;
      default:
        node.kind_ = Kind::number;
        break;
    }
  } else {
    node.kind_ = Kind::string;
  }
  node.text_ = std::move(text);
  return node;
}

Node Node::quoted(std::string text, std::shared_ptr<const Origin> origin) {
  Node node;
  node.kind_ = Kind::string;
  node.quoted_ = true;
  node.text_ = std::move(text);
  node.origin_ = std::move(origin);
  return node;
}

Node Node::list(std::vector<Node> items, std::shared_ptr<const Origin> origin) {
  Node node;
  node.kind_ = Kind::list;
  node.items_ = std::move(items);
  node.origin_ = std::move(origin);
  return node;
}

Node Node::map(std::vector<Member> members, std::shared_ptr<const Origin> origin) {
  Node node;
  node.kind_ = Kind::map;
  node.members_ = std::move(members);
  node.origin_ = std::move(origin);
  return node;
}

bool Node::boolean() const {
  const bool* value = std::get_if<bool>(&scalar_);
  return value != nullptr && *value;
}

std::int64_t Node::integer() const {
  const auto* value = std::get_if<std::int64_t>(&scalar_);
  return value != nullptr ? *value : 0;
}

std::uint64_t Node::unsigned_integer() const {
  const auto* value = std::get_if<std::uint64_t>(&scalar_);
  return value != nullptr ? *value : 0;
}

double Node::number() const {
  if (const auto* value = std::get_if<double>(&scalar_)) return *value;
  if (kind_ == Kind::unsigned_integer) return static_cast<double>(unsigned_integer());
  return static_cast<double>(integer());
}

const Node* Node::find(std::string_view key) const {
  for (const Member& member : members_) {
    if (member.key == key) return &member.value;
  }
  return nullptr;
}

Node* Node::find(std::string_view key) {
  for (Member& member : members_) {
    if (member.key == key) return &member.value;
  }
  return nullptr;
}

Location Node::location() const {
  if (!origin_ || !origin_->source) return {};
  return origin_->source->locate(origin_->begin);
}

Location Node::location(std::size_t offset) const {
  if (!origin_ || !origin_->source) return {};
  const auto& bytes = origin_->bytes;
  if (bytes.empty()) return location();
  if (offset < bytes.size()) return origin_->source->locate(bytes[offset]);
  return origin_->source->locate(bytes.back() + 1);
}

std::size_t Node::span() const {
  if (!origin_ || !origin_->source) return 1;
  return is_scalar() ? span_of(*origin_) : 1;
}

std::string_view Node::kind_name() const {
  switch (kind_) {
    case Kind::null:
      return "null";
    case Kind::boolean:
      return "a boolean";
    case Kind::integer:
    case Kind::unsigned_integer:
      return "an integer";
    case Kind::number:
      return "a number";
    case Kind::string:
      return "a string";
    case Kind::list:
      return "a list";
    case Kind::map:
      return "a mapping";
  }
  return "a value";
}

Location Node::Member::key_location() const {
  if (!key_origin || !key_origin->source) return {};
  return key_origin->source->locate(key_origin->begin);
}

std::size_t Node::Member::key_span() const { return key_origin && key_origin->source ? span_of(*key_origin) : 1; }

}  // namespace sluice::config
