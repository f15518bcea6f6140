#include "stages/parse/combined.hpp"

#include <memory>

#include "stages/parse/access_log.hpp"
#include "stages/parse/parse_stage.hpp"

namespace sluice::stages {

Definition parse_combined() {
  config::StageSpec spec;
  spec.kind = "parse";
  spec.variant = "combined";
  spec.summary = "Access logs of Apache httpd and nginx in the combined format.";
  spec.description =
      "Finds `client_ip`, `ident`, `user`, `time` (a timestamp), `method`, `path`, `protocol`, `status` and `bytes` "
      "(integers), `referer` and `user_agent`. A `-` leaves its field out. A request line that is not of the form "
      "`METHOD target HTTP/x` keeps its text in `request`. Escapes (`\\\"`, `\\\\`, `\\xHH`) in quoted parts are "
      "decoded, "
      "unless the result would not be UTF-8. What follows the user agent is kept in `extra`. Other lines are rejected "
      "(`invalid_access_log`).";
  spec.examples = {
      {"An access log",
       "- parse: combined",
       {R"(192.0.2.7 - ann [10/Oct/2000:13:55:36 -0700] "GET /a.gif HTTP/1.0" 200 2326 "-" "Mozilla/4.08 [en]")",
        R"(192.0.2.8 - - [10/Oct/2000:13:55:37 -0700] "\x16\x03\x01" 400 - "-" "-" 0.002)"},
       {R"({"client_ip":"192.0.2.7","user":"ann","time":"2000-10-10T20:55:36Z","method":"GET","path":"/a.gif",)"
        R"("protocol":"HTTP/1.0","status":200,"bytes":2326,"user_agent":"Mozilla/4.08 [en]"})",
        R"({"client_ip":"192.0.2.8","time":"2000-10-10T20:55:37Z","request":"\u0016\u0003\u0001","status":400,)"
        R"("extra":"0.002"})"}}};
  return {std::move(spec), [](const config::Settings& settings, Workshop& workshop) {
            return make_parse_stage(std::make_unique<AccessLogFormat>(AccessLogFormat::Kind::combined), settings,
                                    workshop);
          }};
}

}  // namespace sluice::stages
