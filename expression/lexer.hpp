// Source text to tokens (langdef.md "Syntax").
#pragma once

#include <cstdint>
#include <string_view>
#include <vector>

#include "expression/expression.hpp"
#include "record/arena.hpp"
#include "record/value.hpp"

namespace sluice::expression {

enum class TokenKind : std::uint8_t {
  end,
  identifier,
  quoted_identifier,
  number,
  string,
  left_bracket,
  right_bracket,
  left_brace,
  right_brace,
  left_parenthesis,
  right_parenthesis,
  dot,
  comma,
  minus,
  plus,
  star,
  slash,
  percent,
  exclamation,
  question,
  colon,
  equal,
  not_equal,
  less,
  less_equal,
  greater,
  greater_equal,
  and_and,
  or_or,
};

struct Token {
  TokenKind kind = TokenKind::end;
  std::uint32_t offset = 0;
  std::uint32_t length = 0;
  std::string_view text;  // identifiers: the name, without backquotes; numbers: as written
  record::Value value;    // numbers, strings, bytes. An int literal of 2^63 is a uint64 value: only valid after `-`
};

// All tokens of `source`, the last one of kind `end`. Decoded strings are put into `arena`; others point into `source`.
// Mistakes are appended to `errors`; the tokens are then good for finding more mistakes only.
std::vector<Token> tokenize(std::string_view source, record::Arena& arena, std::vector<CompileError>& errors);

}  // namespace sluice::expression
