// Manual pages, in the macros of man(7), from the declarations.
#pragma once

#include <string>
#include <string_view>

#include "config/catalog.hpp"

namespace sluice::config {

// What a manual page's head says beside its name.
struct ManualHead {
  std::string version;  // 0.1.0
  std::string date;     // 2026-11-25
};

// The page sluice.yaml(5): the same as docs/reference.md.
std::string configuration_manual(const Catalog& catalog, const ManualHead& head);

// For whoever writes other pages.
//
// Text as roff: what is special to roff is escaped, so that a text can neither begin a request nor change fonts, `code`
// becomes bold, and characters beyond ASCII are named. Line ends become blanks.
std::string roff(std::string_view markdown);
// The same for text in which nothing is marked up; a hyphen is one that can be copied into a shell.
std::string roff_literal(std::string_view text);
// Lines as they are, indented, unfilled.
std::string roff_example(std::string_view text);
// `.TH`, with NAME and its one line. `summary` is Markdown.
std::string roff_head(std::string_view name, std::string_view section, std::string_view summary,
                      const ManualHead& head);

}  // namespace sluice::config
