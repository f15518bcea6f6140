#include "stages/enrich/redact_pattern.hpp"

#include <arpa/inet.h>

#include <algorithm>
#include <array>
#include <cctype>
#include <cstring>
#include <utility>

namespace sluice::stages {
namespace {

using re2::StringPiece;

bool is_digit(char c) { return c >= '0' && c <= '9'; }
bool is_alphanumeric(char c) { return is_digit(c) || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z'); }

char before(std::string_view text, Span part, std::size_t distance = 1) {
  return part.begin < distance ? '\0' : text[part.begin - distance];
}
char after(std::string_view text, Span part, std::size_t distance = 1) {
  return part.end + distance > text.size() ? '\0' : text[part.end + distance - 1];
}

RE2::Options options() {
  RE2::Options options;
  options.set_log_errors(false);
  return options;
}

// ---- checks

void take_group(std::string_view, Span candidate, Span group, std::vector<Span>& found) {
  found.push_back(group.end > group.begin ? group : candidate);
}

bool is_address(int family, std::string_view text) {
  std::array<char, INET6_ADDRSTRLEN + 1> copy{};
  std::array<unsigned char, sizeof(in6_addr)> address;
  if (text.size() >= copy.size()) return false;
  std::memcpy(copy.data(), text.data(), text.size());
  return inet_pton(family, copy.data(), address.data()) == 1;
}

// Not part of a longer dotted number such as a version or an object identifier.
void check_ipv4(std::string_view text, Span candidate, Span, std::vector<Span>& found) {
  const bool longer = (before(text, candidate) == '.' && is_digit(before(text, candidate, 2))) ||
                      (after(text, candidate) == '.' && is_digit(after(text, candidate, 2)));
  if (longer) return;
  // inet_pton takes no leading zeros, which logs have and which say as much.
  std::size_t octet = 0;
  for (const char c : text.substr(candidate.begin, candidate.end - candidate.begin)) {
    octet = c == '.' ? 0 : octet * 10 + static_cast<std::size_t>(c - '0');
    if (octet > 255) return;
  }
  found.push_back(candidate);
}

// Not part of a qualified name such as std::begin; a bare `::` says nothing.
void check_ipv6(std::string_view text, Span candidate, Span, std::vector<Span>& found) {
  const char first = before(text, candidate);
  const char last = after(text, candidate);
  if (is_alphanumeric(first) || first == ':' || first == '_' || is_alphanumeric(last) || last == '_') return;
  if (last == ':' && after(text, candidate, 2) == ':') return;
  const std::string_view address = text.substr(candidate.begin, candidate.end - candidate.begin);
  if (address != "::" && is_address(AF_INET6, address)) found.push_back(candidate);
}

// The lengths of card numbers by their first digits (ISO/IEC 7812; ranges as the schemes publish them).
struct Issuer {
  std::uint32_t first;  // of the first six digits
  std::uint32_t last;
  std::size_t shortest;
  std::size_t longest;
};
constexpr std::array kIssuers = {
    Issuer{400000, 499999, 13, 19},  // Visa
    Issuer{510000, 559999, 16, 16},  // Mastercard
    Issuer{222100, 272099, 16, 16},  // Mastercard
    Issuer{340000, 349999, 15, 15},  // American Express
    Issuer{370000, 379999, 15, 15},  // American Express
    Issuer{601100, 601199, 16, 19},  // Discover
    Issuer{644000, 659999, 16, 19},  // Discover
    Issuer{300000, 305999, 14, 19},  // Diners Club
    Issuer{309500, 309599, 14, 19},  // Diners Club
    Issuer{360000, 369999, 14, 19},  // Diners Club
    Issuer{380000, 399999, 14, 19},  // Diners Club
    Issuer{352800, 358999, 16, 19},  // JCB
    Issuer{620000, 629999, 16, 19},  // UnionPay
    Issuer{500000, 509999, 13, 19},  // Maestro
    Issuer{560000, 589999, 13, 19},  // Maestro
    Issuer{600000, 600999, 16, 19},  // Maestro and others
    Issuer{630000, 639999, 13, 19},  // Maestro
    Issuer{670000, 679999, 13, 19},  // Maestro
};

bool is_card(std::string_view text) {
  std::uint32_t prefix = 0;
  std::size_t digits = 0;
  for (const char c : text) {
    if (!is_digit(c)) continue;
    if (++digits <= 6) prefix = prefix * 10 + static_cast<std::uint32_t>(c - '0');
  }
  const bool known = std::ranges::any_of(kIssuers, [&](const Issuer& issuer) {
    return prefix >= issuer.first && prefix <= issuer.last && digits >= issuer.shortest && digits <= issuer.longest;
  });
  return known && passes_luhn(text);
}

// Where the longest card number that begins at `begin` ends; `begin` if there is none.
std::size_t card_end(std::string_view text, std::size_t begin, std::size_t limit) {
  constexpr std::size_t kShortest = 13;
  constexpr std::size_t kLongest = 19;
  std::size_t found = begin;
  std::size_t digits = 0;
  for (std::size_t end = begin; end < limit && digits <= kLongest;) {
    if (!is_digit(text[end++])) continue;
    const bool at_border = end == limit || !is_digit(text[end]);
    if (++digits >= kShortest && at_border && is_card(text.substr(begin, end - begin))) found = end;
  }
  return found;
}

// The candidate is a run of groups of digits. A card is some of them that follow one another.
void check_card(std::string_view text, Span candidate, Span, std::vector<Span>& found) {
  if (before(text, candidate) == '.' && is_digit(before(text, candidate, 2))) return;
  std::size_t begin = candidate.begin;
  while (begin < candidate.end) {
    std::size_t end = card_end(text, begin, candidate.end);
    if (end > begin) found.push_back({begin, end});
    while (end < candidate.end && is_digit(text[end])) ++end;
    begin = end + 1;  // past the separator
  }
}

// Country codes and lengths of the SWIFT IBAN registry.
constexpr std::string_view kIbanLengths =
    "AD24AE23AL28AT20AZ28BA20BE16BG22BH22BI27BR29BY28CH21CR22CY28CZ24DE22DJ27DK18DO28EE20EG29ES24FI18FK18FO18FR27GB22"
    "GE22GI23GL18GR27GT28HR21HU28IE22IL23IQ23IS26IT27JO30KW30KZ20LB28LC32LI21LT20LU20LV21LY25MC27MD24ME22MK19MN20MR27"
    "MT31MU30NI28NL18NO15OM23PK24PL28PS29PT25QA29RO24RS22RU33SA24SC31SD18SE24SI19SK24SM27SO23ST25SV28TL23TN24TR26UA29"
    "VA22VG24XK20YE30";

std::size_t iban_length(std::string_view country) {
  for (std::size_t i = 0; i < kIbanLengths.size(); i += 4) {
    if (kIbanLengths.substr(i, 2) != country) continue;
    return static_cast<std::size_t>((kIbanLengths[i + 2] - '0') * 10 + (kIbanLengths[i + 3] - '0'));
  }
  return 0;
}

// The country says how long it is; what stands behind that is text.
void check_iban(std::string_view text, Span candidate, Span, std::vector<Span>& found) {
  const std::size_t length = iban_length(text.substr(candidate.begin, 2));
  std::size_t characters = 0;
  std::size_t end = candidate.begin;
  while (end < candidate.end && characters < length) characters += is_alphanumeric(text[end++]) ? 1 : 0;
  if (length == 0 || characters < length || is_alphanumeric(after(text, {candidate.begin, end}))) return;
  if (passes_iban(text.substr(candidate.begin, end - candidate.begin))) found.push_back({candidate.begin, end});
}

// ---- the named patterns

struct Named {
  std::string_view name;
  const char* source;
  RedactPattern::Check check;
};

constexpr std::array kNamed = {
    // RFC 5322 section 3.4.1 without quoted names and comments, RFC 6531 letters, and `@` as URLs write it.
    Named{
        "email",
        R"([^\x00-\x20"'<>()\[\]{},;:\\|=/?&@\x7f]+(?:@|%40)(?:[A-Za-z0-9\x{80}-\x{10ffff}][A-Za-z0-9\x{80}-\x{10ffff}-]*\.)+(?:xn--[A-Za-z0-9-]+|[A-Za-z\x{80}-\x{10ffff}]{2,}))",
        take_group},
    Named{"ipv4", R"(\b\d{1,3}\.\d{1,3}\.\d{1,3}\.\d{1,3}\b)", check_ipv4},
    // RFC 4291 section 2.2.
    Named{"ipv6",
          R"((?:[0-9A-Fa-f]{1,4}:){6}(?:\d{1,3}(?:\.\d{1,3}){3}|[0-9A-Fa-f]{1,4}:[0-9A-Fa-f]{1,4})|)"
          R"((?:[0-9A-Fa-f]{1,4}(?::[0-9A-Fa-f]{1,4}){0,6})?::(?:(?:[0-9A-Fa-f]{1,4}:){0,5}\d{1,3}(?:\.\d{1,3}){3}|)"
          R"([0-9A-Fa-f]{1,4}(?::[0-9A-Fa-f]{1,4}){0,6})?)",
          check_ipv6},
    Named{"credit_card", R"(\b[2-6](?:[ -]?\d){12,})", check_card},
    Named{"iban", R"(\b[A-Z]{2}\d{2}(?:[ -]?[A-Z0-9]){11,30})", check_iban},
    // RFC 7519 and RFC 7516: base64url parts, of which the first is a JSON object.
    Named{"jwt", R"(\beyJ[A-Za-z0-9_-]{5,}(?:\.[A-Za-z0-9_-]*){2,4})", take_group},
    // IDs of access keys by their prefix, and the secret behind its name.
    Named{"aws_key",
          R"(\b(?:AKIA|ASIA|ABIA|ACCA)[A-Z2-7]{16}\b|)"
          R"((?i:secret_?-?access_?-?key)["']?\s*[:=]\s*["']?([A-Za-z0-9/+]{40}))",
          take_group},
    // RFC 6750 section 2.1; the word stays.
    Named{"bearer", R"((?i:\bbearer)[ +:=]+([A-Za-z0-9._~+/-]+=*))", take_group},
};

// `^` outside of a class, `$` and the like: cautious, an escaped one counts too.
bool looks_anchored(std::string_view source) {
  for (std::size_t i = 0; i < source.size(); ++i) {
    if (source[i] == '$' || (source[i] == '^' && (i == 0 || source[i - 1] != '['))) return true;
    if (source[i] == '\\' && i + 1 < source.size() && (source[i + 1] == 'A' || source[i + 1] == 'z')) return true;
  }
  return false;
}

}  // namespace

