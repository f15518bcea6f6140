#include "daemon/admin/client.hpp"

#include <fmt/format.h>
#include <httplib.h>
#include <simdjson.h>
#include <sys/socket.h>
#include <sys/un.h>

#include <cerrno>
#include <cstdlib>
#include <fstream>
#include <iterator>
#include <system_error>
#include <utility>

#include "config/admin.hpp"
#include "config/load.hpp"
#include "stages/descriptor.hpp"
#include "stages/registry.hpp"

namespace sluice::daemon {
namespace {

constexpr std::string_view kDefault = "/run/sluice/admin.sock";
constexpr const char* kAddress = "SLUICE_ADMIN";
constexpr const char* kToken = "SLUICE_ADMIN_TOKEN";
constexpr std::chrono::seconds kConnect{3};
constexpr std::chrono::seconds kAnswer{10};
constexpr std::chrono::hours kReload{1};  // it ends by itself, after `grace` at the latest
constexpr std::string_view kElsewhere =
    "another one is chosen by --admin ADDRESS, a configuration FILE or $SLUICE_ADMIN";

flow::Error failure(std::string message) {
  return {std::make_error_code(std::errc::not_connected), std::move(message)};
}

std::string variable(const char* name) {
  const char* const value = std::getenv(name);
  return value == nullptr ? "" : value;
}

// What `admin:` of a configuration says. Errors elsewhere in it do not matter here.
config::Admin read_file(const std::string& file, flow::Error& error) {
  config::LoadOptions options;
  options.environment = config::process_environment();
  const config::LoadResult result = config::load_file(file, stages::catalog(stages::definitions()), options);
  if (result.config.admin.kind != config::Admin::Kind::off) return result.config.admin;
  const bool readable = !result.config.stages.empty();
  error = failure(readable ? file + " has no `admin:`, so there is nowhere to ask; add it, or give --admin ADDRESS"
                           : result.diagnostics.render(config::Colour::never));
  return {};
}

config::Admin read_address(const std::string& text, const std::string& origin, flow::Error& error) {
  config::Admin admin = config::parse_admin_address(text);
  if (admin.kind == config::Admin::Kind::off) {
    error = failure(fmt::format("{}: `{}` is no address: give the path of a socket, or HOST:PORT", origin, text));
  }
  return admin;
}

std::string read_token(const std::string& file, flow::Error& error) {
  if (file.empty()) return variable(kToken);
  std::ifstream stream(file);
  std::string token{std::istreambuf_iterator<char>(stream), {}};
  while (!token.empty() && (token.back() == '\n' || token.back() == '\r')) token.pop_back();
  if (token.empty()) error = failure("the token cannot be read from " + file);
  return token;
}

// Why nobody can be reached at a socket's path; nothing if somebody can. The library does not tell.
flow::Error try_socket(const AdminTarget& target) {
  const std::string& path = target.admin.address;
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  if (path.size() >= sizeof address.sun_path) return failure("the path " + path + " is too long for a socket");
  path.copy(address.sun_path, path.size());
  const stages::Descriptor probe(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0));
  if (!probe) return stages::system_error("no socket", errno);
  const auto* const generic = reinterpret_cast<const sockaddr*>(&address);
  if (::connect(probe.get(), generic, sizeof address) == 0) return {};
  const std::string where = fmt::format("{} ({})", path, target.origin);
  switch (errno) {
    case ENOENT:
      return failure(
          fmt::format("nobody answers: there is no {}; does sluice run, with `admin:`? {}", where, kElsewhere));
    case ECONNREFUSED:
      return failure(fmt::format("nobody answers at {}; sluice does not run any more. {}", where, kElsewhere));
    case EACCES:
      return failure(fmt::format("{} is not yours to use; become root, or a member of the group that owns it", where));
    default:
      return stages::system_error("nobody answers at " + where, errno);
  }
}

}  // namespace

AdminTarget find_admin(const AdminChoice& choice, flow::Error& error) {
  AdminTarget target;
  const std::string named = variable(kAddress);
  if (!choice.address.empty()) {
    target.origin = "--admin";
    target.admin = read_address(choice.address, target.origin, error);
  } else if (!choice.file.empty()) {
    target.origin = "`admin:` of " + choice.file;
    target.admin = read_file(choice.file, error);
  } else if (!named.empty()) {
    target.origin = "$SLUICE_ADMIN";
    target.admin = read_address(named, target.origin, error);
  } else {
    target.origin = "the default";
    target.admin = config::parse_admin_address(kDefault);
  }
  if (!error && (!choice.token_file.empty() || target.admin.token.empty())) {
    target.admin.token = read_token(choice.token_file, error);
  }
  return target;
}

