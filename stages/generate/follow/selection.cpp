#include "stages/generate/follow/selection.hpp"

#include <algorithm>
#include <filesystem>
#include <iterator>
#include <system_error>
#include <utility>

#include "stages/generate/follow/watcher.hpp"
#include "stages/generate/path_pattern.hpp"

namespace sluice::stages::follow {
namespace {

namespace fs = std::filesystem;

void append(std::vector<std::string>& to, std::vector<std::string>& from) {
  std::ranges::move(from, std::back_inserter(to));
}

void make_unique(std::vector<std::string>& list) {
  std::ranges::sort(list);
  list.erase(std::unique(list.begin(), list.end()), list.end());
}

}  // namespace

Selection::Selection(std::vector<std::string> patterns, std::vector<std::string> exclude)
    : patterns_(std::move(patterns)), exclude_(std::move(exclude)) {
  for (std::string& pattern : patterns_) {
    const bool is_directory = pattern.ends_with('/');
    pattern = plain_path(pattern);
    if (is_directory && !pattern.ends_with('/')) pattern += '/';
  }
}

// A pattern without a slash is about the working directory here, not about names anywhere.
bool Selection::finds(const std::string& pattern, std::string_view path) {
  if (pattern == path) return true;  // a name may look like a pattern
  const bool is_local = pattern.find('/') == std::string::npos && pattern != "**";
  if (is_local && path.find('/') != std::string_view::npos) return false;
  return matches_path(pattern, path);
}

bool Selection::wants(std::string_view path) const {
  return std::ranges::any_of(patterns_, [path](const std::string& each) { return finds(each, path); }) &&
         std::ranges::none_of(exclude_, [path](const std::string& each) { return matches_path(each, path); });
}

Scan Selection::scan(const flow::Context& context) const {
  Scan all;
  for (const std::string& pattern : patterns_) {
    std::error_code error;
    const fs::file_status literal = fs::status(pattern, error);
    if (fs::is_directory(literal)) {
      all.named.push_back(pattern);
    } else if (fs::exists(literal)) {  // also names that look like patterns
      all.paths.push_back(pattern);
      all.directories.push_back(directory_of(pattern));
    } else {
      Found found = find_paths(context, pattern);
      if (found.paths.empty()) all.unmatched.push_back(pattern);
      append(all.paths, found.paths);
      append(all.directories, found.directories);
      append(all.parents, found.parents);
      append(all.unreadable, found.unreadable);
    }
  }
  std::erase_if(all.paths, [this](const std::string& path) {
    return std::ranges::any_of(exclude_, [&path](const std::string& each) { return matches_path(each, path); });
  });
  for (std::vector<std::string>* each : {&all.paths, &all.directories, &all.parents, &all.unreadable})
    make_unique(*each);
  return all;
}

}  // namespace sluice::stages::follow
