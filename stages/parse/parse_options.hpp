// What all formats of `parse` share: which text is read, where the fields go, and what happens when it fails.
//
//   - parse:
//       format: logfmt
//       field: log                # default: the raw line
//       into: app                 # default: the fields replace those that were there
//       keep_raw: true            # the text in the field `raw`; a string names another field
//       types: {status: int}
//       time: {field: ts, format: "%d.%m.%Y %H:%M:%S", zone: Europe/Berlin}
//       on_error: reject          # or pass, drop, fail
#pragma once

#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "config/option.hpp"
#include "config/settings.hpp"
#include "flow/error.hpp"
#include "record/arena.hpp"
#include "record/field_table.hpp"
#include "record/record.hpp"
#include "stages/parse/format.hpp"
#include "stages/parse/time.hpp"
#include "stages/registry.hpp"
#include "stages/stage.hpp"
#include "stages/tally.hpp"

namespace sluice::stages {

// The declaration of the options above.
std::vector<config::Option> parse_common_options();

// What a field's text is turned into (`types`).
enum class FieldType { string, integer, unsigned_integer, number, boolean, timestamp, duration, automatic };

// The value as that type, or absent if it cannot be. Undecoded JSON is decoded first. Integers and numbers are decimal,
// without white space around; booleans are true/false, yes/no, on/off, 1/0 in any case; durations are as in a
// configuration ("1h30m", "250ms") or in fractions of one unit ("1.5s"), numbers mean seconds; `automatic` makes an
// integer, number or boolean of a text that is written just as JSON would write one, and leaves all others alone.
record::Value convert(const record::Value& value, FieldType type, const TimeFormat& times, record::Arena& arena);

// FieldType::automatic alone.
record::Value infer(const record::Value& value);

// The checked options. Immutable after construction; readable by many threads.
class ParseOptions {
 public:
  enum class OnError { reject, pass, drop, fail };

  // Reads them; what is wrong goes to the workshop's diagnostics.
  ParseOptions(const config::Settings& settings, Workshop& workshop);

  // The text to parse: the line, or the field named by `field`. A failure tells that there is no such text.
  ParseFailure find_text(record::Record& record, record::Arena& arena, std::string_view& text) const {
    if (!field_) [[likely]] {
      text = record.line();
      return {};
    }
    return find_field(record, arena, text);
  }

  // `types` and `time`, for fields that a format found and for a record (a JSON one, say) that holds them. On failure
  // a record may be changed in part.
  bool converts() const { return !types_.empty() || time_; }
  ParseFailure convert_fields(std::span<record::Field> fields, record::Arena& arena) const;
  ParseFailure convert_record(record::Record& record, record::Arena& arena) const;

  // `into` and `keep_raw`: makes the fields the record's own, or one field of it. `text` is what was parsed.
  void store(record::Record& record, std::span<record::Field> fields, std::string_view text,
             record::Arena& arena) const;
  // The same for formats that make a value of their own, such as undecoded JSON; only when stores_into().
  void store_into(record::Record& record, const record::Value& value, record::Arena& arena) const;
  void store_raw(record::Record& record, std::string_view text, record::Arena& arena) const;
  bool reads_line() const { return !field_; }
  bool stores_into() const { return into_.has_value(); }
  bool stores_raw() const { return raw_.has_value(); }

  // `on_error`: tells the tally what became of the record. True if it stays in the batch, unchanged. `error` is set if
  // the pipeline is to stop.
  bool keep_failed(const record::Record& record, ParseFailure&& failure, Tally& tally, flow::Error& error) const;

  OnError on_error() const { return on_error_; }

  // For `sluice explain`. How `time` is understood, given the fields that a format found or a record (a JSON one, say),
  // before they are converted; and why a record does not have the format, where its fate does not tell.
  void explain_time(std::span<const record::Field> fields, record::Arena& arena, std::vector<Remark>& remarks) const;
  void explain_time(const record::Record& record, record::Arena& arena, std::vector<Remark>& remarks) const;
  void explain_failure(const ParseFailure& failure, std::vector<Remark>& remarks) const;

 private:
  struct TypeRule {
    record::FieldKey key;
    FieldType type;
  };

  ParseFailure find_field(record::Record& record, record::Arena& arena, std::string_view& text) const;
  void explain_time(const record::Value& value, record::Arena& arena, std::vector<Remark>& remarks) const;
  void read_time(const config::Settings& settings, Workshop& workshop);

  std::optional<record::FieldKey> field_;
  std::optional<record::FieldKey> into_;
  std::optional<record::FieldKey> raw_;
  std::vector<TypeRule> types_;
  std::optional<record::FieldKey> time_;
  TimeFormat time_format_;  // of the field `time`
  TimeFormat type_format_;  // of `types: {x: timestamp}`: any format, in the zone of `time`
  OnError on_error_ = OnError::reject;
};

// Zone (`time: {zone}`) and year (`year`, if the variant declares it) for formats that read times on their own.
TimeContext time_context(const config::Settings& settings, Workshop& workshop);

}  // namespace sluice::stages
