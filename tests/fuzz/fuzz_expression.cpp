// libFuzzer: any text as an expression, compiled with and without checking and folding, evaluated on one fixed record.
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string_view>
#include <vector>

#include "expression/expression.hpp"
#include "record/arena.hpp"
#include "record/field_table.hpp"
#include "record/json.hpp"
#include "record/record.hpp"

namespace {

using namespace sluice;

constexpr std::string_view kRecord =
    R"({"a":1,"b":-2.5,"level":"error","status":404,"path":"/health/live","flag":true,"none":null,)"
    R"("list":[1,2.0,"three",null,[4]],"map":{"k":"v","n":{"deep":[{}]}},"t":"2024-02-29T23:59:60Z","ip":"10.1.2.3",)"
    R"("text":"a\u00e9\ud83d\ude00\\n","big":18446744073709551615,"type":"x"})";

// 0: no program, 1: a value, 2: an error.
int run(std::string_view source, bool check, bool fold) {
  record::FieldTable table;
  expression::CompileOptions options;
  options.check = check;
  options.fold = fold;
  options.limits.cost = 20'000;
  options.limits.string_bytes = 256 * 1024;
  const expression::CompileResult compiled = expression::compile(source, table, options);
  if (!compiled) {
    if (compiled.errors.empty()) std::abort();
    for (const expression::CompileError& error : compiled.errors) {
      if (error.offset > source.size() || error.offset + error.length > source.size()) std::abort();
      expression::render(source, error);
    }
    return 0;
  }
  std::vector<record::Value> slots(table.size());
  for (std::size_t i = 0; i < slots.size(); ++i) slots[i] = record::member(record::Value::json(kRecord), table.name(i));
  record::Record record;
  record.set_json(kRecord, slots);
  record::Arena arena;
  const expression::Result result = compiled.program->evaluate(record, arena);
  compiled.program->matches(record, arena);
  compiled.program->detail(result.error);
  if (source.size() < 200) compiled.program->explain(record, arena);
  return result.ok() ? 1 : 2;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view source(reinterpret_cast<const char*>(data), size);
  run(source, true, true);
  run(source, false, true);
  run(source, true, false);
  return 0;
}
