// Reading User-Agent headers: who asks, on what system, on what kind of device.
#pragma once

#include <string_view>

namespace sluice::stages {

// What a header says; empty where it does not say. Views point into the header or to constants.
struct UserAgent {
  std::string_view name;        // "Chrome", "Googlebot", "curl"
  std::string_view version;     // as written: "126.0.0.0"
  std::string_view os;          // "Windows", "macOS", "iOS", "Android", "Linux", ...
  std::string_view os_version;  // "10", "10_15_7" as written, "14"
  std::string_view device;      // desktop, mobile, tablet, tv, console, bot, tool
};

// Takes a header apart by RFC 9110 section 10.1.5 (products and comments) and knows the names that matter by a table of
// our own. Never fails: of what it does not know it takes the first product. Linear in the header's length.
UserAgent read_user_agent(std::string_view header);

}  // namespace sluice::stages
