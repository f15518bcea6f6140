#include "expression/compiler.hpp"

#include <algorithm>

#include "expression/execute.hpp"
#include "expression/extension.hpp"
#include "expression/functions.hpp"
#include "expression/operators.hpp"
#include "expression/values.hpp"

namespace sluice::expression {

using record::Type;
using record::Value;

namespace {

// A node and what it depends on: nothing means that it can be computed now.
struct Built {
  Node* node = nullptr;
  bool uses_record = false;
  std::uint64_t locals = 0;  // bit i: the macro variable in slot i

  bool is_constant() const { return node->kind == NodeKind::constant; }
  bool is_field() const { return node->kind == NodeKind::field && node->run == execute::field; }
};

class Compiler {
 public:
  Compiler(const CompileOptions& options, Tree& tree, std::vector<CompileError>& errors)
      : options_(options), tree_(tree), errors_(errors), fold_locals_(tree.locals) {}

  void compile_root(const Expr& root) {
    tree_.root = build(root).node;
    if (!options_.check) return;
    for (Pending& pending : pending_) {
      CompileError error{pending.error.offset, pending.error.length,
                         "this always fails: " + std::string(reason_name(pending.error.reason)), ""};
      if (pending.error.note != nullptr) error.message = std::string("this always fails: ") + pending.error.note;
      errors_.push_back(std::move(error));
    }
  }

 private:
  // A failure of something constant. It stays only if nothing around it has a value in spite of it.
  struct Pending {
    Error error;
  };

  Node* make(const Expr& expr, NodeKind kind, Run function) {
    Node& node = tree_.nodes.emplace_back();
    node.kind = kind;
    node.run = function;
    node.op = expr.op;
    node.offset = expr.offset;
    node.length = expr.length;
    node.at_offset = expr.name_offset;
    node.at_length = expr.name_length;
    return &node;
  }

  Built constant(const Expr& expr, const Value& value) {
    Node* node = make(expr, NodeKind::constant, execute::constant);
    node->constant = value;
    return {node};
  }

  void set_children(Node& node, const std::vector<Built>& children) {
    const auto pointers = tree_.constants.make_array<const Node*>(children.size());
    for (std::size_t i = 0; i < children.size(); ++i) pointers[i] = children[i].node;
    node.children = pointers.data();
    node.child_count = static_cast<std::uint32_t>(pointers.size());
  }

  // The node with its children, computed now if nothing in it depends on the record.
  Built finish(Node* node, const std::vector<Built>& children, std::size_t mark, std::uint64_t bound = 0) {
    Built built{node};
    for (const Built& child : children) {
      built.uses_record |= child.uses_record;
      built.locals |= child.locals;
    }
    built.locals &= ~bound;
    if (node->children == nullptr && !children.empty()) set_children(*node, children);
    if (options_.fold && !built.uses_record && built.locals == 0) fold(*node, mark);
    return built;
  }

  void fold(Node& node, std::size_t mark) {
    Frame frame{nullptr, &tree_.constants, &tree_, fold_locals_.data(), tree_.limits.cost, {}};
    const Value value = resolved(run(node, frame), frame);
    if (value.is_absent()) {
      if (pending_.size() == mark) pending_.push_back({frame.error});
      return;
    }
    pending_.resize(mark);
    node.constant = value;
    node.kind = NodeKind::constant;
    node.run = execute::constant;
  }

  Built build(const Expr& expr) {
    switch (expr.kind) {
      case ExprKind::literal:
        return constant(expr, expr.literal);
      case ExprKind::identifier:
        return identifier(expr);
      case ExprKind::select:
        return select(expr);
      case ExprKind::index:
        return index(expr);
      case ExprKind::call:
        return call(expr);
      case ExprKind::unary:
        return unary(expr);
      case ExprKind::binary:
        return binary(expr);
      case ExprKind::logical:
        return logical(expr);
      case ExprKind::conditional:
        return conditional(expr);
      case ExprKind::list:
      case ExprKind::map:
        return literal(expr);
      case ExprKind::macro:
        return macro(expr);
    }
    return {};
  }

  // ---- names

