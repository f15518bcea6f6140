#include "stages/enrich/rename.hpp"

#include <vector>

namespace sluice::stages {
namespace {

class Rename final : public Operation {
 public:
  void add(record::FieldKey from, record::FieldKey to) { renames_.push_back({from, to}); }

  void apply(const flow::Context&, record::Batch& batch, Tally&) const override {
    record::Arena& arena = batch.arena();
    for (record::Record& record : batch.records()) {
      for (const auto& [from, to] : renames_) record.rename(from, to, arena);
    }
  }

 private:
  struct Names {
    record::FieldKey from;
    record::FieldKey to;
  };
  std::vector<Names> renames_;
};

}  // namespace

config::Option rename_option() {
  return config::Option::map("rename", config::Option::string().not_empty())
      .not_empty()
      .example("{msg: message}")
      .doc(
          "give fields other names, old: new; a field that had the new name is replaced, an absent one is passed over");
}

std::unique_ptr<Operation> make_rename(const config::Settings& settings, Workshop& workshop) {
  auto operation = std::make_unique<Rename>();
  bool good = true;
  for (const config::Entry& entry : settings.entries("rename")) {
    const std::string& to = entry.value.string();
    if (to == entry.key) {
      workshop.diagnostics.error(entry.value.location(), "`" + to + "` is renamed to itself", "remove this line",
                                 entry.value.node().span());
      good = false;
    }
    operation->add(workshop.fields.intern(entry.key), workshop.fields.intern(to));
  }
  if (!good) return nullptr;
  return operation;
}

}  // namespace sluice::stages
