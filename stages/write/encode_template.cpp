#include "stages/write/encode_template.hpp"

#include <utility>

#include "stages/write/encode_raw.hpp"

namespace sluice::stages {

TemplateEncoder::TemplateEncoder(std::vector<Piece> pieces, std::string missing)
    : pieces_(std::move(pieces)), missing_(std::move(missing)) {}

void TemplateEncoder::append(record::Buffer& out, record::Record& record, record::Arena& arena,
                             record::Utf8Trust) const {
  for (const Piece& piece : pieces_) {
    out.append(piece.text);
    if (!piece.field) continue;
    const record::Value value = piece.field->find(record, arena);
    if (value.is_absent()) {
      out.append(missing_);
    } else {
      write_one_line(out, value);
    }
  }
  out.push_back('\n');
}

std::vector<TemplateEncoder::Piece> parse_template(std::string_view text, record::FieldTable& fields,
                                                   std::optional<TemplateError>& error) {
  std::vector<TemplateEncoder::Piece> pieces(1);
  std::size_t at = 0;
  while (at < text.size()) {
    const char byte = text[at];
    if (byte != '{' && byte != '}') {
      pieces.back().text += byte;
      ++at;
    } else if (at + 1 < text.size() && text[at + 1] == byte) {
      pieces.back().text += byte;
      at += 2;
    } else if (byte == '}') {
      error = {at, "`}` without a `{` before it", "write `}}` for a brace"};
      return {};
    } else {
      const std::size_t end = text.find_first_of("{}", at + 1);
      if (end == std::string_view::npos || text[end] == '{') {
        error = {at, "`{` is not closed", "close it with `}`, or write `{{` for a brace"};
        return {};
      }
      const std::string_view name = text.substr(at + 1, end - at - 1);
      if (name.empty() || name.starts_with('.') || name.ends_with('.') || name.find("..") != std::string_view::npos) {
        error = {at, "`{" + std::string(name) + "}` names no field",
                 "put a name between the braces, such as `{level}`"};
        return {};
      }
      pieces.back().field.emplace(std::string(name), fields);
      pieces.emplace_back();
      at = end + 1;
    }
  }
  return pieces;
}

std::unique_ptr<Encoder> make_template_encoder(const config::Settings& settings, Workshop& workshop) {
  std::optional<TemplateError> error;
  std::vector<TemplateEncoder::Piece> pieces = parse_template(settings.string("template"), workshop.fields, error);
  if (error) {
    workshop.diagnostics.error(settings.locate("template", error->offset), error->message, error->hint);
    return nullptr;
  }
  return std::make_unique<TemplateEncoder>(std::move(pieces), settings.string("missing"));
}

}  // namespace sluice::stages
