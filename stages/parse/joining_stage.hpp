// The stage for container logs, in which one message may be split over several lines.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

#include "stages/parse/format.hpp"
#include "stages/parse/parse_options.hpp"
#include "stages/stage.hpp"

namespace sluice::stages {

// Where a container wrote a line to.
enum class Stream : std::uint8_t { other, standard_output, standard_error };
Stream stream_named(std::string_view name);  // "stdout", "stderr"
std::string_view stream_name(Stream stream);

// What a line of a container log turned out to be.
struct Part {
  Stream stream = Stream::other;       // messages of different streams are not mixed
  std::optional<std::size_t> time;     // index of the field `time`, if there is one
  std::optional<std::size_t> message;  // index of the field `message`, if there is one
  bool complete = true;                // the message ends here
};

// A format of lines that may be parts. Used for one batch at a time, in order, so it may keep scratch memory.
class PartialFormat {
 public:
  virtual ~PartialFormat() = default;
  // As Format::parse().
  virtual ParseFailure parse(std::string_view text, record::Arena& arena, FieldsBuilder& fields, Part& part) = 0;
};

// Joins the parts of messages, for each generator and stream on its own: parts that are held back are counted as
// filtered, the line that completes them becomes the record, with the time of the first. A message that grows beyond
// `max_bytes` is let go in pieces. finish() lets go what is still held at the end, and takes one part of each message
// out of `filtered` again, unless all of them were counted by an earlier run.
class JoiningStage final : public Processor {
 public:
  JoiningStage(std::unique_ptr<PartialFormat> format, ParseOptions options, std::size_t max_bytes)
      : format_(std::move(format)), options_(std::move(options)), max_bytes_(max_bytes) {}

  flow::Error process(const flow::Context& context, record::Batch& batch, Tally& tally) override;
  bool serial() const override { return true; }

  // Messages that were never completed become records.
  flow::Error finish(const flow::Context& context, record::Batch& batch, Tally& tally) override;

  // For each message that is held back: generator, stream, parts, the time's seconds and nanoseconds (`-` if there is
  // none), and the text in hexadecimal, separated by spaces, ended by `;`.
  std::string save() const override;
  flow::Error restore(std::string_view saved) override;

 private:
  struct Held {
    std::string text;
    std::optional<record::Timestamp> time;  // of the first part
    std::size_t parts = 0;
    bool is_counted =
        false;  // a part of it was counted as filtered by this stage, not by one that it was restored from
  };
  enum class Outcome { record, held };

  ParseFailure parse(record::Record& record, record::Batch& batch, FieldsBuilder& fields, Outcome& outcome);
  ParseFailure store(record::Record& record, std::string_view text, record::Arena& arena, FieldsBuilder& fields) const;

  std::unique_ptr<PartialFormat> format_;
  ParseOptions options_;
  std::size_t max_bytes_;
  std::map<std::size_t, std::array<Held, 3>> held_;  // by generator, then stream
};

}  // namespace sluice::stages
