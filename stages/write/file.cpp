#include "stages/write/file.hpp"

#include <fmt/format.h>
#include <unistd.h>

#include <cerrno>
#include <cstdint>
#include <span>
#include <utility>
#include <vector>

#include "stages/write/rejects.hpp"

namespace sluice::stages {
namespace {

// The records of a batch by the path that they go to.
struct Grouping {
  std::vector<std::uint32_t> group_of;  // by record
  std::vector<std::string_view> paths;  // by group, in the batch's arena
  std::vector<std::size_t> sizes;       // by group
};

Grouping group_by_path(const PathTemplate& paths, record::Batch& batch, record::Timestamp now) {
  Grouping grouping;
  grouping.group_of.reserve(batch.size());
  std::unordered_map<std::string_view, std::uint32_t> known;
  PathTemplate::Namer namer(paths, batch.arena(), now);
  std::uint32_t last = 0;
  for (const record::Record& record : batch.records()) {
    const std::string_view path = namer.name(record);
    if (grouping.paths.empty() || grouping.paths[last] != path) {
      const auto found = known.find(path);
      last = found != known.end() ? found->second : static_cast<std::uint32_t>(grouping.paths.size());
      if (found == known.end()) {
        grouping.paths.push_back(batch.arena().copy(path));
        grouping.sizes.push_back(0);
        known.emplace(grouping.paths.back(), last);
      }
    }
    grouping.group_of.push_back(last);
    ++grouping.sizes[last];
  }
  return grouping;
}

// Puts the records of one group together; within it they keep their order.
void reorder(std::vector<record::Record>& records, const Grouping& grouping) {
  if (grouping.paths.size() < 2) return;
  std::vector<std::size_t> next(grouping.sizes.size(), 0);
  for (std::size_t i = 1; i < next.size(); ++i) next[i] = next[i - 1] + grouping.sizes[i - 1];
  std::vector<record::Record> ordered(records.size());
  for (std::size_t i = 0; i < records.size(); ++i) ordered[next[grouping.group_of[i]]++] = records[i];
  records.swap(ordered);
}

FileSettings settings_of(const FileWriter::Options& options) {
  FileSettings settings;
  settings.create_directories = options.create_directories;
  settings.sync = options.sync;
  settings.sync_interval = options.sync_interval;
  settings.compression = options.compression;
  settings.rotate = options.rotate;
  settings.clock = options.clock ? options.clock : current_time;
  return settings;
}

}  // namespace

FileWriter::FileWriter(Options options, std::unique_ptr<Encoder> encoder, std::optional<PathTemplate> paths)
    : EncodingWriter(std::move(encoder)),
      options_(std::move(options)),
      settings_(settings_of(options_)),
      paths_(paths && !paths->is_plain() ? std::move(paths) : std::nullopt) {
  settings_.report = [this](std::string_view reason, const std::string& sentence) { report(reason, sentence); };
}

FileWriter::~FileWriter() = default;

flow::Error FileWriter::start(const flow::Context& context) {
  settings_.journal = journal();
  if (!paths_) {
    OutputFile* file = nullptr;
    return open(context, options_.path, file);
  }
  const std::string directory = paths_->fixed_directory();
  if (flow::Error error = make_directory(directory, settings_)) return error;
  if (::access(directory.c_str(), W_OK | X_OK) == 0) return {};
  // Directories below may be writable where this one is not.
  if (errno == EACCES && !settings_.create_directories) return {};
  return system_error(fmt::format("cannot write to the directory {}", directory), errno);
}

flow::Error FileWriter::encode(const flow::Context& context, record::Batch& batch, Tally& tally) {
  if (paths_) return encode_parts(context, batch);
  if (options_.compression == Compression::none) return EncodingWriter::encode(context, batch, tally);
  record::Buffer text;
  batch.output().clear();
  return encode_part(context, batch, 0, batch.size(), text);
}

Preview FileWriter::preview(const flow::Context& context, record::Batch& batch, Tally& tally) {
  Preview preview;
  preview.destination = options_.path;
  if (paths_ && !batch.empty()) {
    PathTemplate::Namer namer(*paths_, batch.arena(), settings_.clock());
    preview.destination = namer.name(batch.records().front());
  }
  if (options_.compression != Compression::none) {
    preview.note = options_.compression == Compression::gzip ? "compressed with gzip" : "compressed with zstd";
  }
  preview.error = EncodingWriter::encode(context, batch, tally);
  preview.text = batch.output().view();
  return preview;
}

// Appends the text of some records, compressed as one.
flow::Error FileWriter::encode_part(const flow::Context& context, record::Batch& batch, std::size_t first,
                                    std::size_t count, record::Buffer& text) const {
  if (options_.compression == Compression::none) {
    encode_records(context, encoder(), batch, batch.output(), first, count);
    return {};
  }
  text.clear();
  encode_records(context, encoder(), batch, text, first, count);
  return compress(batch.output(), text.view(), options_.compression);
}

flow::Error FileWriter::encode_parts(const flow::Context& context, record::Batch& batch) const {
  const Grouping grouping = group_by_path(*paths_, batch, settings_.clock());
  reorder(batch.records(), grouping);
  batch.output().clear();
  batch.parts().clear();
  record::Buffer text;
  std::size_t first = 0;
  for (std::size_t group = 0; group < grouping.paths.size(); ++group) {
    if (flow::Error error = encode_part(context, batch, first, grouping.sizes[group], text)) return error;
    batch.parts().push_back({batch.output().size(), grouping.sizes[group], grouping.paths[group]});
    first += grouping.sizes[group];
  }
  return {};
}

flow::Error FileWriter::open(const flow::Context& context, std::string_view path, OutputFile*& file) {
  if (!files_.empty() && files_.front().path() == path) {
    file = &files_.front();
    return {};
  }
  if (const auto known = by_path_.find(path); known != by_path_.end()) {
    files_.splice(files_.begin(), files_, known->second);
    file = &files_.front();
    return {};
  }
  while (files_.size() >= options_.max_open) {
    flow::Error error = files_.back().close();
    by_path_.erase(files_.back().path());
    files_.pop_back();
    if (error) return error;
  }
  if (preamble_.empty() && !encoder().preamble().empty()) {
    record::Buffer preamble;
    if (flow::Error error = compress(preamble, encoder().preamble(), options_.compression)) return error;
    preamble_ = preamble.view();
  }
  using Content = OutputFile::Content;
  OutputFile& added = files_.emplace_front(std::string(path), settings_, preamble_);
  const bool keep = options_.append || emptied_ || (journal() != nullptr && journal()->continues());
  const Content content = keep ? Content::keep : Content::remove;
  if (flow::Error error = added.open(context, content)) {
    files_.pop_front();
    return error;
  }
  emptied_ = true;
  by_path_.emplace(added.path(), files_.begin());
  file = &added;
  return {};
}

flow::Error FileWriter::write(const flow::Context& context, record::Batch& batch, Written& written) {
  written = {};
  const record::OutputPart everything{batch.output().size(), batch.size(), options_.path};
  const std::vector<record::OutputPart>& parts = batch.parts();
  Stretch stretch;
  std::size_t at = 0;
  for (const record::OutputPart& part : paths_ ? std::span(parts) : std::span(&everything, 1)) {
    stretch.count = part.records;
    stretch.bytes = batch.output().view().substr(at, part.end - at);
    OutputFile* file = nullptr;
    if (flow::Error error = open(context, part.destination, file)) return error;
    if (flow::Error error = write_stretch(context, batch, *file, stretch, written)) return error;
    at = part.end;
    stretch.first += part.records;
  }
  return {};
}

// As many of the records as the file has room for, and at least one if it has none yet.
FileWriter::Stretch FileWriter::fitting(const flow::Context& context, record::Batch& batch, const OutputFile& file,
                                        const Stretch& stretch) const {
  if (stretch.bytes.size() <= file.room()) return stretch;
  if (options_.compression != Compression::none) return file.has_records() ? Stretch{} : stretch;
  const auto room = static_cast<std::size_t>(file.room());
  WholeRecords whole = whole_records(context, encoder(), batch, stretch.first, stretch.count, room);
  if (whole.records == 0 && !file.has_records()) {
    whole = whole_records(context, encoder(), batch, stretch.first, 1, stretch.bytes.size());
  }
  return {stretch.first, whole.records, stretch.bytes.substr(0, whole.bytes)};
}

flow::Error FileWriter::write_stretch(const flow::Context& context, record::Batch& batch, OutputFile& file,
                                      Stretch stretch, Written& written) {
  for (;;) {
    if (file.is_over()) {
      if (flow::Error error = file.rotate(context)) return error;
    }
    const Stretch now = fitting(context, batch, file, stretch);
    if (now.count != 0) {
      if (flow::Error error = write_whole(context, batch, file, now, written)) return error;
    }
    stretch = {stretch.first + now.count, stretch.count - now.count, stretch.bytes.substr(now.bytes.size())};
    if (stretch.count == 0) return {};
    if (flow::Error error = file.rotate(context)) return error;
  }
}

flow::Error FileWriter::write_whole(const flow::Context& context, record::Batch& batch, OutputFile& file,
                                    const Stretch& stretch, Written& written) {
  Output::Result result = file.write(context, stretch.bytes);
  if (result.error) {
    WholeRecords whole;
    if (result.bytes == stretch.bytes.size()) {
      whole = {stretch.count, result.bytes};
    } else if (options_.compression == Compression::none) {
      whole = whole_records(context, encoder(), batch, stretch.first, stretch.count, result.bytes);
    }
    file.cut_off(result.bytes - whole.bytes);
    written.records += whole.records;
    written.bytes += whole.bytes;
    return std::move(result.error);
  }
  if (flow::Error error = file.settle(context)) return error;
  written.records += stretch.count;
  written.bytes += stretch.bytes.size();
  return {};
}

flow::Error FileWriter::checkpoint(const flow::Context& context) {
  for (OutputFile& file : files_) {
    if (context.done()) return context.cause();
    if (flow::Error error = file.checkpoint()) return error;
  }
  return {};
}

flow::Error FileWriter::finish(const flow::Context& context) {
  if (!paths_) {
    OutputFile* file = nullptr;
    if (flow::Error error = open(context, options_.path, file)) return error;
  }
  flow::Error first;
  for (OutputFile& file : files_) {
    flow::Error error = file.close();
    if (!first) first = std::move(error);
  }
  by_path_.clear();
  files_.clear();
  return first;
}

}  // namespace sluice::stages
