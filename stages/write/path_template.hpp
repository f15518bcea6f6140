// path: /var/log/%Y-%m-%d/{service}.ndjson
//
// Conversions of strftime write the record's time; `{field}` and `{a.b}` write fields, so that they can name no file
// outside of the place where they stand: a value loses `/`, NUL and the dots it begins with, control characters
// become `_`, it is cut after kLongestValue bytes, and an empty, null or missing one is `_`.
#pragma once

#include <array>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "record/buffer.hpp"
#include "record/field_table.hpp"
#include "record/record.hpp"
#include "record/time_zone.hpp"
#include "stages/parse/time.hpp"
#include "stages/write/encode_template.hpp"
#include "stages/write/field_path.hpp"

namespace sluice::stages {

// Immutable once made, so used by many workers at once.
class PathTemplate {
 public:
  static constexpr std::size_t kLongestValue = 100;
  // Of a file's or directory's name; file systems take 255 bytes, and rotation adds some.
  static constexpr std::size_t kLongestName = 200;

  // What stands in `text`; empty after an error (which is then set).
  static std::optional<PathTemplate> parse(std::string_view text, record::FieldTable& fields,
                                           std::optional<TemplateError>& error);

  // No conversion and no field in it: plain() is the path of all records.
  bool is_plain() const { return !has_time_ && !has_fields_; }
  const std::string& plain() const { return pieces_.front().text; }
  bool has_time() const { return has_time_; }

  // The directory that all files lie in or below: what comes before the first conversion or field.
  std::string fixed_directory() const;

  // Where the time of a record is: in this field, as a timestamp, a text or a number of seconds since 1970 (or of
  // milli-, micro-, nanoseconds, by its size). Without it: in the first of `time`, `ts`, `timestamp` that is a
  // timestamp or an RFC 3339 text.
  void read_time_from(FieldPath field) { time_field_ = std::move(field); }
  // The zone of the clock that conversions show; UTC without it.
  void show_time_in(std::shared_ptr<const record::TimeZone> zone) { zone_ = std::move(zone); }

  // Makes the paths for the records of one batch, on one thread.
  class Namer {
   public:
    // `now` is for records that have no time.
    Namer(const PathTemplate& path, record::Arena& arena, record::Timestamp now)
        : template_(path), arena_(arena), now_(now), times_(path.pieces_.size()) {}

    // Good until the next call.
    std::string_view name(const record::Record& record);

   private:
    record::Timestamp time_of(const record::Record& record) const;
    void show(std::int64_t second);
    void append_value(const record::Record& record, const FieldPath& field);

    const PathTemplate& template_;
    record::Arena& arena_;
    const record::Timestamp now_;
    std::optional<std::int64_t> shown_;  // the second that times_ show
    std::vector<std::string> times_;     // by piece
    record::Buffer value_;
    std::string path_;
  };

 private:
  struct Piece {
    std::string text;  // as it is, or for strftime
    bool is_time = false;
    std::optional<FieldPath> field;  // then the text is empty
  };
  PathTemplate() = default;
  Piece& open_piece();

  std::vector<Piece> pieces_;
  bool has_time_ = false;
  bool has_fields_ = false;
  std::optional<FieldPath> time_field_;
  std::vector<FieldPath> usual_time_fields_;
  std::shared_ptr<const record::TimeZone> zone_;
  TimeFormat any_format_;
};

}  // namespace sluice::stages
