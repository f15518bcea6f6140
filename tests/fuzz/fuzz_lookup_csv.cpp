// Any bytes as a table: reading must end, and rows must be as long as the columns.
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

#include "record/json_writer.hpp"
#include "stages/enrich/lookup_table.hpp"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using sluice::stages::LookupTable;
  using sluice::stages::TableFormat;
  if (size == 0) return 0;
  const std::string text(reinterpret_cast<const char*>(data) + 1, size - 1);
  const TableFormat formats[] = {TableFormat::csv, TableFormat::tsv, TableFormat::json};
  sluice::stages::TableError error;
  const auto table = LookupTable::parse(text, formats[data[0] % 3], "k", {}, error);
  if ((table == nullptr) != static_cast<bool>(error)) __builtin_trap();
  if (table == nullptr) return 0;
  for (const std::string_view key : {"", "1", "x", "ü"}) {
    const auto row = table->find(key);
    if (!row.empty() && row.size() != table->columns().size()) __builtin_trap();
    for (const sluice::record::Value& value : row) {
      sluice::record::Buffer json;
      if (!value.is_absent()) sluice::record::write_json(json, value, sluice::record::Utf8Trust::trusted);
    }
  }
  return 0;
}
