// parse: logfmt
#pragma once

#include "stages/parse/format.hpp"
#include "stages/registry.hpp"

namespace sluice::stages {

// `key=value key2="quoted value" key3`, as Go's logfmt package (github.com/go-logfmt/logfmt) decodes it.
//
//   - parse: logfmt
class LogfmtFormat final : public Format {
 public:
  // Whether unquoted values that look like JSON numbers or booleans become such.
  enum class Values : bool { texts, inferred };

  explicit LogfmtFormat(Values values) : values_(values) {}

  ParseFailure parse(std::string_view text, record::Arena& arena, FieldsBuilder& fields) const override;

 private:
  class Reader;
  Values values_;
};

Definition parse_logfmt();

}  // namespace sluice::stages
