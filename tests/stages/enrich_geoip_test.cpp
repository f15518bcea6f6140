#include <arpa/inet.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <filesystem>
#include <string>
#include <vector>

#include "record/json.hpp"
#include "record/json_writer.hpp"
#include "stages/enrich/geo_database.hpp"
#include "tests/support/descriptors.hpp"
#include "tests/support/json_stage.hpp"

namespace sluice::stages {
namespace {

using namespace std::chrono_literals;
using record::Field;
using record::Type;
using record::Value;
using test::errors;
using test::JsonStage;
using test::ManualClock;

const std::string kSample = std::string(SLUICE_SOURCE_DIR) + "/docs/samples/geo.mmdb";
const std::string kIpv4 = std::string(SLUICE_SOURCE_DIR) + "/tests/data/ipv4.mmdb";

std::string stage(const std::string& options, const std::string& database = kSample) {
  return "enrich: {geoip: {database: " + database + ", field: ip, " + options + "}}";
}

TEST(Geoip, AddsAllThatIsKnownOfANetwork) {
  JsonStage geoip(stage("into: geo"));
  EXPECT_EQ(geoip.line(R"({"ip":"192.0.2.200"})"),
            R"({"ip":"192.0.2.200","geo":{"country":{"iso_code":"AT","names":{"en":"Austria"}}}})");
  EXPECT_EQ(geoip.line(R"({"ip":"2001:db8:ffff::1"})"),
            R"({"ip":"2001:db8:ffff::1","geo":{"country":{"iso_code":"FR","names":{"en":"France"}}}})");
}

TEST(Geoip, ReadsEveryTypeOfValue) {
  JsonStage geoip(stage("fields: every"));
  EXPECT_EQ(
      geoip.line(R"({"ip":"198.51.100.1"})"),
      R"({"ip":"198.51.100.1","geo":{"every":{"bytes":"AP8=","double":-1.5,"float":0.1,"int32":-7,"uint16":65535,)"
      R"("uint32":4294967295,"uint64":18446744073709551615,"uint128":"0x80000000000000000000000000000001",)"
      R"("small128":5,"true":true,"false":false,"list":[1,"two",[3]],"empty":{},"broken":")"
      "a\xef\xbf\xbd"
      R"(b","zero":0}}})");
}

TEST(Geoip, TakesPathsWithTheirNestingOrByNames) {
  EXPECT_EQ(JsonStage(stage("fields: [country.iso_code, city.names.en, country.names.en, location.nothing]"))
                .line(R"({"ip":"192.0.2.1"})"),
            R"({"ip":"192.0.2.1","geo":{"country":{"iso_code":"DE","names":{"en":"Germany"}},)"
            R"("city":{"names":{"en":"Frankfurt am Main"}}}})");
  EXPECT_EQ(JsonStage(stage("into: where, fields: {region: subdivisions.0.iso_code, lat: location.latitude, all: "
                            "subdivisions.1.names}"))
                .line(R"({"ip":"192.0.2.1"})"),
            R"({"ip":"192.0.2.1","where":{"region":"HE","lat":50.1155,"all":{"en":"Second"}}})");
}

TEST(Geoip, LeavesARecordAsItIsWhenNothingIsKnown) {
  JsonStage geoip(stage("fields: city.names.en"));
  for (const char* const line : {R"({"ip": "127.0.0.1"})", R"({"ip": "2001:db8::1"})", R"({"n": 1})", R"({"ip": 7})"}) {
    EXPECT_EQ(geoip.line(line), line);
  }
  const auto outcome = geoip.run({R"({"ip": "300.1.1.1"})", R"({"ip": ""})", R"({"ip": "fe80::1%eth0"})"});
  EXPECT_EQ(errors(outcome.tally, "not_an_address"), 3u);
}

TEST(Geoip, TakesMappedAddressesForWhatTheyAre) {
  JsonStage v6(stage("fields: {c: country.iso_code}"));
  EXPECT_EQ(v6.line(R"({"ip":"::ffff:192.0.2.1"})"), R"({"ip":"::ffff:192.0.2.1","geo":{"c":"DE"}})");
  JsonStage v4(stage("into: as", kIpv4));
  EXPECT_EQ(v4.line(R"({"ip":"::ffff:192.0.2.1"})"), R"({"ip":"::ffff:192.0.2.1","as":{"asn":64500}})");
  EXPECT_EQ(v4.line(R"({"ip":"2001:db8::1"})"), R"({"ip":"2001:db8::1"})") << "it knows IPv4 only";
}

