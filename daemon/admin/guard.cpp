#include "daemon/admin/guard.hpp"

#include <openssl/crypto.h>

#include <algorithm>
#include <array>
#include <cctype>

namespace sluice::daemon {
namespace {

constexpr std::array<std::string_view, 3> kOpenPaths{"/", "/healthz", "/readyz"};

bool same_ignoring_case(std::string_view left, std::string_view right) {
  return std::ranges::equal(left, right,
                            [](unsigned char a, unsigned char b) { return std::tolower(a) == std::tolower(b); });
}

// "[::1]:80" to "::1", "localhost:9090" to "localhost".
std::string_view without_port(std::string_view host) {
  if (host.starts_with('[')) return host.substr(1, std::min(host.find(']'), host.size()) - 1);
  return host.substr(0, host.find(':'));
}

bool is_own_name(const config::Admin& admin, std::string_view host) {
  const std::string_view name = without_port(host);
  return same_ignoring_case(name, "localhost") || name == "127.0.0.1" || name == "::1" || name == admin.address;
}

bool has_token(const config::Admin& admin, std::string_view authorization) {
  constexpr std::string_view kScheme = "Bearer ";
  if (!same_ignoring_case(authorization.substr(0, kScheme.size()), kScheme)) return false;
  const std::string_view given = authorization.substr(kScheme.size());
  return given.size() == admin.token.size() && CRYPTO_memcmp(given.data(), admin.token.data(), given.size()) == 0;
}

std::string_view authority(std::string_view origin) {
  const std::size_t scheme = origin.find("://");
  return scheme == std::string_view::npos ? origin : origin.substr(scheme + 3);
}

}  // namespace

std::optional<Denied> deny(const config::Admin& admin, const RequestIdentity& request) {
  const bool open_to_names = admin.kind != config::Admin::Kind::tcp || !admin.token.empty();
  if (!open_to_names && !is_own_name(admin, request.host)) {
    return Denied{403, "this endpoint answers to localhost, not to `" + std::string(request.host) +
                           "`; configure a token to use it by another name"};
  }
  if (!request.origin.empty() && !same_ignoring_case(authority(request.origin), request.host)) {
    return Denied{403, "a page of " + std::string(request.origin) + " may not use this endpoint"};
  }
  if (admin.token.empty() || std::ranges::find(kOpenPaths, request.path) != kOpenPaths.end()) return std::nullopt;
  if (has_token(admin, request.authorization)) return std::nullopt;
  return Denied{401, request.authorization.empty() ? "a token is needed: `Authorization: Bearer TOKEN`"
                                                   : "that is not the token of this endpoint"};
}

}  // namespace sluice::daemon
