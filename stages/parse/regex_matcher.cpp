#include "stages/parse/regex_matcher.hpp"

#include "stages/parse/text_utf8.hpp"

namespace sluice::stages {

using re2::RE2;
using re2::StringPiece;

namespace {

RE2::Options options(RE2::Options::Encoding encoding) {
  RE2::Options options;
  options.set_encoding(encoding);
  options.set_log_errors(false);
  options.set_max_mem(RegexMatcher::kMaxMemory);
  return options;
}

// Whether the pattern has `\C`, which matches one byte and so may cut a character in two.
bool matches_single_bytes(std::string_view pattern) {
  for (std::size_t at = pattern.find('\\'); at < pattern.size(); at = pattern.find('\\', at + 2)) {
    if (pattern.substr(at, 2) == "\\C") return true;
  }
  return false;
}

}  // namespace

std::unique_ptr<const RegexMatcher> RegexMatcher::compile(std::string_view pattern, Anchor anchor, Error& error) {
  if (matches_single_bytes(pattern)) {
    error = {"`\\C` may cut a character in two: use `.`, or a class of characters", "\\C"};
    return nullptr;
  }
  const StringPiece piece(pattern.data(), pattern.size());
  auto matcher = std::make_unique<RegexMatcher>(Token());
  matcher->regex_ = std::make_unique<const RE2>(piece, options(RE2::Options::EncodingUTF8));
  if (!matcher->regex_->ok()) {
    error = {matcher->regex_->error(), matcher->regex_->error_arg()};
    return nullptr;
  }
  matcher->bytes_ = std::make_unique<const RE2>(piece, options(RE2::Options::EncodingLatin1));
  matcher->anchor_ = anchor == Anchor::both ? RE2::ANCHOR_BOTH : RE2::UNANCHORED;
  return matcher;
}

bool RegexMatcher::match_bytes(std::string_view text, StringPiece* groups, int count) const {
  if (!bytes_->ok() || is_valid_utf8(text)) return false;
  return bytes_->Match({text.data(), text.size()}, 0, text.size(), anchor_, groups, count);
}

}  // namespace sluice::stages
