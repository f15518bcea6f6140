// generate: {from: file, paths: ["/var/log/app/*.log", "/srv/**/access.log"], exclude: ["*.gz"], follow: true}
//
// Reads files: once, in the order of their paths; or on and on, through rotation (see follow/).
#pragma once

#include <chrono>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "stages/generate/follow/backlog.hpp"
#include "stages/generate/follow/file_table.hpp"
#include "stages/generate/follow/follower.hpp"
#include "stages/registry.hpp"

namespace sluice::stages {

class FileGenerator final : public Generator {
 public:
  using Options = follow::Options;
  explicit FileGenerator(Options options) : options_(std::move(options)) {}

  // Without `follow` it fails, naming the path, if a pattern finds nothing (unless optional) or a file cannot be read.
  flow::Error run(const flow::Context& context, Emitter& emitter) override;

  bool keeps_positions() const override { return options_.follow || !options_.state.empty(); }
  std::string state_directory() const override { return options_.state; }
  // To be called with "{}" for the first run whose positions are saved: what is unfinished at the end of a run is left
  // to the next one then, and not taken for a last line.
  flow::Error restore(std::string_view saved) override;
  void passed_on(std::span<const Mark> marks) override { files_.passed_on(marks); }
  // Empty before all files were looked for the first time, otherwise
  // {"files": [{"path", "device", "inode", "offset", "size", "head", "tail", ...}], "patterns": [...]}
  std::string save() const override;
  // Of files that are followed.
  std::optional<std::chrono::nanoseconds> lag() const override {
    return options_.follow ? std::optional(backlog_.age()) : std::nullopt;
  }

 private:
  const Options options_;
  follow::FileTable files_;
  follow::Backlog backlog_;
  std::vector<std::string> earlier_patterns_;
  bool restored_ = false;
};

Definition generate_file();

}  // namespace sluice::stages
