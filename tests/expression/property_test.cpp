// Random expressions: an evaluator that knows nothing of ours, and folding that must not matter.
#include <gtest/gtest.h>

#include <cstdint>
#include <optional>
#include <random>
#include <variant>

#include "expression_fixture.hpp"

namespace sluice::test {
namespace {

// Makes an expression over the int fields a, b, c and computes its value while it does so: nothing if it fails. Bools
// and ints only, with CEL's rules for errors under && and ||.
class Model {
 public:
  using Int = std::optional<std::int64_t>;
  using Bool = std::optional<bool>;

  explicit Model(std::mt19937_64& random) : random_(random) {
    for (std::int64_t& field : fields_) field = number();
  }

  std::string json() const {
    return "{\"a\":" + std::to_string(fields_[0]) + ",\"b\":" + std::to_string(fields_[1]) +
           ",\"c\":" + std::to_string(fields_[2]) + "}";
  }

  Bool boolean(int depth, std::string& text) {
    switch (depth <= 0 ? pick(2) : pick(7)) {
      case 0: {
        const bool value = pick(2) == 1;
        text += value ? "true" : "false";
        return value;
      }
      case 1:
        return comparison(depth, text);
      case 2: {
        text += "!(";
        const Bool value = boolean(depth - 1, text);
        text += ")";
        return value ? Bool(!*value) : value;
      }
      case 3:
        return logical(depth, false, text);
      case 4:
        return logical(depth, true, text);
      case 5: {
        text += "(";
        const Bool condition = boolean(depth - 1, text);
        text += " ? ";
        const Bool yes = boolean(depth - 1, text);
        text += " : ";
        const Bool no = boolean(depth - 1, text);
        text += ")";
        return !condition ? condition : *condition ? yes : no;
      }
      default:
        return membership(depth, text);
    }
  }

 private:
  unsigned pick(unsigned count) { return static_cast<unsigned>(random_() % count); }

  std::int64_t number() {
    switch (pick(6)) {
      case 0:
        return INT64_MAX - static_cast<std::int64_t>(pick(3));
      case 1:
        return INT64_MIN + static_cast<std::int64_t>(pick(3));
      case 2:
        return static_cast<std::int64_t>(random_());
      default:
        return static_cast<std::int64_t>(pick(7)) - 3;
    }
  }

  Int integer(int depth, std::string& text) {
    if (depth <= 0 || pick(4) == 0) {
      if (pick(2) == 0) {
        const unsigned field = pick(4);
        text += "abcd"[field];
        return field < 3 ? Int(fields_[field]) : Int();  // there is no d
      }
      const std::int64_t value = number();
      text += std::to_string(value);
      return value;
    }
    text += "(";
    const Int left = integer(depth - 1, text);
    const unsigned op = pick(5);
    text += std::string(" ") + "+-*/%"[op] + " ";
    const Int right = integer(depth - 1, text);
    text += ")";
    if (!left || !right) return {};
    std::int64_t result = 0;
    switch (op) {
      case 0:
        return __builtin_add_overflow(*left, *right, &result) ? Int() : Int(result);
      case 1:
        return __builtin_sub_overflow(*left, *right, &result) ? Int() : Int(result);
      case 2:
        return __builtin_mul_overflow(*left, *right, &result) ? Int() : Int(result);
      case 3:
        return *right == 0 || (*left == INT64_MIN && *right == -1) ? Int() : Int(*left / *right);
      default:
        return *right == 0 ? Int() : *right == -1 ? Int(0) : Int(*left % *right);
    }
  }

  Bool comparison(int depth, std::string& text) {
    text += "(";
    const Int left = integer(depth - 1, text);
    static constexpr const char* kOps[] = {" == ", " != ", " < ", " <= ", " > ", " >= "};
    const unsigned op = pick(6);
    text += kOps[op];
    const Int right = integer(depth - 1, text);
    text += ")";
    if (!left || !right) return {};
    const bool results[] = {*left == *right, *left != *right, *left<*right, *left <= *right, *left> * right,
                            *left >= *right};
    return results[op];
  }

  Bool logical(int depth, bool is_or, std::string& text) {
    const unsigned count = 2 + pick(3);
    bool failed = false;
    bool decided = false;
    text += "(";
    for (unsigned i = 0; i < count; ++i) {
      if (i > 0) text += is_or ? " || " : " && ";
      const Bool value = boolean(depth - 1, text);
      failed |= !value;
      decided |= value && *value == is_or;
    }
    text += ")";
    if (decided) return is_or;
    return failed ? Bool() : Bool(!is_or);
  }

