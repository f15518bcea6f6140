// The reference of stages and options, from the declarations.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "config/catalog.hpp"

namespace sluice::config {

// docs/reference.md: the top level, the pipeline section, every kind and variant with its options and examples.
std::string reference_markdown(const Catalog& catalog);

// `sluice stages`: one line for each stage. Plain text, at most 100 columns where names permit.
std::string reference_text(const Catalog& catalog);

// `sluice stages NAME`: NAME is a kind ("parse"), a variant ("json"; "file" shows that of every kind), "parse json" or
// "parse.json", or "pipeline". Nothing when there is no such name; reference_names() has the candidates for a
// suggestion.
std::optional<std::string> reference_text(const Catalog& catalog, std::string_view name);
std::vector<std::string> reference_names(const Catalog& catalog);

}  // namespace sluice::config
