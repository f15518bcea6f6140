// The library of grok patterns that every `parse: grok` knows.
#pragma once

#include <span>
#include <string_view>

namespace sluice::stages {

struct GrokPattern {
  std::string_view name;
  std::string_view pattern;
};

// Written for RE2 (no look-around, no atomic groups) under the names that Logstash made usual.
std::span<const GrokPattern> grok_library();

}  // namespace sluice::stages
