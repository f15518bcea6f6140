#include "config/stage_checker.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "config/checker.hpp"
#include "config/suggest.hpp"
#include "config/text.hpp"

namespace sluice::config {
namespace {

using Members = std::vector<const Node::Member*>;

bool is_name(std::string_view name) {
  return !name.empty() && std::all_of(name.begin(), name.end(), [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-' || c == '_';
  });
}

// The options of a stage once its spelling (short, long, nested) has been seen through.
struct Spelled {
  const StageSpec* spec = nullptr;
  Members members;
  Location location;
};

class StageChecker {
 public:
  StageChecker(const Node& item, const Catalog& catalog, Diagnostics& diagnostics)
      : item_(item), catalog_(catalog), diagnostics_(diagnostics) {}

  DraftStage run(std::size_t position) {
    const std::size_t before = diagnostics_.error_count();
    StageConfig& config = draft_.config;
    config.location = item_.location();
    config.name = fmt::format("stage-{}", position);
    if (const Node::Member* kind = take_item()) {
      kind_ = catalog_.find_kind(kind->key);
      config.kind = kind->key;
      config.role = kind_->role;
      config.location = kind->key_location();
      config.name = fmt::format("{}-{}", kind->key, position);
      draft_.name_span = kind->key_span();
      take_common();
      const Spelled spelled = spell(*kind);
      if (spelled.spec != nullptr) take_settings(spelled);
    }
    config.valid = diagnostics_.error_count() == before;
    return std::move(draft_);
  }

 private:
  // The kind's member, when the item is a mapping with exactly one; else errors.
  const Node::Member* take_item() {
    if (!item_.is_map()) {
      const bool word = item_.is_scalar() && !item_.text().empty();
      diagnostics_.error(item_.location(),
                         "a stage is a mapping, found " + (word ? quote(item_.text()) : std::string(item_.kind_name())),
                         catalog_.find_kind(item_.text()) != nullptr ? "write `" + item_.text() + ": …`"
                                                                     : "write a stage as `- parse: json`",
                         item_.span());
      return nullptr;
    }
    const Node::Member* kind = find_kind_member(item_, catalog_);
    std::vector<std::string> keys = catalog_.kind_names();
    for (const Option& option : stage_options()) keys.push_back(option.name());
    bool unknown = false;
    for (const Node::Member& member : item_.members()) {
      if (catalog_.find_kind(member.key) != nullptr) {
        if (&member != kind && member.key != kind->key) {
          diagnostics_.error(member.key_location(),
                             "a stage has one kind, but this is " + quote(kind->key) + " and " + quote(member.key),
                             "start a new item with `- " + member.key + ":`", member.key_span());
        }
      } else if (std::find(keys.begin(), keys.end(), member.key) == keys.end()) {
        unknown = true;
        diagnostics_.error(member.key_location(), "unknown key " + quote(member.key) + " of a stage",
                           misplaced(member.key, kind, keys), member.key_span());
      }
    }
    if (kind == nullptr && !unknown) {
      diagnostics_.error(item_.location(), "this stage has no kind",
                         "give it one of the keys " + alternatives(catalog_.kind_names()));
    }
    return kind;
  }

  // An option beside the kind key instead of below it is the mistake that short forms invite.
  std::string misplaced(const std::string& key, const Node::Member* kind, const std::vector<std::string>& keys) const {
    if (kind == nullptr) return suggestion(key, keys);
    const KindSpec& spec = *catalog_.find_kind(kind->key);
    for (const StageSpec* stage : catalog_.stages_of(kind->key)) {
      for (const Option& option : all_options(catalog_, spec, *stage)) {
        if (option.name() != key) continue;
        if (kind->value.is_scalar() && !spec.scalar_key.empty()) {
          return fmt::format("it is an option of {0}: write `{0}: {{{1}: …, {2}: …}}`", kind->key, spec.scalar_key,
                             key);
        }
        return fmt::format("it is an option of {0}: indent it below `{0}:`", kind->key);
      }
    }
    return suggestion(key, keys);
  }

