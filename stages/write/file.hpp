// write: {to: file, path: /var/log/%Y-%m-%d/{service}.ndjson.zst, compress: zstd, rotate: {size: 100MiB, keep: 10}}
//
// Appends to one file, or to as many as the records' paths name.
#pragma once

#include <list>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>

#include "stages/write/encoding_writer.hpp"
#include "stages/write/output_file.hpp"
#include "stages/write/path_template.hpp"

namespace sluice::stages {

class FileWriter final : public EncodingWriter {
 public:
  struct Options {
    std::string path = {};  // without PathTemplate
    bool append = true;     // false: what was there at the start is removed
    bool create_directories = false;
    SyncPolicy sync = SyncPolicy::none;
    std::chrono::nanoseconds sync_interval = std::chrono::seconds(1);
    Compression compression = Compression::none;
    Rotation rotate = {};
    std::size_t max_open = 100;                     // files open at a time
    std::function<record::Timestamp()> clock = {};  // the time of day; the system's without it
  };
  // With a template that is not plain, Options::path does not matter and `append` is true.
  FileWriter(Options options, std::unique_ptr<Encoder> encoder, std::optional<PathTemplate> paths = {});
  ~FileWriter() override;

  // Opens the file, or sees to the directory that all files are in.
  flow::Error start(const flow::Context& context) override;

  // Puts records of one path together, keeping their order, and compresses.
  flow::Error encode(const flow::Context& context, record::Batch& batch, Tally& tally) override;

  Preview preview(const flow::Context& context, record::Batch& batch, Tally& tally) override;

  // Opens files that are not open yet. When a write fails in the middle of a record (a full disk), that part of it is
  // cut off again; of a compressed file the batch.
  flow::Error write(const flow::Context& context, record::Batch& batch, Written& written) override;

  // Opens the file if nobody did; syncs unless SyncPolicy::none; closes.
  flow::Error finish(const flow::Context& context) override;

  flow::Error checkpoint(const flow::Context& context) override;

 private:
  // Records of a batch that go to one file.
  struct Stretch {
    std::size_t first = 0;
    std::size_t count = 0;
    std::string_view bytes;  // their output
  };

  flow::Error encode_parts(const flow::Context& context, record::Batch& batch) const;
  flow::Error encode_part(const flow::Context& context, record::Batch& batch, std::size_t first, std::size_t count,
                          record::Buffer& text) const;
  // The file, open; the one that was not used for the longest time is closed for it.
  flow::Error open(const flow::Context& context, std::string_view path, OutputFile*& file);
  flow::Error write_stretch(const flow::Context& context, record::Batch& batch, OutputFile& file, Stretch stretch,
                            Written& written);
  flow::Error write_whole(const flow::Context& context, record::Batch& batch, OutputFile& file, const Stretch& stretch,
                          Written& written);
  Stretch fitting(const flow::Context& context, record::Batch& batch, const OutputFile& file,
                  const Stretch& stretch) const;

  const Options options_;
  FileSettings settings_;
  const std::optional<PathTemplate> paths_;  // none: all goes to options_.path
  std::string preamble_;
  std::list<OutputFile> files_;  // the one used last comes first
  std::unordered_map<std::string_view, std::list<OutputFile>::iterator> by_path_;
  bool emptied_ = false;  // what was in the file at the start has been removed
};

Definition write_file();

}  // namespace sluice::stages
