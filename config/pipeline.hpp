// A whole configuration, checked.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "config/catalog.hpp"
#include "config/option.hpp"
#include "config/settings.hpp"

namespace sluice::config {

enum class Order { preserve, relaxed };

// Where a stage reads from.
struct Input {
  std::string stage;      // the name of the stage read
  std::string output;     // of a router, the name of the output; else empty
  std::size_t index = 0;  // of that stage in PipelineConfig::stages
  Location location;      // of the name in the file; of the reading stage when it is the default
};

// One stage, in the order of the file.
struct StageConfig {
  std::string name;  // as written, or kind and position: "filter-3"
  std::string kind;
  std::string variant;  // empty for kinds without variants
  Role role = Role::transform;
  std::vector<Input> from;           // empty for generators
  std::vector<std::string> outputs;  // of a router: all names that may be read, in order, `otherwise` last
  std::size_t workers = 0;           // cap on parallel work; 0 = no cap of its own
  Settings settings;
  Location location;
  // False when this stage has errors of its own: its settings are then incomplete. `check` still builds the others, so
  // that errors inside expressions are reported together with these.
  bool valid = true;
};

struct Rejects {
  enum class Target { stderr_stream, file, drop };
  Target target = Target::stderr_stream;
  std::string path;  // for Target::file
  Location location;
};

struct Admin {
  enum class Kind { off, unix_socket, tcp };
  Kind kind = Kind::off;
  std::string address;     // a path, or a numeric host without brackets
  std::uint16_t port = 0;  // 0: any that is free
  std::string token;       // what clients must send; empty: nothing
  std::string token_file;  // where it was read from; empty if it stands in the configuration
  Location location;
};

// The configuration as the daemon builds the pipeline from it; values have the contract's defaults.
struct PipelineConfig {
  std::string file;
  std::size_t workers = 0;                // size of the worker pool; 0 = hardware threads
  std::size_t queue = 16;                 // batches per queue
  std::uint64_t batch_size = 256 * 1024;  // bytes
  std::chrono::nanoseconds batch_linger = std::chrono::milliseconds(50);
  std::chrono::nanoseconds checkpoint = std::chrono::seconds(1);
  std::chrono::nanoseconds grace = std::chrono::seconds(30);
  std::uint64_t max_line = 1024 * 1024;  // bytes
  Order order = Order::preserve;
  Rejects rejects;
  Admin admin;
  std::vector<StageConfig> stages;
  std::vector<Settings> tests;  // cases for `sluice test`, by test_options()

  // Null when there is no stage of this name.
  const StageConfig* find_stage(std::string_view name) const;
};

// The declarations of the `pipeline:` section, of the keys beside the kind key of a stage (`name`, `from`, `workers`),
// and of the top level (`rejects`, `admin`; sections are not among them).
std::vector<Option> pipeline_options();
std::vector<Option> stage_options();
std::vector<Option> top_level_options();

// The declarations of one item of `tests:`.
std::vector<Option> test_options();

}  // namespace sluice::config
