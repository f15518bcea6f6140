#include "stages/generate/multiline_presets.hpp"

#include <algorithm>
#include <array>
#include <initializer_list>

namespace sluice::stages {
namespace {

constexpr std::string_view kWhiteSpace = " \t\v\f\r";
constexpr TraceStep kEnds{};  // the line is not part of the trace

bool is_blank(std::string_view line) { return line.find_first_not_of(kWhiteSpace) == std::string_view::npos; }
bool is_indented(std::string_view line) { return line.starts_with(' ') || line.starts_with('\t'); }
bool is_digit(char c) { return c >= '0' && c <= '9'; }
bool is_name_character(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || is_digit(c) || c == '_' || c == '$';
}
bool contains(std::string_view line, std::string_view part) { return line.find(part) != std::string_view::npos; }

std::string_view unindented(std::string_view line) {
  return line.substr(std::min(line.find_first_not_of(kWhiteSpace), line.size()));
}

std::string_view without_trailing_space(std::string_view line) {
  return line.substr(0, line.find_last_not_of(kWhiteSpace) + 1);
}

// `word` and then a number: "#12", "... 3".
bool begins_with_number(std::string_view line, std::string_view word) {
  return line.starts_with(word) && line.size() > word.size() && is_digit(line[word.size()]);
}

// Whether the name of a class of errors stands in the line, followed by one of `followers` or the end of the line.
bool names_error(std::string_view line, std::initializer_list<std::string_view> followers) {
  for (const std::string_view ending : {"Exception", "Error", "Throwable"}) {
    for (std::size_t at = line.find(ending); at != std::string_view::npos; at = line.find(ending, at + 1)) {
      const std::string_view rest = line.substr(at + ending.size());
      if (is_blank(rest)) return true;
      if (std::ranges::any_of(followers, [&](std::string_view each) { return rest.starts_with(each); })) return true;
    }
  }
  return false;
}

// "    at somewhere", as in Java, JavaScript and C#.
bool is_at_frame(std::string_view line) { return is_indented(line) && unindented(line).starts_with("at "); }

// Throwable.printStackTrace() of Java, and with it Kotlin and Scala: the throwable's toString(), "\tat frame" lines,
// then "Caused by:" and "Suppressed:" (indented) with the same again, where "... n more" stands for common frames.
// Logback says "... n common frames omitted" and may begin with the cause ("Wrapped by:"). javax.mail has exceptions
// whose message goes on behind "nested exception is:".
namespace java {

enum State : TraceState { none, message, frames, nested };

// "com.example.Trouble" or "com.example.Trouble: ...", for throwables with names of their own.
bool is_class_name(std::string_view line) {
  std::size_t dots = 0;
  std::size_t at = 0;
  for (; at < line.size() && (is_name_character(line[at]) || line[at] == '.'); ++at) dots += line[at] == '.' ? 1 : 0;
  return dots > 0 && line[at - 1] != '.' && !is_digit(line.front()) &&
         (at == line.size() || line.substr(at).starts_with(": "));
}

TraceState begin(std::string_view line) {
  if (is_at_frame(line)) return frames;
  return names_error(line, {":"}) || line.starts_with("Exception in thread ") || is_class_name(line) ? message : none;
}

TraceStep next(TraceState state, std::string_view line) {
  if (state == nested) return {true, message};
  const std::string_view text = unindented(line);
  for (const std::string_view link : {"Caused by: ", "Suppressed: ", "Wrapped by: "}) {
    if (text.starts_with(link)) return {true, message};
  }
  if (is_at_frame(line) || begins_with_number(text, "... ") || text.starts_with("[CIRCULAR REFERENCE:")) {
    return {true, frames};
  }
  if (is_indented(line) && without_trailing_space(text) == "nested exception is:") return {true, nested};
  // A message of several lines.
  return state == message && (is_indented(line) || is_blank(line)) ? TraceStep{true, message} : kEnds;
}

}  // namespace java

// The `stack` of a JavaScript error, and what Node.js prints of one that nobody caught: where it was thrown, the line
// of source, a caret below, the stack, the error's other properties in braces, the version of Node.js.
namespace nodejs {

enum State : TraceState { none, place, source, caret, stack };

bool is_place(std::string_view line) {
  const std::size_t colon = line.rfind(':');
  const bool is_path = line.starts_with('/') || line.starts_with("file://") || line.starts_with("node:");
  return is_path && colon != std::string_view::npos && colon + 1 < line.size() &&
         std::ranges::all_of(line.substr(colon + 1), is_digit) && !contains(line, " ");
}

TraceState begin(std::string_view line) {
  if (is_place(line)) return place;
  const std::string_view text = without_trailing_space(line);
  const bool announces = text.ends_with("stack trace") || text.ends_with("stack trace:");
  return names_error(line, {":", " [", " {"}) || is_at_frame(line) || announces ? stack : none;
}

TraceStep next(TraceState state, std::string_view line) {
  switch (state) {
    case place:
      return {true, source};
    case source:
      return line.find_first_not_of(" \t^~") == std::string_view::npos ? TraceStep{true, caret} : kEnds;
    case caret:
      if (is_blank(line)) return {true, caret};
      return names_error(line, {":", " [", " {"}) ? TraceStep{true, stack} : kEnds;
    default:
      if (line.starts_with("Node.js v")) return {true, none};
      return is_indented(line) || is_blank(line) || line.starts_with('}') || line.starts_with("Caused by: ")
                 ? TraceStep{true, stack}
                 : kEnds;
  }
}

}  // namespace nodejs

// Exception.ToString() of .NET and Mono: "Type: message ---> Inner: message", frames, "--- End of ... ---" where an
// inner exception's or an awaited task's frames end.
namespace csharp {

enum State : TraceState { none, trace };

TraceState begin(std::string_view line) { return names_error(line, {":"}) || is_at_frame(line) ? trace : none; }

TraceStep next(TraceState, std::string_view line) {
  return is_indented(line) || line.starts_with("--- End of ") ? TraceStep{true, trace} : kEnds;
}

}  // namespace csharp

// Python's traceback module: a header, indented lines for each frame, then the exception; chained ones follow behind a
// blank line, a sentence and another one.
namespace python {

enum State : TraceState { none, frames, exception, gap, linked };

TraceState begin(std::string_view line) { return contains(line, "Traceback (most recent call last):") ? frames : none; }

TraceStep next(TraceState state, std::string_view line) {
  const bool blank = is_blank(line);
  switch (state) {
    case frames:
      return {true, blank || is_indented(line) ? frames : exception};
    case exception:
      if (blank) return {true, gap};
      return is_indented(line) ? TraceStep{true, exception} : kEnds;
    case gap:
      if (blank) return {true, gap};
      return line.starts_with("During handling of the above exception") ||
                     line.starts_with("The above exception was the direct cause")
                 ? TraceStep{true, linked}
                 : kEnds;
    default:
      if (blank) return {true, linked};
      return begin(line) != none ? TraceStep{true, frames} : kEnds;
  }
}

}  // namespace python

// The Go runtime's crashes: "panic: value" or "fatal error: ...", maybe "[signal ...]", then for each goroutine a
// header and pairs of lines (function with arguments, tab and place), blank lines between; net/http's "panic serving"
// likewise.
namespace go {

enum State : TraceState { none, message, gap, frames };

bool is_goroutine(std::string_view line) {
  return begins_with_number(line, "goroutine ") && contains(line, " [") && without_trailing_space(line).ends_with(":");
}

// "panic: ", not as the end of a longer word.
bool panics(std::string_view line) {
  for (const std::string_view phrase : {"panic: ", "panic serving ", "fatal error: "}) {
    for (std::size_t at = line.find(phrase); at != std::string_view::npos; at = line.find(phrase, at + 1)) {
      if (at == 0 || !is_name_character(line[at - 1])) return true;
    }
  }
  return line.starts_with("SIG") && contains(line, ": ");
}

// "net/http.(*conn).serve(0xc00007eaa0, ...)", or a register of a dump: "rip    0x45f1c1".
bool is_frame(std::string_view line) {
  const std::string_view before = line.substr(0, line.find('('));
  if (line.ends_with(')') && !contains(before, " ") && (contains(line, ".") || before == "panic")) return true;
  const std::string_view value = line.substr(std::min(line.find(' '), line.size()));
  return line.starts_with("created by ") || line.starts_with("...") || unindented(value).starts_with("0x");
}

TraceState begin(std::string_view line) { return panics(line) ? message : is_goroutine(line) ? frames : none; }

TraceStep next(TraceState state, std::string_view line) {
  if (is_goroutine(line) || line == "runtime stack:") return {true, frames};
  if (is_blank(line)) return {true, gap};
  if (line.starts_with("[signal ") || line.starts_with("[originating from ")) return {true, message};
  if (state == frames) return line.starts_with('\t') || is_frame(line) ? TraceStep{true, frames} : kEnds;
  if (state == message && (is_indented(line) || line.starts_with("PC="))) return {true, message};
  return state == gap && is_frame(line) && !contains(line, "(") ? TraceStep{true, gap} : kEnds;  // registers
}

}  // namespace go

// Ruby: "file.rb:1:in `method': message (Class)" with "\tfrom ..." lines; Rails: "Class (message):" with indented
// frames.
namespace ruby {

enum State : TraceState { none, trace };

bool is_rails_header(std::string_view line) {
  return names_error(line, {" ("}) && without_trailing_space(line).ends_with("):");
}

TraceState begin(std::string_view line) {
  return contains(line, ".rb:") || is_rails_header(line) || names_error(line, {":"}) ? trace : none;
}

TraceStep next(TraceState, std::string_view line) {
  return is_blank(line) || (is_indented(line) && !is_rails_header(line)) ? TraceStep{true, trace} : kEnds;
}

}  // namespace ruby

// PHP: the exception's text, "Stack trace:", "#0 ..." to "#n {main}", and "  thrown in ..."; earlier exceptions of a
// chain follow behind a blank line and "Next".
namespace php {

enum State : TraceState { none, message, frames };

TraceState begin(std::string_view line) {
  for (const std::string_view phrase : {"exception '", "Uncaught ", "PHP Fatal error:", "\"exception\":\"[object]"}) {
    if (contains(line, phrase)) return message;
  }
  return none;
}

TraceStep next(TraceState state, std::string_view line) {
  const std::string_view text = without_trailing_space(line);
  if (text == "Stack trace:" || text == "[stacktrace]") return {true, frames};
  if (is_blank(line)) return {true, state};
  if (line.starts_with("  thrown in ")) return {true, none};
  if (state == message) return is_indented(line) ? TraceStep{true, message} : kEnds;
  if (line.starts_with("Next ")) return {true, message};
  if (line.starts_with("\"}")) return {true, none};  // the end of the record's JSON
  return begins_with_number(line, "#") ? TraceStep{true, frames} : kEnds;
}

}  // namespace php

// Dart: "Unhandled exception:", the error's text of any shape, then "#0      function (place)".
namespace dart {

constexpr TraceState kFrames = 100;
constexpr TraceState kMostMessageLines = 50;  // below kFrames the state counts the lines of the message

TraceState begin(std::string_view line) {
  return without_trailing_space(line).ends_with("Unhandled exception:") ? 1 : 0;
}

TraceStep next(TraceState state, std::string_view line) {
  if (begins_with_number(line, "#")) return {true, kFrames};
  if (state != kFrames) {
    return state <= kMostMessageLines ? TraceStep{true, static_cast<TraceState>(state + 1)} : kEnds;
  }
  return line.starts_with("<asynchronous suspension>") || is_blank(line) ? TraceStep{true, kFrames} : kEnds;
}

}  // namespace dart

constexpr std::array kPresets = {
    MultilinePreset{"csharp", "exceptions of .NET languages", csharp::begin, csharp::next},
    MultilinePreset{"dart", "exceptions of Dart", dart::begin, dart::next},
    MultilinePreset{"go", "panics of Go with all goroutines", go::begin, go::next},
    MultilinePreset{"java", "exceptions of Java, Kotlin and Scala with causes", java::begin, java::next},
    MultilinePreset{"nodejs", "errors of JavaScript", nodejs::begin, nodejs::next},
    MultilinePreset{"php", "exceptions of PHP", php::begin, php::next},
    MultilinePreset{"python", "tracebacks of Python with chained exceptions", python::begin, python::next},
    MultilinePreset{"ruby", "exceptions of Ruby and Rails", ruby::begin, ruby::next},
};

}  // namespace

std::span<const MultilinePreset> multiline_presets() { return kPresets; }

const MultilinePreset* find_multiline_preset(std::string_view name) {
  const auto found = std::ranges::find(kPresets, name, &MultilinePreset::name);
  return found == kPresets.end() ? nullptr : &*found;
}

}  // namespace sluice::stages
