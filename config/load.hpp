// From YAML text to a checked configuration.
//
// Rules that the contract leaves open:
// - ${VAR} and ${VAR:-default} are replaced in the values of scalars (not in keys), quoted or not, in expressions and
//   regexes as well; `$$` is one dollar sign; a `$` before anything else stands for itself, so that `\.log$` needs no
//   care. `:-` takes the default when the variable is unset or empty, as in a shell. A plain scalar with a substitution
//   is typed by the resulting text, as if it had been written so; an empty result is the empty string. A quoted one is
//   a string, which options of numbers and booleans nevertheless take by its text (inside `{}` YAML wants `"${N}"`
//   quoted). Results are not substituted again and cannot add YAML structure.
// - Anchors, aliases and merge keys (`<<`) work; their expansion is bounded (kMaxNodes), as are nesting and file size.
// - A `from:` may name a stage, an output of a route (`errors`), or both (`route-3.errors`, always unambiguous).
//   The output `otherwise` that nobody reads counts as filtered; any other output that nobody reads is an error.
#pragma once

#include <cstddef>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "config/catalog.hpp"
#include "config/diagnostics.hpp"
#include "config/pipeline.hpp"

namespace sluice::config {

inline constexpr std::size_t kMaxFileSize = 4 * 1024 * 1024;  // bytes of one file
inline constexpr std::size_t kMaxNodes = 100'000;             // YAML values after the expansion of aliases
inline constexpr std::size_t kMaxDepth = 100;                 // nested lists and mappings

// The value of an environment variable; nothing when it is unset.
using Environment = std::function<std::optional<std::string>(const std::string& name)>;

// getenv() of this process. Not safe while another thread changes the environment.
Environment process_environment();

struct LoadOptions {
  Environment environment;  // empty: no variable is set
  // Each "KEY=VALUE" of --set, applied in order before anything is checked. KEY is dotted: `pipeline.workers`,
  // `stages.filter-3.where`, `stages.2.filter.where`; a stage is given by name or by its index (from 0, as in jq), and
  // the kind key may be left out. VALUE is typed as a plain YAML scalar, quotes are allowed, `[a, b]` is a list; it is
  // taken literally (no ${substitution}).
  std::vector<std::string> overrides;
};

// `config` is usable if and only if there is no error among the diagnostics; with errors it holds what could be read.
struct LoadResult {
  PipelineConfig config;
  Diagnostics diagnostics;

  bool ok() const { return !diagnostics.has_errors(); }
};

// Never throws on account of the input, whatever its bytes. `file` is only a name for messages.
LoadResult load(std::string_view text, const std::string& file, const Catalog& catalog, const LoadOptions& options);

// The same for a file ("-" is not special). A file that cannot be read is one error, located at the file.
LoadResult load_file(const std::string& path, const Catalog& catalog, const LoadOptions& options);

// One item of `stages:` on its own, such as "parse: {format: json}" or "- parse: json": for tests of stages and for the
// examples of the reference. `from` is not resolved.
struct StageResult {
  StageConfig stage;
  Diagnostics diagnostics;

  bool ok() const { return !diagnostics.has_errors(); }
};
StageResult load_stage(std::string_view text, const Catalog& catalog, const LoadOptions& options = {});

}  // namespace sluice::config
