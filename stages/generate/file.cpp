#include "stages/generate/file.hpp"

#include <algorithm>
#include <chrono>
#include <memory>
#include <utility>

#include "stages/generate/stdin.hpp"

namespace sluice::stages {

flow::Error FileGenerator::run(const flow::Context& context, Emitter& emitter) {
  const bool keeps = restored_ || !options_.state.empty();
  const Report told = [this](std::string_view reason, const std::string& sentence) { report(reason, sentence); };
  follow::Follower follower(options_, files_, earlier_patterns_, keeps, emitter, told, backlog_);
  return options_.follow ? follower.run(context) : follower.read_once(context);
}

flow::Error FileGenerator::restore(std::string_view saved) {
  follow::Saved earlier;
  if (flow::Error error = follow::parse_positions(saved, earlier)) return error;
  std::ranges::stable_sort(earlier.files, {}, &follow::Position::time);  // the oldest are forgotten first
  for (follow::Position& each : earlier.files) files_.add(std::move(each));
  files_.link_copies();
  earlier_patterns_ = std::move(earlier.patterns);
  if (!earlier_patterns_.empty()) files_.set_all_known();  // what was saved may be saved again
  restored_ = true;
  return {};
}

std::string FileGenerator::save() const {
  return files_.to_json(follow::Selection(options_.paths, options_.exclude).patterns());
}

Definition generate_file() {
  using config::Choice;
  using config::Option;
  config::StageSpec spec;
  spec.kind = "generate";
  spec.variant = "file";
  spec.scalar_option = "paths";
  spec.summary = "Reads files: once, one after the other in the order of their paths, or on and on as they grow.";
  spec.description =
      "Patterns know `*`, `?` and `[a-z]` within one part of a path, and `**` for any number of directories; names "
      "that "
      "begin with a dot must be asked for with a dot. Directories that a pattern matches are left out, links and their "
      "targets are one file. Lines are cut as by `stdin`. Files that are gzip or zstd by name (`.gz`, `.zst`) and "
      "content are unpacked.\n\n"
      "Without `follow` the input ends with the last file, and a file that cannot be read ends the pipeline with an "
      "error that names it.\n\n"
      "With `follow: true` files are read as they grow, and new ones as they appear. A file is known by its device, "
      "inode and content: one that is renamed or deleted is read to its end before the one that takes its place; one "
      "that is cut (copytruncate) goes on in its copy, and a packed one where the plain one stopped. For that the "
      "copies need not match `paths`, but must lie in the same directory and have a name that begins alike. A line "
      "without its end waits for it, until its file is rotated or deleted and has not changed for 5 s. A file that "
      "cannot be read is reported and tried again, first after 1 s, at last once a minute.\n\n"
      "Where each file has been read to is kept across runs if there is a place for it (`state`), and the next run "
      "goes on there. Let `paths` match rotated names too (`app.log*`) so that a file which is rotated twice while "
      "sluice does not run is found.";
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
      Option::choice("start", {Choice("beginning", "all that is there"), Choice("end", "only what is added")})
          .defaults("beginning")
          .doc("where reading starts in files that are there at the first start"),
      Option::boolean("follow").defaults("false").doc("wait for more at the end of files, and for more files"),
      Option::duration("rescan").defaults("1m").doc(
          "with `follow`, how often to look for changes that the kernel did not tell of; at least once a second on "
          "network file systems"),
      Option::string("state")
          .not_empty()
          .example("/var/lib/sluice")
          .doc("directory where the positions in files are kept; with `follow` the default is $STATE_DIRECTORY"),
  };
  spec.examples = {{"all logs of a directory tree, but for compressed ones",
                    "- generate: {from: file, paths: '/var/log/app/**/*.log*', exclude: ['*.gz'], optional: true}",
                    {},
                    {}},
                   {"a log that is rotated, from now on",
                    "- generate: {from: file, paths: '/var/log/app.log*', follow: true, start: end}",
                    {},
                    {}}};
  const auto make = [](const config::Settings& settings, Workshop& workshop) -> AnyStage {
    FileGenerator::Options options;
    options.paths = settings.strings("paths");
    options.exclude = settings.strings("exclude");
    options.optional = settings.boolean("optional");
    options.follow = settings.boolean("follow");
    options.start_at_end = settings.string("start") == "end";
    options.state = settings.string("state");
    options.timing.rescan =
        std::max<std::chrono::nanoseconds>(settings.duration("rescan"), std::chrono::milliseconds(10));
    options.lines = line_options(settings, workshop);
    if (options.start_at_end && !options.follow && options.state.empty()) {
      workshop.diagnostics.error(settings.locate("start"), "`start: end` reads nothing without `follow: true`",
                                 "add `follow: true`, or leave `start` out", std::string_view("end").size());
      return {};
    }
    return std::make_unique<FileGenerator>(std::move(options));
  };
  return {std::move(spec), make};
}

}  // namespace sluice::stages
