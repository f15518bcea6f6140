#include "stages/parse/csv.hpp"

#include <utility>

#include "stages/parse/parse_stage.hpp"
#include "stages/parse/scan.hpp"
#include "stages/parse/text_utf8.hpp"

namespace sluice::stages {

using record::Value;

namespace {

constexpr std::string_view kReason = "invalid_csv";

// Calls `take(value)` for each value of a row, until it returns a failure.
template <class Take>
ParseFailure for_each_value(std::string_view text, char delimiter, record::Arena& arena, Take take) {
  const char* const begin = text.data();
  const char* p = begin;
  const char* const end = p + text.size();
  const auto failed = [&](const char* at, std::string_view what) -> ParseFailure {
    return {kReason, "byte " + std::to_string(at - begin + 1) + ": " + std::string(what)};
  };
  for (;;) {
    Value value;
    if (p == end || *p != '"') {
      // RFC 4180 rule 5: such a field has no quotes inside; where it does, they stand for themselves.
      const char* const stop = find_byte(p, end, delimiter);
      value = Value::string(between(p, stop));
      p = stop;
    } else {
      // Rules 5 to 7: everything up to the closing quote, with two quotes for one.
      const char* const opening = p;
      const char* stop = find_byte(p + 1, end, '"');
      bool has_escapes = false;
      while (end - stop > 1 && stop[1] == '"') {
        has_escapes = true;
        stop = find_byte(stop + 2, end, '"');
      }
      if (stop == end) return failed(opening, "the quote has no end");
      std::string_view inside = between(opening + 1, stop);
      if (has_escapes) {
        char* const copy = static_cast<char*>(arena.allocate(inside.size(), 1));
        char* to = copy;
        for (std::size_t i = 0; i < inside.size(); ++i) {
          *to++ = inside[i];
          if (inside[i] == '"') ++i;
        }
        inside = between(copy, to);
      }
      value = Value::string(inside);
      p = stop + 1;
      if (p != end && *p != delimiter) return failed(p, "expected the delimiter after the closing quote");
    }
    if (ParseFailure failure = take(value)) return failure;
    if (p == end) return {};
    ++p;
  }
}

}  // namespace

CsvFormat::CsvFormat(std::vector<std::string> columns, char delimiter, Ragged ragged)
    : columns_(std::move(columns)), delimiter_(delimiter), ragged_(ragged) {
  for (const std::string& column : columns_) {
    const bool plain = find_special(column.data(), column.data() + column.size()) == column.data() + column.size();
    quoted_.push_back(plain ? '"' + column + '"' : std::string());
  }
}

ParseFailure CsvFormat::parse(std::string_view text, record::Arena& arena, FieldsBuilder& fields) const {
  std::size_t column = 0;
  const auto take = [&](const Value& value) -> ParseFailure {
    if (column < columns_.size()) {
      fields.add(quoted_[column].empty() ? Value::string(columns_[column]) : field_name(quoted_[column]), value);
    } else if (ragged_ == Ragged::accepted) {
      fields.add(arena.copy("column_" + std::to_string(column + 1)), value);
    } else {
      return {kReason, "more values than the " + std::to_string(columns_.size()) + " columns"};
    }
    ++column;
    return {};
  };
  if (ParseFailure failure = for_each_value(text, delimiter_, arena, take)) return failure;
  if (column < columns_.size() && ragged_ == Ragged::rejected) {
    return {kReason, std::to_string(column) + " values for " + std::to_string(columns_.size()) + " columns"};
  }
  return {};
}

ParseFailure CsvFormat::split(std::string_view text, char delimiter, record::Arena& arena,
                              std::vector<std::string>& values) {
  return for_each_value(text, delimiter, arena, [&](const Value& value) -> ParseFailure {
    values.emplace_back(value.text());
    return {};
  });
}

ParseFailure CsvHeaderStage::parse(record::Record& record, record::Arena& arena, FieldsBuilder& fields, Header& header,
                                   Line& kind) {
  std::string_view text;
  if (ParseFailure failure = options_.find_text(record, arena, text)) return failure;
  kind = Line::header;
  if (!header.format) {
    constexpr std::string_view kByteOrderMark = "\xef\xbb\xbf";
    std::vector<std::string> columns;
    const std::string_view names = text.starts_with(kByteOrderMark) ? text.substr(kByteOrderMark.size()) : text;
    if (ParseFailure failure = CsvFormat::split(names, delimiter_, arena, columns)) return failure;
    // The names outlive this batch, and others trust what is not cut from their own lines to be UTF-8.
    for (std::string& column : columns) column = repaired_utf8(column);
    header.line = std::string(text);
    header.format = std::make_unique<CsvFormat>(std::move(columns), delimiter_, ragged_);
    return {};
  }
  if (text == header.line) return {};
  kind = Line::row;
  ParseFailure failure = header.format->parse(text, arena, fields);
  if (!failure && options_.converts()) failure = options_.convert_fields(fields.fields(), arena);
  if (failure) {
    fields.drop();
    return failure;
  }
  options_.store(record, fields.take(), text, arena);
  return {};
}

flow::Error CsvHeaderStage::process(const flow::Context& context, record::Batch& batch, Tally& tally) {
  Header& header = headers_[batch.generator];
  FieldsBuilder fields(batch.arena());
  return for_each_record(context, batch, [&](record::Record& record, flow::Error& error) {
    Line kind = Line::row;
    if (ParseFailure failure = parse(record, batch.arena(), fields, header, kind)) {
      return options_.keep_failed(record, std::move(failure), tally, error);
    }
    if (kind == Line::row) return true;
    ++tally.filtered;
    return false;
  });
}

namespace {

using Settings = config::Settings;

// The character given as `delimiter`; a comma after errors.
char read_delimiter(const Settings& settings, Workshop& workshop) {
  const std::string text = settings.string("delimiter");
  if (text.size() == 1 && text != "\"" && static_cast<unsigned char>(text[0]) < 0x80) return text[0];
  workshop.diagnostics.error(settings.locate("delimiter"), "the delimiter must be one ASCII character other than `\"`",
                             "write \"\\t\", in double quotes, for a tab");
  return ',';
}

template <class Delimiter>
AnyStage make(const Settings& settings, Workshop& workshop, Delimiter delimiter_of) {
  const std::size_t errors = workshop.diagnostics.error_count();
  const char delimiter = delimiter_of(settings, workshop);
  const auto ragged = settings.boolean("ragged") ? CsvFormat::Ragged::accepted : CsvFormat::Ragged::rejected;
  if (settings.has("columns")) {
    std::unique_ptr<const Format> format;
    if (workshop.diagnostics.error_count() == errors) {
      format = std::make_unique<CsvFormat>(settings.strings("columns"), delimiter, ragged);
    }
    return make_parse_stage(std::move(format), settings, workshop);
  }
  ParseOptions options(settings, workshop);
  if (workshop.diagnostics.error_count() > errors) return std::unique_ptr<Processor>();
  return std::make_unique<CsvHeaderStage>(std::move(options), delimiter, ragged);
}

config::StageSpec spec_of(std::string variant, std::string summary) {
  config::StageSpec spec;
  spec.kind = "parse";
  spec.variant = std::move(variant);
  spec.summary = std::move(summary);
  spec.description =
      "Values may be quoted as in RFC 4180. Without `columns` the first line of each generator names them; it is "
      "counted "
      "as filtered, and so is a line that repeats it, as when files are read one after the other. A row with more or "
      "fewer "
      "values than columns is rejected (`invalid_csv`) unless `ragged` is set. Values are strings: see `types`. A "
      "value "
      "cannot hold a line end, since a record is a line.";
  spec.options = {config::Option::list("columns", config::Option::string().not_empty())
                      .not_empty()
                      .doc("the names of the columns; if not given, the first line is the header"),
                  config::Option::boolean("ragged").defaults("false").doc(
                      "accept rows that are too short (fields are missing) or too long (`column_7`)")};
  return spec;
}

}  // namespace

Definition parse_csv() {
  config::StageSpec spec = spec_of("csv", "Comma-separated values (RFC 4180).");
  spec.options.push_back(
      config::Option::string("delimiter").defaults("\",\"").not_empty().doc("the character between values"));
  spec.examples = {{"A header line names the fields",
                    "- parse: {format: csv, types: {status: int}}",
                    {"host,status,note", "web,200,\"a \"\"b\"\", c\"", "db,500,", "too,few"},
                    {R"({"host":"web","status":200,"note":"a \"b\", c"})", R"({"host":"db","status":500,"note":""})"}},
                   {"Columns named here",
                    "- parse: {format: csv, columns: [host, status], delimiter: ;}",
                    {"web;200"},
                    {R"({"host":"web","status":"200"})"}}};
  return {std::move(spec),
          [](const Settings& settings, Workshop& workshop) { return make(settings, workshop, read_delimiter); }};
}

Definition parse_tsv() {
  config::StageSpec spec = spec_of("tsv", "Tab-separated values.");
  spec.examples = {{"A header line names the fields",
                    "- parse: tsv",
                    {"host\tstatus", "web\t200"},
                    {R"({"host":"web","status":"200"})"}}};
  return {std::move(spec), [](const Settings& settings, Workshop& workshop) {
            return make(settings, workshop, [](const Settings&, Workshop&) { return '\t'; });
          }};
}

}  // namespace sluice::stages
