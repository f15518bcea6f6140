#include "config/substitute.hpp"

#include <algorithm>

#include "config/text.hpp"

namespace sluice::config {
namespace {

bool is_name(std::string_view name) {
  const auto letter = [](char c) { return (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') || c == '_'; };
  const auto digit = [](char c) { return c >= '0' && c <= '9'; };
  return !name.empty() && letter(name.front()) &&
         std::all_of(name.begin(), name.end(), [&](char c) { return letter(c) || digit(c); });
}

class Substitution {
 public:
  Substitution(const Node& scalar, const Environment& environment, Diagnostics& diagnostics)
      : scalar_(scalar), text_(scalar.text()), environment_(environment), diagnostics_(diagnostics) {}

  Node run() {
    for (std::size_t i = 0; i < text_.size();) {
      const std::string_view rest = text_.substr(i);
      if (rest.starts_with("$$")) {
        append("$", i);
        i += 2;
      } else if (rest.starts_with("${")) {
        i += reference(i);
      } else {
        append(rest.substr(0, 1), i);
        ++i;
      }
    }
    // `$$5` asks for the text "$5" and `${N}` for whatever N looks like; only nothing at all stays a string, so that an
    // empty variable does not turn into null.
    const auto origin = new_origin();
    const bool quoted = scalar_.is_quoted() || result_.empty();
    Node node = quoted ? Node::quoted(std::move(result_), origin) : Node::plain(std::move(result_), origin);
    if (references_ > 0) node.mark_substituted();
    return node;
  }

 private:
  void append(std::string_view piece, std::size_t from) {
    result_ += piece;
    const auto& origin = scalar_.origin();
    if (origin && from < origin->bytes.size()) bytes_.insert(bytes_.end(), piece.size(), origin->bytes[from]);
  }

  // Replaces the reference at `begin`; gives its length.
  std::size_t reference(std::size_t begin) {
    ++references_;
    const std::size_t close = text_.find('}', begin);
    if (close == std::string_view::npos) {
      error(begin, 2, "`${` without a closing `}`", "write `${NAME}`, or `$${` for a literal `${`");
      return 2;
    }
    const std::size_t length = close + 1 - begin;
    const std::string_view inside = text_.substr(begin + 2, length - 3);
    const std::size_t mark = inside.find(":-");
    const std::string name(inside.substr(0, mark));
    if (!is_name(name)) {
      error(begin, length, quote(text_.substr(begin, length)) + " names no environment variable",
            "write `${NAME}` or `${NAME:-default}`, or `$${` for a literal `${`");
      return length;
    }
    const auto value = environment_ ? environment_(name) : std::nullopt;
    if (mark != std::string_view::npos) {
      append(value && !value->empty() ? std::string_view(*value) : inside.substr(mark + 2), begin);
    } else if (!value) {
      error(begin, length, "the environment variable " + quote(name) + " is not set",
            "set it, or give a default: `${" + name + ":-default}`");
    } else if (find_invalid_utf8(*value) != std::string_view::npos) {
      error(begin, length, "the environment variable " + quote(name) + " is not valid UTF-8", {});
    } else {
      append(*value, begin);
    }
    return length;
  }

  void error(std::size_t offset, std::size_t length, std::string message, std::string hint) {
    const std::size_t span = count_characters(text_.substr(offset, length));
    diagnostics_.error(scalar_.location(offset), std::move(message), std::move(hint), span);
  }

  std::shared_ptr<const Origin> new_origin() {
    if (!scalar_.origin()) return nullptr;
    auto origin = std::make_shared<Origin>(*scalar_.origin());
    origin->bytes = std::move(bytes_);
    return origin;
  }

  const Node& scalar_;
  std::string_view text_;
  const Environment& environment_;
  Diagnostics& diagnostics_;
  std::size_t references_ = 0;
  std::string result_;
  std::vector<std::uint32_t> bytes_;
};

}  // namespace

Node substitute(Node scalar, const Environment& environment, Diagnostics& diagnostics) {
  if (scalar.text().find('$') == std::string::npos) return scalar;
  return Substitution(scalar, environment, diagnostics).run();
}

}  // namespace sluice::config
