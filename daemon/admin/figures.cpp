#include "daemon/admin/figures.hpp"

#include <fmt/format.h>
#include <simdjson.h>

#include <algorithm>
#include <array>
#include <chrono>
#include <cmath>
#include <map>
#include <utility>

#include "daemon/admin/json.hpp"

namespace sluice::daemon {
namespace {

namespace dom = simdjson::dom;

constexpr double kWaiting = 0.05;  // a stage that waits less than this share of the time is not held up
constexpr double kBusy = 0.9;      // of all workers

std::string text_of(const dom::element& from, std::string_view key) {
  std::string_view text;
  return from[key].get(text) == simdjson::SUCCESS ? std::string(text) : "";
}

std::uint64_t count_of(const dom::element& from, std::string_view key) {
  std::uint64_t count = 0;
  return from[key].get(count) == simdjson::SUCCESS ? count : 0;
}

std::chrono::nanoseconds seconds_of(const dom::element& from, std::string_view key) {
  double seconds = 0;
  if (from[key].get(seconds) != simdjson::SUCCESS) return {};
  return std::chrono::nanoseconds(std::llround(seconds * 1e9));
}

std::vector<dom::element> items_of(const dom::element& from, std::string_view key) {
  dom::array array;
  if (from[key].get(array) != simdjson::SUCCESS) return {};
  return {array.begin(), array.end()};
}

std::optional<QueueFigures> queue_of(const dom::element& from) {
  dom::element queue;
  if (from["queue"].get(queue) != simdjson::SUCCESS || queue.is_null()) return std::nullopt;
  return QueueFigures{count_of(queue, "size"), count_of(queue, "capacity")};
}

std::string_view role_of(const std::string& text) {
  constexpr std::array<std::string_view, 3> kRoles{"generator", "transform", "writer"};
  const auto known = std::ranges::find(kRoles, text);
  return known == kRoles.end() ? kRoles[1] : *known;
}

Delta counts_of(const dom::element& stage) {
  Delta counts;
  counts.in = count_of(stage, "in");
  counts.out = count_of(stage, "out");
  counts.filtered = count_of(stage, "filtered");
  counts.rejected = count_of(stage, "rejected");
  counts.abandoned = count_of(stage, "abandoned");
  counts.copied = count_of(stage, "copied");
  counts.bytes_in = count_of(stage, "bytes_in");
  counts.bytes_out = count_of(stage, "bytes_out");
  counts.busy = seconds_of(stage, "busy_s");
  return counts;
}

ReasonCounts errors_of(const dom::element& stage) {
  ReasonCounts errors;
  dom::object object;
  if (stage["errors"].get(object) != simdjson::SUCCESS) return errors;
  for (const auto& [reason, count] : object) {
    std::uint64_t number = 0;
    if (count.get(number) == simdjson::SUCCESS) errors.emplace_back(std::string(reason), number);
  }
  return errors;
}

StageFigures stage_of(const dom::element& json) {
  StageFigures stage;
  stage.name = text_of(json, "name");
  stage.kind = text_of(json, "kind");
  stage.variant = text_of(json, "variant");
  stage.role = role_of(text_of(json, "role"));
  for (const dom::element input : items_of(json, "from")) {
    stage.from.push_back({text_of(input, "stage"), text_of(input, "output")});
  }
  for (const dom::element output : items_of(json, "outputs")) {
    std::string_view name;
    if (output.get(name) == simdjson::SUCCESS) stage.outputs.emplace_back(name);
  }
  stage.counts = counts_of(json);
  stage.errors = errors_of(json);
  stage.blocked = seconds_of(json, "blocked_s");
  stage.queue = queue_of(json);
  stage.fused_into = text_of(json, "fused_into");
  double lag = 0;
  if (json["lag_s"].get(lag) == simdjson::SUCCESS) stage.lag_s = lag;
  return stage;
}

LedgerSnapshot ledger_of(const dom::element& json) {
  LedgerSnapshot ledger;
  bool balanced = false;
  ledger.balanced = json["balanced"].get(balanced) == simdjson::SUCCESS && balanced;
  ledger.cause = text_of(json, "cause");
  ledger.received = count_of(json, "received");
  ledger.copied = count_of(json, "copied");
  ledger.written = count_of(json, "written");
  ledger.filtered = count_of(json, "filtered");
  ledger.rejected = count_of(json, "rejected");
  ledger.abandoned = count_of(json, "abandoned");
  ledger.in_flight = count_of(json, "in_flight");
  ledger.bytes_in = count_of(json, "bytes_in");
  ledger.bytes_out = count_of(json, "bytes_out");
  ledger.elapsed = seconds_of(json, "elapsed_s");
  return ledger;
}

double per_second(std::uint64_t before, std::uint64_t now, double seconds) {
  return now < before ? 0 : static_cast<double>(now - before) / seconds;
}

double share(std::chrono::nanoseconds before, std::chrono::nanoseconds now, double seconds) {
  return std::max(0.0, std::chrono::duration<double>(now - before).count() / seconds);
}

// Stages by the chain that they run in: the indices of its members, by the name of the first.
using Chains = std::map<std::string, std::vector<std::size_t>, std::less<>>;

std::string head_of(const StageFigures& stage) { return stage.fused_into.empty() ? stage.name : stage.fused_into; }

class Judge {
 public:
  Judge(const Observation& now, const std::vector<StageRates>& rates) : now_(now), rates_(rates) {
    for (std::size_t i = 0; i < now.stages.size(); ++i) chains_[head_of(now.stages[i])].push_back(i);
  }

