// The admin endpoint: HTTP on a unix socket or TCP, for people, scripts and Prometheus.
#pragma once

#include <spdlog/logger.h>

#include <memory>
#include <string>

#include "config/pipeline.hpp"
#include "daemon/observation.hpp"
#include "flow/context.hpp"
#include "flow/error.hpp"

namespace sluice::daemon {

// Runs from start() to stop(), on threads of its own: one that accepts, and one for each connection, of which there are
// at most kMostConnections.
class AdminServer {
  class Impl;

 public:
  static constexpr std::size_t kMostConnections = 40;  // taps, and some more

  // `admin` is not off. Null, with the error, if it cannot listen there. `observed` and `log` must outlive stop().
  // Call it after signals were blocked (flow::SignalWatcher), which its threads inherit.
  static std::unique_ptr<AdminServer> start(const flow::Context& context, const config::Admin& admin,
                                            Observed& observed, spdlog::logger& log, flow::Error& error);
  AdminServer(const AdminServer&) = delete;
  AdminServer& operator=(const AdminServer&) = delete;
  ~AdminServer();  // as stop()

  // Where it listens, as a client would write it.
  const std::string& address() const;
  // Ends taps (they are told) and every connection, and joins all threads: within half a second, whatever clients do,
  // once no call of Observed is under way.
  void stop();

  explicit AdminServer(std::unique_ptr<Impl> impl);  // for start()

 private:
  std::unique_ptr<Impl> impl_;
};

}  // namespace sluice::daemon