RedactPattern::RedactPattern(const std::string& source, Check check)
    : regex_(source, options()), check_(check), anchored_(looks_anchored(source)) {}

std::unique_ptr<RedactPattern> RedactPattern::named(std::string_view name) {
  for (const Named& known : kNamed) {
    if (known.name != name) continue;
    auto pattern = std::make_unique<RedactPattern>(known.source, known.check);
    pattern->anchored_ = false;
    return pattern;
  }
  return nullptr;
}

const std::vector<std::string>& RedactPattern::names() {
  static const std::vector<std::string> all = [] {
    std::vector<std::string> names;
    for (const Named& known : kNamed) names.emplace_back(known.name);
    return names;
  }();
  return all;
}

std::unique_ptr<RedactPattern> RedactPattern::compile(const std::string& source, Error& error) {
  auto pattern = std::make_unique<RedactPattern>(source, take_group);
  if (!pattern->regex_.ok()) {
    error = {pattern->regex_.error(), pattern->regex_.error_arg()};
    return nullptr;
  }
  if (RE2::PartialMatch("", pattern->regex_)) {
    error = {"the pattern matches the empty text, which is everywhere", {}};
    return nullptr;
  }
  if (const std::size_t byte = source.find("\\C"); byte != std::string::npos) {
    error = {"`\\C` would cut letters in two: use `.`", "\\C"};
    return nullptr;
  }
  return pattern;
}

