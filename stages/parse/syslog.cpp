#include "stages/parse/syslog.hpp"

#include <memory>
#include <utility>

#include "stages/parse/parse_stage.hpp"
#include "stages/parse/syslog_message.hpp"

namespace sluice::stages {

namespace {

class SyslogFormat final : public Format {
 public:
  explicit SyslogFormat(SyslogSettings settings) : settings_(std::move(settings)) {}

  ParseFailure parse(std::string_view text, record::Arena& arena, FieldsBuilder& fields) const override {
    return looks_like_rfc5424(text) ? read_rfc5424(text, settings_, arena, fields)
                                    : read_rfc3164(text, settings_, arena, fields);
  }

 private:
  SyslogSettings settings_;
};

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
            SyslogSettings syslog = syslog_settings(settings, workshop);
            if (settings.has("year")) syslog.times.years.fixed = settings.integer("year");
            return make_parse_stage(std::make_unique<SyslogFormat>(std::move(syslog)), settings, workshop);
          }};
}

}  // namespace sluice::stages
