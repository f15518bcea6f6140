// generate: {from: demo, rate: 100/s, count: 1000, seed: 7}
//
// Makes up access-log records, as JSON lines, at a steady rate or as fast as the pipeline takes them.
#pragma once

#include <cstdint>
#include <optional>

#include "config/units.hpp"
#include "record/buffer.hpp"
#include "stages/generate/line_reader.hpp"
#include "stages/registry.hpp"

namespace sluice::stages {

// The lines themselves: the same for the same seed, on every machine.
class DemoLog {
 public:
  // `spacing` is the time between two records, as their `time` says; the first is at 2026-01-01T00:00:00Z.
  DemoLog(std::uint64_t seed, std::chrono::nanoseconds spacing);

  // Appends the next line, without a line end; at most kLongestLine bytes.
  void write_line(record::Buffer& out);
  static constexpr std::size_t kLongestLine = 1024;

 private:
  std::uint64_t next();
  std::size_t below(std::size_t bound);

  std::uint64_t state_;
  std::chrono::nanoseconds spacing_;
  std::chrono::nanoseconds elapsed_{0};
};

class DemoGenerator final : public Generator {
 public:
  struct Options {
    std::optional<config::Rate> rate;    // none: as fast as possible
    std::optional<std::uint64_t> count;  // none: without end
    std::uint64_t seed = 0;
    std::size_t batch_bytes = 256 * 1024;
    std::chrono::nanoseconds linger = std::chrono::milliseconds(50);
  };
  explicit DemoGenerator(const Options& options);

  // When the pipeline was slower than the rate, up to one second is caught up afterwards.
  flow::Error run(const flow::Context& context, Emitter& emitter) override;

 private:
  flow::Error emit_batch(const flow::Context& context, Emitter& emitter, DemoLog& log, std::uint64_t most,
                         std::uint64_t& made) const;

  Options options_;
};

Definition generate_demo();

}  // namespace sluice::stages
