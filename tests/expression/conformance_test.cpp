// cel-spec's conformance files, read as they are (../shared/data/README.md tells where they come from).
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iostream>
#include <map>
#include <regex>
#include <set>
#include <sstream>
#include <stdexcept>

#include "expression/expression.hpp"
#include "expression/extension.hpp"
#include "expression/program.hpp"
#include "expression/values.hpp"
#include "record/buffer.hpp"
#include "record/json_writer.hpp"
#include "textproto.hpp"

namespace sluice::test {
namespace {

using expression::Kind;
using record::Field;
using record::Type;
using record::Value;

struct NeedsProtobuf : std::runtime_error {
  using std::runtime_error::runtime_error;
};

std::string read_file(const std::filesystem::path& path) {
  std::ifstream file(path, std::ios::binary);
  std::ostringstream text;
  text << file.rdbuf();
  return text.str();
}

// cel.expr.Value to ours. The memory is the arena's.
class ValueReader {
 public:
  explicit ValueReader(record::Arena& arena) : arena_(arena) {}

  Value read(const ProtoMessage& message) {
    const ProtoField& field = message.fields.at(0);
    const std::string& text = field.scalar;
    if (field.name == "null_value") return Value::null();
    if (field.name == "bool_value") return Value::boolean(text == "true");
    if (field.name == "int64_value") return Value::int64(std::stoll(text));
    if (field.name == "uint64_value") return Value::uint64(std::stoull(text));
    if (field.name == "double_value") return Value::float64(std::strtod(text.c_str(), nullptr));
    if (field.name == "string_value") return Value::string(arena_.copy(text));
    if (field.name == "bytes_value") return Value::bytes(arena_.copy(text));
    if (field.name == "type_value") return type(text);
    if (field.name == "list_value") return list(*field.message);
    if (field.name == "map_value") return map(*field.message);
    if (field.name == "object_value") return object(*field.message);
    throw NeedsProtobuf(field.name);
  }

