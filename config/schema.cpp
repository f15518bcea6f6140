#include "config/schema.hpp"

#include <fmt/format.h>

#include <memory>
#include <optional>

#include "config/json_text.hpp"
#include "config/pipeline.hpp"
#include "config/yaml_reader.hpp"

namespace sluice::config {
namespace {

using Json = JsonText;

Json type(std::string_view name) { return Json::object().add("type", Json::string(name)); }
Json reference(std::string_view name) {
  return Json::object().add("$ref", Json::string(fmt::format("#/$defs/{}", name)));
}

Json pattern(std::string_view regex) { return type("string").add("pattern", Json::string(regex)); }

Json to_json(const Node& node) {
  switch (node.kind()) {
    case Node::Kind::null:
      return Json::raw("null");
    case Node::Kind::boolean:
      return Json::raw(node.boolean() ? "true" : "false");
    case Node::Kind::integer:
      return Json::raw(std::to_string(node.integer()));
    case Node::Kind::unsigned_integer:
      return Json::raw(std::to_string(node.unsigned_integer()));
    case Node::Kind::number:
      return Json::raw(fmt::format("{}", node.number()));
    case Node::Kind::string:
      return Json::string(node.text());
    case Node::Kind::list: {
      std::vector<Json> items;
      for (const Node& item : node.items()) items.push_back(to_json(item));
      return Json::array(std::move(items));
    }
    case Node::Kind::map: {
      Json object = Json::object();
      for (const Node::Member& member : node.members()) object.add(member.key, to_json(member.value));
      return object;
    }
  }
  return Json::raw("null");
}

Json default_value(const Option& option) {
  Diagnostics ignored;
  const auto source = std::make_shared<const Source>("default", *option.default_text());
  const auto node = read_yaml(source, Variables::literal, {}, ignored);
  return to_json(node.value_or(Node()));
}

class SchemaBuilder {
 public:
  explicit SchemaBuilder(const Catalog& catalog) : catalog_(catalog) {}

  Json build() {
    Json definitions = Json::object();
    add_types(definitions);
    definitions.add("stage", stage());
    for (const KindSpec& known : catalog_.kinds()) definitions.add(known.kind, kind(known));
    Json properties = Json::object();
    properties.add("pipeline",
                   object_of(pipeline_options(), {})
                       .add("description", Json::string("Settings of the whole pipeline; all are optional.")));
    properties.add("stages",
                   type("array")
                       .add("description", Json::string("The stages, in order; each reads from the one before "
                                                        "it unless `from` says otherwise."))
                       .add("minItems", Json::raw("1"))
                       .add("items", reference("stage")));
    for (const Option& option : top_level_options()) properties.add(option.name(), described(option));
    properties.add("tests",
                   type("array").add("description", Json::string("Cases for `sluice test`.")).add("items", test()));
    return Json::object()
        .add("$schema", Json::string("https://json-schema.org/draft/2020-12/schema"))
        .add("title", Json::string("sluice configuration"))
        .add("type", Json::string("object"))
        .add("properties", std::move(properties))
        .add("required", Json::strings({"stages"}))
        .add("additionalProperties", Json::raw("false"))
        .add("$defs", std::move(definitions));
  }

 private:
  static void add_types(Json& definitions) {
    definitions.add("variable", pattern("\\$\\{[A-Za-z_][A-Za-z0-9_]*(:-[^}]*)?\\}")
                                    .add("description", Json::string("Replaced by an environment variable.")));
    // YAML's plain scalars become what they look like; a text option takes them as they are written.
    definitions.add("text", Json::object().add("type", Json::strings({"string", "number", "boolean"})));
    definitions.add("size",
                    either({type("integer").add("minimum", Json::raw("0")),
                            pattern("^ *[0-9]+(\\.[0-9]+)? *([kKmMgGtT][iI]?)?[bB]? *$"), reference("variable")}));
    definitions.add("duration", either({Json::object().add("const", Json::raw("0")),
                                        pattern("^(0|([0-9]+(\\.[0-9]+)?d)?([0-9]+(\\.[0-9]+)?h)?([0-9]+(\\.[0-9]+)?m)?"
                                                "([0-9]+(\\.[0-9]+)?s)?([0-9]+(\\.[0-9]+)?ms)?"
                                                "([0-9]+(\\.[0-9]+)?(us|µs|μs))?([0-9]+(\\.[0-9]+)?ns)?)$"),
                                        reference("variable")}));
    definitions.add("rate", pattern("^ *[0-9]+(\\.[0-9]+)? */ *([0-9].*|ns|us|µs|ms|s|m|h|d) *$|\\$\\{"));
  }

  static Json either(std::vector<Json> alternatives) {
    return Json::object().add("anyOf", Json::array(std::move(alternatives)));
  }

  static Json bounded(std::string_view name, const Option& option) {
    Json json = type(name);
    if (option.minimum()) json.add("minimum", Json::raw(fmt::format("{}", *option.minimum())));
    if (option.maximum()) json.add("maximum", Json::raw(fmt::format("{}", *option.maximum())));
    return either({std::move(json), reference("variable")});
  }

