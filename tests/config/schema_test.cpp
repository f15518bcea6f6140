#include "config/schema.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "config/load.hpp"
#include "config/reference.hpp"
#include "tests/support/config_catalog.hpp"

namespace sluice::config {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;

TEST(Schema, IsReadableAsYamlAndNamesEveryOption) {
  const Catalog catalog = tests::sample_catalog();
  const std::string schema = json_schema(catalog);
  // JSON is YAML; our own reader must take it (it then complains about the keys only).
  const auto result = load(schema, "schema.json", catalog, {});
  EXPECT_THAT(result.diagnostics.render(), HasSubstr("unknown key `$schema`"));
  EXPECT_THAT(result.diagnostics.render(), Not(HasSubstr("not valid YAML")));
  for (const StageSpec& stage : catalog.stages()) {
    if (!stage.supported) continue;
    for (const Option& option : all_options(catalog, *catalog.find_kind(stage.kind), stage)) {
      EXPECT_THAT(schema, HasSubstr("\"" + option.name() + "\":")) << stage.kind;
    }
  }
}

TEST(Reference, ListsEveryOptionOfEveryStage) {
  const Catalog catalog = tests::sample_catalog();
  const std::string markdown = reference_markdown(catalog);
  for (const StageSpec& stage : catalog.stages()) {
    EXPECT_THAT(markdown, HasSubstr(stage.summary));
    for (const Option& option : stage.options) EXPECT_THAT(markdown, HasSubstr("| `" + option.name() + "` |"));
  }
  EXPECT_THAT(markdown, HasSubstr("| `batch.linger` | duration | `50ms` |"));
  EXPECT_THAT(markdown, HasSubstr("Not supported yet."));
  EXPECT_THAT(markdown, HasSubstr("json \\| raw"));
}

TEST(Reference, AnswersForKindsVariantsAndThePipeline) {
  const Catalog catalog = tests::sample_catalog();
  for (const std::string& name : reference_names(catalog)) EXPECT_TRUE(reference_text(catalog, name)) << name;
  EXPECT_THAT(*reference_text(catalog, "regex"), HasSubstr("pattern"));
  EXPECT_THAT(*reference_text(catalog, "parse json"), HasSubstr("{\"a\":1}"));
  EXPECT_THAT(*reference_text(catalog, "file"), HasSubstr("generate: file"));
  EXPECT_THAT(*reference_text(catalog, "file"), HasSubstr("write: file"));
  EXPECT_THAT(*reference_text(catalog, "filter"), HasSubstr("at least one of: where, sample, limit"));
  EXPECT_FALSE(reference_text(catalog, "jsn"));
  EXPECT_THAT(reference_text(catalog), HasSubstr("kafka"));
}

}  // namespace
}  // namespace sluice::config