  Built reference(const Expr& expr) {
    switch (expr.reference) {
      case Reference::field: {
        const bool test = expr.test || (expr.kind == ExprKind::binary && expr.op == Op::in);
        Node* node = make(expr, NodeKind::field,
                          test            ? execute::has_field
                          : expr.optional ? execute::optional_field
                                          : execute::field);
        node->key = expr.key;
        node->test = test;
        node->optional = expr.optional;
        tree_.has_extensions |= expr.optional;
        return {node, true};
      }
      case Reference::record:
        return {make(expr, NodeKind::record, execute::whole_record), true};
      case Reference::local: {
        Node* node = make(expr, NodeKind::local, execute::local);
        node->slot = expr.slot;
        return {node, false, std::uint64_t{1} << expr.slot};
      }
      case Reference::constant:
        tree_.has_extensions = true;
        return constant(expr, expr.literal);
      case Reference::unknown:
      case Reference::none:
        break;
    }
    Node* node = make(expr, NodeKind::failure, execute::failure);
    node->op = Op::none;
    return {node, true};  // not to be folded: it fails when it is used
  }

  Built identifier(const Expr& expr) { return reference(expr); }

  Built select(const Expr& expr) {
    if (expr.reference != Reference::none) return reference(expr);
    const std::size_t mark = pending_.size();
    std::vector<Built> children = {build(*expr.target)};
    Node* node = make(expr, NodeKind::select, execute::select);
    node->key.name = expr.name;
    node->optional = expr.optional;
    node->test = expr.test;
    tree_.has_extensions |= expr.optional;
    return finish(node, children, mark);
  }

  Built index(const Expr& expr) {
    if (expr.reference != Reference::none) return reference(expr);
    const std::size_t mark = pending_.size();
    tree_.has_extensions |= expr.optional;
    if (expr.target->reference == Reference::record) {
      std::vector<Built> children = {build(*expr.args[0])};
      Node* node = make(expr, NodeKind::index, execute::record_index);
      node->optional = expr.optional;
      Built built = finish_record(node, children);
      return built;
    }
    std::vector<Built> children = {build(*expr.target), build(*expr.args[0])};
    Node* node = make(expr, NodeKind::index, execute::index);
    node->optional = expr.optional;
    return finish(node, children, mark);
  }

  Built finish_record(Node* node, const std::vector<Built>& children) {
    set_children(*node, children);
    Built built{node, true};
    for (const Built& child : children) built.locals |= child.locals;
    return built;
  }

  // ---- operators

  Built unary(const Expr& expr) {
    const std::size_t mark = pending_.size();
    std::vector<Built> children = {build(*expr.args[0])};
    const bool is_not = expr.op == Op::logical_not;
    Node* node =
        make(expr, is_not ? NodeKind::negation : NodeKind::operation, is_not ? execute::logical_not : negate_run());
    return finish(node, children, mark);
  }

  static Op mirrored(Op op) {
    switch (op) {
      case Op::less:
        return Op::greater;
      case Op::less_equal:
        return Op::greater_equal;
      case Op::greater:
        return Op::less;
      case Op::greater_equal:
        return Op::less_equal;
      default:
        return op;
    }
  }

  Built binary(const Expr& expr) {
    if (expr.op == Op::in) return in(expr);
    const std::size_t mark = pending_.size();
    std::vector<Built> children = {build(*expr.args[0]), build(*expr.args[1])};
    if (expr.op < Op::equal) {
      return finish(make(expr, NodeKind::operation, arithmetic_run(expr.op)), children, mark);
    }
    Node* node = make(expr, NodeKind::comparison, comparison_run(expr.op));
    if (options_.fold && children[0].is_constant() != children[1].is_constant()) {
      // `500 <= status` becomes `status >= 500`.
      if (children[0].is_constant()) std::swap(children[0], children[1]), node->swapped = true;
      const Op op = node->swapped ? mirrored(expr.op) : expr.op;
      fuse(*node, children);
      node->constant = children[1].node->constant;
      node->run = compare_constant_run(op, node->constant, children[0].is_field());
    }
    return finish(node, children, mark);
  }

  // The first child becomes the operand of a fused node.
  static void fuse(Node& node, const std::vector<Built>& children) {
    if (children[0].is_field()) node.key = children[0].node->key;
  }

  Built in(const Expr& expr) {
    if (expr.reference == Reference::field) return reference(expr);
    const std::size_t mark = pending_.size();
    if (expr.args[1]->reference == Reference::record) {
      std::vector<Built> children = {build(*expr.args[0])};
      return finish_record(make(expr, NodeKind::comparison, execute::in_record), children);
    }
    std::vector<Built> children = {build(*expr.args[0]), build(*expr.args[1])};
    Node* node = make(expr, NodeKind::comparison, execute::in);
    if (options_.fold && !children[0].is_constant() && children[1].is_constant() &&
        children[1].node->constant.is(Type::list)) {
      fuse(*node, children);
      tree_.sets.push_back(std::make_unique<ConstantSet>(children[1].node->constant.items()));
      node->set = tree_.sets.back().get();
      node->run = in_set_run(children[0].is_field());
    }
    return finish(node, children, mark);
  }

