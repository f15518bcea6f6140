#include <gmock/gmock.h>

#include "flow/context.hpp"
#include "record/json.hpp"
#include "stages/write/rejects.hpp"
#include "tests/support/descriptors.hpp"

namespace sluice::stages {
namespace {

using ::testing::HasSubstr;

std::string lines_of(const std::vector<Rejection>& rejections) {
  record::Buffer out;
  write_rejections(out, rejections, "parse-2", {1'767'225'600, 250'000'000});
  return std::string(out.view());
}

TEST(Rejects, AreOneJsonLineEach) {
  EXPECT_EQ(lines_of({{"invalid_json", "no \"quote\"", "{\"a\": \t1"}, {"not_an_object", "", "[1]"}}),
            R"({"time":"2026-01-01T00:00:00.250Z","stage":"parse-2","reason":"invalid_json",)"
            R"("detail":"no \"quote\"","raw":"{\"a\": \t1"})"
            "\n"
            R"({"time":"2026-01-01T00:00:00.250Z","stage":"parse-2","reason":"not_an_object","detail":"","raw":"[1]"})"
            "\n");
}

TEST(Rejects, KeepBytesThatAreNotUtf8InBase64) {
  EXPECT_THAT(lines_of({{"invalid_utf8", "", "a\xff"}}), HasSubstr(R"(,"raw_base64":"Yf8="})"));
}

TEST(Rejects, AreValidJsonWhateverTheBytes) {
  for (int first = 0; first < 256; ++first) {
    const std::string raw{static_cast<char>(first), '"', '\0', '\\'};
    std::string line = lines_of({{"reason", raw, raw}});
    ASSERT_TRUE(line.ends_with("\n"));
    line.pop_back();
    EXPECT_TRUE(record::is_valid_json(line)) << line;
    EXPECT_EQ(line.find('\n'), std::string::npos);
  }
}

TEST(Rejects, AreAppendedToAFile) {
  const testing::TemporaryDirectory directory;
  const std::string path = directory.file("rejects", "before\n");
  RejectsWriter writer({config::Rejects::Target::file, path, {}});
  record::Batch batch;
  batch.output().append("{}\n{}\n");
  Written written;
  EXPECT_FALSE(writer.write(flow::background(), batch, written));
  EXPECT_FALSE(writer.finish(flow::background()));
  EXPECT_EQ(written.records, 2u);
  EXPECT_EQ(written.bytes, 6u);
  EXPECT_EQ(testing::content_of(path), "before\n{}\n{}\n");
}

TEST(Rejects, CanBeDropped) {
  RejectsWriter writer({config::Rejects::Target::drop, "", {}});
  record::Batch batch;
  batch.output().append("{}\n");
  Written written;
  EXPECT_FALSE(writer.write(flow::background(), batch, written));
  EXPECT_EQ(written.records, 1u);
  EXPECT_EQ(written.bytes, 0u);
}

TEST(Rejects, SayWhichFileCannotBeOpened) {
  RejectsWriter writer({config::Rejects::Target::file, "/no/such/directory/rejects", {}});
  EXPECT_THAT(writer.finish(flow::background()).message(), HasSubstr("/no/such/directory/rejects"));
}

}  // namespace
}  // namespace sluice::stages
