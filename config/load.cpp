#include "config/load.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cerrno>
#include <cstdlib>
#include <cstring>
#include <fstream>
#include <memory>
#include <system_error>

#include "config/admin.hpp"
#include "config/checker.hpp"
#include "config/overrides.hpp"
#include "config/stage_checker.hpp"
#include "config/suggest.hpp"
#include "config/text.hpp"
#include "config/topology.hpp"
#include "config/yaml_reader.hpp"

namespace sluice::config {
namespace {

constexpr std::string_view kByteOrderMark = "\xEF\xBB\xBF";

class Loader {
 public:
  Loader(std::string file, const Catalog& catalog, const LoadOptions& options, Diagnostics& diagnostics)
      : file_(std::move(file)), catalog_(catalog), options_(options), diagnostics_(diagnostics) {}

  PipelineConfig run(std::string_view text) {
    PipelineConfig config;
    config.file = file_;
    if (text.starts_with(kByteOrderMark)) text.remove_prefix(kByteOrderMark.size());
    const auto source = std::make_shared<const Source>(file_, std::string(text));
    const std::size_t before = diagnostics_.error_count();
    auto root = read_yaml(source, Variables::substitute, options_.environment, diagnostics_);
    if (!root || root->is_null()) {
      if (diagnostics_.error_count() == before) {
        diagnostics_.error({file_, 0, 0}, "the configuration is empty", "it needs at least `stages:`");
      }
      return config;
    }
    if (!root->is_map()) {
      diagnostics_.error(root->location(),
                         "the configuration must be a mapping, found " + std::string(root->kind_name()),
                         "it starts with a key such as `stages:`", root->span());
      return config;
    }
    apply_overrides(*root, options_.overrides, catalog_, diagnostics_);
    top_level(*root, config);
    return config;
  }

 private:
  void top_level(const Node& root, PipelineConfig& config) {
    const std::vector<std::string> keys{"pipeline", "stages", "rejects", "admin", "tests"};
    for (const Node::Member& member : root.members()) {
      if (std::find(keys.begin(), keys.end(), member.key) == keys.end()) {
        unknown_key(member, keys);
      } else if (first_of(root, member)) {
        section(member, config);
      }
    }
    if (root.find("stages") == nullptr) {
      diagnostics_.error(root.location(), "the configuration has no `stages`", "add `stages:` with a list of stages");
    }
  }

  static bool first_of(const Node& root, const Node::Member& member) { return root.find(member.key) == &member.value; }

  void unknown_key(const Node::Member& member, const std::vector<std::string>& keys) {
    std::string hint = suggestion(member.key, keys);
    if (catalog_.find_kind(member.key) != nullptr) hint = "stages go into the list below `stages:`";
    for (const Option& option : pipeline_options()) {
      if (option.name() == member.key) hint = quote(member.key) + " belongs below `pipeline:`";
    }
    diagnostics_.error(member.key_location(), "unknown key " + quote(member.key), std::move(hint), member.key_span());
  }

  void section(const Node::Member& member, PipelineConfig& config) {
    if (member.key == "pipeline") pipeline(member, config);
    if (member.key == "stages") stages(member, config);
    if (member.key == "rejects") rejects(member, config);
    if (member.key == "admin") admin(member, config);
    if (member.key == "tests") tests(member, config);
  }

  void pipeline(const Node::Member& member, PipelineConfig& config) {
    if (member.value.is_null() && member.value.text().empty()) return;
    if (!member.value.is_map()) {
      diagnostics_.error(member.value.location(),
                         "`pipeline`: expected a mapping, found " + std::string(member.value.kind_name()), {},
                         member.value.span());
      return;
    }
    const Settings settings = check_options({members_of(member.value), member.value.location(), "`pipeline`"},
                                            pipeline_options(), diagnostics_);
    if (settings.contains("workers") && settings.type_of("workers") == Type::integer) {
      config.workers = static_cast<std::size_t>(settings.integer("workers"));
    }
    if (settings.contains("queue")) config.queue = static_cast<std::size_t>(settings.integer("queue"));
    if (settings.contains("checkpoint")) config.checkpoint = settings.duration("checkpoint");
    if (settings.contains("grace")) config.grace = settings.duration("grace");
    if (settings.contains("max_line")) config.max_line = settings.size("max_line");
    if (settings.contains("order")) {
      config.order = settings.string("order") == "relaxed" ? Order::relaxed : Order::preserve;
    }
    if (!settings.contains("batch")) return;
    const Settings& batch = settings.section("batch");
    config.batch_size = batch.size("size");
    config.batch_linger = batch.duration("linger");
  }

  void stages(const Node::Member& member, PipelineConfig& config) {
    const Node& list = member.value;
    if (!list.is_list() || list.items().empty()) {
      const bool nothing = list.is_list() || list.is_null();
      diagnostics_.error(
          nothing ? member.key_location() : list.location(),
          nothing ? "there are no stages" : "`stages`: expected a list, found " + std::string(list.kind_name()),
          "write one stage a line: `- generate: stdin`", nothing ? member.key_span() : list.span());
      return;
    }
    std::vector<DraftStage> drafts;
    for (std::size_t i = 0; i < list.items().size(); ++i) {
      drafts.push_back(check_stage(list.items()[i], i + 1, catalog_, diagnostics_));
    }
    config.stages = resolve(std::move(drafts), catalog_, member.key_location(), diagnostics_);
  }