  Verdict verdict() const {
    double worst = 0;
    const std::vector<std::size_t>* cause = nullptr;
    double waits = 0;
    std::string waiter;
    for (const auto& [name, chain] : chains_) {
      const auto* next = most_pressed(readers(chain));
      const double own = next == nullptr ? 0 : waiting(chain) - waiting(*next);
      if (next == nullptr || own <= worst) continue;
      worst = own, cause = next, waits = waiting(chain), waiter = now_.stages[chain.back()].name;
    }
    if (worst < kWaiting) return {"", calm()};
    return held_up(*cause, waiter, waits);
  }

 private:
  double waiting(const std::vector<std::size_t>& chain) const {
    double most = 0;
    for (const std::size_t i : chain) most = std::max(most, rates_[i].blocked);
    return most;
  }

  std::vector<const std::vector<std::size_t>*> readers(const std::vector<std::size_t>& chain) const {
    std::vector<const std::vector<std::size_t>*> found;
    for (const auto& [name, other] : chains_) {
      const auto reads = [&](const InputFigures& input) {
        return std::ranges::any_of(chain, [&](std::size_t i) { return now_.stages[i].name == input.stage; });
      };
      if (&other != &chain && std::ranges::any_of(now_.stages[other.front()].from, reads)) found.push_back(&other);
    }
    return found;
  }

  // Of several readers the one with the fullest queue is waited for; of those, the busiest.
  const std::vector<std::size_t>* most_pressed(const std::vector<const std::vector<std::size_t>*>& chains) const {
    const auto pressure = [&](const std::vector<std::size_t>* chain) {
      const auto& queue = now_.stages[chain->front()].queue;
      const double full =
          queue && queue->capacity != 0 ? static_cast<double>(queue->size) / static_cast<double>(queue->capacity) : 0;
      double busy = 0;
      for (const std::size_t i : *chain) busy += rates_[i].busy;
      return full + busy / 1000;
    };
    const auto found = std::ranges::max_element(chains, {}, pressure);
    return found == chains.end() ? nullptr : *found;
  }

