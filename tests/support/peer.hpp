// The other side of a socket writer.
#pragma once

#include <arpa/inet.h>
#include <gtest/gtest.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <cerrno>
#include <cstdint>
#include <cstring>
#include <string>
#include <vector>

#include "stages/descriptor.hpp"

namespace sluice::testing {

using stages::Descriptor;

// A socket of the other side: bound, and listening if it is one for streams.
class Peer {
 public:
  static Peer tcp(std::uint16_t port = 0) { return inet(SOCK_STREAM, port); }
  static Peer udp(std::uint16_t port = 0) { return inet(SOCK_DGRAM, port); }
  static Peer at(const std::string& path, int type) {
    ::unlink(path.c_str());
    Peer peer;
    peer.socket_.reset(::socket(AF_UNIX, type | SOCK_CLOEXEC, 0));
    sockaddr_un address{};
    address.sun_family = AF_UNIX;
    std::memcpy(address.sun_path, path.data(), path.size());
    peer.bind(reinterpret_cast<const sockaddr*>(&address), sizeof address, type);
    return peer;
  }

  std::uint16_t port() const {
    sockaddr_in address{};
    socklen_t size = sizeof address;
    EXPECT_EQ(::getsockname(socket_.get(), reinterpret_cast<sockaddr*>(&address), &size), 0);
    return ntohs(address.sin_port);
  }

  // Waits for a connection; its reads end after a while rather than hang the test.
  Descriptor accept() const {
    Descriptor connection(::accept4(socket_.get(), nullptr, nullptr, SOCK_CLOEXEC));
    EXPECT_TRUE(connection) << std::strerror(errno);
    limit(connection.get());
    return connection;
  }

  // The datagrams that have come, without waiting for more.
  std::vector<std::string> received() const {
    std::vector<std::string> all;
    std::string text(100'000, '\0');
    for (ssize_t count; (count = ::recv(socket_.get(), text.data(), text.size(), MSG_DONTWAIT)) >= 0;) {
      all.push_back(text.substr(0, static_cast<std::size_t>(count)));
    }
    return all;
  }

  std::string receive() const {
    std::string text(100'000, '\0');
    const ssize_t count = ::recv(socket_.get(), text.data(), text.size(), 0);
    if (count < 0) return "nothing came";
    text.resize(static_cast<std::size_t>(count));
    return text;
  }

 private:
  static Peer inet(int type, std::uint16_t port) {
    Peer peer;
    peer.socket_.reset(::socket(AF_INET, type | SOCK_CLOEXEC, 0));
    const int on = 1;
    EXPECT_EQ(::setsockopt(peer.socket_.get(), SOL_SOCKET, SO_REUSEADDR, &on, sizeof on), 0);
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_port = htons(port);
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    peer.bind(reinterpret_cast<const sockaddr*>(&address), sizeof address, type);
    return peer;
  }
  void bind(const sockaddr* address, socklen_t size, int type) {
    EXPECT_EQ(::bind(socket_.get(), address, size), 0) << std::strerror(errno);
    if (type == SOCK_STREAM && ::listen(socket_.get(), 8) != 0) ADD_FAILURE() << std::strerror(errno);
    limit(socket_.get());
  }
  static void limit(int fd) {
    const timeval time{20, 0};
    EXPECT_EQ(::setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &time, sizeof time), 0);
  }
  Descriptor socket_;
};

}  // namespace sluice::testing
