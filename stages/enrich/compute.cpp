#include "stages/enrich/compute.hpp"

#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "stages/compile_expression.hpp"

namespace sluice::stages {
namespace {

// Each expression sees what the ones before it have set. One that has no value (an error, or an empty optional) leaves
// the field as it is.
class Compute final : public Operation {
 public:
  void add(record::FieldKey key, expression::Program program) { formulas_.push_back({key, std::move(program)}); }

  void apply(const flow::Context&, record::Batch& batch, Tally& tally) const override {
    record::Arena& arena = batch.arena();
    for (record::Record& record : batch.records()) {
      for (const Formula& formula : formulas_) {
        const expression::Result result = formula.program.evaluate(record, arena);
        if (!result.ok()) [[unlikely]] {
          tally.error(expression::reason_name(result.error.reason));
        } else if (!result.value.is_absent()) {
          record.set(formula.key, result.value, arena);
        }
      }
    }
  }

  void explain(record::Record& record, record::Arena& arena, std::vector<Remark>& remarks) const override {
    for (const Formula& formula : formulas_) {
      const expression::Result result = formula.program.evaluate(record, arena);
      const std::string name = "compute `" + std::string(formula.key.name) + "`: ";
      if (!result.ok()) {
        remarks.push_back({0, name + "error: " + formula.program.detail(result.error)});
      } else if (result.value.is_absent()) {
        remarks.push_back({0, name + "`" + std::string(formula.program.source()) + "` has no value"});
      } else {
        record.set(formula.key, result.value, arena);  // for the next one
      }
    }
  }

 private:
  struct Formula {
    record::FieldKey key;
    expression::Program program;
  };
  std::vector<Formula> formulas_;
};

}  // namespace

config::Option compute_option() {
  return config::Option::map("compute", config::Option::expression())
      .not_empty()
      .example("{slow: duration_ms > 250.0}")
      .doc("set fields to the values of expressions; an error leaves the field as it is and is counted by reason");
}

std::unique_ptr<Operation> make_compute(const config::Settings& settings, Workshop& workshop) {
  auto operation = std::make_unique<Compute>();
  bool good = true;
  for (const config::Entry& entry : settings.entries("compute")) {
    std::optional<expression::Program> program = compile_expression(entry.value, expression::ResultType::any, workshop);
    const record::FieldKey key = workshop.fields.intern(entry.key);
    if (program) operation->add(key, std::move(*program));
    good = good && program.has_value();
  }
  if (!good) return nullptr;
  return operation;
}

}  // namespace sluice::stages
