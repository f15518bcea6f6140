// The declaration of `write: file`, and how its options become a FileWriter.
#include <string>
#include <utility>

#include "stages/write/file.hpp"

namespace sluice::stages {
namespace {

using config::Choice;
using config::Option;
using config::Settings;

std::vector<Option> file_options() {
  return {
      Option::string("path")
          .required()
          .not_empty()
          .example("'/var/log/%Y-%m-%d/{service}.ndjson'")
          .doc("the file. Conversions of strftime show the record's time; `{field}` and `{a.b}` stand for fields, "
               "without "
               "`/` and leading dots, `_` where they are empty or missing; `%%`, `{{` and `}}` for themselves"),
      Option::string("time_field")
          .not_empty()
          .doc("where the time for `path` is: a timestamp, a text in a usual format or a number since 1970. Without "
               "it: the first of `time`, `ts` and `timestamp` that is a timestamp or an RFC 3339 text. Records "
               "without a time have the time of writing"),
      Option::string("zone").defaults("UTC").doc(
          "the time zone that `path` shows times in: an IANA name, an offset or `local`"),
      Option::integer("max_open")
          .defaults("100")
          .at_least(1)
          .at_most(100'000)
          .doc("how many files may be open at a time; the one that was not written to for the longest time is closed "
               "first"),
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
      Option::mapping("rotate",
                      {Option::size("size").at_least(1).doc(
                           "a file gets no larger than this, unless one record is (compressed: one batch)"),
                       Option::duration("every").at_least(1).doc(
                           "start a new file at multiples of this time, counted from 1970 in UTC: `1h` on "
                           "the hour, `1d` at midnight"),
                       Option::integer("keep").at_least(1).doc("how many old files to keep; all of them without it")})
          .doc("start new files by size or time or both. The old file is renamed to `PATH.20261124T232645.123Z`, the "
               "time of the renaming in UTC (before `.gz` or `.zst`, if it ends so)"),
      Option::choice("compress", {Choice("zstd", "a frame for each batch"), Choice("gzip", "a member for each batch")})
          .doc("compress what is written. The file is whole after every batch, so that it can be read while it is "
               "written and after a crash; `pipeline.batch` larger than its default compresses better"),
  };
}

bool read_rotation(const Settings& settings, Workshop& workshop, Rotation& rotation) {
  if (!settings.has("rotate")) return true;
  const Settings& rotate = settings.section("rotate");
  if (!rotate.has("size") && !rotate.has("every")) {
    workshop.diagnostics.error(settings.locate("rotate"), "`rotate` says neither `size` nor `every`",
                               "add `size: 100MiB`, or `every: 1d`");
    return false;
  }
  if (rotate.has("size")) rotation.size = rotate.size("size");
  if (rotate.has("every")) rotation.every = rotate.duration("every");
  if (rotate.has("keep")) rotation.keep = static_cast<std::uint64_t>(rotate.integer("keep"));
  return true;
}

// An error when an option is given that matters to paths with times alone.
bool without_time(const Settings& settings, Workshop& workshop, const std::string& option) {
  if (!settings.has(option)) return true;
  workshop.diagnostics.error(settings.locate(option), "`" + option + "` has no meaning: there is no time in `path`",
                             "add conversions such as `%Y-%m-%d` to `path`, or leave `" + option + "` out");
  return false;
}

std::optional<PathTemplate> read_path(const Settings& settings, Workshop& workshop) {
  std::optional<TemplateError> error;
  std::optional<PathTemplate> path = PathTemplate::parse(settings.string("path"), workshop.fields, error);
  if (error) {
    workshop.diagnostics.error(settings.locate("path", error->offset), error->message, error->hint);
    return std::nullopt;
  }
  if (!path->is_plain() && !settings.boolean("append")) {
    workshop.diagnostics.error(settings.locate("append"), "`append: false` is for a path without fields and times",
                               "leave `append` out");
    return std::nullopt;
  }
  if (!path->has_time()) {
    const bool good = without_time(settings, workshop, "time_field");
    return without_time(settings, workshop, "zone") && good ? path : std::nullopt;
  }
  if (settings.has("time_field")) path->read_time_from(FieldPath(settings.string("time_field"), workshop.fields));
  const std::shared_ptr<const record::TimeZone> zone = record::TimeZone::load(settings.string("zone"));
  if (zone == nullptr) {
    workshop.diagnostics.error(settings.locate("zone"), "there is no time zone `" + settings.string("zone") + "`",
                               "use an IANA name such as Europe/Berlin, an offset such as +02:00, or local");
    return std::nullopt;
  }
  path->show_time_in(zone);
  return path;
}

AnyStage make_file(const Settings& settings, Workshop& workshop) {
  FileWriter::Options options;
  options.clock = workshop.wall_clock;
  options.append = settings.boolean("append");
  options.create_directories = settings.boolean("create_directories");
  const std::string sync = settings.string("sync");
  options.sync = sync == "batch" ? SyncPolicy::batch : sync == "interval" ? SyncPolicy::interval : SyncPolicy::none;
  options.sync_interval = settings.duration("sync_interval");
  options.max_open = static_cast<std::size_t>(settings.integer("max_open"));
  if (settings.has("compress")) {
    options.compression = settings.string("compress") == "gzip" ? Compression::gzip : Compression::zstd;
  }
  const bool rotates = read_rotation(settings, workshop, options.rotate);
  std::optional<PathTemplate> path = read_path(settings, workshop);
  std::unique_ptr<Encoder> encoder = make_encoder(settings, workshop);
  if (!rotates || !path || encoder == nullptr) return {};
  if (path->is_plain()) options.path = path->plain();
  return std::make_unique<FileWriter>(std::move(options), std::move(encoder), std::move(path));
}

}  // namespace

Definition write_file() {
  config::StageSpec spec;
  spec.kind = "write";
  spec.variant = "file";
  spec.scalar_option = "path";
  spec.summary = "Writes to one file, or to one for each time span and field value.";
  spec.description =
      "A file without fields and times in its path is opened at the start, others when their first record comes. A "
      "FIFO "
      "waits for its reader. When the disk is full the pipeline stops with an error, and the file ends with a whole "
      "record (compressed: with a whole batch). The records of one file keep their order.";
  spec.options = file_options();
  spec.examples = {
      {"one JSON object a line",
       "- write: {to: file, path: /tmp/sluice-example.ndjson, append: false}",
       {"one line"},
       {R"({"message":"one line"})"}},
      {"a file for each day and service, compressed",
       "- parse: json\n"
       "- write:\n"
       "    to: file\n"
       "    path: '/tmp/sluice-example/%Y-%m-%d/{service}.ndjson.zst'\n"
       "    create_directories: true\n"
       "    compress: zstd",
       {R"({"time":"2026-11-24T10:00:00Z","service":"api"})", R"({"time":"2026-11-24T10:00:01Z"})",
        R"({"time":"2026-11-25T00:00:00Z","service":"api"})", R"({"time":"2026-11-24T23:59:59Z","service":"../api"})"},
       {"==> /tmp/sluice-example/2026-11-24/_.ndjson.zst <==", R"({"time":"2026-11-24T10:00:01Z"})",
        "==> /tmp/sluice-example/2026-11-24/api.ndjson.zst <==", R"({"time":"2026-11-24T10:00:00Z","service":"api"})",
        R"({"time":"2026-11-24T23:59:59Z","service":"../api"})",
        "==> /tmp/sluice-example/2026-11-25/api.ndjson.zst <==", R"({"time":"2026-11-25T00:00:00Z","service":"api"})"}},
      {"a new file every day or at 100 MiB, and thirty old ones",
       "- write:\n"
       "    to: file\n"
       "    path: /tmp/sluice-example-rotated.ndjson\n"
       "    rotate: {size: 100MiB, every: 24h, keep: 30}",
       {"one line"},
       {R"({"message":"one line"})"}},
      {"a new file after 12 bytes, and one old one; the oldest of three is gone",
       "- write:\n"
       "    to: file\n"
       "    path: /tmp/sluice-example.log\n"
       "    encode: raw\n"
       "    rotate: {size: 12B, keep: 1}",
       {"one", "two", "three", "four", "five"},
       {"==> /tmp/sluice-example.log <==", "five", "==> /tmp/sluice-example.log.20261124T232645.123Z <==", "three",
        "four"}}};
  return {std::move(spec), make_file};
}

}  // namespace sluice::stages
