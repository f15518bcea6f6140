#include "stages/parse/syslog.hpp"

#include <string>
#include <utility>

#include "stages/parse/syslog_message.hpp"

namespace sluice::stages {

namespace {

ParseFailure read_either(std::string_view text, const SyslogSettings& settings, record::Arena& arena,
                         FieldsBuilder& fields) {
  return looks_like_rfc5424(text) ? read_rfc5424(text, settings, arena, fields)
                                  : read_rfc3164(text, settings, arena, fields);
}

std::string which(std::string_view text) {
  return looks_like_rfc5424(text) ? "read as rfc5424: it begins with a PRI, the version 1 and a time or `-`"
                                  : "read as rfc3164: it does not begin with a PRI, the version 1 and a time or `-`";
}

}  // namespace

Definition parse_syslog() {
  config::StageSpec spec;
  spec.kind = "parse";
  spec.variant = "syslog";
  spec.summary = "Syslog messages of RFC 5424 and RFC 3164, mixed.";
  spec.description =
      "A line that begins with a PRI, the version 1 and a time or `-` is read as `rfc5424`, every other as `rfc3164`.";
  spec.options = syslog_options();
  spec.options.push_back(year_option());
  spec.examples = {{"Old and new",
                    "- parse: {format: syslog, names: true, year: 2026}",
                    {"<34>1 2026-10-11T22:14:15Z host su 77 - - failed", "<34>Oct 11 22:14:15 host su[77]: failed"},
                    {R"({"facility":"auth","severity":"crit","time":"2026-10-11T22:14:15Z","hostname":"host",)"
                     R"("appname":"su","procid":"77","message":"failed"})",
                     R"({"facility":"auth","severity":"crit","time":"2026-10-11T22:14:15Z","hostname":"host",)"
                     R"("appname":"su","procid":"77","message":"failed"})"}}};
  return {std::move(spec), [](const config::Settings& settings, Workshop& workshop) {
            return make_syslog_stage({read_either, true, which}, settings, workshop);
          }};
}

}  // namespace sluice::stages
