#include "stages/parse/joining_stage.hpp"

#include <fmt/format.h>

#include <charconv>
#include <sstream>

#include "stages/parse/parse_stage.hpp"
#include "stages/parse/text_utf8.hpp"

namespace sluice::stages {

using record::Field;
using record::Value;

namespace {

template <class Number>
bool read_number(std::string_view text, Number& value, int base = 10) {
  return std::from_chars(text.data(), text.data() + text.size(), value, base).ec == std::errc();
}

}  // namespace

Stream stream_named(std::string_view name) {
  return name == "stdout" ? Stream::standard_output : name == "stderr" ? Stream::standard_error : Stream::other;
}

std::string_view stream_name(Stream stream) {
  return stream == Stream::standard_output ? "stdout" : stream == Stream::standard_error ? "stderr" : "";
}

ParseFailure JoiningStage::store(record::Record& record, std::string_view text, record::Arena& arena,
                                 FieldsBuilder& fields) const {
  if (options_.converts()) {
    if (ParseFailure failure = options_.convert_fields(fields.fields(), arena)) {
      fields.drop();
      return failure;
    }
  }
  options_.store(record, fields.take(), text, arena);
  return {};
}

ParseFailure JoiningStage::parse(record::Record& record, record::Batch& batch, FieldsBuilder& fields,
                                 Outcome& outcome) {
  std::string_view text;
  if (ParseFailure failure = options_.find_text(record, batch.arena(), text)) return failure;
  Part part;
  if (ParseFailure failure = format_->parse(text, batch.arena(), fields, part)) {
    fields.drop();
    return failure;
  }
  outcome = Outcome::record;
  Held& held = held_[batch.generator][static_cast<std::size_t>(part.stream)];
  if (!part.message || (part.complete && held.parts == 0)) return store(record, text, batch.arena(), fields);
  Field& message = fields.fields()[*part.message];
  if (held.parts == 0) {
    held.text.clear();
    held.is_counted = false;
    held.time = part.time ? std::optional(fields.fields()[*part.time].value.as_timestamp()) : std::nullopt;
  }
  held.text.append(message.value.text());
  if (!part.complete && held.text.size() < max_bytes_) {
    ++held.parts;
    held.is_counted = true;
    fields.drop();
    outcome = Outcome::held;
    return {};
  }
  held.parts = 0;
  // Parts of earlier batches may hold bytes that this batch's writer trusts not to see.
  const bool repair = batch.is_utf8() && !is_valid_utf8(held.text);
  message.value = Value::string(batch.arena().copy(repair ? repaired_utf8(held.text) : held.text));
  if (part.time && held.time) fields.fields()[*part.time].value = Value::timestamp(*held.time);
  return store(record, text, batch.arena(), fields);
}

flow::Error JoiningStage::process(const flow::Context& context, record::Batch& batch, Tally& tally) {
  FieldsBuilder fields(batch.arena());
  return for_each_record(context, batch, [&](record::Record& record, flow::Error& error) {
    Outcome outcome = Outcome::record;
    if (ParseFailure failure = parse(record, batch, fields, outcome)) {
      return options_.keep_failed(record, std::move(failure), tally, error);
    }
    if (outcome == Outcome::record) return true;
    ++tally.filtered;
    return false;
  });
}

std::string JoiningStage::save() const {
  std::string saved;
  for (const auto& [generator, streams] : held_) {
    for (std::size_t stream = 0; stream < streams.size(); ++stream) {
      const Held& held = streams[stream];
      if (held.parts == 0) continue;
      saved += fmt::format("{} {} {} ", generator, stream, held.parts);
      saved += held.time ? fmt::format("{} {} ", held.time->seconds, held.time->nanoseconds) : "- - ";
      for (const char c : held.text) saved += fmt::format("{:02x}", static_cast<unsigned char>(c));
      saved += ';';
    }
  }
  return saved;
}

flow::Error JoiningStage::restore(std::string_view saved) {
  const flow::Error broken(std::errc::invalid_argument, "what is saved of unfinished messages cannot be read");
  while (!saved.empty()) {
    const std::string_view entry = saved.substr(0, saved.find(';'));
    if (entry.size() == saved.size()) return broken;
    saved.remove_prefix(entry.size() + 1);
    std::istringstream words{std::string(entry)};
    std::size_t generator = 0;
    std::size_t stream = 0;
    Held held;
    std::string seconds;
    std::string nanoseconds;
    std::string text;
    words >> generator >> stream >> held.parts >> seconds >> nanoseconds;
    if (!words || stream >= held_[generator].size() || held.parts == 0) return broken;
    words >> text;
    record::Timestamp time;
    if (seconds != "-") {
      if (!read_number(seconds, time.seconds) || !read_number(nanoseconds, time.nanoseconds)) return broken;
      held.time = time;
    }
    for (std::size_t i = 0; i + 1 < text.size(); i += 2) {
      unsigned byte = 0;
      if (!read_number(std::string_view(text).substr(i, 2), byte, 16)) return broken;
      held.text += static_cast<char>(byte);
    }
    held_[generator][stream] = std::move(held);
  }
  return {};
}

flow::Error JoiningStage::finish(const flow::Context&, record::Batch& batch, Tally& tally) {
  FieldsBuilder fields(batch.arena());
  flow::Error error;
  for (auto& [generator, streams] : held_) {
    for (std::size_t stream = 0; stream < streams.size(); ++stream) {
      Held& held = streams[stream];
      if (held.parts == 0) continue;
      held.parts = 0;
      if (held.is_counted) --tally.filtered;  // a part of it becomes the record after all
      if (held.time) fields.add(field_name("\"time\""), Value::timestamp(*held.time));
      if (stream != 0) fields.add("stream", Value::string(stream_name(static_cast<Stream>(stream))));
      const std::string_view text = batch.arena().copy(repaired_utf8(held.text));
      fields.add(field_name("\"message\""), Value::string(text));
      record::Record record(text);
      ParseFailure failure = store(record, text, batch.arena(), fields);
      if (!failure || options_.keep_failed(record, std::move(failure), tally, error)) batch.records().push_back(record);
    }
  }
  return error;
}

}  // namespace sluice::stages
