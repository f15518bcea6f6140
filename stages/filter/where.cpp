#include "stages/filter/where.hpp"

#include <utility>

#include "stages/compile_expression.hpp"

namespace sluice::stages {
namespace {

class Where final : public Condition {
 public:
  Where(expression::Program program, OnError on_error) : program_(std::move(program)), on_error_(on_error) {}

  void apply(record::Batch& batch, Tally& tally) override {
    sift(
        batch, tally, on_error_,
        [this](record::Record& record, record::Arena& arena) { return program_.matches(record, arena); },
        [this](const expression::Error& error) { return program_.detail(error); });
  }

  bool explain(record::Record& record, record::Arena& arena, std::vector<Remark>& remarks) const override {
    for (expression::Observation& part : program_.explain(record, arena)) {
      remarks.push_back({part.depth, std::move(part.text)});
    }
    const expression::Match match = program_.matches(record, arena);
    if (match.truth != expression::Truth::error) return match.truth == expression::Truth::yes;
    remarks.push_back({0, "error: " + program_.detail(match.error)});
    return on_error_ == OnError::keep;
  }

 private:
  expression::Program program_;
  OnError on_error_;
};

}  // namespace

config::Option where_option() {
  return config::Option::expression("where")
      .example("status >= 500 && !path.startsWith(\"/health\")")
      .doc("records for which this is true go on (see docs/expressions.md)");
}

std::unique_ptr<Condition> make_where(const config::Settings& settings, Workshop& workshop, OnError on_error) {
  auto program = compile_expression(settings.value("where"), expression::ResultType::boolean, workshop);
  if (!program) return nullptr;
  return std::make_unique<Where>(std::move(*program), on_error);
}

}  // namespace sluice::stages
