#include "config/catalog.hpp"

#include <algorithm>
#include <memory>
#include <set>

#include "config/checker.hpp"
#include "config/text.hpp"
#include "config/yaml_reader.hpp"

namespace sluice::config {
namespace {

// Collects what is wrong with declarations; `where` names the stage and option.
class Inspector {
 public:
  void options(const std::string& where, const std::vector<Option>& declared) {
    std::set<std::string> names;
    for (const Option& option : declared) {
      const std::string place = where + "." + option.name();
      if (option.name().empty()) report(where, "an option has no name");
      if (!names.insert(option.name()).second) report(place, "declared twice");
      if (option.summary().empty()) report(place, "has no doc()");
      value(place, option);
    }
    for (const Option& option : declared) {
      for (const auto* list : {&option.conflicts(), &option.needed()}) {
        for (const std::string& other : *list) {
          if (!names.contains(other)) report(where + "." + option.name(), "refers to undeclared " + quote(other));
        }
      }
    }
  }

  void report(const std::string& where, const std::string& what) { found_.push_back(where + ": " + what); }
  std::vector<std::string> take() { return std::move(found_); }

 private:
  void value(const std::string& place, const Option& option) {
    if (option.default_text()) {
      Diagnostics diagnostics;
      const auto source = std::make_shared<const Source>(place, *option.default_text());
      const auto node = read_yaml(source, Variables::literal, {}, diagnostics);
      if (!check_value(option, node.value_or(Node()), diagnostics)) {
        report(place, "its default " + quote(*option.default_text()) + " does not fit");
      }
      if (option.is_required()) report(place, "is required and has a default");
    }
    if (option.type() == Type::choice && option.choices().empty()) report(place, "a choice of nothing");
    if (option.type() == Type::mapping) options(place, option.options());
    if (option.type() == Type::list || option.type() == Type::map) value(place + "[]", option.element());
    if (option.type() != Type::either) return;
    for (const Option& alternative : option.options()) value(place, alternative);
  }

  std::vector<std::string> found_;
};

bool declares(const std::vector<Option>& options, std::string_view name) {
  return std::any_of(options.begin(), options.end(), [name](const Option& option) { return option.name() == name; });
}

void inspect(const Catalog& catalog, const StageSpec& stage, Inspector& inspector) {
  const KindSpec& kind = *catalog.find_kind(stage.kind);
  const std::string where = stage.variant.empty() ? stage.kind : stage.kind + "." + stage.variant;
  const std::vector<Option> options = all_options(catalog, kind, stage);
  inspector.options(where, options);
  if (stage.summary.empty()) inspector.report(where, "has no summary");
  if (kind.variant_key.empty() != stage.variant.empty()) inspector.report(where, "variant and variant_key disagree");
  if (!kind.scalar_key.empty() && !declares(options, kind.scalar_key)) {
    inspector.report(where, "scalar_key " + quote(kind.scalar_key) + " is not declared");
  }
  if (!stage.scalar_option.empty() && !declares(options, stage.scalar_option)) {
    inspector.report(where, "scalar_option " + quote(stage.scalar_option) + " is not declared");
  }
  for (const auto& group : stage.at_least_one_of) {
    for (const std::string& name : group) {
      if (!declares(options, name)) inspector.report(where, "at_least_one_of names undeclared " + quote(name));
    }
  }
}

}  // namespace

void Catalog::add_kind(KindSpec kind) {
  if (find_kind(kind.kind) == nullptr) kinds_.push_back(std::move(kind));
}

void Catalog::add_stage(StageSpec stage) {
  if (find_kind(stage.kind) != nullptr && find(stage.kind, stage.variant) == nullptr) {
    stages_.push_back(std::move(stage));
  }
}

const KindSpec* Catalog::find_kind(std::string_view kind) const {
  for (const KindSpec& known : kinds_) {
    if (known.kind == kind) return &known;
  }
  return nullptr;
}

const StageSpec* Catalog::find(std::string_view kind, std::string_view variant) const {
  for (const StageSpec& known : stages_) {
    if (known.kind == kind && known.variant == variant) return &known;
  }
  return nullptr;
}

std::vector<const StageSpec*> Catalog::stages_of(std::string_view kind) const {
  std::vector<const StageSpec*> result;
  for (const StageSpec& known : stages_) {
    if (known.kind == kind) result.push_back(&known);
  }
  return result;
}

std::vector<std::string> Catalog::kind_names() const {
  std::vector<std::string> names;
  for (const KindSpec& known : kinds_) names.push_back(known.kind);
  return names;
}

std::vector<std::string> Catalog::variant_names(std::string_view kind) const {
  std::vector<std::string> names;
  for (const StageSpec* stage : stages_of(kind)) {
    if (!stage->variant.empty()) names.push_back(stage->variant);
  }
  return names;
}

std::vector<Option> all_options(const Catalog& catalog, const KindSpec& kind, const StageSpec& stage) {
  std::vector<Option> options;
  if (!kind.variant_key.empty()) {
    std::vector<Choice> choices;
    for (const StageSpec* variant : catalog.stages_of(kind.kind)) {
      choices.emplace_back(variant->variant, variant->summary, variant->supported);
    }
    options.push_back(
        Option::choice(kind.variant_key, std::move(choices)).doc("which variant of `" + kind.kind + "`").required());
  }
  options.insert(options.end(), stage.options.begin(), stage.options.end());
  options.insert(options.end(), kind.common.begin(), kind.common.end());
  return options;
}

std::vector<std::string> problems(const Catalog& catalog) {
  Inspector inspector;
  for (const StageSpec& stage : catalog.stages()) inspect(catalog, stage, inspector);
  for (const KindSpec& kind : catalog.kinds()) {
    if (catalog.stages_of(kind.kind).empty()) inspector.report(kind.kind, "has no stage");
    for (const std::string& variant : catalog.variant_names(kind.kind)) {
      if (declares(kind.common, variant)) inspector.report(kind.kind, quote(variant) + " is a variant and an option");
    }
  }
  return inspector.take();
}

}  // namespace sluice::config
