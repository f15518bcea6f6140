// encode: csv, columns: [time, status, http.path]
//
// RFC 4180, section 2: fields with a comma, a quote or a line end are quoted, quotes in them doubled. Lines end in a
// line feed alone, as all other outputs do. A missing field and null are empty; lists and maps are JSON.
#pragma once

#include <string>
#include <vector>

#include "stages/write/encoder.hpp"
#include "stages/write/field_path.hpp"

namespace sluice::stages {

class CsvEncoder final : public Encoder {
 public:
  CsvEncoder(const std::vector<std::string>& columns, bool with_header, record::FieldTable& fields);

  void append(record::Buffer& out, record::Record& record, record::Arena& arena,
              record::Utf8Trust trust) const override;
  std::string_view preamble() const override { return header_; }

 private:
  std::vector<FieldPath> columns_;
  std::string header_;
};

}  // namespace sluice::stages
