#include "stages/enrich/enrich.hpp"

#include <array>
#include <memory>
#include <string_view>
#include <utility>
#include <vector>

#include "stages/enrich/compute.hpp"
#include "stages/enrich/drop.hpp"
#include "stages/enrich/fields.hpp"
#include "stages/enrich/geoip.hpp"
#include "stages/enrich/hash.hpp"
#include "stages/enrich/keep.hpp"
#include "stages/enrich/lookup.hpp"
#include "stages/enrich/operation.hpp"
#include "stages/enrich/redact.hpp"
#include "stages/enrich/rename.hpp"
#include "stages/enrich/user_agent.hpp"

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

  std::vector<Remark> explain(const flow::Context& context, record::Record& record, record::Arena&) const override {
    std::vector<Remark> remarks;
    record::Batch batch;  // each operation sees what the ones before it did
    batch.records().push_back(record);
    batch.records().front().unshare(batch.arena());
    for (const auto& operation : operations_) {
      operation->explain(batch.records().front(), batch.arena(), remarks);
      Tally ignored;
      operation->apply(context, batch, ignored);
    }
    return remarks;
  }

 private:
  std::vector<std::unique_ptr<Operation>> operations_;
};

struct OperationMaker {
  std::string_view key;
  std::unique_ptr<Operation> (*make)(const config::Settings& settings, Workshop& workshop);
};
constexpr std::array<OperationMaker, 10> kMakers{{{"fields", make_fields},
                                                  {"compute", make_compute},
                                                  {"lookup", make_lookup},
                                                  {"geoip", make_geoip},
                                                  {"user_agent", make_user_agent},
                                                  {"rename", make_rename},
                                                  {"keep", make_keep},
                                                  {"drop", make_drop},
                                                  {"redact", make_redact},
                                                  {"hash", make_hash}}};

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
      {"Who owns the host",
       "- enrich:\n    lookup: {file: docs/samples/hosts.csv, on: ip, add: [owner, team], default: {owner: nobody}}",
       {R"({"ip":"192.0.2.10","n":1})", R"({"ip":"203.0.113.7","n":2})"},
       {R"({"ip":"192.0.2.10","n":1,"owner":"ada","team":"storage"})",
        R"({"ip":"203.0.113.7","n":2,"owner":"nobody"})"}},
      {"Where an address is",
       "- enrich:\n    geoip:\n      database: docs/samples/geo.mmdb\n      field: client\n"
       "      fields: {country: country.iso_code, city: city.names.en}",
       {R"({"client":"192.0.2.17"})", R"({"client":"2001:db8::1"})", R"({"client":"127.0.0.1"})"},
       {R"({"client":"192.0.2.17","geo":{"country":"DE","city":"Frankfurt am Main"}})",
        R"({"client":"2001:db8::1","geo":{"country":"FR"}})", R"({"client":"127.0.0.1"})"}},
      {"Who asks",
       "- enrich: {user_agent: agent, drop: agent}",
       {R"({"agent":"Mozilla/5.0 (X11; Linux x86_64; rv:128.0) Gecko/20100101 Firefox/128.0"})",
        R"({"agent":"curl/8.5.0"})"},
       {R"({"ua":{"name":"Firefox","version":"128.0","os":"Linux","device":"desktop"}})",
        R"({"ua":{"name":"curl","version":"8.5.0","device":"tool"}})"}},
      {"Nothing that should not be stored",
       "- enrich: {redact: {patterns: [email, credit_card, bearer, 'pin=(\\d+)']}}",
       {R"({"message":"mail ada@example.org about 4111 1111 1111 1111","n":1})",
        R"({"headers":{"authorization":"Bearer abc.def"},"query":"id=7&pin=1234"})", R"({"message":"all is well"})"},
       {R"({"message":"mail *** about ***","n":1})",
        R"({"headers":{"authorization":"Bearer ***"},"query":"id=7&pin=***"})", R"({"message":"all is well"})"}},
      {"Pseudonyms",
       "- enrich: {hash: {fields: [user], key: \"${HASH_KEY:-only an example}\", length: 16}}",
       {R"({"user":"ada","n":1})", R"({"user":"bob","n":2})", R"({"user":"ada","n":3})"},
       {R"({"user":"f08e45d219aadd5c","n":1})", R"({"user":"917e8f61aa2317e5","n":2})",
        R"({"user":"f08e45d219aadd5c","n":3})"}},
  };
}

}  // namespace

Definition enrich() {
  config::StageSpec spec;
  spec.kind = "enrich";
  spec.summary = "Adds, changes and removes fields.";
  spec.description =
      "The operations run in the order of the keys in the configuration, each seeing what the ones before it did. A\n"
      "changed field keeps its place in the record, a new one is appended.";
  spec.options = {fields_option(), compute_option(), lookup_option(), geoip_option(),  user_agent_option(),
                  rename_option(), keep_option(),    drop_option(),   redact_option(), hash_option()};
  std::vector<std::string> names;
  for (const Option& option : spec.options) names.push_back(option.name());
  spec.at_least_one_of = {names};
  spec.examples = examples();
  return {std::move(spec), make};
}

}  // namespace sluice::stages
