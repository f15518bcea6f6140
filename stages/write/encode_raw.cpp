#include "stages/write/encode_raw.hpp"

#include <string_view>

#include "stages/write/field_path.hpp"

namespace sluice::stages {

void write_one_line(record::Buffer& out, const record::Value& value) {
  if (!value.is(record::Type::string)) return record::write_text(out, value);
  std::string_view text = value.text();
  for (std::size_t at = text.find_first_of("\n\r"); at != std::string_view::npos; at = text.find_first_of("\n\r")) {
    out.append(text.substr(0, at));
    out.append(text[at] == '\n' ? "\\n" : "\\r");
    text.remove_prefix(at + 1);
  }
  out.append(text);
}

void RawEncoder::append(record::Buffer& out, record::Record& record, record::Arena& arena,
                        record::Utf8Trust trust) const {
  if (record.line().data() != nullptr) {
    out.append(record.line());
  } else if (const record::Value message = decode_string(record.find(message_), arena); !message.is_absent()) {
    write_one_line(out, message);
  } else {
    record::write_json(out, record, trust);
  }
  out.push_back('\n');
}

}  // namespace sluice::stages
