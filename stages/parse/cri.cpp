#include "stages/parse/cri.hpp"

#include <memory>

#include "stages/parse/scan.hpp"

namespace sluice::stages {

using record::Value;

ParseFailure CriFormat::parse(std::string_view text, record::Arena&, FieldsBuilder& fields, Part& part) {
  const char* p = text.data();
  const char* const end = p + text.size();
  const auto expected = [&](std::string_view what) -> ParseFailure {
    return {"invalid_cri", "byte " + std::to_string(p - text.data() + 1) + ": expected " + std::string(what)};
  };
  const char* space = find_byte(p, end, ' ');
  std::string_view time_text = between(p, space);
  const std::optional<WrittenTime> written = read_iso_time(time_text);
  const std::optional<record::Timestamp> time = written && time_text.empty() ? written->instant(times_) : std::nullopt;
  if (!time || space == end) return expected("a time such as 2016-10-06T00:17:09.669794202Z, and a space");
  p = space + 1;
  space = find_byte(p, end, ' ');
  part.stream = stream_named(between(p, space));
  if (space == end || part.stream == Stream::other) return expected("stdout or stderr");
  p = space + 1;
  space = find_byte(p, end, ' ');
  const std::string_view tag = between(p, find_byte(p, space, ':'));
  if (tag != "P" && tag != "F") return expected("the tag P or F");
  part.complete = tag == "F";
  p = space == end ? end : space + 1;

  part.time = 0;
  fields.add(field_name("\"time\""), Value::timestamp(*time));
  fields.add(field_name("\"stream\""), Value::string(stream_name(part.stream)));
  part.message = 2;
  fields.add(field_name("\"message\""), Value::string(between(p, end)));
  return {};
}

Definition parse_cri() {
  config::StageSpec spec;
  spec.kind = "parse";
  spec.variant = "cri";
  spec.summary = "Container logs of Kubernetes (containerd, CRI-O), with partial lines joined.";
  spec.description =
      "Finds `time` (a timestamp), `stream` and `message`. Lines with the tag P are held back and joined, for each "
      "stream, "
      "to the one with the tag F that completes them; the joined record has the time of the first, and the lines held "
      "back "
      "are counted as filtered. A message that grows beyond `pipeline: max_line` is let go in pieces. Other lines are "
      "rejected (`invalid_cri`). Lines are read in order, one batch at a time. Lines of several containers must not be "
      "mixed in one generator, since nothing in them tells them apart.";
  spec.examples = {
      {"A partial line",
       "- parse: cri",
       {"2016-10-06T00:17:09.669794202Z stdout P first half, ", "2016-10-06T00:17:09.700000000Z stderr F other",
        "2016-10-06T00:17:10.113242941Z stdout F second half"},
       {R"({"time":"2016-10-06T00:17:09.700Z","stream":"stderr","message":"other"})",
        R"({"time":"2016-10-06T00:17:09.669794202Z","stream":"stdout","message":"first half, second half"})"}}};
  return {std::move(spec), [](const config::Settings& settings, Workshop& workshop) -> AnyStage {
            const std::size_t errors = workshop.diagnostics.error_count();
            ParseOptions options(settings, workshop);
            if (workshop.diagnostics.error_count() > errors) return std::unique_ptr<Processor>();
            return std::make_unique<JoiningStage>(std::make_unique<CriFormat>(time_context(settings, workshop)),
                                                  std::move(options), workshop.max_line);
          }};
}

}  // namespace sluice::stages
