#include "stages/parse/common.hpp"

#include <memory>

#include "stages/parse/access_log.hpp"
#include "stages/parse/parse_stage.hpp"

namespace sluice::stages {

Definition parse_common() {
  config::StageSpec spec;
  spec.kind = "parse";
  spec.variant = "common";
  spec.summary = "Access logs of web servers in the common log format.";
  spec.description =
      "As `combined`, but without `referer` and `user_agent`: what follows the number of bytes is kept in `extra`.";
  spec.examples = {{"An access log",
                    "- parse: common",
                    {R"(192.0.2.7 - ann [10/Oct/2000:13:55:36 -0700] "GET /a.gif HTTP/1.0" 200 2326)"},
                    {R"({"client_ip":"192.0.2.7","user":"ann","time":"2000-10-10T20:55:36Z","method":"GET",)"
                     R"("path":"/a.gif","protocol":"HTTP/1.0","status":200,"bytes":2326})"}}};
  return {std::move(spec), [](const config::Settings& settings, Workshop& workshop) {
            return make_parse_stage(std::make_unique<AccessLogFormat>(AccessLogFormat::Kind::common), settings,
                                    workshop);
          }};
}

}  // namespace sluice::stages
