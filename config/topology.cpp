#include "config/topology.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <optional>
#include <set>

#include "config/suggest.hpp"
#include "config/text.hpp"

namespace sluice::config {
namespace {

class Resolver {
 public:
  Resolver(std::vector<DraftStage> drafts, const Catalog& catalog, Location location, Diagnostics& diagnostics)
      : drafts_(std::move(drafts)), catalog_(catalog), location_(std::move(location)), diagnostics_(diagnostics) {}

  std::vector<StageConfig> run() {
    index_names();
    for (std::size_t i = 0; i < drafts_.size(); ++i) inputs(i);
    ends();
    // A reference that could not be resolved would make every stage behind it look unread.
    if (!unresolved_) {
      unread();
      cycles();
    }
    std::vector<StageConfig> stages;
    for (DraftStage& draft : drafts_) stages.push_back(std::move(draft.config));
    return stages;
  }

 private:
  StageConfig& stage(std::size_t index) { return drafts_[index].config; }

  void error(StageConfig& reader, Location place, std::string message, std::string hint, std::size_t span) {
    reader.valid = false;
    diagnostics_.error(std::move(place), std::move(message), std::move(hint), span);
  }

  void index_names() {
    for (std::size_t i = 0; i < drafts_.size(); ++i) {
      const auto [first, is_new] = names_.emplace(stage(i).name, i);
      if (!is_new) {
        error(stage(i), stage(i).location, "two stages are named " + quote(stage(i).name),
              fmt::format("the other is in line {}; give one of them another `name:`",
                          stage(first->second).location.line),
              drafts_[i].name_span);
      }
      for (const std::string& output : stage(i).outputs) outputs_[output].push_back(i);
    }
  }

  // What a reference may say, for "did you mean".
  std::vector<std::string> readable() {
    std::vector<std::string> names;
    for (const DraftStage& draft : drafts_) {
      if (draft.config.role == Role::generator || draft.config.role == Role::transform) {
        names.push_back(draft.config.name);
      }
      names.insert(names.end(), draft.config.outputs.begin(), draft.config.outputs.end());
    }
    return names;
  }

  std::string output_names(std::size_t router) {
    return "`from:` takes its outputs: " + alternatives(stage(router).outputs);
  }

  void inputs(std::size_t index) {
    DraftStage& draft = drafts_[index];
    StageConfig& reader = draft.config;
    if (reader.kind.empty()) {
      unresolved_ = true;
      return;
    }
    if (reader.role == Role::generator) {
      if (draft.has_from) {
        const Location place = draft.from.empty() ? reader.location : draft.from.front().location;
        error(reader, place, quote(reader.name) + " is a generator and reads from no stage", "remove `from:`",
              draft.from.empty() ? 1 : draft.from.front().span);
      }
      return;
    }
    if (!draft.has_from) {
      default_input(index);
      return;
    }
    if (draft.from.empty()) unresolved_ = true;
    for (const Reference& reference : draft.from) explicit_input(index, reference);
  }

  void default_input(std::size_t index) {
    StageConfig& reader = stage(index);
    if (index == 0) {
      unresolved_ = true;
      error(reader, reader.location, quote(reader.name) + " has no stage before it to read from",
            "start with a generator such as `- generate: stdin`", drafts_[index].name_span);
      return;
    }
    StageConfig& before = stage(index - 1);
    if (before.role == Role::writer) {
      unresolved_ = true;
      error(reader, reader.location,
            fmt::format("{} stands after {}, which writes and has no output", quote(reader.name), quote(before.name)),
            "say where it reads with `from:`", drafts_[index].name_span);
    } else if (before.role == Role::router) {
      unresolved_ = true;
      error(reader, reader.location,
            fmt::format("{} stands after the route {}, which has several outputs", quote(reader.name),
                        quote(before.name)),
            before.outputs.empty() ? "say which with `from:`" : output_names(index - 1), drafts_[index].name_span);
    } else {
      reader.from.push_back({before.name, {}, index - 1, reader.location});
    }
  }

