#include "config/pipeline.hpp"

namespace sluice::config {

const StageConfig* PipelineConfig::find_stage(std::string_view name) const {
  for (const StageConfig& stage : stages) {
    if (stage.name == name) return &stage;
  }
  return nullptr;
}

std::vector<Option> pipeline_options() {
  return {
      Option::either("workers", {Option::choice("", {"auto"}), Option::integer().at_least(1).at_most(1024)})
          .defaults("auto")
          .doc("size of the worker pool; `auto` is the number of hardware threads"),
      Option::integer("queue").defaults("16").at_least(1).at_most(65536).doc(
          "batches that each queue between two stages holds"),
      Option::mapping("batch",
                      {
                          Option::size("size").defaults("256KiB").at_least(1024).at_most(1 << 30).doc(
                              "bytes at which a batch goes on"),
                          Option::duration("linger").defaults("50ms").at_most(3600).doc(
                              "how long a batch that is not full may wait for more records"),
                      })
          .doc("how records are grouped"),
      Option::duration("checkpoint")
          .defaults("1s")
          .at_most(3600)
          .doc("how often the positions in followed files are saved, together with what was written; 0 as often as it "
               "can"),
      Option::duration("grace").defaults("30s").doc("how long a drain may take after SIGTERM or SIGINT"),
      Option::size("max_line")
          .defaults("1MiB")
          .at_least(1)
          .at_most(1 << 30)
          .doc("longer lines are rejected (reason `line_too_long`), never buffered whole"),
      Option::choice("order", {{"preserve", "what one generator read leaves in that order"},
                               {"relaxed", "batches may overtake one another"}})
          .defaults("preserve")
          .doc("whether records leave in the order in which they were read"),
  };
}

std::vector<Option> stage_options() {
  return {
      Option::string("name").not_empty().doc("the stage's name; default: kind and position, such as `filter-3`"),
      Option::list("from", Option::string().not_empty())
          .or_single()
          .not_empty()
          .doc("the stages or outputs of routes that it reads from; default: the stage before"),
      Option::integer("workers").at_least(1).at_most(1024).doc("cap on the batches that it works on at the same time"),
  };
}

std::vector<Option> top_level_options() {
  return {
      Option::string("rejects").defaults("stderr").not_empty().doc(
          "where records go that no stage could process, with the reason: `stderr`, `drop`, or the path of a file"),
      Option::either(
          "admin",
          {Option::string().not_empty(),
           Option::mapping("", {Option::string("listen").required().not_empty().doc("a path, or an address and port"),
                                Option::string("token")
                                    .conflicts_with({"token_file"})
                                    .doc("what clients must send as `Authorization: Bearer TOKEN`; needed "
                                         "for addresses beyond loopback"),
                                Option::string("token_file").not_empty().doc("the file with the token")})})
          .example("/run/sluice/admin.sock")
          .doc("the admin endpoint: the path of a unix socket, or `127.0.0.1:PORT`; absent: off"),
  };
}

}  // namespace sluice::config
