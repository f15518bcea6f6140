// Any bytes as a database of networks: opening and looking up must end, whatever it says.
#include <sanitizer/lsan_interface.h>
#include <sys/mman.h>
#include <unistd.h>

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>

#include "record/json_writer.hpp"
#include "stages/descriptor.hpp"
#include "stages/enrich/geo_database.hpp"

namespace {

// libmaxminddb 1.7.1 loses 5 kB in MMDB_open() when a database's metadata is damaged. That is no leak of ours, and all
// that is not looked for: what open() takes is given back in the destructor, as the unit tests show.
std::shared_ptr<const sluice::stages::GeoDatabase> open(const std::string& path, std::string& error) {
#if __has_feature(address_sanitizer)
  const __lsan::ScopedDisabler disabled;
#endif
  return sluice::stages::GeoDatabase::open(path, error);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using sluice::stages::GeoAddress;
  using sluice::stages::GeoDatabase;
  // libmaxminddb opens files only; this one never touches a disk.
  const sluice::stages::Descriptor file(::memfd_create("fuzz", MFD_CLOEXEC));
  if (::write(file.get(), data, size) != static_cast<ssize_t>(size)) return 0;
  std::string error;
  const auto database = open("/proc/self/fd/" + std::to_string(file.get()), error);
  if (database == nullptr) {
    if (error.empty()) __builtin_trap();
    return 0;
  }
  static const char* const kPath[] = {"country", "names", "en", nullptr};
  for (const char* const text : {"192.0.2.1", "192.0.2.200", "198.51.100.1", "2001:db8::1", "::", "255.255.255.255"}) {
    sluice::record::Arena arena;
    const GeoDatabase::Found found = database->find(*GeoAddress::parse(text));
    if (!found.found) continue;
    sluice::record::Buffer json;
    for (const auto& value : {database->entry(found.entry, arena), database->member(found.entry, kPath, arena)}) {
      if (!value.is_absent()) sluice::record::write_json(json, value, sluice::record::Utf8Trust::trusted);
    }
  }
  return 0;
}