  void explicit_input(std::size_t index, const Reference& reference) {
    StageConfig& reader = stage(index);
    const auto input = find(reader, reference);
    if (!input) {
      unresolved_ = true;
      return;
    }
    const bool twice = std::any_of(reader.from.begin(), reader.from.end(), [&input](const Input& other) {
      return other.index == input->index && other.output == input->output;
    });
    if (twice) {
      error(reader, reference.location, quote(reader.name) + " reads twice from " + quote(reference.name),
            "remove one of them", reference.span);
    } else {
      reader.from.push_back(*input);
    }
  }

  // A stage, "stage.output", or an output that only one route has.
  std::optional<Input> find(StageConfig& reader, const Reference& reference) {
    const std::string& name = reference.name;
    if (const std::size_t dot = name.find('.'); dot != std::string::npos) {
      const auto router = names_.find(name.substr(0, dot));
      const std::string output = name.substr(dot + 1);
      if (router != names_.end()) return output_of(reader, reference, router->second, output);
    }
    const auto found = names_.find(name);
    const auto output = outputs_.find(name);
    if (output != outputs_.end() && (found != names_.end() || output->second.size() > 1)) {
      std::vector<std::string> full;
      for (const std::size_t router : output->second) full.push_back(stage(router).name + "." + name);
      error(
          reader, reference.location,
          quote(name) + (found != names_.end() ? " is both a stage and an output" : " is an output of several routes"),
          found != names_.end() ? "rename the stage, or write " + alternatives(full) : "write " + alternatives(full),
          reference.span);
      return std::nullopt;
    }
    if (output != outputs_.end()) {
      const std::size_t router = output->second.front();
      return Input{stage(router).name, name, router, reference.location};
    }
    if (found == names_.end()) {
      error(reader, reference.location, "there is no stage or output named " + quote(name),
            suggestion(name, readable()), reference.span);
      return std::nullopt;
    }
    return stage_input(reader, reference, found->second);
  }

  std::optional<Input> stage_input(StageConfig& reader, const Reference& reference, std::size_t index) {
    const StageConfig& source = stage(index);
    if (source.role == Role::writer) {
      error(reader, reference.location, quote(source.name) + " writes and has no output to read",
            "read from the stage before it", reference.span);
      return std::nullopt;
    }
    if (source.role == Role::router) {
      error(reader, reference.location, quote(source.name) + " is a route and has several outputs",
            source.outputs.empty() ? "" : output_names(index), reference.span);
      return std::nullopt;
    }
    return Input{source.name, {}, index, reference.location};
  }

  std::optional<Input> output_of(StageConfig& reader, const Reference& reference, std::size_t router,
                                 const std::string& output) {
    const std::vector<std::string>& outputs = stage(router).outputs;
    if (std::find(outputs.begin(), outputs.end(), output) != outputs.end()) {
      return Input{stage(router).name, output, router, reference.location};
    }
    error(reader, reference.location, quote(stage(router).name) + " has no output named " + quote(output),
          outputs.empty() ? "only routes have named outputs" : suggestion(output, outputs), reference.span);
    return std::nullopt;
  }

  void ends() {
    const auto has = [this](Role role) {
      return std::any_of(drafts_.begin(), drafts_.end(), [role](const DraftStage& draft) {
        return draft.config.role == role || draft.config.kind.empty();
      });
    };
    if (!has(Role::generator)) {
      diagnostics_.error(location_, "no stage generates records", "start with a generator such as `- generate: stdin`",
                         6);
    }
    if (!has(Role::writer)) {
      diagnostics_.error(location_, "no stage writes records", "end with a writer such as `- write: stdout`", 6);
    }
  }

