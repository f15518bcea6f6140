// encode: raw: the line as it was read, whatever stages made of it since.
//
// A record that was not read as a line is written as the text of its field `message`, line ends in it as `\n`; without
// that field, as JSON.
#pragma once

#include "record/field_table.hpp"
#include "stages/write/encoder.hpp"

namespace sluice::stages {

class RawEncoder final : public Encoder {
 public:
  explicit RawEncoder(record::FieldTable& fields) : message_(fields.intern(record::Record::kMessage)) {}

  void append(record::Buffer& out, record::Record& record, record::Arena& arena,
              record::Utf8Trust trust) const override;

 private:
  record::FieldKey message_;
};

// Appends a value as text on one line: '\n' and '\r' in it are written as a backslash and a letter, so that a value
// from outside can never forge a record.
void write_one_line(record::Buffer& out, const record::Value& value);

}  // namespace sluice::stages
