// The cases of `tests:`, compiled: what goes in and what is expected.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "config/diagnostics.hpp"
#include "config/load.hpp"
#include "config/pipeline.hpp"
#include "expression/expression.hpp"
#include "record/field_table.hpp"
#include "record/value.hpp"
#include "stages/enrich/literals.hpp"

namespace sluice::daemon {

// What one generator reads next, or how long nothing comes.
struct TestInput {
  std::size_t generator = 0;  // index in PipelineConfig::stages
  std::string line;           // without its end
  std::chrono::nanoseconds wait{};
  bool is_wait = false;
};

// One record that a writer is to write.
struct ExpectedRecord {
  enum class Kind { text, value, condition };
  Kind kind = Kind::text;
  std::string text;     // of Kind::text
  record::Value value;  // of Kind::value, a map
  std::vector<expression::Program> conditions;
};

// All that one writer is to write.
struct ExpectedOutput {
  std::size_t writer = 0;              // index in PipelineConfig::stages
  std::optional<std::uint64_t> count;  // only the number matters
  std::vector<ExpectedRecord> records;
};

// One record that is to be rejected; an empty part does not matter.
struct ExpectedRejection {
  std::string reason;
  std::string stage;
  std::string detail;  // a part of it
  std::optional<std::string> raw;
};

// A number, or a list with as many items.
template <class Item>
struct Expected {
  std::optional<std::uint64_t> count;
  std::vector<Item> items;
};

// Owns what its values point to. Movable.
struct TestCase {
  std::string name;
  config::Location location;
  std::vector<TestInput> inputs;
  std::vector<ExpectedOutput> outputs;
  Expected<ExpectedRejection> rejected;
  std::optional<Expected<std::string>> filtered;  // none: not looked at
  std::string error;                              // none if empty
  record::Timestamp time;
  bool exact = false;
  stages::Literals literals;
};

// One item of `config.tests`. Its expressions are compiled for `fields`, which outlives it; what is wrong goes to
// `diagnostics`, and the case is then of no use.
TestCase read_test(const config::PipelineConfig& config, std::size_t index, record::FieldTable& fields,
                   config::Diagnostics& diagnostics);

// Whether all items of `config.tests` are right, in the same way.
void check_tests(const config::PipelineConfig& config, record::FieldTable& fields, config::Diagnostics& diagnostics);

// Its name, or "test 3".
std::string name_of_test(const config::PipelineConfig& config, std::size_t index);

// The variables that it sees: its own, then those of `outer`.
config::Environment environment_of_test(const config::Settings& test, config::Environment outer);

}  // namespace sluice::daemon