  // A top-level value, checked by its declaration.
  std::optional<Value> scalar(const Node::Member& member) {
    for (const Option& option : top_level_options()) {
      if (option.name() == member.key) return check_value(option, member.value, diagnostics_);
    }
    return std::nullopt;
  }

  void rejects(const Node::Member& member, PipelineConfig& config) {
    const auto value = scalar(member);
    if (!value) return;
    config.rejects.location = value->location();
    if (value->string() == "stderr") return;
    if (value->string() == "drop") {
      config.rejects.target = Rejects::Target::drop;
      return;
    }
    // "stdrr" is a valid file name, but hardly meant as one.
    const std::vector<std::string> words{"stderr", "drop"};
    const auto nearest = nearest_name(value->string(), words);
    const bool bare_word = value->string().find_first_of("/.") == std::string::npos;
    if (bare_word && nearest) {
      diagnostics_.error(value->location(),
                         "`rejects`: expected `stderr`, `drop` or a path, found " + quote(value->string()),
                         "did you mean " + quote(*nearest) + "? (a file of this name is `./" + value->string() + "`)",
                         value->node().span());
      return;
    }
    config.rejects.target = Rejects::Target::file;
    config.rejects.path = value->string();
  }

  void admin(const Node::Member& member, PipelineConfig& config) {
    if (const auto value = scalar(member)) config.admin = read_admin(*value, diagnostics_);
  }

  void tests(const Node::Member& member, PipelineConfig& config) {
    const Node& list = member.value;
    if (!list.is_list()) {
      diagnostics_.error(list.location(), "`tests`: expected a list, found " + std::string(list.kind_name()), {},
                         list.span());
      return;
    }
    for (const Node& item : list.items()) {
      if (!item.is_map()) {
        diagnostics_.error(item.location(), "a test is a mapping, found " + std::string(item.kind_name()),
                           "it needs at least `input:` and `output:`", item.span());
        continue;
      }
      test(item, config);
    }
  }

  void test(const Node& item, PipelineConfig& config) {
    const std::vector<Option> options = test_options();
    Settings test = check_options({members_of(item), item.location(), "a test"}, options, diagnostics_);
    const std::vector<std::string_view> expectations{"output", "rejected", "filtered", "error"};
    if (std::ranges::none_of(expectations, [&](std::string_view name) { return item.find(name) != nullptr; })) {
      diagnostics_.error(item.location(), "a test that expects nothing",
                         "add `output`, `rejected`, `filtered` or `error`");
    }
    config.tests.push_back(std::move(test));
  }

  std::string file_;
  const Catalog& catalog_;
  const LoadOptions& options_;
  Diagnostics& diagnostics_;
};

}  // namespace

Environment process_environment() {
  return [](const std::string& name) -> std::optional<std::string> {
    const char* value = std::getenv(name.c_str());
    if (value == nullptr) return std::nullopt;
    return std::string(value);
  };
}

LoadResult load(std::string_view text, const std::string& file, const Catalog& catalog, const LoadOptions& options) {
  LoadResult result;
  result.config = Loader(file, catalog, options, result.diagnostics).run(text);
  return result;
}

LoadResult load_file(const std::string& path, const Catalog& catalog, const LoadOptions& options) {
  LoadResult result;
  result.config.file = path;
  std::string text;
  errno = 0;
  std::ifstream stream(path, std::ios::binary);
  int problem = stream ? 0 : errno;
  if (problem == 0) {
    // One byte more than allowed tells a file that is too large from one that just fits.
    text.resize(kMaxFileSize + 1);
    stream.read(text.data(), static_cast<std::streamsize>(text.size()));
    text.resize(static_cast<std::size_t>(std::max<std::streamsize>(stream.gcount(), 0)));
    if (stream.bad()) problem = errno != 0 ? errno : EIO;
  }
  if (problem != 0) {
    result.diagnostics.error(
        {path, 0, 0}, "cannot read the configuration: " + std::error_code(problem, std::generic_category()).message(),
        problem == ENOENT ? "check the path" : "");
    return result;
  }
  return load(text, path, catalog, options);
}

StageResult load_stage(std::string_view text, const Catalog& catalog, const LoadOptions& options) {
  StageResult result;
  const auto source = std::make_shared<const Source>("stage.yaml", std::string(text));
  const auto node = read_yaml(source, Variables::substitute, options.environment, result.diagnostics);
  if (!node) {
    if (result.ok()) result.diagnostics.error({"stage.yaml", 0, 0}, "there is no stage");
    result.stage.valid = false;
    return result;
  }
  const bool single = node->is_list() && node->items().size() == 1;
  result.stage = check_stage(single ? node->items().front() : *node, 1, catalog, result.diagnostics).config;
  return result;
}

}  // namespace sluice::config
