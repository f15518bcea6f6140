#include "expression/parser.hpp"

#include <algorithm>
#include <array>

namespace sluice::expression {

std::string_view op_text(Op op) {
  switch (op) {
    case Op::none:
      return "";
    case Op::negate:
      return "-";
    case Op::logical_not:
      return "!";
    case Op::add:
      return "+";
    case Op::subtract:
      return "-";
    case Op::multiply:
      return "*";
    case Op::divide:
      return "/";
    case Op::modulo:
      return "%";
    case Op::equal:
      return "==";
    case Op::not_equal:
      return "!=";
    case Op::less:
      return "<";
    case Op::less_equal:
      return "<=";
    case Op::greater:
      return ">";
    case Op::greater_equal:
      return ">=";
    case Op::in:
      return "in";
    case Op::logical_and:
      return "&&";
    case Op::logical_or:
      return "||";
  }
  return "";
}

namespace {

// langdef.md: RESERVED, not to be used as identifiers.
constexpr std::array<std::string_view, 17> kReserved = {"as",        "break",  "const",  "continue", "else", "for",
                                                        "function",  "if",     "import", "let",      "loop", "package",
                                                        "namespace", "return", "var",    "void",     "while"};

struct MacroName {
  std::string_view name;
  std::size_t variables;
  std::size_t arguments;  // beside the variables
  Macro macro;
};
constexpr MacroName kMacros[] = {
    {"all", 1, 1, Macro::all},
    {"exists", 1, 1, Macro::exists},
    {"exists_one", 1, 1, Macro::exists_one},
    {"existsOne", 1, 1, Macro::exists_one},
    {"filter", 1, 1, Macro::filter},
    {"map", 1, 1, Macro::map},
    {"map", 1, 2, Macro::map_filter},
    {"optMap", 1, 1, Macro::optional_map},
    {"optFlatMap", 1, 1, Macro::optional_flat_map},
    {"all", 2, 1, Macro::all},
    {"exists", 2, 1, Macro::exists},
    {"exists_one", 2, 1, Macro::exists_one},
    {"existsOne", 2, 1, Macro::exists_one},
    {"transformList", 2, 1, Macro::transform_list},
    {"transformList", 2, 2, Macro::transform_list},
    {"transformMap", 2, 1, Macro::transform_map},
    {"transformMap", 2, 2, Macro::transform_map},
};

struct GiveUp {};  // thrown and caught in this file only

class Parser {
 public:
  Parser(std::string_view source, const std::vector<Token>& tokens, const Limits& limits, ExprPool& pool,
         std::vector<CompileError>& errors)
      : source_(source), tokens_(tokens), limits_(limits), pool_(pool), errors_(errors) {}

  Expr* run() {
    try {
      if (here().kind == TokenKind::end) fail_at(here(), "the expression is empty");
      Expr* root = expression();
      if (here().kind != TokenKind::end) unexpected("expected an operator or the end of the expression");
      return root;
    } catch (const GiveUp&) {
      return nullptr;
    }
  }

 private:
  const Token& here() const { return tokens_[at_]; }
  const Token& ahead(std::size_t count) const { return tokens_[std::min(at_ + count, tokens_.size() - 1)]; }
  bool is(TokenKind kind) const { return here().kind == kind; }
  bool is_word(std::string_view word) const { return is(TokenKind::identifier) && here().text == word; }
  const Token& take() {
    const Token& token = tokens_[at_];
    if (token.kind != TokenKind::end) ++at_;
    return token;
  }
  bool accept(TokenKind kind) {
    if (!is(kind)) return false;
    take();
    return true;
  }

  [[noreturn]] void fail_at(const Token& token, std::string message, std::string hint = {}) {
    errors_.push_back({token.offset, token.length, std::move(message), std::move(hint)});
    throw GiveUp{};
  }

