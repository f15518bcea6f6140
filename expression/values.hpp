// Comparing, finding and converting values at run time (langdef.md "Equality", "Ordering", "Overflow").
#pragma once

#include <optional>
#include <string_view>
#include <vector>

#include "expression/extension.hpp"
#include "expression/program.hpp"
#include "record/value.hpp"

namespace sluice::expression {

enum class Order : std::uint8_t { less, equal, greater, unordered, no_overload };

// Numbers of different types compare by value, as cel-go does it: doubles with ints and uints in double precision.
// Values that have no order give no_overload, NaN unordered. Neither value is undecoded JSON.
Order compare(const record::Value& a, const record::Value& b);

// Deep equality; values of different types are unequal, numbers compare by value, NaN is unequal to everything.
// Undecoded JSON is decoded as needed. Lists and maps spend from the frame's budget: if that ends, the result is false
// and the frame has an error.
bool equal(const record::Value& a, const record::Value& b, const Node& node, Frame& frame);

// The value of a key in a map, or absent. The last of several wins. Keys compare as with equal().
record::Value find_key(const record::Value& map, const record::Value& key);
bool is_key(const record::Value& key);  // bool, int, uint or string

// Lists and maps: whether `value` is an element or a key. Absent with an error if `container` is neither.
record::Value contains(const record::Value& value, const record::Value& container, const Node& node, Frame& frame);

// The constants of `x in [...]`, to be found without a walk.
class ConstantSet {
 public:
  explicit ConstantSet(std::span<const record::Value> items);
  bool contains(const record::Value& value, const Node& node, Frame& frame) const;
  bool contains(std::string_view text) const;

 private:
  bool contains(std::int64_t number) const;
  std::vector<std::uint32_t> table_;  // of strings_, open addressing, 1-based, 0 is free
  std::vector<std::string_view> strings_;
  std::vector<std::int64_t> numbers_;  // sorted
  std::vector<record::Value> rest_;    // what is neither string nor int
};

// A text under construction in an arena, within the limits of the frame.
class TextBuilder {
 public:
  TextBuilder(const Node& node, Frame& frame, std::size_t expected = 64);
  void append(std::string_view text);
  void append(char c) { append(std::string_view(&c, 1)); }
  bool failed() const { return failed_; }
  // The string, or absent if a limit was exceeded.
  record::Value finish();

 private:
  const Node& node_;
  Frame& frame_;
  char* data_;
  std::size_t size_ = 0;
  std::size_t capacity_;
  bool failed_ = false;
};

// The text of string(value) for the types that have one; false for others.
bool append_text(TextBuilder& out, const record::Value& value);

}  // namespace sluice::expression
