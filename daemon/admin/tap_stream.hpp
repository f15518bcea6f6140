// A tap as a stream of server-sent events (html.spec.whatwg.org, "Server-sent events").
#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>

#include "daemon/taps.hpp"
#include "expression/expression.hpp"
#include "record/buffer.hpp"
#include "record/field_table.hpp"

namespace sluice::daemon {

// Belongs to one connection's thread; closes its tap when it goes. Records are copies, so the expression is evaluated
// here and not in the pipeline.
class TapStream {
 public:
  // `limit`: records that match, after which it ends; 0 is no limit. `filter` reads the fields of `fields`.
  TapStream(Taps& taps, std::string stage, std::shared_ptr<Tap> tap, std::unique_ptr<record::FieldTable> fields,
            std::optional<expression::Program> filter, std::uint64_t limit);
  TapStream(const TapStream&) = delete;
  TapStream& operator=(const TapStream&) = delete;
  ~TapStream() { taps_.close(stage_, tap_); }

  // Waits for what comes next, for a second at most, and appends its events. False when that was the end.
  bool next(std::string& events);

 private:
  bool matches(record::Record& record, record::Arena& arena);
  bool add_record(record::Record& record, record::Arena& arena, std::string& events);
  void add_stats(std::string& events);

  Taps& taps_;
  const std::string stage_;
  const std::shared_ptr<Tap> tap_;
  const std::unique_ptr<record::FieldTable> fields_;
  const std::optional<expression::Program> filter_;
  const std::uint64_t limit_;
  std::uint64_t matched_ = 0;
  Tap::Clock::time_point next_stats_ = Tap::Clock::now();  // at once: the client sees that it is connected
};

}  // namespace sluice::daemon
