#include "daemon/state_file.hpp"

#include <fmt/format.h>
#include <simdjson.h>

#include "daemon/atomic_file.hpp"
#include "daemon/checksum.hpp"
#include "record/buffer.hpp"
#include "record/json_writer.hpp"

namespace sluice::daemon {
namespace {

constexpr std::int64_t kVersion = 1;

std::string checksum_line(std::string_view text) { return fmt::format("crc32 {}\n", checksum(text)); }

flow::Error broken(std::string_view what) {
  return {std::make_error_code(std::errc::bad_message),
          fmt::format("{}; restore the file from a backup, or remove the state directory's content to begin anew "
                      "(`start:` then decides where)",
                      what)};
}

void append_name(record::Buffer& out, bool first, std::string_view name) {
  if (!first) out.append(",");
  record::write_json_string(out, name);
  out.append(":");
}

}  // namespace

std::string state_path(const std::string& directory) { return directory + "/sluice.state"; }

std::string to_text(const Checkpoint& checkpoint) {
  record::Buffer out;
  out.append(fmt::format(R"({{"sluice_state":{},"epoch":{},"saved":)", kVersion, checkpoint.epoch));
  record::write_json_string(out, checkpoint.saved);
  out.append(R"(,"generators":{)");
  bool first = true;
  for (const auto& [name, state] : checkpoint.generators) {
    append_name(out, std::exchange(first, false), name);
    out.append(state);
  }
  out.append(R"(},"stages":{)");
  first = true;
  for (const auto& [name, state] : checkpoint.stages) {
    append_name(out, std::exchange(first, false), name);
    record::write_json_string(out, state);
  }
  out.append("}}");
  const std::string sum = checksum_line(out.view());
  out.append("\n");
  out.append(sum);
  return std::string(out.view());
}

flow::Error from_text(std::string_view text, Checkpoint& checkpoint) {
  const std::size_t end = text.find('\n');
  const std::string_view line = text.substr(0, end);
  if (!line.starts_with(R"({"sluice_state":)")) return broken("it is not a state file of sluice");
  simdjson::dom::parser parser;
  simdjson::dom::object object;
  std::int64_t version = 0;
  const bool is_object = parser.parse(line.data(), line.size()).get(object) == simdjson::SUCCESS;
  if (is_object && object["sluice_state"].get(version) == simdjson::SUCCESS && version != kVersion) {
    return broken(fmt::format("it has version {} of the format, and this sluice knows version {}", version, kVersion));
  }
  if (end == std::string_view::npos || text.substr(end + 1) != checksum_line(line)) {
    return broken("its checksum is wrong: it was damaged or edited");
  }
  simdjson::dom::object generators;
  simdjson::dom::object stages;
  std::string_view saved;
  if (!is_object || object["epoch"].get(checkpoint.epoch) != simdjson::SUCCESS ||
      object["saved"].get(saved) != simdjson::SUCCESS || object["generators"].get(generators) != simdjson::SUCCESS ||
      object["stages"].get(stages) != simdjson::SUCCESS) {
    return broken("it lacks members that it must have");
  }
  checkpoint.saved = saved;
  for (const auto [name, state] : generators) checkpoint.generators[std::string(name)] = simdjson::minify(state);
  for (const auto [name, state] : stages) {
    std::string_view value;
    if (state.get(value) != simdjson::SUCCESS) return broken("the state of a stage is no string");
    checkpoint.stages[std::string(name)] = value;
  }
  return {};
}

flow::Error read_checkpoint(const flow::Context& context, const std::string& directory, Checkpoint& checkpoint) {
  const std::string path = state_path(directory);
  std::string text;
  bool exists = false;
  if (flow::Error error = read_file(context, path, text, exists)) return error;
  if (!exists) return {};
  if (flow::Error error = from_text(text, checkpoint)) {
    return {error.code(), fmt::format("cannot go on from {}: {}", path, error.message())};
  }
  return {};
}

flow::Error write_checkpoint(const flow::Context& context, const std::string& directory, const Checkpoint& checkpoint) {
  return replace_file(context, state_path(directory), to_text(checkpoint));
}

}  // namespace sluice::daemon
