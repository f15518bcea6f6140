// The key of sample, limit and dedupe: what tells records apart.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "config/settings.hpp"
#include "expression/expression.hpp"
#include "record/arena.hpp"
#include "record/buffer.hpp"
#include "record/record.hpp"
#include "stages/registry.hpp"

namespace sluice::stages {

// A key's text, or why there is none. The text lives until the scratch buffer, the record or its arena change.
struct KeyText {
  std::string_view text;
  expression::Error error;
  bool ok() const { return error.reason == expression::ErrorReason::none; }
};

// Immutable; many threads may use one.
class Key {
 public:
  // The record's line as the generator accepted it.
  Key() = default;
  explicit Key(expression::Program program) : program_(std::move(program)) {}

  // From the option `name` of `settings`; the line if it was not given. Nothing after errors, which went to the
  // workshop's diagnostics.
  static std::optional<Key> make(const config::Settings& settings, std::string_view name, Workshop& workshop);

  // A string as it is, any other value as JSON writes it. A value of null is a key like others; an expression without
  // a value is the error `no_value`.
  KeyText read(record::Record& record, record::Arena& arena, record::Buffer& scratch) const;

  // A sentence about an error of read().
  std::string detail(const expression::Error& error) const;

  // "the line", "`user.id` (`42`)": for explanations.
  std::string describe(record::Record& record, record::Arena& arena) const;

 private:
  std::optional<expression::Program> program_;
};

}  // namespace sluice::stages
