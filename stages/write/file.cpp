#include "stages/write/file.hpp"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <filesystem>
#include <system_error>
#include <utility>

namespace sluice::stages {
namespace {

namespace fs = std::filesystem;

constexpr auto kFifoInterval = std::chrono::milliseconds(10);

std::string directory_of(const std::string& path) {
  const std::string parent = fs::path(path).parent_path().string();
  return parent.empty() ? "." : parent;
}

bool is_fifo(const std::string& path) {
  std::error_code error;
  return fs::is_fifo(fs::status(path, error));
}

// Pipes and devices have nothing to sync: EINVAL says so.
int sync_data(int fd) { return ::fdatasync(fd) == 0 || errno == EINVAL || errno == EROFS ? 0 : errno; }

}  // namespace

FileWriter::FileWriter(Options options, std::unique_ptr<Encoder> encoder)
    : EncodingWriter(std::move(encoder)), options_(std::move(options)) {}

FileWriter::~FileWriter() = default;

flow::Error FileWriter::open_failure(int number) const {
  const std::string what = fmt::format("cannot open {} for writing", options_.path);
  const std::string directory = directory_of(options_.path);
  std::error_code error;
  if (number == ENOENT && !fs::exists(directory, error)) {
    return {std::make_error_code(std::errc::no_such_file_or_directory),
            fmt::format("{}: there is no directory {}; create it, or set `create_directories: true`", what, directory)};
  }
  if (number == EISDIR) {
    return {std::make_error_code(std::errc::is_a_directory),
            fmt::format("{}: is a directory; add a file name to `path`", what)};
  }
  return system_error(what, number);
}

flow::Error FileWriter::open_descriptor(const flow::Context& context, Descriptor& file) const {
  // O_NONBLOCK: neither opening nor writing a FIFO may hang where the context cannot interrupt it.
  const int flags = O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC | O_NOCTTY | O_NONBLOCK | (options_.append ? 0 : O_TRUNC);
  while (!context.done()) {
    file.reset(::open(options_.path.c_str(), flags, 0666));
    if (file) return {};
    // A FIFO that nobody reads yet: wait for a reader, as a blocking open() does. Nothing tells when one comes.
    if (errno == ENXIO && is_fifo(options_.path)) {
      context.wait_for(kFifoInterval);
    } else if (errno != EINTR) {
      return open_failure(errno);
    }
  }
  return context.cause();
}

flow::Error FileWriter::open(const flow::Context& context) {
  if (output_) return {};
  if (options_.create_directories) {
    std::error_code error;
    const std::string directory = directory_of(options_.path);
    fs::create_directories(directory, error);
    if (error) return system_error(fmt::format("cannot create the directory {}", directory), error.value());
  }
  Descriptor file;
  if (flow::Error error = open_descriptor(context, file)) return error;
  struct stat status {};
  if (::fstat(file.get(), &status) == 0 && status.st_size > 0) skip_preamble();
  if (options_.sync == SyncPolicy::interval) {
    shared_ = std::make_shared<Shared>();
    shared_->descriptor.reset(::fcntl(file.get(), F_DUPFD_CLOEXEC, 0));
    if (!shared_->descriptor) return open_failure(errno);
  }
  output_.emplace(std::move(file), options_.path);
  return {};
}

// Removes the beginning of a record that could not be written whole, if nobody has written behind it.
void FileWriter::cut_off(std::size_t bytes) {
  if (bytes == 0 || output_->kind() != DescriptorKind::regular) return;
  struct stat status {};
  const off_t end = ::lseek(output_->fd(), 0, SEEK_CUR);
  if (end < 0 || ::fstat(output_->fd(), &status) != 0 || status.st_size != end) return;
  // If it fails there is nothing more to do: the error that brought us here is being reported.
  [[maybe_unused]] const int ignored = ::ftruncate(output_->fd(), end - static_cast<off_t>(bytes));
}

flow::Error FileWriter::sync() {
  const int number = sync_data(output_->fd());
  return number == 0 ? flow::Error() : system_error(fmt::format("cannot sync {} to disk", options_.path), number);
}

// Sees to it that what has been written is synced within the interval, also when no batch comes after this one.
flow::Error FileWriter::sync_later(const flow::Context& context) {
  if (const int number = shared_->error.load(std::memory_order_relaxed); number != 0) {
    return system_error(fmt::format("cannot sync {} to disk", options_.path), number);
  }
  // Pairs with the task's release: a task that cleared it has not synced what was written before this point for sure,
  // so it is armed again.
  if (shared_->armed.exchange(true, std::memory_order_acq_rel)) return {};
  flow::Cancellable timer = flow::with_timeout(context, options_.sync_interval);
  sync_task_ = flow::after_func(timer.context, [shared = shared_] {
    shared->armed.exchange(false, std::memory_order_acq_rel);
    if (const int number = sync_data(shared->descriptor.get()); number != 0) shared->error = number;
  });
  timer_ = std::move(timer.handle);
  return {};
}

flow::Error FileWriter::write(const flow::Context& context, record::Batch& batch, Written& written) {
  if (flow::Error error = open(context)) return error;
  Sent sent = send(context, *output_, batch, written);
  if (sent.error) {
    cut_off(sent.cut);
    return std::move(sent.error);
  }
  if (options_.sync == SyncPolicy::interval) return sync_later(context);
  if (options_.sync != SyncPolicy::batch) return {};
  flow::Error error = sync();
  if (error) written = {};
  return error;
}

flow::Error FileWriter::finish(const flow::Context& context) {
  if (flow::Error error = open(context)) return error;
  if (flow::Error error = send_preamble(context, *output_)) return error;
  if (options_.sync == SyncPolicy::none) return {};
  sync_task_.stop();
  if (shared_ && shared_->error != 0) {
    return system_error(fmt::format("cannot sync {} to disk", options_.path), shared_->error);
  }
  return sync();
}

Definition write_file() {
  using config::Choice;
  using config::Option;
  config::StageSpec spec;
  spec.kind = "write";
  spec.variant = "file";
  spec.scalar_option = "path";
  spec.summary = "Writes to one file.";
  spec.description =
      "The file is opened when the first record comes, or at the end if none does. A FIFO waits for its reader. When "
      "the "
      "disk is full the pipeline stops with an error, and the file ends with a whole record.";
  spec.options = {
      Option::string("path").required().not_empty().example("/var/log/out.ndjson").doc("the file"),
      Option::boolean("append").defaults("true").doc("keep what is in the file; `false` empties it at the start"),
      Option::boolean("create_directories").defaults("false").doc("make missing directories of the path"),
      Option::choice("sync", {Choice("none", "the system writes to disk when it likes"),
                              Choice("batch", "after every batch; safest, slowest"),
                              Choice("interval", "within `sync_interval` of a write")})
          .defaults("none")
          .doc("when data is forced to disk (fdatasync)"),
      Option::duration("sync_interval")
          .defaults("1s")
          .at_least(0.001)
          .doc("for `sync: interval`: how long data may wait"),
      Option::mapping("rotate", {Option::size("size").doc("start a new file at this size"),
                                 Option::duration("every").doc("start a new file after this time"),
                                 Option::integer("keep").at_least(1).doc("how many old files to keep")})
          .unsupported()
          .doc("start new files by size or time; until then use logrotate with `copytruncate`"),
      Option::choice("compress", {"zstd", "gzip"}).unsupported().doc("compress what is written"),
  };
  spec.examples = {{"one JSON object a line",
                    "- write: {to: file, path: /tmp/sluice-example.ndjson, append: false}",
                    {"one line"},
                    {R"({"message":"one line"})"}}};
  const auto make = [](const config::Settings& settings, Workshop& workshop) -> AnyStage {
    FileWriter::Options options;
    options.path = settings.string("path");
    if (const std::size_t at = options.path.find_first_of("{%"); at != std::string::npos) {
      workshop.diagnostics.error(settings.locate("path", at),
                                 "`{field}` and strftime's `%` in `path` are not supported yet", "use a fixed path");
      return {};
    }
    options.append = settings.boolean("append");
    options.create_directories = settings.boolean("create_directories");
    const std::string sync = settings.string("sync");
    options.sync = sync == "batch" ? SyncPolicy::batch : sync == "interval" ? SyncPolicy::interval : SyncPolicy::none;
    options.sync_interval = settings.duration("sync_interval");
    std::unique_ptr<Encoder> encoder = make_encoder(settings, workshop);
    if (encoder == nullptr) return {};
    return std::make_unique<FileWriter>(std::move(options), std::move(encoder));
  };
  return {std::move(spec), make};
}

}  // namespace sluice::stages
