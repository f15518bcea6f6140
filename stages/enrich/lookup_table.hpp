// A table in memory whose rows are found by a key: what `lookup` joins records with.
#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "record/arena.hpp"
#include "record/value.hpp"

namespace sluice::stages {

enum class TableFormat { csv, tsv, json };

// By the name's end: .tsv, .tab; .json, .jsonl, .ndjson; everything else is CSV.
TableFormat table_format_of(std::string_view path);

// Why a table could not be read; "line 3: ..." where that is known.
struct TableError {
  std::string message;
  explicit operator bool() const { return !message.empty(); }
};

// Immutable once read; many threads may use it. Owns its bytes: values point into them.
class LookupTable {
 public:
  static constexpr std::size_t kMostBytes = std::size_t{1} << 30;  // of a file
  static constexpr std::size_t kMostColumns = 1000;

  // Reads a table. `key` is the column by which rows are found, `columns` those to be kept; if there are none, all but
  // the key. Of several rows with one key the last counts. The text must be UTF-8, rows of CSV as long as their header,
  // and lines of JSON objects; cells of CSV are strings, values of JSON keep their types. Null with an error.
  static std::shared_ptr<const LookupTable> parse(std::string text, TableFormat format, std::string_view key,
                                                  std::vector<std::string> columns, TableError& error);
  // The same from a file.
  static std::shared_ptr<const LookupTable> load(const std::string& path, TableFormat format, std::string_view key,
                                                 std::vector<std::string> columns, TableError& error);

  const std::vector<std::string>& columns() const { return columns_; }
  std::size_t size() const { return rows_.size(); }

  // The row of a key, a value for each of columns(), absent where an object had none; empty if there is no such row.
  std::span<const record::Value> find(std::string_view key) const;

 private:
  LookupTable() = default;
  TableError read_csv(char separator, std::string_view key);
  TableError read_json(std::string_view key);
  TableError read_header(const std::vector<std::string>& header, std::string_view key, std::vector<int>& targets);
  void collect_columns(std::string_view key);
  TableError read_object(std::string_view line, std::string_view key);
  std::span<record::Value> row_of(std::string_view key);

  std::string text_;
  record::Arena arena_;
  std::vector<std::string> columns_;
  std::unordered_map<std::string_view, std::uint32_t> rows_;  // key to number of row
  std::vector<record::Value> cells_;                          // row after row
};

}  // namespace sluice::stages
