#include "record/json_writer.hpp"

#include <emmintrin.h>
#include <simdjson.h>

#include <array>
#include <charconv>
#include <cmath>
#include <cstdint>
#include <cstring>

#include "record/base64.hpp"
#include "record/utf8.hpp"

namespace sluice::record {

namespace {

// The first byte from `p` on that JSON demands to be escaped: a quote, a backslash or a control character.
const char* find_escape(const char* p, const char* end) {
  const __m128i quote = _mm_set1_epi8('"');
  const __m128i backslash = _mm_set1_epi8('\\');
  const __m128i last_control = _mm_set1_epi8(0x1f);
  for (; end - p >= 16; p += 16) {
    const __m128i block = _mm_loadu_si128(reinterpret_cast<const __m128i*>(p));
    const __m128i control = _mm_cmpeq_epi8(_mm_min_epu8(block, last_control), block);
    const __m128i special = _mm_or_si128(_mm_cmpeq_epi8(block, quote), _mm_cmpeq_epi8(block, backslash));
    const auto mask = static_cast<unsigned>(_mm_movemask_epi8(_mm_or_si128(control, special)));
    if (mask != 0) return p + __builtin_ctz(mask);
  }
  while (p != end && *p != '"' && *p != '\\' && static_cast<unsigned char>(*p) > 0x1f) ++p;
  return p;
}

// Most strings are short and ASCII: telling that is much cheaper than a call of the validator.
bool is_ascii(std::string_view text) {
  const char* p = text.data();
  const char* const end = p + text.size();
  std::uint64_t seen = 0;
  for (; end - p >= 8; p += 8) {
    std::uint64_t word = 0;
    std::memcpy(&word, p, sizeof word);
    seen |= word;
  }
  for (; p != end; ++p) seen |= static_cast<unsigned char>(*p);
  return (seen & 0x8080808080808080) == 0;
}

void write_escape(Buffer& out, char c) {
  switch (c) {
    case '"':
      return out.append("\\\"");
    case '\\':
      return out.append("\\\\");
    case '\b':
      return out.append("\\b");
    case '\f':
      return out.append("\\f");
    case '\n':
      return out.append("\\n");
    case '\r':
      return out.append("\\r");
    case '\t':
      return out.append("\\t");
    default:
      break;
  }
  constexpr std::string_view kHex = "0123456789abcdef";
  out.append("\\u00");
  out.push_back(kHex[static_cast<unsigned char>(c) >> 4]);
  out.push_back(kHex[static_cast<unsigned char>(c) & 15]);
}

void write_escaped(Buffer& out, std::string_view text) {
  const char* p = text.data();
  const char* const end = p + text.size();
  while (p != end) {
    const char* const special = find_escape(p, end);
    out.append({p, static_cast<std::size_t>(special - p)});
    p = special;
    if (p != end) write_escape(out, *p++);
  }
}

template <class Number>
void write_number(Buffer& out, Number value) {
  constexpr std::size_t kLongest = 32;
  char* const to = out.prepare(kLongest);
  out.advance(static_cast<std::size_t>(std::to_chars(to, to + kLongest, value).ptr - to));
}

// `value` with exactly `digits` digits.
void write_digits(Buffer& out, std::uint64_t value, std::size_t digits) {
  char* const to = out.prepare(digits);
  for (std::size_t i = digits; i-- > 0; value /= 10) to[i] = static_cast<char>('0' + value % 10);
  out.advance(digits);
}

// Days since 1970-01-01 as year, month, day: the civil-from-days algorithm of Howard Hinnant's "chrono-compatible
// low-level date algorithms", as std::chrono::year_month_day has it.
void write_date(Buffer& out, std::int64_t days) {
  const std::int64_t shifted = days + 719'468;
  const std::int64_t era = (shifted >= 0 ? shifted : shifted - 146'096) / 146'097;
  const auto day_of_era = static_cast<std::uint64_t>(shifted - era * 146'097);
  const std::uint64_t year_of_era = (day_of_era - day_of_era / 1460 + day_of_era / 36'524 - day_of_era / 146'096) / 365;
  const std::uint64_t day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
  const std::uint64_t month_index = (5 * day_of_year + 2) / 153;
  const std::uint64_t day = day_of_year - (153 * month_index + 2) / 5 + 1;
  const std::uint64_t month = month_index < 10 ? month_index + 3 : month_index - 9;
  const std::int64_t year = static_cast<std::int64_t>(year_of_era) + era * 400 + (month <= 2 ? 1 : 0);
  if (year < 0) out.push_back('-');
  write_digits(out, static_cast<std::uint64_t>(std::abs(year)), 4);
  out.push_back('-');
  write_digits(out, month, 2);
  out.push_back('-');
  write_digits(out, day, 2);
}

// ".5" with 3, 6 or 9 digits; nothing for zero.
void write_fraction(Buffer& out, std::uint32_t nanoseconds) {
  if (nanoseconds == 0) return;
  out.push_back('.');
  if (nanoseconds % 1'000'000 == 0) return write_digits(out, nanoseconds / 1'000'000, 3);
  if (nanoseconds % 1'000 == 0) return write_digits(out, nanoseconds / 1'000, 6);
  write_digits(out, nanoseconds, 9);
}

void write_quoted_text(Buffer& out, const Value& value) {
  out.push_back('"');
  write_text(out, value);
  out.push_back('"');
}

void write_field(Buffer& out, const Field& field, Utf8Trust trust) {
  if (field.name.is(Type::string)) {
    write_json(out, field.name, trust);
  } else {
    write_quoted_text(out, field.name);
  }
  out.push_back(':');
  write_json(out, field.value, trust);
}

void write_object(Buffer& out, std::span<const Field> fields, Utf8Trust trust) {
  out.push_back('{');
  bool first = true;
  for (const Field& field : fields) {
    if (!first) out.push_back(',');
    first = false;
    write_field(out, field, trust);
  }
  out.push_back('}');
}

void write_array(Buffer& out, std::span<const Value> items, Utf8Trust trust) {
  out.push_back('[');
  for (std::size_t i = 0; i < items.size(); ++i) {
    if (i > 0) out.push_back(',');
    write_json(out, items[i], trust);
  }
  out.push_back(']');
}

// The text up to the end of its last member, then the added fields.
void write_spliced(Buffer& out, std::string_view text, std::span<const Field> added, Utf8Trust trust) {
  text.remove_suffix(1);
  while (text.back() == ' ' || text.back() == '\t' || text.back() == '\n' || text.back() == '\r') text.remove_suffix(1);
  out.append(text);
  bool first = text.size() == 1;
  for (const Field& field : added) {
    if (!first) out.push_back(',');
    first = false;
    write_field(out, field, trust);
  }
  out.push_back('}');
}

}  // namespace

void write_int(Buffer& out, std::int64_t value) { write_number(out, value); }

void write_uint(Buffer& out, std::uint64_t value) { write_number(out, value); }

void write_double(Buffer& out, double value) {
  if (!std::isfinite(value)) return out.append("null");
  const std::size_t before = out.size();
  write_number(out, value);
  if (out.view().substr(before).find_first_of(".e") == std::string_view::npos) out.append(".0");
}

void write_timestamp(Buffer& out, Timestamp value) {
  constexpr std::int64_t kDay = 86'400;
  std::int64_t days = value.seconds / kDay;
  std::int64_t second = value.seconds % kDay;
  if (second < 0) second += kDay, --days;
  write_date(out, days);
  out.push_back('T');
  write_digits(out, static_cast<std::uint64_t>(second / 3600), 2);
  out.push_back(':');
  write_digits(out, static_cast<std::uint64_t>(second / 60 % 60), 2);
  out.push_back(':');
  write_digits(out, static_cast<std::uint64_t>(second % 60), 2);
  write_fraction(out, value.nanoseconds);
  out.push_back('Z');
}

void write_duration(Buffer& out, Duration value) {
  std::int64_t seconds = value.seconds;
  std::uint32_t nanoseconds = value.nanoseconds;
  if (seconds < 0) {
    out.push_back('-');
    if (nanoseconds > 0) ++seconds, nanoseconds = 1'000'000'000 - nanoseconds;
    seconds = -seconds;
  }
  write_int(out, seconds);
  const std::size_t before = out.size();
  write_fraction(out, nanoseconds);
  while (out.size() > before && out.view().back() == '0') out.resize(out.size() - 1);
  out.push_back('s');
}

void write_json_string(Buffer& out, std::string_view text, Utf8Trust trust) {
  out.push_back('"');
  if (trust == Utf8Trust::trusted || is_ascii(text) || simdjson::validate_utf8(text.data(), text.size())) {
    write_escaped(out, text);
  } else {
    for_each_utf8_piece(text, [&](std::string_view piece) { write_escaped(out, piece); });
  }
  out.push_back('"');
}

void write_json(Buffer& out, const Value& value, Utf8Trust trust) {
  switch (value.type()) {
    case Type::absent:
    case Type::null:
      return out.append("null");
    case Type::boolean:
      return out.append(value.as_boolean() ? "true" : "false");
    case Type::int64:
      return write_int(out, value.as_int64());
    case Type::uint64:
      return write_uint(out, value.as_uint64());
    case Type::float64:
      return write_double(out, value.as_float64());
    case Type::string:
      // A quoted string's quotes stand beside it in the source.
      if (value.is_quoted()) return out.append({value.text().data() - 1, value.text().size() + 2});
      return write_json_string(out, value.text(), trust);
    case Type::json:
      return out.append(value.text());
    case Type::bytes:
    case Type::timestamp:
    case Type::duration:
      return write_quoted_text(out, value);
    case Type::list:
      return write_array(out, value.items(), trust);
    case Type::map:
      return write_object(out, value.fields(), trust);
  }
}

void write_json(Buffer& out, const Record& record, Utf8Trust trust) {
  switch (record.form()) {
    case Record::Form::json:
      if (record.added().empty()) return out.append(record.unchanged_text());
      return write_spliced(out, record.json_text(), record.added(), trust);
    case Record::Form::fields:
      return write_object(out, record.added(), trust);
    case Record::Form::line:
      const Field message{Value::string(Record::kMessage), Value::string(record.line())};
      return write_object(out, {&message, 1}, trust);
  }
}

void write_text(Buffer& out, const Value& value) {
  switch (value.type()) {
    case Type::absent:
      return;
    case Type::string:
      return out.append(value.text());
    case Type::bytes:
      return write_base64(out, value.text());
    case Type::timestamp:
      return write_timestamp(out, value.as_timestamp());
    case Type::duration:
      return write_duration(out, value.as_duration());
    default:
      return write_json(out, value);
  }
}

std::string json_string(std::string_view text) {
  Buffer out;
  write_json_string(out, text);
  return std::string(out.view());
}

std::string timestamp_text(Timestamp value) {
  Buffer out;
  write_timestamp(out, value);
  return std::string(out.view());
}

}  // namespace sluice::record
