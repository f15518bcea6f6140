// Any bytes as a configuration file: loading must end, and whatever it says must render.
#include <cstddef>
#include <cstdint>
#include <string_view>

#include "config/load.hpp"
#include "tests/support/config_catalog.hpp"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  static const sluice::config::Catalog catalog = sluice::tests::sample_catalog();
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  sluice::config::LoadOptions options;
  options.overrides = {"pipeline.queue=4", "stages.filter-3.where=true", "stages.0.paths=[a, b]"};
  const auto result = sluice::config::load(text, "fuzz.yaml", catalog, options);
  if (result.diagnostics.render().empty() != result.diagnostics.empty()) __builtin_trap();
  for (const auto& stage : result.config.stages) {
    if (stage.kind == "filter" && stage.valid && stage.settings.contains("where")) {
      const std::size_t length = stage.settings.string("where").size();
      for (std::size_t i = 0; i <= length && i < 64; ++i) (void)stage.settings.locate("where", i);
    }
  }
  return 0;
}
