#include "stages/write/encode_csv.hpp"

#include <string_view>

namespace sluice::stages {
namespace {

using record::Type;

void write_field(record::Buffer& out, std::string_view text) {
  if (text.find_first_of(",\"\r\n") == std::string_view::npos) return out.append(text);
  out.push_back('"');
  for (const char byte : text) {
    if (byte == '"') out.push_back('"');
    out.push_back(byte);
  }
  out.push_back('"');
}

bool is_structure(const record::Value& value) {
  if (value.is(Type::json)) return value.text().starts_with('{') || value.text().starts_with('[');
  return value.is(Type::list) || value.is(Type::map);
}

void write_value(record::Buffer& out, const record::Value& value, record::Utf8Trust trust) {
  if (value.is_absent() || value.is(Type::null) || (value.is(Type::json) && value.text() == "null")) return;
  if (value.is(Type::string)) return write_field(out, value.text());
  if (!is_structure(value)) return record::write_text(out, value);
  record::Buffer text;
  record::write_json(text, value, trust);
  write_field(out, text.view());
}

}  // namespace

CsvEncoder::CsvEncoder(const std::vector<std::string>& columns, bool with_header, record::FieldTable& fields) {
  record::Buffer header;
  for (const std::string& column : columns) {
    if (!columns_.empty()) header.push_back(',');
    write_field(header, column);
    columns_.emplace_back(column, fields);
  }
  header.push_back('\n');
  if (with_header) header_ = header.view();
}

void CsvEncoder::append(record::Buffer& out, record::Record& record, record::Arena& arena,
                        record::Utf8Trust trust) const {
  bool first = true;
  for (const FieldPath& column : columns_) {
    if (!first) out.push_back(',');
    first = false;
    write_value(out, column.find(record, arena), trust);
  }
  out.push_back('\n');
}

}  // namespace sluice::stages
