#include "stages/route/route.hpp"

#include <utility>

namespace sluice::stages {
namespace {

using config::Choice;
using config::Option;

}  // namespace

Definition route() {
  config::StageSpec spec;
  spec.kind = "route";
  spec.summary = "Sends each record to the outputs whose condition it meets.";
  spec.description =
      "Other stages read an output by its name, `from: errors`. What meets no condition goes to `otherwise`.";
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
  spec.supported = false;
  return {std::move(spec), [](const config::Settings&, Workshop&) -> AnyStage { return std::unique_ptr<Router>(); }};
}

}  // namespace sluice::stages