  Json value(const Option& option) const {
    switch (option.type()) {
      case Type::string:
      case Type::expression:
      case Type::regex:
        return reference("text");
      case Type::boolean:
        return either({type("boolean"), reference("variable")});
      case Type::integer:
        return bounded("integer", option);
      case Type::number:
        return bounded("number", option);
      case Type::size:
        return reference("size");
      case Type::duration:
        return reference("duration");
      case Type::rate:
        return reference("rate");
      case Type::choice:
        return either({words(option), reference("variable")});
      case Type::list: {
        Json list = type("array").add("items", value(option.element()));
        if (option.is_not_empty()) list.add("minItems", Json::raw("1"));
        if (!option.accepts_single()) return list;
        return either({value(option.element()), std::move(list)});
      }
      case Type::map: {
        Json map = type("object").add("additionalProperties", value(option.element()));
        if (option.is_not_empty()) map.add("minProperties", Json::raw("1"));
        return map;
      }
      case Type::mapping:
        return object_of(option.options(), {});
      case Type::any:
        return Json::object();
      case Type::either: {
        std::vector<Json> alternatives;
        for (const Option& alternative : option.options()) alternatives.push_back(value(alternative));
        return either(std::move(alternatives));
      }
    }
    return Json::object();
  }

  // `null` written plain is YAML's null, and as a word it names a choice.
  static Json words(const Option& option) {
    std::vector<Json> names;
    for (const Choice& choice : option.choices()) {
      names.push_back(Json::string(choice.name));
      const Node plain = Node::plain(choice.name);
      if (plain.kind() != Node::Kind::string) names.push_back(to_json(plain));
    }
    return Json::object().add("enum", Json::array(std::move(names)));
  }

  Json described(const Option& option) const {
    Json json = value(option);
    std::string text = option.summary();
    if (!option.is_supported()) text += " (not supported yet)";
    if (!text.empty()) json.add("description", Json::string(text));
    if (option.default_text()) json.add("default", default_value(option));
    return json;
  }

  // `fixed` is a property of its own, given as key and schema, that comes first and is required.
  Json object_of(const std::vector<Option>& options, std::optional<std::pair<std::string, Json>> fixed) const {
    Json properties = Json::object();
    std::vector<std::string> required;
    if (fixed) {
      required.push_back(fixed->first);
      properties.add(fixed->first, std::move(fixed->second));
    }
    for (const Option& option : options) {
      properties.add(option.name(), described(option));
      if (option.is_required()) required.push_back(option.name());
    }
    Json json = type("object").add("properties", std::move(properties)).add("additionalProperties", Json::raw("false"));
    if (!required.empty()) json.add("required", Json::strings(required));
    return json;
  }

  Json test() const {
    std::vector<Json> expectations;
    for (const char* name : {"output", "rejected", "filtered", "error"}) {
      expectations.push_back(Json::object().add("required", Json::strings({name})));
    }
    return object_of(test_options(), {}).add("anyOf", Json::array(std::move(expectations)));
  }

  static void require_groups(Json& json, const StageSpec& stage) {
    if (stage.at_least_one_of.empty()) return;
    std::vector<Json> groups;
    for (const auto& group : stage.at_least_one_of) {
      std::vector<Json> members;
      for (const std::string& name : group) members.push_back(Json::object().add("required", Json::strings({name})));
      groups.push_back(either(std::move(members)));
    }
    json.add("allOf", Json::array(std::move(groups)));
  }

  Json stage() const {
    Json properties = Json::object();
    for (const Option& option : stage_options()) properties.add(option.name(), described(option));
    std::vector<Json> kinds;
    for (const KindSpec& known : catalog_.kinds()) {
      properties.add(known.kind, reference(known.kind));
      kinds.push_back(Json::object().add("required", Json::strings({known.kind})));
    }
    return type("object")
        .add("properties", std::move(properties))
        .add("additionalProperties", Json::raw("false"))
        .add("oneOf", Json::array(std::move(kinds)));
  }

  Json kind(const KindSpec& known) const {
    std::vector<Json> forms;
    if (!known.scalar_key.empty()) forms.push_back(short_form(known));
    for (const StageSpec* spec : catalog_.stages_of(known.kind)) {
      if (!spec->supported) continue;
      forms.push_back(long_form(known, *spec));
      if (!known.variant_key.empty()) forms.push_back(nested_form(known, *spec));
    }
    return either(std::move(forms)).add("description", Json::string(known.summary));
  }

  Json short_form(const KindSpec& known) const {
    const auto stages = catalog_.stages_of(known.kind);
    if (stages.empty()) return Json::object();
    for (const Option& option : all_options(catalog_, known, *stages.front())) {
      if (option.name() == known.scalar_key) return described(option);
    }
    return reference("text");
  }

  Json long_form(const KindSpec& known, const StageSpec& spec) const {
    std::vector<Option> options = spec.options;
    options.insert(options.end(), known.common.begin(), known.common.end());
    std::optional<std::pair<std::string, Json>> fixed;
    if (!known.variant_key.empty()) fixed.emplace(known.variant_key, words(Option::choice("", {spec.variant})));
    Json json = object_of(options, std::move(fixed));
    require_groups(json, spec);
    return json.add("description", Json::string(spec.summary));
  }

  Json nested_form(const KindSpec& known, const StageSpec& spec) const {
    std::vector<Option> inside = spec.options;
    inside.insert(inside.end(), known.common.begin(), known.common.end());
    Json mapping = object_of(inside, {});
    require_groups(mapping, spec);
    std::vector<Json> forms{std::move(mapping)};
    bool needs_nothing = true;
    for (const Option& option : spec.options) {
      if (option.is_required()) needs_nothing = false;
      if (option.name() == spec.scalar_option) forms.push_back(value(option));
    }
    if (needs_nothing) forms.push_back(type("null"));
    std::pair<std::string, Json> fixed(spec.variant, either(std::move(forms)));
    return object_of(known.common, std::move(fixed)).add("description", Json::string(spec.summary));
  }

  const Catalog& catalog_;
};

}  // namespace

std::string json_schema(const Catalog& catalog) { return SchemaBuilder(catalog).build().print() + "\n"; }

}  // namespace sluice::config
