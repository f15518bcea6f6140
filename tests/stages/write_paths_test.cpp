// write: file with paths made of records, rotation and compression.
#include <gmock/gmock.h>

#include <algorithm>
#include <array>
#include <csignal>
#include <cstdio>
#include <filesystem>
#include <map>

#include "flow/context.hpp"
#include "stages/write/encode_csv.hpp"
#include "stages/write/encode_json.hpp"
#include "stages/write/file.hpp"
#include "tests/support/descriptors.hpp"
#include "tests/support/records.hpp"

namespace sluice::stages {
namespace {

namespace fs = std::filesystem;
using testing::content_of;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using testing::TemporaryDirectory;
using testing::unpacked;

constexpr record::Timestamp kNow{1'764'000'000, 250'000'000};  // 2025-11-24T16:00:00.25Z

// Paths for JSON records.
class Paths {
 public:
  explicit Paths(const std::string& text) { make(text); }

  std::string operator()(const std::string& json) {
    record::Batch batch;
    testing::add_json(batch, json, fields_);
    PathTemplate::Namer namer(*path_, batch.arena(), kNow);
    return std::string(namer.name(batch.records().front()));
  }
  PathTemplate& path() { return *path_; }
  record::FieldTable& fields() { return fields_; }

 private:
  void make(const std::string& text) {
    std::optional<TemplateError> error;
    path_ = PathTemplate::parse(text, fields_, error);
    EXPECT_FALSE(error) << error->message;
  }
  record::FieldTable fields_;
  std::optional<PathTemplate> path_;
};

TEST(PathTemplate, ShowsTheTimeOfTheRecordOrElseOfWriting) {
  Paths paths("/log/%Y/%m-%d/%H.log");
  EXPECT_EQ(paths(R"({"time":"2024-02-29T23:59:59+02:00"})"), "/log/2024/02-29/21.log");
  EXPECT_EQ(paths(R"({"ts":"1999-12-31 23:59:59Z"})"), "/log/1999/12-31/23.log");
  EXPECT_EQ(paths(R"({"timestamp":"2024-02-29T00:00:00Z","time":"soon"})"), "/log/2024/02-29/00.log");
  EXPECT_EQ(paths(R"({"time":1700000000})"), "/log/2025/11-24/16.log");
  EXPECT_EQ(paths("{}"), "/log/2025/11-24/16.log");
}

TEST(PathTemplate, ReadsTheTimeFromTheFieldGivenInTheZoneGiven) {
  Paths paths("%F %H%z");
  paths.path().read_time_from(FieldPath("meta.at", paths.fields()));
  paths.path().show_time_in(record::TimeZone::load("+05:30"));
  EXPECT_EQ(paths(R"({"meta":{"at":1700000000},"time":"2024-02-29T00:00:00Z"})"), "2023-11-15 03+0530");
}

TEST(PathTemplate, LetsNoValueLeaveItsPlace) {
  Paths paths("/log/{a}/{b.c}.log");
  EXPECT_EQ(paths(R"({"a":"../../etc","b":{"c":"x/../y"}})"), "/log/etc/x..y.log");
  EXPECT_EQ(paths(R"({"a":"..","b":{"c":"."}})"), "/log/_/_.log");
  EXPECT_EQ(paths(R"({"a":null,"b":{"c":""}})"), "/log/_/_.log");
  EXPECT_EQ(paths(R"({"a":"/","b":7})"), "/log/_/_.log");
  EXPECT_EQ(paths(R"({"a":"\u0000.\u0000.x\u001b","b":{"c":true}})"), "/log/x_/true.log");
  EXPECT_EQ(paths(R"({"a":1.50,"b":{"c":"ä ö"}})"), "/log/1.50/ä ö.log");
}

TEST(PathTemplate, MakesNoNameThatIsTooLong) {
  Paths paths("/log/{a}-{a}-{a}/x");
  const std::string path = paths(R"({"a":")" + std::string(5000, 'x') + R"("})");
  EXPECT_EQ(path, "/log/" + std::string(100, 'x') + "-" + std::string(99, 'x') + "/x");
}

TEST(PathTemplate, TakesDoubledSignsForThemselves) {
  Paths paths("/log/100%%-{{x}}-%%Y");
  EXPECT_TRUE(paths.path().is_plain());
  EXPECT_EQ(paths.path().plain(), "/log/100%-{x}-%Y");
  EXPECT_EQ(Paths("100%%-%Y")("{}"), "100%-2025");
}

TEST(PathTemplate, PointsAtMistakes) {
  const auto mistake = [](std::string_view text) {
    record::FieldTable fields;
    std::optional<TemplateError> error;
    EXPECT_FALSE(PathTemplate::parse(text, fields, error));
    return error ? error->offset : std::string::npos;
  };
  EXPECT_EQ(mistake("/log/%Q"), 5u);
  EXPECT_EQ(mistake("/{{{a}%D"), 6u);
  EXPECT_EQ(mistake("/log/%"), 5u);
  EXPECT_EQ(mistake("/log/{a"), 5u);
  EXPECT_EQ(mistake("/log/{}"), 5u);
}

TEST(PathTemplate, KnowsTheDirectoryThatAllFilesAreIn) {
  EXPECT_EQ(Paths("/var/log/app-%Y.log").path().fixed_directory(), "/var/log");
  EXPECT_EQ(Paths("/var/log/{a}/x.log").path().fixed_directory(), "/var/log");
  EXPECT_EQ(Paths("%Y.log").path().fixed_directory(), ".");
  EXPECT_EQ(Paths("{a}.log").path().fixed_directory(), ".");
}

class WritePaths : public ::testing::Test {
 protected:
  void SetUp() override {
    std::signal(SIGPIPE, SIG_IGN);
    std::signal(SIGXFSZ, SIG_IGN);
  }

  std::unique_ptr<FileWriter> writer(const std::string& path, FileWriter::Options options = {},
                                     std::unique_ptr<Encoder> encoder = std::make_unique<JsonEncoder>()) {
    std::optional<TemplateError> error;
    std::optional<PathTemplate> paths = PathTemplate::parse(directory_.path(path), fields_, error);
    EXPECT_FALSE(error);
    if (paths->is_plain()) options.path = paths->plain();
    if (!options.clock) options.clock = [this] { return now_; };
    auto made = std::make_unique<FileWriter>(std::move(options), std::move(encoder), std::move(paths));
    made->report_to([this](std::string_view reason, const std::string&) { reports_.emplace_back(reason); });
    return made;
  }

  // Lets the writer write a batch of these records; all must succeed.
  void write(FileWriter& to, const std::vector<std::string>& records) {
    record::Batch batch;
    for (const std::string& record : records) testing::add_json(batch, record, fields_);
    Tally tally;
    Written written;
    const flow::Error encode_error = to.encode(flow::background(), batch, tally);
    ASSERT_FALSE(encode_error) << encode_error.message();
    const flow::Error error = to.write(flow::background(), batch, written);
    ASSERT_FALSE(error) << error.message();
    EXPECT_EQ(written.records, records.size());
    EXPECT_EQ(written.bytes, batch.output().size());
  }

  // What all files hold, by name.
  std::map<std::string, std::string> files() const {
    std::map<std::string, std::string> found;
    for (const auto& entry : fs::recursive_directory_iterator(directory_.path(""))) {
      if (!entry.is_regular_file()) continue;
      found[fs::relative(entry.path(), directory_.path("")).string()] = content_of(entry.path().string());
    }
    return found;
  }

  const TemporaryDirectory directory_;
  record::FieldTable fields_;
  record::Timestamp now_ = kNow;
  std::vector<std::string> reports_;
};

TEST_F(WritePaths, PutsEachRecordIntoItsFileInOrder) {
  const auto to = writer("{s}/%d.log", {.create_directories = true});
  ASSERT_FALSE(to->start(flow::background()));
  write(*to, {R"({"s":"a","n":1})", R"({"s":"b","n":2})", R"({"s":"a","n":3})", R"({"n":4})"});
  write(*to, {R"({"s":"b","n":5,"time":"2025-01-01T00:00:00Z"})", R"({"s":"a","n":6})"});
  ASSERT_FALSE(to->finish(flow::background()));
  const std::map<std::string, std::string> want = {
      {"a/24.log", "{\"s\":\"a\",\"n\":1}\n{\"s\":\"a\",\"n\":3}\n{\"s\":\"a\",\"n\":6}\n"},
      {"b/24.log", "{\"s\":\"b\",\"n\":2}\n"},
      {"b/01.log", "{\"s\":\"b\",\"n\":5,\"time\":\"2025-01-01T00:00:00Z\"}\n"},
      {"_/24.log", "{\"n\":4}\n"}};
  EXPECT_EQ(files(), want);
}

TEST_F(WritePaths, KeepsNoMoreFilesOpenThanAllowed) {
  const auto open_files = [] {
    return std::distance(fs::directory_iterator("/proc/self/fd"), fs::directory_iterator());
  };
  const auto to = writer("{s}", {.max_open = 2});
  const auto before = open_files();
  for (int round = 0; round < 3; ++round) {
    write(*to, {R"({"s":"a"})", R"({"s":"b"})", R"({"s":"c"})", R"({"s":"d"})"});
    EXPECT_LE(open_files(), before + 2);
  }
  ASSERT_FALSE(to->finish(flow::background()));
  EXPECT_EQ(open_files(), before);
  for (const auto& [name, content] : files()) EXPECT_EQ(std::ranges::count(content, '\n'), 3) << name;
  EXPECT_EQ(files().size(), 4u);
}

TEST_F(WritePaths, SaysAtTheStartThatTheDirectoryIsMissing) {
  EXPECT_THAT(writer("no/{s}")->start(flow::background()).message(), HasSubstr("there is no directory"));
  EXPECT_THAT(writer("no/plain")->start(flow::background()).message(), HasSubstr("create_directories"));
  EXPECT_FALSE(writer("no/{s}", {.create_directories = true})->start(flow::background()));
}

TEST_F(WritePaths, CountsWhatWasWrittenBeforeAFileCouldNotBeOpened) {
  fs::create_directory(directory_.path("b"));
  const auto to = writer("{s}");
  record::Batch batch;
  for (const char* record : {R"({"s":"a"})", R"({"s":"b"})", R"({"s":"a"})", R"({"s":"c"})"}) {
    testing::add_json(batch, record, fields_);
  }
  Tally tally;
  Written written;
  ASSERT_FALSE(to->encode(flow::background(), batch, tally));
  EXPECT_EQ(to->write(flow::background(), batch, written).code(), std::errc::is_a_directory);
  EXPECT_EQ(written.records, 2u);
  EXPECT_EQ(content_of(directory_.path("a")), "{\"s\":\"a\"}\n{\"s\":\"a\"}\n");
}

TEST_F(WritePaths, NoFileIsLargerThanAllowedAndNoRecordIsLost) {
  const auto to = writer("out", {.rotate = {.size = 25}});
  std::string all;
  for (int batch = 0; batch < 3; ++batch) {
    std::vector<std::string> records;
    for (int i = 0; i < 5; ++i) records.push_back(R"({"n":)" + std::to_string(10 * batch + i) + "}");
    write(*to, records);
    for (const std::string& record : records) all += record + "\n";
  }
  write(*to, {R"({"long":"xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx"})"});
  all += "{\"long\":\"xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx\"}\n";
  ASSERT_FALSE(to->finish(flow::background()));
  std::string got;
  std::string last;
  for (const auto& [name, content] : files()) {  // "out" comes before "out.2025..."
    if (name == "out") {
      last = content;
      continue;
    }
    EXPECT_LE(content.size(), 25u);
    EXPECT_TRUE(content.ends_with("}\n"));
    got += content;
  }
  EXPECT_EQ(got + last, all);
  EXPECT_GT(files().size(), 4u);
}

TEST_F(WritePaths, BeginsANewFileWhenItsTimeHasPassed) {
  {
    const auto to = writer("out.gz.log", {.rotate = {.every = std::chrono::hours(1)}});
    write(*to, {R"({"n":1})"});
    now_.seconds += 1800;
    write(*to, {R"({"n":2})"});
    now_.seconds += 1800;
    write(*to, {R"({"n":3})"});
    ASSERT_FALSE(to->finish(flow::background()));
  }
  const std::map<std::string, std::string> want = {{"out.gz.log", "{\"n\":3}\n"},
                                                   {"out.gz.log.20251124T170000.250Z", "{\"n\":1}\n{\"n\":2}\n"}};
  EXPECT_EQ(files(), want);
}

TEST_F(WritePaths, RotatesWhatAnEarlierRunLeft) {
  const std::string path = directory_.file("out", "old\n");
  fs::last_write_time(path, fs::file_time_type::clock::now() - std::chrono::hours(48));
  const auto to = writer("out", {.rotate = {.every = std::chrono::hours(24)}, .clock = [] {
                                   return record::Timestamp{current_second(), 0};
                                 }});
  write(*to, {R"({"n":1})"});
  EXPECT_EQ(content_of(path), "{\"n\":1}\n");
  EXPECT_EQ(files().size(), 2u);
}

TEST_F(WritePaths, KeepsAsManyOldFilesAsToldAndLeavesOthersAlone) {
  directory_.file("out.20200101", "mine");
  directory_.file("out.20200101T000000.000Z", "oldest");
  directory_.file("outer.20200101T000000.000Z", "mine");
  const auto to = writer("out", {.rotate = {.size = 8, .keep = 2}});
  for (int i = 0; i < 5; ++i) {
    ++now_.seconds;
    write(*to, {R"({"n":)" + std::to_string(i) + "}"});
  }
  ASSERT_FALSE(to->finish(flow::background()));
  std::vector<std::string> names;
  for (const auto& [name, content] : files()) names.push_back(name);
  EXPECT_THAT(names, ElementsAre("out", "out.20200101", "out.20251124T160004.250Z", "out.20251124T160005.250Z",
                                 "outer.20200101T000000.000Z"));
}

TEST_F(WritePaths, WritesTheHeaderToEachFile) {
  const auto to = writer("{s}", {.rotate = {.size = 8}},
                         std::make_unique<CsvEncoder>(std::vector<std::string>{"n"}, true, fields_));
  write(*to, {R"({"s":"a","n":1})", R"({"s":"a","n":2})", R"({"s":"a","n":3})", R"({"s":"a","n":4})"});
  ASSERT_FALSE(to->finish(flow::background()));
  for (const auto& [name, content] : files()) EXPECT_TRUE(content.starts_with("n\n") && content.size() > 2) << name;
  EXPECT_EQ(files().size(), 2u);
}

TEST_F(WritePaths, WritesCompressedFilesThatOthersRead) {
  for (const auto& [compression, name, program] :
       {std::tuple(Compression::gzip, "{s}.gz", "gzip -dc"), std::tuple(Compression::zstd, "{s}.zst", "zstd -qdc")}) {
    if (std::system((std::string("command -v ") + std::string(program, 4) + " > /dev/null").c_str()) != 0) continue;
    for (int run = 0; run < 2; ++run) {  // the second appends
      const auto to = writer(name, {.compression = compression});
      write(*to, {R"({"s":"a","n":1})", R"({"s":"b","n":2})", R"({"s":"a","n":3})"});
      write(*to, {R"({"s":"a","n":4})"});
      const std::string path = directory_.path("a" + std::string(name).substr(3));
      const std::string once = "{\"s\":\"a\",\"n\":1}\n{\"s\":\"a\",\"n\":3}\n{\"s\":\"a\",\"n\":4}\n";
      EXPECT_EQ(unpacked(program, path), run == 0 ? once : once + once);  // before it is closed
      ASSERT_FALSE(to->finish(flow::background()));
    }
  }
  EXPECT_TRUE(reports_.empty());
}

TEST_F(WritePaths, PutsTheTimeOfRotationBeforeTheEndingOfCompressedFiles) {
  const auto to = writer("out.ndjson.gz", {.compression = Compression::gzip, .rotate = {.size = 60}});
  write(*to, {R"({"n":1})"});
  write(*to, {R"({"n":2})"});
  ASSERT_FALSE(to->finish(flow::background()));
  EXPECT_EQ(unpacked("gzip -dc", directory_.path("out.ndjson.20251124T160000.250Z.gz")), "{\"n\":1}\n");
  EXPECT_EQ(unpacked("gzip -dc", directory_.path("out.ndjson.gz")), "{\"n\":2}\n");
}

TEST_F(WritePaths, CutsBackACompressedFileThatEndsInTheMiddle) {
  for (const Compression compression : {Compression::gzip, Compression::zstd}) {
    const std::string path = directory_.path("out");
    fs::remove(path);
    std::uint64_t whole = 0;
    {
      const auto to = writer("out", {.compression = compression});
      write(*to, {R"({"n":1})"});
      whole = fs::file_size(path);
      write(*to, {R"({"n":2})"});
    }
    const std::uint64_t size = fs::file_size(path);
    for (std::uint64_t cut = size - 1; cut > whole; --cut) {
      fs::resize_file(path, cut);
      const Descriptor file(::open(path.c_str(), O_RDONLY));
      EXPECT_EQ(whole_compressed(file.get(), cut, compression), whole);
    }
    const auto to = writer("out", {.compression = compression});
    write(*to, {R"({"n":3})"});
    const std::string program = compression == Compression::gzip ? "gzip -dc" : "zstd -qdc";
    if (compression == Compression::zstd && std::system("command -v zstd > /dev/null") != 0) continue;
    EXPECT_EQ(unpacked(program, path), "{\"n\":1}\n{\"n\":3}\n");
  }
  EXPECT_THAT(reports_, ElementsAre("cut_off", "cut_off"));
}

TEST_F(WritePaths, LeavesAloneWhatIsNotOurs) {
  const std::string path = directory_.file("text", "this is no compressed file at all\n");
  const Descriptor file(::open(path.c_str(), O_RDONLY));
  EXPECT_EQ(whole_compressed(file.get(), 34, Compression::gzip), 34u);
  EXPECT_EQ(whole_compressed(file.get(), 34, Compression::zstd), 34u);
}

}  // namespace
}  // namespace sluice::stages
