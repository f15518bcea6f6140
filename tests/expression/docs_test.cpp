// docs/expressions.md says what is.
#include <gtest/gtest.h>

#include <fstream>
#include <sstream>
#include <string>

#include "expression/functions.hpp"
#include "expression_fixture.hpp"

namespace sluice::test {
namespace {

std::string page() {
  std::ifstream file(SLUICE_SOURCE_DIR "/docs/expressions.md");
  std::ostringstream text;
  text << file.rdbuf();
  return text.str();
}

std::string block(const std::string& text, const std::string& kind) {
  const std::size_t begin = text.find("```" + kind + "\n") + kind.size() + 4;
  return text.substr(begin, text.find("```", begin) - begin);
}

TEST(ExpressionDocs, NameEveryFunctionWithItsLine) {
  const std::string text = page();
  for (const expression::Function* function : expression::all_functions()) {
    EXPECT_NE(text.find(std::string(function->name) + "("), std::string::npos) << function->name;
    EXPECT_NE(text.find("| " + std::string(function->documentation) + " |"), std::string::npos) << function->name;
  }
}

TEST(ExpressionDocs, NameEveryReason) {
  const std::string text = page();
  for (int i = 1; i <= static_cast<int>(expression::ErrorReason::limit_exceeded); ++i) {
    const auto reason = static_cast<expression::ErrorReason>(i);
    if (reason == expression::ErrorReason::unknown_function) continue;  // not in checked programs
    EXPECT_NE(text.find("`" + std::string(reason_name(reason)) + "`"), std::string::npos) << reason_name(reason);
  }
}

TEST(ExpressionDocs, ExamplesGiveWhatTheySay) {
  const std::string text = page();
  std::string json = block(text, "json");
  while (!json.empty() && json.back() == '\n') json.pop_back();
  std::istringstream lines(block(text, "cel"));
  int examples = 0;
  for (std::string line; std::getline(lines, line); ++examples) {
    const std::size_t comment = line.rfind(" // ");
    ASSERT_NE(comment, std::string::npos) << line;
    EXPECT_EQ(evaluate(line.substr(0, comment), json), line.substr(comment + 4)) << line;
  }
  EXPECT_GT(examples, 15);
}

}  // namespace
}  // namespace sluice::test
