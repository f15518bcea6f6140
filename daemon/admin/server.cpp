#include "daemon/admin/server.hpp"

#include <poll.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <unistd.h>

#include <array>
#include <atomic>
#include <cerrno>
#include <chrono>
#include <condition_variable>
#include <cstdint>
#include <exception>
#include <functional>
#include <list>
#include <memory>
#include <mutex>
#include <string_view>
#include <utility>

#include "daemon/admin/connection.hpp"
#include "daemon/admin/listener.hpp"
#include "daemon/admin/routes.hpp"
#include "daemon/taps.hpp"
#include "flow/thread.hpp"

namespace sluice::daemon {
namespace {

constexpr int kMostRequests = 1000;                  // of one connection
constexpr std::chrono::milliseconds kFarewell{300};  // for answers under way when the server stops
constexpr std::chrono::milliseconds kRetry{100};     // after accept() has failed

constexpr std::string_view kBusy = "HTTP/1.1 503 Service Unavailable\r\nConnection: close\r\nContent-Length: 0\r\n\r\n";

// The library's parser and writer of HTTP, for connections that are ours.
class Http final : public httplib::Server {
 public:
  // While `fd` is set, streams go on.
  void open(int fd) { svr_sock_ = fd; }
  void close() { svr_sock_ = INVALID_SOCKET; }
  bool serve(httplib::Stream& stream, bool last, bool& closed, const std::function<void(httplib::Request&)>& setup) {
    return process_request(stream, last, closed, setup);
  }
};

}  // namespace

class AdminServer::Impl {
 public:
  Impl(const flow::Context& context, const config::Admin& admin, Observed& observed, spdlog::logger& log,
       Listener listener)
      : admin_(admin),
        observed_(observed),
        log_(log),
        listener_(std::move(listener)),
        stop_(::eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK)) {
    flow::Cancellable requests = flow::with_cancel(context);
    end_requests_ = std::move(requests.handle);
    http_.set_keep_alive_max_count(kMostRequests);
    http_.set_keep_alive_timeout(Connection::kIdle.count());
    http_.set_payload_max_length(Connection::kMostBytes);
    http_.set_pre_routing_handler(
        [this, until = requests.context](const httplib::Request& request, httplib::Response& response) {
          answer(until, admin_, observed_, request, response);
          return httplib::Server::HandlerResponse::Handled;
        });
    http_.open(listener_.fd());
    acceptor_ = flow::Thread("admin", [this] { accept(); });
  }

  ~Impl() { stop(); }

  const std::string& address() const { return listener_.address(); }

  void stop() {
    if (!acceptor_.joinable()) return;
    stopping_ = true;
    const std::uint64_t one = 1;
    if (::write(stop_.get(), &one, sizeof one) < 0) log_.warn("admin: cannot wake its threads");
    acceptor_.join();
    listener_.close();
    end_requests_.cancel();
    observed_.taps().stop();
    say_farewell();
    http_.close();
    for (const auto& client : clients_) client->connection.shut();
    clients_.clear();  // joins
  }

 private:
  struct Client {
    Client(stages::Descriptor socket, int stop) : connection(std::move(socket), stop) {}
    Connection connection;
    flow::Thread thread;  // last: it uses the connection
  };

  // Waits for the threads to end by themselves: answers that are nearly done, the ends of taps.
  void say_farewell() {
    std::unique_lock lock(mutex_);
    ended_.wait_for(lock, kFarewell, [this] { return serving_ == 0; });
  }

  void accept() {
    std::array<pollfd, 2> watched{pollfd{listener_.fd(), POLLIN, 0}, pollfd{stop_.get(), POLLIN, 0}};
    while (!stopping_) {
      if (::poll(watched.data(), watched.size(), -1) < 0 && errno != EINTR) return;
      if (watched[1].revents != 0) return;
      stages::Descriptor socket(::accept4(listener_.fd(), nullptr, nullptr, SOCK_CLOEXEC | SOCK_NONBLOCK));
      std::erase_if(clients_, [](const auto& client) { return client->thread.finished(); });
      if (!socket) {
        // No descriptors left, for one: what waits goes on waiting, and this thread must not spin meanwhile.
        if (errno != EAGAIN && errno != EINTR && errno != ECONNABORTED) ::poll(&watched[1], 1, kRetry.count());
        continue;
      }
      welcome(std::move(socket));
    }
  }

  void welcome(stages::Descriptor socket) {
    if (clients_.size() >= kMostConnections) {
      static_cast<void>(::send(socket.get(), kBusy.data(), kBusy.size(), MSG_DONTWAIT | MSG_NOSIGNAL));
      return;
    }
    try {
      Client& client = *clients_.emplace_back(std::make_unique<Client>(std::move(socket), stop_.get()));
      client.thread = flow::Thread("admin-client", [this, &client] {
        count_serving(1);
        serve(client.connection);
        count_serving(-1);
      });
    } catch (const std::exception& exception) {
      if (!clients_.empty() && !clients_.back()->thread.joinable()) clients_.pop_back();
      log_.warn("admin: a connection was turned down: {}", exception.what());
    }
  }

  void count_serving(int change) {
    const std::lock_guard lock(mutex_);
    serving_ += change;
    if (serving_ == 0) ended_.notify_all();
  }

  void serve(Connection& connection) noexcept {
    try {
      for (int left = kMostRequests; left > 0 && connection.await_request(); --left) {
        bool closed = false;
        bool last = left == 1 || stopping_;
        const auto setup = [&](httplib::Request& request) {
          request.ranges.clear();  // many small ranges of a page would make a large answer
          // Bodies are not read, so nothing can follow them.
          if (request.method != "GET" && request.method != "HEAD") last = true;
        };
        if (!http_.serve(connection, last, closed, setup) || closed || last) break;
      }
    } catch (const std::exception& exception) {
      log_.debug("admin: a connection ended: {}", exception.what());
    }
    connection.shut();
  }

  const config::Admin admin_;
  Observed& observed_;
  spdlog::logger& log_;
  Listener listener_;
  const stages::Descriptor stop_;
  flow::CancelHandle end_requests_;
  Http http_;
  std::atomic<bool> stopping_{false};
  std::mutex mutex_;
  std::condition_variable ended_;
  int serving_ = 0;                             // connections; guarded by mutex_
  std::list<std::unique_ptr<Client>> clients_;  // of the acceptor; of stop() once that has ended
  flow::Thread acceptor_;
};

AdminServer::AdminServer(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
AdminServer::~AdminServer() = default;

const std::string& AdminServer::address() const { return impl_->address(); }
void AdminServer::stop() { impl_->stop(); }

std::unique_ptr<AdminServer> AdminServer::start(const flow::Context& context, const config::Admin& admin,
                                                Observed& observed, spdlog::logger& log, flow::Error& error) {
  Listener listener = Listener::open(admin, error);
  if (error) return nullptr;
  try {
    auto impl = std::make_unique<Impl>(context, admin, observed, log, std::move(listener));
    return std::make_unique<AdminServer>(std::move(impl));
  } catch (const std::exception&) {
    error = flow::error_from_current_exception();
    return nullptr;
  }
}

}  // namespace sluice::daemon