  // `name`, `from` and `workers`.
  void take_common() {
    const std::vector<Option> options = stage_options();
    Members members;
    for (const Node::Member& member : item_.members()) {
      if (std::any_of(options.begin(), options.end(),
                      [&](const Option& known) { return known.name() == member.key; })) {
        members.push_back(&member);
      }
    }
    const Settings settings = check_options({members, draft_.config.location, "this stage"}, options, diagnostics_);
    if (settings.has("name")) {
      const Value& name = settings.value("name");
      draft_.config.name = name.string();
      draft_.config.location = name.location();
      draft_.name_span = name.node().span();
      if (!is_name(name.string())) {
        diagnostics_.error(name.location(), quote(name.string()) + " is no name for a stage",
                           "use letters, digits, `-` and `_`", name.node().span());
      }
    }
    if (settings.has("workers")) draft_.config.workers = static_cast<std::size_t>(settings.integer("workers"));
    draft_.has_from = item_.find("from") != nullptr;
    if (!settings.has("from")) return;
    for (const Value& value : settings.items("from")) {
      draft_.from.push_back({value.string(), value.location(), value.node().span()});
    }
  }

  // Sees through the spellings of a kind's value; reports what fits none.
  Spelled spell(const Node::Member& kind) {
    const Node& value = kind.value;
    if (value.is_map()) return kind_->variant_key.empty() ? plain_mapping(value) : variant_mapping(kind);
    const std::string form =
        kind_->variant_key.empty() ? std::string("a mapping") : alternatives(catalog_.variant_names(kind.key));
    const bool empty = value.is_null() && value.text().empty();
    if (!value.is_scalar() || empty || kind_->scalar_key.empty()) {
      const Location place = empty ? kind.key_location() : value.location();
      diagnostics_.error(place,
                         quote(kind.key) + ": expected " + form + ", found " +
                             (empty               ? "nothing"
                              : value.is_scalar() ? quote(value.text())
                                                  : std::string(value.kind_name())),
                         empty ? "see `sluice stages " + kind.key + "`" : "", empty ? kind.key_span() : value.span());
      return {};
    }
    short_form_ = {kind_->scalar_key, value, kind.key_origin};
    const StageSpec* spec = kind_->variant_key.empty() ? catalog_.find(kind.key, "") : variant(value);
    return {spec, {&short_form_}, kind.key_location()};
  }

  Spelled plain_mapping(const Node& value) {
    return {catalog_.find(kind_->kind, ""), members_of(value), value.location()};
  }

  const StageSpec* variant(const Node& name) {
    const StageSpec* spec = name.is_scalar() ? catalog_.find(kind_->kind, name.text()) : nullptr;
    if (spec != nullptr && !name.text().empty()) return spec;
    const std::string text = name.is_scalar() ? quote(name.text()) : std::string(name.kind_name());
    diagnostics_.error(name.location(), fmt::format("`{}: {}` is unknown: {}", kind_->kind, kind_->variant_key, text),
                       suggestion(name.text(), catalog_.variant_names(kind_->kind)), name.span());
    return nullptr;
  }

  // `{format: csv, …}`, or with the variant as a key: `{csv: {…}, …}`.
  Spelled variant_mapping(const Node::Member& kind) {
    const Node& value = kind.value;
    if (const Node* named = value.find(kind_->variant_key)) {
      return {variant(*named), members_of(value), value.location()};
    }
    const Node::Member* nested = nullptr;
    for (const Node::Member& member : value.members()) {
      if (member.key.empty() || catalog_.find(kind_->kind, member.key) == nullptr) continue;
      if (nested != nullptr && nested->key != member.key) {
        diagnostics_.error(
            member.key_location(),
            fmt::format("{} and {} are both variants of {}", quote(nested->key), quote(member.key), kind_->kind),
            "a stage has one variant; start a new item for the other", member.key_span());
        return {};
      }
      if (nested == nullptr) nested = &member;
    }
    if (nested == nullptr) {
      missing_variant(kind);
      return {};
    }
    return nested_mapping(value, *nested);
  }

  void missing_variant(const Node::Member& kind) {
    const std::vector<std::string> names = catalog_.variant_names(kind.key);
    // A misspelt variant key or variant is better named than missed.
    std::vector<std::string> candidates = names;
    candidates.push_back(kind_->variant_key);
    for (const Node::Member& member : kind.value.members()) {
      const bool common = std::any_of(kind_->common.begin(), kind_->common.end(),
                                      [&member](const Option& option) { return option.name() == member.key; });
      const auto nearest = common ? std::nullopt : nearest_name(member.key, candidates);
      if (!nearest) continue;
      diagnostics_.error(member.key_location(), "unknown option " + quote(member.key) + " of " + kind.key,
                         "did you mean " + quote(*nearest) + "?", member.key_span());
      return;
    }
    diagnostics_.error(kind.key_location(), kind.key + " lacks the required option " + quote(kind_->variant_key),
                       "add " + quote(kind_->variant_key) + ": " + alternatives(names), kind.key_span());
  }

