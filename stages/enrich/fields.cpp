#include "stages/enrich/fields.hpp"

#include <cmath>
#include <deque>
#include <string>
#include <vector>

#include "record/json_writer.hpp"

namespace sluice::stages {
namespace {

using config::Node;
using record::Value;

void write_node(record::Buffer& out, const Node& node) {
  switch (node.kind()) {
    case Node::Kind::null:
      return out.append("null");
    case Node::Kind::boolean:
      return out.append(node.boolean() ? "true" : "false");
    case Node::Kind::integer:
      return record::write_int(out, node.integer());
    case Node::Kind::unsigned_integer:
      return record::write_uint(out, node.unsigned_integer());
    case Node::Kind::number:
      return record::write_json(out, Value::float64(node.number()));
    case Node::Kind::string:
      return record::write_json_string(out, node.text());
    case Node::Kind::list: {
      char separator = '[';
      if (node.items().empty()) out.push_back('[');
      for (const Node& item : node.items()) {
        out.push_back(separator), separator = ',';
        write_node(out, item);
      }
      return out.push_back(']');
    }
    case Node::Kind::map: {
      char separator = '{';
      if (node.members().empty()) out.push_back('{');
      for (const Node::Member& member : node.members()) {
        out.push_back(separator), separator = ',';
        record::write_json_string(out, member.key);
        out.push_back(':');
        write_node(out, member.value);
      }
      return out.push_back('}');
    }
  }
}

// Holds the values' JSON texts, made once, so that writing a record copies them and nothing is formatted again.
class Fields final : public Operation {
 public:
  void add(record::FieldKey key, const Node& node) { assignments_.push_back({key, literal(node)}); }

  void apply(const flow::Context&, record::Batch& batch, Tally&) const override {
    record::Arena& arena = batch.arena();
    for (record::Record& record : batch.records()) {
      for (const auto& [key, value] : assignments_) record.set(key, value, arena);
    }
  }

 private:
  struct Assignment {
    record::FieldKey key;
    Value value;
  };

  Value literal(const Node& node) {
    if (node.is_null()) return Value::null();
    if (node.kind() == Node::Kind::boolean) return Value::boolean(node.boolean());
    if (node.kind() == Node::Kind::number && !std::isfinite(node.number())) return Value::float64(node.number());
    record::Buffer json;
    write_node(json, node);
    const std::string_view text = texts_.emplace_back(json.view());
    if (node.kind() != Node::Kind::string) return Value::json(text);
    const bool same_in_quotes = text.substr(1, text.size() - 2) == node.text();
    if (same_in_quotes) return Value::quoted_string(text.substr(1, text.size() - 2));
    return Value::string(texts_.emplace_back(node.text()));
  }

  std::deque<std::string> texts_;  // a deque: values point into it
  std::vector<Assignment> assignments_;
};

}  // namespace

config::Option fields_option() {
  return config::Option::map("fields", config::Option::any())
      .not_empty()
      .example("{dc: fra1, host: \"${HOSTNAME:-unknown}\"}")
      .doc("set fields to literal values of any YAML type");
}

std::unique_ptr<Operation> make_fields(const config::Settings& settings, Workshop& workshop) {
  auto operation = std::make_unique<Fields>();
  for (const config::Entry& entry : settings.entries("fields")) {
    operation->add(workshop.fields.intern(entry.key), entry.value.node());
  }
  return operation;
}

}  // namespace sluice::stages