  // value in [..], or a macro that says the same
  Bool membership(int depth, std::string& text) {
    std::string value_text;
    const Int value = integer(depth - 1, value_text);
    std::string list = "[";
    bool failed = false;
    bool found = false;
    for (unsigned i = pick(4); i > 0; --i) {
      const Int item = integer(depth > 2 ? 1 : 0, list);
      list += i > 1 ? ", " : "";
      failed |= !item;
      found |= item && value && *item == *value;
    }
    list += "]";
    const bool empty = list == "[]";
    if (pick(2) == 0) {
      text += "(" + value_text + " in " + list + ")";
      return failed || !value ? Bool() : Bool(found);
    }
    text += list + ".exists(a, a == " + hidden(value_text) + ")";
    if (failed) return {};
    if (empty) return false;
    return value ? Bool(found) : Bool();
  }

  // The macro's variable is `a`, so the field must be named otherwise.
  static std::string hidden(const std::string& text) {
    std::string result;
    for (const char c : text) result += c == 'a' ? std::string("record.a") : std::string(1, c);
    return result;
  }

  std::mt19937_64& random_;
  std::int64_t fields_[3] = {};
};

TEST(ExpressionProperty, AgreesWithAnIndependentEvaluatorFoldedOrNot) {
  const std::uint64_t seed = std::random_device()();
  std::mt19937_64 random(seed);
  for (int i = 0; i < 4000; ++i) {
    Model model(random);
    std::string source;
    const Model::Bool expected = model.boolean(4, source);
    for (const bool fold : {true, false}) {
      expression::CompileOptions options;
      options.fold = fold;
      options.check = false;
      const std::string result = evaluate(source, model.json(), options);
      const std::string wanted = expected ? (*expected ? "true" : "false") : "error: ";
      ASSERT_EQ(expected ? result : result.substr(0, 7), wanted)
          << source << "\n"
          << model.json() << " fold " << fold << " seed " << seed;
    }
  }
}

// Pieces of the language thrown together: most do not compile, and whatever does must not depend on folding.
TEST(ExpressionProperty, NoTextMakesItCrashAndFoldingNeverChangesAResult) {
  static constexpr const char* kPieces[] = {"a",
                                            "b",
                                            "record",
                                            "x",
                                            "1",
                                            "2u",
                                            "1.5",
                                            "'text'",
                                            "b'\\xff'",
                                            "null",
                                            "true",
                                            "[",
                                            "]",
                                            "{",
                                            "}",
                                            "(",
                                            ")",
                                            ".",
                                            ",",
                                            ":",
                                            "?",
                                            "+",
                                            "-",
                                            "*",
                                            "/",
                                            "%",
                                            "==",
                                            "!=",
                                            "<",
                                            ">=",
                                            "in",
                                            "&&",
                                            "||",
                                            "!",
                                            "size(",
                                            ".size()",
                                            ".map(x, ",
                                            ".exists(x, ",
                                            ".filter(x, ",
                                            ".all(x, ",
                                            "has(",
                                            ".?",
                                            "[?",
                                            "optional.of(",
                                            ".orValue(",
                                            ".optMap(x, ",
                                            "timestamp(",
                                            "duration('1h')",
                                            ".getHours('UTC')",
                                            "'%s %d'.format([",
                                            ".matches('a+')",
                                            ".split('')",
                                            ".join()",
                                            "math.greatest(",
                                            "ip('::1')",
                                            "type(",
                                            "string(",
                                            "int(",
                                            "dyn(",
                                            ".substring(1)",
                                            ".replace('a', 'b')",
                                            "\\",
                                            "'",
                                            "`",
                                            "\xff",
                                            "//",
                                            "\n"};
  const std::uint64_t seed = std::random_device()();
  std::mt19937_64 random(seed);
  const std::string json = R"({"a":{"b":[1,2.5,"three",null]},"b":"text","x":7})";
  int compiled = 0;
  for (int i = 0; i < 20'000; ++i) {
    std::string source;
    int open = 0;
    for (std::uint64_t n = 1 + random() % 8; n > 0; --n) {
      const std::string_view piece = kPieces[random() % std::size(kPieces)];
      source += piece;
      source += ' ';
      open += piece.ends_with('(') || piece.find("(x") != std::string_view::npos ? 1 : 0;
    }
    for (; open > 0; --open) source += ')';
    expression::CompileOptions options;
    options.check = random() % 2 == 0;
    const std::string folded = evaluate(source, json, options);
    options.fold = false;
    const std::string unfolded = evaluate(source, json, options);
    if (folded.starts_with("wrong:")) continue;
    ++compiled;
    ASSERT_EQ(folded.substr(0, 6) == "error:", unfolded.substr(0, 6) == "error:")
        << source << " seed " << seed << ": " << folded << " / " << unfolded;
    if (folded.starts_with("error:")) continue;
    ASSERT_EQ(folded, unfolded) << source << " seed " << seed;
  }
  EXPECT_GT(compiled, 200);
}

}  // namespace
}  // namespace sluice::test
