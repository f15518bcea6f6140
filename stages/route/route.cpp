#include "stages/route/route.hpp"

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "stages/compile_expression.hpp"

namespace sluice::stages {
namespace {

using config::Choice;
using config::Option;
using expression::Truth;
using record::Batch;
using record::Record;

enum class Take { first, all };

struct Condition {
  std::string output;
  expression::Program program;
};

class Route final : public Router {
 public:
  Route(std::vector<Condition> conditions, Take take) : conditions_(std::move(conditions)), take_(take) {
    for (const Condition& condition : conditions_) outputs_.push_back(condition.output);
    outputs_.emplace_back("otherwise");
  }

  const std::vector<std::string>& outputs() const override { return outputs_; }

  Routed route(const flow::Context&, Batch&& batch, Tally& tally) override {
    const Ways ways = decide(batch, tally);
    Routed routed;
    routed.copied = ways.ports.size() - batch.size();
    const std::size_t heir = static_cast<std::size_t>(std::ranges::max_element(ways.loads) - ways.loads.begin());
    for (std::size_t port = 0; port < outputs_.size(); ++port) {
      // The fullest output gets the batch that came in, the others share its memory.
      routed.outputs.push_back(ways.loads[port] == 0 || port == heir ? Batch() : batch.share());
      if (port != heir) routed.outputs.back().records().reserve(ways.loads[port]);
    }
    distribute(batch, ways, heir, routed.outputs);
    routed.outputs[heir] = std::move(batch);
    return routed;
  }

  std::vector<Remark> explain(const flow::Context&, Record& record, record::Arena& arena) const override {
    std::vector<Remark> remarks;
    for (const Condition& condition : conditions_) {
      const expression::Match match = condition.program.matches(record, arena);
      const bool failed = match.truth == Truth::error;
      const std::string answer = failed ? "error: " + condition.program.detail(match.error) : match ? "yes" : "no";
      remarks.push_back({0, condition.output + "? " + answer});
      for (expression::Observation& part : condition.program.explain(record, arena)) {
        remarks.push_back({part.depth + 1, std::move(part.text)});
      }
      if (match && take_ == Take::first) break;
    }
    return remarks;
  }

 private:
  struct Ways {
    std::vector<std::uint16_t> counts;  // how many ports each record takes, at least one
    std::vector<std::uint16_t> ports;   // which, record after record, ascending
    std::vector<std::size_t> loads;     // how many records each port takes
  };

  Ways decide(Batch& batch, Tally& tally) const {
    Ways ways;
    ways.loads.resize(outputs_.size());
    ways.counts.reserve(batch.size());
    ways.ports.reserve(batch.size());
    for (Record& record : batch.records()) {
      const std::size_t before = ways.ports.size();
      for (std::size_t port = 0; port < conditions_.size(); ++port) {
        const expression::Match match = conditions_[port].program.matches(record, batch.arena());
        if (match.truth == Truth::error) [[unlikely]] {
          tally.error(expression::reason_name(match.error.reason));
        }
        if (!match) continue;
        ways.ports.push_back(static_cast<std::uint16_t>(port));
        if (take_ == Take::first) break;
      }
      if (ways.ports.size() == before) ways.ports.push_back(static_cast<std::uint16_t>(conditions_.size()));
      ways.counts.push_back(static_cast<std::uint16_t>(ways.ports.size() - before));
      for (std::size_t i = before; i < ways.ports.size(); ++i) ++ways.loads[ways.ports[i]];
    }
    return ways;
  }

  // Copies records to where they go, and leaves in `batch` those that the heir takes. A record that goes to several
  // outputs is made independent in all but one of them, before the batches part.
  static void distribute(Batch& batch, const Ways& ways, std::size_t heir, std::vector<Batch>& outputs) {
    std::vector<Record>& records = batch.records();
    std::size_t kept = 0;
    std::size_t next = 0;
    for (std::size_t i = 0; i < records.size(); ++i) {
      const Record record = records[i];
      for (std::size_t end = next + ways.counts[i]; next < end; ++next) {
        const std::size_t port = ways.ports[next];
        if (port == heir) {
          records[kept++] = record;
          continue;
        }
        outputs[port].records().push_back(record);
        if (ways.counts[i] > 1) outputs[port].records().back().unshare(outputs[port].arena());
      }
    }
    records.resize(kept);
  }

  const std::vector<Condition> conditions_;
  const Take take_;
  std::vector<std::string> outputs_;
};

AnyStage make(const config::Settings& settings, Workshop& workshop) {
  std::vector<Condition> conditions;
  bool good = true;
  for (const config::Entry& entry : settings.entries("routes")) {
    auto program = compile_expression(entry.value, expression::ResultType::boolean, workshop);
    good = good && program.has_value();
    if (program) conditions.push_back({entry.key, std::move(*program)});
  }
  if (!good) return std::unique_ptr<Router>();
  const Take take = settings.string("match") == "all" ? Take::all : Take::first;
  return std::unique_ptr<Router>(std::make_unique<Route>(std::move(conditions), take));
}

std::vector<config::Example> examples() {
  return {
      {"Errors to one reader, slow requests to another, the rest to a third; here all of them are printed",
       R"(- route:
    routes: {errors: level == "error", slow: ms > 1000}
- enrich: {fields: {went: errors}}
  name: a
  from: errors
- enrich: {fields: {went: slow}}
  name: b
  from: slow
- enrich: {fields: {went: otherwise}}
  name: c
  from: otherwise
- write: stdout
  from: [a, b, c])",
       {R"({"level":"error","ms":2000})", R"({"level":"info","ms":1500})", R"({"level":"info","ms":3})"},
       {R"({"level":"error","ms":2000,"went":"errors"})", R"({"level":"info","ms":1500,"went":"slow"})",
        R"({"level":"info","ms":3,"went":"otherwise"})"}},
      {"A copy to every output that fits; what fits none is filtered, as nobody reads `otherwise`",
       R"(- route:
    routes: {errors: level == "error", slow: ms > 1000}
    match: all
- enrich: {fields: {went: errors}}
  name: a
  from: errors
- enrich: {fields: {went: slow}}
  name: b
  from: slow
- write: stdout
  from: [a, b])",
       {R"({"level":"error","ms":2000})", R"({"level":"info","ms":1500})", R"({"level":"info","ms":3})"},
       {R"({"level":"error","ms":2000,"went":"errors"})", R"({"level":"error","ms":2000,"went":"slow"})",
        R"({"level":"info","ms":1500,"went":"slow"})"}},
  };
}

}  // namespace

Definition route() {
  config::StageSpec spec;
  spec.kind = "route";
  spec.summary = "Sends each record to the outputs whose condition it meets.";
  spec.description =
      "Other stages read an output by its name, `from: errors`, or `from: route-3.errors` where several routes have\n"
      "one of that name. Any number of stages may read an output, each gets every record of it; one stage may read\n"
      "several outputs. What meets no condition goes to `otherwise`, and is filtered if nobody reads that. A "
      "condition\n"
      "without a value, because a field is missing or has another type, is not met, and counted by reason.\n\n"
      "Within an output records keep their order; between two outputs there is none.";
  spec.options = {
      Option::map("routes", Option::expression())
          .required()
          .not_empty()
          .example("{errors: 'level == \"error\"', slow: 'duration_ms > 1000.0'}")
          .doc("the outputs and their conditions, in order"),
      Option::choice("match", {Choice("first", "only to the first output that fits"), Choice("all", "to all that fit")})
          .defaults("first")
          .doc("how many outputs a record may take"),
  };
  spec.examples = examples();
  return {std::move(spec), make};
}

}  // namespace sluice::stages
