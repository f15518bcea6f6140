#include <gtest/gtest.h>

#include <sstream>
#include <string>
#include <vector>

#include "daemon/command_line.hpp"
#include "tests/support/descriptors.hpp"

namespace sluice::daemon {
namespace {

constexpr const char* kPipeline = R"(stages:
- generate: stdin
- parse: json
- filter: status >= 500 && !path.startsWith("/health")
- enrich: {fields: {dc: fra1}, rename: {msg: message}, drop: debug, compute: {bad: nothing + 1}}
- write: stdout
)";

std::string explain(const std::string& yaml, const std::string& line) {
  const sluice::testing::TemporaryDirectory directory;
  const std::string file = directory.file("pipeline.yaml", yaml);
  std::istringstream in;
  std::ostringstream out;
  std::ostringstream err;
  const ExitCode code = command_line(flow::background(), {"explain", file, line}, {in, out, err});
  EXPECT_EQ(code, ExitCode::ok) << err.str();
  return out.str();
}

TEST(Explain, TellsWhatEachStageDid) {
  const std::string text = explain(kPipeline, R"({"status":503,"path":"/cart","msg":"no","debug":1})");
  EXPECT_TRUE(text.starts_with(R"(generate-1 (generate stdin)
  + message = "{\"status\":503,\"path\":\"/cart\",\"msg\":\"no\",\"debug\":1}"
parse-2 (parse json)
  - message = "{\"status\":503,\"path\":\"/cart\",\"msg\":\"no\",\"debug\":1}"
  + status = 503
  + path = "/cart"
  + msg = "no"
  + debug = 1
filter-3 (filter)
  where: status >= 500 && !path.startsWith("/health")
)")) << text;
  EXPECT_NE(text.find("status (503) >= 500 is true"), std::string::npos) << text;
  EXPECT_NE(text.find(R"(path ("/cart").startsWith("/health") is false)"), std::string::npos) << text;
  EXPECT_TRUE(text.ends_with(R"(
  kept
enrich-4 (enrich)
  error counted: no_such_field
  - msg = "no"
  - debug = 1
  + message = "no"
  + dc = "fra1"
write-5 (write stdout)
  writes:
    {"status":503,"path":"/cart","message":"no","dc":"fra1"}
)")) << text;
}

TEST(Explain, TellsWhyARecordIsFiltered) {
  const std::string text = explain(kPipeline, R"({"status":200,"path":"/"})");
  EXPECT_NE(text.find("status (200) >= 500 is false"), std::string::npos) << text;
  EXPECT_NE(text.find("filtered: the record ends here"), std::string::npos) << text;
  EXPECT_EQ(text.find("enrich-4"), std::string::npos) << text;
}

TEST(Explain, TellsWhyARecordIsRejected) {
  const std::string text = explain(kPipeline, "not json");
  EXPECT_NE(text.find("rejected, invalid_json: "), std::string::npos) << text;
  EXPECT_EQ(text.find("filter-3"), std::string::npos) << text;
}

TEST(Explain, FollowsEveryReader) {
  const std::string text = explain(
      "stages:\n- generate: stdin\n  name: in\n- write: stdout\n- write: {to: stdout, encode: raw}\n  from: in\n",
      "a b");
  EXPECT_NE(text.find(R"(    {"message":"a b"})"), std::string::npos) << text;
  EXPECT_NE(text.find("\n    a b\n"), std::string::npos) << text;
}

TEST(Explain, TakesEachLineOfStdin) {
  const sluice::testing::TemporaryDirectory directory;
  const std::string file = directory.file("pipeline.yaml", kPipeline);
  std::istringstream in("{\"status\":1}\nbroken\n");
  std::ostringstream out;
  std::ostringstream err;
  command_line(flow::background(), {"explain", file}, {in, out, err});
  EXPECT_TRUE(out.str().starts_with("line 1: {\"status\":1}\ngenerate-1")) << out.str();
  EXPECT_NE(out.str().find("\n\nline 2: broken\n"), std::string::npos) << out.str();
}

}  // namespace
}  // namespace sluice::daemon
