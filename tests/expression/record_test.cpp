// Expressions over records: names, undecoded JSON, what a filter needs.
#include <gtest/gtest.h>

#include "expression_fixture.hpp"

namespace sluice::test {
namespace {

using record::Field;
using record::Value;

TEST(ExpressionRecord, ComparesFieldsWithConstantsOfEveryNumberType) {
  for (const char* status : {"500", "500.0", "5e2", "5000e-1"}) {
    const std::string json = std::string(R"({"status":)") + status + "}";
    EXPECT_EQ(match("status >= 500", json), "yes") << status;
    EXPECT_EQ(match("status == 500", json), "yes") << status;
    EXPECT_EQ(match("status == 500u", json), "yes") << status;
    EXPECT_EQ(match("status == 500.0", json), "yes") << status;
    EXPECT_EQ(match("status < 500", json), "no") << status;
    EXPECT_EQ(match("500 <= status", json), "yes") << status;
    EXPECT_EQ(match("500 > status", json), "no") << status;
    EXPECT_EQ(match("status != 500", json), "no") << status;
    EXPECT_EQ(match("status > 499.5 && status <= 500u", json), "yes") << status;
  }
  EXPECT_EQ(match("n == 12345678901234567890u", R"({"n":12345678901234567890})"), "yes");
  EXPECT_EQ(match("n > 9223372036854775807", R"({"n":12345678901234567890})"), "yes");
  EXPECT_EQ(match("n == -9223372036854775808", R"({"n":-9223372036854775808})"), "yes");
  EXPECT_EQ(match("n == -7", R"({"n":-7})"), "yes");
  EXPECT_EQ(match("n > 999999999999999998", R"({"n":999999999999999999})"), "yes");
}

TEST(ExpressionRecord, ComparesTextByBytes) {
  const std::string json = R"({"level":"error","text":"a\tbé","empty":"","flag":true,"nothing":null})";
  EXPECT_EQ(match(R"(level == "error")", json), "yes");
  EXPECT_EQ(match(R"(level != "error")", json), "no");
  EXPECT_EQ(match(R"(level == "errors")", json), "no");
  EXPECT_EQ(match(R"(level < "f" && level > "e")", json), "yes");
  EXPECT_EQ(match(R"(text == "a\tb\u00e9")", json), "yes");
  EXPECT_EQ(match(R"(empty == "")", json), "yes");
  EXPECT_EQ(match("size(text) == 4", json), "yes");
  EXPECT_EQ(match("flag", json), "yes");
  EXPECT_EQ(match("!flag", json), "no");
  EXPECT_EQ(match("flag == true && nothing == null", json), "yes");
}

TEST(ExpressionRecord, AMissingFieldIsAnErrorThatLogicAbsorbs) {
  EXPECT_EQ(match("status >= 500", "{}"), "no_such_field");
  EXPECT_EQ(match("status >= 500 || true", "{}"), "yes");
  EXPECT_EQ(match("status >= 500 || level == 'error'", R"({"level":"error"})"), "yes");
  EXPECT_EQ(match("level == 'error' || status >= 500", R"({"level":"info"})"), "no_such_field");
  EXPECT_EQ(match("status >= 500 && level == 'error'", R"({"level":"info"})"), "no");
  EXPECT_EQ(match("status >= 500 && level == 'error'", R"({"level":"error"})"), "no_such_field");
  EXPECT_EQ(match("has(record.status) && status >= 500", "{}"), "no");
  EXPECT_EQ(match("has(record.status) ? status >= 500 : false", "{}"), "no");
  EXPECT_EQ(match("!(status >= 500)", "{}"), "no_such_field");
}

TEST(ExpressionRecord, WrongTypesAreErrorsOfTheirOwn) {
  EXPECT_EQ(match("status >= 500", R"({"status":"500"})"), "no_such_overload");
  EXPECT_EQ(match("status == 500", R"({"status":"500"})"), "no");
  EXPECT_EQ(match("path.startsWith('/a')", R"({"path":7})"), "no_such_overload");
  EXPECT_EQ(match("path.matches('[0-9]+x')", R"({"path":7})"), "no_such_overload");
  EXPECT_EQ(match("path", R"({"path":"true"})"), "not_a_bool");
  EXPECT_EQ(match("a && b", R"({"a":true,"b":1})"), "no_such_overload");
  EXPECT_EQ(evaluate("a + b", R"({"a":1,"b":1.5})"), "error: no_such_overload");
  EXPECT_EQ(evaluate("a / b", R"({"a":1,"b":0})"), "error: division_by_zero");
  EXPECT_EQ(evaluate("a % b", R"({"a":1,"b":0})"), "error: division_by_zero");
  EXPECT_EQ(evaluate("a + 1", R"({"a":9223372036854775807})"), "error: overflow");
  EXPECT_EQ(evaluate("int(a)", R"({"a":"x"})"), "error: invalid_argument");
  EXPECT_EQ(evaluate("a[3]", R"({"a":[1]})"), "error: index_out_of_range");
  EXPECT_EQ(evaluate("a.b", R"({"a":{}})"), "error: no_such_key");
  EXPECT_EQ(evaluate("a.b", R"({"a":"text"})"), "error: no_such_overload");
}

TEST(ExpressionRecord, ReachesIntoNestedJson) {
  const std::string json =
      R"({"http":{"request":{"headers":{"user-agent":"curl","x":[{"n":1},{"n":2}]}},"status":404},"list":[1,"two",null]})";
  EXPECT_EQ(evaluate("http.status", json), "404");
  EXPECT_EQ(evaluate("http.request.headers['user-agent']", json), R"("curl")");
  EXPECT_EQ(evaluate("http.request.headers.`user-agent`", json), R"("curl")");
  EXPECT_EQ(evaluate("http['request'].headers.x[1].n + 40", json), "42");
  EXPECT_EQ(match("http.status >= 400 && http.status < 500", json), "yes");
  EXPECT_EQ(match("has(http.request.headers) && !has(http.response)", json), "yes");
  EXPECT_EQ(match("http.response.status == 1", json), "no_such_key");
  EXPECT_EQ(match("'two' in list && 1 in list && null in list && !(3 in list)", json), "yes");
  EXPECT_EQ(match("'status' in http && !('x' in http)", json), "yes");
  EXPECT_EQ(match("list == [1, 'two', null]", json), "yes");
  EXPECT_EQ(match("http.request.headers.x == [{'n': 1}, {'n': 2}]", json), "yes");
  EXPECT_EQ(evaluate("size(list) + size(http)", json), "5");
  EXPECT_EQ(evaluate("http.request.headers.x.map(e, e.n * 10)", json), "[10,20]");
  EXPECT_EQ(evaluate("http.map(k, k)", json), R"(["request","status"])");
}

TEST(ExpressionRecord, RecordIsTheWholeRecord) {
  const std::string json = R"({"user-agent":"curl","a":1,"b":{"c":2}})";
  EXPECT_EQ(evaluate(R"(record["user-agent"])", json), R"("curl")");
  EXPECT_EQ(evaluate("record.`user-agent`", json), R"("curl")");
  EXPECT_EQ(evaluate("record.a + record.b.c", json), "3");
  EXPECT_EQ(evaluate("has(record.a) && !has(record.z) && has(record.b.c) && !has(record.b.d)", json), "true");
  EXPECT_EQ(evaluate(R"("a" in record && !("z" in record))", json), "true");
  EXPECT_EQ(evaluate(R"(record["user" + "-agent"])", json), R"("curl")");
  EXPECT_EQ(evaluate("record[record['user-agent']]", json), "error: no_such_field");
  EXPECT_EQ(evaluate("record.map(name, name)", json), R"(["user-agent","a","b"])");
  EXPECT_EQ(evaluate("record.exists(name, value, name == 'a' && value == 1)", json), "true");
  EXPECT_EQ(evaluate("size(record)", json), "3");
  EXPECT_EQ(evaluate("record", json), json);
  EXPECT_EQ(evaluate("record == {'a': 1, 'b': {'c': 2}, 'user-agent': 'curl'}", json), "true");
}

TEST(ExpressionRecord, OfDuplicateNamesTheLastCounts) {
  const std::string json = R"({"a":1,"b":0,"a":2,"m":{"x":1,"x":{"y":3}}})";
  EXPECT_EQ(evaluate("[a, m.x.y, size(m), size(record)]", json), "[2,3,1,3]");
  EXPECT_EQ(evaluate("record.map(k, k)", json), R"(["a","b","m"])");
  EXPECT_EQ(evaluate("m == {'x': {'y': 3}} && record.all(k, v, v != 1)", json), "true");
  std::string many = R"({"m":{"last":0)";
  for (int i = 0; i < 100; ++i) many += ",\"k" + std::to_string(i % 50) + "\":" + std::to_string(i);
  many += R"(,"last":7}})";
  EXPECT_EQ(evaluate("[size(m), m.last, m.transformList(k, v, v)[0], m.transformList(k, v, v)[1]]", many),
            "[51,7,7,50]");
}

TEST(ExpressionRecord, LookingAtTheWholeRecordLeavesItsTextAlone) {
  record::FieldTable table;
  const auto compiled =
      expression::compile("record.exists(k, v, v == 1.0) && size(record) == 2 && record['a' + ''] == 1", table);
  ASSERT_TRUE(compiled) << errors_text(compiled.errors);
  JsonRecord holder(R"({ "a" : 1.0 })", table);
  record::Arena arena;
  holder.record().set(table.intern("added"), Value::string("x"), arena);
  EXPECT_TRUE(compiled.program->matches(holder.record(), arena));
  record::Buffer buffer;
  record::write_json(buffer, holder.record());
  EXPECT_EQ(buffer.view().substr(0, 11), R"({ "a" : 1.0)");
}

TEST(ExpressionRecord, OnlyDynamicUsesReadEverything) {
  for (const char* source :
       {"a.b.c == 1", "record.a == 1", "record['a'] == 1", "has(record.a)", "'a' in record",
        "record.?a.orValue(1) == 1", "record[?'a'].orValue(1) == 1", "[1].exists(record, record == 1)"}) {
    record::FieldTable table;
    ASSERT_TRUE(expression::compile(source, table)) << source;
    EXPECT_FALSE(table.reads_everything()) << source;
  }
  for (const char* source :
       {"record[a] == 1", "a in record", "size(record) == 1", "record.all(k, k != '')", "record == {}"}) {
    record::FieldTable table;
    ASSERT_TRUE(expression::compile(source, table)) << source;
    EXPECT_TRUE(table.reads_everything()) << source;
  }
}

TEST(ExpressionRecord, MacroVariablesHideFields) {
  EXPECT_EQ(evaluate("[1, 2].map(a, a + b)", R"({"a":100,"b":10})"), "[11,12]");
  EXPECT_EQ(evaluate("[1].map(record, record)", R"({"a":100})"), "[1]");
  EXPECT_EQ(evaluate("[[1, 2], [3]].map(x, x.map(x, x * a))", R"({"a":100})"), "[[100,200],[300]]");
  EXPECT_EQ(evaluate("[1, 2].filter(x, [x].exists(y, y == 2))"), "[2]");
  EXPECT_EQ(evaluate("[5, 6].transformList(i, v, i * 10 + v)"), "[5,16]");
  EXPECT_EQ(evaluate("{'a': 1, 'b': 2}.transformMap(k, v, v > 1, k + '!')"), R"({"b":"b!"})");
  EXPECT_EQ(evaluate("[1, 2, 3].map(x, x > 1, x * x)"), "[4,9]");
}

TEST(ExpressionRecord, NamesOfTypesAreFieldsUnlessComparedWithAType) {
  const std::string json = R"({"type":"request","bytes":2048,"string":"s","x":1})";
  EXPECT_EQ(match("type == 'request' && bytes > 1000 && string == 's'", json), "yes");
  EXPECT_EQ(match("type(x) == int && type(type) == string && int != type(type)", json), "yes");
}

TEST(ExpressionRecord, TypesOfValues) {
  EXPECT_EQ(match("type(x) == int", R"({"x":1,"int":5})"), "yes");
  EXPECT_EQ(match("int == type(x)", R"({"x":1})"), "yes");
  EXPECT_EQ(match("type(x) in [int, double]", R"({"x":1.5})"), "yes");
  EXPECT_EQ(match("type(x) == null_type", R"({"x":null})"), "yes");
  EXPECT_EQ(match("type(x) == map || type(x) == list", R"({"x":[1]})"), "yes");
  EXPECT_EQ(evaluate("type(x)", R"({"x":1.5})"), R"("double")");
}

TEST(ExpressionRecord, TestsOfTextAreRightHoweverTheyAreCompiled) {
  const std::string json = R"({"path":"/health/live","q":"a\"b"})";
  EXPECT_EQ(match("path.startsWith('/health')", json), "yes");
  EXPECT_EQ(match("path.endsWith('live') && path.contains('th/l') && !path.contains('x')", json), "yes");
  EXPECT_EQ(match("path.matches('^/health')", json), "yes");
  EXPECT_EQ(match("path.matches('live$') && !path.matches('health$') && !path.matches('^live')", json), "yes");
  EXPECT_EQ(match("path.matches('^/health/live$') && !path.matches('^/health$')", json), "yes");
  EXPECT_EQ(match("path.matches('th/l') && path.matches('')", json), "yes");
  EXPECT_EQ(match(R"(path.matches(r'^/\w+/l.ve$'))", json), "yes");
  EXPECT_EQ(match(R"(path.matches('/healt\\.'))", json), "no");
  EXPECT_EQ(match(R"(matches(q, 'a"b') && q.contains('"'))", json), "yes");
  EXPECT_EQ(match("path.matches('(?i)HEALTH')", json), "yes");
  EXPECT_EQ(match("path.matches('^' + record.q)", json), "no");
  EXPECT_EQ(match("path.matches(p)", R"({"path":"x","p":"("})"), "invalid_argument");
}

TEST(ExpressionRecord, MembershipInConstantListsKnowsAllTypes) {
  const char* const source = "x in ['a', 'b', 'c', 'd', 'e', 'f', 1, 2, 300, 2.5, null, true, [1]]";
  for (const char* yes : {R"("a")", R"("f")", "1", "2.0", "300", "3e2", "2.5", "null", "true", "[1]", "[1.0]"}) {
    EXPECT_EQ(match(source, std::string(R"({"x":)") + yes + "}"), "yes") << yes;
  }
  for (const char* no : {R"("g")", R"("")", "3", "2.25", "false", "[2]", "{}"}) {
    EXPECT_EQ(match(source, std::string(R"({"x":)") + no + "}"), "no") << no;
  }
  EXPECT_EQ(match("x in ['a']", "{}"), "no_such_field");
  EXPECT_EQ(match("x in {'a': 1, 'b': 2}", R"({"x":"b"})"), "yes");
  EXPECT_EQ(match("x in []", R"({"x":"b"})"), "no");
}

TEST(ExpressionRecord, OptionalFields) {
  EXPECT_EQ(evaluate("record.?a.b.orValue(0)", "{}"), "0");
  EXPECT_EQ(evaluate("record.?a.b.orValue(0)", R"({"a":{"b":7}})"), "7");
  EXPECT_EQ(evaluate("record.?a.?b.orValue(0)", R"({"a":{}})"), "0");
  EXPECT_EQ(evaluate("record[?'user-agent'].orValue('none')", "{}"), R"("none")");
  EXPECT_EQ(evaluate("record.?a", "{}"), "none") << "an optional without a value sets nothing";
  EXPECT_EQ(evaluate("record.?a", R"({"a":1})"), "1");
  EXPECT_EQ(evaluate("record.?a.optMap(x, x + 1)", R"({"a":1})"), "2");
  EXPECT_EQ(evaluate("record.?a.orValue(1 / zero)", R"({"a":1,"zero":0})"), "1")
      << "what is not needed is not evaluated";
  EXPECT_EQ(evaluate("[?record.?a, 2]", R"({})"), "[2]");
  EXPECT_EQ(evaluate("{?'a': record.?a, 'b': 2}", R"({"a":1})"), R"({"a":1,"b":2})");
}

TEST(ExpressionRecord, ResultsAreValuesThatRecordsCanHold) {
  EXPECT_EQ(evaluate("ip(x)", R"({"x":"2001:DB8::1"})"), R"("2001:db8::1")");
  EXPECT_EQ(evaluate("[cidr('10.0.0.0/8')]"), R"(["10.0.0.0/8"])");
  EXPECT_EQ(evaluate("[optional.none(), optional.of(1)]"), "[null,1]");
  EXPECT_EQ(match("cidr('10.0.0.0/8').containsIP(client)", R"({"client":"10.1.2.3"})"), "yes");
  EXPECT_EQ(match("cidr('10.0.0.0/8').containsIP(client)", R"({"client":"11.1.2.3"})"), "no");
  EXPECT_EQ(match("cidr('10.0.0.0/8').containsIP(client)", R"({"client":"me"})"), "invalid_argument");
  EXPECT_EQ(match("ip.startsWith('10.')", R"({"ip":"10.1.2.3"})"), "yes") << "a field may be named like a function";
}

TEST(ExpressionRecord, TimesComeFromTexts) {
  const std::string json = R"({"ts":"2024-02-29T23:30:00.25Z","zone":"Asia/Kolkata","took":"1500ms"})";
  EXPECT_EQ(evaluate("timestamp(ts) + duration('45m')", json), R"("2024-03-01T00:15:00.250Z")");
  EXPECT_EQ(evaluate("timestamp(ts).getHours('Asia/Kolkata')", json), "5");
  EXPECT_EQ(evaluate("timestamp(ts).getMinutes(zone)", json), "0");
  EXPECT_EQ(evaluate("timestamp(ts).getDayOfYear()", json), "59");
  EXPECT_EQ(evaluate("timestamp(ts).getHours(zone)", R"({"ts":"2024-02-29T23:30:00Z","zone":"No/Where"})"),
            "error: invalid_argument");
  EXPECT_EQ(match("duration(took) > duration('1s') && duration(took) < duration('2s')", json), "yes");
  EXPECT_EQ(match("timestamp(ts) > timestamp('2024-01-01T00:00:00+02:00')", json), "yes");
  EXPECT_EQ(evaluate("string(duration(took))", json), R"("1.5s")");
}

TEST(ExpressionRecord, ReadsRecordsOfEveryForm) {
  record::FieldTable table;
  const auto compiled = expression::compile("message.contains('error') || level == 'error'", table);
  ASSERT_TRUE(compiled);
  record::Arena arena;
  record::Record line("an error came");
  EXPECT_TRUE(compiled.program->matches(line, arena));
  Field fields[] = {{Value::string("message"), Value::string("x")}, {Value::string("level"), Value::string("error")}};
  record::Record list;
  list.set_fields(fields);
  EXPECT_TRUE(compiled.program->matches(list, arena));
}

TEST(ExpressionRecord, ComparisonsOfFieldsWithConstantsAllocateNothing) {
  record::FieldTable table;
  const auto compiled = expression::compile(
      "level == 'error' || status >= 500 && !path.startsWith('/health') || ms > 250.0 || level in ['a', 'b'] || "
      "path.matches('[0-9]x$') || missing == 1 || missing.deeper == 2",
      table);
  ASSERT_TRUE(compiled) << errors_text(compiled.errors);
  JsonRecord holder(R"({"level":"info","status":200,"path":"/x","ms":1.5})", table);
  record::Arena arena;
  EXPECT_EQ(compiled.program->matches(holder.record(), arena).truth, expression::Truth::error);
  EXPECT_EQ(arena.footprint(), 0U);
}

TEST(ExpressionRecord, ErrorsSayWhereAndWhat) {
  record::FieldTable table;
  const auto compiled = expression::compile("level == 'x' && http.status / n > 3", table);
  ASSERT_TRUE(compiled);
  record::Arena arena;
  const auto detail = [&](std::string json) {
    JsonRecord holder(std::move(json), table);
    const auto result = compiled.program->matches(holder.record(), arena);
    return compiled.program->detail(result.error);
  };
  EXPECT_EQ(detail(R"({"http":{"status":9},"n":1})"), "the record has no field `level`");
  EXPECT_EQ(detail(R"({"level":"x","http":{},"n":1})"), "there is no `http.status`");
  EXPECT_EQ(detail(R"({"level":"x","http":{"status":1},"n":0})"),
            "`http.status / n`: division_by_zero: division by zero");
  EXPECT_EQ(detail(R"({"level":"x","http":{"status":"s"},"n":0})"),
            "`http.status / n` does not work on values of these types");
}

}  // namespace
}  // namespace sluice::test
