// A catalog for tests of config/: shaped like the real one, small, and independent of stages/.
#pragma once

#include "config/catalog.hpp"

namespace sluice::tests {

inline config::Catalog sample_catalog() {
  using config::Option;
  using config::Role;
  config::Catalog catalog;
  catalog.add_kind(
      {.kind = "generate",
       .role = Role::generator,
       .summary = "Reads records.",
       .variant_key = "from",
       .scalar_key = "from",
       .common = {
           Option::boolean("keep_blank").defaults("false").doc("keep blank lines"),
           Option::either("multiline",
                          {Option::choice("", {"java", "go"}),
                           Option::mapping("", {Option::regex("start").doc("first line"),
                                                Option::duration("timeout").defaults("1s").doc("how long to wait")})})
               .doc("joins lines")}});
  catalog.add_stage({.kind = "generate", .variant = "stdin", .summary = "Lines of standard input."});
  catalog.add_stage(
      {.kind = "generate",
       .variant = "file",
       .summary = "Lines of files.",
       .options = {Option::list("paths", Option::string()).or_single().required().not_empty().doc("files"),
                   Option::choice("start", {"beginning", "end"}).defaults("beginning").doc("where to start"),
                   Option::boolean("follow").defaults("true").unsupported().doc("go on at the end")},
       .scalar_option = "paths"});
  catalog.add_stage({.kind = "generate",
                     .variant = "demo",
                     .summary = "Synthetic records.",
                     .options = {Option::rate("rate").defaults("100/s").doc("how fast"),
                                 Option::integer("count").at_least(1).doc("how many")}});
  catalog.add_stage({.kind = "generate", .variant = "kafka", .summary = "A topic.", .supported = false});
  catalog.add_kind({.kind = "parse",
                    .summary = "Finds fields.",
                    .variant_key = "format",
                    .scalar_key = "format",
                    .common = {Option::string("field").defaults("message").doc("what to parse"),
                               Option::map("types", Option::choice("", {"int", "double"})).doc("types of fields"),
                               Option::choice("on_error", {"reject", "pass"}).defaults("reject").doc("what then")}});
  catalog.add_stage({.kind = "parse",
                     .variant = "json",
                     .summary = "JSON objects.",
                     .examples = {{"a level", "- parse: json", {"{\"a\":1}"}, {"{\"a\":1}"}}}});
  catalog.add_stage({.kind = "parse",
                     .variant = "regex",
                     .summary = "Named groups.",
                     .options = {Option::regex("pattern").required().doc("RE2")},
                     .scalar_option = "pattern"});
  catalog.add_kind({.kind = "filter", .summary = "Lets records through.", .scalar_key = "where"});
  catalog.add_stage({.kind = "filter",
                     .summary = "Lets records through.",
                     .options = {Option::expression("where").doc("goes on where true"),
                                 Option::number("sample").at_least(0).at_most(1).doc("share"),
                                 Option::rate("limit").conflicts_with({"sample"}).doc("how many"),
                                 Option::string("key").needs({"limit"}).doc("by what")},
                     .at_least_one_of = {{"where", "sample", "limit"}}});
  catalog.add_kind({.kind = "enrich", .summary = "Adds fields."});
  catalog.add_stage({.kind = "enrich",
                     .summary = "Adds fields.",
                     .options = {Option::map("fields", Option::any()).doc("literal values"),
                                 Option::map("compute", Option::expression()).doc("computed values"),
                                 Option::list("drop", Option::string()).or_single().doc("fields to remove"),
                                 Option::size("limit").at_least(1024).defaults("1MiB").doc("bytes")}});
  catalog.add_kind({.kind = "route",
                    .role = Role::router,
                    .summary = "Splits the stream.",
                    .outputs_option = "routes",
                    .extra_outputs = {"otherwise"}});
  catalog.add_stage({.kind = "route",
                     .summary = "Splits the stream.",
                     .options = {Option::map("routes", Option::expression()).required().not_empty().doc("outputs"),
                                 Option::choice("match", {"first", "all"}).defaults("first").doc("how many")}});
  catalog.add_kind({.kind = "write",
                    .role = Role::writer,
                    .summary = "Writes records.",
                    .variant_key = "to",
                    .scalar_key = "to",
                    .common = {Option::choice("encode", {"json", "raw"}).defaults("json").doc("how")}});
  catalog.add_stage({.kind = "write", .variant = "stdout", .summary = "Standard output."});
  catalog.add_stage({.kind = "write", .variant = "null", .summary = "Nowhere."});
  catalog.add_stage({.kind = "write",
                     .variant = "file",
                     .summary = "A file.",
                     .options = {Option::string("path").required().doc("where"),
                                 Option::mapping("rotate", {Option::size("size").doc("at this size"),
                                                            Option::integer("keep").defaults("5").doc("how many")})
                                     .doc("rotation")},
                     .scalar_option = "path"});
  return catalog;
}

// Uses most of what a file may hold; free of errors with HOSTNAME unset.
inline constexpr const char* kGoodConfiguration = R"(# every kind of value
pipeline:
  workers: auto
  queue: 16
  batch: {size: 256KiB, linger: 50ms}
  grace: 30s
  max_line: 1MiB
  order: preserve

stages:
  - generate: {file: {paths: [a.log, "b*.log"], start: end}, multiline: {start: '^\S', timeout: 2s}}
  - parse: &json {format: json, types: {status: int}}
    name: parsed
  - filter: status >= 500 && !path.startsWith("/health")
    workers: 2
  - enrich:
      fields: {dc: fra1, host: "${HOSTNAME:-unknown}", cost: "$$5"}
      compute:
        slow: duration_ms > 250.0
        text: >-
          a +
          b
  - route: {routes: {errors: 'level == "error"', slow: slow}}
  - write: {to: file, path: errors.log, rotate: {size: 1MB}}
    from: errors
  - write: stdout
    from: [slow, route-5.otherwise]

rejects: drop
)";

}  // namespace sluice::tests
