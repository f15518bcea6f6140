// parse: docker
#pragma once

#include <memory>

#include "record/json_index.hpp"
#include "stages/parse/joining_stage.hpp"
#include "stages/registry.hpp"

namespace sluice::stages {

// Docker's json-file logs: `{"log":"text\n","stream":"stdout","time":"2019-04-01T17:58:33.598656444Z"}`, in which long
// lines are split at 16 KiB and all parts but the last lack the line feed. Source: Docker's documentation of the
// json-file logging driver.
//
//   - parse: docker
class DockerFormat final : public PartialFormat {
 public:
  // `fields` outlives the format.
  explicit DockerFormat(const record::FieldTable& fields) : fields_(fields) {}

  ParseFailure parse(std::string_view text, record::Arena& arena, FieldsBuilder& fields, Part& part) override;

 private:
  const record::FieldTable& fields_;
  std::unique_ptr<record::JsonIndexer> indexer_;  // made at the first line, when all fields are known
};

Definition parse_docker();

}  // namespace sluice::stages
