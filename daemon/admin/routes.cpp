#include "daemon/admin/routes.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <cstdint>
#include <exception>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

#include "config/suggest.hpp"
#include "daemon/admin/dashboard.hpp"
#include "daemon/admin/guard.hpp"
#include "daemon/admin/json.hpp"
#include "daemon/admin/metrics.hpp"
#include "daemon/admin/tap_stream.hpp"
#include "daemon/taps.hpp"

namespace sluice::daemon {
namespace {

using httplib::Request;
using httplib::Response;

constexpr std::string_view kTapPrefix = "/api/tap/";
constexpr const char* kJson = "application/json";
constexpr const char* kText = "text/plain; charset=utf-8";

void give(Response& response, int status, const std::string& body, const char* type) {
  response.status = status;
  response.set_content(body, type);
}

void refuse(Response& response, int status, std::string_view message) {
  give(response, status, error_json(message) + "\n", kJson);
}

void dashboard(Response& response) {
  // The page is whole in itself; nothing else may run in it, and nobody may frame it.
  response.set_header("Content-Security-Policy",
                      "default-src 'none'; style-src 'unsafe-inline'; script-src 'unsafe-inline'; img-src data:; "
                      "connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'");
  give(response, 200, std::string(dashboard_page()), "text/html; charset=utf-8");
}

void health(const Observed& observed, Response& response) {
  const std::string why = observed.stuck();
  if (why.empty()) return give(response, 200, "ok\n", kText);
  give(response, 503, "no progress: " + why + "\n", kText);
}

void readiness(const Observed& observed, Response& response) {
  if (observed.is_ready()) return give(response, 200, "ready\n", kText);
  const bool draining = observed.observe().state == RunState::draining;
  give(response, 503, draining ? "draining\n" : "starting\n", kText);
}

void reload(const flow::Context& context, Observed& observed, Response& response) {
  const Observed::Reloaded reloaded = observed.reload(context);
  const int status = reloaded.ok ? 200 : reloaded.busy ? 409 : 422;
  give(response, status, reload_json(reloaded) + "\n", kJson);
}

// A whole number of at least 1; the other value if the parameter is absent. Nothing, with an answer, if it is neither.
std::optional<std::uint64_t> number(const Request& request, const char* name, std::uint64_t otherwise,
                                    Response& response) {
  if (!request.has_param(name)) return otherwise;
  const std::string text = request.get_param_value(name);
  std::uint64_t value = 0;
  const auto [end, problem] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (problem == std::errc() && end == text.data() + text.size() && value > 0) return value;
  refuse(response, 400, fmt::format("`{}` must be a number of records, 1 or more, and not `{}`", name, text));
  return std::nullopt;
}

std::string messages(const std::string& source, const expression::CompileResult& result) {
  std::string text;
  for (const expression::CompileError& error : result.errors) {
    if (!text.empty()) text += "\n";
    text += expression::render(source, error);
  }
  return text;
}

void refuse_tap(const Taps& taps, const std::string& stage, Taps::Refusal refusal, Response& response) {
  if (refusal == Taps::Refusal::too_many) {
    return refuse(response, 429, fmt::format("{} taps are open already; close one", Taps::kMost));
  }
  const std::string hint = config::suggestion(stage, taps.stages());
  refuse(response, 404, fmt::format("there is no stage `{}`{}{}", stage, hint.empty() ? "" : "; ", hint));
}

void tap(Observed& observed, const std::string& stage, const Request& request, Response& response) {
  const auto limit = number(request, "limit", 0, response);
  const auto rate = limit ? number(request, "rate", Taps::kDefaultRate, response) : std::nullopt;
  if (!rate) return;
  auto fields = std::make_unique<record::FieldTable>();
  std::optional<expression::Program> filter;
  const std::string where = request.get_param_value("where");
  if (where.find_first_not_of(" \t") != std::string::npos) {
    expression::CompileOptions options;
    options.expect = expression::ResultType::boolean;
    expression::CompileResult result = expression::compile(where, *fields, options);
    if (!result) return refuse(response, 400, messages(where, result));
    filter = std::move(result.program);
  }
  Taps::Refusal refusal = Taps::Refusal::none;
  const auto within = static_cast<std::uint32_t>(std::min<std::uint64_t>(*rate, Taps::kMostRate));
  std::shared_ptr<Tap> opened = observed.taps().open(stage, within, refusal);
  if (opened == nullptr) return refuse_tap(observed.taps(), stage, refusal, response);
  const auto stream = std::make_shared<TapStream>(observed.taps(), stage, std::move(opened), std::move(fields),
                                                  std::move(filter), *limit);
  response.set_header("Cache-Control", "no-store");
  response.set_header("X-Accel-Buffering", "no");  // a proxy must not wait for more
  response.set_chunked_content_provider("text/event-stream", [stream](std::size_t, httplib::DataSink& sink) {
    std::string events;
    const bool goes_on = stream->next(events);
    if (!events.empty() && !sink.write(events.data(), events.size())) return false;
    if (!goes_on) sink.done();
    return true;
  });
}

void get(Observed& observed, const Request& request, Response& response) {
  const std::string& path = request.path;
  if (path == "/") return dashboard(response);
  if (path == "/healthz") return health(observed, response);
  if (path == "/readyz") return readiness(observed, response);
  if (path == "/metrics") {
    const std::string text = metrics_text(observed.observe(), observed.is_ready()) + process_metrics_text();
    return give(response, 200, text, "text/plain; version=0.0.4; charset=utf-8");
  }
  if (path == "/api/ledger") return give(response, 200, to_json(observed.ledger()) + "\n", kJson);
  if (path == "/api/pipeline") return give(response, 200, pipeline_json(observed.observe()) + "\n", kJson);
  if (path == "/api/rejects") return give(response, 200, rejects_json(observed.reject_samples()) + "\n", kJson);
  if (path.starts_with(kTapPrefix)) return tap(observed, path.substr(kTapPrefix.size()), request, response);
  refuse(response, 404, fmt::format("there is nothing at `{}`; docs/operating.md lists what there is", path));
}

void dispatch(const flow::Context& context, Observed& observed, const Request& request, Response& response) {
  const bool reads = request.method == "GET" || request.method == "HEAD";
  const bool reloads = request.path == "/api/reload";
  if (reads && !reloads) return get(observed, request, response);
  if (request.method == "POST" && reloads) return reload(context, observed, response);
  response.set_header("Allow", reloads ? "POST" : "GET, HEAD");
  refuse(response, 405, fmt::format("`{}` takes {}", request.path, reloads ? "POST" : "GET"));
}

}  // namespace

void answer(const flow::Context& context, const config::Admin& admin, Observed& observed, const Request& request,
            Response& response) {
  response.set_header("X-Content-Type-Options", "nosniff");
  const std::string host = request.get_header_value("Host");
  const std::string origin = request.get_header_value("Origin");
  const std::string authorization = request.get_header_value("Authorization");
  try {
    if (const auto denied = deny(admin, {request.path, host, origin, authorization})) {
      if (denied->status == 401) response.set_header("WWW-Authenticate", "Bearer");
      return refuse(response, denied->status, denied->message);
    }
    dispatch(context, observed, request, response);
  } catch (const std::exception& exception) {
    refuse(response, 500, exception.what());
  }
}

}  // namespace sluice::daemon
