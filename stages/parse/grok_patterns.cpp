#include "stages/parse/grok_patterns.hpp"

namespace sluice::stages {

namespace {

constexpr GrokPattern kPatterns[] = {
    // Words and numbers
    {"WORD", R"(\b\w+\b)"},
    {"NOTSPACE", R"(\S+)"},
    {"SPACE", R"(\s*)"},
    {"DATA", R"(.*?)"},
    {"GREEDYDATA", R"(.*)"},
    {"QUOTEDSTRING", R"((?:"(?:[^"\\]|\\.)*"|'(?:[^'\\]|\\.)*'|`(?:[^`\\]|\\.)*`))"},
    {"QS", R"(%{QUOTEDSTRING})"},
    {"INT", R"([+-]?[0-9]+)"},
    {"BASE10NUM", R"([+-]?(?:[0-9]+(?:\.[0-9]*)?|\.[0-9]+)(?:[eE][+-]?[0-9]+)?)"},
    {"NUMBER", R"(%{BASE10NUM})"},
    {"BASE16NUM", R"([+-]?(?:0[xX])?[0-9A-Fa-f]+)"},
    {"BASE16FLOAT", R"([+-]?(?:0[xX])?(?:[0-9A-Fa-f]+(?:\.[0-9A-Fa-f]*)?|\.[0-9A-Fa-f]+))"},
    {"POSINT", R"(\b[1-9][0-9]*\b)"},
    {"NONNEGINT", R"(\b[0-9]+\b)"},
    {"UUID", R"([0-9A-Fa-f]{8}-(?:[0-9A-Fa-f]{4}-){3}[0-9A-Fa-f]{12})"},
    {"USERNAME", R"([a-zA-Z0-9._-]+)"},
    {"USER", R"(%{USERNAME})"},
    {"EMAILLOCALPART", R"([a-zA-Z0-9!#$%&'*+/=?^_`{|}~-]+(?:\.[a-zA-Z0-9!#$%&'*+/=?^_`{|}~-]+)*)"},
    {"EMAILADDRESS", R"(%{EMAILLOCALPART}@%{HOSTNAME})"},
    // Networks
    {"CISCOMAC", R"((?:[0-9A-Fa-f]{4}\.){2}[0-9A-Fa-f]{4})"},
    {"WINDOWSMAC", R"((?:[0-9A-Fa-f]{2}-){5}[0-9A-Fa-f]{2})"},
    {"COMMONMAC", R"((?:[0-9A-Fa-f]{2}:){5}[0-9A-Fa-f]{2})"},
    {"MAC", R"((?:%{CISCOMAC}|%{WINDOWSMAC}|%{COMMONMAC}))"},
    {"IPV4",
     R"((?:(?:25[0-5]|2[0-4][0-9]|1[0-9][0-9]|[1-9]?[0-9])\.){3}(?:25[0-5]|2[0-4][0-9]|1[0-9][0-9]|[1-9]?[0-9]))"},
    {"IPV6", R"((?:(?:[0-9A-Fa-f]{1,4}:){7}[0-9A-Fa-f]{1,4})"
             R"(|(?:[0-9A-Fa-f]{1,4}:){6}%{IPV4})"
             R"(|::(?:[0-9A-Fa-f]{1,4}:){0,5}%{IPV4})"
             R"(|(?:[0-9A-Fa-f]{1,4}:){1,5}:(?:[0-9A-Fa-f]{1,4}:){0,4}%{IPV4})"
             R"(|(?:[0-9A-Fa-f]{1,4}:){1,6}(?::[0-9A-Fa-f]{1,4}){1})"
             R"(|(?:[0-9A-Fa-f]{1,4}:){1,5}(?::[0-9A-Fa-f]{1,4}){2})"
             R"(|(?:[0-9A-Fa-f]{1,4}:){1,4}(?::[0-9A-Fa-f]{1,4}){3})"
             R"(|(?:[0-9A-Fa-f]{1,4}:){1,3}(?::[0-9A-Fa-f]{1,4}){4})"
             R"(|(?:[0-9A-Fa-f]{1,4}:){1,2}(?::[0-9A-Fa-f]{1,4}){5})"
             R"(|[0-9A-Fa-f]{1,4}:(?::[0-9A-Fa-f]{1,4}){6})"
             R"(|:(?::[0-9A-Fa-f]{1,4}){1,7}|(?:[0-9A-Fa-f]{1,4}:){1,7}:|::)(?:%[0-9A-Za-z]+)?)"},
    {"IP", R"((?:%{IPV6}|%{IPV4}))"},
    {"HOSTNAME", R"(\b[0-9A-Za-z](?:[0-9A-Za-z_-]{0,62})(?:\.[0-9A-Za-z](?:[0-9A-Za-z_-]{0,62}))*\.?)"},
    {"HOST", R"(%{HOSTNAME})"},
    {"IPORHOST", R"((?:%{IP}|%{HOSTNAME}))"},
    {"HOSTPORT", R"(%{IPORHOST}:%{POSINT})"},
    // Paths and addresses
    {"UNIXPATH", R"((?:/[\w_%!$@:.,+~-]*)+)"},
    {"WINPATH", R"((?:[A-Za-z]:|\\)(?:\\[^\\?*\s]*)+)"},
    {"PATH", R"((?:%{UNIXPATH}|%{WINPATH}))"},
    {"TTY", R"(/dev/(?:pts/[0-9]+|tty[A-Za-z0-9]*))"},
    {"URIPROTO", R"([A-Za-z][A-Za-z0-9+.-]*)"},
    {"URIHOST", R"(%{IPORHOST}(?::%{POSINT})?)"},
    {"URIPATH", R"((?:/[A-Za-z0-9$.+!*'(){},~:;=@#%&_-]*)+)"},
    {"URIQUERY", R"([A-Za-z0-9$.+!*'|(){},~@#%&/=:;_?\[\]<>-]*)"},
    {"URIPARAM", R"(\?%{URIQUERY})"},
    {"URIPATHPARAM", R"(%{URIPATH}(?:%{URIPARAM})?)"},
    {"URI", R"(%{URIPROTO}://(?:%{USER}(?::[^@]*)?@)?(?:%{URIHOST})?(?:%{URIPATHPARAM})?)"},
    // Times
    {"MONTH",
     R"(\b(?:[Jj]an(?:uary)?|[Ff]eb(?:ruary)?|[Mm]ar(?:ch)?|[Aa]pr(?:il)?|[Mm]ay|[Jj]une?|[Jj]uly?|[Aa]ug(?:ust)?)"
     R"(|[Ss]ep(?:t(?:ember)?)?|[Oo]ct(?:ober)?|[Nn]ov(?:ember)?|[Dd]ec(?:ember)?)\b)"},
    {"MONTHNUM", R"((?:0?[1-9]|1[0-2]))"},
    {"MONTHNUM2", R"((?:0[1-9]|1[0-2]))"},
    {"MONTHDAY", R"((?:0[1-9]|[12][0-9]|3[01]|[1-9]))"},
    {"DAY", R"((?:Mon(?:day)?|Tue(?:sday)?|Wed(?:nesday)?|Thu(?:rsday)?|Fri(?:day)?|Sat(?:urday)?|Sun(?:day)?))"},
    {"YEAR", R"([0-9]{2}(?:[0-9]{2})?)"},
    {"HOUR", R"((?:2[0-3]|[01]?[0-9]))"},
    {"MINUTE", R"([0-5][0-9])"},
    {"SECOND", R"((?:[0-5]?[0-9]|60)(?:[:.,][0-9]+)?)"},
    {"TIME", R"(%{HOUR}:%{MINUTE}:%{SECOND})"},
    {"DATE_US", R"(%{MONTHNUM}[/-]%{MONTHDAY}[/-]%{YEAR})"},
    {"DATE_EU", R"(%{MONTHDAY}[./-]%{MONTHNUM}[./-]%{YEAR})"},
    {"DATE", R"((?:%{DATE_US}|%{DATE_EU}))"},
    {"DATESTAMP", R"(%{DATE}[- ]%{TIME})"},
    {"ISO8601_TIMEZONE", R"((?:Z|[+-]%{HOUR}(?::?%{MINUTE})?))"},
    {"ISO8601_SECOND", R"(%{SECOND})"},
    {"TIMESTAMP_ISO8601",
     R"([0-9]{4}-%{MONTHNUM}-%{MONTHDAY}[T ]%{HOUR}:?%{MINUTE}(?::?%{SECOND})?(?:%{ISO8601_TIMEZONE})?)"},
    {"TZ", R"([A-Z]{3,5})"},
    {"DATESTAMP_RFC822", R"(%{DAY} %{MONTH} %{MONTHDAY} %{YEAR} %{TIME} %{TZ})"},
    {"DATESTAMP_RFC2822", R"(%{DAY}, %{MONTHDAY} %{MONTH} %{YEAR} %{TIME} %{ISO8601_TIMEZONE})"},
    {"DATESTAMP_OTHER", R"(%{DAY} %{MONTH} %{MONTHDAY} %{TIME} %{TZ} %{YEAR})"},
    {"DATESTAMP_EVENTLOG", R"([0-9]{14})"},
    {"HTTPDATE", R"(%{MONTHDAY}/%{MONTH}/%{YEAR}:%{TIME} [+-][0-9]{4})"},
    {"HTTPDERROR_DATE", R"(%{DAY} %{MONTH} %{MONTHDAY} %{TIME} %{YEAR})"},
    // Logs
    {"LOGLEVEL",
     R"((?:[Aa]lert|ALERT|[Tt]race|TRACE|[Dd]ebug|DEBUG|[Nn]otice|NOTICE|[Ii]nfo(?:rmation)?|INFO(?:RMATION)?)"
     R"(|[Ww]arn(?:ing)?|WARN(?:ING)?|[Ee]rr(?:or)?|ERR(?:OR)?|[Cc]rit(?:ical)?|CRIT(?:ICAL)?|[Ff]atal|FATAL|[Ss]evere)"
     R"(|SEVERE|[Ee]merg(?:ency)?|EMERG(?:ENCY)?))"},
    {"SYSLOGTIMESTAMP", R"(%{MONTH} +%{MONTHDAY} %{TIME})"},
    {"PROG", R"([^\s\[\]:]+)"},
    {"SYSLOGPROG", R"(%{PROG:program}(?:\[%{POSINT:pid}\])?)"},
    {"SYSLOGHOST", R"(%{IPORHOST})"},
    {"SYSLOGFACILITY", R"(<%{NONNEGINT:facility}\.%{NONNEGINT:priority}>)"},
    {"SYSLOGBASE", R"(%{SYSLOGTIMESTAMP:timestamp} (?:%{SYSLOGFACILITY} )?%{SYSLOGHOST:logsource} %{SYSLOGPROG}:)"},
    {"SYSLOGLINE", R"(%{SYSLOGBASE} %{GREEDYDATA:message})"},
    {"HTTPDUSER", R"((?:%{EMAILADDRESS}|%{USER}|-))"},
    {"COMMONAPACHELOG",
     R"(%{IPORHOST:clientip} %{HTTPDUSER:ident} %{HTTPDUSER:auth} \[%{HTTPDATE:timestamp}\] )"
     R"re("(?:%{WORD:verb} %{NOTSPACE:request}(?: HTTP/%{NUMBER:httpversion})?|%{DATA:rawrequest})" )re"
     R"((?:-|%{NUMBER:response}) (?:-|%{NUMBER:bytes}))"},
    {"COMBINEDAPACHELOG", R"(%{COMMONAPACHELOG} %{QS:referrer} %{QS:agent})"},
    {"HTTPD_COMMONLOG", R"(%{COMMONAPACHELOG})"},
    {"HTTPD_COMBINEDLOG", R"(%{COMBINEDAPACHELOG})"},
    {"HTTPD20_ERRORLOG",
     R"(\[%{HTTPDERROR_DATE:timestamp}\] \[%{LOGLEVEL:loglevel}\] (?:\[client %{IPORHOST:clientip}\] )?%{GREEDYDATA:message})"},
    {"JAVACLASS", R"((?:[a-zA-Z_$][\w$]*\.)*[a-zA-Z_$][\w$]*)"},
    {"JAVAFILE", R"([A-Za-z0-9_. -]+)"},
    {"JAVATHREAD", R"((?:[A-Z]{2}-Processor[0-9]+))"},
};

}  // namespace

std::span<const GrokPattern> grok_library() { return kPatterns; }

}  // namespace sluice::stages