  // A constant operand decides or has no say; the others stay, so that a value that is no bool is still an error.
  Built logical(const Expr& expr) {
    const bool is_or = expr.op == Op::logical_or;
    const std::size_t mark = pending_.size();
    std::vector<Built> all;
    std::vector<Built> children;
    for (const Expr* arg : expr.args) {
      const Built built = build(*arg);
      all.push_back(built);
      if (!options_.fold || !built.is_constant() || !built.node->constant.is(Type::boolean)) {
        children.push_back(built);
      } else if (built.node->constant.as_boolean() == is_or) {
        pending_.resize(mark);
        const Built decided = constant(expr, Value::boolean(is_or));
        for (std::size_t i = all.size(); i < expr.args.size(); ++i) forget(*expr.args[i]);
        return decided;
      }
    }
    Node* node = make(expr, NodeKind::logical, is_or ? execute::logical_or : execute::logical_and);
    if (children.empty()) children = all;
    return finish(node, children, mark);
  }

  // Builds what will not be evaluated, for its errors in regular expressions and the like.
  void forget(const Expr& expr) {
    const std::size_t mark = pending_.size();
    build(expr);
    pending_.resize(mark);
  }

  Built conditional(const Expr& expr) {
    const std::size_t mark = pending_.size();
    const Built condition = build(*expr.args[0]);
    if (options_.fold && condition.is_constant() && condition.node->constant.is(Type::boolean)) {
      const std::size_t chosen = condition.node->constant.as_boolean() ? 1 : 2;
      if (chosen == 2) forget(*expr.args[1]);
      const Built result = build(*expr.args[chosen]);
      if (chosen == 1) forget(*expr.args[2]);
      return result;
    }
    std::vector<Built> children = {condition, build(*expr.args[1]), build(*expr.args[2])};
    return finish(make(expr, NodeKind::conditional, execute::conditional), children, mark);
  }

  Built literal(const Expr& expr) {
    const std::size_t mark = pending_.size();
    std::vector<Built> children;
    children.reserve(expr.args.size());
    for (const Expr* arg : expr.args) children.push_back(build(*arg));
    const bool is_list = expr.kind == ExprKind::list;
    Node* node = make(expr, is_list ? NodeKind::list : NodeKind::map, is_list ? execute::list : execute::map);
    if (!expr.optional_args.empty()) {
      const auto flags = tree_.constants.make_array<bool>(expr.args.size());
      std::copy(expr.optional_args.begin(), expr.optional_args.end(), flags.begin());
      node->optional_items = flags.data();
    }
    return finish(node, children, mark);
  }

  Built macro(const Expr& expr) {
    const std::size_t mark = pending_.size();
    std::vector<Built> children = {build(*expr.target)};
    const std::size_t inner = pending_.size();
    for (const Expr* arg : expr.args) children.push_back(build(*arg));
    // The body may never run: what fails in it is known to fail only if the macro does.
    pending_.resize(inner);
    const bool two = !expr.variables[1].empty();
    Node* node = make(expr, NodeKind::macro, macro_run(expr.macro));
    node->macro = expr.macro;
    node->slot = expr.slot;
    node->variables = two ? 2 : 1;
    tree_.has_extensions |= expr.macro == Macro::optional_map || expr.macro == Macro::optional_flat_map;
    return finish(node, children, mark, std::uint64_t{two ? 3U : 1U} << expr.slot);
  }

  // ---- calls

  Built call(const Expr& expr) {
    const std::size_t mark = pending_.size();
    std::vector<Built> children;
    if (expr.target != nullptr) children.push_back(build(*expr.target));
    for (const Expr* arg : expr.args) children.push_back(build(*arg));
    if (expr.function == nullptr) {
      Node* node = make(expr, NodeKind::failure, execute::failure);
      node->op = Op::negate;  // any but none: a function, not a name
      set_children(*node, children);
      return {node, true};
    }
    Node* node = make(expr, NodeKind::call, expr.function->lazy ? execute::lazy_call : execute::call);
    node->function = expr.function;
    node->checked = types_fit(expr);
    note_extensions(*expr.function);
    if (children.size() == 2) specialize(expr, *node, children);
    return finish(node, children, mark);
  }

