#include "stages/enrich/fields.hpp"

#include <vector>

#include "stages/enrich/literals.hpp"

namespace sluice::stages {
namespace {

using record::Value;

class Fields final : public Operation {
 public:
  void add(record::FieldKey key, const config::Node& node) { assignments_.push_back({key, literals_.make(node)}); }

  void apply(const flow::Context&, record::Batch& batch, Tally&) const override {
    record::Arena& arena = batch.arena();
    for (record::Record& record : batch.records()) {
      for (const auto& [key, value] : assignments_) record.set(key, value, arena);
    }
  }

 private:
  struct Assignment {
    record::FieldKey key;
    Value value;
  };

  Literals literals_;
  std::vector<Assignment> assignments_;
};

}  // namespace

config::Option fields_option() {
  return config::Option::map("fields", config::Option::any())
      .not_empty()
      .example("{dc: fra1, host: \"${HOSTNAME:-unknown}\"}")
      .doc("set fields to literal values of any YAML type");
}

std::unique_ptr<Operation> make_fields(const config::Settings& settings, Workshop& workshop) {
  auto operation = std::make_unique<Fields>();
  for (const config::Entry& entry : settings.entries("fields")) {
    operation->add(workshop.fields.intern(entry.key), entry.value.node());
  }
  return operation;
}

}  // namespace sluice::stages
