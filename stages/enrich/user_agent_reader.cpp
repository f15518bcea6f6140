#include "stages/enrich/user_agent_reader.hpp"

#include <algorithm>
#include <array>
#include <cstddef>
#include <span>

namespace sluice::stages {
namespace {

char lower(char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c | 0x20) : c; }
bool is_digit(char c) { return c >= '0' && c <= '9'; }

// Whether `text` begins with `start`, in any case.
bool begins(std::string_view text, std::string_view start) {
  return text.size() >= start.size() &&
         std::equal(start.begin(), start.end(), text.begin(), [](char a, char b) { return lower(a) == lower(b); });
}
bool equal(std::string_view text, std::string_view other) { return text.size() == other.size() && begins(text, other); }
bool holds(std::string_view text, std::string_view lower_part) {
  return std::search(text.begin(), text.end(), lower_part.begin(), lower_part.end(),
                     [](char a, char b) { return lower(a) == b; }) != text.end();
}

std::string_view trimmed(std::string_view text) {
  while (!text.empty() && (text.front() == ' ' || text.front() == '\t' || text.front() == '+')) text.remove_prefix(1);
  while (!text.empty() && (text.back() == ' ' || text.back() == '\t')) text.remove_suffix(1);
  return text;
}

// "Name/1.2" or a piece of a comment.
struct Part {
  std::string_view name;  // the whole piece without its version
  std::string_view version;
  bool in_comment = false;
};

// The products and the pieces of the comments, in order. More than a browser ever sends are not looked at.
class Parts {
 public:
  explicit Parts(std::string_view header) {
    std::size_t at = 0;
    while (at < header.size() && count_ < parts_.size()) {
      if (header[at] == '(') {
        at = comment(header, at + 1);
      } else if (header[at] == ' ' || header[at] == ')' || header[at] == ';' || header[at] == ',') {
        ++at;
      } else {
        const std::size_t end = std::min(header.find_first_of(" (;,", at), header.size());
        add(header.substr(at, end - at), false);
        at = end;
      }
    }
  }

  std::span<const Part> all() const { return {parts_.data(), count_}; }

 private:
  // From behind the opening parenthesis to behind the closing one; comments nest.
  std::size_t comment(std::string_view header, std::size_t at) {
    std::size_t depth = 1;
    std::size_t begin = at;
    for (; at < header.size() && depth > 0; ++at) {
      const char c = header[at];
      if (c == '(') ++depth;
      if (c == ')') --depth;
      if (c == ';' || c == ',' || c == '(' || c == ')') {
        add(header.substr(begin, at - begin), true);
        begin = at + 1;
      }
    }
    if (depth > 0) add(header.substr(begin), true);
    return at;
  }

  void add(std::string_view piece, bool in_comment) {
    piece = trimmed(piece);
    if (piece.empty() || count_ == parts_.size()) return;
    const std::size_t slash = piece.find('/');
    const bool versioned = slash != std::string_view::npos && slash > 0 && piece.find("://") == std::string_view::npos;
    Part part{versioned ? piece.substr(0, slash) : piece, versioned ? piece.substr(slash + 1) : std::string_view(),
              in_comment};
    if (part.version.find(' ') != std::string_view::npos) part.version = part.version.substr(0, part.version.find(' '));
    parts_[count_++] = part;
  }

