// The values that a record's fields hold.
#pragma once

#include <cstdint>
#include <span>
#include <string_view>

namespace sluice::record {

// `json` is a value that nobody has read yet: a span of valid JSON text, decoded on first use (see record/json.hpp).
// `absent` marks "no such field"; it is never stored in a list or a map.
enum class Type : std::uint8_t {
  absent,
  null,
  boolean,
  int64,
  uint64,
  float64,
  string,
  bytes,
  timestamp,
  duration,
  list,
  map,
  json
};

// The name of a type as users see it in messages: "null", "bool", "int", "uint", "double", "string", ...
std::string_view type_name(Type type);

struct Field;

// Seconds since 1970-01-01T00:00:00Z and nanoseconds after them (0..999,999,999), so years 1 to 9999 keep nanoseconds.
struct Timestamp {
  std::int64_t seconds = 0;
  std::uint32_t nanoseconds = 0;
  friend auto operator<=>(const Timestamp&, const Timestamp&) = default;
};

// Whole seconds rounded down, and nanoseconds after them (0..999,999,999): -0.5 s is {-1, 500'000'000}.
struct Duration {
  std::int64_t seconds = 0;
  std::uint32_t nanoseconds = 0;
  friend auto operator<=>(const Duration&, const Duration&) = default;
};

// 16 bytes, trivially copyable, owns nothing: strings, lists and maps point into a batch's slab or arena (or into
// configuration that outlives every batch) and live as long as it does.
class Value {
 public:
  constexpr Value() = default;  // absent

  static constexpr Value null() { return Value(Type::null); }
  static constexpr Value boolean(bool value) {
    return make(Type::boolean, [&](Value& v) { v.boolean_ = value; });
  }
  static constexpr Value int64(std::int64_t value) {
    return make(Type::int64, [&](Value& v) { v.int64_ = value; });
  }
  static constexpr Value uint64(std::uint64_t value) {
    return make(Type::uint64, [&](Value& v) { v.uint64_ = value; });
  }
  static constexpr Value float64(double value) {
    return make(Type::float64, [&](Value& v) { v.float64_ = value; });
  }
  // At most 4 GiB - 1 bytes, as all sizes here.
  static constexpr Value string(std::string_view text) { return sized(Type::string, text); }
  // A string that stands between two quotes in JSON source text and has no escapes and no invalid UTF-8, so that it
  // can be written again with its quotes as it stands.
  static constexpr Value quoted_string(std::string_view text) {
    Value v = sized(Type::string, text);
    v.quoted_ = true;
    return v;
  }
  static constexpr Value bytes(std::string_view octets) { return sized(Type::bytes, octets); }
  // `text` is one valid JSON value without surrounding white space.
  static constexpr Value json(std::string_view text) { return sized(Type::json, text); }
  static constexpr Value timestamp(Timestamp t) {
    return make(Type::timestamp, [&](Value& v) { v.int64_ = t.seconds, v.size_ = t.nanoseconds; });
  }
  static constexpr Value duration(Duration d) {
    return make(Type::duration, [&](Value& v) { v.int64_ = d.seconds, v.size_ = d.nanoseconds; });
  }
  static Value list(std::span<const Value> items) {
    return make(Type::list,
                [&](Value& v) { v.items_ = items.data(), v.size_ = static_cast<std::uint32_t>(items.size()); });
  }
  // Keys are strings for everything that comes from or goes to a record; expressions also build int, uint and bool
  // keys.
  static Value map(std::span<const Field> fields) {
    return make(Type::map,
                [&](Value& v) { v.fields_ = fields.data(), v.size_ = static_cast<std::uint32_t>(fields.size()); });
  }

  constexpr Type type() const { return type_; }
  constexpr bool is(Type type) const { return type_ == type; }
  constexpr bool is_absent() const { return type_ == Type::absent; }
  constexpr bool is_quoted() const { return quoted_; }

  // Each accessor requires the matching type().
  constexpr bool as_boolean() const { return boolean_; }
  constexpr std::int64_t as_int64() const { return int64_; }
  constexpr std::uint64_t as_uint64() const { return uint64_; }
  constexpr double as_float64() const { return float64_; }
  constexpr std::string_view text() const { return {text_, size_}; }  // string, bytes, json
  constexpr Timestamp as_timestamp() const { return {int64_, size_}; }
  constexpr Duration as_duration() const { return {int64_, size_}; }
  std::span<const Value> items() const { return {items_, size_}; }  // list
  inline std::span<const Field> fields() const;                     // map
  constexpr std::uint32_t size() const { return size_; }            // bytes of text, items of a list, fields of a map

 private:
  constexpr explicit Value(Type type) : type_(type) {}
  template <class Set>
  static constexpr Value make(Type type, Set set) {
    Value v(type);
    set(v);
    return v;
  }
  static constexpr Value sized(Type type, std::string_view text) {
    return make(type, [&](Value& v) { v.text_ = text.data(), v.size_ = static_cast<std::uint32_t>(text.size()); });
  }

  union {
    std::uint64_t uint64_ = 0;
    std::int64_t int64_;
    double float64_;
    bool boolean_;
    const char* text_;
    const Value* items_;
    const Field* fields_;
  };
  std::uint32_t size_ = 0;
  Type type_ = Type::absent;
  bool quoted_ = false;
};
static_assert(sizeof(Value) == 16);

// One entry of a record or a map.
struct Field {
  Value name;  // a string in records
  Value value;
};

inline std::span<const Field> Value::fields() const { return {fields_, size_}; }

}  // namespace sluice::record
