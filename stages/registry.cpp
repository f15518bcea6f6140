#include "stages/registry.hpp"

#include <utility>

#include "stages/enrich/enrich.hpp"
#include "stages/filter/filter.hpp"
#include "stages/generate/demo.hpp"
#include "stages/generate/file.hpp"
#include "stages/generate/stdin.hpp"
#include "stages/kinds.hpp"
#include "stages/parse/combined.hpp"
#include "stages/parse/common.hpp"
#include "stages/parse/cri.hpp"
#include "stages/parse/csv.hpp"
#include "stages/parse/docker.hpp"
#include "stages/parse/grok.hpp"
#include "stages/parse/json.hpp"
#include "stages/parse/klog.hpp"
#include "stages/parse/kv.hpp"
#include "stages/parse/logfmt.hpp"
#include "stages/parse/regex.hpp"
#include "stages/parse/rfc3164.hpp"
#include "stages/parse/rfc5424.hpp"
#include "stages/parse/syslog.hpp"
#include "stages/planned.hpp"
#include "stages/route/route.hpp"
#include "stages/write/file.hpp"
#include "stages/write/null.hpp"
#include "stages/write/stdout.hpp"
#include "stages/write/tcp.hpp"
#include "stages/write/udp.hpp"
#include "stages/write/unix.hpp"

namespace sluice::stages {

std::vector<Definition> definitions() {
  std::vector<Definition> all;
  // generate
  all.push_back(generate_stdin());
  all.push_back(generate_file());
  all.push_back(generate_demo());
  // parse
  all.push_back(parse_json());
  all.push_back(parse_logfmt());
  all.push_back(parse_syslog());
  all.push_back(parse_rfc3164());
  all.push_back(parse_rfc5424());
  all.push_back(parse_combined());
  all.push_back(parse_common());
  all.push_back(parse_cri());
  all.push_back(parse_docker());
  all.push_back(parse_csv());
  all.push_back(parse_tsv());
  all.push_back(parse_kv());
  all.push_back(parse_klog());
  all.push_back(parse_regex());
  all.push_back(parse_grok());
  // filter, enrich, route
  all.push_back(filter());
  all.push_back(enrich());
  all.push_back(route());
  // write
  all.push_back(write_stdout());
  all.push_back(write_file());
  all.push_back(write_null());
  all.push_back(write_tcp());
  all.push_back(write_udp());
  all.push_back(write_unix());
  for (Definition& definition : planned()) all.push_back(std::move(definition));
  return all;
}

config::Catalog catalog(const std::vector<Definition>& definitions) {
  config::Catalog catalog;
  for (config::KindSpec& kind : kinds()) catalog.add_kind(std::move(kind));
  for (const Definition& definition : definitions) catalog.add_stage(definition.spec);
  return catalog;
}

}  // namespace sluice::stages
