#include "stages/write/encoder.hpp"

#include <algorithm>
#include <span>
#include <string>

#include "stages/write/encode_csv.hpp"
#include "stages/write/encode_json.hpp"
#include "stages/write/encode_logfmt.hpp"
#include "stages/write/encode_raw.hpp"
#include "stages/write/encode_template.hpp"

namespace sluice::stages {
namespace {

// The text of JSON records was validated when it was parsed: checking the few strings that were added is cheaper than
// validating the slab again.
record::Utf8Trust trust_of(const record::Batch& batch) {
  const auto is_json = [](const record::Record& record) { return record.form() == record::Record::Form::json; };
  if (std::ranges::all_of(batch.records(), is_json)) return record::Utf8Trust::check;
  return batch.is_utf8() ? record::Utf8Trust::trusted : record::Utf8Trust::check;
}

// An option that belongs to one encoding is an error beside another, and `required` ones may not be left out.
bool fits(const config::Settings& settings, Workshop& workshop, const std::string& encoding, const std::string& option,
          bool required) {
  const bool chosen = settings.string("encode") == encoding;
  if (chosen && required && !settings.has(option)) {
    workshop.diagnostics.error(settings.locate("encode"), "`encode: " + encoding + "` needs `" + option + "`",
                               "add `" + option + ":` beside it", encoding.size());
    return false;
  }
  if (!chosen && settings.has(option)) {
    workshop.diagnostics.error(settings.locate(option),
                               "`" + option + "` has no meaning without `encode: " + encoding + "`",
                               "add `encode: " + encoding + "`, or leave `" + option + "` out");
    return false;
  }
  return true;
}

}  // namespace

void encode_batch(const flow::Context& context, const Encoder& encoder, record::Batch& batch) {
  batch.output().clear();
  encode_records(context, encoder, batch, batch.output(), 0, batch.size());
}

void encode_records(const flow::Context&, const Encoder& encoder, record::Batch& batch, record::Buffer& out,
                    std::size_t first, std::size_t count) {
  // Within one batch the context is not asked: a batch that was taken for encoding is encoded.
  const record::Utf8Trust trust = trust_of(batch);
  for (record::Record& record : std::span(batch.records()).subspan(first, count)) {
    encoder.append(out, record, batch.arena(), trust);
  }
}

WholeRecords whole_records(const flow::Context& context, const Encoder& encoder, record::Batch& batch,
                           std::size_t bytes) {
  if (bytes >= batch.output().size()) return {batch.size(), batch.output().size()};
  return whole_records(context, encoder, batch, 0, batch.size(), bytes);
}

WholeRecords whole_records(const flow::Context&, const Encoder& encoder, record::Batch& batch, std::size_t first,
                           std::size_t count, std::size_t bytes) {
  WholeRecords whole;
  record::Buffer text;
  const record::Utf8Trust trust = trust_of(batch);
  for (record::Record& record : std::span(batch.records()).subspan(first, count)) {
    text.clear();
    encoder.append(text, record, batch.arena(), trust);
    if (whole.bytes + text.size() > bytes) break;
    ++whole.records;
    whole.bytes += text.size();
  }
  return whole;
}

std::vector<config::Option> encode_options() {
  using config::Choice;
  using config::Option;
  return {
      Option::choice(
          "encode",
          {Choice("json", "one JSON object a line; unchanged JSON records come out byte for byte"),
           Choice("logfmt", "`key=value` pairs; lists and maps as JSON"), Choice("raw", "the line as it was read"),
           Choice("csv", "RFC 4180, lines end in a line feed"), Choice("template", "a text with `{field}`")})
          .defaults("json")
          .doc("how a record is written"),
      Option::string("template")
          .example("'{time} {level} {message}'")
          .doc("for `encode: template`: `{field}`, `{a.b}` for nested fields, `{{` and `}}` for braces; line ends "
               "within "
               "values are written as `\\n`"),
      Option::string("missing").defaults("''").doc("for `encode: template`: what stands for a field that is not there"),
      Option::list("columns", Option::string().not_empty())
          .not_empty()
          .example("[time, status, path]")
          .doc("for `encode: csv`: the fields, `a.b` for nested ones; empty where a field is missing or null"),
      Option::boolean("header").defaults("true").doc("for `encode: csv`: write the columns' names first"),
  };
}

std::unique_ptr<Encoder> make_encoder(const config::Settings& settings, Workshop& workshop) {
  bool good = fits(settings, workshop, "template", "template", true);
  good = fits(settings, workshop, "template", "missing", false) && good;
  good = fits(settings, workshop, "csv", "columns", true) && good;
  good = fits(settings, workshop, "csv", "header", false) && good;
  if (!good) return nullptr;
  const std::string encoding = settings.string("encode");
  if (encoding == "logfmt") return std::make_unique<LogfmtEncoder>(workshop.fields);
  if (encoding == "raw") return std::make_unique<RawEncoder>(workshop.fields);
  if (encoding == "csv") {
    return std::make_unique<CsvEncoder>(settings.strings("columns"), settings.boolean("header"), workshop.fields);
  }
  if (encoding == "template") return make_template_encoder(settings, workshop);
  return std::make_unique<JsonEncoder>();
}

}  // namespace sluice::stages