  Spelled nested_mapping(const Node& value, const Node::Member& nested) {
    const StageSpec* spec = catalog_.find(kind_->kind, nested.key);
    auto origin = nested.key_origin;
    variant_member_ = {kind_->variant_key, Node::quoted(nested.key, origin), origin};
    Spelled spelled{spec, {&variant_member_}, nested.key_location()};
    if (nested.value.is_map()) {
      for (const Node::Member& member : nested.value.members()) spelled.members.push_back(&member);
    } else if (!(nested.value.is_null() && nested.value.text().empty())) {
      if (spec->scalar_option.empty()) {
        diagnostics_.error(nested.value.location(),
                           quote(nested.key) + ": expected a mapping, found " + std::string(nested.value.kind_name()),
                           {}, nested.value.span());
        return {};
      }
      short_form_ = {spec->scalar_option, nested.value, nested.key_origin};
      spelled.members.push_back(&short_form_);
    }
    for (const Node::Member& member : value.members()) {
      if (member.key == nested.key) continue;
      const auto inner = std::find_if(spelled.members.begin(), spelled.members.end(),
                                      [&member](const Node::Member* other) { return other->key == member.key; });
      if (inner != spelled.members.end()) {
        diagnostics_.error(
            member.key_location(), "the option " + quote(member.key) + " is given twice",
            fmt::format("it is also given in line {}; remove one of them", (*inner)->key_location().line),
            member.key_span());
      } else {
        spelled.members.push_back(&member);
      }
    }
    return spelled;
  }

  void take_settings(const Spelled& spelled) {
    StageConfig& config = draft_.config;
    const StageSpec& spec = *spelled.spec;
    config.variant = spec.variant;
    const std::string label = spec.variant.empty() ? spec.kind : spec.kind + ": " + spec.variant;
    if (!spec.supported) {
      diagnostics_.error(spelled.location, quote(label) + " is not supported yet",
                         "see `sluice stages " + spec.kind + "`");
      return;
    }
    const std::string owner = spec.variant.empty() ? spec.kind : quote(label);
    config.settings =
        check_options({spelled.members, spelled.location, owner}, all_options(catalog_, *kind_, spec), diagnostics_);
    for (const auto& group : spec.at_least_one_of) {
      const bool given = std::any_of(group.begin(), group.end(), [&spelled](const std::string& name) {
        return std::any_of(spelled.members.begin(), spelled.members.end(),
                           [&name](const Node::Member* member) { return member->key == name; });
      });
      if (!given) diagnostics_.error(spelled.location, owner + " needs " + alternatives(group), "add one of them");
    }
    if (kind_->role == Role::router) take_outputs();
  }

  void take_outputs() {
    StageConfig& config = draft_.config;
    for (const Entry& entry : config.settings.entries(kind_->outputs_option)) {
      const bool reserved =
          std::find(kind_->extra_outputs.begin(), kind_->extra_outputs.end(), entry.key) != kind_->extra_outputs.end();
      if (reserved) {
        diagnostics_.error(entry.key_location, quote(entry.key) + " is the output for what matches nothing",
                           "choose another name", count_characters(entry.key));
      } else if (!is_name(entry.key)) {
        diagnostics_.error(entry.key_location, quote(entry.key) + " is no name for an output",
                           "use letters, digits, `-` and `_`", count_characters(entry.key));
      } else {
        config.outputs.push_back(entry.key);
      }
    }
    config.outputs.insert(config.outputs.end(), kind_->extra_outputs.begin(), kind_->extra_outputs.end());
  }

  const Node& item_;
  const Catalog& catalog_;
  Diagnostics& diagnostics_;
  const KindSpec* kind_ = nullptr;
  DraftStage draft_;
  Node::Member short_form_;      // what a scalar stands for
  Node::Member variant_member_;  // what a variant written as a key stands for
};

}  // namespace

const Node::Member* find_kind_member(const Node& item, const Catalog& catalog) {
  for (const Node::Member& member : item.members()) {
    if (catalog.find_kind(member.key) != nullptr) return &member;
  }
  return nullptr;
}

DraftStage check_stage(const Node& item, std::size_t position, const Catalog& catalog, Diagnostics& diagnostics) {
  return StageChecker(item, catalog, diagnostics).run(position);
}

}  // namespace sluice::config
