// Ten typical filters, in ns per record, each beside the same written by hand over the same located fields.
#include <benchmark/benchmark.h>
#include <re2/re2.h>

#include <array>
#include <charconv>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <string>
#include <string_view>
#include <vector>

#include "expression/expression.hpp"
#include "record/arena.hpp"
#include "record/field_table.hpp"
#include "record/json.hpp"
#include "record/record.hpp"

namespace {

using namespace sluice;
using record::FieldTable;
using record::Record;
using record::Type;
using record::Value;

constexpr std::string_view kNames[] = {"level", "status", "path", "ms",    "method",
                                       "ip",    "http",   "tags", "bytes", "user"};
enum Slot : std::uint16_t { kLevel, kStatus, kPath, kMs, kMethod, kIp, kHttp, kTags, kBytes, kUser };

// A thousand records as the JSON parser leaves them: located, numbers undecoded.
class Records {
 public:
  Records() {
    for (const std::string_view name : kNames) keys_.push_back(table_.intern(name));
    static constexpr const char* kLevels[] = {"info", "debug", "warn", "error"};
    static constexpr const char* kPaths[] = {"/health/live", "/api/v1/users/42", "/static/logo.png", "/api/v1/orders"};
    std::uint32_t random = 1;
    const auto pick = [&](std::uint32_t count) {
      random = random * 1664525 + 1013904223;
      return (random >> 16) % count;
    };
    texts_.reserve(kCount);
    for (std::size_t i = 0; i < kCount; ++i) {
      texts_.push_back(
          std::string(R"({"level":")") + kLevels[pick(4)] + R"(","status":)" + std::to_string(200 + pick(4) * 100) +
          R"(,"path":")" + kPaths[pick(4)] + R"(","ms":)" + std::to_string(pick(900)) + "." + std::to_string(pick(9)) +
          R"(,"method":")" + (pick(2) == 0 ? "GET" : "POST") + R"(","ip":"10.)" + std::to_string(pick(4)) + ".0." +
          std::to_string(pick(200)) + R"(","http":{"request":{"id":"x","size":)" + std::to_string(pick(5000)) +
          R"(}},"tags":["a","b)" + std::to_string(pick(3)) + R"("],"bytes":)" + std::to_string(pick(100000)) + "}");
    }
    slots_.resize(kCount * table_.size());
    records_.resize(kCount);
    for (std::size_t i = 0; i < kCount; ++i) {
      Value* const slots = slots_.data() + i * table_.size();
      for (std::size_t s = 0; s < table_.size(); ++s) slots[s] = record::member(Value::json(texts_[i]), kNames[s]);
      for (std::size_t s = 0; s < table_.size(); ++s) {  // the parser leaves plain strings decoded
        if (slots[s].is(Type::json) && slots[s].text().front() == '"' &&
            slots[s].text().find('\\') == std::string_view::npos) {
          slots[s] = Value::quoted_string(slots[s].text().substr(1, slots[s].text().size() - 2));
        }
      }
      records_[i].set_json(texts_[i], {slots, table_.size()});
    }
  }
  FieldTable& table() { return table_; }
  std::vector<Record>& records() { return records_; }
  Value find(const Record& record, Slot slot) const { return record.find(keys_[slot]); }

  static constexpr std::size_t kCount = 1000;

 private:
  FieldTable table_;
  std::vector<record::FieldKey> keys_;
  std::vector<std::string> texts_;
  std::vector<Value> slots_;
  std::vector<Record> records_;
};

Records& records() {
  static Records instance;
  return instance;
}

bool is_text(const Value& value, std::string_view text) { return value.is(Type::string) && value.text() == text; }
std::int64_t to_int(const Value& value) {
  std::int64_t number = 0;
  std::from_chars(value.text().data(), value.text().data() + value.text().size(), number);
  return number;
}
double to_double(const Value& value) {
  double number = 0;
  std::from_chars(value.text().data(), value.text().data() + value.text().size(), number);
  return number;
}

const RE2& users_regex() {
  static const RE2 regex(R"(^/api/v\d+/users/\d+$)");
  return regex;
}

using Hand = bool (*)(const Record&, record::Arena&);
struct Case {
  const char* name;
  const char* source;
  Hand hand;
};

Value at(const Record& record, Slot slot) { return records().find(record, slot); }

constexpr std::size_t kCases = 10;
const std::array<Case, kCases>& cases() {
  static const std::array<Case, kCases> all = {{
      {"equal", R"(level == "error")", [](const Record& r, record::Arena&) { return is_text(at(r, kLevel), "error"); }},
      {"number", "status >= 500", [](const Record& r, record::Arena&) { return to_int(at(r, kStatus)) >= 500; }},
      {"both", R"(status >= 500 && !path.startsWith("/health"))",
       [](const Record& r, record::Arena&) {
         return to_int(at(r, kStatus)) >= 500 && !at(r, kPath).text().starts_with("/health");
       }},
      {"either", R"(level == "error" || level == "warn" || ms > 500.0)",
       [](const Record& r, record::Arena&) {
         return is_text(at(r, kLevel), "error") || is_text(at(r, kLevel), "warn") || to_double(at(r, kMs)) > 500.0;
       }},
      {"in", R"(method in ["PUT", "POST", "PATCH", "DELETE", "MERGE"])",
       [](const Record& r, record::Arena&) {
         const std::string_view m = at(r, kMethod).text();
         return m == "PUT" || m == "POST" || m == "PATCH" || m == "DELETE" || m == "MERGE";
       }},
      {"regex", R"(path.matches(r"^/api/v\d+/users/\d+$"))",
       [](const Record& r, record::Arena&) {
         const std::string_view text = at(r, kPath).text();
         return RE2::PartialMatch(re2::StringPiece(text.data(), text.size()), users_regex());
       }},
      {"literal_regex", R"(path.matches("^/static/"))",
       [](const Record& r, record::Arena&) { return at(r, kPath).text().starts_with("/static/"); }},
      {"nested", "http.request.size > 2500",
       [](const Record& r, record::Arena&) {
         return to_int(record::member(record::member(at(r, kHttp), "request"), "size")) > 2500;
       }},
      {"missing", R"(has(record.user) && user == "root" || status == 404)",
       [](const Record& r, record::Arena&) {
         const Value user = at(r, kUser);
         return (!user.is_absent() && is_text(user, "root")) || to_int(at(r, kStatus)) == 404;
       }},
      {"list", R"(tags.exists(t, t == "b1") && bytes / 1024 > 10)",
       [](const Record& r, record::Arena& arena) {
         for (const Value& item : record::resolve(at(r, kTags), arena).items()) {
           if (is_text(record::resolve(item, arena), "b1")) return to_int(at(r, kBytes)) / 1024 > 10;
         }
         return false;
       }},
  }};
  return all;
}

void run_expression(benchmark::State& state, const Case& test) {
  const auto compiled = expression::compile(test.source, records().table());
  record::Arena arena;
  std::size_t yes = 0;
  for (auto _ : state) {
    for (Record& record : records().records()) yes += compiled.program->matches(record, arena) ? 1 : 0;
    arena.reset();
  }
  benchmark::DoNotOptimize(yes);
  state.SetItemsProcessed(state.iterations() * static_cast<std::int64_t>(Records::kCount));
}

void run_by_hand(benchmark::State& state, const Case& test) {
  record::Arena arena;
  std::size_t yes = 0;
  for (auto _ : state) {
    for (const Record& record : records().records()) yes += test.hand(record, arena) ? 1 : 0;
    arena.reset();
  }
  benchmark::DoNotOptimize(yes);
  state.SetItemsProcessed(state.iterations() * static_cast<std::int64_t>(Records::kCount));
}

// Both must say the same before they are timed.
void check(const Case& test) {
  const auto compiled = expression::compile(test.source, records().table());
  if (!compiled) std::abort();
  record::Arena arena;
  for (Record& record : records().records()) {
    if (static_cast<bool>(compiled.program->matches(record, arena)) != test.hand(record, arena)) {
      std::fprintf(stderr, "%s: the two disagree\n", test.name);
      std::abort();
    }
  }
}

const bool registered = [] {
  for (const Case& test : cases()) {
    check(test);
    benchmark::RegisterBenchmark((std::string("expression/") + test.name).c_str(), run_expression, test);
    benchmark::RegisterBenchmark((std::string("expression_by_hand/") + test.name).c_str(), run_by_hand, test);
  }
  return true;
}();

}  // namespace
