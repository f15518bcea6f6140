// From nodes to settings by the declarations of options.
#pragma once

#include <optional>
#include <span>
#include <string>
#include <vector>

#include "config/diagnostics.hpp"
#include "config/node.hpp"
#include "config/option.hpp"
#include "config/settings.hpp"

namespace sluice::config {

// Where the values of one mapping come from. The members are mostly those of one node, but a stage may gather them from
// two levels (`generate: {file: {...}, multiline: ...}`).
struct Given {
  std::vector<const Node::Member*> members;
  Location location;  // of the mapping, for what is missing from it
  std::string owner;  // "filter", "`batch`": whose options these are, for messages
};

// Checks all members, reports every error, fills in defaults. With errors the settings hold what was right.
Settings check_options(const Given& given, std::span<const Option> options, Diagnostics& diagnostics);

// One value. Nothing when it does not fit; the reason is then among the diagnostics.
std::optional<Value> check_value(const Option& option, const Node& node, Diagnostics& diagnostics);

// The members of a map node, for Given.
std::vector<const Node::Member*> members_of(const Node& node);

}  // namespace sluice::config
