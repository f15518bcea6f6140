// Program::explain: what each part of an expression gave for one record.
#include <algorithm>

#include "expression/extension.hpp"
#include "expression/program.hpp"
#include "record/buffer.hpp"
#include "record/json_writer.hpp"

namespace sluice::expression {

using record::Type;
using record::Value;

namespace {

class Explainer {
 public:
  Explainer(const Program& program, const Tree& tree, record::Record& record, record::Arena& arena)
      : program_(program), tree_(tree), record_(record), arena_(arena) {
    if (tree.locals > 0) locals_.resize(tree.locals);
  }

  std::vector<Observation> run() {
    observe(*tree_.root, 0);
    return std::move(out_);
  }

 private:
  struct Outcome {
    Value value;
    Error error;
  };
  Outcome evaluate(const Node& node) {
    Frame frame{&record_, &arena_, &tree_, locals_.data(), tree_.limits.cost, {}};
    const Value value = get(node, frame);
    return {value, frame.error};
  }

  std::string_view source(const Node& node) const {
    return std::string_view(tree_.source).substr(node.offset, node.length);
  }

  std::string text(const Value& value) {
    constexpr std::size_t kLongest = 120;
    record::Buffer buffer;
    const Value shown = plain(value, arena_);
    if (shown.is_absent()) return "none";
    record::write_json(buffer, shown);
    std::string result(buffer.view());
    if (result.size() > kLongest) result.resize(kLongest), result += "...";
    return result;
  }

  std::string outcome(const Outcome& result) {
    if (result.value.is_absent()) {
      return "fails (" + std::string(reason_name(result.error.reason)) + ": " + program_.detail(result.error) + ")";
    }
    return "is " + text(result.value);
  }

  // `status (404)`: a part with its value, unless that is what is written there.
  std::string operand(const Node& node) {
    const std::string_view written = source(node);
    if (node.kind == NodeKind::constant) return std::string(written);
    const Outcome result = evaluate(node);
    return std::string(written) + " (" +
           (result.value.is_absent() ? std::string(reason_name(result.error.reason)) : text(result.value)) + ")";
  }

  void add(const Node& node, int depth, std::string line) {
    out_.push_back({node.offset, node.length, depth, std::move(line)});
  }

  void observe(const Node& node, int depth) {
    switch (node.kind) {
      case NodeKind::logical:
        return logical(node, depth);
      case NodeKind::negation:
        add(node, depth, std::string(source(node)) + " " + outcome(evaluate(node)));
        return observe(node.child(0), depth + 1);
      case NodeKind::conditional: {
        add(node, depth, std::string(source(node)) + " " + outcome(evaluate(node)));
        observe(node.child(0), depth + 1);
        const Value condition = evaluate(node.child(0)).value;
        if (condition.is(Type::boolean)) observe(node.child(condition.as_boolean() ? 1 : 2), depth + 1);
        return;
      }
      case NodeKind::comparison:
      case NodeKind::operation:
        return add(node, depth, operation(node) + " " + outcome(evaluate(node)));
      case NodeKind::call:
        return add(node, depth, call(node) + " " + outcome(evaluate(node)));
      default:
        return add(node, depth, std::string(source(node)) + " " + outcome(evaluate(node)));
    }
  }

  // The operands in the order of the text, up to the one that decided.
  void logical(const Node& node, int depth) {
    add(node, depth,
        std::string(node.op == Op::logical_or ? "any of these" : "all of these") + " " + outcome(evaluate(node)));
    const bool decisive = node.op == Op::logical_or;
    bool decided = false;
    for (const Node* child : node.all()) {
      if (decided) {
        add(*child, depth + 1, std::string(source(*child)) + " was not needed");
        continue;
      }
      observe(*child, depth + 1);
      const Value value = evaluate(*child).value;
      decided = value.is(Type::boolean) && value.as_boolean() == decisive;
    }
  }

  std::string operation(const Node& node) {
    if (node.child_count < 2) return std::string(source(node));
    const Node& left = node.child(node.swapped ? 1 : 0);
    const Node& right = node.child(node.swapped ? 0 : 1);
    return operand(left) + " " + std::string(op_text(node.op)) + " " + operand(right);
  }

  // The receiver and arguments that are not constants with their values: `path ("/x").startsWith("/y")`.
  std::string call(const Node& node) {
    std::string line;
    std::size_t at = node.offset;
    std::vector<const Node*> parts(node.all().begin(), node.all().end());
    std::sort(parts.begin(), parts.end(), [](const Node* a, const Node* b) { return a->offset < b->offset; });
    for (const Node* part : parts) {
      if (part->offset < at) continue;
      line += std::string_view(tree_.source).substr(at, part->offset - at);
      line += operand(*part);
      at = part->offset + part->length;
    }
    return line + tree_.source.substr(at, node.offset + node.length - at);
  }

  const Program& program_;
  const Tree& tree_;
  record::Record& record_;
  record::Arena& arena_;
  std::vector<Value> locals_;
  std::vector<Observation> out_;
};

}  // namespace

std::vector<Observation> Program::explain(record::Record& record, record::Arena& arena) const {
  return Explainer(*this, *tree_, record, arena).run();
}

}  // namespace sluice::expression
