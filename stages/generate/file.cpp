#include "stages/generate/file.hpp"

#include <fcntl.h>
#include <fmt/format.h>

#include <algorithm>
#include <cerrno>
#include <filesystem>
#include <memory>
#include <system_error>
#include <utility>

#include "stages/descriptor.hpp"
#include "stages/generate/input.hpp"
#include "stages/generate/path_pattern.hpp"
#include "stages/generate/stdin.hpp"

namespace sluice::stages {
namespace {

namespace fs = std::filesystem;

flow::Error read_file(const flow::Context& context, const std::string& path, LineReader& lines) {
  // O_NONBLOCK: opening a FIFO that nobody writes to must not hang. It has no effect on regular files.
  Descriptor file(::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK));
  if (!file) return system_error(fmt::format("cannot read {}", path), errno);
  if (const DescriptorKind kind = kind_of(file.get());
      kind != DescriptorKind::regular && kind != DescriptorKind::directory) {
    return {std::make_error_code(std::errc::not_supported),
            fmt::format("cannot read {}: is not a regular file; use `generate: stdin` and redirect it there", path)};
  }
  ::posix_fadvise(file.get(), 0, 0, POSIX_FADV_SEQUENTIAL);
  return Input(std::move(file), path).read_lines(context, lines);
}

}  // namespace

FileGenerator::FileGenerator(Options options) : options_(std::move(options)) {}

bool FileGenerator::is_excluded(const std::string& path) const {
  return std::ranges::any_of(options_.exclude, [&](const std::string& each) { return matches_path(each, path); });
}

// Appends what all patterns find, sorted, each path once.
flow::Error FileGenerator::find(const flow::Context& context, std::vector<std::string>& paths) const {
  for (const std::string& pattern : options_.paths) {
    std::error_code error;
    const fs::file_status literal = fs::status(pattern, error);
    if (fs::is_directory(literal)) {
      return {std::make_error_code(std::errc::is_a_directory),
              fmt::format("cannot read {0}: is a directory; `{0}/*` reads the files in it", pattern)};
    }
    if (fs::exists(literal)) {  // also names that look like patterns
      paths.push_back(pattern);
      continue;
    }
    Found found = find_paths(context, pattern);
    if (context.done()) return {};
    if (found.paths.empty() && !found.unreadable.empty()) {
      return system_error(fmt::format("cannot list {} to find {}", found.unreadable.front(), pattern), EACCES);
    }
    if (found.paths.empty() && !options_.optional) {
      const auto code = std::make_error_code(std::errc::no_such_file_or_directory);
      if (!has_wildcards(pattern)) return {code, fmt::format("cannot read {}: no such file", pattern)};
      return {code, fmt::format("no file matches {}; `optional: true` accepts that", pattern)};
    }
    std::ranges::move(found.paths, std::back_inserter(paths));
  }
  std::erase_if(paths, [this](const std::string& path) { return is_excluded(path); });
  std::ranges::sort(paths);
  paths.erase(std::unique(paths.begin(), paths.end()), paths.end());
  return {};
}

flow::Error FileGenerator::run(const flow::Context& context, Emitter& emitter) {
  std::vector<std::string> paths;
  if (flow::Error error = find(context, paths)) return error;
  LineReader lines(options_.lines, emitter);
  flow::Error read_error;
  for (const std::string& path : paths) {
    read_error = read_file(context, path, lines);
    if (read_error || context.done()) break;
  }
  const flow::Error flush_error = lines.flush(context);
  return read_error ? read_error : flush_error;
}

Definition generate_file() {
  using config::Choice;
  using config::Option;
  config::StageSpec spec;
  spec.kind = "generate";
  spec.variant = "file";
  spec.scalar_option = "paths";
  spec.summary = "Reads whole files, one after the other in the order of their paths.";
  spec.description =
      "Patterns know `*`, `?` and `[a-z]` within one part of a path, and `**` for any number of directories; names "
      "that "
      "begin with a dot must be asked for with a dot. Directories that a pattern matches are left out. A file that "
      "cannot be read ends the pipeline with an error that names it. Lines are cut as by `stdin`.";
  spec.options = {
      Option::list("paths", Option::string().not_empty())
          .or_single()
          .required()
          .not_empty()
          .example("[/var/log/app/*.log, /srv/**/access.log]")
          .doc("files to read; patterns allowed"),
      Option::list("exclude", Option::string().not_empty())
          .or_single()
          .example("'*.gz'")
          .doc("patterns of files to leave out; without a `/` they are matched with the name alone"),
      Option::boolean("optional").defaults("false").doc("a path or pattern that finds no file is no error"),
      Option::choice("start", {Choice("beginning", "all that is there"), Choice("end", "only what is added", false)})
          .defaults("beginning")
          .doc("where reading starts"),
      Option::boolean("follow").defaults("false").doc(
          "wait for more at the end of a file; `true` is not supported yet: use `tail -F FILE | sluice run ...`"),
      Option::string("state").unsupported().doc("where the positions in followed files are kept"),
  };
  spec.examples = {{"all logs of a directory tree, but for compressed ones",
                    "- generate: {from: file, paths: '/var/log/app/**/*.log*', exclude: ['*.gz'], optional: true}",
                    {},
                    {}}};
  const auto make = [](const config::Settings& settings, Workshop& workshop) -> AnyStage {
    if (settings.boolean("follow")) {
      workshop.diagnostics.error(settings.locate("follow"), "`follow: true` is not supported yet",
                                 "until then, feed the file with `tail -F FILE | sluice run ...` and `generate: stdin`",
                                 std::string_view("true").size());
      return {};
    }
    return std::make_unique<FileGenerator>(FileGenerator::Options{.paths = settings.strings("paths"),
                                                                  .exclude = settings.strings("exclude"),
                                                                  .optional = settings.boolean("optional"),
                                                                  .lines = line_options(settings, workshop)});
  };
  return {std::move(spec), make};
}

}  // namespace sluice::stages
