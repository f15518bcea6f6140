#include "daemon/admin/declare.hpp"

#include <chrono>
#include <cstdlib>
#include <string_view>

#include "config/units.hpp"
#include "daemon/status.hpp"
#include "stages/write/rejects.hpp"

namespace sluice::daemon {
namespace {

constexpr std::chrono::milliseconds kShortest{100};
constexpr std::chrono::seconds kUsual{1};

using Choose = std::function<void(LiveAction)>;

void add_admin_options(CLI::App& command, LiveArguments& arguments) {
  command.add_option("FILE", arguments.admin.file, "the configuration of the daemon, whose `admin:` says where to ask");
  command
      .add_option("--admin", arguments.admin.address,
                  "where to ask: the path of a socket, or HOST:PORT; default: $SLUICE_ADMIN, or /run/sluice/admin.sock")
      ->type_name("ADDRESS");
  command
      .add_option("--token-file", arguments.admin.token_file,
                  "the file with the token of that endpoint; default: $SLUICE_ADMIN_TOKEN")
      ->type_name("PATH");
}

std::string is_interval(const std::string& text) {
  const auto interval = config::parse_duration(text);
  return interval && *interval >= kShortest ? "" : "`" + text + "` is no interval: give 100ms or more, such as 2s";
}

// Whether stdout can be drawn on.
bool is_screen(const Console& console) {
  const char* const terminal = std::getenv("TERM");
  return console.terminal_out && terminal != nullptr && std::string_view(terminal) != "dumb";
}

ExitCode saved_status(const flow::Context& root, const LiveArguments& arguments, const Console& console) {
  const flow::Error error =
      print_state(root, arguments.state_directory, stages::current_time(), arguments.json, console.out);
  if (!error) return ExitCode::ok;
  console.err << "sluice status: " << error.message() << '\n';
  return ExitCode::failed;
}

void declare_status(CLI::App& app, LiveArguments& arguments, const Choose& choose) {
  CLI::App* status = app.add_subcommand("status", "the state and the counters of a running daemon");
  add_admin_options(*status, arguments);
  status
      ->add_option("--state", arguments.state_directory,
                   "show how far the last checkpoint in DIR is in each followed file instead; asks no daemon")
      ->type_name("DIR")
      ->excludes("--admin");
  status->add_flag("--json", arguments.json, "one JSON object instead of a table");
  status->callback([&arguments, choose] {
    choose([&arguments](const flow::Context& root, const Console& console) {
      return arguments.state_directory.empty() ? live_status(root, arguments.admin, arguments.json, console)
                                               : saved_status(root, arguments, console);
    });
  });
}

void declare_top(CLI::App& app, LiveArguments& arguments, const Choose& choose) {
  CLI::App* top = app.add_subcommand("top", "live view of a running daemon: rates, queues, the bottleneck");
  add_admin_options(*top, arguments);
  top->add_option("--interval", arguments.interval, "how often it looks")
      ->type_name("DURATION")
      ->check(is_interval)
      ->capture_default_str();
  top->footer("q ends. Into a pipe or a file it prints one table, of what happened in one interval.");
  top->callback([&arguments, choose] {
    choose([&arguments](const flow::Context& root, const Console& console) {
      const auto interval = config::parse_duration(arguments.interval).value_or(kUsual);
      return daemon::top(root, arguments.admin, interval, is_screen(console), console);
    });
  });
}

void declare_tap(CLI::App& app, LiveArguments& arguments, const Choose& choose) {
  CLI::App* tap = app.add_subcommand("tap", "live records of one stage of a running daemon, as lines of JSON");
  tap->add_option("STAGE", arguments.tap.stage, "the stage: what leaves it is shown; of a writer, what it is given")
      ->required();
  add_admin_options(*tap, arguments);
  tap->add_option("--where", arguments.tap.where, "only records for which this expression is true")->type_name("EXPR");
  tap->add_option("--limit", arguments.tap.limit, "end after so many records")
      ->type_name("N")
      ->check(CLI::PositiveNumber);
  tap->add_option("--rate", arguments.tap.rate, "how many records a second are looked at, at most: up to 10000")
      ->type_name("N")
      ->check(CLI::Range(1, 10000));
  tap->footer(
      "The pipeline is never slowed: of more records than --rate, some are looked at.\n"
      "Example: sluice tap parse-2 --where 'status >= 500' --limit 10");
  tap->callback([&arguments, choose] {
    choose([&arguments](const flow::Context& root, const Console& console) {
      return daemon::tap(root, arguments.admin, arguments.tap, console);
    });
  });
}

void declare_reload(CLI::App& app, LiveArguments& arguments, const Choose& choose) {
  CLI::App* reload = app.add_subcommand("reload", "let a running daemon take its changed configuration");
  add_admin_options(*reload, arguments);
  reload->footer("Waits until the new configuration runs. If it is wrong, says why, and the old one goes on.");
  reload->callback([&arguments, choose] {
    choose([&arguments](const flow::Context& root, const Console& console) {
      return daemon::reload(root, arguments.admin, console);
    });
  });
}

}  // namespace

void declare_live_commands(CLI::App& app, LiveArguments& arguments, const Choose& choose) {
  declare_status(app, arguments, choose);
  declare_top(app, arguments, choose);
  declare_tap(app, arguments, choose);
  declare_reload(app, arguments, choose);
}

}  // namespace sluice::daemon
