// What the reference, on the terminal, in Markdown or as a manual page, says of options.
#pragma once

#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "config/option.hpp"

namespace sluice::config {

// One line of a table of options; nested options have dotted names (`batch.size`, `paths[].x`, `routes.NAME`).
struct Row {
  std::string name;
  std::string type;
  std::string fallback;  // the default, or "required"
  std::string summary;   // one line of Markdown
};

// Every option and what is nested in it, in the order of the declarations.
std::vector<Row> rows_of(const std::vector<Option>& options);

// How the values of a type are written. Markdown.
struct TypeNote {
  std::string_view name;
  std::string_view written_as;
};
std::span<const TypeNote> type_notes();

}  // namespace sluice::config
