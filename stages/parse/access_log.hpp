// The common and combined formats of web servers' access logs.
#pragma once

#include "stages/parse/format.hpp"

namespace sluice::stages {

// Apache's LogFormat "%h %l %u %t \"%r\" %>s %b" (common), and with \"%{Referer}i\" \"%{User-agent}i\" behind it
// (combined); nginx's `combined` is the same. Source: httpd's documentation of mod_log_config, and nginx's of
// ngx_http_log_module.
//
// Fields: client_ip, ident, user, time (a timestamp), method, path, protocol, status, bytes (integers), referer,
// user_agent. A `-` leaves its field out. A request line that is none keeps its text in `request`; what follows the
// last field is kept in `extra`.
class AccessLogFormat final : public Format {
 public:
  enum class Kind : bool { common, combined };

  explicit AccessLogFormat(Kind kind) : kind_(kind) {}

  ParseFailure parse(std::string_view text, record::Arena& arena, FieldsBuilder& fields) const override;

 private:
  class Reader;
  Kind kind_;
};

}  // namespace sluice::stages
