// encode: template, template: '{time} {level} {http.status} {message}'
//
// `{field}` is the field's text: strings as they are, lists and maps as JSON, null as `null`; `{a.b}` is a nested field
// (see field_path.hpp). `{{` and `}}` are braces. Line ends within a value are written as `\n`, so that a record stays
// one line; those of the template itself are kept.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "stages/write/encoder.hpp"
#include "stages/write/field_path.hpp"

namespace sluice::stages {

class TemplateEncoder final : public Encoder {
 public:
  // A text, then a field unless it is the last piece.
  struct Piece {
    std::string text;
    std::optional<FieldPath> field;
  };
  TemplateEncoder(std::vector<Piece> pieces, std::string missing);

  void append(record::Buffer& out, record::Record& record, record::Arena& arena,
              record::Utf8Trust trust) const override;

 private:
  std::vector<Piece> pieces_;
  std::string missing_;
};

// What is wrong with a template, and the byte where.
struct TemplateError {
  std::size_t offset = 0;
  std::string message;
  std::string hint;
};

// The pieces of a template; empty after an error (which is then set).
std::vector<TemplateEncoder::Piece> parse_template(std::string_view text, record::FieldTable& fields,
                                                   std::optional<TemplateError>& error);

// From the options `template` and `missing`; null after errors went to the workshop's diagnostics.
std::unique_ptr<Encoder> make_template_encoder(const config::Settings& settings, Workshop& workshop);

}  // namespace sluice::stages
