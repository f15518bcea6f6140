#include "stages/enrich/drop.hpp"

#include <string>
#include <vector>

namespace sluice::stages {
namespace {

class Drop final : public Operation {
 public:
  void add(record::FieldKey key) { keys_.push_back(key); }

  void apply(const flow::Context&, record::Batch& batch, Tally&) const override {
    record::Arena& arena = batch.arena();
    for (record::Record& record : batch.records()) {
      for (const record::FieldKey& key : keys_) record.remove(key, arena);
    }
  }

 private:
  std::vector<record::FieldKey> keys_;
};

}  // namespace

config::Option drop_option() {
  return config::Option::list("drop", config::Option::string().not_empty())
      .or_single()
      .not_empty()
      .example("[password, debug]")
      .doc("remove these fields");
}

std::unique_ptr<Operation> make_drop(const config::Settings& settings, Workshop& workshop) {
  auto operation = std::make_unique<Drop>();
  for (const std::string& name : settings.strings("drop")) operation->add(workshop.fields.intern(name));
  return operation;
}

}  // namespace sluice::stages
