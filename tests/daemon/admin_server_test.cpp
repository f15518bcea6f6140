#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <httplib.h>
#include <spdlog/sinks/null_sink.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include <atomic>
#include <chrono>
#include <filesystem>
#include <fstream>
#include <string>

#include "daemon/admin/server.hpp"
#include "daemon/log.hpp"
#include "daemon/reject_samples.hpp"
#include "daemon/taps.hpp"
#include "flow/thread.hpp"

namespace sluice::daemon {
namespace {

using ::testing::HasSubstr;

class FakeRun final : public Observed {
 public:
  FakeRun() {
    taps_.stages_are({"generate-1", "parse-2"});
    StageFigures& stage = seen_.stages.emplace_back();
    stage.name = "parse-2", stage.kind = "parse", stage.variant = "json", stage.role = "transform";
    seen_.ledger.stages.push_back({"parse-2", "parse", {.in = 7, .out = 5, .rejected = 2}, {{"invalid_json", 2}}});
    seen_.rejects.target = "stderr";
  }
  Observation observe() const override { return seen_; }
  LedgerSnapshot ledger() const override { return seen_.ledger; }
  bool is_ready() const override { return ready; }
  std::string stuck() const override { return why_stuck; }
  Reloaded reload(const flow::Context&) override { return reloaded; }
  Taps& taps() override { return taps_; }
  RejectSamples& reject_samples() override { return samples_; }

  bool ready = true;
  std::string why_stuck;
  Reloaded reloaded;

 private:
  Observation seen_;
  Taps taps_;
  RejectSamples samples_;
};

class AdminServerTest : public ::testing::Test {
 protected:
  AdminServerTest() {
    std::string name = std::filesystem::temp_directory_path() / "sluice-admin-XXXXXX";
    directory_ = ::mkdtemp(name.data());
    admin_.kind = config::Admin::Kind::unix_socket;
    admin_.address = directory_ + "/admin.sock";
  }
  ~AdminServerTest() override {
    server_.reset();
    std::filesystem::remove_all(directory_);
  }

  flow::Error start() {
    flow::Error error;
    server_ = AdminServer::start(flow::background(), admin_, run_, *log_, error);
    return error;
  }
  httplib::Client client() const {
    httplib::Client client(admin_.address);
    client.set_address_family(AF_UNIX);
    return client;
  }
  void listen_on_tcp() {
    admin_.kind = config::Admin::Kind::tcp;
    admin_.address = "127.0.0.1";
  }
  httplib::Client tcp_client() const { return httplib::Client("http://" + server_->address()); }