std::string percent_encoded(std::string_view text) {
  std::string encoded;
  for (const char c : text) {
    const bool plain = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-' ||
                       c == '_' || c == '.' || c == '~';
    encoded += plain ? std::string(1, c) : fmt::format("%{:02X}", static_cast<unsigned char>(c));
  }
  return encoded;
}

class AdminClient::Impl {
 public:
  explicit Impl(AdminTarget target)
      : target_(std::move(target)), http_(target_.admin.address, target_.admin.port == 0 ? 80 : target_.admin.port) {
    const bool local = target_.admin.kind == config::Admin::Kind::unix_socket;
    if (local) http_.set_address_family(AF_UNIX);
    http_.set_connection_timeout(kConnect);
    http_.set_write_timeout(kAnswer);
    http_.set_url_encode(false);  // paths come encoded
    http_.set_keep_alive(true);
    headers_.emplace("Host", local ? "localhost" : config::to_string(target_.admin));
    if (!target_.admin.token.empty()) headers_.emplace("Authorization", "Bearer " + target_.admin.token);
  }

  // Asks by `function`, which the context's end interrupts.
  template <class Function>
  flow::Error ask(const flow::Context& context, std::chrono::seconds patience, AdminAnswer& answer, Function function) {
    if (target_.admin.kind == config::Admin::Kind::unix_socket) {
      if (flow::Error error = try_socket(target_)) return error;
    }
    http_.set_read_timeout(patience);
    const flow::OnDone interrupt = flow::on_done(context, [this] { http_.stop(); });
    if (context.done()) return context.cause();
    const httplib::Result result = function(http_, headers_);
    if (context.done()) return context.cause();
    if (!result) return broken(result.error());
    answer.status = result->status;
    if (answer.body.empty()) answer.body = result->body;
    return answer.status == 401 ? refused(answer) : flow::Error();
  }

 private:
  std::string where() const { return fmt::format("{} ({})", config::to_string(target_.admin), target_.origin); }

  flow::Error broken(httplib::Error error) const {
    switch (error) {
      case httplib::Error::Connection:
      case httplib::Error::ConnectionTimeout:
        return failure(fmt::format("nobody answers at {}. {}", where(), kElsewhere));
      case httplib::Error::Canceled:  // by whom the pieces go to
        return {};
      default:
        return failure(fmt::format("the connection to {} broke: {}", where(), httplib::to_string(error)));
    }
  }

  flow::Error refused(const AdminAnswer& answer) const {
    return failure(fmt::format("{}: {}; give --token-file FILE, or set ${}", where(), error_of(answer), kToken));
  }

  const AdminTarget target_;
  httplib::Client http_;
  httplib::Headers headers_;
};

AdminClient::AdminClient(AdminTarget target) : impl_(std::make_unique<Impl>(std::move(target))) {}
AdminClient::~AdminClient() = default;

flow::Error AdminClient::get(const flow::Context& context, const std::string& path, AdminAnswer& answer) {
  answer = {};
  return impl_->ask(context, kAnswer, answer,
                    [&](httplib::Client& http, const httplib::Headers& headers) { return http.Get(path, headers); });
}

flow::Error AdminClient::post(const flow::Context& context, const std::string& path, AdminAnswer& answer) {
  answer = {};
  return impl_->ask(context, kReload, answer,
                    [&](httplib::Client& http, const httplib::Headers& headers) { return http.Post(path, headers); });
}

flow::Error AdminClient::stream(const flow::Context& context, const std::string& path,
                                const std::function<bool(std::string_view)>& receive, AdminAnswer& answer) {
  answer = {};
  const auto note = [&](const httplib::Response& response) {
    answer.status = response.status;
    return true;
  };
  const auto take = [&](const char* data, std::size_t size) {
    if (context.done()) return false;
    if (answer.status == 200) return receive({data, size});
    answer.body.append(data, size);
    return true;
  };
  return impl_->ask(context, kAnswer, answer, [&](httplib::Client& http, const httplib::Headers& headers) {
    return http.Get(path, headers, note, take);
  });
}

std::string error_of(const AdminAnswer& answer) {
  simdjson::dom::parser parser;
  simdjson::dom::element root;
  std::string_view message;
  if (parser.parse(answer.body).get(root) == simdjson::SUCCESS && root["error"].get(message) == simdjson::SUCCESS) {
    return std::string(message);
  }
  return fmt::format("answer {}: {}", answer.status, answer.body);
}

}  // namespace sluice::daemon
