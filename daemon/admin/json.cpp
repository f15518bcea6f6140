#include "daemon/admin/json.hpp"

#include <fmt/format.h>

#include <cstdio>

#include "config/source.hpp"
#include "record/base64.hpp"
#include "record/buffer.hpp"
#include "record/civil.hpp"
#include "record/json_writer.hpp"

namespace sluice::daemon {
namespace {

using record::json_string;

// Items, each made by `function`, between brackets.
template <class Items, class Function>
std::string list_json(const Items& items, Function function) {
  std::string text = "[";
  for (const auto& item : items) {
    if (text.size() > 1) text += ", ";
    text += function(item);
  }
  return text + "]";
}

std::string queue_json(const std::optional<QueueFigures>& queue) {
  if (!queue) return "null";
  return fmt::format(R"({{"size": {}, "capacity": {}}})", queue->size, queue->capacity);
}

std::string stage_json(const StageFigures& stage) {
  const Delta& n = stage.counts;
  std::string text = fmt::format(R"({{"name": {}, "kind": {}, "variant": {}, "role": {}, )", json_string(stage.name),
                                 json_string(stage.kind), json_string(stage.variant), json_string(stage.role));
  text += fmt::format(R"("from": {}, "outputs": {}, )",
                      list_json(stage.from,
                                [](const InputFigures& input) {
                                  return fmt::format(R"({{"stage": {}, "output": {}}})", json_string(input.stage),
                                                     json_string(input.output));
                                }),
                      list_json(stage.outputs, json_string));
  text += fmt::format(
      R"("in": {}, "out": {}, "filtered": {}, "rejected": {}, "abandoned": {}, "copied": {}, "bytes_in": {}, )"
      R"("bytes_out": {}, "busy_s": {:.6f}, "blocked_s": {:.6f}, "queue": {}, "fused_into": {}, "errors": {}, )"
      R"("lag_s": {}}})",
      n.in, n.out, n.filtered, n.rejected, n.abandoned, n.copied, n.bytes_in, n.bytes_out, config::in_seconds(n.busy),
      config::in_seconds(stage.blocked), queue_json(stage.queue),
      stage.fused_into.empty() ? "null" : json_string(stage.fused_into), errors_json(stage.errors),
      stage.lag_s ? fmt::format("{:.3f}", *stage.lag_s) : "null");
  return text;
}

std::string count_json(const RejectSamples::Count& count) {
  return fmt::format(R"({{"stage": {}, "reason": {}, "count": {}}})", json_string(count.stage),
                     json_string(count.reason), count.count);
}

std::string raw_json(const RejectSample& sample) {
  std::string_view raw = sample.raw;
  std::size_t invalid = config::find_invalid_utf8(raw);
  // Where a long line was cut within a character, that character goes too.
  if (sample.truncated && invalid != std::string_view::npos && raw.size() - invalid < 4) {
    raw = raw.substr(0, invalid);
    invalid = std::string_view::npos;
  }
  if (invalid == std::string_view::npos) return fmt::format(R"("raw": {})", json_string(raw));
  record::Buffer out;
  record::write_base64(out, raw);
  return fmt::format(R"("raw_base64": "{}")", out.view());
}

std::string sample_json(const RejectSample& sample) {
  return fmt::format(R"({{"time": "{}", "stage": {}, "reason": {}, "detail": {}, {}{}}})",
                     record::timestamp_text(sample.time), json_string(sample.stage), json_string(sample.reason),
                     json_string(sample.detail), raw_json(sample), sample.truncated ? R"(, "truncated": true)" : "");
}

}  // namespace

std::string time_text(std::chrono::system_clock::time_point time) {
  const auto since = time.time_since_epoch();
  const auto whole = std::chrono::floor<std::chrono::seconds>(since);
  const auto milliseconds = std::chrono::floor<std::chrono::milliseconds>(since - whole);
  return record::timestamp_text({whole.count(), static_cast<std::uint32_t>(milliseconds.count() * 1'000'000)});
}

std::optional<std::chrono::system_clock::time_point> parse_time(std::string_view text) {
  int year = 0;
  unsigned month = 0, day = 0, hour = 0, minute = 0, second = 0;
  const std::string copy(text);
  const int found = std::sscanf(copy.c_str(), "%4d-%2u-%2uT%2u:%2u:%2u", &year, &month, &day, &hour, &minute, &second);
  if (found != 6) return std::nullopt;
  const std::chrono::seconds since(record::days_from_civil(year, month, day) * 86'400 + hour * 3600 + minute * 60 +
                                   second);
  return std::chrono::system_clock::time_point(since);
}

std::string pipeline_json(const Observation& seen) {
  return fmt::format(
      R"({{"version": "{}", "config": {}, "state": "{}", "started": "{}", "loaded": "{}", "reloads": {}, )"
      R"("failed_reloads": {}, "elapsed_s": {:.6f}, "workers": {}, "stages": {}, )"
      R"("rejects": {{"target": "{}", "queue": {}}}, "ledger": {}}})",
      SLUICE_VERSION, json_string(seen.config), name_of(seen.state), time_text(seen.started), time_text(seen.loaded),
      seen.reloads, seen.failed_reloads, config::in_seconds(seen.ledger.elapsed), seen.workers,
      list_json(seen.stages, stage_json), seen.rejects.target, queue_json(seen.rejects.queue), to_json(seen.ledger));
}

std::string rejects_json(const RejectSamples& samples) {
  return fmt::format(R"({{"counts": {}, "samples": {}}})", list_json(samples.counts(), count_json),
                     list_json(samples.newest(), sample_json));
}

std::string reload_json(const Observed::Reloaded& reloaded) {
  if (!reloaded.ok) return fmt::format(R"({{"ok": false, "error": {}}})", json_string(reloaded.error));
  return fmt::format(R"({{"ok": true, "changes": {}}})", list_json(reloaded.changes, json_string));
}

std::string error_json(std::string_view message) { return fmt::format(R"({{"error": {}}})", json_string(message)); }

}  // namespace sluice::daemon