TEST(Geoip, ReadsANestedField) {
  EXPECT_EQ(JsonStage("enrich: {geoip: {database: " + kSample + ", field: client.ip, fields: {c: country.iso_code}}}")
                .line(R"({"client":{"ip":"203.0.113.5"}})"),
            R"({"client":{"ip":"203.0.113.5"},"geo":{"c":"NL"}})");
}

TEST(Geoip, RefusesWhatCannotWork) {
  const auto complaint = [](const std::string& yaml) { return test::StageUnderTest(yaml).complaints(); };
  EXPECT_NE(complaint(stage("into: g", "/no/such.mmdb")).find("No such file"), std::string::npos);
  EXPECT_NE(complaint(stage("into: g", "/tmp")).find("no regular file"), std::string::npos);
  EXPECT_NE(complaint(stage("into: g", std::string(SLUICE_SOURCE_DIR) + "/README.md")).find("MaxMind"),
            std::string::npos);
  EXPECT_NE(complaint(stage("fields: subdivisions.0.iso_code")).find("give it one: `fields: {subdivisions:"),
            std::string::npos);
  EXPECT_NE(complaint(stage("fields: [country, country.iso_code]")).find("parts of one another"), std::string::npos);
  EXPECT_NE(complaint(stage("fields: [country..iso_code]")).find("is no path"), std::string::npos);
}

TEST(Geoip, TakesANewDatabaseWhenThereIsOne) {
  const sluice::testing::TemporaryDirectory directory;
  const std::string path = directory.path("geo.mmdb");
  std::filesystem::copy_file(kSample, path);
  ManualClock time;
  JsonStage geoip(stage("reload: 1h", path), time.clock());
  EXPECT_NE(geoip.line(R"({"ip":"192.0.2.1"})").find("Frankfurt"), std::string::npos);
  std::filesystem::copy_file(kIpv4, directory.path("new"));
  std::filesystem::rename(directory.path("new"), path);
  time.advance(1h);
  EXPECT_EQ(geoip.line(R"({"ip":"192.0.2.1"})"), R"({"ip":"192.0.2.1","geo":{"asn":64500}})");
  directory.file("broken", "nonsense");
  std::filesystem::rename(directory.path("broken"), path);
  time.advance(1h);
  const auto outcome = geoip.run({R"({"ip":"192.0.2.1"})"});
  EXPECT_EQ(outcome.output[0], R"({"ip":"192.0.2.1","geo":{"asn":64500}})");
  EXPECT_EQ(errors(outcome.tally, "geoip_reload_failed"), 1u);
}

TEST(Geoip, ExplainsWhatItFound) {
  JsonStage geoip(stage("into: geo"));
  EXPECT_EQ(geoip.explain(R"({"ip":"192.0.2.1"})"), "geoip: `192.0.2.1` found in Sluice-Sample-City\n");
  EXPECT_EQ(geoip.explain(R"({"ip":"127.0.0.1"})"), "geoip: `127.0.0.1` is in no network of Sluice-Sample-City\n");
  EXPECT_EQ(geoip.explain(R"({"ip":"x"})"), "geoip: `ip` (`x`) is no address\n");
}

// ---- MaxMind's own test databases against the JSON that they were built from

using Octets = std::array<unsigned char, 16>;

struct Network {
  Octets first{};
  int length = 0;
  Value data;

  bool holds(const Octets& address) const {
    for (int bit = 0; bit < length; ++bit) {
      const int mask = 0x80 >> (bit % 8);
      const auto byte = static_cast<std::size_t>(bit / 8);
      if ((first[byte] & mask) != (address[byte] & mask)) return false;
    }
    return true;
  }
  Octets last() const {
    Octets octets = first;
    for (int bit = length; bit < 128; ++bit) {
      octets[static_cast<std::size_t>(bit / 8)] |= static_cast<unsigned char>(0x80 >> (bit % 8));
    }
    return octets;
  }
};

// IPv4 stands at ::/96.
Network network_of(std::string text, const Value& data) {
  Network network;
  network.data = data;
  const std::size_t slash = text.find('/');
  network.length = std::stoi(text.substr(slash + 1));
  text.resize(slash);
  if (text.find(':') != std::string::npos) {
    inet_pton(AF_INET6, text.c_str(), network.first.data());
  } else {
    inet_pton(AF_INET, text.c_str(), network.first.data() + 12);
    network.length += 96;
  }
  return network;
}

