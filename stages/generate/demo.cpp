#include "stages/generate/demo.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <limits>
#include <memory>
#include <string>
#include <string_view>
#include <utility>

#include "record/json_writer.hpp"

namespace sluice::stages {
namespace {

using std::chrono::nanoseconds;
using SteadyClock = std::chrono::steady_clock;

constexpr std::int64_t kStart = 1'767'225'600;  // 2026-01-01T00:00:00Z
constexpr auto kMostCatchUp = std::chrono::seconds(1);

constexpr std::array<std::string_view, 10> kPaths = {
    "/",       "/api/orders", "/api/orders/",   "/api/users/",      "/api/search",
    "/health", "/login",      "/static/app.js", "/static/site.css", "/api/cart"};
constexpr std::array<std::string_view, 6> kMethods = {"GET", "GET", "GET", "GET", "POST", "PUT"};
constexpr std::array<std::string_view, 5> kAgents = {"Mozilla/5.0 (X11; Linux x86_64)", "Mozilla/5.0 (iPhone)",
                                                     "curl/7.88.1", "kube-probe/1.29", "Go-http-client/2.0"};
constexpr std::array<std::string_view, 4> kHosts = {"web-1", "web-2", "web-3", "web-4"};

// Of a hundred requests, 88 succeed.
int status_of(std::size_t percentile) {
  if (percentile < 84) return 200;
  if (percentile < 86) return 201;
  if (percentile < 88) return 304;
  if (percentile < 92) return 404;
  if (percentile < 95) return 401;
  if (percentile < 96) return 429;
  if (percentile < 98) return 500;
  return percentile < 99 ? 502 : 503;
}

std::string_view level_of(int status) {
  if (status >= 500) return "error";
  return status >= 400 ? "warn" : "info";
}

nanoseconds spacing_of(const std::optional<config::Rate>& rate) {
  if (!rate || rate->count <= 0) return std::chrono::milliseconds(1);
  return nanoseconds(std::max<std::int64_t>(static_cast<std::int64_t>(1e9 / rate->per_second()), 1));
}

}  // namespace

DemoLog::DemoLog(std::uint64_t seed, nanoseconds spacing) : state_(seed), spacing_(spacing) {}

// SplitMix64 (Steele, Lea, Flood: Fast Splittable Pseudorandom Number Generators, 2014): the standard library's
// distributions differ between implementations.
std::uint64_t DemoLog::next() {
  std::uint64_t mixed = state_ += 0x9e3779b97f4a7c15U;
  mixed = (mixed ^ (mixed >> 30)) * 0xbf58476d1ce4e5b9U;
  mixed = (mixed ^ (mixed >> 27)) * 0x94d049bb133111ebU;
  return mixed ^ (mixed >> 31);
}

std::size_t DemoLog::below(std::size_t bound) { return static_cast<std::size_t>((next() >> 32) * bound >> 32); }

void DemoLog::write_line(record::Buffer& out) {
  const auto seconds = std::chrono::floor<std::chrono::seconds>(elapsed_);
  const auto fraction = static_cast<std::uint32_t>((elapsed_ - seconds).count() / 1000 * 1000);
  elapsed_ += spacing_;
  // One statement each: the order in which arguments are evaluated is the compiler's choice.
  const int status = status_of(below(100));
  const std::string_view path = kPaths[below(kPaths.size())];
  const std::string id = path.ends_with('/') && path.size() > 1 ? std::to_string(below(10'000)) : std::string();
  const std::size_t duration_us = (below(1000) + 1) * (below(50) == 0 ? 2000 : 37);
  const std::string_view host = kHosts[below(kHosts.size())];
  const std::size_t address = below(254) + 1;
  const std::string_view method = kMethods[below(kMethods.size())];
  const std::size_t bytes = status == 304 ? 0 : 120 + below(40'000);
  const std::string_view agent = kAgents[below(kAgents.size())];
  out.append(R"({"time":")");
  record::write_timestamp(out, {kStart + seconds.count(), fraction});
  char* const to = out.prepare(kLongestLine);
  char* end =
      fmt::format_to(to, R"(","level":"{}","host":"{}","client_ip":"203.0.113.{}","method":"{}","path":"{}{}",)",
                     level_of(status), host, address, method, path, id);
  end = fmt::format_to(end, R"("status":{},"bytes":{},"duration_ms":{}.{:03},"user_agent":"{}"}})", status, bytes,
                       duration_us / 1000, duration_us % 1000, agent);
  out.advance(static_cast<std::size_t>(end - to));
}

DemoGenerator::DemoGenerator(const Options& options) : options_(options) {}

// Sends off one batch of at most `most` records and adds their number to `made`.
flow::Error DemoGenerator::emit_batch(const flow::Context& context, Emitter& emitter, DemoLog& log, std::uint64_t most,
                                      std::uint64_t& made) const {
  record::Batch batch;
  if (flow::Error error = emitter.acquire(context, batch, std::max(options_.batch_bytes, DemoLog::kLongestLine * 2))) {
    return error;
  }
  record::Buffer& slab = batch.slab();
  slab.reserve(DemoLog::kLongestLine * 2);
  while (made < most && slab.capacity() - slab.size() > DemoLog::kLongestLine + 64) {
    const std::size_t start = slab.size();
    log.write_line(slab);
    batch.records().emplace_back(slab.view().substr(start));
    slab.push_back('\n');
    ++made;
  }
  batch.bytes_in = slab.size();
  Tally tally;
  return emitter.emit(context, std::move(batch), tally);
}

flow::Error DemoGenerator::run(const flow::Context& context, Emitter& emitter) {
  const std::uint64_t count = options_.count.value_or(std::numeric_limits<std::uint64_t>::max());
  const nanoseconds spacing = spacing_of(options_.rate);
  const bool limited = options_.rate && options_.rate->count > 0;
  DemoLog log(options_.seed, spacing);
  SteadyClock::time_point start = SteadyClock::now();  // when record 0 was due
  std::uint64_t made = 0;
  while (made < count && !context.done()) {
    std::uint64_t due = count;
    if (limited) {
      const auto behind = SteadyClock::now() - (start + spacing * static_cast<std::int64_t>(made));
      if (behind > kMostCatchUp) start += behind - kMostCatchUp;
      due = std::min<std::uint64_t>(count, static_cast<std::uint64_t>((SteadyClock::now() - start) / spacing) + 1);
    }
    while (made < due && !context.done()) {
      if (flow::Error error = emit_batch(context, emitter, log, due, made))
        return context.done() ? flow::Error() : error;
    }
    // Records that are due within `linger` of the next one go with it.
    if (limited && made < count) {
      const auto next = start + spacing * static_cast<std::int64_t>(made);
      context.wait_until(std::max(next, SteadyClock::now() + std::min<nanoseconds>(options_.linger, kMostCatchUp)));
    }
  }
  return {};
}

Definition generate_demo() {
  using config::Option;
  config::StageSpec spec;
  spec.kind = "generate";
  spec.variant = "demo";
  spec.summary = "Makes up access-log records, as JSON lines.";
  spec.description =
      "The lines depend on `seed` and `rate` alone, their times too: the first is at 2026-01-01T00:00:00Z. Follow it "
      "with `parse: json`.";
  spec.options = {
      Option::rate("rate").example("100/s").doc("how many records in which time; as many as possible if not given"),
      Option::integer("count").at_least(0).doc("how many records in all; without end if not given"),
      Option::integer("seed").defaults("0").at_least(0).doc("which records"),
  };
  record::Buffer line;
  DemoLog(0, spacing_of({})).write_line(line);
  record::Buffer example;
  example.append(R"({"message":)");
  record::write_json_string(example, line.view());
  example.push_back('}');
  spec.examples = {{"one record", "- generate: {from: demo, count: 1}", {}, {std::string(example.view())}}};
  const auto make = [](const config::Settings& settings, Workshop& workshop) -> AnyStage {
    if (settings.has("multiline")) {
      workshop.diagnostics.error(settings.locate("multiline"),
                                 "`demo` makes up single lines: `multiline` has none to join", "remove it");
    }
    DemoGenerator::Options options;
    if (settings.contains("rate")) options.rate = settings.rate("rate");
    if (settings.contains("count")) options.count = static_cast<std::uint64_t>(settings.integer("count"));
    options.seed = static_cast<std::uint64_t>(settings.integer("seed"));
    options.batch_bytes = workshop.batch_bytes;
    options.linger = workshop.linger;
    return std::make_unique<DemoGenerator>(options);
  };
  return {std::move(spec), make};
}

}  // namespace sluice::stages
