#include "daemon/admin/views.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <utility>

#include "config/units.hpp"
#include "daemon/admin/json.hpp"
#include "daemon/admin/table_text.hpp"

namespace sluice::daemon {
namespace {

using Rates = std::optional<std::vector<StageRates>>;

constexpr std::size_t kFigures = 53;  // columns after a stage's name
constexpr std::size_t kBar = 6;
constexpr std::size_t kAround = 7;  // lines of a screen that are no stages

std::string percent(double share) { return fmt::format("{:.0f}%", 100 * share); }

class Paint {
 public:
  explicit Paint(bool on) : on_(on) {}
  std::string operator()(std::string_view code, std::string text) const {
    return on_ && !code.empty() && !text.empty() ? fmt::format("\x1b[{}m{}\x1b[0m", code, text) : std::move(text);
  }

 private:
  const bool on_;
};

std::string bar(const QueueFigures& queue) {
  const double full = queue.capacity == 0 ? 0 : static_cast<double>(queue.size) / static_cast<double>(queue.capacity);
  const auto filled = std::min(kBar, static_cast<std::size_t>(std::ceil(full * static_cast<double>(kBar))));
  return std::string(filled, '#') + std::string(kBar - filled, '.');
}

std::string queue_text(const StageFigures& stage) {
  if (!stage.fused_into.empty()) return "in " + stage.fused_into;
  if (!stage.queue) return "";
  return fmt::format("{} {}/{}", bar(*stage.queue), stage.queue->size, stage.queue->capacity);
}

std::string header(std::size_t name_width) {
  return "  " + left("STAGE", name_width) + right("IN/s", 7) + right("OUT/s", 7) + right("FILT/s", 7) +
         right("REJ/s", 7) + " " + left("QUEUE", 13) + right("BUSY", 5) + right("BLOCK", 6);
}

std::string row(const StageFigures& stage, const StageRates* rates, bool is_worst, std::size_t name_width) {
  const auto figure = [&](double value) { return rates == nullptr ? std::string("-") : short_number(value); };
  const StageRates r = rates == nullptr ? StageRates() : *rates;
  return (is_worst ? "> " : "  ") + left(stage.name, name_width) + right(figure(r.in), 7) + right(figure(r.out), 7) +
         right(figure(r.filtered), 7) + right(figure(r.rejected), 7) + " " + left(queue_text(stage), 13) +
         right(rates == nullptr ? "-" : percent(r.busy), 5) + right(rates == nullptr ? "-" : percent(r.blocked), 6);
}

std::string plural(std::uint64_t count, std::string_view what) {
  return fmt::format("{} {}{}", count, what, count == 1 ? "" : "s");
}

std::string title(const Sighting& sighting) {
  const Observation& seen = sighting.seen;
  std::string text = fmt::format("up {}, {}, {}", long_duration(config::in_seconds(seen.ledger.elapsed)),
                                 plural(seen.workers, "worker"), plural(seen.reloads, "reload"));
  if (seen.failed_reloads != 0) text += fmt::format(" ({} failed)", seen.failed_reloads);
  return text + ", " + seen.config;
}

// "received 1,234 + copied 2 = written 3 + ..."
std::string equation(const LedgerSnapshot& ledger) {
  std::string text = "received " + grouped(ledger.received);
  if (ledger.copied != 0) text += " + copied " + grouped(ledger.copied);
  text += " = written " + grouped(ledger.written);
  const std::pair<std::string_view, std::uint64_t> ends[] = {{"filtered", ledger.filtered},
                                                             {"rejected", ledger.rejected},
                                                             {"abandoned", ledger.abandoned},
                                                             {"in flight", ledger.in_flight}};
  for (const auto& [name, count] : ends) {
    if (count != 0) text += fmt::format(" + {} {}", name, grouped(count));
  }
  return text;
}

bool adds_up(const LedgerSnapshot& n) {
  return n.received + n.copied == n.written + n.filtered + n.rejected + n.abandoned + n.in_flight;
}

std::string balance(const LedgerSnapshot& ledger) { return adds_up(ledger) ? "balanced" : "DOES NOT BALANCE"; }

// At blanks before a `+` or `=`, where it does not fit.
std::vector<std::string> wrapped(const std::string& text, std::size_t width) {
  std::vector<std::string> lines;
  std::string rest = text;
  while (columns_of(rest) > width) {
    std::size_t at = rest.find_last_of("+=", width);
    if (at == std::string::npos || at < 2) break;
    lines.push_back(rest.substr(0, at - 1));
    rest = "  " + rest.substr(at);
    if (lines.size() == 3) break;
  }
  lines.push_back(cut(rest, width));
  return lines;
}

Verdict verdict_of(const Sighting& sighting, const Rates& rates) {
  return rates ? judge(sighting.seen, *rates) : Verdict{"", "measuring..."};
}

std::size_t longest_name(const Observation& seen) {
  std::size_t width = 5;
  for (const StageFigures& stage : seen.stages) width = std::max(width, columns_of(stage.name));
  return width;
}

// The stages that fit into `room` lines, the last of which says what is missing.
std::vector<std::string> stage_lines(const Sighting& sighting, const Rates& rates, const std::string& worst,
                                     Screen& screen, std::size_t room) {
  const Paint paint(screen.colour);
  const std::vector<StageFigures>& stages = sighting.seen.stages;
  const std::size_t name_width = std::min(longest_name(sighting.seen), screen.width - kFigures - 2);
  const bool all = stages.size() <= room;
  const std::size_t shown = all ? stages.size() : room - 1;
  screen.first = std::min(screen.first, stages.size() - shown);
  std::vector<std::string> lines{paint("1", cut(header(name_width), screen.width))};
  for (std::size_t i = screen.first; i < screen.first + shown; ++i) {
    const StageRates* const of = rates ? &(*rates)[i] : nullptr;
    const bool is_worst = stages[i].name == worst;
    const std::string line = row(stages[i], of, is_worst, name_width);
    const bool rejects = of != nullptr && of->rejected > 0;
    lines.push_back(paint(is_worst ? "1;31" : rejects ? "33" : "", cut(line, screen.width)));
  }
  if (!all) {
    lines.push_back(cut(fmt::format("  stages {} to {} of {}; up and down show the others", screen.first + 1,
                                    screen.first + shown, stages.size()),
                        screen.width));
  }
  return lines;
}

}  // namespace

std::vector<std::string> top_screen(const Sighting& sighting, const Rates& rates, Screen& screen) {
  const Paint paint(screen.colour);
  const std::size_t width = screen.width = std::max<std::size_t>(screen.width, kFigures + 10);
  screen.height = std::max<std::size_t>(screen.height, kAround + 3);
  const LedgerSnapshot& ledger = sighting.seen.ledger;
  const Verdict verdict = verdict_of(sighting, rates);
  std::vector<std::string> lines;
  const std::string state = screen.problem.empty() ? sighting.state : screen.problem;
  const std::string name = "sluice " + sighting.version + "  ";
  const std::string shown = cut(state, width - columns_of(name));
  const std::string rest = "  " + title(sighting);
  const std::size_t used = columns_of(name) + columns_of(shown);
  lines.push_back(name +
                  paint(!screen.problem.empty() ? "1;31"
                        : state == "running"    ? "32"
                                                : "33",
                        shown) +
                  cut(rest, width - std::min(width, used)));
  lines.emplace_back();
  const std::vector<std::string> sums = wrapped(equation(ledger), width - 18);
  const std::size_t room = screen.height - kAround - sums.size() + 1;
  for (std::string& line : stage_lines(sighting, rates, verdict.stage, screen, std::max<std::size_t>(room, 2))) {
    lines.push_back(std::move(line));
  }
  lines.emplace_back();
  lines.push_back(paint(verdict.stage.empty() ? "" : "1;31", cut(verdict.text, width)));
  for (const std::string& sum : sums) lines.push_back(sum);
  lines.back() += "  " + paint(adds_up(ledger) ? "32" : "1;31", balance(ledger));
  lines.push_back(cut(fmt::format("{} in, {} out, rejects to {}; q ends", short_number(double(ledger.bytes_in)) + "B",
                                  short_number(double(ledger.bytes_out)) + "B", sighting.rejects_target),
                      width));
  return lines;
}

std::string top_table(const Sighting& sighting, const Rates& rates) {
  const std::size_t name_width = longest_name(sighting.seen);
  const Verdict verdict = verdict_of(sighting, rates);
  std::string text =
      fmt::format("sluice {}  {}  {}\n\n{}\n", sighting.version, sighting.state, title(sighting), header(name_width));
  for (std::size_t i = 0; i < sighting.seen.stages.size(); ++i) {
    const StageFigures& stage = sighting.seen.stages[i];
    text += row(stage, rates ? &(*rates)[i] : nullptr, stage.name == verdict.stage, name_width) + "\n";
  }
  return text +
         fmt::format("\n{}\n{}  {}\n", verdict.text, equation(sighting.seen.ledger), balance(sighting.seen.ledger));
}

std::string status_text(const Sighting& sighting) {
  const Observation& seen = sighting.seen;
  const LedgerSnapshot& ledger = seen.ledger;
  std::string text = fmt::format("sluice {}  {}  {}\n", sighting.version, sighting.state, title(sighting));
  text += fmt::format("started {}, configuration loaded {}\n\n", time_text(seen.started), time_text(seen.loaded));
  const std::size_t width = longest_name(seen);
  text += left("STAGE", width) + right("IN", 15) + right("OUT", 15) + right("FILTERED", 15) + right("REJECTED", 12) +
          right("QUEUE", 9) + "\n";
  for (const StageFigures& stage : seen.stages) {
    text += left(stage.name, width) + right(grouped(stage.counts.in), 15) + right(grouped(stage.counts.out), 15) +
            right(grouped(stage.counts.filtered), 15) + right(grouped(stage.counts.rejected), 12) +
            right(stage.queue ? fmt::format("{}/{}", stage.queue->size, stage.queue->capacity) : "-", 9) + "\n";
    for (const auto& [reason, count] : stage.errors) text += fmt::format("  {} x {}\n", grouped(count), reason);
  }
  return text + fmt::format("\n{}  {}\n", equation(ledger), balance(ledger));
}

}  // namespace sluice::daemon
