#include "stages/generate/stdin.hpp"

#include <memory>
#include <utility>

#include "stages/generate/input.hpp"

namespace sluice::stages {

LineOptions line_options(const config::Settings& settings, const Workshop& workshop) {
  return {.batch_bytes = workshop.batch_bytes,
          .linger = workshop.linger,
          .max_line = workshop.max_line,
          .keep_blank = settings.boolean("keep_blank"),
          .multiline = make_multiline(settings, workshop)};
}

StdinGenerator::StdinGenerator(const LineOptions& options, int fd) : options_(options), fd_(fd) {}

flow::Error StdinGenerator::run(const flow::Context& context, Emitter& emitter) {
  Input input(fd_, "stdin");
  LineReader lines(options_, emitter);
  lines.begin_with(std::exchange(rest_, {}));
  const flow::Error read_error = input.read_lines(context, lines);
  // Nobody can read again what stdin has given, so lines are not lost because more of their event could have come.
  if (flow::Error error = lines.let_go(flow::without_cancel(context))) return read_error ? read_error : error;
  const flow::Error flush_error = lines.flush(context);
  rest_ = lines.rest();
  return read_error ? read_error : flush_error;
}

Definition generate_stdin() {
  config::StageSpec spec;
  spec.kind = "generate";
  spec.variant = "stdin";
  spec.summary = "Reads lines from standard input: a file, pipe, FIFO, terminal or socket.";
  spec.description =
      "Each line becomes a record with the field `message`. A line ends at a line feed; one carriage return before it "
      "belongs to the line end. The last line needs no line end. A byte order mark at the start is skipped. Lines "
      "longer "
      "than `pipeline: max_line` are rejected (`line_too_long`), with their first 4 KiB as `raw`. After SIGTERM a line "
      "that is not complete yet is left out and not counted.\n\n"
      "With `multiline` a record is an event of several lines, its inner line ends kept; lines of white space at its "
      "end are counted as filtered. An event is complete when the next one begins, at `max_lines`, before the line "
      "that "
      "would make it longer than `pipeline: max_line`, or when nothing more came for `timeout`. A preset knows the "
      "stack "
      "traces of a language; a line that begins none is a record of its own and does not wait. Where each record "
      "begins "
      "with a time, `start` also keeps a trace with the line that logged it.";
  spec.examples = {
      {"lines become records",
       "- generate: stdin",
       {"first line", "", "second line"},
       {R"({"message":"first line"})", R"({"message":"second line"})"}},
      {"blank lines are kept on request",
       "- generate: {from: stdin, keep_blank: true}",
       {"a", ""},
       {R"({"message":"a"})", R"({"message":""})"}},
      {"a stack trace is one record, every other line too",
       "- generate: {from: stdin, multiline: java}",
       {"10:00:00 INFO started", "com.example.Trouble: disk full", "\tat com.example.Main.run(Main.java:10)",
        "Caused by: java.io.IOException: no space", "\t... 1 more", "10:00:01 INFO stopped"},
       {R"({"message":"10:00:00 INFO started"})",
        R"({"message":"com.example.Trouble: disk full\n\tat com.example.Main.run(Main.java:10)\n)"
        R"(Caused by: java.io.IOException: no space\n\t... 1 more"})",
        R"({"message":"10:00:01 INFO stopped"})"}},
      {"traces of several languages",
       "- generate: {from: stdin, multiline: {preset: [python, go], timeout: 2s}}",
       {"Traceback (most recent call last):", "  File \"app.py\", line 3, in <module>", "KeyError: 'k'", "panic: no",
        "", "goroutine 1 [running]:", "main.main()", "\t/app/main.go:5 +0x1d"},
       {R"({"message":"Traceback (most recent call last):\n  File \"app.py\", line 3, in <module>\n)"
        R"(KeyError: 'k'"})",
        R"({"message":"panic: no\n\ngoroutine 1 [running]:\nmain.main()\n\t/app/main.go:5 +0x1d"})"}},
      {"records begin with a time",
       "- generate: {from: stdin, multiline: {start: '^\\d\\d:\\d\\d ', timeout: 500ms, max_lines: 200}}",
       {"10:00 ERROR disk full", "free: 0", "10:01 INFO stopped"},
       {R"({"message":"10:00 ERROR disk full\nfree: 0"})", R"({"message":"10:01 INFO stopped"})"}},
      {"indented lines belong to the record before",
       "- generate: {from: stdin, multiline: {indent: true}}",
       {"request", "  method: GET", "  path: /", "response"},
       {R"({"message":"request\n  method: GET\n  path: /"})", R"({"message":"response"})"}}};
  const auto make = [](const config::Settings& settings, Workshop& workshop) -> AnyStage {
    return std::make_unique<StdinGenerator>(line_options(settings, workshop));
  };
  return {std::move(spec), make};
}

}  // namespace sluice::stages
