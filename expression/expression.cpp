#include "expression/expression.hpp"

#include <algorithm>

#include "expression/checker.hpp"
#include "expression/compiler.hpp"
#include "expression/extension.hpp"
#include "expression/lexer.hpp"
#include "expression/network.hpp"
#include "expression/parser.hpp"
#include "expression/program.hpp"
#include "expression/values.hpp"

namespace sluice::expression {

using record::Field;
using record::Type;
using record::Value;

std::string_view reason_name(ErrorReason reason) {
  switch (reason) {
    case ErrorReason::none:
      return "";
    case ErrorReason::no_such_field:
      return "no_such_field";
    case ErrorReason::no_such_key:
      return "no_such_key";
    case ErrorReason::no_such_overload:
      return "no_such_overload";
    case ErrorReason::not_a_bool:
      return "not_a_bool";
    case ErrorReason::overflow:
      return "overflow";
    case ErrorReason::division_by_zero:
      return "division_by_zero";
    case ErrorReason::index_out_of_range:
      return "index_out_of_range";
    case ErrorReason::invalid_argument:
      return "invalid_argument";
    case ErrorReason::unsupported_key:
      return "unsupported_key";
    case ErrorReason::duplicate_key:
      return "duplicate_key";
    case ErrorReason::no_value:
      return "no_value";
    case ErrorReason::unknown_function:
      return "unknown_function";
    case ErrorReason::limit_exceeded:
      return "limit_exceeded";
  }
  return "";
}

Tree::Tree() = default;
Tree::~Tree() = default;

Program::Program(std::unique_ptr<const Tree> tree) : tree_(std::move(tree)) {}
Program::Program(Program&&) noexcept = default;
Program& Program::operator=(Program&&) noexcept = default;
Program::~Program() = default;

namespace {

Frame make_frame(const Tree& tree, record::Record& record, record::Arena& arena) {
  Value* locals = nullptr;
  if (tree.locals > 0) locals = arena.make_array<Value>(tree.locals).data();
  return {&record, &arena, &tree, locals, tree.limits.cost, {}};
}

bool holds_extension(const Value& value) {
  if (value.is(Type::list)) return std::any_of(value.items().begin(), value.items().end(), holds_extension);
  if (!value.is(Type::map)) return false;
  if (is_extension(value)) return true;
  return std::any_of(value.fields().begin(), value.fields().end(),
                     [](const Field& f) { return holds_extension(f.value); });
}

// For inside of lists and maps, where nothing can be absent.
Value plain_item(const Value& value, record::Arena& arena) {
  const Value result = plain(value, arena);
  return result.is_absent() ? Value::null() : result;
}

}  // namespace

Value plain(const Value& value, record::Arena& arena) {
  if (!holds_extension(value)) return value;
  switch (kind_of(value)) {
    case Kind::list: {
      const auto items = arena.make_array<Value>(value.size());
      std::transform(value.items().begin(), value.items().end(), items.begin(),
                     [&](const Value& item) { return plain_item(item, arena); });
      return Value::list(items);
    }
    case Kind::map: {
      const auto fields = arena.make_array<Field>(value.size());
      std::transform(value.fields().begin(), value.fields().end(), fields.begin(), [&](const Field& field) {
        return Field{field.name, plain_item(field.value, arena)};
      });
      return Value::map(fields);
    }
    case Kind::type:
      return Value::string(type_value_name(kind_of_type(value)));
    case Kind::ip:
      return Value::string(arena.copy(address_text(address_of(value))));
    case Kind::cidr:
      return Value::string(arena.copy(network_text(address_of(value))));
    case Kind::optional: {
      const Value content = optional_content(value);
      return content.is_absent() ? content : plain(content, arena);
    }
    default:
      return value;
  }
}

Result Program::evaluate(record::Record& record, record::Arena& arena) const {
  Frame frame = make_frame(*tree_, record, arena);
  const Value value = run(*tree_->root, frame);
  if (value.is_absent()) return {value, frame.error};
  if (tree_->has_extensions && tree_->plain_results) return {plain(value, arena), {}};
  return {value, {}};
}

Match Program::matches(record::Record& record, record::Arena& arena) const {
  Frame frame = make_frame(*tree_, record, arena);
  const Value value = get(*tree_->root, frame);
  if (value.is(Type::boolean)) [[likely]]
    return {value.as_boolean() ? Truth::yes : Truth::no, {}};
  if (!value.is_absent()) frame.fail(*tree_->root, ErrorReason::not_a_bool);
  return {Truth::error, frame.error};
}

std::string Program::detail(const Error& error) const {
  const std::string part =
      tree_->source.substr(std::min<std::size_t>(error.offset, tree_->source.size()), error.length);
  const std::string quoted = "`" + part + "`";
  const auto with_note = [&](const std::string& text) {
    return error.note != nullptr ? text + ": " + error.note : text;
  };
  switch (error.reason) {
    case ErrorReason::none:
      return "";
    case ErrorReason::no_such_field:
      return with_note("the record has no field " + quoted);
    case ErrorReason::no_such_key:
      return "there is no " + quoted;
    case ErrorReason::no_such_overload:
      return with_note(quoted + " does not work on values of these types");
    case ErrorReason::not_a_bool:
      return quoted + " is neither true nor false";
    default:
      return with_note(quoted + ": " + std::string(reason_name(error.reason)));
  }
}

std::string_view Program::source() const { return tree_->source; }
bool Program::is_constant() const { return tree_->root->kind == NodeKind::constant; }

struct Compilation {
  static CompileResult run(std::string_view source, record::FieldTable& fields, const CompileOptions& options) {
    CompileResult result;
    if (source.size() > options.limits.source_bytes) {
      result.errors.push_back(
          {0, 1, "the expression is longer than " + std::to_string(options.limits.source_bytes) + " bytes", ""});
      return result;
    }
    auto tree = std::make_unique<Tree>();
    tree->source = source;
    tree->limits = options.limits;
    tree->plain_results = options.plain_results;
    ExprPool pool;
    TypePool types;
    const std::vector<Token> tokens = tokenize(tree->source, tree->constants, result.errors);
    Expr* root = parse(tree->source, tokens, tree->limits, pool, result.errors);
    if (root != nullptr) {
      tree->locals = check(*root, fields, options, types, result.errors);
      if (result.errors.empty()) compile_tree(*root, options, *tree, result.errors);
    }
    std::stable_sort(result.errors.begin(), result.errors.end(),
                     [](const CompileError& a, const CompileError& b) { return a.offset < b.offset; });
    if (result.errors.empty()) result.program = Program(std::move(tree));
    return result;
  }
};

CompileResult compile(std::string_view source, record::FieldTable& fields, const CompileOptions& options) {
  return Compilation::run(source, fields, options);
}

std::string render(std::string_view source, const CompileError& error) {
  const std::size_t offset = std::min(error.offset, source.size());
  const std::size_t before = source.substr(0, offset).rfind('\n');
  const std::size_t begin = before == std::string_view::npos ? 0 : before + 1;
  const std::size_t end = std::min(source.find('\n', offset), source.size());
  std::string text = error.message;
  text += "\n  ";
  text += source.substr(begin, end - begin);
  text += "\n  ";
  // One column a code point; tabs stay, so that the caret stands where it should.
  const auto is_lead = [](char c) { return (static_cast<unsigned char>(c) & 0xc0) != 0x80; };
  for (const char c : source.substr(begin, offset - begin)) {
    if (is_lead(c)) text += c == '\t' ? '\t' : ' ';
  }
  text += '^';
  const std::string_view place = source.substr(offset, std::min(error.length, end - offset));
  const auto columns = std::count_if(place.begin(), place.end(), is_lead);
  if (columns > 1) text.append(static_cast<std::size_t>(columns - 1), '~');
  if (!error.hint.empty()) text += "\n  " + error.hint;
  return text;
}

}  // namespace sluice::expression
