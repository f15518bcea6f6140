#include <gtest/gtest.h>

#include <string>

#include "stages/enrich/user_agent_reader.hpp"
#include "tests/support/json_stage.hpp"

namespace sluice::stages {
namespace {

using test::JsonStage;

std::string read(std::string_view header) {
  const UserAgent agent = read_user_agent(header);
  std::string text;
  for (const std::string_view part : {agent.name, agent.version, agent.os, agent.os_version, agent.device}) {
    text += (text.empty() ? "" : "|") + std::string(part);
  }
  return text;
}

TEST(UserAgent, KnowsBrowsersOnDesktops) {
  EXPECT_EQ(read("Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) "
                 "Chrome/126.0.0.0 Safari/537.36"),
            "Chrome|126.0.0.0|Windows|10|desktop");
  EXPECT_EQ(read("Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) "
                 "Chrome/126.0.0.0 Safari/537.36 Edg/126.0.2592.87"),
            "Edge|126.0.2592.87|Windows|10|desktop");
  EXPECT_EQ(read("Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) AppleWebKit/605.1.15 (KHTML, like Gecko) "
                 "Version/17.5 Safari/605.1.15"),
            "Safari|17.5|macOS|10_15_7|desktop");
  EXPECT_EQ(read("Mozilla/5.0 (X11; Ubuntu; Linux x86_64; rv:127.0) Gecko/20100101 Firefox/127.0"),
            "Firefox|127.0|Ubuntu||desktop");
  EXPECT_EQ(read("Mozilla/5.0 (X11; CrOS x86_64 14541.0.0) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/126.0.0.0 "
                 "Safari/537.36"),
            "Chrome|126.0.0.0|ChromeOS||desktop");
  EXPECT_EQ(read("Mozilla/5.0 (Windows NT 6.1; WOW64; Trident/7.0; rv:11.0) like Gecko"),
            "Internet Explorer|11.0|Windows|7|desktop");
  EXPECT_EQ(read("Mozilla/4.0 (compatible; MSIE 8.0; Windows NT 5.1)"), "Internet Explorer|8.0|Windows|XP|desktop");
  EXPECT_EQ(read("Opera/9.80 (Windows NT 6.1; U; en) Presto/2.8.131 Version/11.11"), "Opera|11.11|Windows|7|desktop");
}

TEST(UserAgent, KnowsPhonesAndTablets) {
  EXPECT_EQ(read("Mozilla/5.0 (iPhone; CPU iPhone OS 17_5_1 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) "
                 "Version/17.5 Mobile/15E148 Safari/604.1"),
            "Safari|17.5|iOS|17_5_1|mobile");
  EXPECT_EQ(read("Mozilla/5.0 (iPad; CPU OS 16_6 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) "
                 "CriOS/126.0.6478.54 Mobile/15E148 Safari/604.1"),
            "Chrome|126.0.6478.54|iPadOS|16_6|tablet");
  EXPECT_EQ(read("Mozilla/5.0 (Linux; Android 14; SM-S918B) AppleWebKit/537.36 (KHTML, like Gecko) "
                 "SamsungBrowser/25.0 Chrome/121.0.0.0 Mobile Safari/537.36"),
            "Samsung Internet|25.0|Android|14|mobile");
  EXPECT_EQ(read("Mozilla/5.0 (Linux; Android 12; SM-T870) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/126.0.0.0 "
                 "Safari/537.36"),
            "Chrome|126.0.0.0|Android|12|tablet");
  EXPECT_EQ(read("Opera/9.80 (J2ME/MIDP; Opera Mini/7.1.32052/29.3709; U; en) Presto/2.8.119 Version/11.10"),
            "Opera Mini|7.1.32052/29.3709|||mobile");
  EXPECT_EQ(read("Mozilla/5.0 (Android 13; Mobile; rv:127.0) Gecko/127.0 Firefox/127.0"),
            "Firefox|127.0|Android|13|mobile");
}

TEST(UserAgent, KnowsOtherScreens) {
  EXPECT_EQ(read("Mozilla/5.0 (Web0S; Linux/SmartTV) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/94.0.4606.128 "
                 "Safari/537.36"),
            "Chrome|94.0.4606.128|webOS||tv");
  EXPECT_EQ(
      read("Mozilla/5.0 (PlayStation 5 3.11) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/14.0 Safari/605.1.15"),
      "Safari|14.0|PlayStation|5|console");
}

TEST(UserAgent, KnowsBots) {
  EXPECT_EQ(read("Mozilla/5.0 (compatible; Googlebot/2.1; +http://www.google.com/bot.html)"), "Googlebot|2.1|||bot");
  EXPECT_EQ(read("Mozilla/5.0 (Linux; Android 6.0.1; Nexus 5X Build/MMB29P) AppleWebKit/537.36 (KHTML, like Gecko) "
                 "Chrome/126.0.6478.61 Mobile Safari/537.36 (compatible; Googlebot/2.1; "
                 "+http://www.google.com/bot.html)"),
            "Googlebot|2.1|Android|6.0.1|bot");
  EXPECT_EQ(read("Mozilla/5.0 (compatible; Yahoo! Slurp; http://help.yahoo.com/help/us/ysearch/slurp)"),
            "Yahoo! Slurp||||bot");
  EXPECT_EQ(read("Mozilla/5.0 (compatible; AhrefsBot/7.0; +http://ahrefs.com/robot/)"), "AhrefsBot|7.0|||bot");
  EXPECT_EQ(read("facebookexternalhit/1.1 (+http://www.facebook.com/externalhit_uatext.php)"), "Facebook|1.1|||bot");
  EXPECT_EQ(
      read("Mozilla/5.0 AppleWebKit/537.36 (KHTML, like Gecko; compatible; GPTBot/1.1; +https://openai.com/gptbot)"),
      "GPTBot|1.1|||bot");
}

TEST(UserAgent, KnowsPrograms) {
  EXPECT_EQ(read("curl/8.5.0"), "curl|8.5.0|||tool");
  EXPECT_EQ(read("Wget/1.21.3 (linux-gnu)"), "Wget|1.21.3|Linux||tool");
  EXPECT_EQ(read("python-requests/2.31.0"), "python-requests|2.31.0|||tool");
  EXPECT_EQ(read("Go-http-client/1.1"), "Go|1.1|||tool");
  EXPECT_EQ(read("kube-probe/1.29"), "kube-probe|1.29|||tool");
}

TEST(UserAgent, TakesTheFirstProductOfWhatItDoesNotKnow) {
  EXPECT_EQ(read("acme-sync/3.2 (build 7)"), "acme-sync|3.2|||");
  EXPECT_EQ(read("Mozilla/5.0"), "");
  EXPECT_EQ(read(""), "");
  EXPECT_EQ(read("((((("), "");
  EXPECT_EQ(read(std::string(100'000, '(') + std::string(100'000, ';')), "");
}

TEST(EnrichUserAgent, AddsAMapOfWhatIsKnown) {
  JsonStage stage("enrich: {user_agent: {field: http.agent, into: client}}");
  EXPECT_EQ(stage.line(R"({"http":{"agent":"curl/8.5.0"}})"),
            R"({"http":{"agent":"curl/8.5.0"},"client":{"name":"curl","version":"8.5.0","device":"tool"}})");
}

TEST(EnrichUserAgent, LeavesARecordAsItIsWhenThereIsNothingToSay) {
  JsonStage stage("enrich: {user_agent: agent}");
  for (const char* const line :
       {R"({"agent": "-"})", R"({"agent": ""})", R"({"agent": 7})", R"({"n": 1})", R"({"agent": "Mozilla/5.0"})"}) {
    EXPECT_EQ(stage.line(line), line);
  }
}

TEST(EnrichUserAgent, SaysTheSameOfTheSameHeader) {
  JsonStage stage("enrich: {user_agent: agent, drop: agent}");
  std::vector<std::string> lines;
  for (int i = 0; i < 1000; ++i) lines.push_back(R"({"agent":"tool-)" + std::to_string(i % 300) + R"(/1.0"})");
  const auto outcome = stage.run(lines);
  for (std::size_t i = 0; i < lines.size(); ++i) {
    EXPECT_EQ(outcome.output[i], R"({"ua":{"name":"tool-)" + std::to_string(i % 300) + R"(","version":"1.0"}})");
  }
}

}  // namespace
}  // namespace sluice::stages