  [[noreturn]] void unexpected(std::string message) {
    const Token& token = here();
    if (token.kind == TokenKind::end) fail_at(token, message + ", but the expression ends here");
    static constexpr std::pair<std::string_view, std::string_view> kWords[] = {
        {"and", "both conditions: `&&`"},
        {"or", "either condition: `||`"},
        {"not", "negate with `!`"},
        {"AND", "both conditions: `&&`"},
        {"OR", "either condition: `||`"},
        {"NOT", "negate with `!`"},
        {"is", "compare with `==`"},
        {"like", "use matches: text.matches(\"regex\")"},
        {"contains", "write text.contains(\"part\")"}};
    std::string hint;
    if (token.kind == TokenKind::identifier) {
      for (const auto& [word, advice] : kWords) {
        if (token.text == word) hint = advice;
      }
      if (hint.empty() && at_ > 0 && tokens_[at_ - 1].text == "not") hint = "negate with `!`";
    }
    fail_at(token, message + ", not `" + std::string(source_.substr(token.offset, token.length)) + "`", hint);
  }

  const Token& expect(TokenKind kind, std::string_view what) {
    if (!is(kind)) unexpected("expected " + std::string(what));
    return take();
  }

  // ---- making nodes

  Expr* make(ExprKind kind, std::size_t begin, const Token* name = nullptr) {
    Expr& expr = pool_.emplace_back();
    expr.kind = kind;
    expr.offset = static_cast<std::uint32_t>(begin);
    if (name != nullptr) expr.name_offset = name->offset, expr.name_length = name->length;
    return &expr;
  }

  // Sets the end at the last token taken, and the depth. The depth bounds every later walk over the tree.
  Expr* finish(Expr* expr) {
    const Token& last = tokens_[at_ - 1];
    expr->length = last.offset + last.length - expr->offset;
    std::uint32_t depth = expr->target != nullptr ? expr->target->depth : 0;
    for (const Expr* arg : expr->args) depth = std::max(depth, arg->depth);
    expr->depth = depth + 1;
    if (expr->depth > limits_.nesting) too_deep(last);
    return expr;
  }

  [[noreturn]] void too_deep(const Token& token) {
    fail_at(token, "the expression is nested too deeply (more than " + std::to_string(limits_.nesting) + " levels)",
            "split it, or use a list with `in` or exists()");
  }

  // Counts how deep the parser itself is.
  struct Level {
    explicit Level(Parser& p) : parser(p) {
      if (++parser.level_ > parser.limits_.nesting) parser.too_deep(parser.here());
    }
    ~Level() { --parser.level_; }
    Level(const Level&) = delete;
    Level& operator=(const Level&) = delete;
    Parser& parser;
  };

  // ---- the grammar

  // Expr = ConditionalOr ["?" ConditionalOr ":" Expr]
  Expr* expression() {
    const Level level(*this);
    Expr* condition = logical(Op::logical_or);
    if (!is(TokenKind::question)) return condition;
    Expr* expr = make(ExprKind::conditional, condition->offset, &take());
    Expr* yes = logical(Op::logical_or);
    expect(TokenKind::colon, "`:` and the value for false");
    Expr* no = expression();
    expr->args = {condition, yes, no};
    return finish(expr);
  }

  // A chain of one operator is one node, so that a long chain is not deep.
  Expr* logical(Op op) {
    const bool is_or = op == Op::logical_or;
    const TokenKind kind = is_or ? TokenKind::or_or : TokenKind::and_and;
    Expr* first = is_or ? logical(Op::logical_and) : binary(0);
    if (!is(kind)) return first;
    Expr* expr = make(ExprKind::logical, first->offset, &here());
    expr->op = op;
    expr->args.push_back(first);
    while (accept(kind)) expr->args.push_back(is_or ? logical(Op::logical_and) : binary(0));
    return finish(expr);
  }

