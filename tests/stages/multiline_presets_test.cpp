// The presets of `multiline`, over traces as the languages print them (written here, not copied).
#include <gmock/gmock.h>

#include <algorithm>

#include "tests/support/event_lines.hpp"

namespace sluice::stages {
namespace {

using test::events_of;
using test::options_of;
using ::testing::ElementsAre;

std::vector<std::string> events(std::string_view preset, std::string_view text) {
  return events_of(text, options_of(test::presets({preset})));
}

// The trace is one record between two ordinary ones.
void expect_one(std::string_view preset, const std::string& trace) {
  SCOPED_TRACE(trace);
  const std::string before = "2026-11-25T02:00:00Z INFO request served (12 ms)";
  const std::string after = "2026-11-25T02:00:01Z INFO request served (13 ms)";
  EXPECT_THAT(events(preset, before + "\n" + trace + "\n" + after + "\n"), ElementsAre(before, trace, after));
}

TEST(MultilinePresets, AreFoundByName) {
  EXPECT_TRUE(std::ranges::is_sorted(multiline_presets(), {}, &MultilinePreset::name));
  for (const MultilinePreset& preset : multiline_presets()) EXPECT_EQ(find_multiline_preset(preset.name), &preset);
  EXPECT_EQ(find_multiline_preset("cobol"), nullptr);
}

TEST(MultilinePresets, LeaveOrdinaryLinesAlone) {
  for (const MultilinePreset& preset : multiline_presets()) {
    EXPECT_THAT(events(preset.name, "one\n\ntwo\nthree (3)\n  four\n#5\n"),
                ElementsAre("one", "two", "three (3)", "  four", "#5"))
        << preset.name;
  }
}

TEST(MultilinePresets, JavaTakesCausesAndSuppressedOnes) {
  expect_one("java",
             "Exception in thread \"main\" com.example.Trouble: outer\n"
             "\tat com.example.Main.run(Main.java:10)\n"
             "\tSuppressed: java.io.IOException: close failed\n"
             "\t\tat com.example.Resource.close(Resource.java:5)\n"
             "\t\t... 1 more\n"
             "Caused by: java.lang.IllegalStateException: inner\n"
             "  with a second line\n"
             "\tat com.example.Deep.call(Deep.java:99)\n"
             "\t... 2 more");
  expect_one("java", "com.example.Trouble\n\tat com.example.Main.run(Main.java:10)");
}

TEST(MultilinePresets, JavaTellsTwoTracesApart) {
  EXPECT_THAT(events("java", "a.B: x\n\tat a.b(A.java:1)\na.C: y\n\tat a.c(A.java:2)\n"),
              ElementsAre("a.B: x\n\tat a.b(A.java:1)", "a.C: y\n\tat a.c(A.java:2)"));
}

TEST(MultilinePresets, JavaKeepsFramesWithoutAHeadTogether) {
  EXPECT_THAT(events("java", "something odd\n\tat a.b(A.java:1)\n\tat a.c(A.java:2)\n"),
              ElementsAre("something odd", "\tat a.b(A.java:1)\n\tat a.c(A.java:2)"));
}

TEST(MultilinePresets, PythonTakesChainedExceptions) {
  expect_one("python",
             "Traceback (most recent call last):\n"
             "  File \"/app/main.py\", line 3, in f\n"
             "    return {}['k']\n"
             "           ~~^^^^^\n"
             "KeyError: 'k'\n"
             "\n"
             "During handling of the above exception, another exception occurred:\n"
             "\n"
             "Traceback (most recent call last):\n"
             "  File \"/app/main.py\", line 9, in <module>\n"
             "    f()\n"
             "  [Previous line repeated 996 more times]\n"
             "\n"
             "RuntimeError: outer\n"
             "\n"
             "The above exception was the direct cause of the following exception:\n"
             "\n"
             "Traceback (most recent call last):\n"
             "  File \"/app/main.py\", line 12, in <module>\n"
             "SystemError");
}

TEST(MultilinePresets, PythonTellsTwoTracesApart) {
  const std::string trace = "Traceback (most recent call last):\n  File \"a.py\", line 1, in f\nValueError: x";
  EXPECT_THAT(events("python", trace + "\n\n" + trace + "\n"), ElementsAre(trace, trace));
}

TEST(MultilinePresets, GoTakesAllGoroutines) {
  expect_one("go",
             "panic: first [recovered]\n"
             "\tpanic: second\n"
             "[signal SIGSEGV: segmentation violation code=0x1 addr=0x0 pc=0x1234]\n"
             "\n"
             "goroutine 1 [running]:\n"
             "main.(*Server[...]).handle(0xc000010000, {0x1, 0x2})\n"
             "\t/app/main.go:10 +0x1d\n"
             "panic({0x45cb40?, 0x47ad70?})\n"
             "\t/usr/local/go/src/runtime/panic.go:770 +0x132\n"
             "...additional frames elided...\n"
             "created by main.main in goroutine 7\n"
             "\t/app/main.go:5 +0x58\n"
             "\n"
             "goroutine 18 [chan receive, 2 minutes]:\n"
             "main.worker(...)\n"
             "\t/app/main.go:20");
  expect_one(
      "go",
      "fatal error: all goroutines are asleep - deadlock!\n\ngoroutine 1 [chan receive]:\nmain.main()\n\t/a.go:1");
}

TEST(MultilinePresets, GoKnowsWhatIsNoPanic) {
  EXPECT_THAT(events("go", "tympanic: a drum\n\nlike that\n"), ElementsAre("tympanic: a drum", "like that"));
  EXPECT_THAT(events("go", "panic: x\n\nnext line\n"), ElementsAre("panic: x", "next line"));
}

TEST(MultilinePresets, NodejsTakesWhatAnUncaughtErrorPrints) {
  expect_one("nodejs",
             "/app/index.js:3\n"
             "    throw new Error('no');\n"
             "    ^\n"
             "\n"
             "Error: no\n"
             "    at Object.<anonymous> (/app/index.js:3:11)\n"
             "    at Module._compile (node:internal/modules/cjs/loader:1105:14) {\n"
             "  code: 'ENOENT',\n"
             "  [cause]: TypeError: deeper\n"
             "      at f (/app/f.js:1:1)\n"
             "}\n"
             "\n"
             "Node.js v18.19.0");
  expect_one("nodejs", "TypeError [ERR_INVALID_ARG_TYPE]: The argument\n    at f (a.js:1:2)");
}

TEST(MultilinePresets, CsharpTakesInnerExceptions) {
  expect_one("csharp",
             "Unhandled exception. System.InvalidOperationException: outer\n"
             " ---> System.ArgumentException: inner\n"
             "   at App.Inner() in /src/App.cs:line 3\n"
             "   --- End of inner exception stack trace ---\n"
             "   at App.Outer() in /src/App.cs:line 9\n"
             "--- End of stack trace from previous location ---\n"
             "   at App.Main()");
}

TEST(MultilinePresets, RubyTakesBothForms) {
  expect_one("ruby",
             "app.rb:3:in `f': no (RuntimeError)\n"
             "\tfrom app.rb:7:in `g'\n"
             "\tfrom app.rb:9:in `<main>'");
  expect_one("ruby",
             "NoMethodError (undefined method `x'):\n  \n  app/models/a.rb:1:in `x'\n  app/models/a.rb:2:in `y'");
}

TEST(MultilinePresets, PhpTakesPreviousExceptions) {
  expect_one("php",
             "PHP Fatal error:  Uncaught Exception: inner in /app/a.php:3\n"
             "Stack trace:\n"
             "#0 /app/a.php(9): f()\n"
             "#1 {main}\n"
             "\n"
             "Next RuntimeException: outer in /app/a.php:12\n"
             "Stack trace:\n"
             "#0 {main}\n"
             "  thrown in /app/a.php on line 12");
}

TEST(MultilinePresets, DartTakesMessagesOfManyLinesButNotOfAnyLength) {
  expect_one("dart",
             "Unhandled exception:\nBad state: a\n\nb\n#0      main (file:///a.dart:1:2)\n<asynchronous suspension>");
  std::string text = "Unhandled exception:\n";
  for (int i = 0; i < 200; ++i) text += "line\n";  // 50 of them are the message
  EXPECT_EQ(events("dart", text).size(), 151U);
}

}  // namespace
}  // namespace sluice::stages