  static bool types_fit(const Expr& expr) {
    std::vector<Kind> kinds;
    if (expr.target != nullptr) kinds.push_back(expr.target->type->kind);
    for (const Expr* arg : expr.args) kinds.push_back(arg->type->kind);
    if (expr.function->variadic || std::count(kinds.begin(), kinds.end(), Kind::dyn) > 0) return false;
    return find_overload(*expr.function, kinds) != nullptr;
  }

  void note_extensions(const Function& function) {
    for (const Overload& overload : function.overloads) {
      const Kind result = overload.result;
      tree_.has_extensions |=
          result == Kind::type || result == Kind::optional || result == Kind::ip || result == Kind::cidr;
    }
  }

  // Calls with a constant second argument.
  void specialize(const Expr& expr, Node& node, const std::vector<Built>& children) {
    if (!children[1].is_constant() || !children[1].node->constant.is(Type::string)) return;
    const std::string_view text = children[1].node->constant.text();
    const std::string_view name = node.function->name;
    const bool field = children[0].is_field();
    if (name == "matches") return regex(node, children, text);
    if (name.starts_with("get") && node.function->member) return zone(expr, node, children[1], text);
    TextTest test = TextTest::contains;
    if (name == "startsWith")
      test = TextTest::starts_with;
    else if (name == "endsWith")
      test = TextTest::ends_with;
    else if (name != "contains")
      return;
    if (!options_.fold) return;
    fuse(node, children);
    node.constant = Value::string(text);
    node.run = text_test_run(test, field);
  }

  void regex(Node& node, const std::vector<Built>& children, std::string_view pattern) {
    constexpr std::int64_t kMemory = std::int64_t{2} * 1024 * 1024;
    RE2::Options options;
    options.set_log_errors(false);
    options.set_max_mem(kMemory);
    auto compiled = std::make_unique<RE2>(re2::StringPiece(pattern.data(), pattern.size()), options);
    const Node& at = *children[1].node;
    if (!compiled->ok()) {
      if (options_.check)
        errors_.push_back({at.offset, at.length, "the regular expression is wrong: " + compiled->error(),
                           "see github.com/google/re2/wiki/Syntax; a raw string r\"\\d+\" keeps its backslashes"});
      return;
    }
    fuse(node, children);
    const LiteralRegex literal = literal_regex(pattern);
    if (literal.literal && options_.fold) {
      node.constant = Value::string(tree_.constants.copy(literal.text));
      const TextTest test = literal.at_start && literal.at_end ? TextTest::equals
                            : literal.at_start                 ? TextTest::starts_with
                            : literal.at_end                   ? TextTest::ends_with
                                                               : TextTest::contains;
      node.run = text_test_run(test, children[0].is_field());
      return;
    }
    node.regex = compiled.get();
    node.run = regex_run(children[0].is_field());
    tree_.regexes.push_back(std::move(compiled));
  }

  void zone(const Expr& expr, Node& node, const Built& argument, std::string_view name) {
    auto found = load_zone(name);
    if (found == nullptr) {
      if (options_.check) {
        errors_.push_back({argument.node->offset, argument.node->length,
                           "there is no time zone `" + std::string(name) + "`",
                           "zones are named as in /usr/share/zoneinfo (\"Europe/Berlin\"), or \"+02:00\""});
      }
      return;
    }
    (void)expr;
    node.zone = found.get();
    tree_.zones.push_back(std::move(found));
  }

  const CompileOptions& options_;
  Tree& tree_;
  std::vector<CompileError>& errors_;
  std::vector<Value> fold_locals_;
  std::vector<Pending> pending_;
};

}  // namespace

LiteralRegex literal_regex(std::string_view pattern) {
  LiteralRegex result;
  if (pattern.starts_with('^')) result.at_start = true, pattern.remove_prefix(1);
  for (std::size_t i = 0; i < pattern.size(); ++i) {
    const char c = pattern[i];
    if (c == '$' && i + 1 == pattern.size()) {
      result.at_end = true;
    } else if (c == '\\' && i + 1 < pattern.size() &&
               std::string_view(".+*?()|[]{}^$\\/-\"'").find(pattern[i + 1]) != std::string_view::npos) {
      result.text += pattern[++i];
    } else if (std::string_view(".+*?()|[]{}^$\\").find(c) != std::string_view::npos) {
      return result;
    } else {
      result.text += c;
    }
  }
  result.literal = true;
  return result;
}

void compile_tree(const Expr& root, const CompileOptions& options, Tree& tree, std::vector<CompileError>& errors) {
  Compiler(options, tree, errors).compile_root(root);
}

}  // namespace sluice::expression
