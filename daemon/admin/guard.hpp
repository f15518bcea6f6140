// Who may ask the admin endpoint what.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "config/pipeline.hpp"

namespace sluice::daemon {

// What a request says of where it comes from; empty what it does not say.
struct RequestIdentity {
  std::string_view path;
  std::string_view host;           // `Host`
  std::string_view origin;         // `Origin`: browsers say which page asks
  std::string_view authorization;  // `Authorization`
};

struct Denied {
  int status = 0;
  std::string message;  // what to do
};

// Nothing if the request may be answered. A token, where one is configured, is asked of everything but the health
// checks and the page of the dashboard, which holds no data. Without one, TCP is loopback only, and a page from
// elsewhere must not get at it through the browser of somebody on this machine: neither by a name that is bound to
// 127.0.0.1 (`Host`), nor by sending requests across (`Origin`).
std::optional<Denied> deny(const config::Admin& admin, const RequestIdentity& request);

}  // namespace sluice::daemon
