#include "stages/parse/parse_options.hpp"

#include <algorithm>
#include <charconv>
#include <cmath>
#include <utility>

#include "record/json.hpp"
#include "record/json_writer.hpp"

namespace sluice::stages {

using config::Choice;
using config::Option;
using record::Arena;
using record::Field;
using record::Type;
using record::Value;

namespace {

constexpr std::pair<std::string_view, FieldType> kTypes[] = {
    {"string", FieldType::string},       {"int", FieldType::integer},       {"uint", FieldType::unsigned_integer},
    {"double", FieldType::number},       {"float", FieldType::number},      {"bool", FieldType::boolean},
    {"timestamp", FieldType::timestamp}, {"duration", FieldType::duration}, {"auto", FieldType::automatic}};

std::string_view type_word(FieldType type) {
  for (const auto& [word, candidate] : kTypes) {
    if (candidate == type) return word;
  }
  return {};
}

template <class Number>
std::optional<Number> read_number(std::string_view text) {
  if (text.size() > 1 && text.front() == '+' && text[1] != '-') text.remove_prefix(1);
  Number number{};
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (error != std::errc() || end != text.data() + text.size()) return std::nullopt;
  return number;
}

Value to_integer(const Value& value) {
  constexpr double kLimit = 9223372036854775808.0;  // 2^63
  switch (value.type()) {
    case Type::int64:
      return value;
    case Type::uint64:
      return value.as_uint64() > INT64_MAX ? Value() : Value::int64(static_cast<std::int64_t>(value.as_uint64()));
    case Type::float64: {
      const double number = value.as_float64();
      if (number != std::floor(number) || number < -kLimit || number >= kLimit) return {};
      return Value::int64(static_cast<std::int64_t>(number));
    }
    case Type::boolean:
      return Value::int64(value.as_boolean() ? 1 : 0);
    case Type::string:
      if (const auto number = read_number<std::int64_t>(value.text())) return Value::int64(*number);
      return {};
    default:
      return {};
  }
}

Value to_unsigned(const Value& value) {
  constexpr double kLimit = 18446744073709551616.0;  // 2^64
  switch (value.type()) {
    case Type::uint64:
      return value;
    case Type::int64:
      return value.as_int64() < 0 ? Value() : Value::uint64(static_cast<std::uint64_t>(value.as_int64()));
    case Type::float64: {
      const double number = value.as_float64();
      if (number != std::floor(number) || number < 0 || number >= kLimit) return {};
      return Value::uint64(static_cast<std::uint64_t>(number));
    }
    case Type::string:
      if (const auto number = read_number<std::uint64_t>(value.text())) return Value::uint64(*number);
      return {};
    default:
      return {};
  }
}

Value to_number(const Value& value) {
  switch (value.type()) {
    case Type::float64:
      return value;
    case Type::int64:
      return Value::float64(static_cast<double>(value.as_int64()));
    case Type::uint64:
      return Value::float64(static_cast<double>(value.as_uint64()));
    case Type::string:
      if (const auto number = read_number<double>(value.text())) return Value::float64(*number);
      return {};
    default:
      return {};
  }
}

bool equal_words(std::string_view text, std::string_view lower) {
  return text.size() == lower.size() && std::equal(text.begin(), text.end(), lower.begin(), [](char a, char b) {
           return (a >= 'A' && a <= 'Z' ? static_cast<char>(a | 0x20) : a) == b;
         });
}

Value to_boolean(const Value& value) {
  if (value.is(Type::boolean)) return value;
  if (value.is(Type::int64) && (value.as_int64() == 0 || value.as_int64() == 1)) {
    return Value::boolean(value.as_int64() == 1);
  }
  if (!value.is(Type::string)) return {};
  for (const std::string_view word : {"true", "yes", "on", "1"}) {
    if (equal_words(value.text(), word)) return Value::boolean(true);
  }
  for (const std::string_view word : {"false", "no", "off", "0"}) {
    if (equal_words(value.text(), word)) return Value::boolean(false);
  }
  return {};
}

Value duration_of(double seconds) {
  constexpr double kLongest = 9.2e18;
  if (!std::isfinite(seconds) || std::fabs(seconds) > kLongest) return {};
  const double whole = std::floor(seconds);
  auto nanoseconds = static_cast<std::uint32_t>(std::llround((seconds - whole) * 1e9));
  auto rounded = static_cast<std::int64_t>(whole);
  if (nanoseconds == 1'000'000'000) nanoseconds = 0, ++rounded;
  return Value::duration({rounded, nanoseconds});
}

// "1h30m", "1.5s", "250ms": numbers with units, as Go and our configuration write them. Nanoseconds; nothing when it is
// no such text or does not fit.
std::optional<std::int64_t> read_duration(std::string_view text) {
  constexpr std::pair<std::string_view, std::int64_t> kUnits[] = {{"ns", 1},
                                                                  {"us", 1'000},
                                                                  {"\u00b5s", 1'000},
                                                                  {"\u03bcs", 1'000},
                                                                  {"ms", 1'000'000},
                                                                  {"s", 1'000'000'000},
                                                                  {"m", 60'000'000'000},
                                                                  {"h", 3'600'000'000'000},
                                                                  {"d", 86'400'000'000'000}};
  if (text.empty()) return std::nullopt;
  std::int64_t total = 0;
  while (!text.empty()) {
    const std::size_t digits = std::min(text.find_first_not_of("0123456789"), text.size());
    std::int64_t whole = 0;
    if (digits > 0 && std::from_chars(text.data(), text.data() + digits, whole).ec != std::errc()) return std::nullopt;
    text.remove_prefix(digits);
    double fraction = 0;
    std::size_t fraction_digits = 0;
    if (text.starts_with('.')) {
      fraction_digits = std::min(text.find_first_not_of("0123456789", 1), text.size()) - 1;
      if (fraction_digits > 0) std::from_chars(text.data(), text.data() + 1 + fraction_digits, fraction);
      text.remove_prefix(1 + fraction_digits);
    }
    if (digits + fraction_digits == 0) return std::nullopt;
    const std::string_view name = text.substr(0, std::min(text.find_first_of("0123456789."), text.size()));
    const auto* unit =
        std::find_if(std::begin(kUnits), std::end(kUnits), [&](const auto& u) { return u.first == name; });
    if (unit == std::end(kUnits)) return std::nullopt;
    text.remove_prefix(name.size());
    std::int64_t part = 0;
    if (__builtin_mul_overflow(whole, unit->second, &part) || __builtin_add_overflow(total, part, &total))
      return std::nullopt;
    part = std::llround(fraction * static_cast<double>(unit->second));
    if (__builtin_add_overflow(total, part, &total)) return std::nullopt;
  }
  return total;
}

Value to_duration(const Value& value) {
  switch (value.type()) {
    case Type::duration:
      return value;
    case Type::int64:
      return Value::duration({value.as_int64(), 0});
    case Type::uint64:
      return value.as_uint64() > INT64_MAX ? Value()
                                           : Value::duration({static_cast<std::int64_t>(value.as_uint64()), 0});
    case Type::float64:
      return duration_of(value.as_float64());
    case Type::string: {
      std::string_view text = value.text();
      const bool negative = !text.empty() && text.front() == '-';
      if (const auto number = read_number<double>(text)) return duration_of(*number);
      if (negative) text.remove_prefix(1);
      const std::optional<std::int64_t> length = read_duration(text);
      if (!length) return {};
      std::int64_t count = negative ? -*length : *length;
      std::int64_t seconds = count / 1'000'000'000;
      count %= 1'000'000'000;
      if (count < 0) count += 1'000'000'000, --seconds;
      return Value::duration({seconds, static_cast<std::uint32_t>(count)});
    }
    default:
      return {};
  }
}

Value to_string(const Value& value, Arena& arena) {
  if (value.is(Type::string)) return value;
  if (value.is(Type::absent) || value.is(Type::null)) return {};
  record::Buffer text;
  record::write_text(text, value);
  return Value::string(arena.copy(text.view()));
}

// Whether JSON would write the number so: no leading zeros or plus sign, so that "007" and "+49" stay texts.
bool is_json_number(std::string_view text) {
  if (!text.empty() && text.front() == '-') text.remove_prefix(1);
  if (text.empty() || text.front() < '0' || text.front() > '9') return false;
  if (text.size() > 1 && text[0] == '0' && text[1] != '.' && text[1] != 'e' && text[1] != 'E') return false;
  return text.back() >= '0' && text.back() <= '9';
}

std::string quoted(std::string_view name) {
  std::string text(1, '`');
  text.append(name);
  text.push_back('`');
  return text;
}

// The beginning of a value, for messages.
std::string shown(const Value& value) {
  constexpr std::size_t kLongest = 60;
  record::Buffer buffer;
  record::write_text(buffer, value);
  const std::string_view text = buffer.view();
  if (text.size() <= kLongest) return quoted(text);
  std::size_t length = kLongest;
  while (length > 0 && (static_cast<unsigned char>(text[length]) & 0xc0) == 0x80) --length;
  return quoted(std::string(text.substr(0, length)).append("..."));
}

ParseFailure no_type(std::string_view name, const Value& value, FieldType type) {
  return {"invalid_type", "field " + quoted(name) + ": " + shown(value) + " is no " + std::string(type_word(type))};
}

ParseFailure no_time(std::string_view name, const Value& value, const TimeFormat& format) {
  return {"invalid_time",
          "field " + quoted(name) + ": " + shown(value) + " is no time of the format " + quoted(format.text())};
}

}  // namespace

std::vector<Option> parse_common_options() {
  return {
      Option::string("field").not_empty().doc("the field to parse; the raw line if it is not given"),
      Option::string("into").not_empty().doc("put what is found under this field as a map and keep the other fields"),
      Option::either("keep_raw", {Option::boolean(), Option::string().not_empty()})
          .defaults("false")
          .doc("keep the text that was parsed: `true` in the field `raw`, a string in the field of that name"),
      Option::map("types", Option::choice("", {"string", "int", "uint", "double", "float", "bool", "timestamp",
                                               "duration", "auto"}))
          .example("{status: int, took: duration}")
          .doc("convert these fields; a text that cannot be converted is an error, a missing field is not"),
      Option::mapping(
          "time",
          {Option::string("field").defaults("time").not_empty().doc(
               "the field that holds the time; it becomes a timestamp"),
           Option::string("format").defaults("auto").not_empty().doc(
               "`auto`, `rfc3339`, `unix`, `unix_ms`, `unix_us`, `unix_ns`, `rfc2822`, `rfc3164`, `clf`, or a strptime "
               "format"),
           Option::string("zone").defaults("UTC").not_empty().doc(
               "the zone of times that state none: an IANA name, an offset such as `+02:00`, or `local`")})
          .example("{field: ts, format: \"%d.%m.%Y %H:%M:%S\", zone: Europe/Berlin}")
          .doc("turn a field into a timestamp; `zone` also holds for times that the format itself reads"),
      Option::choice("on_error", {Choice("reject", "send the record to `rejects`, with the reason"),
                                  Choice("pass", "let it go on unchanged, count the error"),
                                  Choice("drop", "count it as filtered"), Choice("fail", "stop the pipeline")})
          .defaults("reject")
          .doc("what happens to a record that does not have the format"),
  };
}

Value convert(const Value& given, FieldType type, const TimeFormat& times, Arena& arena) {
  const Value value = given.is(Type::json) ? record::resolve(given, arena) : given;
  switch (type) {
    case FieldType::string:
      return to_string(value, arena);
    case FieldType::integer:
      return to_integer(value);
    case FieldType::unsigned_integer:
      return to_unsigned(value);
    case FieldType::number:
      return to_number(value);
    case FieldType::boolean:
      return to_boolean(value);
    case FieldType::timestamp: {
      const std::optional<record::Timestamp> time = times.convert(value);
      return time ? Value::timestamp(*time) : Value();
    }
    case FieldType::duration:
      return to_duration(value);
    case FieldType::automatic:
      return infer(value);
  }
  return {};
}

Value infer(const Value& value) {
  if (!value.is(Type::string)) return value;
  const std::string_view text = value.text();
  if (text == "true" || text == "false") return Value::boolean(text == "true");
  if (!is_json_number(text)) return value;
  if (const auto number = read_number<std::int64_t>(text)) return Value::int64(*number);
  if (const auto number = read_number<std::uint64_t>(text)) return Value::uint64(*number);
  const auto number = read_number<double>(text);
  return number && std::isfinite(*number) ? Value::float64(*number) : value;
}

TimeContext time_context(const config::Settings& settings, Workshop& workshop) {
  TimeContext context;
  if (workshop.wall_clock) context.years.now = [clock = workshop.wall_clock] { return clock().seconds; };
  const config::Settings& time = settings.section("time");
  const std::string zone = time.contains("zone") ? time.string("zone") : "UTC";
  if (zone != "UTC") {
    context.zone = record::TimeZone::load(zone);
    if (!context.zone) {
      workshop.diagnostics.error(time.locate("zone"), "unknown time zone `" + zone + "`",
                                 "expected an IANA name such as Europe/Berlin, an offset such as +02:00, UTC or local",
                                 zone.size());
    } else if (context.zone->is_fixed() && context.zone->offset_at(0) == 0) {
      context.zone = nullptr;
    }
  }
  return context;
}

ParseOptions::ParseOptions(const config::Settings& settings, Workshop& workshop) {
  if (settings.has("field")) field_ = workshop.fields.intern(settings.string("field"));
  if (settings.has("into")) into_ = workshop.fields.intern(settings.string("into"));
  if (const config::Value* keep = settings.find("keep_raw")) {
    if (keep->type() == config::Type::string) {
      raw_ = workshop.fields.intern(keep->string());
    } else if (keep->boolean()) {
      raw_ = workshop.fields.intern("raw");
    }
  }
  for (const config::Entry& entry : settings.entries("types")) {
    const auto* type = std::find_if(std::begin(kTypes), std::end(kTypes),
                                    [&](const auto& known) { return known.first == entry.value.string(); });
    if (type != std::end(kTypes)) types_.push_back({workshop.fields.intern(entry.key), type->second});
  }
  const std::string on_error = settings.string("on_error");
  on_error_ = on_error == "pass"   ? OnError::pass
              : on_error == "drop" ? OnError::drop
              : on_error == "fail" ? OnError::fail
                                   : OnError::reject;
  read_time(settings, workshop);
}

void ParseOptions::read_time(const config::Settings& settings, Workshop& workshop) {
  const TimeContext context = time_context(settings, workshop);
  type_format_ = std::get<TimeFormat>(TimeFormat::compile("auto", context));
  if (!settings.has("time")) return;
  const config::Settings& time = settings.section("time");
  auto format = TimeFormat::compile(time.string("format"), context);
  if (const auto* error = std::get_if<TimeFormat::Error>(&format)) {
    workshop.diagnostics.error(time.locate("format", error->offset), error->message);
    return;
  }
  time_ = workshop.fields.intern(time.string("field"));
  time_format_ = std::get<TimeFormat>(std::move(format));
}

ParseFailure ParseOptions::find_field(record::Record& record, Arena& arena, std::string_view& text) const {
  Value value = record.find(*field_);
  if (value.is(Type::json)) value = record::resolve(value, arena);
  if (value.is_absent()) return {"no_such_field", "the record has no field " + quoted(field_->name)};
  if (!value.is(Type::string)) {
    return {"not_a_string", "field " + quoted(field_->name) + " is a " + std::string(record::type_name(value.type())) +
                                ", not a string"};
  }
  text = value.text();
  return {};
}

ParseFailure ParseOptions::convert_fields(std::span<Field> fields, Arena& arena) const {
  for (Field& field : fields) {
    const std::string_view name = field.name.text();
    for (const TypeRule& rule : types_) {
      if (rule.key.name != name) continue;
      const Value converted = convert(field.value, rule.type, type_format_, arena);
      if (converted.is_absent()) return no_type(name, field.value, rule.type);
      field.value = converted;
    }
    if (!time_ || time_->name != name) continue;
    const std::optional<record::Timestamp> time = time_format_.convert(field.value);
    if (!time) return no_time(name, field.value, time_format_);
    field.value = Value::timestamp(*time);
  }
  return {};
}

ParseFailure ParseOptions::convert_record(record::Record& record, Arena& arena) const {
  for (const TypeRule& rule : types_) {
    const Value value = record.find(rule.key);
    if (value.is_absent()) continue;
    const Value converted = convert(value, rule.type, type_format_, arena);
    if (converted.is_absent()) return no_type(rule.key.name, value, rule.type);
    record.set(rule.key, converted, arena);
  }
  if (!time_) return {};
  Value value = record.find(*time_);
  if (value.is_absent()) return {};
  if (value.is(Type::json)) value = record::resolve(value, arena);
  const std::optional<record::Timestamp> time = time_format_.convert(value);
  if (!time) return no_time(time_->name, value, time_format_);
  record.set(*time_, Value::timestamp(*time), arena);
  return {};
}

void ParseOptions::store(record::Record& record, std::span<Field> fields, std::string_view text, Arena& arena) const {
  if (into_) {
    record.set(*into_, Value::map(fields), arena);
  } else {
    record.set_fields(fields);
  }
  if (raw_) record.set(*raw_, Value::string(text), arena);
}

void ParseOptions::store_into(record::Record& record, const Value& value, Arena& arena) const {
  record.set(*into_, value, arena);
}

void ParseOptions::store_raw(record::Record& record, std::string_view text, Arena& arena) const {
  record.set(*raw_, Value::string(text), arena);
}

bool ParseOptions::keep_failed(const record::Record& record, ParseFailure&& failure, Tally& tally,
                               flow::Error& error) const {
  switch (on_error_) {
    case OnError::reject:
      tally.reject(record, failure.reason, std::move(failure.detail));
      return false;
    case OnError::pass:
      tally.error(failure.reason);
      return true;
    case OnError::drop:
      tally.error(failure.reason);
      ++tally.filtered;
      return false;
    case OnError::fail:
      tally.error(failure.reason);
      error = flow::Error(std::make_error_code(std::errc::bad_message),
                          "a record does not have the format (" + std::string(failure.reason) + "): " + failure.detail +
                              "; on_error is `fail`");
      return true;
  }
  return true;
}

}  // namespace sluice::stages