  struct Binary {
    Op op = Op::none;
    int precedence = 0;
  };
  Binary binary_operator() const {
    switch (here().kind) {
      case TokenKind::equal:
        return {Op::equal, 1};
      case TokenKind::not_equal:
        return {Op::not_equal, 1};
      case TokenKind::less:
        return {Op::less, 1};
      case TokenKind::less_equal:
        return {Op::less_equal, 1};
      case TokenKind::greater:
        return {Op::greater, 1};
      case TokenKind::greater_equal:
        return {Op::greater_equal, 1};
      case TokenKind::identifier:
        return here().text == "in" ? Binary{Op::in, 1} : Binary{};
      case TokenKind::plus:
        return {Op::add, 2};
      case TokenKind::minus:
        return {Op::subtract, 2};
      case TokenKind::star:
        return {Op::multiply, 3};
      case TokenKind::slash:
        return {Op::divide, 3};
      case TokenKind::percent:
        return {Op::modulo, 3};
      default:
        return {};
    }
  }

  // Relation, Addition and Multiplication: left-associative, by precedence.
  Expr* binary(int above) {
    Expr* left = unary();
    for (Binary next = binary_operator(); next.precedence > above; next = binary_operator()) {
      Expr* expr = make(ExprKind::binary, left->offset, &take());
      expr->op = next.op;
      Expr* right = binary(next.precedence);
      expr->args = {left, right};
      left = finish(expr);
    }
    return left;
  }

  // Unary = Member | "!" {"!"} Member | "-" {"-"} Member. A minus directly before a number belongs to the number.
  Expr* unary() {
    if (is(TokenKind::minus) && ahead(1).kind == TokenKind::number) return member(negative_number());
    if (!is(TokenKind::minus) && !is(TokenKind::exclamation)) return member(primary());
    const Level level(*this);
    const Token& sign = take();
    Expr* expr = make(ExprKind::unary, sign.offset, &sign);
    expr->op = sign.kind == TokenKind::minus ? Op::negate : Op::logical_not;
    expr->args = {unary()};
    return finish(expr);
  }

  Expr* negative_number() {
    const Token& sign = take();
    const Token& number = take();
    const record::Value value = number.value;
    Expr* expr = make(ExprKind::literal, sign.offset, &number);
    const bool is_unsigned = number.text.ends_with('u') || number.text.ends_with('U');
    if (is_unsigned) {  // kept as an operation, which has no overload for uint
      Expr* operand = make(ExprKind::literal, number.offset, &number);
      operand->literal = value;
      finish(operand);
      expr->kind = ExprKind::unary;
      expr->op = Op::negate;
      expr->args = {operand};
    } else if (value.is(record::Type::float64)) {
      expr->literal = record::Value::float64(-value.as_float64());
    } else {
      const std::uint64_t magnitude =
          value.is(record::Type::uint64) ? value.as_uint64() : static_cast<std::uint64_t>(value.as_int64());
      expr->literal = record::Value::int64(static_cast<std::int64_t>(~magnitude + 1));
    }
    return finish(expr);
  }

  Expr* literal(record::Value value) {
    const Token& token = take();
    Expr* expr = make(ExprKind::literal, token.offset, &token);
    expr->literal = value;
    return finish(expr);
  }

