// Expressions in CEL, the Common Expression Language: compiled once, evaluated for every record.
//
// The language is that of github.com/google/cel-spec (doc/langdef.md) without protobuf messages, with its `strings`,
// `math` and `optional` extensions and Kubernetes' `ip` and `cidr` functions. docs/expressions.md is the user's view.
//
// A source text goes through lexer, parser, checker and compiler, in this order; what is left is a tree of nodes that
// the evaluator walks. Top-level names are fields of the record, `record` is the record itself.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "record/arena.hpp"
#include "record/field_table.hpp"
#include "record/record.hpp"
#include "record/value.hpp"

namespace sluice::expression {

// Why an evaluation gave no value. Each has a short name for counters and rejects: reason_name().
enum class ErrorReason : std::uint8_t {
  none,
  no_such_field,       // the record has no such top-level field
  no_such_key,         // a map has no such key
  no_such_overload,    // an operator or function does not take values of these types
  not_a_bool,          // matches() only: the result is neither true nor false
  overflow,            // beyond the range of int, uint, timestamp or duration
  division_by_zero,    // `/ 0` or `% 0`
  index_out_of_range,  // beyond the end of a list or string
  invalid_argument,    // a text that cannot be converted, a bad regex, a bad format, ...
  unsupported_key,     // a map literal with a key that is no bool, int, uint or string
  duplicate_key,       // a map literal with the same key twice
  no_value,            // optional.none().value()
  unknown_function,    // only in programs that were compiled without check
  limit_exceeded,      // one of Limits
};

// "no_such_field", ...; "" for none. The text lives as long as the process.
std::string_view reason_name(ErrorReason reason);

// Bounds on what one expression may ask for. They hold for whatever comes from records too: exceeding one at run time
// is the error limit_exceeded, never a crash or an unbounded allocation.
struct Limits {
  std::size_t source_bytes = 64 * 1024;        // of the expression's text
  std::size_t nesting = 200;                   // depth of the syntax tree
  std::size_t nested_macros = 16;              // macro variables that are visible at one place
  std::size_t list_items = 100'000;            // of a list or map that the expression makes
  std::size_t string_bytes = 4 * 1024 * 1024;  // of a string that the expression makes
  std::uint64_t cost = 1'000'000;  // macro iterations + items compared + KiB of text made or scanned, per evaluation
};

// What the user of the program needs as its result. A result that is known to be something else is a compile error.
enum class ResultType : std::uint8_t { any, boolean, string, number };

// A variable for environments that are not a record of unknown shape; `name` may be qualified ("a.b.c").
struct Variable {
  std::string name;
  std::string type = "dyn";  // "int", "string", "list", "map", ...
};

struct CompileOptions {
  ResultType expect = ResultType::any;
  Limits limits;
  // Absent: every name is a field of the record, and `bytes` or `type` are fields too, unless they are compared with
  // `type(x)`. Present: only these names exist, names of types win over fields, as in plain CEL.
  std::optional<std::vector<Variable>> variables;
  bool check = true;          // false: types are not checked, unknown functions fail at run time
  bool fold = true;           // false: nothing is computed at compile time (to test the folding)
  bool plain_results = true;  // false: types, optionals and addresses are returned as they are (see extension.hpp)
};

// A mistake in the source text. `offset` and `length` are in bytes; `length` is at least 1 except at the end of the
// text.
struct CompileError {
  std::size_t offset = 0;
  std::size_t length = 0;
  std::string message;
  std::string hint;  // what to do, or ""; e.g. "did you mean `startsWith`?"
};

// The error of an evaluation. Trivially copyable, allocates nothing: Program::detail() makes the words.
struct Error {
  ErrorReason reason = ErrorReason::none;
  const char* note = nullptr;  // constant text that says more than the reason, or null
  std::uint32_t offset = 0;    // the place in the source text
  std::uint32_t length = 0;
};

// The outcome of an evaluation. `value` is absent if there was an error. It points into the record's memory, the arena
// or the program, and may be of Type::json if it is a record's value passed through.
// With `plain_results`: addresses and networks are strings, types are their names, an optional is its value; the value
// is absent without an error for optional.none().
struct Result {
  record::Value value;
  Error error;
  bool ok() const { return error.reason == ErrorReason::none; }
};

enum class Truth : std::uint8_t { no, yes, error };
struct Match {
  Truth truth = Truth::no;
  Error error;  // with Truth::error
  explicit operator bool() const { return truth == Truth::yes; }
};

// One line of an explanation: a part of the expression, indented by `depth`, and what it gave for one record:
// "status (404) >= 500 is false".
struct Observation {
  std::size_t offset = 0;
  std::size_t length = 0;
  int depth = 0;
  std::string text;
};

struct Tree;  // program.hpp

// A compiled expression. Movable. All const functions may be called by many threads at once, each with its own record
// and arena. Evaluation never throws (other than std::bad_alloc), reads no clock and does no I/O; its only exception is
// a time zone that is named by the record and not by the expression, which is read once from /usr/share/zoneinfo.
class Program {
 public:
  Program(Program&&) noexcept;
  Program& operator=(Program&&) noexcept;
  ~Program();

  // The value for `record`. Memory that is needed comes from `arena`, which must be the one of the record's batch or
  // live as long. The record is not changed.
  Result evaluate(record::Record& record, record::Arena& arena) const;

  // Whether the value is `true`. Comparisons of fields with constants allocate nothing.
  Match matches(record::Record& record, record::Arena& arena) const;

  // A sentence about an error of this program: "the record has no field `status`".
  std::string detail(const Error& error) const;

  // Evaluates and tells what each comparison and call under the logical operators gave, in the order of the source
  // text; parts that were not needed are marked as such. For `sluice explain`: not fast.
  std::vector<Observation> explain(record::Record& record, record::Arena& arena) const;

  std::string_view source() const;

  // Whether the value is the same for every record.
  bool is_constant() const;

 private:
  friend struct Compilation;
  explicit Program(std::unique_ptr<const Tree> tree);
  std::unique_ptr<const Tree> tree_;
};

// Either a program, or at least one error; all errors of the text, not just the first.
struct CompileResult {
  std::optional<Program> program;
  std::vector<CompileError> errors;
  explicit operator bool() const { return program.has_value(); }
};

// Compiles `source`. The names of fields that it reads are interned in `fields` (also if it has errors), which must
// outlive the program; expressions that look at fields which are only known at run time call fields.read_everything().
CompileResult compile(std::string_view source, record::FieldTable& fields, const CompileOptions& options = {});

// The error with the source line and a caret under the place, for terminals and logs; several lines, no final newline.
std::string render(std::string_view source, const CompileError& error);

}  // namespace sluice::expression
