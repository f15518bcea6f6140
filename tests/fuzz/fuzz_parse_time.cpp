// Times: the first line is a format, the others are texts. What is read lies within the years that can be written.
#include <cstdlib>
#include <string_view>

#include "stages/parse/time.hpp"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace sluice;
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  const std::size_t end = text.find('\n');
  static const auto zone = record::TimeZone::load("Europe/Berlin");
  const auto now = []() -> std::int64_t { return 1795515072; };
  auto compiled = stages::TimeFormat::compile(text.substr(0, end), {zone, {0, now}});
  const auto* format = std::get_if<stages::TimeFormat>(&compiled);
  if (format == nullptr || end == std::string_view::npos) return 0;
  const auto time = format->parse(text.substr(end + 1));
  if (time && (time->seconds < -62135596800 || time->seconds > 253402300799 || time->nanoseconds > 999999999))
    std::abort();
  return 0;
}
