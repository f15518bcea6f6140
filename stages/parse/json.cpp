#include "stages/parse/json.hpp"

#include <memory>
#include <mutex>
#include <utility>
#include <vector>

#include "record/json_index.hpp"
#include "stages/parse/parse_stage.hpp"

namespace sluice::stages {

namespace {

using record::JsonIndexer;
using record::Record;

// Indexers for as many workers as are at work, kept for the next batch.
class IndexerPool {
 public:
  explicit IndexerPool(const record::FieldTable& fields) : fields_(fields) {}

  std::unique_ptr<JsonIndexer> take() {
    {
      const std::lock_guard lock(mutex_);
      if (!idle_.empty()) {
        std::unique_ptr<JsonIndexer> indexer = std::move(idle_.back());
        idle_.pop_back();
        return indexer;
      }
    }
    return make();
  }

  // Made at the first batch, when every stage has interned its fields.
  std::unique_ptr<JsonIndexer> make() const { return std::make_unique<JsonIndexer>(fields_); }

  void give_back(std::unique_ptr<JsonIndexer> indexer) {
    indexer->failures().clear();
    const std::lock_guard lock(mutex_);
    idle_.push_back(std::move(indexer));
  }

 private:
  const record::FieldTable& fields_;
  std::mutex mutex_;
  std::vector<std::unique_ptr<JsonIndexer>> idle_;  // guarded by mutex_
};

class ParseJson final : public Processor {
 public:
  ParseJson(ParseOptions options, const record::FieldTable& fields) : options_(std::move(options)), pool_(fields) {}

  flow::Error process(const flow::Context& context, record::Batch& batch, Tally& tally) override {
    std::unique_ptr<JsonIndexer> indexer = pool_.take();
    const bool whole_lines = options_.reads_line() && !options_.stores_into() && !options_.stores_raw();
    flow::Error error =
        whole_lines ? parse_lines(context, batch, *indexer, tally) : parse_each(context, batch, *indexer, tally);
    pool_.give_back(std::move(indexer));
    if (!error && options_.converts() && whole_lines) error = convert(context, batch, tally);
    return error;
  }

  std::vector<Remark> explain(const flow::Context&, Record& record, record::Arena& arena) const override {
    std::vector<Remark> remarks;
    const std::unique_ptr<JsonIndexer> indexer = pool_.make();
    std::string_view text;
    Record parsed;
    ParseFailure failure = index(record, arena, *indexer, text, parsed);
    if (!failure) {
      options_.explain_time(parsed, arena, remarks);
      failure = options_.convert_record(parsed, arena);
    }
    if (failure) options_.explain_failure(failure, remarks);
    return remarks;
  }

 private:
  // The fast way: every line of the batch at once, in place.
  flow::Error parse_lines(const flow::Context& context, record::Batch& batch, JsonIndexer& indexer,
                          Tally& tally) const {
    indexer.index(batch.records(), batch.arena());
    std::vector<JsonIndexer::Failed>& failures = indexer.failures();
    if (failures.empty()) return {};
    std::size_t next = 0;
    std::size_t at = 0;
    return for_each_record(context, batch, [&](Record& record, flow::Error& error) {
      if (next == failures.size() || failures[next].record != at++) return true;
      record::JsonFailure& why = failures[next++].why;
      return options_.keep_failed(record, {why.reason, std::move(why.detail)}, tally, error);
    });
  }

  flow::Error parse_each(const flow::Context& context, record::Batch& batch, JsonIndexer& indexer, Tally& tally) const {
    return for_each_record(context, batch, [&](Record& record, flow::Error& error) {
      ParseFailure failure = parse(record, batch.arena(), indexer);
      return !failure || options_.keep_failed(record, std::move(failure), tally, error);
    });
  }

  // The text, and the record that it is.
  ParseFailure index(Record& record, record::Arena& arena, JsonIndexer& indexer, std::string_view& text,
                     Record& parsed) const {
    if (ParseFailure failure = options_.find_text(record, arena, text)) return failure;
    parsed = record;
    if (indexer.index_one(text, parsed, arena)) return {};
    record::JsonFailure& why = indexer.failures().back().why;
    ParseFailure failure{why.reason, std::move(why.detail)};
    indexer.failures().clear();
    return failure;
  }

  ParseFailure parse(Record& record, record::Arena& arena, JsonIndexer& indexer) const {
    std::string_view text;
    Record parsed;
    if (ParseFailure failure = index(record, arena, indexer, text, parsed)) return failure;
    if (options_.converts()) {
      if (ParseFailure failure = options_.convert_record(parsed, arena)) return failure;
    }
    if (options_.stores_into()) {
      options_.store_into(record, as_value(parsed, arena), arena);
    } else {
      record = parsed;
    }
    if (options_.stores_raw()) options_.store_raw(record, text, arena);
    return {};
  }

  static record::Value as_value(Record& parsed, record::Arena& arena) {
    if (parsed.form() == Record::Form::json && parsed.added().empty()) return record::Value::json(parsed.json_text());
    return record::Value::map(parsed.fields(arena));
  }

  flow::Error convert(const flow::Context& context, record::Batch& batch, Tally& tally) const {
    return for_each_record(context, batch, [&](Record& record, flow::Error& error) {
      if (record.form() != Record::Form::json) return true;  // did not parse, passed on
      Record converted = record;
      if (ParseFailure failure = options_.convert_record(converted, batch.arena())) {
        return options_.keep_failed(record, std::move(failure), tally, error);
      }
      record = converted;
      return true;
    });
  }

  ParseOptions options_;
  IndexerPool pool_;
};

AnyStage make(const config::Settings& settings, Workshop& workshop) {
  const std::size_t errors = workshop.diagnostics.error_count();
  ParseOptions options(settings, workshop);
  if (workshop.diagnostics.error_count() > errors) return std::unique_ptr<Processor>();
  return std::unique_ptr<Processor>(std::make_unique<ParseJson>(std::move(options), workshop.fields));
}

}  // namespace

Definition parse_json() {
  config::StageSpec spec;
  spec.kind = "parse";
  spec.variant = "json";
  spec.summary = "Reads each line as one JSON object.";
  spec.description =
      "Every line is validated in full (RFC 8259, UTF-8). A record that no stage changes is written byte for byte as "
      "it\n"
      "came: numbers such as 1.0 or 12345678901234567890 and escapes keep their text. Of several fields of one name "
      "the\n"
      "last counts for reading. What is no object is rejected: `invalid_json`, `invalid_utf8`, `not_an_object`, or\n"
      "`too_deep` beyond 1024 levels of nesting.";
  spec.options = {};
  spec.examples = {
      {"JSON lines",
       "- parse: json",
       {R"({"level": "info", "n": 1.0})", "{broken"},
       {R"({"level": "info", "n": 1.0})"}},
      {"JSON in a field of JSON, put under a name of its own",
       "- parse: json\n- parse: {format: json, field: log, into: app}",
       {R"({"pod":"web-1","log":"{\"status\":200}"})"},
       {R"({"pod":"web-1","log":"{\"status\":200}","app":{"status":200}})"}},
  };
  return {std::move(spec), make};
}

}  // namespace sluice::stages
