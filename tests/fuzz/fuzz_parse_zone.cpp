// Zone files of arbitrary bytes: the offsets they give can be asked for any time.
#include <string_view>

#include "record/time_zone.hpp"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const auto zone = sluice::record::TimeZone::parse({reinterpret_cast<const char*>(data), size});
  if (!zone) return 0;
  for (const std::int64_t time : {-62135596800LL, -1LL, 0LL, 1795515072LL, 253402300799LL}) {
    static_cast<void>(zone->offset_at(time));
    static_cast<void>(zone->to_utc(time));
  }
  return 0;
}
