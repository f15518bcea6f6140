#include "stages/filter/filter.hpp"

#include <array>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "stages/compile_expression.hpp"

namespace sluice::stages {
namespace {

using config::Choice;
using config::Option;
using expression::ErrorReason;
using expression::Truth;
using record::Record;

enum class OnError { drop, keep, reject };

// Counts errors by reason without looking a reason up for each record.
class ErrorCounts {
 public:
  void add(ErrorReason reason) { ++counts_[static_cast<std::size_t>(reason)], any_ = true; }

  void flush(Tally& tally) const {
    if (!any_) return;
    for (std::size_t reason = 0; reason < counts_.size(); ++reason) {
      if (counts_[reason] != 0) tally.error(expression::reason_name(static_cast<ErrorReason>(reason)), counts_[reason]);
    }
  }

 private:
  std::array<std::uint32_t, static_cast<std::size_t>(ErrorReason::limit_exceeded) + 1> counts_{};
  bool any_ = false;
};

// Records for which the expression is true go on; the others are moved out of the way in one pass over the batch.
class Where final : public Processor {
 public:
  Where(expression::Program program, OnError on_error) : program_(std::move(program)), on_error_(on_error) {}

  flow::Error process(const flow::Context&, record::Batch& batch, Tally& tally) override {
    std::vector<Record>& records = batch.records();
    record::Arena& arena = batch.arena();
    ErrorCounts errors;
    std::size_t kept = 0;
    for (std::size_t i = 0; i < records.size(); ++i) {
      const expression::Match match = program_.matches(records[i], arena);
      bool keep = match.truth == Truth::yes;
      if (match.truth == Truth::error) [[unlikely]] {
        errors.add(match.error.reason);
        keep = on_error_ == OnError::keep;
        if (on_error_ == OnError::reject) {
          tally.reject(records[i], expression::reason_name(match.error.reason), program_.detail(match.error));
        }
      }
      if (keep) {
        if (kept != i) records[kept] = records[i];
        ++kept;
      }
    }
    tally.filtered += records.size() - kept - tally.rejections.size();
    records.resize(kept);
    errors.flush(tally);
    return {};
  }

  std::vector<Remark> explain(Record& record, record::Arena& arena) const override {
    std::vector<Remark> remarks;
    for (expression::Observation& part : program_.explain(record, arena)) {
      remarks.push_back({part.depth, std::move(part.text)});
    }
    const expression::Match match = program_.matches(record, arena);
    if (match.truth == Truth::error) remarks.push_back({0, "error: " + program_.detail(match.error)});
    return remarks;
  }

 private:
  expression::Program program_;
  OnError on_error_;
};

AnyStage make(const config::Settings& settings, Workshop& workshop) {
  auto program = compile_expression(settings.value("where"), expression::ResultType::boolean, workshop);
  if (!program) return std::unique_ptr<Processor>();
  const std::string on_error = settings.string("on_error");
  const OnError action = on_error == "keep" ? OnError::keep : on_error == "reject" ? OnError::reject : OnError::drop;
  return std::unique_ptr<Processor>(std::make_unique<Where>(std::move(*program), action));
}

std::vector<Option> options() {
  return {
      Option::expression("where")
          .example("status >= 500 && !path.startsWith(\"/health\")")
          .doc("records for which this is true go on (see docs/expressions.md)"),
      Option::choice("on_error", {Choice("drop", "as if it were false"), Choice("keep", "as if it were true"),
                                  Choice("reject", "the record goes to `rejects`")})
          .defaults("drop")
          .doc("what happens to a record for which `where` has no value, because a field is missing or has another "
               "type; "
               "counted by reason in any case"),
      Option::number("sample").at_least(0).at_most(1).unsupported().doc("let this share of the records go on"),
      Option::rate("limit").unsupported().doc("let at most so many records go on"),
      Option::string("key").unsupported().doc("field that `sample` and `limit` look at"),
      Option::mapping("dedupe", {Option::string("key").required().doc("field that tells records apart"),
                                 Option::duration("window").defaults("1m").doc("how long a key is remembered")})
          .unsupported()
          .doc("let the first record of each key go on"),
  };
}

}  // namespace

Definition filter() {
  config::StageSpec spec;
  spec.kind = "filter";
  spec.summary = "Lets records go on for which an expression is true.";
  spec.description =
      "Expressions are CEL, the Common Expression Language. Top-level fields are variables, `record` is the whole\n"
      "record. Records for which `where` is false end here and are counted as filtered.";
  spec.options = options();
  spec.at_least_one_of = {{"where", "sample", "limit", "dedupe"}};
  spec.examples = {
      {"Errors, but not those of health checks",
       "- filter: status >= 500 && !path.startsWith(\"/health\")",
       {R"({"status": 503, "path": "/health"})", R"({"status": 502, "path": "/cart"})",
        R"({"status": 200, "path": "/"})"},
       {R"({"status": 502, "path": "/cart"})"}},
      {"Keep records that have no `level`",
       "- filter:\n    where: level != \"debug\"\n    on_error: keep",
       {R"({"level": "debug", "n": 1})", R"({"level": "info", "n": 2})", R"({"n": 3})"},
       {R"({"level": "info", "n": 2})", R"({"n": 3})"}},
  };
  return {std::move(spec), make};
}

}  // namespace sluice::stages
