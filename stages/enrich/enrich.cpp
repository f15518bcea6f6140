#include "stages/enrich/enrich.hpp"

#include <array>
#include <memory>
#include <string_view>
#include <utility>
#include <vector>

#include "stages/enrich/compute.hpp"
#include "stages/enrich/drop.hpp"
#include "stages/enrich/fields.hpp"
#include "stages/enrich/keep.hpp"
#include "stages/enrich/operation.hpp"
#include "stages/enrich/rename.hpp"

namespace sluice::stages {
namespace {

using config::Option;

// Runs its operations one after the other, in the order of the keys in the configuration.
class Enrich final : public Processor {
 public:
  explicit Enrich(std::vector<std::unique_ptr<Operation>> operations) : operations_(std::move(operations)) {}

  flow::Error process(const flow::Context& context, record::Batch& batch, Tally& tally) override {
    for (const auto& operation : operations_) operation->apply(context, batch, tally);
    return {};
  }

 private:
  std::vector<std::unique_ptr<Operation>> operations_;
};

struct OperationMaker {
  std::string_view key;
  std::unique_ptr<Operation> (*make)(const config::Settings& settings, Workshop& workshop);
};
constexpr std::array<OperationMaker, 5> kMakers{{{"fields", make_fields},
                                                 {"compute", make_compute},
                                                 {"rename", make_rename},
                                                 {"keep", make_keep},
                                                 {"drop", make_drop}}};

AnyStage make(const config::Settings& settings, Workshop& workshop) {
  std::vector<std::unique_ptr<Operation>> operations;
  bool good = true;
  for (const std::string& key : settings.keys()) {
    for (const OperationMaker& maker : kMakers) {
      if (maker.key != key) continue;
      operations.push_back(maker.make(settings, workshop));
      good = good && operations.back() != nullptr;
    }
  }
  if (!good) return std::unique_ptr<Processor>();
  return std::unique_ptr<Processor>(std::make_unique<Enrich>(std::move(operations)));
}

std::vector<Option> planned_options() {
  return {
      Option::mapping("lookup", {Option::string("file").required().doc("a CSV file with a header, or JSON lines"),
                                 Option::string("on").required().doc("the field and column that must be equal"),
                                 Option::list("add", Option::string()).doc("columns to add"),
                                 Option::duration("reload").doc("look for changes of the file this often")})
          .unsupported()
          .doc("add columns of a table"),
      Option::mapping("geoip", {Option::string("database").required().doc("an .mmdb file"),
                                Option::string("field").required().doc("the field with the address"),
                                Option::string("into").defaults("geo").doc("the field that gets what is found")})
          .unsupported()
          .doc("look an address up in a MaxMind database"),
      Option::string("user_agent").unsupported().doc("the field with a User-Agent to take apart"),
      Option::mapping("redact", {Option::list("fields", Option::string()).doc("where to look"),
                                 Option::list("patterns", Option::string()).doc("email, ipv4, credit_card, or a regex"),
                                 Option::string("with").defaults("***").doc("what stands there instead")})
          .unsupported()
          .doc("replace what should not be stored"),
      Option::mapping("hash", {Option::list("fields", Option::string()).doc("which fields"),
                               Option::string("key").doc("the secret of the keyed hash")})
          .unsupported()
          .doc("replace values by pseudonyms"),
  };
}

std::vector<config::Example> examples() {
  return {
      {"Fields of any type, and computed ones",
       "- enrich:\n    fields: {dc: fra1, tags: [a, b], weight: 1.5}\n    compute: {slow: duration_ms > 250.0}",
       {R"({"path": "/cart", "duration_ms": 300.5})", R"({"path": "/"})"},
       {R"({"path": "/cart", "duration_ms": 300.5,"dc":"fra1","tags":["a","b"],"weight":1.5,"slow":true})",
        R"({"path": "/","dc":"fra1","tags":["a","b"],"weight":1.5})"}},
      {"Rename and drop",
       "- enrich:\n    rename: {msg: message}\n    drop: debug",
       {R"({"msg":"ready","debug":{"pid":7},"n":1})"},
       {R"({"message":"ready","n":1})"}},
      {"Keep only some",
       "- enrich: {keep: [time, message]}",
       {R"({"message":"ready","n":1,"time":"12:00"})"},
       {R"({"message":"ready","time":"12:00"})"}},
  };
}

}  // namespace

Definition enrich() {
  config::StageSpec spec;
  spec.kind = "enrich";
  spec.summary = "Adds, changes and removes top-level fields.";
  spec.description =
      "The operations run in the order of the keys in the configuration, each seeing what the ones before it did. A\n"
      "changed field keeps its place in the record, a new one is appended.";
  spec.options = {fields_option(), compute_option(), rename_option(), keep_option(), drop_option()};
  for (Option& option : planned_options()) spec.options.push_back(std::move(option));
  std::vector<std::string> names;
  for (const Option& option : spec.options) names.push_back(option.name());
  spec.at_least_one_of = {names};
  spec.examples = examples();
  return {std::move(spec), make};
}

}  // namespace sluice::stages
