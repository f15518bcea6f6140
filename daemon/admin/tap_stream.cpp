#include "daemon/admin/tap_stream.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "record/json_writer.hpp"

namespace sluice::daemon {
namespace {

constexpr std::chrono::seconds kStats{1};

std::string_view name_of(TapEnd end) { return end == TapEnd::gone ? "gone" : "stopping"; }

std::string end_event(std::string_view why) { return fmt::format("event: end\ndata: {{\"why\": \"{}\"}}\n\n", why); }

}  // namespace

TapStream::TapStream(Taps& taps, std::string stage, std::shared_ptr<Tap> tap,
                     std::unique_ptr<record::FieldTable> fields, std::optional<expression::Program> filter,
                     std::uint64_t limit)
    : taps_(taps),
      stage_(std::move(stage)),
      tap_(std::move(tap)),
      fields_(std::move(fields)),
      filter_(std::move(filter)),
      limit_(limit) {}

bool TapStream::matches(record::Record& record, record::Arena& arena) {
  if (!filter_) return true;
  record::Record decoded = record;
  decoded.fields(arena);  // by name: the filter's table of fields is not the one that the record was parsed with
  return static_cast<bool>(filter_->matches(decoded, arena));
}

// False when that was the last one.
bool TapStream::add_record(record::Record& record, record::Arena& arena, std::string& events) {
  if (!matches(record, arena)) return true;
  record::Buffer json;
  record::write_json(json, record);
  std::string text(json.view());
  // A line end in JSON is white space (in a string it is escaped), but it would end the event's line.
  std::ranges::replace_if(
      text, [](char c) { return c == '\n' || c == '\r'; }, ' ');
  events += "event: record\ndata: " + text + "\n\n";
  return ++matched_ != limit_;
}

void TapStream::add_stats(std::string& events) {
  const Tap::Figures figures = tap_->figures();
  events +=
      fmt::format("event: stats\ndata: {{\"passed\": {}, \"looked_at\": {}, \"matched\": {}, \"dropped\": {}}}\n\n",
                  figures.passed, figures.looked_at, matched_, figures.dropped);
  next_stats_ = Tap::Clock::now() + kStats;
}

bool TapStream::next(std::string& events) {
  // Asked before taking: what was passed on before the end is still shown.
  const TapEnd end = tap_->end();
  const auto wait = std::max<Tap::Clock::duration>(next_stats_ - Tap::Clock::now(), {});
  for (TapSample& sample : tap_->take(wait)) {
    for (record::Record& record : sample.records) {
      if (add_record(record, sample.arena, events)) continue;
      add_stats(events);
      events += end_event("limit");
      return false;
    }
  }
  if (end != TapEnd::none || Tap::Clock::now() >= next_stats_) add_stats(events);
  if (end != TapEnd::none) events += end_event(name_of(end));
  return end == TapEnd::none;
}

}  // namespace sluice::daemon
