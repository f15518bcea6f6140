// parse: csv, and parse: tsv
#pragma once

#include <cstddef>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "stages/parse/format.hpp"
#include "stages/parse/parse_options.hpp"
#include "stages/registry.hpp"

namespace sluice::stages {

// Rows of values separated by one character, quoted as RFC 4180 section 2 has it; a row is a line.
//
//   - parse: {format: csv, columns: [time, host, status]}
class CsvFormat final : public Format {
 public:
  // What becomes of rows that are shorter or longer than the columns.
  enum class Ragged : bool { rejected, accepted };

  CsvFormat(std::vector<std::string> columns, char delimiter, Ragged ragged);

  ParseFailure parse(std::string_view text, record::Arena& arena, FieldsBuilder& fields) const override;

  // The values of a row, as they are without quotes. Used for header lines.
  static ParseFailure split(std::string_view text, char delimiter, record::Arena& arena,
                            std::vector<std::string>& values);

 private:
  std::vector<std::string> columns_;
  std::vector<std::string> quoted_;  // the names as JSON, where they need no escapes; else empty
  char delimiter_;
  Ragged ragged_;
};

// The stage for files that begin with a header line: the first line of each generator names the columns, and so does a
// line that repeats it (files read one after the other). Header lines are counted as filtered.
// Its state is the header, so it works in order.
class CsvHeaderStage final : public Processor {
 public:
  CsvHeaderStage(ParseOptions options, char delimiter, CsvFormat::Ragged ragged)
      : options_(std::move(options)), delimiter_(delimiter), ragged_(ragged) {}

  flow::Error process(const flow::Context& context, record::Batch& batch, Tally& tally) override;
  bool serial() const override { return true; }

 private:
  struct Header {
    std::string line;
    std::unique_ptr<const CsvFormat> format;
  };
  enum class Line { header, row };

  ParseFailure parse(record::Record& record, record::Arena& arena, FieldsBuilder& fields, Header& header, Line& kind);

  ParseOptions options_;
  char delimiter_;
  CsvFormat::Ragged ragged_;
  std::map<std::size_t, Header> headers_;  // by generator
};

Definition parse_csv();
Definition parse_tsv();

}  // namespace sluice::stages
