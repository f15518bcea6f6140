// Writing values and records as JSON: the one writer that stages, rejects, tap and explain share.
#pragma once

#include <string>
#include <string_view>

#include "record/batch.hpp"
#include "record/buffer.hpp"
#include "record/record.hpp"
#include "record/value.hpp"

namespace sluice::record {

// Whether the strings to be written are known to be valid UTF-8. `check` replaces each invalid sequence by U+FFFD.
enum class Utf8Trust : bool { check, trusted };

// `"text"` with the escapes that RFC 8259 section 7 demands and no others; shortest forms (\n, \", \\, \u00XX).
void write_json_string(Buffer& out, std::string_view text, Utf8Trust trust = Utf8Trust::check);

std::string json_string(std::string_view text);  // the same, checked

// Any value. Undecoded JSON is copied as it stands. float64 as the shortest text that reads back the same, always with
// a fraction or an exponent ("3.0"), NaN and infinities as null; bytes as base64; timestamps as RFC 3339 in UTC with as
// many fraction digits (0, 3, 6 or 9) as needed; durations in CEL's form ("1.5s"). Map keys that are not strings
// are written as strings.
void write_json(Buffer& out, const Value& value, Utf8Trust trust = Utf8Trust::check);

// The record as one JSON object, without a line end. A JSON record that nobody changed comes out byte for byte.
void write_json(Buffer& out, const Record& record, Utf8Trust trust = Utf8Trust::check);

// The same texts for encoders that are not JSON: a string as it is, everything else as in JSON; timestamps and
// durations without quotes.
void write_text(Buffer& out, const Value& value);

// Decimal texts, shared by every writer.
void write_int(Buffer& out, std::int64_t value);
void write_uint(Buffer& out, std::uint64_t value);
void write_double(Buffer& out, double value);
void write_timestamp(Buffer& out, Timestamp value);  // RFC 3339, UTC
std::string timestamp_text(Timestamp value);
void write_duration(Buffer& out, Duration value);  // seconds, "-1.5s"

}  // namespace sluice::record
