// write: stdout
//
// Writes to standard output: a file, a pipe, a FIFO, a terminal or a socket.
#pragma once

#include <memory>
#include <optional>

#include "stages/write/encoding_writer.hpp"

namespace sluice::stages {

class StdoutWriter final : public EncodingWriter {
 public:
  // `fd` is 1 but for tests; it stays the caller's.
  explicit StdoutWriter(std::unique_ptr<Encoder> encoder, int fd = 1);

  flow::Error write(const flow::Context& context, record::Batch& batch, Written& written) override;
  flow::Error finish(const flow::Context& context) override;

 private:
  Output& output();

  int fd_;
  std::optional<Output> output_;  // from the first use on, so that `check` touches nothing
};

Definition write_stdout();

}  // namespace sluice::stages