  Verdict held_up(const std::vector<std::size_t>& chain, const std::string& waiter, double waits) const {
    const std::size_t busiest = *std::ranges::max_element(chain, {}, [&](std::size_t i) { return rates_[i].busy; });
    const std::string& name = now_.stages[busiest].name;
    return {name, fmt::format("bottleneck: {}, busy {:.0f}% of a worker; {} waits for it {:.0f}% of the time", name,
                              100 * rates_[busiest].busy, waiter, 100 * std::min(waits, 1.0))};
  }

  std::string calm() const {
    double total = 0;
    bool moves = false;
    std::size_t busiest = 0;
    for (std::size_t i = 0; i < rates_.size(); ++i) {
      total += rates_[i].busy;
      moves = moves || rates_[i].in > 0 || rates_[i].out > 0;
      if (rates_[i].busy > rates_[busiest].busy) busiest = i;
    }
    if (!moves) return now_.ledger.in_flight != 0 ? "nothing moves, though records are in flight" : "idle";
    const std::string most =
        fmt::format("most busy is {}, {:.0f}% of a worker", now_.stages[busiest].name, 100 * rates_[busiest].busy);
    const bool all_busy = now_.workers != 0 && total >= kBusy * static_cast<double>(now_.workers);
    return all_busy ? fmt::format("all {} workers are busy; {}", now_.workers, most)
                    : "no stage waits for another; " + most;
  }

  const Observation& now_;
  const std::vector<StageRates>& rates_;
  Chains chains_;
};

}  // namespace

std::optional<Sighting> parse_pipeline(std::string_view json) {
  dom::parser parser;
  dom::element root;
  if (parser.parse(json.data(), json.size()).get(root) != simdjson::SUCCESS || !root.is_object()) return std::nullopt;
  dom::element ledger;
  if (root["ledger"].get(ledger) != simdjson::SUCCESS || !root["stages"].is_array()) return std::nullopt;
  Sighting sighting;
  sighting.version = text_of(root, "version");
  sighting.state = text_of(root, "state");
  Observation& seen = sighting.seen;
  seen.config = text_of(root, "config");
  seen.started = parse_time(text_of(root, "started")).value_or(seen.started);
  seen.loaded = parse_time(text_of(root, "loaded")).value_or(seen.loaded);
  seen.reloads = count_of(root, "reloads");
  seen.failed_reloads = count_of(root, "failed_reloads");
  seen.workers = count_of(root, "workers");
  for (const dom::element stage : items_of(root, "stages")) seen.stages.push_back(stage_of(stage));
  dom::element rejects;
  if (root["rejects"].get(rejects) == simdjson::SUCCESS) {
    sighting.rejects_target = text_of(rejects, "target");
    seen.rejects.queue = queue_of(rejects);
  }
  seen.ledger = ledger_of(ledger);
  return sighting;
}

std::optional<std::vector<StageRates>> rates_between(const Observation& before, const Observation& now) {
  const double seconds = std::chrono::duration<double>(now.ledger.elapsed - before.ledger.elapsed).count();
  const auto same = [](const StageFigures& a, const StageFigures& b) { return a.name == b.name && a.kind == b.kind; };
  if (seconds <= 0 || before.started != now.started || !std::ranges::equal(before.stages, now.stages, same)) {
    return std::nullopt;
  }
  std::vector<StageRates> rates;
  for (std::size_t i = 0; i < now.stages.size(); ++i) {
    const Delta& then = before.stages[i].counts;
    const Delta& n = now.stages[i].counts;
    rates.push_back({per_second(then.in, n.in, seconds), per_second(then.out, n.out, seconds),
                     per_second(then.filtered, n.filtered, seconds), per_second(then.rejected, n.rejected, seconds),
                     share(then.busy, n.busy, seconds),
                     share(before.stages[i].blocked, now.stages[i].blocked, seconds)});
  }
  return rates;
}

Verdict judge(const Observation& now, const std::vector<StageRates>& rates) { return Judge(now, rates).verdict(); }

}  // namespace sluice::daemon
