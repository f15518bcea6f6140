#include "stages/parse/parse_stage.hpp"

#include <utility>

namespace sluice::stages {

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
  FieldsBuilder fields(batch.arena());
  return for_each_record(context, batch, [&](record::Record& record, flow::Error& error) {
    ParseFailure failure = parse(record, batch.arena(), fields);
    return !failure || options_.keep_failed(record, std::move(failure), tally, error);
  });
}

std::vector<Remark> ParseStage::explain(const flow::Context&, record::Record& record, record::Arena& arena) const {
  std::vector<Remark> remarks;
  std::string_view text;
  FieldsBuilder fields(arena);
  ParseFailure failure = options_.find_text(record, arena, text);
  if (!failure) {
    if (std::string which = format_->which(text); !which.empty()) remarks.push_back({0, std::move(which)});
    failure = format_->parse(text, arena, fields);
  }
  if (!failure) {
    options_.explain_time(fields.fields(), arena, remarks);
    failure = options_.convert_fields(fields.fields(), arena);
  }
  if (failure) options_.explain_failure(failure, remarks);
  return remarks;
}

AnyStage make_parse_stage(std::unique_ptr<const Format> format, const config::Settings& settings, Workshop& workshop) {
  const std::size_t errors = workshop.diagnostics.error_count();
  ParseOptions options(settings, workshop);
  if (!format || workshop.diagnostics.error_count() > errors) return std::unique_ptr<Processor>();
  return std::make_unique<ParseStage>(std::move(format), std::move(options));
}

}  // namespace sluice::stages
