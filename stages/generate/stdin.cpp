#include "stages/generate/stdin.hpp"

#include <memory>

#include "stages/generate/input.hpp"

namespace sluice::stages {

LineOptions line_options(const config::Settings& settings, const Workshop& workshop) {
  return {.batch_bytes = workshop.batch_bytes,
          .linger = workshop.linger,
          .max_line = workshop.max_line,
          .keep_blank = settings.boolean("keep_blank")};
}

StdinGenerator::StdinGenerator(const LineOptions& options, int fd) : options_(options), fd_(fd) {}

flow::Error StdinGenerator::run(const flow::Context& context, Emitter& emitter) {
  Input input(fd_, "stdin");
  LineReader lines(options_, emitter);
  const flow::Error read_error = input.read_lines(context, lines);
  const flow::Error flush_error = lines.flush(context);
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
      "that is not complete yet is left out and not counted.";
  spec.examples = {{"lines become records",
                    "- generate: stdin",
                    {"first line", "", "second line"},
                    {R"({"message":"first line"})", R"({"message":"second line"})"}},
                   {"blank lines are kept on request",
                    "- generate: {from: stdin, keep_blank: true}",
                    {"a", ""},
                    {R"({"message":"a"})", R"({"message":""})"}}};
  const auto make = [](const config::Settings& settings, Workshop& workshop) -> AnyStage {
    return std::make_unique<StdinGenerator>(line_options(settings, workshop));
  };
  return {std::move(spec), make};
}

}  // namespace sluice::stages
