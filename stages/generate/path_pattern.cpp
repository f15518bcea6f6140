#include "stages/generate/path_pattern.hpp"

#include <fnmatch.h>

#include <algorithm>
#include <filesystem>
#include <span>
#include <system_error>

namespace sluice::stages {
namespace {

namespace fs = std::filesystem;
using Parts = std::vector<std::string>;

constexpr std::string_view kAnyDepth = "**";

// "/var//log/*.log" gives "var", "log", "*.log".
Parts split(std::string_view path) {
  Parts parts;
  while (!path.empty()) {
    const std::size_t slash = std::min(path.find('/'), path.size());
    const std::string_view part = path.substr(0, slash);
    const bool again =
        part == kAnyDepth && !parts.empty() && parts.back() == kAnyDepth;  // `**/**` says no more than `**`
    if (!part.empty() && part != "." && !again) parts.emplace_back(part);
    path.remove_prefix(std::min(slash + 1, path.size()));
  }
  return parts;
}

bool matches_part(const std::string& pattern, const std::string& name) {
  return ::fnmatch(pattern.c_str(), name.c_str(), FNM_PERIOD) == 0;
}

bool matches_parts(std::span<const std::string> pattern, std::span<const std::string> path) {
  // The usual walk with one point to come back to: the last `**` can always take one part more.
  std::size_t at = 0;
  std::size_t retry_pattern = pattern.size();
  std::size_t retry_path = 0;
  std::size_t part = 0;
  while (part < path.size()) {
    if (at < pattern.size() && pattern[at] == kAnyDepth) {
      retry_pattern = at++;
      retry_path = part;
    } else if (at < pattern.size() && matches_part(pattern[at], path[part])) {
      ++at, ++part;
    } else if (retry_pattern < pattern.size() && !path[retry_path].starts_with('.')) {
      at = retry_pattern + 1;
      part = ++retry_path;
    } else {
      return false;
    }
  }
  while (at < pattern.size() && pattern[at] == kAnyDepth) ++at;
  return at == pattern.size();
}

class Finder {
 public:
  explicit Finder(Found& found) : found_(found) {}

  // Looks for what the rest of the pattern matches below `base` ("" is the working directory).
  void descend(const flow::Context& context, const std::string& base, std::span<const std::string> rest) {
    if (context.done()) return;
    if (rest.empty()) return add(base);
    const std::string& part = rest.front();
    note(base, rest);
    if (part == kAnyDepth) {
      descend(context, base, rest.subspan(1));
      for (const std::string& name : names(base)) {
        const std::string path = join(base, name);
        std::error_code error;
        if (name.starts_with('.')) continue;
        if (fs::is_directory(fs::symlink_status(path, error))) {
          descend(context, path, rest);
        } else if (rest.size() == 1) {  // a `**` at the end matches files as well
          add(path);
        }
      }
    } else if (has_wildcards(part)) {
      for (const std::string& name : names(base)) {
        if (matches_part(part, name)) descend(context, join(base, name), rest.subspan(1));
      }
    } else {
      descend(context, join(base, part), rest.subspan(1));
    }
  }

 private:
  // Where a file or directory that is not there yet would appear.
  void note(const std::string& base, std::span<const std::string> rest) {
    if (rest.size() == 1) {
      std::error_code error;
      if (base.empty() || fs::is_directory(base, error)) {
        found_.directories.push_back(base);
      } else {
        std::string above = base;
        do {
          const std::size_t slash = above.rfind('/');
          above = slash == std::string::npos ? "" : slash == 0 ? "/" : above.substr(0, slash);
        } while (!above.empty() && !fs::is_directory(above, error));
        found_.parents.push_back(above);
      }
    }
    if (has_wildcards(rest.front()) && (rest.size() > 1 || rest.front() == kAnyDepth)) found_.parents.push_back(base);
  }

  static std::string join(const std::string& base, const std::string& name) {
    return base.empty() || base.ends_with('/') ? base + name : base + '/' + name;
  }

  void add(const std::string& path) {
    std::error_code error;
    const fs::file_status status = fs::status(path, error);
    // What exists but cannot be looked at is taken: opening it gives the error that names it.
    if (fs::exists(status) && !fs::is_directory(status)) found_.paths.push_back(path);
  }

  std::vector<std::string> names(const std::string& directory) {
    std::vector<std::string> all;
    std::error_code error;
    fs::directory_iterator entry(directory.empty() ? "." : directory, error);
    for (; !error && entry != fs::directory_iterator(); entry.increment(error)) {
      all.push_back(entry->path().filename().string());
    }
    if (error && error != std::errc::no_such_file_or_directory && error != std::errc::not_a_directory) {
      found_.unreadable.push_back(directory);
    }
    return all;
  }

  Found& found_;
};

}  // namespace

bool has_wildcards(std::string_view pattern) { return pattern.find_first_of("*?[") != std::string_view::npos; }

bool matches_path(std::string_view pattern, std::string_view path) {
  const Parts pattern_parts = split(pattern);
  const Parts path_parts = split(path);
  if (pattern.find('/') == std::string_view::npos && !path_parts.empty()) {
    return matches_parts(pattern_parts, std::span(path_parts).last(1));
  }
  return matches_parts(pattern_parts, path_parts);
}

std::string plain_path(std::string_view path) {
  std::string plain = path.starts_with('/') ? "/" : "";
  for (const std::string& part : split(path)) {
    if (!plain.empty() && !plain.ends_with('/')) plain += '/';
    plain += part;
  }
  return plain;
}

Found find_paths(const flow::Context& context, std::string_view pattern) {
  Found found;
  const Parts parts = split(pattern);
  Finder(found).descend(context, pattern.starts_with('/') ? "/" : "", parts);
  for (std::vector<std::string>* each : {&found.paths, &found.directories, &found.parents}) {
    std::ranges::sort(*each);
    each->erase(std::unique(each->begin(), each->end()), each->end());
  }
  return found;
}

}  // namespace sluice::stages
