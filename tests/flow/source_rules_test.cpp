// The rules of flow/ that no compiler checks, read from the sources themselves (DESIGN.md "flow/", "Rules").
#if defined(__GNUC__) && !defined(__clang__)
#pragma GCC diagnostic ignored \
    "-Wmaybe-uninitialized"  // GCC 12 in libstdc++'s <regex> under AddressSanitizer (PR 105562)
#endif

#include <gtest/gtest.h>

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <regex>
#include <string>
#include <string_view>
#include <vector>

namespace {

namespace fs = std::filesystem;

struct Source {
  std::string path;  // from the root of the repository
  std::string code;  // without comments and the contents of literals; line breaks are kept
};

// Blanks comments and literals, so that rules see code only.
std::string code_only(const std::string& text) {
  std::string code;
  code.reserve(text.size());
  const auto blank = [&](std::size_t from, std::size_t to) {
    for (std::size_t i = from; i < to; ++i) code += text[i] == '\n' ? '\n' : ' ';
  };
  std::size_t i = 0;
  while (i < text.size()) {
    std::size_t end = i;
    if (text.compare(i, 2, "//") == 0) {
      end = std::min(text.find('\n', i), text.size());
    } else if (text.compare(i, 2, "/*") == 0) {
      end = std::min(text.find("*/", i + 2), text.size() - 2) + 2;
    } else if (text.compare(i, 2, "R\"") == 0) {
      const std::size_t open = text.find('(', i);
      const std::string close = ")" + text.substr(i + 2, open - i - 2) + "\"";
      end = std::min(text.find(close, open), text.size() - close.size()) + close.size();
    } else if (text[i] == '"' ||
               (text[i] == '\'' && (i == 0 || std::isalnum(static_cast<unsigned char>(text[i - 1])) == 0))) {
      end = i + 1;
      while (end < text.size() && text[end] != text[i] && text[end] != '\n') end += text[end] == '\\' ? 2 : 1;
      end = std::min(end + 1, text.size());
    }
    if (end == i) {
      code += text[i++];
    } else {
      blank(i, end);
      i = end;
    }
  }
  return code;
}

// All C++ sources below the given folders of the repository.
std::vector<Source> sources(const std::vector<std::string>& folders) {
  const fs::path root = SLUICE_SOURCE_DIR;
  std::vector<Source> found;
  for (const std::string& folder : folders) {
    if (!fs::exists(root / folder)) continue;
    for (const fs::directory_entry& entry : fs::recursive_directory_iterator(root / folder)) {
      const std::string extension = entry.path().extension();
      if (extension != ".cpp" && extension != ".hpp") continue;
      std::ifstream file(entry.path());
      const std::string text{std::istreambuf_iterator<char>(file), {}};
      found.push_back({entry.path().lexically_relative(root).string(), code_only(text)});
    }
  }
  return found;
}

const std::vector<std::string> kOutsideFlow{"record", "expression", "config", "stages", "daemon"};
const std::vector<std::string> kProduct{"flow", "record", "expression", "config", "stages", "daemon"};

std::string place(const Source& source, std::size_t offset) {
  const auto line =
      std::count(source.code.begin(), source.code.begin() + static_cast<std::ptrdiff_t>(offset), '\n') + 1;
  return source.path + ":" + std::to_string(line);
}

// Every match of the pattern, as "path:line: text". Every match contains one of the words: looking for them first saves
// the slow regular expression for most files.
std::vector<std::string> matches(const std::vector<Source>& all, const std::vector<std::string_view>& words,
                                 const std::string& pattern, const std::vector<std::string>& allowed = {}) {
  const std::regex regex(pattern);
  std::vector<std::string> found;
  for (const Source& source : all) {
    if (std::find(allowed.begin(), allowed.end(), source.path) != allowed.end()) continue;
    const auto holds = [&](std::string_view word) { return source.code.find(word) != std::string::npos; };
    if (std::none_of(words.begin(), words.end(), holds)) continue;
    for (std::sregex_iterator match(source.code.begin(), source.code.end(), regex), end; match != end; ++match) {
      found.push_back(place(source, static_cast<std::size_t>(match->position())) + ": " + match->str());
    }
  }
  return found;
}

std::string joined(const std::vector<std::string>& lines) {
  std::string text;
  for (const std::string& line : lines) text += "\n  " + line;
  return text;
}

// Contexts as data members: a declaration `Context name;`, also by reference, pointer or in a wrapper, whose nearest
// open brace is a class's. Functions' local variables have a function's brace.
std::vector<std::string> context_members(const Source& source) {
  static const std::regex declaration(
      R"((?:^|[;{}:>]|\bconst\b|\bmutable\b)\s*(?:[\w:]+<\s*)*(?:const\s+)?(?:flow::|sluice::flow::)?(Context|Cancellable)\b\s*(?:const\s*)?>*\s*[&*]?\s*\w+\s*(?:=[^;(]*|\{[^;]*\})?;)");
  static const std::regex class_head(R"((?:\b(?:class|struct|union)\b)[^;(){}]*$)");
  std::vector<std::string> found;
  // Saves the time for most files; the regular expressions are slow.
  if (source.code.find("Context") == std::string::npos && source.code.find("Cancellable") == std::string::npos)
    return found;
  std::vector<bool> in_class;                         // one per open brace
  std::vector<char> level_of(source.code.size(), 0);  // whether the nearest open brace is a class's
  std::size_t head = 0;                               // where the text before the next brace starts
  for (std::size_t i = 0; i < source.code.size(); ++i) {
    const char c = source.code[i];
    level_of[i] = !in_class.empty() && in_class.back() ? 1 : 0;
    if (c == '{') {
      in_class.push_back(std::regex_search(source.code.substr(head, i - head), class_head));
    } else if (c == '}' && !in_class.empty()) {
      in_class.pop_back();
    }
    if (c == '{' || c == '}' || c == ';') head = i + 1;
  }
  for (std::sregex_iterator match(source.code.begin(), source.code.end(), declaration), end; match != end; ++match) {
    const auto at = static_cast<std::size_t>(match->position(1));
    if (level_of[at] != 0) found.push_back(place(source, at) + ": " + match->str());
  }
  return found;
}

// Parameters of type Context that are not the first of their list.
std::vector<std::string> late_contexts(const Source& source) {
  static const std::regex parameter(
      R"((?:const\s+)?(?:sluice::)?(?:flow::)?\bContext\s*(?:const\s*)?&(?!&)\s*\w*\s*[,)=])");
  std::vector<std::string> found;
  if (source.code.find("Context") == std::string::npos) return found;
  for (std::sregex_iterator match(source.code.begin(), source.code.end(), parameter), end; match != end; ++match) {
    // Back over white space: the first parameter follows a parenthesis.
    auto at = static_cast<std::size_t>(match->position());
    while (at > 0 && (std::isspace(static_cast<unsigned char>(source.code[at - 1])) != 0)) --at;
    if (at > 0 && source.code[at - 1] == ',') found.push_back(place(source, at) + ": " + match->str());
  }
  return found;
}

TEST(SourceRules, ContextIsNeverADataMemberOutsideFlow) {
  // An inlet's generator outlives the contexts of every pipeline that it feeds, so the inlet has scopes of its own, as
  // an error group has; whoever feeds ends them.
  const std::vector<std::string> allowed{"daemon/inlet.hpp"};
  std::vector<std::string> found;
  for (const Source& source : sources(kOutsideFlow)) {
    if (std::ranges::find(allowed, source.path) != allowed.end()) continue;
    const std::vector<std::string> here = context_members(source);
    found.insert(found.end(), here.begin(), here.end());
  }
  EXPECT_TRUE(found.empty()) << "pass the context to the functions that need it:" << joined(found);
}

TEST(SourceRules, ContextIsTheFirstParameter) {
  std::vector<std::string> found;
  for (const Source& source : sources(kProduct)) {
    const std::vector<std::string> here = late_contexts(source);
    found.insert(found.end(), here.begin(), here.end());
  }
  EXPECT_TRUE(found.empty()) << "put `const Context&` first:" << joined(found);
}

TEST(SourceRules, ContextIsPassedByConstReference) {
  const auto found =
      matches(sources(kOutsideFlow), {"Context"}, R"([(,]\s*(?:sluice::)?(?:flow::)?Context\s*&?\s*\w*\s*[,)])");
  EXPECT_TRUE(found.empty()) << "take `const Context&`:" << joined(found);
}

TEST(SourceRules, BackgroundIsMadeInMainAndTestsOnly) {
  // flow/ defines it, and ErrorGroup() without a parent has no other context to give to its functions.
  const auto found = matches(sources(kProduct), {"background"}, R"(\bbackground\s*\(\s*\))",
                             {"daemon/main.cpp", "flow/context.hpp", "flow/context.cpp", "flow/error_group.cpp"});
  EXPECT_TRUE(found.empty()) << "take the caller's context:" << joined(found);
}

TEST(SourceRules, OnlyFlowMakesThreads) {
  const std::vector<std::string> allowed{};  // nobody yet; say why when you add someone
  const auto found =
      matches(sources(kOutsideFlow), {"thread", "std::async"},
              R"(#\s*include\s*<thread>|\bstd::j?thread\b(?!::)|\bstd::async\b|\bpthread_create\b)", allowed);
  EXPECT_TRUE(found.empty()) << "use flow::ErrorGroup or a Pipeline node:" << joined(found);
}

TEST(SourceRules, NoThreadIsDetached) {
  // Outside flow/ there are no threads (see above), and detach() may mean other things.
  for (const Source& source : sources({"flow"})) {
    const auto found = matches({source}, {"detach"}, R"((?:\.|->)\s*detach\s*\(|\bpthread_detach\b)");
    EXPECT_TRUE(found.empty()) << joined(found);
  }
}

TEST(SourceRules, NothingIsMadeByRawNew) {
  const auto found =
      matches(sources(kProduct), {"new ", "malloc"}, R"([=(,{]\s*new\b\s*[\w:(<]|\breturn\s+new\b|\bmalloc\s*\()");
  EXPECT_TRUE(found.empty()) << "use std::make_unique or a container:" << joined(found);
}

// A catch-all that says nothing of what it caught swallows the cause.
TEST(SourceRules, CausesAreNeverSwallowed) {
  const auto empty = matches(sources(kProduct), {"catch"}, R"(catch\s*\([^)]*\)\s*\{\s*\})");
  EXPECT_TRUE(empty.empty()) << "return the error:" << joined(empty);
  // An interruption is reported by cause(); Errc::canceled made up on the spot has lost it.
  const auto made_up =
      matches(sources(kOutsideFlow), {"Errc::"},
              R"(return\s+(?:flow::)?(?:Error\s*[({]\s*)?(?:flow::)?Errc::(?:canceled|deadline_exceeded))");
  EXPECT_TRUE(made_up.empty()) << "return context.cause():" << joined(made_up);
}

// The rules themselves can fail.
TEST(SourceRules, SeeWhatTheyAreMeantToSee) {
  const Source bad{"stages/bad.hpp", code_only(R"(
    class Reader {
     public:
      void read() { Context local = context_; use(local); }
      void late(int size, const flow::Context& context);
      void late(const std::string& a, Context const& context) const;
     private:
      flow::Context context_;
      const Context& other_;
      std::optional<flow::Context> maybe_;
      flow::Cancellable scope_;
      // Context commented_;
      std::function<void(const Context&)> function_;
    };
    void good(const Context& context, int size, std::function<void(const Context&)> next);
    void body() { Context root = background(); std::thread thread([] {}); thread.detach(); }
  )")};
  EXPECT_EQ(context_members(bad).size(), 4u) << joined(context_members(bad));
  EXPECT_EQ(late_contexts(bad).size(), 2u) << joined(late_contexts(bad));
  EXPECT_EQ(matches({bad}, {"background"}, R"(\bbackground\s*\(\s*\))").size(), 1u);
  EXPECT_EQ(matches({bad}, {"std::"}, R"(\bstd::j?thread\b(?!::))").size(), 1u);
  EXPECT_EQ(code_only("a // b\n\"c\\\"d\" /* e */ 'f' 1'000"), "a     \n" + std::string(19, ' ') + "1'000");
}

}  // namespace