  std::string directory_;
  config::Admin admin_;
  FakeRun run_;
  std::shared_ptr<spdlog::logger> log_ =
      make_log(spdlog::level::off, LogFormat::text, std::make_shared<spdlog::sinks::null_sink_mt>());
  std::unique_ptr<AdminServer> server_;
};

TEST_F(AdminServerTest, AnswersOnAUnixSocketOfMode0660AndRemovesIt) {
  ASSERT_FALSE(start());
  struct stat status {};
  ASSERT_EQ(::stat(admin_.address.c_str(), &status), 0);
  EXPECT_EQ(status.st_mode & 07777U, 0660U);
  auto http = client();
  const auto answer = http.Get("/healthz");
  ASSERT_TRUE(answer);
  EXPECT_EQ(answer->status, 200);
  EXPECT_EQ(answer->body, "ok\n");
  server_->stop();
  EXPECT_NE(::stat(admin_.address.c_str(), &status), 0);
}

TEST_F(AdminServerTest, ReplacesTheSocketOfADeadProcessAndLeavesThatOfALivingOne) {
  const int dead = ::socket(AF_UNIX, SOCK_STREAM, 0);
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  admin_.address.copy(address.sun_path, sizeof address.sun_path - 1);
  ASSERT_EQ(::bind(dead, reinterpret_cast<sockaddr*>(&address), sizeof address), 0);
  ::close(dead);
  ASSERT_FALSE(start());
  flow::Error error;
  EXPECT_EQ(AdminServer::start(flow::background(), admin_, run_, *log_, error), nullptr);
  EXPECT_THAT(error.message(), HasSubstr("another process answers"));
  auto http = client();
  EXPECT_TRUE(http.Get("/readyz"));
}

TEST_F(AdminServerTest, DoesNotTouchAFileThatIsNoSocket) {
  std::ofstream(admin_.address) << "precious";
  EXPECT_THAT(start().message(), HasSubstr("is no socket"));
  EXPECT_EQ(std::filesystem::file_size(admin_.address), 8U);
}

TEST_F(AdminServerTest, GivesLedgerPipelineAndMetrics) {
  ASSERT_FALSE(start());
  auto http = client();
  EXPECT_EQ(http.Get("/api/ledger")->body, to_json(run_.ledger()) + "\n");
  EXPECT_THAT(http.Get("/api/pipeline")->body, HasSubstr(R"("name": "parse-2", "kind": "parse", "variant": "json")"));
  const std::string metrics = http.Get("/metrics")->body;
  EXPECT_THAT(metrics, HasSubstr("sluice_records_total{stage=\"parse-2\",result=\"rejected\"} 2\n"));
  EXPECT_THAT(metrics, HasSubstr("sluice_errors_total{stage=\"parse-2\",reason=\"invalid_json\"} 2\n"));
}

TEST_F(AdminServerTest, TellsHealthReadinessAndHowAReloadEnded) {
  ASSERT_FALSE(start());
  auto http = client();
  run_.why_stuck = "write-3 has not written for 60 s";
  run_.ready = false;
  EXPECT_EQ(http.Get("/healthz")->status, 503);
  EXPECT_EQ(http.Get("/readyz")->body, "starting\n");
  run_.reloaded.error = "p.yaml:1:1: no";
  EXPECT_EQ(http.Post("/api/reload")->status, 422);
  run_.reloaded.ok = true;
  run_.reloaded.changes = {"parse-2: changed"};
  const auto answer = http.Post("/api/reload");
  EXPECT_EQ(answer->status, 200);
  EXPECT_EQ(answer->body, "{\"ok\": true, \"changes\": [\"parse-2: changed\"]}\n");
  EXPECT_EQ(http.Get("/api/reload")->status, 405);
}

TEST_F(AdminServerTest, AsksForTheTokenWhereOneIsConfigured) {
  listen_on_tcp();
  admin_.token = "secret-token";
  ASSERT_FALSE(start());
  auto http = tcp_client();
  EXPECT_EQ(http.Get("/api/ledger")->status, 401);
  EXPECT_EQ(http.Get("/api/ledger", {{"Authorization", "Bearer secret-tokem"}})->status, 401);
  EXPECT_EQ(http.Get("/api/ledger", {{"Authorization", "Bearer secret-token"}})->status, 200);
  EXPECT_EQ(http.Get("/healthz")->status, 200);
}

TEST_F(AdminServerTest, DoesNotAnswerPagesFromElsewhere) {
  listen_on_tcp();
  ASSERT_FALSE(start());
  auto http = tcp_client();
  EXPECT_EQ(http.Get("/api/ledger")->status, 200);
  EXPECT_EQ(http.Get("/api/ledger", {{"Host", "evil.example:80"}})->status, 403);
  EXPECT_EQ(http.Post("/api/reload", httplib::Headers{{"Origin", "http://evil.example"}})->status, 403);
}

TEST_F(AdminServerTest, RefusesTapsOfUnknownStagesAndWithBadExpressions) {
  ASSERT_FALSE(start());
  auto http = client();
  const auto unknown = http.Get("/api/tap/parse-3");
  EXPECT_EQ(unknown->status, 404);
  EXPECT_THAT(unknown->body, HasSubstr("did you mean `parse-2`?"));
  EXPECT_EQ(http.Get("/api/tap/parse-2?where=level+%3D%3D+%3D")->status, 400);
  EXPECT_EQ(http.Get("/api/tap/parse-2?limit=none")->status, 400);
}

record::Batch lines(std::initializer_list<const char*> texts) {
  record::Batch batch;
  for (const char* const text : texts) batch.records().emplace_back(text);
  return batch;
}

TEST_F(AdminServerTest, StreamsWhatPassesAndMatchesUpToTheLimit) {
  ASSERT_FALSE(start());
  auto http = client();
  std::string events;
  http.Get("/api/tap/parse-2?limit=2&where=message.startsWith('b')", [&](const char* data, std::size_t size) {
    if (events.empty()) run_.taps().point("parse-2").offer(lines({"a1", "b1", "a2", "b2", "b3"}));
    events.append(data, size);
    return true;
  });
  EXPECT_THAT(events, HasSubstr("event: record\ndata: {\"message\":\"b1\"}\n\n"
                                "event: record\ndata: {\"message\":\"b2\"}\n\nevent: stats\n"));
  EXPECT_THAT(events, HasSubstr("event: end\ndata: {\"why\": \"limit\"}\n\n"));
}

TEST_F(AdminServerTest, StopsAtOnceAlthoughClientsHoldTheirConnections) {
  ASSERT_FALSE(start());
  std::atomic<bool> connected{false};
  std::string events;
  flow::Thread viewer("viewer", [&] {
    auto http = client();
    http.Get("/api/tap/parse-2", [&](const char* data, std::size_t size) {
      events.append(data, size);
      connected = true;
      connected.notify_all();
      return true;
    });
  });
  auto idle = client();
  idle.set_keep_alive(true);
  ASSERT_TRUE(idle.Get("/healthz"));
  connected.wait(false);
  const auto before = std::chrono::steady_clock::now();
  server_->stop();
  EXPECT_LT(std::chrono::steady_clock::now() - before, std::chrono::seconds(3));
  viewer.join();
  EXPECT_THAT(events, HasSubstr("event: end\ndata: {\"why\": \"stopping\"}"));
}

}  // namespace
}  // namespace sluice::daemon
