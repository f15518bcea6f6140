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

// The same path without empty parts and parts that are ".": the form in which find_paths() gives paths. A pattern's
// `**/**` becomes `**`.
std::string plain_path(std::string_view path);

// All paths that match, sorted bytewise, directories left out. Symbolic links are followed, but `**` does not descend
// into them (they may form a circle). Stops early when the context is done. "" is the working directory.
struct Found {
  std::vector<std::string> paths;
  std::vector<std::string> unreadable;   // directories that cannot be read
  std::vector<std::string> directories;  // where more such files may appear
  std::vector<std::string> parents;      // where directories may appear that would be searched too
};
Found find_paths(const flow::Context& context, std::string_view pattern);

}  // namespace sluice::stages
