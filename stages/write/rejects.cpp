#include "stages/write/rejects.hpp"

#include <fcntl.h>
#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <chrono>
#include <filesystem>
#include <system_error>
#include <utility>

#include "config/source.hpp"
#include "record/base64.hpp"
#include "record/json_writer.hpp"
#include "stages/write/journal.hpp"

namespace sluice::stages {
namespace {

bool is_utf8(std::string_view text) { return config::find_invalid_utf8(text) == std::string_view::npos; }

}  // namespace

record::Timestamp current_time() {
  const auto now = std::chrono::system_clock::now().time_since_epoch();
  const auto seconds = std::chrono::floor<std::chrono::seconds>(now);
  // Whole microseconds: the last three digits would only be noise.
  const auto fraction = std::chrono::floor<std::chrono::microseconds>(now - seconds);
  return {seconds.count(), static_cast<std::uint32_t>(fraction.count() * 1000)};
}

void write_rejections(record::Buffer& out, std::span<const Rejection> rejections, std::string_view stage,
                      record::Timestamp time) {
  for (const Rejection& rejection : rejections) {
    out.append(R"({"time":")");
    record::write_timestamp(out, time);
    out.append(R"(","stage":)");
    record::write_json_string(out, stage);
    out.append(R"(,"reason":)");
    record::write_json_string(out, rejection.reason);
    out.append(R"(,"detail":)");
    record::write_json_string(out, rejection.detail);
    if (is_utf8(rejection.raw)) {
      out.append(R"(,"raw":)");
      record::write_json_string(out, rejection.raw, record::Utf8Trust::trusted);
      out.append("}\n");
    } else {
      out.append(R"(,"raw_base64":")");
      record::write_base64(out, rejection.raw);
      out.append("\"}\n");
    }
  }
}

RejectsWriter::RejectsWriter(config::Rejects target) : target_(std::move(target)) {}

flow::Error RejectsWriter::encode(const flow::Context&, record::Batch&, Tally&) { return {}; }

flow::Error RejectsWriter::open() {
  if (output_ || target_.target == config::Rejects::Target::drop) return {};
  if (target_.target == config::Rejects::Target::stderr_stream) {
    output_.emplace(2, "stderr");
    return {};
  }
  std::error_code ignored;
  const bool created = !std::filesystem::exists(target_.path, ignored);
  Descriptor file(
      ::open(target_.path.c_str(), O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC | O_NOCTTY | O_NONBLOCK, 0666));
  if (!file) return system_error(fmt::format("cannot open {} for rejects", target_.path), errno);
  output_.emplace(std::move(file), target_.path);
  is_found_again_ = !created;
  return note(created);
}

flow::Error RejectsWriter::note(bool created) const {
  if (!output_ || target_.target != config::Rejects::Target::file) return {};
  return note_extension(journal(), target_.path, output_->fd(), created, false);
}

flow::Error RejectsWriter::checkpoint(const flow::Context&) {
  int number = 0;
  if (output_ && !is_synced_) number = sync_data(output_->fd());
  if (output_ && !is_found_again_ && number == 0) {
    number = sync_directory(std::filesystem::path(target_.path).parent_path().string());
  }
  if (number != 0) return system_error(fmt::format("cannot sync {} to disk", target_.path), number);
  is_synced_ = is_found_again_ = true;
  return note(false);
}

flow::Error RejectsWriter::write(const flow::Context& context, record::Batch& batch, Written& written) {
  written = {};
  if (flow::Error error = open()) return error;
  const std::string_view lines = batch.output().view();
  Output::Result result{lines.size(), {}};  // all of it is dropped
  if (output_) result = output_->write(context, lines);
  is_synced_ = is_synced_ && (!output_ || result.bytes == 0);
  const std::size_t whole = lines.substr(0, result.bytes).rfind('\n') + 1;  // 0 if there is none
  // Whoever writes there next must not go on in the middle of a line.
  if (output_ && output_->take_back(result.bytes - whole)) result.bytes = whole;
  written.records = static_cast<std::size_t>(std::ranges::count(lines.substr(0, result.bytes), '\n'));
  written.bytes = output_ ? result.bytes : 0;
  return std::move(result.error);
}

flow::Error RejectsWriter::start(const flow::Context&) { return open(); }

flow::Error RejectsWriter::finish(const flow::Context&) { return open(); }

}  // namespace sluice::stages
