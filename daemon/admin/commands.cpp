#include "daemon/admin/commands.hpp"

#include <fmt/format.h>
#include <simdjson.h>

#include <optional>
#include <string_view>
#include <vector>

#include "daemon/admin/views.hpp"

namespace sluice::daemon {
namespace {

ExitCode fail(const Console& console, std::string_view command, const std::string& message) {
  console.err << fmt::format("sluice {}: {}\n", command, message);
  return ExitCode::failed;
}

// Of {"changes": [...]}.
std::vector<std::string> changes_of(const AdminAnswer& answer) {
  std::vector<std::string> changes;
  simdjson::dom::parser parser;
  simdjson::dom::array array;
  if (parser.parse(answer.body)["changes"].get(array) != simdjson::SUCCESS) return changes;
  for (const simdjson::dom::element element : array) {
    std::string_view text;
    if (element.get(text) == simdjson::SUCCESS) changes.emplace_back(text);
  }
  return changes;
}

}  // namespace

ExitCode live_status(const flow::Context& context, const AdminChoice& choice, bool as_json, const Console& console) {
  flow::Error error;
  AdminTarget target = find_admin(choice, error);
  if (error) return fail(console, "status", error.message());
  AdminClient client(std::move(target));
  AdminAnswer answer;
  error = client.get(context, "/api/pipeline", answer);
  if (error) return fail(console, "status", error.message());
  if (answer.status != 200) return fail(console, "status", error_of(answer));
  if (as_json) {
    console.out << answer.body << std::flush;
    return ExitCode::ok;
  }
  const std::optional<Sighting> sighting = parse_pipeline(answer.body);
  if (!sighting) return fail(console, "status", "what answers there is no sluice of this version");
  console.out << status_text(*sighting) << std::flush;
  return ExitCode::ok;
}

ExitCode reload(const flow::Context& context, const AdminChoice& choice, const Console& console) {
  flow::Error error;
  AdminTarget target = find_admin(choice, error);
  if (error) return fail(console, "reload", error.message());
  AdminClient client(std::move(target));
  AdminAnswer answer;
  error = client.post(context, "/api/reload", answer);
  if (error) return fail(console, "reload", error.message());
  if (answer.status == 409) return fail(console, "reload", "another reload is under way; try again when it is over");
  if (answer.status != 200) {
    return fail(console, "reload", "not reloaded, the old configuration goes on:\n" + error_of(answer));
  }
  const std::vector<std::string> changes = changes_of(answer);
  console.out << (changes.empty() ? "reloaded: nothing has changed\n" : "reloaded:\n");
  for (const std::string& change : changes) console.out << "  " << change << '\n';
  console.out << std::flush;
  return ExitCode::ok;
}

}  // namespace sluice::daemon
