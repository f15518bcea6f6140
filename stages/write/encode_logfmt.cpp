#include "stages/write/encode_logfmt.hpp"

#include <algorithm>
#include <string_view>

#include "record/utf8.hpp"
#include "stages/write/field_path.hpp"

namespace sluice::stages {
namespace {

using record::Type;

bool is_special(char byte) { return (static_cast<unsigned char>(byte) <= ' ') || byte == '=' || byte == '"'; }

bool is_clean(std::string_view text) {
  bool ascii = true;
  for (const char byte : text) {
    if (is_special(byte)) return false;
    ascii &= static_cast<signed char>(byte) >= 0;
  }
  if (ascii) return true;
  bool clean = text.find(record::kReplacementCharacter) == std::string_view::npos;
  record::for_each_utf8_piece(text, [&](std::string_view piece) { clean &= piece != record::kReplacementCharacter; });
  return clean;
}

void write_key(record::Buffer& out, std::string_view key) {
  if (key.empty()) return out.push_back('_');
  if (is_clean(key)) return out.append(key);
  record::for_each_utf8_piece(key, [&](std::string_view piece) {
    if (piece == record::kReplacementCharacter) return out.push_back('_');
    for (const char byte : piece) out.push_back(is_special(byte) ? '_' : byte);
  });
}

void write_string(record::Buffer& out, std::string_view text, record::Utf8Trust trust) {
  if (is_clean(text) && text != "null") return out.append(text);
  record::write_json_string(out, text, trust);
}

// `scratch` is a buffer to use, empty before and after.
void write_value(record::Buffer& out, const record::Value& value, record::Buffer& scratch, record::Utf8Trust trust) {
  switch (value.type()) {
    case Type::absent:
    case Type::null:
      return out.append("null");
    case Type::string:
      return write_string(out, value.text(), trust);
    case Type::json:
      if (value.text().starts_with('{') || value.text().starts_with('[')) return write_string(out, value.text(), trust);
      return out.append(value.text());  // a number, true, false or null
    case Type::list:
    case Type::map:
      record::write_json(scratch, value, trust);
      write_string(out, scratch.view(), trust);
      return scratch.clear();
    default:
      return record::write_text(out, value);
  }
}

}  // namespace

void LogfmtEncoder::append(record::Buffer& out, record::Record& record, record::Arena& arena,
                           record::Utf8Trust trust) const {
  record::Buffer scratch;
  bool first = true;
  for (const record::Field& field : record.fields(arena)) {
    if (!first) out.push_back(' ');
    first = false;
    write_key(out, decode_string(field.name, arena).text());
    out.push_back('=');
    write_value(out, decode_string(field.value, arena), scratch, trust);
  }
  out.push_back('\n');
}

}  // namespace sluice::stages
