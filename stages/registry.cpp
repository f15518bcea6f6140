#include "stages/registry.hpp"

#include <utility>

#include "stages/enrich/enrich.hpp"
#include "stages/filter/filter.hpp"
#include "stages/kinds.hpp"
#include "stages/parse/combined.hpp"
#include "stages/parse/common.hpp"
#include "stages/parse/json.hpp"
#include "stages/parse/logfmt.hpp"
#include "stages/parse/regex.hpp"
#include "stages/route/route.hpp"

namespace sluice::stages {

std::vector<Definition> definitions() {
  std::vector<Definition> all;
  // generate
  // parse
  all.push_back(parse_json());
  all.push_back(parse_logfmt());
  all.push_back(parse_combined());
  all.push_back(parse_common());
  all.push_back(parse_regex());
  // filter, enrich, route
  all.push_back(filter());
  all.push_back(enrich());
  all.push_back(route());
  // write
  return all;
}

config::Catalog catalog(const std::vector<Definition>& definitions) {
  config::Catalog catalog;
  for (config::KindSpec& kind : kinds()) catalog.add_kind(std::move(kind));
  for (const Definition& definition : definitions) catalog.add_stage(definition.spec);
  return catalog;
}

}  // namespace sluice::stages