  void unread() {
    std::set<std::pair<std::size_t, std::string>> read;
    for (const DraftStage& draft : drafts_) {
      for (const Input& input : draft.config.from) read.emplace(input.index, input.output);
    }
    for (std::size_t i = 0; i < drafts_.size(); ++i) {
      StageConfig& source = stage(i);
      if (source.role == Role::writer) continue;
      if (source.role == Role::router) {
        unread_outputs(i, read);
      } else if (!read.contains({i, ""})) {
        error(source, source.location, "nobody reads from " + quote(source.name), unread_hint(i), drafts_[i].name_span);
      }
    }
  }

  std::string unread_hint(std::size_t index) {
    if (index + 1 == drafts_.size()) return "end with a writer such as `- write: stdout`";
    return fmt::format("add `from: {}` to the stage that shall read it", stage(index).name);
  }

  void unread_outputs(std::size_t index, const std::set<std::pair<std::size_t, std::string>>& read) {
    const StageConfig& router = stage(index);
    const KindSpec& kind = *catalog_.find_kind(router.kind);
    if (!router.valid) return;
    for (const Entry& entry : router.settings.entries(kind.outputs_option)) {
      if (read.contains({index, entry.key})) continue;
      diagnostics_.error(
          entry.key_location, fmt::format("nobody reads the output {} of {}", quote(entry.key), quote(router.name)),
          fmt::format("add `from: {}` to the stage that shall read it", entry.key), count_characters(entry.key));
    }
  }

  // Depth first; a stage met again while it is being visited closes a cycle. Iterative, as chains may be long.
  void cycles() {
    enum class Mark { fresh, open, closed };
    std::vector<Mark> marks(drafts_.size(), Mark::fresh);
    for (std::size_t start = 0; start < drafts_.size(); ++start) {
      if (marks[start] != Mark::fresh) continue;
      std::vector<std::pair<std::size_t, std::size_t>> path{{start, 0}};  // stage, next input to follow
      marks[start] = Mark::open;
      while (!path.empty()) {
        auto& [index, next] = path.back();
        if (next == stage(index).from.size()) {
          marks[index] = Mark::closed;
          path.pop_back();
          continue;
        }
        const Input& input = stage(index).from[next++];
        if (marks[input.index] == Mark::open) {
          report_cycle(path, input);
        } else if (marks[input.index] == Mark::fresh) {
          marks[input.index] = Mark::open;
          path.emplace_back(input.index, 0);
        }
      }
    }
  }

  void report_cycle(const std::vector<std::pair<std::size_t, std::size_t>>& path, const Input& input) {
    // `path` follows inputs, so records flow along it from its end to its start.
    std::string chain = quote(input.stage);
    auto entry = std::find_if(path.begin(), path.end(), [&](const auto& step) { return step.first == input.index; });
    // The place to repair is a `from:` that the user wrote, not the order of the list.
    std::size_t reader = path.back().first;
    const Input* place = &input;
    std::vector<std::string> way;
    for (; entry != path.end(); ++entry) {
      way.push_back(quote(stage(entry->first).name));
      const Input& step = stage(entry->first).from[entry->second - 1];
      if (step.location == stage(entry->first).location || drafts_[reader].has_from) continue;
      reader = entry->first;
      place = &step;
    }
    for (auto name = way.rbegin(); name != way.rend(); ++name) chain += " → " + *name;
    error(stage(reader), place->location, "the stages form a cycle: " + chain,
          "a record would never end; read from a stage further up", count_characters(place->stage));
  }

  std::vector<DraftStage> drafts_;
  const Catalog& catalog_;
  Location location_;
  Diagnostics& diagnostics_;
  std::map<std::string, std::size_t> names_;
  std::map<std::string, std::vector<std::size_t>> outputs_;
  bool unresolved_ = false;
};

}  // namespace

std::vector<StageConfig> resolve(std::vector<DraftStage> drafts, const Catalog& catalog, const Location& location,
                                 Diagnostics& diagnostics) {
  return Resolver(std::move(drafts), catalog, location, diagnostics).run();
}

}  // namespace sluice::config