std::string address_text(const Octets& octets) {
  const bool is_v4 = std::all_of(octets.begin(), octets.begin() + 12, [](unsigned char o) { return o == 0; });
  std::array<char, INET6_ADDRSTRLEN> text{};
  inet_ntop(is_v4 ? AF_INET : AF_INET6, is_v4 ? octets.data() + 12 : octets.data(), text.data(), text.size());
  return text.data();
}

// A text that is the same for the same data: keys sorted, numbers alike whatever their type.
std::string canonical(const Value& value, record::Arena& arena) {
  const Value decoded = record::resolve(value, arena);
  switch (decoded.type()) {
    case Type::map: {
      std::vector<std::string> members;
      for (const Field& field : decoded.fields()) {
        members.push_back(std::string(field.name.text()) + "=" + canonical(field.value, arena));
      }
      std::ranges::sort(members);
      std::string text = "{";
      for (const std::string& member : members) text += member + ";";
      return text + "}";
    }
    case Type::list: {
      std::string text = "[";
      for (const Value& item : decoded.items()) text += canonical(item, arena) + ";";
      return text + "]";
    }
    case Type::int64:
      return std::to_string(static_cast<double>(decoded.as_int64()));
    case Type::uint64:
      return std::to_string(static_cast<double>(decoded.as_uint64()));
    case Type::float64:
      return std::to_string(decoded.as_float64());
    default: {
      record::Buffer text;
      record::write_json(text, decoded);
      return std::string(text.view());
    }
  }
}

void compare(const std::string& name) {
  const std::string folder = std::string(SLUICE_SHARED_DIR) + "/data/geoip/";
  const std::string source = sluice::testing::content_of(folder + name + ".json");
  if (source.empty()) GTEST_SKIP() << "no shared data in " << folder;
  std::string error;
  const auto database = GeoDatabase::open(folder + name + ".mmdb", error);
  ASSERT_NE(database, nullptr) << error;
  record::Arena arena;
  std::vector<Network> networks;
  const Value all =
      record::resolve(Value::json(std::string_view(source).substr(0, source.find_last_of(']') + 1)), arena);
  for (const Value& item : all.items()) {
    const Value object = record::resolve(item, arena);
    const Field& field = object.fields().front();
    networks.push_back(network_of(std::string(field.name.text()), field.value));
  }
  ASSERT_GT(networks.size(), 200u);
  for (const Network& network : networks) {
    for (const Octets& octets : {network.first, network.last()}) {
      // Networks lie inside of networks: the smallest that holds the address counts, of equal ones the last.
      const Network* smallest = &network;
      for (const Network& other : networks) {
        if (other.length >= smallest->length && other.holds(octets)) smallest = &other;
      }
      const std::string text = address_text(octets);
      const auto address = GeoAddress::parse(text);
      ASSERT_TRUE(address) << text;
      const GeoDatabase::Found found = database->find(*address);
      ASSERT_TRUE(found.found) << text;
      EXPECT_EQ(canonical(database->entry(found.entry, arena), arena), canonical(smallest->data, arena)) << text;
    }
  }
}

TEST(GeoipForeign, AgreesWithTheSourceOfTheCityDatabase) { compare("GeoIP2-City-Test"); }
TEST(GeoipForeign, AgreesWithTheSourceOfTheAsnDatabase) { compare("GeoLite2-ASN-Test"); }

// Networks that lead to others: IPv4 mapped into IPv6, and 6to4 (RFC 3056).
TEST(GeoipForeign, FollowsAliasedNetworks) {
  const std::string path = std::string(SLUICE_SHARED_DIR) + "/data/geoip/GeoLite2-ASN-Test.mmdb";
  std::string error;
  const auto database = GeoDatabase::open(path, error);
  if (database == nullptr) GTEST_SKIP() << path << ": " << error;
  record::Arena arena;
  const auto look = [&](const char* text) {
    const GeoDatabase::Found found = database->find(*GeoAddress::parse(text));
    return found.found ? canonical(database->entry(found.entry, arena), arena) : "none";
  };
  EXPECT_NE(look("1.128.0.0"), "none");
  EXPECT_EQ(look("::ffff:1.128.0.0"), look("1.128.0.0"));
  EXPECT_EQ(look("2002:180::"), look("1.128.0.0"));
}

}  // namespace
}  // namespace sluice::stages
