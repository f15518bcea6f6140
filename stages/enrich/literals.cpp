#include "stages/enrich/literals.hpp"

#include <cmath>
#include <string_view>

#include "record/json_writer.hpp"

namespace sluice::stages {

using config::Node;
using record::Value;

namespace {

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

}  // namespace

Value Literals::make(const Node& node) {
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

}  // namespace sluice::stages
