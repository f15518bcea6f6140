// What every fuzz target of a parser does: lines go through the whole stage, and what comes out is valid.
#pragma once

#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <memory>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "config/load.hpp"
#include "record/batch.hpp"
#include "record/json.hpp"
#include "record/json_writer.hpp"
#include "stages/registry.hpp"

namespace sluice::test {

// A stage that is fed with arbitrary lines. Aborts when a record is lost, or written as something that is not JSON.
class ParseFuzzer {
 public:
  explicit ParseFuzzer(const char* yaml) {
    const std::vector<stages::Definition> definitions = stages::definitions();
    config::StageResult loaded = config::load_stage(yaml, stages::catalog(definitions));
    stages::Workshop workshop{.fields = fields_, .diagnostics = diagnostics_};
    for (const stages::Definition& definition : definitions) {
      if (definition.spec.kind != loaded.stage.kind || definition.spec.variant != loaded.stage.variant) continue;
      stages::AnyStage made = definition.make(loaded.stage.settings, workshop);
      stage_ = std::move(std::get<std::unique_ptr<stages::Processor>>(made));
    }
    if (!stage_) std::abort();
  }

  void run(const std::uint8_t* data, std::size_t size) {
    record::Batch batch;
    batch.slab().append({reinterpret_cast<const char*>(data), size});
    std::string_view rest = batch.slab().view();
    while (!rest.empty()) {
      const std::size_t end = rest.find('\n');
      batch.records().emplace_back(rest.substr(0, end));
      rest.remove_prefix(end == std::string_view::npos ? rest.size() : end + 1);
    }
    const std::size_t received = batch.size();
    stages::Tally tally;
    if (stage_->process(flow::background(), batch, tally)) std::abort();
    if (batch.size() + tally.filtered + tally.rejections.size() != received) std::abort();
    const auto trust = batch.is_utf8() ? record::Utf8Trust::trusted : record::Utf8Trust::check;
    for (const record::Record& record : batch.records()) {
      record::Buffer out;
      record::write_json(out, record, trust);
      if (!record::is_valid_json(out.view())) std::abort();
    }
  }

 private:
  record::FieldTable fields_;
  config::Diagnostics diagnostics_;
  std::unique_ptr<stages::Processor> stage_;
};

}  // namespace sluice::test
