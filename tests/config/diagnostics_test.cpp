#include "config/diagnostics.hpp"

#include <gtest/gtest.h>

#include <memory>

namespace sluice::config {
namespace {

TEST(Diagnostics, RenderPlaceLineCaretAndHint) {
  Diagnostics diagnostics;
  diagnostics.add_source(std::make_shared<const Source>("a.yaml", "stages:\n  - filter:\n      wher: x\n"));
  diagnostics.error({"a.yaml", 3, 7}, "unknown option `wher`", "did you mean `where`?", 4);
  EXPECT_EQ(diagnostics.render(),
            "a.yaml:3:7: error: unknown option `wher`\n"
            "    3 |       wher: x\n"
            "      |       ^~~~\n"
            "      = hint: did you mean `where`?\n"
            "1 error\n");
}

TEST(Diagnostics, AreSortedByPlaceAndCounted) {
  Diagnostics diagnostics;
  diagnostics.error({"a.yaml", 9, 1}, "second");
  diagnostics.warning({"a.yaml", 2, 1}, "first");
  EXPECT_EQ(diagnostics.render(), "a.yaml:2:1: warning: first\na.yaml:9:1: error: second\n1 error, 1 warning\n");
  EXPECT_EQ(diagnostics.error_count(), 1U);
  EXPECT_TRUE(Diagnostics().render().empty());
}

TEST(Diagnostics, AlignTheCaretBehindWideCharactersAndTabs) {
  const std::string text = render({{"a", 1, 5}, "m", "", 2}, "日本\té: x");
  EXPECT_NE(text.find(" | 日本 é: x\n"), std::string::npos) << text;
  EXPECT_NE(text.find(" |       ^~\n"), std::string::npos) << text;
}

TEST(Diagnostics, KeepControlCharactersFromTheTerminal) {
  const std::string text = render({{"a", 1, 1}, "m", "", 1}, "\x1b[2J\xff");
  EXPECT_EQ(text.find('\x1b'), std::string::npos);
  EXPECT_EQ(text.find('\xff'), std::string::npos);
}

TEST(Diagnostics, CutLongLinesAroundThePlace) {
  const std::string line = std::string(5000, 'a') + "HERE" + std::string(5000, 'b');
  const std::string text = render({{"a", 1, 5001}, "m", "", 4}, line);
  EXPECT_NE(text.find("HERE"), std::string::npos);
  EXPECT_NE(text.find("^~~~"), std::string::npos);
  EXPECT_LT(text.size(), 600U);
}

TEST(Diagnostics, UseColourOnlyWhenAsked) {
  Diagnostics diagnostics;
  diagnostics.error({"a.yaml", 1, 1}, "m");
  EXPECT_EQ(diagnostics.render().find('\x1b'), std::string::npos);
  EXPECT_NE(diagnostics.render(Colour::always).find("\x1b[1;31m"), std::string::npos);
}

TEST(Source, CountsColumnsInCharacters) {
  const Source source("a", "é: x\r\nsecond");
  EXPECT_EQ(source.locate(4), (Location{"a", 1, 4}));
  EXPECT_EQ(source.locate(7), (Location{"a", 2, 1}));
  EXPECT_EQ(source.locate(1000), (Location{"a", 2, 7}));
  EXPECT_EQ(source.line(1), "é: x");
  EXPECT_EQ(source.line(3), "");
}

TEST(Source, FindsInvalidUtf8) {
  EXPECT_EQ(find_invalid_utf8("aé日😀\xEF\xBF\xBD"), std::string_view::npos);
  EXPECT_EQ(find_invalid_utf8("a\xC0\x80"), 1U);
  EXPECT_EQ(find_invalid_utf8("ab\xED\xA0\x80"), 2U);
  EXPECT_EQ(find_invalid_utf8("abc\xE6\x97"), 3U);
}

}  // namespace
}  // namespace sluice::config
