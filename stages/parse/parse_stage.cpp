#include "stages/parse/parse_stage.hpp"

#include <utility>

namespace sluice::stages {

namespace {
constexpr std::size_t kRecordsBetweenChecks = 1000;
}

ParseStage::ParseStage(std::unique_ptr<const Format> format, ParseOptions options)
    : format_(std::move(format)), options_(std::move(options)) {}

ParseFailure ParseStage::parse(record::Record& record, record::Arena& arena, FieldsBuilder& fields) const {
  std::string_view text;
  if (ParseFailure failure = options_.find_text(record, arena, text)) return failure;
  if (ParseFailure failure = format_->parse(text, arena, fields)) {
    fields.drop();
    return failure;
  }
  if (options_.converts()) {
    if (ParseFailure failure = options_.convert_fields(fields.fields(), arena)) {
      fields.drop();
      return failure;
    }
  }
  options_.store(record, fields.take(), text, arena);
  return {};
}

flow::Error ParseStage::process(const flow::Context& context, record::Batch& batch, Tally& tally) {
  std::vector<record::Record>& records = batch.records();
  FieldsBuilder fields(batch.arena());
  flow::Error error;
  std::size_t kept = 0;
  std::size_t next = 0;
  for (; next < records.size() && !error; ++next) {
    if (next % kRecordsBetweenChecks == 0 && context.done()) {
      error = context.cause();
      break;
    }
    record::Record& record = records[next];
    if (ParseFailure failure = parse(record, batch.arena(), fields)) {
      if (!options_.keep_failed(record, std::move(failure), tally, error)) continue;
    }
    if (kept != next) records[kept] = record;
    ++kept;
  }
  records.erase(records.begin() + static_cast<std::ptrdiff_t>(kept),
                records.begin() + static_cast<std::ptrdiff_t>(next));
  return error;
}

AnyStage make_parse_stage(std::unique_ptr<const Format> format, const config::Settings& settings, Workshop& workshop) {
  const std::size_t errors = workshop.diagnostics.error_count();
  ParseOptions options(settings, workshop);
  if (!format || workshop.diagnostics.error_count() > errors) return std::unique_ptr<Processor>();
  return std::make_unique<ParseStage>(std::move(format), std::move(options));
}

}  // namespace sluice::stages
