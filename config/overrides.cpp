#include "config/overrides.hpp"

#include <fmt/format.h>

#include <charconv>
#include <memory>
#include <optional>

#include "config/pipeline.hpp"
#include "config/scalar_origin.hpp"
#include "config/stage_checker.hpp"
#include "config/suggest.hpp"
#include "config/text.hpp"
#include "config/yaml_reader.hpp"

namespace sluice::config {
namespace {

std::vector<std::string> split(std::string_view key) {
  std::vector<std::string> parts;
  while (true) {
    const std::size_t dot = key.find('.');
    parts.emplace_back(key.substr(0, dot));
    if (dot == std::string_view::npos) return parts;
    key.remove_prefix(dot + 1);
  }
}

std::shared_ptr<const Origin> whole(const SourcePointer& source) {
  auto origin = std::make_shared<Origin>();
  origin->source = source;
  origin->end = source->text().size();
  for (std::size_t i = 0; i < origin->end; ++i) origin->bytes.push_back(static_cast<std::uint32_t>(i));
  return origin;
}

// A quoted text or a list as YAML reads it; all else is taken as it stands, so that expressions need no second quoting.
Node parse_value(const SourcePointer& source) {
  const std::string_view text = source->text();
  const bool structured =
      text.size() > 1 && ((text.front() == '[' && text.back() == ']') || (text.front() == '"' && text.back() == '"') ||
                          (text.front() == '\'' && text.back() == '\''));
  if (structured) {
    Diagnostics ignored;
    const auto node = read_yaml(source, Variables::literal, {}, ignored);
    if (node && ignored.empty() && (node->is_list() || node->is_quoted())) return *node;
  }
  return text.empty() ? Node::quoted("", whole(source)) : Node::plain(std::string(text), whole(source));
}

class Override {
 public:
  Override(std::string_view text, const Catalog& catalog, Diagnostics& diagnostics)
      : catalog_(catalog), diagnostics_(diagnostics) {
    const std::size_t equals = text.find('=');
    key_ = std::string(text.substr(0, equals));
    source_ = std::make_shared<const Source>(
        "--set " + printable(key_), std::string(equals == std::string_view::npos ? "" : text.substr(equals + 1)));
    has_value_ = equals != std::string_view::npos;
    diagnostics_.add_source(source_);
  }

  void apply(Node& root) {
    if (!has_value_ || key_.empty()) {
      error("expected KEY=VALUE, found " + quote(key_), "such as `--set pipeline.workers=4`");
      return;
    }
    const std::string_view value = source_->text();
    if (find_invalid_utf8(value) != std::string_view::npos || value.find('\0') != std::string_view::npos) {
      error("the value is not valid UTF-8 text", {});
      return;
    }
    parts_ = split(key_);
    for (const std::string& part : parts_) {
      if (part.empty()) {
        error("the key " + quote(key_) + " has an empty part", "such as `--set pipeline.workers=4`");
        return;
      }
    }
    if (parts_.front() == "stages") {
      apply_to_stage(root);
    } else {
      set(root, 0);
    }
  }

 private:
  void error(std::string message, std::string hint) {
    diagnostics_.error({"--set " + printable(key_), 0, 0}, std::move(message), std::move(hint));
  }

  // Sets the value at parts_[first...] below `node`, making mappings on the way.
  void set(Node& node, std::size_t first) {
    Node* place = &node;
    for (std::size_t i = first; i < parts_.size(); ++i) {
      if (place->is_list()) {
        place = element(*place, parts_[i]);
        if (place == nullptr) return;
        continue;
      }
      if (!place->is_map()) {
        if (!place->is_null()) {
          error(quote(parts_[i]) + " cannot be set: what it belongs to is no mapping", {});
          return;
        }
        *place = Node::map({}, whole(source_));
      }
      Node* next = place->find(parts_[i]);
      if (next == nullptr) {
        place->members().push_back({parts_[i], Node(), whole(source_)});
        next = &place->members().back().value;
      }
      place = next;
    }
    *place = parse_value(source_);
  }

