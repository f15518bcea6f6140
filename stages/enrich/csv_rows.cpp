#include "stages/enrich/csv_rows.hpp"

#include <algorithm>
#include <utility>

namespace sluice::stages {

CsvRows::CsvRows(std::string_view text, char separator) : left_(text), separator_(separator) {
  if (left_.starts_with("\xef\xbb\xbf")) left_.remove_prefix(3);
}

bool CsvRows::fail(std::string message) {
  error_ = std::move(message);
  return false;
}

// `left_` begins behind the opening quote; afterwards behind the closing one.
bool CsvRows::quoted_cell(std::string& cell) {
  for (;;) {
    const std::size_t quote = left_.find('"');
    if (quote == std::string_view::npos) return fail("a quote that opens here is never closed");
    const std::string_view part = left_.substr(0, quote);
    next_line_ += static_cast<std::size_t>(std::ranges::count(part, '\n'));
    cell += part;
    left_.remove_prefix(quote + 1);
    if (!left_.starts_with('"')) return true;
    cell += '"';
    left_.remove_prefix(1);
  }
}

bool CsvRows::next(std::vector<std::string>& cells) {
  cells.clear();
  if (!error_.empty()) return false;
  while (left_.starts_with('\n') || left_.starts_with("\r\n")) {
    left_.remove_prefix(left_.front() == '\n' ? 1 : 2);
    ++next_line_;
  }
  line_ = next_line_;
  if (left_.empty()) return false;
  for (;;) {
    std::string& cell = cells.emplace_back();
    if (left_.starts_with('"')) {
      left_.remove_prefix(1);
      if (!quoted_cell(cell)) return false;
    } else {
      const char ends[] = {separator_, '\n', '\0'};
      const std::size_t end = std::min(left_.find_first_of(ends), left_.size());
      cell = left_.substr(0, end);
      left_.remove_prefix(end);
      const bool last = left_.empty() || left_.front() == '\n';
      if (last && cell.ends_with('\r')) cell.pop_back();
    }
    if (left_.starts_with("\r\n")) left_.remove_prefix(1);
    if (left_.empty()) return true;
    const char end = left_.front();
    if (end != separator_ && end != '\n') return fail("after a closing quote comes neither a separator nor a line end");
    left_.remove_prefix(1);
    if (end == '\n') {
      ++next_line_;
      return true;
    }
  }
}

}  // namespace sluice::stages
