// The rows of a table in CSV (RFC 4180), as spreadsheets and databases write it.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

namespace sluice::stages {

// Reads one row after the other. A cell in quotes may hold the separator, line ends, and quotes doubled. Lines end in
// LF or CR LF; empty lines are passed over; a byte order mark at the beginning is too.
class CsvRows {
 public:
  CsvRows(std::string_view text, char separator);

  // The next row's cells, decoded; false at the end and after an error.
  bool next(std::vector<std::string>& cells);

  // The line, from 1, where the row that next() gave begins, or where the error is.
  std::size_t line() const { return line_; }
  // What is wrong with the text, or "".
  const std::string& error() const { return error_; }

 private:
  bool quoted_cell(std::string& cell);
  bool fail(std::string message);

  std::string_view left_;
  const char separator_;
  std::size_t line_ = 0;
  std::size_t next_line_ = 1;
  std::string error_;
};

}  // namespace sluice::stages
