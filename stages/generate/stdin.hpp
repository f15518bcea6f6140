// generate: stdin
//
// Reads lines from standard input: a file, a pipe, a FIFO, a terminal or a socket. Ends when the input does.
#pragma once

#include <string>
#include <string_view>

#include "stages/generate/line_reader.hpp"
#include "stages/registry.hpp"

namespace sluice::stages {

class StdinGenerator final : public Generator {
 public:
  // `fd` is 0 but for tests; it stays the caller's.
  explicit StdinGenerator(const LineOptions& options, int fd = 0);

  // A line that is unfinished when the context is done is left out and not counted; at the end of the input it is the
  // last record.
  flow::Error run(const flow::Context& context, Emitter& emitter) override;

  // The unfinished line, which goes to whoever reads on from the same input after a reload; for nobody else.
  std::string save() const override { return rest_; }
  flow::Error restore(std::string_view saved) override {
    rest_ = saved;
    return {};
  }

  const Multiline* multiline() const override { return options_.multiline.get(); }

 private:
  LineOptions options_;
  int fd_;
  std::string rest_;  // before and after the run
};

// What a generator of lines takes from the `pipeline` section and its own options.
LineOptions line_options(const config::Settings& settings, const Workshop& workshop);

Definition generate_stdin();

}  // namespace sluice::stages
