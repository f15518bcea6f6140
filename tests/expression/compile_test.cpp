// What is found before any record is seen.
#include <gtest/gtest.h>

#include "expression_fixture.hpp"

namespace sluice::test {
namespace {

struct Mistake {
  const char* source;
  std::size_t offset;
  std::size_t length;
  const char* message;
  const char* hint;
};

class Mistakes : public testing::TestWithParam<Mistake> {};

TEST_P(Mistakes, AreFoundAtTheirPlaceWithAdvice) {
  const Mistake& mistake = GetParam();
  record::FieldTable table;
  expression::CompileOptions options;
  options.expect = expression::ResultType::boolean;
  const auto result = expression::compile(mistake.source, table, options);
  ASSERT_FALSE(result) << mistake.source;
  ASSERT_FALSE(result.errors.empty());
  const expression::CompileError& error = result.errors[0];
  EXPECT_EQ(error.offset, mistake.offset) << errors_text(result.errors);
  EXPECT_EQ(error.length, mistake.length) << errors_text(result.errors);
  EXPECT_NE(error.message.find(mistake.message), std::string::npos) << errors_text(result.errors);
  EXPECT_NE(error.hint.find(mistake.hint), std::string::npos) << errors_text(result.errors);
}

INSTANTIATE_TEST_SUITE_P(
    Expression, Mistakes,
    testing::Values(
        Mistake{"", 0, 0, "empty", ""}, Mistake{"level = 'error'", 6, 1, "`=` is not an operator", "`==`"},
        Mistake{"level == 'error' and a", 17, 3, "expected an operator", "`&&`"},
        Mistake{"not a", 4, 1, "expected an operator", "`!`"}, Mistake{"a & b", 2, 1, "not an operator", "`&&`"},
        Mistake{"a == ", 5, 0, "the expression ends here", ""}, Mistake{"(a == 1", 7, 0, "expected `)`", ""},
        Mistake{"a == 'x", 5, 1, "does not end", "'"}, Mistake{"a == '\\q'", 6, 2, "no escape", "r\""},
        Mistake{"a > 5s", 4, 2, "not a number", "duration"},
        Mistake{"a > 99999999999999999999", 4, 20, "too large", ".0"},
        Mistake{"path.startWith('/x')", 5, 9, "no function `startWith`", "did you mean `startsWith`?"},
        Mistake{"path.lenght() == 1", 5, 6, "no function `lenght`", ""},
        Mistake{"startsWith(path, 'x')", 0, 10, "no function", "write x.startsWith(...)"},
        Mistake{"x.int() == 1", 2, 3, "no function", "write int(x)"},
        Mistake{"math.max(1, 2) == 2", 5, 3, "math.max", "did you mean `math.greatest`?"},
        Mistake{"math.flor(x) == 1.0", 5, 4, "math.flor", "did you mean `math.floor`?"},
        Mistake{"path.startsWith(5)", 5, 10, "there is no dyn.startsWith(int)", "string.startsWith(string)"},
        Mistake{"size(5) == 1", 0, 4, "there is no size(int)", "size(string)"},
        Mistake{"status + 1", 0, 10, "the result is of type int", "compare"},
        Mistake{"1 + 'a' == 'b'", 2, 1, "`+` does not take values of type int and string", "string(...)"},
        Mistake{"1 + 1.5 > 2.0", 2, 1, "int and double", "double(...)"},
        Mistake{"'a' < 5", 4, 1, "`<` does not take", "without quotes"},
        Mistake{"size(x) == '5'", 8, 2, "`==` does not take", "without quotes"},
        Mistake{"a == 1 && 'x'", 10, 3, "`&&` takes bools", ""},
        Mistake{"level == 'a' || 'b'", 16, 3, "`||` takes bools", ""}, Mistake{"!5", 1, 1, "`!` takes a bool", ""},
        Mistake{"x in 'abc'", 5, 5, "needs a list or a map", "contains"},
        Mistake{"has(status)", 0, 3, "selected with a dot", "has(record.status)"},
        Mistake{"list.exists(x > 0)", 5, 6, "takes a variable and a condition", "list.exists(x, x > 0)"},
        Mistake{"list.exists(a.b, true)", 12, 3, "name of a variable", ""},
        Mistake{"namespace == 'x'", 0, 9, "reserved word", "record.namespace"},
        Mistake{"path.matches('(')", 13, 3, "regular expression is wrong", "re2"},
        Mistake{"timestamp(t).getHours('Mars/Base') == 1", 22, 11, "no time zone `Mars/Base`", "Europe/Berlin"},
        Mistake{"a == 1 || 1 / 0 > 2", 10, 5, "always fails: division by zero", ""},
        Mistake{"a > timestamp('yesterday')", 4, 22, "always fails", ""},
        Mistake{"a == [1, 2][5]", 5, 9, "always fails: index_out_of_range", ""},
        Mistake{"{'a': 1, 'a': 2}.a == x", 9, 3, "always fails", ""},
        Mistake{"cidr('10.0.0.0/33').containsIP(a)", 0, 19, "always fails", ""},
        Mistake{"'abc'.size == 3", 6, 4, "has no fields", "size()"}, Mistake{"{1.5: 2} == x", 1, 3, "a key is", ""},
        Mistake{"Foo{a: 1} == x", 3, 1, "no message types", "{\"key\": value}"},
        Mistake{"a == $b", 5, 1, "no meaning", "record["}, Mistake{"a =~ 'x'", 2, 2, "not an operator", "matches"},
        Mistake{"`a-b` == 1", 0, 5, "only follow a dot", "record.`a-b`"}));

TEST(ExpressionCompile, ReportsAllMistakesAtOnce) {
  record::FieldTable table;
  const auto result = expression::compile("path.startWith('/x') || 1 + 'a' == 2 || size(5) == 1 || x.nope()", table);
  EXPECT_EQ(result.errors.size(), 4U) << errors_text(result.errors);
  const auto lexical = expression::compile("a = 'x' & b = '\\q'", table);
  EXPECT_EQ(lexical.errors.size(), 4U) << errors_text(lexical.errors);
}

TEST(ExpressionCompile, ReportsAMistakeOnce) {
  for (const char* source :
       {"has(status)", "list.exists(x > 0)", "1 + (2 + 'a') + 3 == 4", "size(5) + 1 == 2", "x.nope().size() > 1"}) {
    record::FieldTable table;
    const auto result = expression::compile(source, table);
    EXPECT_EQ(result.errors.size(), 1U) << source << ": " << errors_text(result.errors);
  }
}

TEST(ExpressionCompile, RendersACaretUnderThePlace) {
  const expression::CompileError error{10, 3, "wrong", "do this"};
  EXPECT_EQ(expression::render("a == 1 &&\nübel", {10, 5, "wrong", "do this"}), "wrong\n  übel\n  ^~~~\n  do this");
  EXPECT_EQ(expression::render("a == 1 && bcd", error), "wrong\n  a == 1 && bcd\n            ^~~\n  do this");
  EXPECT_EQ(expression::render("", {0, 0, "empty", ""}), "empty\n  \n  ^");
}

TEST(ExpressionCompile, AConstantThatFailsIsNoMistakeWhereItDoesNotMatter) {
  EXPECT_EQ(evaluate("true || 1 / 0 > 2"), "true");
  EXPECT_EQ(evaluate("1 / 0 > 2 || true"), "true");
  EXPECT_EQ(evaluate("false && a == 1 / 0"), "false");
  EXPECT_EQ(evaluate("true ? 1 : 1 / 0"), "1");
  EXPECT_EQ(evaluate("a.map(x, 1 / 0)", R"({"a":[]})"), "[]") << "the body may never run";
}

TEST(ExpressionCompile, FoldsConstants) {
  for (const char* source :
       {"1 + 2 * 3 == 7", "'a' + 'b'", "size([1, 2, 3])", "[1, 2].map(x, x * 2)", "true || level == 'x'",
        "level == 'x' && false", "timestamp('2024-01-01T00:00:00Z') + duration('1h')", "false ? a : 3"}) {
    record::FieldTable table;
    const auto result = expression::compile(source, table);
    ASSERT_TRUE(result) << errors_text(result.errors);
    EXPECT_TRUE(result.program->is_constant()) << source;
  }
  record::FieldTable table;
  EXPECT_FALSE(expression::compile("a == 1", table).program->is_constant());
}

TEST(ExpressionCompile, InternsEachFieldOnce) {
  record::FieldTable table;
  ASSERT_TRUE(expression::compile("a == 1 || record.a == 2 || record['a'] == 3 || b.a == 4", table));
  EXPECT_EQ(table.size(), 2U);
}

TEST(ExpressionCompile, LiteralsHaveAllTheirForms) {
  EXPECT_EQ(evaluate("[0x1F, -0x10, 1e3, .5, 7u, -9223372036854775808]"), "[31,-16,1000.0,0.5,7,-9223372036854775808]");
  EXPECT_EQ(evaluate(R"(['\x41\101\u0041\U00000041', r'\n', """a"b""", 'tab\t'])"), R"(["AAAA","\\n","a\"b","tab\t"])");
  EXPECT_EQ(evaluate("b'\\xff' == b'\\377'"), "true");
  EXPECT_EQ(evaluate("{'a': [1, 2,], }"), R"({"a":[1,2]})");
  EXPECT_EQ(evaluate("1 // a comment\n + 2"), "3");
}

TEST(ExpressionCompile, BindsOperatorsAsCelDoes) {
  EXPECT_EQ(evaluate("1 + 2 * 3 - 4 / 2 % 3"), "5");
  EXPECT_EQ(evaluate("10 - 3 - 2"), "5");
  EXPECT_EQ(evaluate("true || false && false"), "true");
  EXPECT_EQ(evaluate("!true || true"), "true");
  EXPECT_EQ(evaluate("false ? 1 : false ? 2 : 3"), "3");
  EXPECT_EQ(evaluate("-2 + 3"), "1");
  EXPECT_EQ(evaluate("2 - -3"), "5");
  EXPECT_EQ(evaluate("1 < 2 == true"), "true");
}

TEST(ExpressionCompile, ClosedEnvironmentsKnowOnlyWhatIsDeclared) {
  expression::CompileOptions options;
  options.variables = {{{"status", "int"}, {"name", "string"}}};
  EXPECT_EQ(evaluate("status + 1", R"({"status":41})", options), "42");
  EXPECT_EQ(evaluate("statsu + 1", "{}", options), "wrong: 0+6 `statsu` is not declared [did you mean `status`?]");
  EXPECT_EQ(evaluate("status + name", "{}", options).substr(0, 7), "wrong: ");
}

}  // namespace
}  // namespace sluice::test