  Expr* primary() {
    const Token& token = here();
    switch (token.kind) {
      case TokenKind::number: {
        const bool is_unsigned = token.text.ends_with('u') || token.text.ends_with('U');
        if (token.value.is(record::Type::uint64) && !is_unsigned) {
          fail_at(token, "this number is too large for int (64 bits)", "write it with `u` at its end, as uint");
        }
        return literal(token.value);
      }
      case TokenKind::string:
        return literal(token.value);
      case TokenKind::left_parenthesis: {
        take();
        Expr* inner = expression();
        const Token& end = expect(TokenKind::right_parenthesis, "`)`");
        inner->parenthesized = true;
        inner->offset = token.offset;
        inner->length = end.offset + end.length - token.offset;
        return inner;
      }
      case TokenKind::left_bracket:
        return list();
      case TokenKind::left_brace:
        return map();
      case TokenKind::dot:
        if (ahead(1).kind != TokenKind::identifier) break;
        take();
        return name();
      case TokenKind::identifier:
        if (token.text == "true") return literal(record::Value::boolean(true));
        if (token.text == "false") return literal(record::Value::boolean(false));
        if (token.text == "null") return literal(record::Value::null());
        if (token.text != "in") return name();
        break;
      case TokenKind::quoted_identifier:
        fail_at(token, "a name in backquotes can only follow a dot", "write record.`" + std::string(token.text) + "`");
      default:
        break;
    }
    unexpected("expected a value");
  }

  // IDENT ["(" [ExprList] ")"]
  Expr* name() {
    const Token& token = take();
    if (std::find(kReserved.begin(), kReserved.end(), token.text) != kReserved.end()) {
      fail_at(token, "`" + std::string(token.text) + "` is a reserved word of CEL",
              "for the field of that name write record." + std::string(token.text));
    }
    Expr* expr = make(ExprKind::identifier, token.offset, &token);
    expr->name = token.text;
    if (is(TokenKind::left_parenthesis)) {
      expr->kind = ExprKind::call;
      arguments(expr);
      if (expr->name == "has") return has(expr, token);
    }
    return finish(expr);
  }

  void arguments(Expr* call) {
    expect(TokenKind::left_parenthesis, "`(`");
    while (!is(TokenKind::right_parenthesis)) {
      call->args.push_back(expression());
      if (!accept(TokenKind::comma)) break;
    }
    expect(TokenKind::right_parenthesis, call->args.empty() ? "an argument or `)`" : "`,` or `)`");
  }

  // Stands for a part that was reported already: a value of unknown type, which causes no further errors.
  static Expr* mistaken(Expr* expr) {
    expr->kind = ExprKind::literal;
    expr->target = nullptr;
    expr->args.clear();
    return expr;
  }

  // has(e.f)
  Expr* has(Expr* call, const Token& token) {
    const bool good = call->args.size() == 1 && call->args[0]->kind == ExprKind::select && !call->args[0]->test;
    if (!good) {
      std::string hint = "write has(record.name)";
      if (call->args.size() == 1 && call->args[0]->kind == ExprKind::identifier) {
        hint = "write has(record." + std::string(call->args[0]->name) + ")";
      } else if (call->args.size() == 1 && call->args[0]->kind == ExprKind::index) {
        hint = "write \"name\" in map";
      }
      errors_.push_back(
          {token.offset, token.length, "has() takes one argument, a field that is selected with a dot", hint});
      return finish(mistaken(call));
    }
    Expr* select = call->args[0];
    select->test = true;
    select->offset = call->offset;
    return finish(select);
  }

  // {"." ["?"] IDENT ["(" [ExprList] ")"] | "[" ["?"] Expr "]"}
  Expr* member(Expr* operand) {
    while (true) {
      if (is(TokenKind::dot)) {
        operand = select(operand);
      } else if (is(TokenKind::left_bracket)) {
        const Token& bracket = take();
        Expr* expr = make(ExprKind::index, operand->offset, &bracket);
        expr->optional = accept(TokenKind::question);
        expr->target = operand;
        expr->args = {expression()};
        expect(TokenKind::right_bracket, "`]`");
        operand = finish(expr);
      } else if (is(TokenKind::left_brace) &&
                 (operand->kind == ExprKind::identifier || operand->kind == ExprKind::select)) {
        fail_at(here(), "there are no message types here", "a map is written {\"key\": value}");
      } else {
        return operand;
      }
    }
  }

