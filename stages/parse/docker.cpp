#include "stages/parse/docker.hpp"

#include <memory>

#include "record/json.hpp"
#include "stages/parse/scan.hpp"

namespace sluice::stages {

using record::Value;

ParseFailure DockerFormat::parse(std::string_view text, record::Arena& arena, FieldsBuilder& fields, Part& part) {
  if (!indexer_) indexer_ = std::make_unique<record::JsonIndexer>(fields_);
  record::Record object;
  if (!indexer_->index_one(text, object, arena)) {
    record::JsonFailure& why = indexer_->failures().back().why;
    ParseFailure failure{why.reason, std::move(why.detail)};
    indexer_->failures().clear();
    return failure;
  }
  for (const record::Field& member : object.fields(arena)) {
    const Value name = member.name.is(record::Type::json) ? record::resolve(member.name, arena) : member.name;
    const std::size_t index = fields.fields().size();
    Value value = member.value;
    if (name.text() == "log") {
      value = record::resolve(value, arena);
      if (!value.is(record::Type::string)) return {"invalid_docker", "`log` is no string"};
      std::string_view log = value.text();
      part.complete = log.ends_with('\n');
      if (part.complete) log.remove_suffix(1);
      if (log.ends_with('\r')) log.remove_suffix(1);
      part.message = index;
      fields.add(field_name("\"message\""), Value::string(log));
      continue;
    }
    if (name.text() == "stream") {
      value = record::resolve(value, arena);
      if (!value.is(record::Type::string)) return {"invalid_docker", "`stream` is no string"};
      part.stream = stream_named(value.text());
    } else if (name.text() == "time") {
      value = record::resolve(value, arena);
      static const TimeFormat format;
      const std::optional<record::Timestamp> time = format.convert(value);
      if (!time) return {"invalid_docker", "`time` is no RFC 3339 time"};
      value = Value::timestamp(*time);
      part.time = index;
    }
    fields.add(name, value);
  }
  if (!part.message) return {"invalid_docker", "there is no member `log`"};
  return {};
}

Definition parse_docker() {
  config::StageSpec spec;
  spec.kind = "parse";
  spec.variant = "docker";
  spec.summary = "Container logs of Docker's json-file driver, with split lines joined.";
  spec.description =
      "`log` becomes `message`, without its line end; `time` becomes a timestamp; other members such as `stream` and "
      "`attrs` are kept. A line whose `log` does not end in a line feed is held back and joined, for each stream, to "
      "the "
      "next; the joined record has the time of the first, and the lines held back are counted as filtered. A message "
      "that "
      "grows beyond `pipeline: max_line` is let go in pieces. Lines that are no JSON objects, or have no `log`, are "
      "rejected. Lines are read in order, one batch at a time. If the message is JSON itself, a second stage `parse: "
      "{format: json, field: message}` reads it.";
  spec.examples = {
      {"A split line",
       "- parse: docker",
       {R"({"log":"first half, ","stream":"stdout","time":"2019-04-01T17:58:33.598656444Z"})",
        R"({"log":"second half\n","stream":"stdout","time":"2019-04-01T17:58:33.698656444Z"})"},
       {R"({"message":"first half, second half","stream":"stdout","time":"2019-04-01T17:58:33.598656444Z"})"}}};
  return {std::move(spec), [](const config::Settings& settings, Workshop& workshop) -> AnyStage {
            const std::size_t errors = workshop.diagnostics.error_count();
            ParseOptions options(settings, workshop);
            if (workshop.diagnostics.error_count() > errors) return std::unique_ptr<Processor>();
            return std::make_unique<JoiningStage>(std::make_unique<DockerFormat>(workshop.fields), std::move(options),
                                                  workshop.max_line);
          }};
}

}  // namespace sluice::stages
