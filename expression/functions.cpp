#include "expression/functions.hpp"

#include <algorithm>

#include "expression/extension.hpp"

namespace sluice::expression {

const std::vector<const Function*>& all_functions() {
  static const std::vector<const Function*> kAll = [] {
    std::vector<const Function*> all;
    for (const auto library : {standard_functions(), time_functions(), string_functions(), format_functions(),
                               math_functions(), optional_functions(), network_functions()}) {
      for (const Function& function : library) all.push_back(&function);
    }
    return all;
  }();
  return kAll;
}

const Function* find_function(std::string_view name, bool member) {
  for (const Function* function : all_functions()) {
    if (function->member == member && function->name == name) return function;
  }
  return nullptr;
}

const Overload* find_overload(const Function& function, std::span<const Kind> kinds) {
  for (const Overload& overload : function.overloads) {
    if (overload.count != kinds.size()) continue;
    bool fits = true;
    for (std::size_t i = 0; i < kinds.size() && fits; ++i) {
      fits = overload.args[i] == Kind::dyn || kinds[i] == Kind::dyn || overload.args[i] == kinds[i];
    }
    if (fits) return &overload;
  }
  return nullptr;
}

bool accepts(const Function& function, std::span<const record::Value> args) {
  if (function.variadic && args.size() > 1) {
    return std::all_of(args.begin(), args.end(), [](const record::Value& arg) { return is_number(kind_of(arg)); });
  }
  std::array<Kind, 4> kinds{};
  if (args.size() > kinds.size()) return false;
  for (std::size_t i = 0; i < args.size(); ++i) kinds[i] = kind_of(args[i]);
  return find_overload(function, std::span(kinds).first(args.size())) != nullptr;
}

}  // namespace sluice::expression
