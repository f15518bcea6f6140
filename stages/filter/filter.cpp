#include "stages/filter/filter.hpp"

#include <algorithm>
#include <array>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "stages/filter/condition.hpp"
#include "stages/filter/dedupe.hpp"
#include "stages/filter/limit.hpp"
#include "stages/filter/sample.hpp"
#include "stages/filter/where.hpp"

namespace sluice::stages {
namespace {

using config::Choice;
using config::Option;

// A record goes on if all conditions let it; they are asked in the order of the keys in the configuration, each only
// for what the ones before it have left.
class Filter final : public Processor {
 public:
  explicit Filter(std::vector<std::unique_ptr<Condition>> conditions) : conditions_(std::move(conditions)) {}

  flow::Error process(const flow::Context&, record::Batch& batch, Tally& tally) override {
    for (const auto& condition : conditions_) condition->apply(batch, tally);
    return {};
  }

  bool serial() const override {
    return std::ranges::any_of(conditions_, [](const auto& condition) { return condition->serial(); });
  }

  std::vector<Remark> explain(const flow::Context&, record::Record& record, record::Arena& arena) const override {
    std::vector<Remark> remarks;
    for (const auto& condition : conditions_) {
      if (condition->explain(record, arena, remarks)) continue;
      if (condition != conditions_.back()) remarks.push_back({0, "the conditions after it are not asked"});
      break;
    }
    return remarks;
  }

 private:
  std::vector<std::unique_ptr<Condition>> conditions_;
};

struct ConditionMaker {
  std::string_view key;
  std::unique_ptr<Condition> (*make)(const config::Settings& settings, Workshop& workshop, OnError on_error);
};
constexpr std::array<ConditionMaker, 4> kMakers{
    {{"where", make_where}, {"sample", make_sample}, {"limit", make_limit}, {"dedupe", make_dedupe}}};

OnError on_error_of(const config::Settings& settings) {
  const std::string word = settings.string("on_error");
  return word == "keep" ? OnError::keep : word == "reject" ? OnError::reject : OnError::drop;
}

AnyStage make(const config::Settings& settings, Workshop& workshop) {
  std::vector<std::unique_ptr<Condition>> conditions;
  bool good = true;
  if (settings.has("key") && !settings.has("sample") && !settings.has("limit")) {
    workshop.diagnostics.error(settings.locate("key"), "`key` has no meaning without `sample` or `limit`",
                               settings.has("dedupe") ? "write `dedupe: {key: ...}`" : "add one of them, or remove it",
                               settings.value("key").node().span());
    good = false;
  }
  for (const std::string& key : settings.keys()) {
    for (const ConditionMaker& maker : kMakers) {
      if (maker.key != key) continue;
      conditions.push_back(maker.make(settings, workshop, on_error_of(settings)));
      good = good && conditions.back() != nullptr;
    }
  }
  if (!good) return std::unique_ptr<Processor>();
  return std::unique_ptr<Processor>(std::make_unique<Filter>(std::move(conditions)));
}

std::vector<Option> options() {
  std::vector<Option> options{where_option(), sample_option()};
  for (Option& option : limit_options()) options.push_back(std::move(option));
  options.push_back(Option::expression("key")
                        .not_empty()
                        .example("client_ip")
                        .doc("what `sample` and `limit` tell records apart by, a field or an expression; if it is not "
                             "given, `sample` takes "
                             "the whole line and `limit` counts all records together"));
  options.push_back(dedupe_option());
  options.push_back(
      Option::choice("on_error", {Choice("drop", "as if it were false"), Choice("keep", "as if it were true"),
                                  Choice("reject", "the record goes to `rejects`")})
          .defaults("drop")
          .doc("what happens to a record for which `where` or a key has no value, because a field is missing or has "
               "another type; counted by reason in any case"));
  return options;
}

std::vector<config::Example> examples() {
  return {
      {"Errors, but not those of health checks",
       "- filter: status >= 500 && !path.startsWith(\"/health\")",
       {R"({"status": 503, "path": "/health"})", R"({"status": 502, "path": "/cart"})",
        R"({"status": 200, "path": "/"})"},
       {R"({"status": 502, "path": "/cart"})"}},
      {"Keep records that have no `level`",
       "- filter:\n    where: level != \"debug\"\n    on_error: keep",
       {R"({"level": "debug", "n": 1})", R"({"level": "info", "n": 2})", R"({"n": 3})"},
       {R"({"level": "info", "n": 2})", R"({"n": 3})"}},
      {"All requests of half of the users",
       "- filter: {sample: 0.5, key: user}",
       {R"({"user": "ada", "n": 1})", R"({"user": "bob", "n": 2})", R"({"user": "cyd", "n": 3})",
        R"({"user": "dan", "n": 4})", R"({"user": "ada", "n": 5})"},
       {R"({"user": "cyd", "n": 3})", R"({"user": "dan", "n": 4})"}},
      {"At most two records of each client in an hour",
       "- filter: {limit: 2/h, key: client}",
       {R"({"client": "10.0.0.1", "n": 1})", R"({"client": "10.0.0.1", "n": 2})", R"({"client": "10.0.0.2", "n": 3})",
        R"({"client": "10.0.0.1", "n": 4})"},
       {R"({"client": "10.0.0.1", "n": 1})", R"({"client": "10.0.0.1", "n": 2})", R"({"client": "10.0.0.2", "n": 3})"}},
      {"Say the same error once in ten minutes",
       "- filter:\n    where: level == \"error\"\n    dedupe: {key: host + message, window: 10m}",
       {R"({"level": "error", "host": "a", "message": "disk full"})",
        R"({"level": "error", "host": "a", "message": "disk full"})",
        R"({"level": "info", "host": "b", "message": "up"})",
        R"({"level": "error", "host": "b", "message": "disk full"})"},
       {R"({"level": "error", "host": "a", "message": "disk full"})",
        R"({"level": "error", "host": "b", "message": "disk full"})"}},
  };
}

}  // namespace

Definition filter() {
  config::StageSpec spec;
  spec.kind = "filter";
  spec.summary = "Lets some records go on: by an expression, a share, a rate, or the first of each kind.";
  spec.description =
      "Expressions are CEL, the Common Expression Language. Top-level fields are variables, `record` is the whole\n"
      "record. Records that do not go on end here and are counted as filtered.\n\n"
      "Several conditions are asked in the order of the keys in the configuration, each only for what the ones before\n"
      "it have let through. With `limit` or `dedupe` the stage works on one batch at a time, in order, so that the\n"
      "result does not depend on `workers`; put a costly `where` in a stage of its own before it.";
  spec.options = options();
  spec.at_least_one_of = {{"where", "sample", "limit", "dedupe"}};
  spec.examples = examples();
  return {std::move(spec), make};
}

}  // namespace sluice::stages