  std::array<Part, 48> parts_;
  std::size_t count_ = 0;
};

enum class Kind { browser, tool, bot, version_elsewhere };

struct Product {
  std::string_view token;  // as in the header, in any case
  std::string_view name;   // as we say it
  Kind kind = Kind::browser;
};

// The first of these that the header has says who it is: what is built on something stands before what it is built on.
constexpr std::array kProducts = {
    // bots whose names do not say so
    Product{"facebookexternalhit", "Facebook", Kind::bot},
    Product{"meta-externalagent", "Meta", Kind::bot},
    Product{"Mediapartners-Google", "Google AdSense", Kind::bot},
    Product{"AdsBot-Google", "AdsBot-Google", Kind::bot},
    Product{"Google-InspectionTool", "Google-InspectionTool", Kind::bot},
    Product{"GoogleOther", "GoogleOther", Kind::bot},
    Product{"Google-Read-Aloud", "Google-Read-Aloud", Kind::bot},
    Product{"BingPreview", "BingPreview", Kind::bot},
    Product{"ia_archiver", "Internet Archive", Kind::bot},
    Product{"ChatGPT-User", "ChatGPT", Kind::bot},
    Product{"Claude-User", "Claude", Kind::bot},
    Product{"Perplexity-User", "Perplexity", Kind::bot},
    Product{"Feedly", "Feedly", Kind::bot},
    Product{"FeedFetcher-Google", "FeedFetcher-Google", Kind::bot},
    Product{"WhatsApp", "WhatsApp", Kind::bot},
    Product{"SkypeUriPreview", "Skype", Kind::bot},
    Product{"Iframely", "Iframely", Kind::bot},
    Product{"HeadlessChrome", "Headless Chrome", Kind::bot},
    Product{"PhantomJS", "PhantomJS", Kind::bot},
    Product{"Chrome-Lighthouse", "Lighthouse", Kind::bot},
    // watchers
    Product{"kube-probe", "kube-probe", Kind::tool},
    Product{"Prometheus", "Prometheus", Kind::tool},
    Product{"Blackbox", "Blackbox Exporter", Kind::tool},
    Product{"GoogleHC", "Google health check", Kind::tool},
    Product{"ELB-HealthChecker", "AWS health check", Kind::tool},
    Product{"Amazon-Route53-Health-Check-Service", "Route 53 health check", Kind::tool},
    Product{"check_http", "check_http", Kind::tool},
    Product{"Zabbix", "Zabbix", Kind::tool},
    Product{"Datadog", "Datadog", Kind::tool},
    Product{"StatusCake", "StatusCake", Kind::bot},
    Product{"Site24x7", "Site24x7", Kind::bot},
    // programs and libraries
    Product{"curl", "curl", Kind::tool},
    Product{"Wget", "Wget", Kind::tool},
    Product{"HTTPie", "HTTPie", Kind::tool},
    Product{"python-requests", "python-requests", Kind::tool},
    Product{"python-urllib3", "urllib3", Kind::tool},
    Product{"Python-urllib", "urllib", Kind::tool},
    Product{"python-httpx", "httpx", Kind::tool},
    Product{"aiohttp", "aiohttp", Kind::tool},
    Product{"Scrapy", "Scrapy", Kind::bot},
    Product{"Go-http-client", "Go", Kind::tool},
    Product{"okhttp", "OkHttp", Kind::tool},
    Product{"Apache-HttpClient", "Apache HttpClient", Kind::tool},
    Product{"Java", "Java", Kind::tool},
    Product{"Java-http-client", "Java", Kind::tool},
    Product{"ReactorNetty", "Reactor Netty", Kind::tool},
    Product{"axios", "axios", Kind::tool},
    Product{"node-fetch", "node-fetch", Kind::tool},
    Product{"undici", "undici", Kind::tool},
    Product{"got", "got", Kind::tool},
    Product{"Deno", "Deno", Kind::tool},
    Product{"Bun", "Bun", Kind::tool},
    Product{"PostmanRuntime", "Postman", Kind::tool},
    Product{"insomnia", "Insomnia", Kind::tool},
    Product{"libwww-perl", "libwww-perl", Kind::tool},
    Product{"Ruby", "Ruby", Kind::tool},
    Product{"Faraday", "Faraday", Kind::tool},
    Product{"GuzzleHttp", "Guzzle", Kind::tool},
    Product{"PHP", "PHP", Kind::tool},
    Product{"Dalvik", "Android", Kind::tool},
    Product{"CFNetwork", "CFNetwork", Kind::tool},
    Product{"git", "git", Kind::tool},
    Product{"docker", "Docker", Kind::tool},
    Product{"containerd", "containerd", Kind::tool},
    Product{"kubectl", "kubectl", Kind::tool},
    Product{"APT-HTTP", "APT", Kind::tool},
    Product{"aws-cli", "AWS CLI", Kind::tool},
    Product{"aws-sdk-java", "AWS SDK", Kind::tool},
    Product{"aws-sdk-go", "AWS SDK", Kind::tool},
    Product{"Boto3", "Boto3", Kind::tool},
    Product{"ApacheBench", "ApacheBench", Kind::tool},
    Product{"hey", "hey", Kind::tool},
    Product{"k6", "k6", Kind::tool},
    Product{"JMeter", "JMeter", Kind::tool},
    Product{"zgrab", "ZGrab", Kind::bot},
    Product{"masscan", "masscan", Kind::bot},
    Product{"Nikto", "Nikto", Kind::bot},
    Product{"sqlmap", "sqlmap", Kind::bot},
    Product{"Nmap Scripting Engine", "Nmap", Kind::bot},
    // browsers inside of apps
    Product{"FBAV", "Facebook"},
    Product{"Instagram", "Instagram"},
    Product{"Snapchat", "Snapchat"},
    Product{"MicroMessenger", "WeChat"},
    Product{"Line", "Line"},
    Product{"GSA", "Google App"},
    Product{"Electron", "Electron"},
    // browsers built on Chromium, WebKit or Gecko
    Product{"Edg", "Edge"},
    Product{"EdgA", "Edge"},
    Product{"EdgiOS", "Edge"},
    Product{"Edge", "Edge"},
    Product{"OPR", "Opera"},
    Product{"OPiOS", "Opera"},
    Product{"OPT", "Opera"},
    Product{"OPX", "Opera GX"},
    Product{"Opera Mini", "Opera Mini"},
    Product{"Opera", "Opera", Kind::version_elsewhere},
    Product{"Vivaldi", "Vivaldi"},
    Product{"YaBrowser", "Yandex Browser"},
    Product{"SamsungBrowser", "Samsung Internet"},
    Product{"UCBrowser", "UC Browser"},
    Product{"MiuiBrowser", "Mi Browser"},
    Product{"HuaweiBrowser", "Huawei Browser"},
    Product{"VivoBrowser", "Vivo Browser"},
    Product{"HeyTapBrowser", "HeyTap Browser"},
    Product{"QQBrowser", "QQ Browser"},
    Product{"MQQBrowser", "QQ Browser"},
    Product{"Whale", "Whale"},
    Product{"DuckDuckGo", "DuckDuckGo"},
    Product{"Ddg", "DuckDuckGo"},
    Product{"Brave", "Brave"},
    Product{"Silk", "Silk"},
    Product{"Puffin", "Puffin"},
    Product{"Coc_Coc_browser", "Coc Coc"},
    Product{"Epiphany", "GNOME Web"},
    Product{"Falkon", "Falkon"},
    Product{"Focus", "Firefox Focus"},
    Product{"Klar", "Firefox Focus"},
    Product{"FxiOS", "Firefox"},
    Product{"SeaMonkey", "SeaMonkey"},
    Product{"PaleMoon", "Pale Moon"},
    Product{"Waterfox", "Waterfox"},
    Product{"LibreWolf", "LibreWolf"},
    Product{"Thunderbird", "Thunderbird"},
    Product{"Firefox", "Firefox"},
    Product{"CriOS", "Chrome"},
    Product{"Chromium", "Chromium"},
    Product{"Chrome", "Chrome"},
    Product{"Konqueror", "Konqueror"},
    Product{"Lynx", "Lynx"},
    Product{"Links", "Links"},
    Product{"w3m", "w3m"},
    Product{"Dillo", "Dillo"},
    Product{"Safari", "Safari", Kind::version_elsewhere},
};

const Part* find(std::span<const Part> parts, std::string_view name) {
  const auto found = std::ranges::find_if(parts, [&](const Part& part) { return equal(part.name, name); });
  return found == parts.end() ? nullptr : &*found;
}

// A crawler's name says so: Googlebot, AhrefsBot, Baiduspider, Yahoo! Slurp.
bool sounds_like_a_bot(const Part& part) {
  if (part.name.size() > 60 || part.name.find("://") != std::string_view::npos) return false;
  if (part.name.find('@') != std::string_view::npos || begins(part.name, "cubot")) return false;
  return std::ranges::any_of(
      std::array<std::string_view, 7>{"bot", "spider", "crawl", "slurp", "fetcher", "scanner", "archiver"},
      [&](std::string_view word) { return holds(part.name, word); });
}

void take(UserAgent& agent, std::string_view name, std::string_view version, std::string_view device) {
  agent.name = name;
  agent.version = version;
  agent.device = device;
}

void take_name(UserAgent& agent, std::span<const Part> parts) {
  for (const Part& part : parts) {
    if (!sounds_like_a_bot(part)) continue;
    const auto known = std::ranges::find_if(kProducts, [&](const Product& p) { return equal(part.name, p.token); });
    return take(agent, known == kProducts.end() ? part.name : known->name, part.version, "bot");
  }
  for (const Product& product : kProducts) {
    const Part* part = find(parts, product.token);
    if (part == nullptr) continue;
    // Safari and the old Opera have the version of the browser in a product of its own.
    const Part* elsewhere = product.kind == Kind::version_elsewhere ? find(parts, "Version") : nullptr;
    const std::string_view device = product.kind == Kind::bot ? "bot" : product.kind == Kind::tool ? "tool" : "";
    return take(agent, product.name, elsewhere != nullptr ? elsewhere->version : part->version, device);
  }
  for (const Part& part : parts) {
    // Internet Explorer until 10 says "MSIE 9.0", 11 says "rv:11.0" beside Trident.
    if (part.in_comment && begins(part.name, "MSIE ")) return take(agent, "Internet Explorer", part.name.substr(5), "");
    if (part.in_comment && begins(part.name, "rv:") && find(parts, "Trident") != nullptr) {
      return take(agent, "Internet Explorer", part.name.substr(3), "");
    }
  }
  if (find(parts, "Version") != nullptr && find(parts, "Mobile") != nullptr) {
    return take(agent, "Android Browser", find(parts, "Version")->version, "");
  }
  // iOS apps show a web view without a name of their own.
  if (find(parts, "AppleWebKit") != nullptr) return take(agent, "WebKit", find(parts, "AppleWebKit")->version, "");
  if (!parts.empty() && !parts.front().in_comment && !equal(parts.front().name, "Mozilla")) {
    take(agent, parts.front().name, parts.front().version, "");
  }
}

// The digits, dots and underscores that follow `from`.
std::string_view number_at(std::string_view text, std::size_t from) {
  std::size_t begin = from;
  while (begin < text.size() && text[begin] == ' ') ++begin;
  std::size_t end = begin;
  while (end < text.size() && (is_digit(text[end]) || text[end] == '.' || text[end] == '_')) ++end;
  return text.substr(begin, end - begin);
}

std::string_view windows_version(std::string_view number) {
  constexpr std::array<std::array<std::string_view, 2>, 8> kNames{{{"10.0", "10"},
                                                                   {"6.3", "8.1"},
                                                                   {"6.2", "8"},
                                                                   {"6.1", "7"},
                                                                   {"6.0", "Vista"},
                                                                   {"5.2", "XP"},
                                                                   {"5.1", "XP"},
                                                                   {"5.0", "2000"}}};
  for (const auto& [known, name] : kNames) {
    if (known == number) return name;
  }
  return number;
}

struct System {
  std::string_view start;  // of a piece of a comment
  std::string_view name;
};
// In the order in which they win: an Android says Linux as well.
constexpr std::array kSystems = {
    System{"Windows Phone OS", "Windows Phone"},
    System{"Windows Phone", "Windows Phone"},
    System{"Windows NT", "Windows"},
    System{"Windows 98", "Windows"},
    System{"Windows", "Windows"},
    System{"CPU iPhone OS", "iOS"},
    System{"CPU OS", "iPadOS"},
    System{"iPhone", "iOS"},
    System{"iPad", "iPadOS"},
    System{"HarmonyOS", "HarmonyOS"},
    System{"KAIOS", "KaiOS"},
    System{"Tizen", "Tizen"},
    System{"Web0S", "webOS"},
    System{"webOS", "webOS"},
    System{"Android", "Android"},
    System{"CrOS", "ChromeOS"},
    System{"Intel Mac OS X", "macOS"},
    System{"PPC Mac OS X", "macOS"},
    System{"Macintosh", "macOS"},
    System{"PlayStation", "PlayStation"},
    System{"Nintendo", "Nintendo"},
    System{"BB10", "BlackBerry"},
    System{"BlackBerry", "BlackBerry"},
    System{"Ubuntu", "Ubuntu"},
    System{"Fedora", "Fedora"},
    System{"Debian", "Debian"},
    System{"FreeBSD", "FreeBSD"},
    System{"OpenBSD", "OpenBSD"},
    System{"NetBSD", "NetBSD"},
    System{"SunOS", "Solaris"},
    System{"Linux", "Linux"},
    System{"X11", "Linux"},
    System{"Darwin", "Darwin"},
};

void take_system(UserAgent& agent, std::span<const Part> parts) {
  for (const System& system : kSystems) {
    const auto part = std::ranges::find_if(parts, [&](const Part& p) { return begins(p.name, system.start); });
    if (part == parts.end()) continue;
    agent.os = system.name;
    agent.os_version = part->version.empty() ? number_at(part->name, system.start.size()) : part->version;
    if (system.name == "Windows") agent.os_version = windows_version(agent.os_version);
    if (system.start == "CrOS" || system.start == "Linux" || system.start == "X11") agent.os_version = {};
    return;
  }
}

bool any_holds(std::span<const Part> parts, std::initializer_list<std::string_view> words) {
  return std::ranges::any_of(parts, [&](const Part& part) {
    return std::ranges::any_of(words, [&](std::string_view word) { return holds(part.name, word); });
  });
}

void take_device(UserAgent& agent, std::span<const Part> parts) {
  if (!agent.device.empty()) return;
  const bool says_mobile = find(parts, "Mobile") != nullptr;
  const std::string_view os = agent.os;
  if (any_holds(parts, {"smart-tv", "smarttv", "appletv", "apple tv", "googletv", "android tv", "bravia", "crkey",
                        "roku", "hbbtv", "aftt", "afts", "netcast", "viera"}) ||
      os == "webOS" || (os == "Tizen" && !says_mobile)) {
    agent.device = "tv";
  } else if (any_holds(parts, {"playstation", "xbox", "nintendo"})) {
    agent.device = "console";
  } else if (any_holds(parts, {"ipad", "tablet", "kindle"}) || (os == "Android" && !says_mobile)) {
    const bool phone =
        any_holds(parts, {"iphone"}) || (says_mobile && os == "Android" && !any_holds(parts, {"tablet"}));
    agent.device = phone ? "mobile" : "tablet";
  } else if (says_mobile || os == "iOS" || os == "Android" || os == "Windows Phone" || os == "KaiOS" ||
             os == "BlackBerry" || any_holds(parts, {"opera mini", "iphone", "ipod"})) {
    agent.device = "mobile";
  } else if (os == "Windows" || os == "macOS" || os == "Linux" || os == "ChromeOS" || os == "Ubuntu" ||
             os == "Fedora" || os == "Debian" || os.ends_with("BSD") || os == "Solaris") {
    agent.device = "desktop";
  }
}

}  // namespace

UserAgent read_user_agent(std::string_view header) {
  UserAgent agent;
  const Parts parts(header);
  take_name(agent, parts.all());
  take_system(agent, parts.all());
  take_device(agent, parts.all());
  return agent;
}

}  // namespace sluice::stages
