// Finding files by patterns.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "flow/context.hpp"

namespace sluice::stages {

// Whether `path` matches. `*`, `?` and `[a-z]` match within one part of the path and no leading dot, as in a shell;
// a part `**` matches any number of directories, none included. A pattern without '/' is matched with the last part.
bool matches_path(std::string_view pattern, std::string_view path);

// Whether `pattern` has any wildcard; if not it names exactly one file.
bool has_wildcards(std::string_view pattern);

// All paths that match, sorted bytewise, directories left out. Symbolic links are followed, but `**` does not descend
// into them (they may form a circle). Directories that cannot be read are appended to `unreadable`. Stops early when
// the context is done.
struct Found {
  std::vector<std::string> paths;
  std::vector<std::string> unreadable;
};
Found find_paths(const flow::Context& context, std::string_view pattern);

}  // namespace sluice::stages