  Node* element(Node& list, const std::string& part) {
    const auto index = as_index(part);
    if (index && *index < list.items().size()) return &list.items()[*index];
    error(fmt::format("{} is no index of a list of {}", quote(part), list.items().size()), "indexes count from 0");
    return nullptr;
  }

  static std::optional<std::size_t> as_index(std::string_view text) {
    std::size_t index = 0;
    const auto [end, problem] = std::from_chars(text.data(), text.data() + text.size(), index);
    if (problem != std::errc() || end != text.data() + text.size()) return std::nullopt;
    return index;
  }

  Node* find_stage(Node& stages) {
    std::vector<std::string> names;
    const auto index = as_index(parts_[1]);
    for (std::size_t i = 0; i < stages.items().size(); ++i) {
      Node& item = stages.items()[i];
      const Node* name = item.find("name");
      const Node::Member* kind = find_kind_member(item, catalog_);
      names.push_back(name != nullptr ? name->text()
                                      : fmt::format("{}-{}", kind != nullptr ? kind->key : "stage", i + 1));
      if (names.back() == parts_[1]) return &item;
    }
    if (index && *index < stages.items().size()) return &stages.items()[*index];
    const std::string hint =
        index ? "indexes count from 0, names are " + alternatives(names) : suggestion(parts_[1], names);
    error("there is no stage " + quote(parts_[1]), hint);
    return nullptr;
  }

  void apply_to_stage(Node& root) {
    Node* stages = root.find("stages");
    if (stages == nullptr || !stages->is_list() || parts_.size() < 3) {
      error(parts_.size() < 3 ? quote(key_) + " names no option of a stage" : "there are no stages to set it in",
            "such as `--set stages.filter-3.where=true`");
      return;
    }
    Node* item = find_stage(*stages);
    if (item == nullptr) return;
    const auto* kind_member = find_kind_member(*item, catalog_);
    std::size_t first = 2;
    bool beside_kind = false;
    for (const Option& option : stage_options()) beside_kind = beside_kind || option.name() == parts_[2];
    if (kind_member == nullptr || (beside_kind && parts_.size() == 3)) {
      set(*item, first);
      return;
    }
    const KindSpec& kind = *catalog_.find_kind(kind_member->key);
    if (parts_[2] == kind.kind) ++first;
    if (first == parts_.size()) {
      set(*item, 2);
      return;
    }
    Node* value = item->find(kind.kind);
    expand_short_form(*value, kind);
    set(nested_place(*value, kind, parts_[first]), first);
  }

  // `filter: EXPR` becomes `filter: {where: EXPR}`, so that other options find room beside it.
  static void expand_short_form(Node& value, const KindSpec& kind) {
    if (!value.is_scalar() || value.text().empty() || kind.scalar_key.empty()) return;
    auto origin = value.origin();
    Node::Member member{kind.scalar_key, std::move(value), origin};
    value = Node::map({std::move(member)}, std::move(origin));
  }

  // Where the variant is a key (`generate: {file: {...}}`), an option that the user set inside is replaced inside.
  Node& nested_place(Node& value, const KindSpec& kind, const std::string& option) const {
    if (kind.variant_key.empty() || value.find(kind.variant_key) != nullptr || value.find(option) != nullptr)
      return value;
    for (Node::Member& member : value.members()) {
      if (catalog_.find(kind.kind, member.key) != nullptr && member.value.is_map()) return member.value;
    }
    return value;
  }

  const Catalog& catalog_;
  Diagnostics& diagnostics_;
  std::string key_;
  SourcePointer source_;
  bool has_value_ = false;
  std::vector<std::string> parts_;
};

}  // namespace

void apply_overrides(Node& root, const std::vector<std::string>& overrides, const Catalog& catalog,
                     Diagnostics& diagnostics) {
  for (const std::string& text : overrides) Override(text, catalog, diagnostics).apply(root);
}

}  // namespace sluice::config
