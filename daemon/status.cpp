#include "daemon/status.hpp"

#include <fmt/format.h>
#include <simdjson.h>
#include <sys/stat.h>

#include <algorithm>
#include <chrono>
#include <cstdint>
#include <optional>
#include <string_view>
#include <tuple>
#include <utility>
#include <vector>

#include "config/units.hpp"
#include "daemon/admin/json.hpp"
#include "daemon/state_file.hpp"
#include "record/buffer.hpp"
#include "record/json_writer.hpp"

namespace sluice::daemon {
namespace {

struct FileLine {
  std::string generator;
  std::string path;
  std::uint64_t position = 0;
  std::optional<std::uint64_t> size;  // none if that file is not at the path any more
  std::optional<std::int64_t> age;    // seconds

  std::optional<std::uint64_t> lag() const {
    if (!size) return std::nullopt;
    return *size - std::min(*size, position);
  }
};

FileLine read_line(const std::string& generator, const simdjson::dom::object& file, record::Timestamp now) {
  FileLine line;
  line.generator = generator;
  std::string_view text;
  std::uint64_t device = 0;
  std::uint64_t inode = 0;
  if (file["path"].get(text) == simdjson::SUCCESS) line.path = text;
  if (file["offset"].get(line.position) != simdjson::SUCCESS) line.position = 0;
  struct stat status {};
  if (file["device"].get(device) == simdjson::SUCCESS && file["inode"].get(inode) == simdjson::SUCCESS &&
      ::stat(line.path.c_str(), &status) == 0 && status.st_dev == device && status.st_ino == inode) {
    line.size = static_cast<std::uint64_t>(status.st_size);
  }
  if (file["time"].get(text) == simdjson::SUCCESS) {
    if (const auto read_at = parse_time(text)) {
      const auto since = std::chrono::floor<std::chrono::seconds>(read_at->time_since_epoch());
      line.age = std::max<std::int64_t>(0, now.seconds - since.count());
    }
  }
  return line;
}

std::vector<FileLine> read_lines(const Checkpoint& checkpoint, record::Timestamp now) {
  std::vector<FileLine> lines;
  simdjson::dom::parser parser;
  for (const auto& [name, state] : checkpoint.generators) {
    simdjson::dom::array files;
    if (parser.parse(state)["files"].get(files) != simdjson::SUCCESS) continue;
    for (const simdjson::dom::element element : files) {
      simdjson::dom::object file;
      if (element.get(file) == simdjson::SUCCESS) lines.push_back(read_line(name, file, now));
    }
  }
  std::ranges::sort(lines, {}, [](const FileLine& line) { return std::tie(line.generator, line.path); });
  return lines;
}

std::string age_text(const std::optional<std::int64_t>& age) {
  if (!age) return "-";
  if (*age < 120) return fmt::format("{}s", *age);
  if (*age < 7200) return fmt::format("{}m", *age / 60);
  if (*age < 172'800) return fmt::format("{}h", *age / 3600);
  return fmt::format("{}d", *age / 86'400);
}

std::string number_text(const std::optional<std::uint64_t>& number) { return number ? std::to_string(*number) : "-"; }

// A control byte in a name must not reach the terminal.
std::string printable(std::string_view path) {
  std::string text;
  for (const char c : path) {
    const auto byte = static_cast<unsigned char>(c);
    text += byte < ' ' || byte == 0x7f ? fmt::format("\\x{:02x}", byte) : std::string(1, c);
  }
  return text;
}

void print_table(const Checkpoint& checkpoint, const std::vector<FileLine>& lines, std::ostream& out) {
  out << fmt::format("checkpoint {} of {}, {} files\n", checkpoint.epoch, checkpoint.saved, lines.size());
  std::size_t width = 4;
  for (const FileLine& line : lines) width = std::max(width, printable(line.path).size());
  if (!lines.empty()) {
    out << fmt::format("{:<{}}  {:>12}  {:>12}  {:>12}  {:>5}\n", "FILE", width, "POSITION", "SIZE", "LAG", "AGE");
  }
  for (const FileLine& line : lines) {
    out << fmt::format("{:<{}}  {:>12}  {:>12}  {:>12}  {:>5}\n", printable(line.path), width, line.position,
                       line.size ? number_text(line.size) : "gone", number_text(line.lag()), age_text(line.age));
  }
  for (const auto& [name, state] : checkpoint.stages) {
    out << fmt::format("{} holds back {}\n", name, config::format_size(state.size()));
  }
}

void print_json(const Checkpoint& checkpoint, const std::vector<FileLine>& lines, std::ostream& out) {
  const auto null_or = [](const auto& number) { return number ? std::to_string(*number) : std::string("null"); };
  record::Buffer text;
  text.append(fmt::format(R"({{"checkpoint":{},"saved":)", checkpoint.epoch));
  record::write_json_string(text, checkpoint.saved);
  text.append(R"(,"files":[)");
  for (const FileLine& line : lines) {
    text.append(&line == lines.data() ? R"({"generator":)" : R"(,{"generator":)");
    record::write_json_string(text, line.generator);
    text.append(R"(,"path":)");
    record::write_json_string(text, line.path);
    text.append(fmt::format(R"(,"position":{},"size":{},"lag":{},"age_s":{}}})", line.position, null_or(line.size),
                            null_or(line.lag()), null_or(line.age)));
  }
  text.append("]}\n");
  out << text.view();
}

}  // namespace

flow::Error print_state(const flow::Context& context, const std::string& directory, record::Timestamp now, bool as_json,
                        std::ostream& out) {
  Checkpoint checkpoint;
  if (flow::Error error = read_checkpoint(context, directory, checkpoint)) return error;
  if (checkpoint.epoch == 0) {
    return {std::make_error_code(std::errc::no_such_file_or_directory),
            fmt::format("there is no {}; give the directory that `state:` of the pipeline names, or that systemd made",
                        state_path(directory))};
  }
  const std::vector<FileLine> lines = read_lines(checkpoint, now);
  as_json ? print_json(checkpoint, lines, out) : print_table(checkpoint, lines, out);
  return {};
}

}  // namespace sluice::daemon
