// A database of networks in MaxMind's format (maxmind.github.io/MaxMind-DB): City, ASN, or any other.
#pragma once

#include <maxminddb.h>
#include <netinet/in.h>
#include <sys/socket.h>

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "record/arena.hpp"
#include "record/value.hpp"

namespace sluice::stages {

// An IPv4 or IPv6 address for a look-up.
struct GeoAddress {
  sockaddr_storage storage{};

  const sockaddr* get() const { return reinterpret_cast<const sockaddr*>(&storage); }

  // Dotted decimal, or a form of RFC 4291 section 2.2; an IPv4 address mapped into IPv6 (::ffff:192.0.2.1) is the IPv4
  // address. Nothing for any other text.
  static std::optional<GeoAddress> parse(std::string_view text);
};

// Maps the file into memory; immutable, so many threads may use it. The file must be replaced by renaming a new one
// into its place, as geoipupdate does: to write into a file that is mapped is to pull the rug from under it.
class GeoDatabase {
 public:
  // Null, with an error message for people.
  static std::shared_ptr<const GeoDatabase> open(const std::string& path, std::string& error);
  GeoDatabase(const GeoDatabase&) = delete;
  GeoDatabase& operator=(const GeoDatabase&) = delete;
  ~GeoDatabase();

  // Where the data of the most specific network that holds the address is. Not found is no error.
  struct Found {
    bool found = false;
    bool broken = false;  // the database is damaged
    std::uint32_t entry = 0;
  };
  Found find(const GeoAddress& address) const;

  // The whole data of an entry, or what is at a path in it: names and places in lists, ending in a null pointer. Absent
  // if there is none or the database is damaged. Everything is copied into the arena, and strings are made valid UTF-8.
  record::Value entry(std::uint32_t entry, record::Arena& arena) const;
  record::Value member(std::uint32_t entry, const char* const* path, record::Arena& arena) const;

  // "GeoLite2-City"
  std::string_view type() const { return database_.metadata.database_type; }

 private:
  GeoDatabase() = default;
  MMDB_s database_{};
  bool open_ = false;
};

}  // namespace sluice::stages
