// generate: {from: file, paths: ["/var/log/app/*.log", "/srv/**/access.log"], exclude: ["*.gz"]}
//
// Reads whole files, one after the other in the order of their paths.
#pragma once

#include <string>
#include <vector>

#include "stages/generate/line_reader.hpp"
#include "stages/registry.hpp"

namespace sluice::stages {

class FileGenerator final : public Generator {
 public:
  struct Options {
    std::vector<std::string> paths;    // names and patterns (see path_pattern.hpp)
    std::vector<std::string> exclude;  // patterns
    bool optional = false;             // no file at all is no error
    LineOptions lines;
  };
  explicit FileGenerator(Options options);

  // Fails, naming the path, if a pattern finds nothing (unless optional) or a file cannot be read.
  flow::Error run(const flow::Context& context, Emitter& emitter) override;

 private:
  flow::Error find(const flow::Context& context, std::vector<std::string>& paths) const;
  bool is_excluded(const std::string& path) const;

  Options options_;
};

Definition generate_file();

}  // namespace sluice::stages