void RedactPattern::find(std::string_view text, std::vector<Span>& found) const {
  const StringPiece piece(text.data(), text.size());
  std::array<StringPiece, 2> groups;
  const int count = regex_.NumberOfCapturingGroups() > 0 ? 2 : 1;
  std::size_t from = 0;
  while (from < text.size() && regex_.Match(piece, from, text.size(), RE2::UNANCHORED, groups.data(), count)) {
    const auto begin = static_cast<std::size_t>(groups[0].data() - text.data());
    const Span candidate{begin, begin + groups[0].size()};
    Span group;
    if (count == 2 && groups[1].data() != nullptr) {
      group.begin = static_cast<std::size_t>(groups[1].data() - text.data());
      group.end = group.begin + groups[1].size();
    }
    if (candidate.end > candidate.begin) check_(text, candidate, group, found);
    from = std::max(candidate.end, candidate.begin + 1);
  }
}

bool passes_luhn(std::string_view text) {
  unsigned sum = 0;
  bool doubled = false;
  for (std::size_t i = text.size(); i-- > 0;) {
    if (!is_digit(text[i])) continue;
    unsigned digit = static_cast<unsigned>(text[i] - '0');
    if (doubled) digit = digit < 5 ? digit * 2 : digit * 2 - 9;
    sum += digit;
    doubled = !doubled;
  }
  return sum % 10 == 0;
}

bool passes_iban(std::string_view text) {
  std::string compact;
  for (const char c : text) {
    if (is_alphanumeric(c)) compact += static_cast<char>(std::toupper(static_cast<unsigned char>(c)));
  }
  if (compact.size() < 5 || compact.size() != iban_length(std::string_view(compact).substr(0, 2))) return false;
  std::rotate(compact.begin(), compact.begin() + 4, compact.end());
  unsigned remainder = 0;
  for (const char c : compact) {
    const unsigned value = is_digit(c) ? static_cast<unsigned>(c - '0') : static_cast<unsigned>(c - 'A' + 10);
    remainder = (remainder * (value < 10 ? 10 : 100) + value) % 97;
  }
  return remainder == 1;
}

}  // namespace sluice::stages