  Expr* select(Expr* operand) {
    take();
    const bool optional = accept(TokenKind::question);
    if (!is(TokenKind::identifier) && !is(TokenKind::quoted_identifier)) unexpected("expected a name after `.`");
    const Token& token = take();
    const bool is_keyword = token.text == "true" || token.text == "false" || token.text == "null" || token.text == "in";
    if (token.kind == TokenKind::identifier && is_keyword) {
      fail_at(token, "`" + std::string(token.text) + "` cannot be selected with a dot",
              "write [\"" + std::string(token.text) + "\"]");
    }
    Expr* expr = make(ExprKind::select, operand->offset, &token);
    expr->name = token.text;
    expr->target = operand;
    expr->optional = optional;
    if (is(TokenKind::left_parenthesis) && token.kind == TokenKind::identifier && !optional) {
      expr->kind = ExprKind::call;
      arguments(expr);
      return macro(expr);
    }
    return finish(expr);
  }

  // Turns a call of a macro's name into a macro, if it has the shape of one.
  Expr* macro(Expr* call) {
    const MacroName* best = nullptr;
    bool named = false;
    for (const MacroName& candidate : kMacros) {
      if (candidate.name != call->name) continue;
      named = true;
      if (candidate.variables + candidate.arguments != call->args.size()) continue;
      best = &candidate;
      break;
    }
    if (!named) return finish(call);
    if (best == nullptr) {
      errors_.push_back({call->name_offset, call->name_length,
                         "`" + std::string(call->name) + "` takes a variable and a condition",
                         "for example: list." + std::string(call->name) + "(x, x > 0)"});
      return finish(mistaken(call));
    }
    for (std::size_t i = 0; i < best->variables; ++i) {
      const Expr& variable = *call->args[i];
      if (variable.kind != ExprKind::identifier || variable.parenthesized) {
        errors_.push_back({variable.offset, variable.length,
                           "`" + std::string(call->name) + "` needs the name of a variable here",
                           "for example: list." + std::string(call->name) + "(x, x > 0)"});
      }
      call->variables[i] = variable.name;
    }
    if (best->variables == 2 && call->variables[0] == call->variables[1]) {
      errors_.push_back({call->args[1]->offset, call->args[1]->length, "the two variables have the same name", ""});
    }
    call->kind = ExprKind::macro;
    call->macro = best->macro;
    call->args.erase(call->args.begin(), call->args.begin() + static_cast<std::ptrdiff_t>(best->variables));
    return finish(call);
  }

  Expr* list() {
    Expr* expr = make(ExprKind::list, here().offset, &here());
    take();
    while (!is(TokenKind::right_bracket)) {
      optional_item(expr, expr->args.size());
      expr->args.push_back(expression());
      if (!accept(TokenKind::comma)) break;
    }
    expect(TokenKind::right_bracket, "`,` or `]`");
    return finish(expr);
  }

  Expr* map() {
    Expr* expr = make(ExprKind::map, here().offset, &here());
    take();
    while (!is(TokenKind::right_brace)) {
      optional_item(expr, expr->args.size() / 2);
      expr->args.push_back(expression());
      expect(TokenKind::colon, "`:` and a value");
      expr->args.push_back(expression());
      if (!accept(TokenKind::comma)) break;
    }
    expect(TokenKind::right_brace, "`,` or `}`");
    return finish(expr);
  }

  void optional_item(Expr* expr, std::size_t index) {
    if (!accept(TokenKind::question)) return;
    expr->optional_args.resize(index + 1);
    expr->optional_args[index] = true;
  }

  std::string_view source_;
  const std::vector<Token>& tokens_;
  const Limits& limits_;
  ExprPool& pool_;
  std::vector<CompileError>& errors_;
  std::size_t at_ = 0;
  std::size_t level_ = 0;
};

}  // namespace

Expr* parse(std::string_view source, const std::vector<Token>& tokens, const Limits& limits, ExprPool& pool,
            std::vector<CompileError>& errors) {
  return Parser(source, tokens, limits, pool, errors).run();
}

}  // namespace sluice::expression
