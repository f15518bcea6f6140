#include "stages/enrich/lookup_table.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <utility>

#include "config/suggest.hpp"
#include "record/json.hpp"
#include "record/json_writer.hpp"
#include "record/utf8.hpp"
#include "stages/enrich/csv_rows.hpp"
#include "stages/enrich/quoted_string.hpp"
#include "stages/write/field_path.hpp"

namespace sluice::stages {

using record::Type;
using record::Value;

namespace {

constexpr int kKeyColumn = -1;
constexpr int kOtherColumn = -2;

TableError at_line(std::size_t line, std::string_view message) { return {fmt::format("line {}: {}", line, message)}; }

// The number of the first line that is not UTF-8, from 1; 0 if all are.
std::size_t broken_line(std::string_view text) {
  std::size_t line = 1;
  while (!text.empty()) {
    std::size_t broken = 0;
    const std::size_t length = record::utf8_sequence(text, broken);
    if (length == 0) return line;
    if (text.front() == '\n') ++line;
    text.remove_prefix(length);
  }
  return 0;
}

std::string_view trimmed(std::string_view text) {
  constexpr std::string_view kSpace = " \t\r";
  const std::size_t begin = std::min(text.find_first_not_of(kSpace), text.size());
  return text.substr(begin, text.find_last_not_of(kSpace) + 1 - begin);
}

// Takes a line from the front, without the white space around it.
std::string_view next_line(std::string_view& left) {
  const std::string_view line = left.substr(0, left.find('\n'));
  left.remove_prefix(std::min(line.size() + 1, left.size()));
  return trimmed(line);
}

TableError no_column(std::string_view name, const std::vector<std::string>& header) {
  return {fmt::format("there is no column `{}`; {}", name, config::suggestion(name, header))};
}

}  // namespace

TableFormat table_format_of(std::string_view path) {
  for (const std::string_view end : {".tsv", ".tab"}) {
    if (path.ends_with(end)) return TableFormat::tsv;
  }
  for (const std::string_view end : {".json", ".jsonl", ".ndjson"}) {
    if (path.ends_with(end)) return TableFormat::json;
  }
  return TableFormat::csv;
}

std::span<const Value> LookupTable::find(std::string_view key) const {
  const auto row = rows_.find(key);
  if (row == rows_.end()) return {};
  return {cells_.data() + row->second * columns_.size(), columns_.size()};
}

// `key` must live as long as the table.
std::span<Value> LookupTable::row_of(std::string_view key) {
  const auto [row, is_new] = rows_.emplace(key, static_cast<std::uint32_t>(rows_.size()));
  if (is_new) cells_.resize(cells_.size() + columns_.size());
  const std::span<Value> cells(cells_.data() + row->second * columns_.size(), columns_.size());
  if (!is_new) std::ranges::fill(cells, Value());
  return cells;
}

// Where each column of the file goes: kKeyColumn, kOtherColumn, or a place in columns_.
TableError LookupTable::read_header(const std::vector<std::string>& header, std::string_view key,
                                    std::vector<int>& targets) {
  if (header.size() > kMostColumns) return {fmt::format("line 1: more than {} columns", kMostColumns)};
  for (std::size_t i = 0; i < header.size(); ++i) {
    if (std::find(header.begin(), header.begin() + static_cast<std::ptrdiff_t>(i), header[i]) !=
        header.begin() + static_cast<std::ptrdiff_t>(i)) {
      return at_line(1, fmt::format("two columns are named `{}`", header[i]));
    }
  }
  if (std::ranges::find(header, key) == header.end()) return no_column(key, header);
  if (columns_.empty()) {
    std::ranges::copy_if(header, std::back_inserter(columns_), [&](const std::string& name) { return name != key; });
  }
  for (const std::string& name : columns_) {
    if (std::ranges::find(header, name) == header.end()) return no_column(name, header);
  }
  for (const std::string& name : header) {
    const auto wanted = std::ranges::find(columns_, name);
    const int place = wanted == columns_.end() ? kOtherColumn : static_cast<int>(wanted - columns_.begin());
    targets.push_back(name == key && place == kOtherColumn ? kKeyColumn : place);
  }
  return {};
}

TableError LookupTable::read_csv(char separator, std::string_view key) {
  CsvRows rows(text_, separator);
  std::vector<std::string> cells;
  if (!rows.next(cells)) {
    return rows.error().empty() ? TableError{"the file is empty: its first line must name the columns"}
                                : at_line(rows.line(), rows.error());
  }
  std::vector<int> targets;
  const std::size_t width = cells.size();
  const auto key_place = static_cast<std::size_t>(std::ranges::find(cells, key) - cells.begin());
  if (TableError error = read_header(cells, key, targets)) return error;
  while (rows.next(cells)) {
    if (cells.size() != width) {
      return at_line(rows.line(), fmt::format("{} cells where the header has {}", cells.size(), width));
    }
    const std::span<Value> row = row_of(arena_.copy(cells[key_place]));
    for (std::size_t i = 0; i < width; ++i) {
      if (targets[i] >= 0) row[static_cast<std::size_t>(targets[i])] = keep_string(cells[i], arena_);
    }
  }
  return rows.error().empty() ? TableError{} : at_line(rows.line(), rows.error());
}

// All names that occur in the objects, in the order in which they do.
void LookupTable::collect_columns(std::string_view key) {
  std::unordered_map<std::string, bool> seen;
  std::string_view left = text_;
  while (!left.empty() && columns_.size() <= kMostColumns) {
    const std::string_view line = next_line(left);
    if (line.empty() || !record::is_valid_json(line)) continue;  // reported when it is read
    record::Arena arena;
    const Value object = record::resolve(Value::json(line), arena);
    if (!object.is(Type::map)) continue;
    for (const record::Field& field : object.fields()) {
      if (field.name.text() == key || !seen.emplace(field.name.text(), true).second) continue;
      columns_.emplace_back(field.name.text());
    }
  }
}

TableError LookupTable::read_object(std::string_view line, std::string_view key) {
  if (!record::is_valid_json(line)) return {"this is no valid JSON"};
  if (line.front() != '{') return {"this is no JSON object"};
  const Value object = Value::json(line);
  const Value name = decode_string(record::member(object, key), arena_);
  if (name.is_absent()) return {fmt::format("the object has no `{}`", key)};
  record::Buffer text;
  record::write_text(text, name);
  const std::span<Value> row = row_of(arena_.copy(text.view()));
  for (std::size_t i = 0; i < columns_.size(); ++i) row[i] = decode_string(record::member(object, columns_[i]), arena_);
  return {};
}

TableError LookupTable::read_json(std::string_view key) {
  if (columns_.empty()) collect_columns(key);
  if (columns_.size() > kMostColumns) return {fmt::format("more than {} columns", kMostColumns)};
  std::string_view left = text_;
  for (std::size_t number = 1; !left.empty(); ++number) {
    const std::string_view line = next_line(left);
    if (line.empty()) continue;
    if (TableError error = read_object(line, key)) return at_line(number, error.message);
  }
  return {};
}

std::shared_ptr<const LookupTable> LookupTable::parse(std::string text, TableFormat format, std::string_view key,
                                                      std::vector<std::string> columns, TableError& error) {
  const auto table = std::make_shared<LookupTable>(LookupTable());
  if (format == TableFormat::json && text.starts_with("\xef\xbb\xbf")) text.erase(0, 3);
  table->text_ = std::move(text);
  table->columns_ = std::move(columns);
  if (const std::size_t line = broken_line(table->text_)) {
    error = at_line(line, "this is no UTF-8: convert the file, for example with `iconv -f latin1 -t utf-8`");
    return nullptr;
  }
  error = format == TableFormat::json ? table->read_json(key)
                                      : table->read_csv(format == TableFormat::tsv ? '\t' : ',', key);
  if (error) return nullptr;
  if (format != TableFormat::json) table->text_ = std::string();  // its cells were copied
  return table;
}

std::shared_ptr<const LookupTable> LookupTable::load(const std::string& path, TableFormat format, std::string_view key,
                                                     std::vector<std::string> columns, TableError& error) {
  std::error_code failure;
  const bool is_directory = std::filesystem::is_directory(path, failure);
  const std::uintmax_t size = is_directory ? 0 : std::filesystem::file_size(path, failure);
  if (is_directory) failure = std::make_error_code(std::errc::is_a_directory);
  if (!failure && size > kMostBytes) {
    error = {fmt::format("{} bytes are too many for a table in memory (at most {})", size, kMostBytes)};
    return nullptr;
  }
  std::string text;
  if (!failure) {
    std::ifstream file(path, std::ios::binary);
    text.resize(size);
    file.read(text.data(), static_cast<std::streamsize>(size));
    text.resize(static_cast<std::size_t>(std::max<std::streamsize>(file.gcount(), 0)));
    if (!file.is_open()) failure = {errno, std::generic_category()};
  }
  if (failure) {
    error = {failure.message()};
    return nullptr;
  }
  return parse(std::move(text), format, key, std::move(columns), error);
}

}  // namespace sluice::stages
