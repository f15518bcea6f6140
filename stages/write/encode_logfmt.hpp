// encode: logfmt: `level=info msg="two words" took=1.5`.
//
// There is no standard; the rules are those of go-logfmt/logfmt (encode.go, jsonstring.go), which every Go program
// reads back:
// - A value is quoted if it has a byte up to ' ', '=', '"' or U+FFFD in it, or is the text `null`; within quotes JSON's
//   escapes hold. The empty string is written as nothing after the '='.
// - null is `null`; lists and maps are their JSON text, quoted where that needs it.
// Unlike there, bytes that no key may have (up to ' ', '=', '"', broken UTF-8) become '_' rather than vanish, so that
// "a b" and "ab" stay two keys. A record without fields is an empty line.
#pragma once

#include "record/field_table.hpp"
#include "stages/write/encoder.hpp"

namespace sluice::stages {

class LogfmtEncoder final : public Encoder {
 public:
  // It lists all fields of a record, so parsers must find them all.
  explicit LogfmtEncoder(record::FieldTable& fields) { fields.read_everything(); }

  void append(record::Buffer& out, record::Record& record, record::Arena& arena,
              record::Utf8Trust trust) const override;
};

}  // namespace sluice::stages
