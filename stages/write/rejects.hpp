// Where records go that no stage could process: one JSON line each.
#pragma once

#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "config/pipeline.hpp"
#include "record/buffer.hpp"
#include "record/value.hpp"
#include "stages/stage.hpp"
#include "stages/tally.hpp"
#include "stages/write/output.hpp"

namespace sluice::stages {

// The time of day, in whole microseconds.
record::Timestamp current_time();

// Appends {"time", "stage", "reason", "detail", "raw"} and a line end for each rejection of the stage of that name.
// Bytes that are not UTF-8 go as "raw_base64" (RFC 4648 section 4) instead of "raw", so that they come back exactly.
void write_rejections(record::Buffer& out, std::span<const Rejection> rejections, std::string_view stage,
                      record::Timestamp time);

// Writes what write_rejections() has put into batch.output(); the batch's records do not matter, and each line counts
// as one record. Encodes nothing. A checkpoint syncs a file that was written to.
class RejectsWriter final : public Writer {
 public:
  // Nothing is opened before start(). A file is appended to. Target::drop writes nothing.
  explicit RejectsWriter(config::Rejects target);

  flow::Error start(const flow::Context& context) override;
  flow::Error encode(const flow::Context& context, record::Batch& batch, Tally& tally) override;
  flow::Error write(const flow::Context& context, record::Batch& batch, Written& written) override;
  flow::Error finish(const flow::Context& context) override;
  flow::Error checkpoint(const flow::Context& context) override;

 private:
  flow::Error open();
  flow::Error note(bool created) const;

  config::Rejects target_;
  std::optional<Output> output_;
  bool is_synced_ = true;       // what was written to it
  bool is_found_again_ = true;  // its name is on disk
};

}  // namespace sluice::stages
