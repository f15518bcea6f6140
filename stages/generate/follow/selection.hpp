// Which files a generator is to read.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "flow/context.hpp"

namespace sluice::stages::follow {

// What the patterns find at one time. All lists are sorted and have each path once, in the form of plain_path().
struct Scan {
  std::vector<std::string> paths;
  std::vector<std::string> directories;  // where more files may appear
  std::vector<std::string> parents;      // where directories may appear that the patterns would search
  std::vector<std::string> unreadable;   // directories that could not be listed
  std::vector<std::string> unmatched;    // patterns that found nothing
  std::vector<std::string> named;        // directories that were named where files are wanted
};

class Selection {
 public:
  Selection(std::vector<std::string> patterns, std::vector<std::string> exclude);

  // Whether a file with this path is wanted.
  bool wants(std::string_view path) const;
  // Whether one of these patterns, which are in plain form, finds it.
  static bool finds(const std::string& pattern, std::string_view path);
  const std::vector<std::string>& patterns() const { return patterns_; }

  Scan scan(const flow::Context& context) const;

 private:
  std::vector<std::string> patterns_;  // in plain form
  std::vector<std::string> exclude_;
};

}  // namespace sluice::stages::follow
