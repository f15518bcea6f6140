#include "stages/kinds.hpp"

#include "stages/generate/multiline.hpp"
#include "stages/parse/parse_options.hpp"
#include "stages/write/encoder.hpp"

namespace sluice::stages {
namespace {

using config::Choice;
using config::KindSpec;
using config::Option;
using config::Role;

KindSpec generate_kind() {
  KindSpec kind;
  kind.kind = "generate";
  kind.role = Role::generator;
  kind.summary = "Accepts lines; each becomes a record with the field `message`.";
  kind.variant_key = "from";
  kind.scalar_key = "from";
  kind.common = {
      Option::boolean("keep_blank")
          .defaults("false")
          .doc("keep lines of white space only; otherwise they are counted as filtered"),
      multiline_option(),
  };
  return kind;
}

KindSpec parse_kind() {
  KindSpec kind;
  kind.kind = "parse";
  kind.summary = "Reads a format: replaces the record's fields by what it finds.";
  kind.variant_key = "format";
  kind.scalar_key = "format";
  kind.common = parse_common_options();
  return kind;
}

KindSpec filter_kind() {
  KindSpec kind;
  kind.kind = "filter";
  kind.summary = "Lets some records go on; the others end here, counted as filtered.";
  kind.scalar_key = "where";
  return kind;
}

KindSpec enrich_kind() {
  KindSpec kind;
  kind.kind = "enrich";
  kind.summary = "Adds, changes and removes fields.";
  return kind;
}

KindSpec route_kind() {
  KindSpec kind;
  kind.kind = "route";
  kind.role = Role::router;
  kind.summary = "Sends each record to the outputs whose condition it meets.";
  kind.outputs_option = "routes";
  kind.extra_outputs = {"otherwise"};
  return kind;
}

KindSpec write_kind() {
  KindSpec kind;
  kind.kind = "write";
  kind.role = Role::writer;
  kind.summary = "Encodes records and sends them out.";
  kind.variant_key = "to";
  kind.scalar_key = "to";
  kind.common = encode_options();
  return kind;
}

}  // namespace

std::vector<KindSpec> kinds() {
  return {generate_kind(), parse_kind(), filter_kind(), enrich_kind(), route_kind(), write_kind()};
}

}  // namespace sluice::stages
