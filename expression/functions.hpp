// The functions of the language: one table for the checker, the evaluator and the documentation.
#pragma once

#include <array>
#include <cstdint>
#include <span>
#include <string_view>
#include <vector>

#include "expression/program.hpp"
#include "expression/types.hpp"
#include "record/value.hpp"

namespace sluice::expression {

// One call: its arguments, the receiver first, none of them undecoded JSON, of types that an overload takes.
struct Call {
  const Node& node;
  Frame& frame;
  std::span<const record::Value> args;

  const record::Value& operator[](std::size_t i) const { return args[i]; }
  std::size_t size() const { return args.size(); }
  record::Arena& arena() const { return *frame.arena; }
  record::Value fail(ErrorReason reason, const char* note = nullptr) const { return frame.fail(node, reason, note); }
};
using Implementation = record::Value (*)(const Call&);

// One signature. Kind::dyn as an argument takes anything.
struct Overload {
  Kind result = Kind::dyn;
  Kind element = Kind::dyn;  // of a list that is the result
  std::uint8_t count = 0;
  std::array<Kind, 4> args{};
};
template <class... Args>
constexpr Overload overload(Kind result, Args... args) {
  return {result, Kind::dyn, sizeof...(args), {args...}};
}
template <class... Args>
constexpr Overload list_overload(Kind element, Args... args) {
  return {Kind::list, element, sizeof...(args), {args...}};
}

struct Function {
  std::string_view name;  // "size", "math.abs"
  bool member = false;    // called as x.name(...): the receiver is the first argument
  Implementation run = nullptr;
  std::span<const Overload> overloads;
  bool variadic = false;           // takes any number of numbers as well (math.greatest)
  bool lazy = false;               // the second argument is evaluated only if the first is optional.none()
  std::string_view documentation;  // one line, for docs/expressions.md
};

std::span<const Function> standard_functions();
std::span<const Function> time_functions();
std::span<const Function> string_functions();
std::span<const Function> format_functions();
std::span<const Function> math_functions();
std::span<const Function> optional_functions();
std::span<const Function> network_functions();

// All of the above.
const std::vector<const Function*>& all_functions();

// The function of that name that is called as stated, or null.
const Function* find_function(std::string_view name, bool member);

// The overload that takes arguments of these kinds (dyn fits anything), or null.
const Overload* find_overload(const Function& function, std::span<const Kind> kinds);

// Whether some overload takes these values.
bool accepts(const Function& function, std::span<const record::Value> args);

// The zone of an accessor's second argument: an IANA name or an offset as in langdef.md "Timezones". Null if there is
// none.
std::shared_ptr<const record::TimeZone> load_zone(std::string_view name);

}  // namespace sluice::expression