 private:
  Value list(const ProtoMessage& message) {
    const auto values = message.all("values");
    const auto items = arena_.make_array<Value>(values.size());
    for (std::size_t i = 0; i < values.size(); ++i) items[i] = read(*values[i]->message);
    return Value::list(items);
  }
  Value map(const ProtoMessage& message) {
    const auto entries = message.all("entries");
    const auto fields = arena_.make_array<Field>(entries.size());
    for (std::size_t i = 0; i < entries.size(); ++i) {
      fields[i] = {read(entries[i]->message->message("key")), read(entries[i]->message->message("value"))};
    }
    return Value::map(fields);
  }
  static Value object(const ProtoMessage& message) {
    const ProtoField& field = message.fields.at(0);
    const auto number = [&](const char* name) { return std::atoll(field.message->text(name).c_str()); };
    if (field.name == "[type.googleapis.com/google.protobuf.Duration]") {
      return Value::duration({number("seconds"), static_cast<std::uint32_t>(number("nanos"))});
    }
    if (field.name == "[type.googleapis.com/google.protobuf.Timestamp]") {
      return Value::timestamp({number("seconds"), static_cast<std::uint32_t>(number("nanos"))});
    }
    throw NeedsProtobuf(field.name);
  }
  static Value type(const std::string& name) {
    for (int i = 0; i < static_cast<int>(Kind::same); ++i) {
      const Kind kind = static_cast<Kind>(i);
      if (expression::type_value_name(kind) == name) return expression::type_value(kind);
    }
    throw NeedsProtobuf("type " + name);
  }
  record::Arena& arena_;
};

std::string type_text(const ProtoMessage& type) {
  if (type.has("primitive")) {
    const std::string name = type.text("primitive");
    return name == "INT64"    ? "int"
           : name == "UINT64" ? "uint"
           : name == "BOOL"   ? "bool"
           : name == "DOUBLE" ? "double"
           : name == "STRING" ? "string"
           : name == "BYTES"  ? "bytes"
                              : "dyn";
  }
  if (type.has("list_type")) return "list";
  if (type.has("map_type")) return "map";
  const std::string message = type.text("message_type");
  if (message == "google.protobuf.Duration") return "duration";
  if (message == "google.protobuf.Timestamp") return "timestamp";
  if (!message.empty()) throw NeedsProtobuf(message);
  return "dyn";
}

bool mentions_messages(const std::string& source) {
  static const std::regex kMessage(R"(TestAllTypes|google\.protobuf\.\w+\s*\{)");
  return std::regex_search(source, kMessage);
}

// Like equal(), but a double is only equal to a double, NaN is itself, and -0.0 is not 0.0.
bool identical(const Value& a, const Value& b, record::Arena& arena) {
  if (a.type() != b.type()) return false;
  if (a.is(Type::float64)) {
    return (a.as_float64() != a.as_float64() && b.as_float64() != b.as_float64()) ||
           (a.as_float64() == b.as_float64() && std::signbit(a.as_float64()) == std::signbit(b.as_float64()));
  }
  const expression::Tree tree{};
  const expression::Node node{};
  expression::Frame frame{nullptr, &arena, &tree, nullptr, 1'000'000, {}};
  return expression::equal(a, b, node, frame);
}

std::string show(const Value& value, record::Arena& arena) {
  record::Buffer buffer;
  record::write_json(buffer, expression::plain(value, arena));
  return std::string(buffer.view());
}

// Why the test fails, or "".
std::string run(const ProtoMessage& test, bool fold) {
  if (test.has("container") || mentions_messages(test.text("expr"))) throw NeedsProtobuf("message");
  record::Arena arena;
  ValueReader reader(arena);
  record::FieldTable table;
  expression::CompileOptions options;
  options.check = test.text("disable_check") != "true";
  options.fold = fold;
  options.plain_results = false;
  options.variables.emplace();
  for (const ProtoField* declared : test.all("type_env")) {
    options.variables->push_back(
        {declared->message->text("name"), type_text(declared->message->message("ident").message("type"))});
  }
  std::vector<Field> bound;
  for (const ProtoField* binding : test.all("bindings")) {
    const std::string name = binding->message->text("key");
    bound.push_back(
        {Value::string(arena.copy(name)), reader.read(binding->message->message("value").message("value"))});
    const auto is_same = [&](const expression::Variable& v) { return v.name == name; };
    if (std::none_of(options.variables->begin(), options.variables->end(), is_same))
      options.variables->push_back({name, "dyn"});
  }
  const bool expects_error = test.has("eval_error");
  const expression::CompileResult compiled = expression::compile(test.text("expr"), table, options);
  // An error that is expected may be found early, but not without types.
  if (!compiled) return expects_error && options.check ? "" : "does not compile: " + compiled.errors[0].message;
  record::Record record;
  record.set_fields(bound);
  const expression::Result result = compiled.program->evaluate(record, arena);
  if (expects_error) return result.ok() ? "gives " + show(result.value, arena) + " instead of an error" : "";
  if (!result.ok()) return "fails: " + compiled.program->detail(result.error);
  Value expected = Value::boolean(true);
  if (test.has("value")) expected = reader.read(test.message("value"));
  const Value value = record::resolve(result.value, arena);
  return identical(value, expected, arena) ? ""
                                           : "gives " + show(value, arena) + " instead of " + show(expected, arena);
}

std::map<std::string, std::string> known_differences() {
  std::map<std::string, std::string> known;
  std::ifstream file(SLUICE_SOURCE_DIR "/tests/foreign/cel_known_differences.txt");
  for (std::string line; std::getline(file, line);) {
    if (line.empty() || line[0] == '#') continue;
    const std::size_t blank = line.find(' ');
    known[line.substr(0, blank)] = blank == std::string::npos ? "" : line.substr(blank + 1);
  }
  return known;
}

std::string underscored(std::string name) {
  std::replace(name.begin(), name.end(), ' ', '_');
  return name;
}

struct Counts {
  int tests = 0, passed = 0, skipped = 0, failed = 0;
};

Counts run_file(const std::filesystem::path& path, const std::map<std::string, std::string>& known) {
  const std::string file = path.stem();
  const std::string text = read_file(path);
  const ProtoMessage suite = read_textproto(text);
  Counts counts;
  for (const ProtoField* section : suite.all("section")) {
    for (const ProtoField* test : section->message->all("test")) {
      const std::string name =
          file + "/" + underscored(section->message->text("name")) + "/" + underscored(test->message->text("name"));
      ++counts.tests;
      try {
        std::string failure = run(*test->message, true);
        if (failure.empty()) failure = run(*test->message, false);
        if (failure.empty()) {
          ++counts.passed;
          EXPECT_EQ(known.count(name), 0U) << name << " passes now: remove it from cel_known_differences.txt";
        } else {
          ++counts.failed;
          EXPECT_EQ(known.count(name), 1U) << name << ": " << test->message->text("expr") << " " << failure;
        }
      } catch (const NeedsProtobuf&) {
        ++counts.skipped;
      }
    }
  }
  return counts;
}

TEST(CelConformance, EveryTestThatNeedsNoProtobufPasses) {
  const std::filesystem::path directory = SLUICE_SHARED_DIR "/data/cel";
  if (!std::filesystem::exists(directory)) GTEST_SKIP() << directory << " is not there";
  const auto known = known_differences();
  std::set<std::filesystem::path> files;
  for (const auto& entry : std::filesystem::directory_iterator(directory)) {
    if (entry.path().extension() == ".textproto") files.insert(entry.path());
  }
  Counts all;
  std::printf("%-16s %6s %7s %9s %7s\n", "file", "tests", "passed", "protobuf", "failed");
  for (const std::filesystem::path& path : files) {
    const Counts counts = run_file(path, known);
    std::printf("%-16s %6d %7d %9d %7d\n", path.stem().c_str(), counts.tests, counts.passed, counts.skipped,
                counts.failed);
    all.tests += counts.tests, all.passed += counts.passed, all.skipped += counts.skipped, all.failed += counts.failed;
  }
  std::printf("%-16s %6d %7d %9d %7d\n", "all", all.tests, all.passed, all.skipped, all.failed);
  EXPECT_GT(all.passed, 1000);
}

}  // namespace
}  // namespace sluice::test
