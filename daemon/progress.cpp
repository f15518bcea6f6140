#include "daemon/progress.hpp"

#include <sys/ioctl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cmath>
#include <utility>

#include "config/units.hpp"
#include "fmt/format.h"
#include "stages/generate/follow/selection.hpp"
#include "stages/generate/follow/unpacker.hpp"

namespace sluice::daemon {
namespace {

constexpr std::string_view kRemoved = "\r\x1b[K";  // ECMA-48: carriage return, erase to the end of the line
constexpr std::chrono::seconds kRecently{3};

// What is left of the file that is open, if it is a regular one.
std::optional<std::uint64_t> rest_of(int fd) {
  struct stat status {};
  if (fstat(fd, &status) != 0 || !S_ISREG(status.st_mode)) return std::nullopt;
  const off_t at = lseek(fd, 0, SEEK_CUR);
  return static_cast<std::uint64_t>(std::max<off_t>(status.st_size - std::max<off_t>(at, 0), 0));
}

// The size of all files that a generator finds. Nothing if one of them is none; no bytes if one is compressed.
std::optional<Workload> files_of(const flow::Context& context, const config::Settings& settings) {
  const stages::follow::Selection selection(settings.strings("paths"), settings.strings("exclude"));
  Workload found{0};
  for (const std::string& path : selection.scan(context).paths) {
    struct stat status {};
    if (stat(path.c_str(), &status) != 0) continue;  // the generator will say so
    if (!S_ISREG(status.st_mode)) return std::nullopt;
    if (stages::follow::packing_by_name(path) != stages::follow::Packing::none) found.bytes.reset();
    if (found.bytes) *found.bytes += static_cast<std::uint64_t>(status.st_size);
  }
  return found;
}

std::optional<Workload> workload_of(const flow::Context& context, const config::StageConfig& generator, int input) {
  if (generator.variant == "stdin") {
    const std::optional<std::uint64_t> bytes = rest_of(input);
    if (!bytes) return std::nullopt;
    return Workload{bytes};
  }
  const config::Settings& settings = generator.settings;
  if (generator.variant != "file" || settings.boolean("follow")) return std::nullopt;
  std::optional<Workload> found = files_of(context, settings);
  if (found && !settings.string("state").empty()) found->bytes.reset();
  return found;
}

std::string time_text(double seconds) {
  const auto whole = static_cast<std::uint64_t>(seconds);
  if (whole < 3600) return fmt::format("{}:{:02}", whole / 60, whole % 60);
  return fmt::format("{}:{:02}:{:02}", whole / 3600, whole / 60 % 60, whole % 60);
}

void write_all(int fd, std::string_view text) {
  while (!text.empty()) {
    const ssize_t count = ::write(fd, text.data(), text.size());
    if (count < 0 && errno == EINTR) continue;
    if (count <= 0) return;  // a terminal that is gone must not stop the data
    text.remove_prefix(static_cast<std::size_t>(count));
  }
}

std::size_t columns_of(int terminal) {
  winsize size{};
  return ioctl(terminal, TIOCGWINSZ, &size) == 0 && size.ws_col > 0 ? size.ws_col : 80;
}

}  // namespace

std::optional<Workload> workload_of(const flow::Context& context, const config::PipelineConfig& config, int input) {
  Workload sum{0};
  for (const config::StageConfig& stage : config.stages) {
    if (stage.role != config::Role::generator) continue;
    const std::optional<Workload> one = workload_of(context, stage, input);
    if (!one) return std::nullopt;
    sum.bytes = sum.bytes && one->bytes ? std::optional(*sum.bytes + *one->bytes) : std::nullopt;
  }
  return sum;
}

ProgressLine::ProgressLine(Write write, std::function<std::size_t()> columns)
    : write_(std::move(write)), columns_(std::move(columns)) {}

void ProgressLine::show(std::string_view text) {
  const std::lock_guard lock(mutex_);
  if (text.empty() && line_.empty()) return;
  line_ = text.substr(0, std::max<std::size_t>(columns_(), 2) - 1);
  write_(fmt::format("{}{}{}", kRemoved, line_, line_.empty() ? "" : "\r"));
}

void ProgressLine::sink_it_(const spdlog::details::log_msg& message) {
  spdlog::memory_buf_t text;
  formatter_->format(message, text);
  const std::string_view line(text.data(), text.size());
  if (line_.empty()) return write_(line);
  write_(fmt::format("{}{}{}\r", kRemoved, line, line_));
}

std::shared_ptr<ProgressLine> progress_line(int terminal) {
  return std::make_shared<ProgressLine>([terminal](std::string_view text) { write_all(terminal, text); },
                                        [terminal] { return columns_of(terminal); });
}

std::string ProgressText::next(const LedgerSnapshot& ledger) {
  if (samples_.empty()) samples_.emplace_back();  // at the start there was nothing
  samples_.push_back({ledger.elapsed, ledger.bytes_in, ledger.received});
  while (samples_.size() > 2 && ledger.elapsed - samples_[1].elapsed >= kRecently) samples_.pop_front();
  const Sample& before = samples_.front();
  const double past = std::max(config::in_seconds(ledger.elapsed - before.elapsed), 1e-9);
  const double rate = static_cast<double>(ledger.bytes_in - std::min(before.bytes, ledger.bytes_in)) / past;
  const double records = static_cast<double>(ledger.received - std::min(before.records, ledger.received)) / past;
  const auto done = static_cast<double>(ledger.bytes_in);
  const std::string speed = fmt::format("{}/s  {:.0f} records/s", config::format_rough_size(rate), records);
  // Files that grow are longer than they were.
  if (!workload_.bytes || *workload_.bytes == 0 || ledger.bytes_in > *workload_.bytes) {
    return fmt::format("{}  {}  {}", config::format_rough_size(done), speed,
                       time_text(config::in_seconds(ledger.elapsed)));
  }
  const auto total = static_cast<double>(*workload_.bytes);
  const std::string left = rate > 0 ? time_text((total - done) / rate + 0.5) : "-:--";
  return fmt::format("{:3.0f}%  {} of {}  {}  {} left", std::floor(100 * done / total), config::format_rough_size(done),
                     config::format_rough_size(total), speed, left);
}

Progress::Progress(std::shared_ptr<ProgressLine> line, Workload workload, std::function<LedgerSnapshot()> ledger)
    : line_(std::move(line)), text_(workload), ledger_(std::move(ledger)), thread_("progress", [this] { run(); }) {}

Progress::~Progress() {
  {
    const std::lock_guard lock(mutex_);
    over_ = true;
  }
  changed_.notify_one();
  thread_.join();
  line_->show("");
}

void Progress::run() {
  std::unique_lock lock(mutex_);
  while (!changed_.wait_for(lock, kInterval, [this] { return over_; })) {
    lock.unlock();
    line_->show(text_.next(ledger_()));
    lock.lock();
  }
}

}  // namespace sluice::daemon
