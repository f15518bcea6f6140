#include <fmt/format.h>
#include <simdjson.h>

#include <csignal>
#include <optional>
#include <string>
#include <string_view>

#include "daemon/admin/commands.hpp"
#include "flow/signals.hpp"

namespace sluice::daemon {
namespace {

// Server-sent events, as they come in pieces.
class Events {
 public:
  // Calls function(event, data) for each event that is whole; returns false as soon as that does.
  template <class Function>
  bool take(std::string_view piece, Function function) {
    waiting_ += piece;
    std::size_t begin = 0;
    for (std::size_t end; (end = waiting_.find("\n\n", begin)) != std::string::npos; begin = end + 2) {
      const std::string_view event = std::string_view(waiting_).substr(begin, end - begin);
      if (!function(field(event, "event: "), field(event, "data: "))) return false;
    }
    waiting_.erase(0, begin);
    return true;
  }

 private:
  static std::string_view field(std::string_view event, std::string_view name) {
    while (!event.empty()) {
      const std::string_view line = event.substr(0, event.find('\n'));
      if (line.starts_with(name)) return line.substr(name.size());
      event.remove_prefix(std::min(line.size() + 1, event.size()));
    }
    return {};
  }

  std::string waiting_;
};

// What came of a tap.
struct Seen {
  std::string end;    // why it ended; empty if it did not by itself
  std::string stats;  // the last, as JSON
  bool reader_gone = false;
};

std::uint64_t count_of(const std::string& json, std::string_view key) {
  simdjson::dom::parser parser;
  std::uint64_t count = 0;
  return parser.parse(json)[key].get(count) == simdjson::SUCCESS ? count : 0;
}

std::string text_of(std::string_view json, std::string_view key) {
  simdjson::dom::parser parser;
  std::string_view text;
  return parser.parse(json.data(), json.size())[key].get(text) == simdjson::SUCCESS ? std::string(text) : "";
}

// What of the records was looked at; nothing if all were.
std::string sampling(const std::string& stats) {
  const std::uint64_t passed = count_of(stats, "passed");
  const std::uint64_t looked_at = count_of(stats, "looked_at");
  if (looked_at >= passed) return {};
  return fmt::format("looked at {} of {} records that passed (more with --rate)", looked_at, passed);
}

std::string path_of(const TapOptions& options) {
  std::string path = "/api/tap/" + percent_encoded(options.stage);
  char separator = '?';
  const auto add = [&](std::string_view name, const std::string& value) {
    path += fmt::format("{}{}={}", separator, name, value);
    separator = '&';
  };
  if (!options.where.empty()) add("where", percent_encoded(options.where));
  if (options.limit != 0) add("limit", std::to_string(options.limit));
  if (options.rate != 0) add("rate", std::to_string(options.rate));
  return path;
}

ExitCode conclude(const Seen& seen, bool interrupted, const Console& console) {
  const auto say = [&](const std::string& message) { console.err << "sluice tap: " << message << '\n'; };
  if (seen.reader_gone) return ExitCode::ok;
  if (const std::string sampled = sampling(seen.stats); !sampled.empty()) say(sampled);
  if (seen.end == "limit" || interrupted) return ExitCode::ok;
  if (seen.end == "stopping") {
    say("sluice has ended");
    return ExitCode::ok;
  }
  say(seen.end == "gone" ? "a reload took the stage away" : "the connection broke");
  return ExitCode::failed;
}

}  // namespace

ExitCode tap(const flow::Context& context, const AdminChoice& choice, const TapOptions& options,
             const Console& console) {
  const flow::Cancellable until = flow::notify_context(context, {SIGINT, SIGTERM});
  flow::Error error;
  AdminTarget target = find_admin(choice, error);
  AdminAnswer answer;
  Seen seen;
  if (!error) {
    AdminClient client(std::move(target));
    Events events;
    const auto receive = [&](std::string_view piece) {
      const bool goes_on = events.take(piece, [&](std::string_view event, std::string_view data) {
        if (event == "record") console.out << data << '\n';
        if (event == "stats") seen.stats = data;
        if (event == "end") seen.end = text_of(data, "why");
        return true;
      });
      seen.reader_gone = !console.out.flush();
      return goes_on && !seen.reader_gone;
    };
    error = client.stream(until.context, path_of(options), receive, answer);
  }
  const bool interrupted = until.context.done();
  if (error && !interrupted && seen.stats.empty()) {
    console.err << "sluice tap: " << error.message() << '\n';
    return ExitCode::failed;
  }
  if (answer.status != 200 && !interrupted) {
    console.err << "sluice tap: " << error_of(answer) << '\n';
    return answer.status == 400 || answer.status == 404 ? ExitCode::usage : ExitCode::failed;
  }
  return conclude(seen, interrupted, console);
}

}  // namespace sluice::daemon
