#include "config/admin.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>
#include <string>

#include "config/load.hpp"
#include "tests/support/config_catalog.hpp"

namespace sluice::config {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;

LoadResult load_admin(const std::string& value) {
  LoadOptions options;
  options.environment = [](const std::string&) { return std::optional<std::string>("secret-of-env"); };
  return load("stages:\n  - generate: stdin\n  - write: stdout\nadmin: " + value + "\n", "t.yaml",
              tests::sample_catalog(), options);
}

TEST(Admin, TakesAPathOrAnAddressOfThisMachine) {
  const auto path = load_admin("/run/sluice/admin.sock");
  ASSERT_TRUE(path.ok());
  EXPECT_EQ(path.config.admin.kind, Admin::Kind::unix_socket);
  EXPECT_EQ(path.config.admin.address, "/run/sluice/admin.sock");
  for (const char* const text : {"127.0.0.1:9000", "localhost:9000", "'[::1]:9000'", "127.1.2.3:9000"}) {
    const auto result = load_admin(text);
    EXPECT_TRUE(result.ok()) << text;
    EXPECT_EQ(result.config.admin.kind, Admin::Kind::tcp) << text;
    EXPECT_EQ(result.config.admin.port, 9000) << text;
  }
}

TEST(Admin, TurnsDownWhatIsNoAddress) {
  for (const char* const text : {"admin", "9000", "127.0.0.1", "127.0.0.1:", "127.0.0.1:99999", "127.0.0.1:90x",
                                 "'::1:9000'", "host.example:9000", "'[127.0.0.1]:9000'"}) {
    EXPECT_FALSE(load_admin(text).ok()) << text;
  }
}

TEST(Admin, DemandsATokenBeyondThisMachine) {
  EXPECT_THAT(load_admin("0.0.0.0:9000").diagnostics.render(), HasSubstr("can be reached from other machines"));
  EXPECT_THAT(load_admin("{listen: '[::]:9000'}").diagnostics.render(), HasSubstr("token_file: PATH"));
  const auto result = load_admin("{listen: 0.0.0.0:9000, token: \"${TOKEN}\"}");
  ASSERT_TRUE(result.ok()) << result.diagnostics.render();
  EXPECT_EQ(result.config.admin.token, "secret-of-env");
}

TEST(Admin, ReadsTheTokenFromAFile) {
  const std::string path = std::filesystem::temp_directory_path() / ("sluice-token-" + std::to_string(::getpid()));
  std::ofstream(path) << "from-a-file\n";
  const auto result = load_admin("{listen: 127.0.0.1:0, token_file: " + path + "}");
  std::filesystem::remove(path);
  ASSERT_TRUE(result.ok()) << result.diagnostics.render();
  EXPECT_EQ(result.config.admin.token, "from-a-file");
  EXPECT_EQ(result.config.admin.token_file, path);
  EXPECT_THAT(load_admin("{listen: 127.0.0.1:0, token_file: /nonexistent/token}").diagnostics.render(),
              HasSubstr("the token cannot be read"));
}

TEST(Admin, ShowsNoTokenThatItTurnsDown) {
  const std::string shown = load_admin("{listen: 127.0.0.1:0, token: 'my secret'}").diagnostics.render();
  EXPECT_THAT(shown, HasSubstr("not plain ASCII without spaces"));
  EXPECT_THAT(shown, Not(HasSubstr("my secret")));
  EXPECT_THAT(load_admin("{listen: 127.0.0.1:0, token: ''}").diagnostics.render(), HasSubstr("the token is empty"));
  EXPECT_FALSE(load_admin("{listen: 127.0.0.1:0, token: a, token_file: b}").ok());
  EXPECT_FALSE(load_admin("{token: a}").ok());
}

TEST(Admin, WritesAnAddressAsItIsRead) {
  for (const char* const text : {"/run/a.sock", "127.0.0.1:9000", "[::1]:80"}) {
    EXPECT_EQ(to_string(parse_admin_address(text)), text);
  }
}

}  // namespace
}  // namespace sluice::config
