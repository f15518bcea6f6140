// Which stages there are: plain data that stages/ builds and hands to config.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "config/option.hpp"

namespace sluice::config {

// How a stage takes part in the graph.
enum class Role {
  generator,  // reads nothing, is read
  transform,  // reads, is read
  router,     // reads; its named outputs are read, not the stage itself
  writer,     // reads, is not read
};

// A documented example that the test suite also runs.
struct Example {
  std::string title = {};
  std::string yaml = {};                 // one item of `stages:`, e.g. "- parse: json"
  std::vector<std::string> input = {};   // lines, without their ends
  std::vector<std::string> output = {};  // the JSON lines expected for them
};

// One kind of stage: generate, parse, filter, enrich, route, write.
//
// The value of a kind key is a mapping, or a scalar that fills `scalar_key` (`parse: json` = `parse: {format: json}`,
// `filter: EXPR` = `filter: {where: EXPR}`). A kind with variants may also name the variant as a key (`generate: {file:
// {paths: a.log}}` = `generate: {from: file, paths: a.log}`), with the kind's common options beside it or inside; that
// is taken only when `variant_key` is absent and the key is no common option.
struct KindSpec {
  std::string kind = {};
  Role role = Role::transform;
  std::string summary = {};
  std::string description = {};
  std::string variant_key = {};                 // "from", "format", "to"; empty when the kind has no variants
  std::string scalar_key = {};                  // the option that a scalar value fills; empty: no short form
  std::vector<Option> common = {};              // options of every variant
  std::string outputs_option = {};              // routers: the option of type map whose keys are the outputs ("routes")
  std::vector<std::string> extra_outputs = {};  // routers: outputs that exist besides and need no reader ("otherwise")
};

// One variant of a kind, or the kind itself where `variant` is empty.
struct StageSpec {
  std::string kind = {};
  std::string variant = {};
  std::string summary = {};
  std::string description = {};
  std::vector<Option> options = {};
  std::string scalar_option = {};  // what `generate: {file: a.log}` fills ("paths"); empty: none
  std::vector<std::vector<std::string>> at_least_one_of = {};  // of each group one option must be given
  std::vector<Example> examples = {};
  bool supported = true;  // false: `check` answers "not supported yet"
};

// All kinds and variants, in the order in which they were added. Immutable once built; readable by many threads.
class Catalog {
 public:
  // A kind must be added before its stages. Adding a name twice replaces nothing and is ignored.
  void add_kind(KindSpec kind);
  void add_stage(StageSpec stage);

  const std::vector<KindSpec>& kinds() const { return kinds_; }
  const std::vector<StageSpec>& stages() const { return stages_; }

  const KindSpec* find_kind(std::string_view kind) const;
  // `variant` is empty for a kind without variants.
  const StageSpec* find(std::string_view kind, std::string_view variant) const;
  std::vector<const StageSpec*> stages_of(std::string_view kind) const;
  std::vector<std::string> kind_names() const;
  std::vector<std::string> variant_names(std::string_view kind) const;

 private:
  std::vector<KindSpec> kinds_;
  std::vector<StageSpec> stages_;
};

// Every option that a stage takes, in the reference's order: the variant key first (as a choice), then the variant's
// own options, then the kind's common ones.
std::vector<Option> all_options(const Catalog& catalog, const KindSpec& kind, const StageSpec& stage);

// Mistakes in the declarations themselves: defaults that do not fit their own type, references to undeclared options,
// names used twice. For a test of the catalog; empty when all is well.
std::vector<std::string> problems(const Catalog& catalog);

}  // namespace sluice::config
