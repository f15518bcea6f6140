#include "stages/compile_expression.hpp"

#include <algorithm>
#include <string_view>
#include <utility>

#include "config/source.hpp"

namespace sluice::stages {

std::optional<expression::Program> compile_expression(const config::Value& option, expression::ResultType expect,
                                                      Workshop& workshop) {
  const std::string_view source = option.string();
  expression::CompileOptions options;
  options.expect = expect;
  expression::CompileResult result = expression::compile(source, workshop.fields, options);
  for (const expression::CompileError& error : result.errors) {
    const std::size_t begin = std::min(error.offset, source.size());
    const std::size_t characters = config::count_characters(source.substr(begin, error.length));
    workshop.diagnostics.error(option.location(begin), error.message, error.hint, std::max<std::size_t>(characters, 1));
  }
  return std::move(result.program);
}

}  // namespace sluice::stages
