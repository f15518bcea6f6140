#include "stages/registry.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <set>
#include <string>

#include "config/catalog.hpp"
#include "config/reference.hpp"
#include "config/schema.hpp"
#include "record/json.hpp"

namespace sluice::stages {
namespace {

TEST(Registry, HasEveryVariantOfTheContract) {
  const config::Catalog all = catalog(definitions());
  const std::vector<std::pair<const char*, std::vector<const char*>>> contract = {
      {"generate", {"stdin", "file", "journald", "syslog", "socket", "exec", "demo", "kafka"}},
      {"parse",
       {"json", "logfmt", "syslog", "rfc3164", "rfc5424", "combined", "common", "cri", "docker", "csv", "kv", "klog",
        "regex", "grok"}},
      {"filter", {""}},
      {"enrich", {""}},
      {"route", {""}},
      {"write", {"stdout", "file", "null", "tcp", "udp", "unix", "http", "syslog", "kafka", "loki", "elasticsearch"}},
  };
  for (const auto& [kind, variants] : contract) {
    for (const char* variant : variants) EXPECT_NE(all.find(kind, variant), nullptr) << kind << " " << variant;
  }
}

TEST(Registry, DeclaresEachVariantOnce) {
  std::set<std::pair<std::string, std::string>> seen;
  for (const Definition& definition : definitions()) {
    EXPECT_TRUE(seen.emplace(definition.spec.kind, definition.spec.variant).second)
        << definition.spec.kind << " " << definition.spec.variant;
  }
}

TEST(Registry, HasNoMistakesInItsDeclarations) {
  const std::vector<std::string> problems = config::problems(catalog(definitions()));
  EXPECT_TRUE(problems.empty()) << problems.front();
}

TEST(Registry, SaysWhatEveryOptionIsFor) {
  const config::Catalog all = catalog(definitions());
  for (const config::StageSpec& stage : all.stages()) {
    EXPECT_FALSE(stage.summary.empty()) << stage.kind << " " << stage.variant;
    for (const config::Option& option : config::all_options(all, *all.find_kind(stage.kind), stage)) {
      EXPECT_FALSE(option.summary().empty()) << stage.kind << " " << stage.variant << ": " << option.name();
    }
  }
}

TEST(Registry, MakesAValidSchema) { EXPECT_TRUE(record::is_valid_json(config::json_schema(catalog(definitions())))); }

}  // namespace
}  // namespace sluice::stages
