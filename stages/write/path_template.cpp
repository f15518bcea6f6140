#include "stages/write/path_template.hpp"

#include <ctime>
#include <filesystem>
#include <utility>

#include "record/civil.hpp"
#include "record/json.hpp"
#include "stages/write/encode_raw.hpp"

namespace sluice::stages {
namespace {

// What strftime writes the same way on every machine and without `/` or line ends.
constexpr std::string_view kConversions = "aAbBCdeFgGhHIjklmMpPRSTuUVwWyYz";

std::tm broken_down(std::int64_t seconds, std::int32_t offset) {
  const std::int64_t local = seconds + offset;
  const std::int64_t days = local >= 0 ? local / 86400 : (local - 86399) / 86400;
  const auto second_of_day = static_cast<int>(local - days * 86400);
  const record::CivilDate date = record::civil_from_days(days);
  std::tm time{};
  time.tm_year = static_cast<int>(date.year - 1900);
  time.tm_mon = date.month - 1;
  time.tm_mday = date.day;
  time.tm_hour = second_of_day / 3600;
  time.tm_min = second_of_day / 60 % 60;
  time.tm_sec = second_of_day % 60;
  time.tm_wday = record::weekday_from_days(days);
  time.tm_yday = static_cast<int>(days - record::days_from_civil(date.year, 1, 1));
  time.tm_gmtoff = offset;
  time.tm_zone = "";
  return time;
}

std::optional<record::Timestamp> plain_time(const record::Value& value) {
  if (value.is(record::Type::timestamp)) return value.as_timestamp();
  if (!value.is(record::Type::string)) return std::nullopt;
  std::string_view text = value.text();
  const std::optional<WrittenTime> written = read_iso_time(text);
  if (!written || !text.empty()) return std::nullopt;
  return written->instant({});
}

void append_safe(std::string& path, std::string_view text) {
  const std::size_t begin = path.size();
  for (const char byte : text) {
    if (path.size() - begin == PathTemplate::kLongestValue) break;
    if (byte == '/' || byte == '\0' || (byte == '.' && path.size() == begin)) continue;
    path += static_cast<unsigned char>(byte) < ' ' || byte == '\x7f' ? '_' : byte;
  }
  if (path.size() == begin) path += '_';
}

// Cuts names that no file system would take: records must not be able to stop the pipeline by them.
void shorten_names(std::string& path) {
  std::size_t begin = 0;
  while (begin < path.size()) {
    std::size_t end = std::min(path.find('/', begin), path.size());
    if (end - begin > PathTemplate::kLongestName) {
      path.erase(begin + PathTemplate::kLongestName, end - begin - PathTemplate::kLongestName);
      end = begin + PathTemplate::kLongestName;
    }
    begin = end + 1;
  }
}

}  // namespace

// The piece that further text goes to.
PathTemplate::Piece& PathTemplate::open_piece() {
  if (pieces_.empty() || pieces_.back().field) pieces_.emplace_back();
  return pieces_.back();
}

std::optional<PathTemplate> PathTemplate::parse(std::string_view text, record::FieldTable& fields,
                                                std::optional<TemplateError>& error) {
  PathTemplate result;
  std::size_t at = 0;  // of the template's byte
  const std::vector<TemplateEncoder::Piece> texts = parse_template(text, fields, error);
  if (error) return std::nullopt;
  for (const TemplateEncoder::Piece& piece : texts) {
    for (std::size_t i = 0; i < piece.text.size(); ++i, ++at) {
      const char byte = piece.text[i];
      if (byte == '{' || byte == '}') ++at;  // it was written twice
      if (byte != '%') {
        result.open_piece().text += byte;
        continue;
      }
      const std::string_view conversion = std::string_view(piece.text).substr(i, 2);
      const bool is_percent = conversion == "%%";
      if (conversion.size() < 2 || (!is_percent && kConversions.find(conversion[1]) == std::string_view::npos)) {
        error = {at, "`" + std::string(conversion) + "` is no conversion of times for paths",
                 "use those of strftime such as %Y, %m, %d, %H, %F; write `%%` for a percent sign"};
        return std::nullopt;
      }
      result.open_piece().text += conversion;
      if (!is_percent) result.open_piece().is_time = result.has_time_ = true;
      ++i, ++at;
    }
    if (!piece.field) continue;
    at += piece.field->text().size() + 2;
    result.pieces_.push_back({{}, false, piece.field});
    result.has_fields_ = true;
  }
  if (result.pieces_.empty()) result.pieces_.emplace_back();
  for (Piece& piece : result.pieces_) {
    if (piece.is_time) continue;
    for (std::size_t i = 0; (i = piece.text.find("%%", i)) != std::string::npos; ++i) piece.text.erase(i, 1);
  }
  if (result.has_time_) {
    for (const char* name : {"time", "ts", "timestamp"}) result.usual_time_fields_.emplace_back(name, fields);
  }
  return result;
}

std::string PathTemplate::fixed_directory() const {
  std::string text;
  if (!pieces_.front().field) text = pieces_.front().text;
  if (pieces_.front().is_time) text.resize(text.find('%'));
  const std::string parent = std::filesystem::path(text).parent_path().string();
  return parent.empty() ? "." : parent;
}

record::Timestamp PathTemplate::Namer::time_of(const record::Record& record) const {
  if (template_.time_field_) {
    const record::Value value = record::resolve(template_.time_field_->find(record, arena_), arena_);
    return template_.any_format_.convert(value).value_or(now_);
  }
  for (const FieldPath& field : template_.usual_time_fields_) {
    if (const auto time = plain_time(field.find(record, arena_))) return *time;
  }
  return now_;
}

void PathTemplate::Namer::show(std::int64_t second) {
  if (shown_ == second) return;
  shown_ = second;
  const std::tm time = broken_down(second, template_.zone_ == nullptr ? 0 : template_.zone_->offset_at(second));
  for (std::size_t i = 0; i < times_.size(); ++i) {
    const Piece& piece = template_.pieces_[i];
    if (!piece.is_time) continue;
    times_[i].resize(16 * piece.text.size());  // no conversion is longer than "%F"s ten bytes
    times_[i].resize(std::strftime(times_[i].data(), times_[i].size(), piece.text.c_str(), &time));
  }
}

void PathTemplate::Namer::append_value(const record::Record& record, const FieldPath& field) {
  value_.clear();
  const record::Value value = field.find(record, arena_);
  const bool is_null = value.is(record::Type::null) || (value.is(record::Type::json) && value.text() == "null");
  if (!value.is_absent() && !is_null) write_one_line(value_, value);
  append_safe(path_, value_.view());
}

std::string_view PathTemplate::Namer::name(const record::Record& record) {
  if (template_.has_time_) show(time_of(record).seconds);
  path_.clear();
  for (std::size_t i = 0; i < times_.size(); ++i) {
    const Piece& piece = template_.pieces_[i];
    if (piece.field) {
      append_value(record, *piece.field);
    } else {
      path_ += piece.is_time ? times_[i] : piece.text;
    }
  }
  if (template_.has_fields_) shorten_names(path_);
  return path_;
}

}  // namespace sluice::stages
