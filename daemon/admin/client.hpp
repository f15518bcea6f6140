// Asking a running daemon: the other end of the admin endpoint.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <string_view>

#include "config/pipeline.hpp"
#include "flow/context.hpp"
#include "flow/error.hpp"

namespace sluice::daemon {

// What a command was told of where the daemon answers. The first that is given counts, and no other is tried, so that
// nobody reloads the wrong daemon.
struct AdminChoice {
  std::string address;     // --admin
  std::string file;        // whose `admin:` it is
  std::string token_file;  // --token-file; else $SLUICE_ADMIN_TOKEN, or what `file` says
};

// Where to ask: the choice, else $SLUICE_ADMIN, else /run/sluice/admin.sock.
struct AdminTarget {
  config::Admin admin;
  std::string origin;  // for messages: "--admin", "the default", ...
};
AdminTarget find_admin(const AdminChoice& choice, flow::Error& error);

struct AdminAnswer {
  int status = 0;
  std::string body;
};

// `text` as a part of a URL.
std::string percent_encoded(std::string_view text);

// One thread at a time. Every call ends when `context` is done.
class AdminClient {
 public:
  explicit AdminClient(AdminTarget target);
  AdminClient(const AdminClient&) = delete;
  AdminClient& operator=(const AdminClient&) = delete;
  ~AdminClient();

  // `path` is encoded already. An error, which says what to do, if nobody answers or the token is not taken; whatever
  // else the daemon says is an answer.
  flow::Error get(const flow::Context& context, const std::string& path, AdminAnswer& answer);
  // Waits as long as a reload may take.
  flow::Error post(const flow::Context& context, const std::string& path, AdminAnswer& answer);
  // The body in pieces, until it ends or `receive` returns false; with another status than 200 it goes to `answer`.
  flow::Error stream(const flow::Context& context, const std::string& path,
                     const std::function<bool(std::string_view)>& receive, AdminAnswer& answer);

 private:
  class Impl;
  std::unique_ptr<Impl> impl_;
};

// The message of an answer that is an error: {"error": ...}, or whatever the body says.
std::string error_of(const AdminAnswer& answer);

}  // namespace sluice::daemon
