#include "stages/enrich/keep.hpp"

#include <algorithm>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace sluice::stages {
namespace {

using record::Field;

class Keep final : public Operation {
 public:
  explicit Keep(std::vector<std::string> names) : names_(std::move(names)) {}

  void apply(const flow::Context&, record::Batch& batch, Tally&) const override {
    record::Arena& arena = batch.arena();
    for (record::Record& record : batch.records()) {
      const std::span<const Field> all = record.fields(arena);
      const auto kept = static_cast<std::size_t>(std::ranges::count_if(all, [&](const Field& f) { return keeps(f); }));
      if (kept == all.size()) continue;
      const std::span<Field> fields = arena.make_array<Field>(kept);
      std::ranges::copy_if(all, fields.begin(), [&](const Field& field) { return keeps(field); });
      record.set_fields(fields);
    }
  }

 private:
  // The list is short: comparing lengths first settles nearly every comparison.
  bool keeps(const Field& field) const {
    const std::string_view name = field.name.text();
    return std::ranges::any_of(names_, [&](std::string_view kept) { return kept == name; });
  }

  std::vector<std::string> names_;
};

}  // namespace

config::Option keep_option() {
  return config::Option::list("keep", config::Option::string().not_empty())
      .or_single()
      .not_empty()
      .example("[time, level, message]")
      .doc("remove all fields but these; they stay in the record's order");
}

std::unique_ptr<Operation> make_keep(const config::Settings& settings, Workshop& workshop) {
  for (const std::string& name : settings.strings("keep")) workshop.fields.intern(name);
  return std::make_unique<Keep>(settings.strings("keep"));
}

}  // namespace sluice::stages
