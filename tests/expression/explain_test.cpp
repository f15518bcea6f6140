// Program::explain tells why.
#include <gtest/gtest.h>

#include "expression_fixture.hpp"

namespace sluice::test {
namespace {

std::string explain(std::string_view source, std::string json) {
  record::FieldTable table;
  const auto compiled = expression::compile(source, table);
  if (!compiled) return errors_text(compiled.errors);
  JsonRecord holder(std::move(json), table);
  record::Arena arena;
  std::string text;
  for (const auto& line : compiled.program->explain(holder.record(), arena)) {
    text += std::string(static_cast<std::size_t>(line.depth) * 2, ' ') + line.text + "\n";
  }
  return text;
}

TEST(Explain, ShowsTheValueBesideEachField) {
  EXPECT_EQ(explain("status >= 500", R"({"status":404})"), "status (404) >= 500 is false\n");
  EXPECT_EQ(explain("500 <= status", R"({"status":404})"), "500 <= status (404) is false\n");
  EXPECT_EQ(explain("level in ['a', 'b']", R"({"level":"a"})"), "level (\"a\") in ['a', 'b'] is true\n");
  EXPECT_EQ(explain("path.startsWith('/h')", R"({"path":"/health"})"), "path (\"/health\").startsWith('/h') is true\n");
  EXPECT_EQ(explain("a + b", R"({"a":1,"b":2})"), "a (1) + b (2) is 3\n");
}

TEST(Explain, ShowsEachConditionAndWhatWasNotNeeded) {
  EXPECT_EQ(explain("status >= 500 && !path.startsWith('/health')", R"({"status":404,"path":"/x"})"),
            "all of these is false\n"
            "  status (404) >= 500 is false\n"
            "  !path.startsWith('/health') was not needed\n");
  EXPECT_EQ(explain("status >= 500 && !path.startsWith('/health')", R"({"status":500,"path":"/x"})"),
            "all of these is true\n"
            "  status (500) >= 500 is true\n"
            "  !path.startsWith('/health') is true\n"
            "    path (\"/x\").startsWith('/health') is false\n");
}

TEST(Explain, ShowsErrors) {
  EXPECT_EQ(explain("status >= 500 || level == 'x'", R"({"level":"y"})"),
            "any of these fails (no_such_field: the record has no field `status`)\n"
            "  status (no_such_field) >= 500 fails (no_such_field: the record has no field `status`)\n"
            "  level (\"y\") == 'x' is false\n");
}

}  // namespace
}  // namespace sluice::test
