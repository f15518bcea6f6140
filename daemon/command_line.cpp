#include "daemon/command_line.hpp"

#include <unistd.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <functional>
#include <iterator>
#include <memory>
#include <optional>
#include <string_view>
#include <utility>

#include "config/load.hpp"
#include "config/reference.hpp"
#include "config/schema.hpp"
#include "config/suggest.hpp"
#include "config/units.hpp"
#include "daemon/admin/declare.hpp"
#include "daemon/explain.hpp"
#include "daemon/log.hpp"
#include "daemon/manual.hpp"
#include "daemon/plan.hpp"
#include "daemon/stage_set.hpp"
#include "daemon/test_case.hpp"
#include "daemon/test_command.hpp"
#include "fmt/format.h"
#include "stages/registry.hpp"

namespace sluice::daemon {
namespace {

constexpr std::string_view kFooter =
    "Exit codes: 0 all accounted for, 1 a stage failed, 64 wrong usage, 75 records abandoned, 78 wrong configuration.\n"
    "Data goes to stdout, the log to stderr. Start with `sluice stages` and docs/reference.md.";

// What the words on the command line said.
struct Arguments {
  std::string file;
  std::string line;
  bool has_line = false;
  std::string ledger_file;
  std::string workers;
  std::string grace;
  std::vector<std::string> overrides;
  std::string log_level = "info";
  std::string log_format = "text";
  std::vector<std::string> stage_name;
  bool markdown = false;
  LiveArguments live;
  bool no_progress = false;
  std::string filter;
  std::string junit_file;
  std::string document;  // what to make: a manual page, or a shell's completion
  std::string date;
};

class Commands {
 public:
  Commands(const Console& console, const Arguments& arguments) : console_(console), arguments_(arguments) {}

  ExitCode run(const flow::Context& root) {
    Candidate loaded = load();
    refuse_stdin_twice(loaded);
    if (!report(loaded)) {
      write_empty_ledger(root);
      return ExitCode::wrong_config;
    }
    const auto format = arguments_.log_format == "json" ? LogFormat::json : LogFormat::text;
    const auto level = spdlog::level::from_str(arguments_.log_level);
    RunOptions options;
    show_progress(root, loaded.config, options);
    const auto log = options.progress ? make_log(level, format, options.progress) : make_log(level, format);
    options.ledger_file = arguments_.ledger_file;
    if (arguments_.file != "-") options.load = [this] { return load(); };
    return daemon::run(root, std::move(loaded), options, *log);
  }

  ExitCode check() {
    Candidate loaded = load();
    check_tests(loaded.config, loaded.set->fields, loaded.diagnostics);
    if (!report(loaded)) return ExitCode::wrong_config;
    console_.out << fmt::format("ok: {}, {} stages\n", name(), loaded.set->stages.size())
                 << describe(make_plan(*loaded.set, loaded.config.order), *loaded.set);
    return ExitCode::ok;
  }

  ExitCode explain(const flow::Context& root) {
    Candidate loaded = load();
    if (!report(loaded)) return ExitCode::wrong_config;
    const ExplainOptions options{console_.colour_out, loaded.config.max_line};
    if (arguments_.has_line) {
      daemon::explain(root, *loaded.set, arguments_.line, options, console_.out);
      daemon::explain_end(root, *loaded.set, options, console_.out);
      return ExitCode::ok;
    }
    daemon::explain_all(root, *loaded.set, console_.in, options, console_.out);
    return ExitCode::ok;
  }

  ExitCode test(const flow::Context& root) {
    const config::Catalog catalog = stages::catalog(stages::definitions());
    return run_tests(
        root, {name(), arguments_.filter, arguments_.junit_file},
        [&](const config::Environment& environment) { return read(catalog, environment); }, console_);
  }

  ExitCode schema() {
    console_.out << config::json_schema(stages::catalog(stages::definitions()));
    return ExitCode::ok;
  }

  ExitCode live(const flow::Context& root, const LiveAction& action) { return action(root, console_); }

  ExitCode stages() {
    const config::Catalog catalog = stages::catalog(stages::definitions());
    if (arguments_.markdown) {
      console_.out << config::reference_markdown(catalog);
    } else if (arguments_.stage_name.empty()) {
      console_.out << config::reference_text(catalog);
    } else {
      const std::string wanted = fmt::format("{}", fmt::join(arguments_.stage_name, " "));
      const std::optional<std::string> text = config::reference_text(catalog, wanted);
      if (!text) {
        const std::vector<std::string> names = config::reference_names(catalog);
        console_.err << fmt::format("sluice stages: there is no `{}`; {}\n", wanted, config::suggestion(wanted, names));
        return ExitCode::usage;
      }
      console_.out << *text;
    }
    return ExitCode::ok;
  }

  ExitCode manual(const CLI::App& app) {
    const config::ManualHead head{SLUICE_VERSION, arguments_.date};
    console_.out << (arguments_.document == "sluice.1"
                         ? command_manual(app, head)
                         : config::configuration_manual(stages::catalog(stages::definitions()), head));
    return ExitCode::ok;
  }

  ExitCode completion(const CLI::App& app) {
    console_.out << daemon::completion(app, arguments_.document).value_or("");
    return ExitCode::ok;
  }

 private:
  std::string name() const { return arguments_.file == "-" ? "<stdin>" : arguments_.file; }

  Candidate load() {
    const std::vector<stages::Definition> definitions = stages::definitions();
    config::LoadResult result = read(stages::catalog(definitions), config::process_environment());
    Candidate loaded{std::move(result.config), nullptr, std::move(result.diagnostics)};
    loaded.set = build_stages(loaded.config, definitions, loaded.diagnostics);
    return loaded;
  }

  config::LoadResult read(const config::Catalog& catalog, const config::Environment& environment) {
    config::LoadOptions options;
    options.environment = environment;
    options.overrides = arguments_.overrides;
    if (!arguments_.workers.empty()) options.overrides.push_back("pipeline.workers=" + arguments_.workers);
    if (!arguments_.grace.empty()) options.overrides.push_back("pipeline.grace=" + arguments_.grace);
    if (arguments_.file != "-") return config::load_file(arguments_.file, catalog, options);
    if (!stdin_text_)
      stdin_text_.emplace(std::istreambuf_iterator<char>(console_.in), std::istreambuf_iterator<char>());
    return config::load(*stdin_text_, name(), catalog, options);
  }

  void refuse_stdin_twice(Candidate& loaded) const {
    if (arguments_.file != "-") return;
    for (const config::StageConfig& stage : loaded.config.stages) {
      if (stage.kind != "generate" || stage.variant != "stdin") continue;
      loaded.diagnostics.error(stage.location, "stdin holds the configuration and cannot be read by a stage too",
                               "put the configuration in a file, or read the lines with `generate: file`");
    }
  }

  // Where somebody looks at it, and nothing else is written to the same terminal all the time.
  void show_progress(const flow::Context& root, const config::PipelineConfig& config, RunOptions& options) const {
    const bool wanted = !arguments_.no_progress && arguments_.log_format == "text" &&
                        spdlog::level::from_str(arguments_.log_level) <= spdlog::level::info;
    if (!wanted || !console_.terminal_err) return;
    const auto writes_data = [](const config::StageConfig& stage) {
      return stage.role == config::Role::writer && stage.variant == "stdout";
    };
    if (console_.terminal_out && std::ranges::any_of(config.stages, writes_data)) return;
    const std::optional<Workload> workload = workload_of(root, config, STDIN_FILENO);
    if (!workload) return;
    options.progress = progress_line(STDERR_FILENO);
    options.workload = *workload;
  }

  // Prints what was found; true if there is no error.
  bool report(const Candidate& loaded) const {
    const auto colour = console_.colour_err ? config::Colour::always : config::Colour::never;
    console_.err << loaded.diagnostics.render(colour);
    return !loaded.diagnostics.has_errors();
  }

  // Whoever asked for a ledger must not take an old one for the new.
  void write_empty_ledger(const flow::Context& root) const {
    if (arguments_.ledger_file.empty()) return;
    Ledger ledger;
    ledger.close("error: the configuration is wrong");
    if (const flow::Error error = write_ledger(root, arguments_.ledger_file, ledger.snapshot())) {
      console_.err << "sluice: the ledger could not be written: " << error.message() << '\n';
    }
  }

  const Console& console_;
  const Arguments& arguments_;
  std::optional<std::string> stdin_text_;  // the configuration, once it was read from there
};

void add_log_options(CLI::App& command, Arguments& arguments) {
  command.add_option("--log-level", arguments.log_level, "least important messages to log")
      ->check(CLI::IsMember({"trace", "debug", "info", "warn", "error", "off"}))
      ->capture_default_str();
  command.add_option("--log-format", arguments.log_format, "how the log on stderr is written")
      ->check(CLI::IsMember({"text", "json"}))
      ->capture_default_str();
}

// Checks as CLI11 wants them: what is wrong, or nothing.
std::string is_worker_count(const std::string& text) {
  const bool digits =
      !text.empty() && text.size() < 5 && std::ranges::all_of(text, [](char c) { return c >= '0' && c <= '9'; });
  if (text == "auto" || (digits && text.find_first_not_of('0') != std::string::npos)) return {};
  return "`" + text + "` is no number of workers: give 1, 2, ... or auto";
}

std::string is_duration(const std::string& text) {
  return config::parse_duration(text) ? "" : "`" + text + "` is no duration: write it as 250ms, 5s, 2m or 1h";
}

void add_config_options(CLI::App& command, Arguments& arguments) {
  command.add_option("FILE", arguments.file, "the configuration, in YAML; - reads it from stdin")->required();
  command
      .add_option("--set", arguments.overrides,
                  "override one key, dotted: --set pipeline.workers=2, --set 'stages.filter-3.where=status >= 500'")
      ->type_name("KEY=VALUE")
      ->allow_extra_args(false);
  command.add_option("--workers", arguments.workers, "size of the worker pool; the same as --set pipeline.workers=N")
      ->type_name("N")
      ->check(is_worker_count);
  command
      .add_option("--grace", arguments.grace, "how long a drain may take; the same as --set pipeline.grace=DURATION")
      ->type_name("DURATION")
      ->check(is_duration);
}

using Action = std::function<ExitCode(const flow::Context&, Commands&)>;

void declare_test(CLI::App& app, Arguments& arguments, Action& action) {
  CLI::App* test = app.add_subcommand("test", "run the cases under `tests:` in FILE; says what came out otherwise");
  add_config_options(*test, arguments);
  test->add_option("--filter", arguments.filter,
                   "only the cases whose names match this regular expression in some part")
      ->type_name("REGEX");
  test->add_option("--junit", arguments.junit_file, "write the results for a build server, as JUnit's XML")
      ->type_name("FILE");
  test->footer(
      "Nothing is read from generators or written by writers. Exits with 1 if a case failed or there was none to run.\n"
      "Example: sluice test pipeline.yaml --filter timeouts --junit results.xml");
  test->callback([&] { action = [](const flow::Context& root, Commands& commands) { return commands.test(root); }; });
}

// What the package is made of; not shown to users.
void declare_documents(CLI::App& app, Arguments& arguments, Action& action) {
  CLI::App* manual = app.add_subcommand("manual", "print a manual page, for man -l -")->group("");
  manual->add_option("PAGE", arguments.document)->required()->check(CLI::IsMember({"sluice.1", "sluice.yaml.5"}));
  manual->add_option("--date", arguments.date, "the date in its margin");
  manual->callback([&] { action = [&app](const flow::Context&, Commands& commands) { return commands.manual(app); }; });

  CLI::App* completion = app.add_subcommand("completion", "print the completion script of a shell")->group("");
  completion->add_option("SHELL", arguments.document)->required()->check(CLI::IsMember({"bash", "zsh", "fish"}));
  completion->callback(
      [&] { action = [&app](const flow::Context&, Commands& commands) { return commands.completion(app); }; });
}

// Declares all commands; `action` becomes that of the one that is called.
void declare(CLI::App& app, Arguments& arguments, Action& action) {
  app.set_version_flag("--version", "sluice " SLUICE_VERSION);
  app.footer(std::string(kFooter));
  app.require_subcommand(1);

  CLI::App* run = app.add_subcommand("run", "run the pipeline in FILE until its generators end or a signal comes");
  add_config_options(*run, arguments);
  run->add_option("--ledger", arguments.ledger_file, "write the ledger as JSON at exit")->type_name("FILE");
  run->add_flag("--no-progress", arguments.no_progress,
                "no line that says how far plain files are read, on a terminal");
  run->footer(
      "SIGTERM and SIGINT drain what is under way (at most --grace), a second one stops at once; SIGUSR1 logs the "
      "ledger.\nExample: tail -F app.log | sluice run pipeline.yaml > errors.ndjson");
  run->callback([&] { action = [](const flow::Context& root, Commands& commands) { return commands.run(root); }; });

  CLI::App* check = app.add_subcommand("check", "check FILE completely without running it; prints every error");
  add_config_options(*check, arguments);
  check->callback([&] { action = [](const flow::Context&, Commands& commands) { return commands.check(); }; });

  CLI::App* explain = app.add_subcommand("explain", "show what every stage of FILE does to a line, and why");
  add_config_options(*explain, arguments);
  explain->add_option("LINE", arguments.line, "the line; without it, each line of stdin is explained")
      ->each([&](const std::string&) { arguments.has_line = true; });
  explain->footer(
      "Nothing is read from generators or written by writers.\n"
      "Example: sluice explain pipeline.yaml '{\"level\":\"error\"}'");
  explain->callback(
      [&] { action = [](const flow::Context& root, Commands& commands) { return commands.explain(root); }; });

  declare_test(app, arguments, action);

  CLI::App* schema = app.add_subcommand("schema", "print the JSON Schema of the configuration, for editors");
  schema->callback([&] { action = [](const flow::Context&, Commands& commands) { return commands.schema(); }; });

  CLI::App* stages = app.add_subcommand("stages", "the reference of stages and their options");
  stages->add_option("NAME", arguments.stage_name, "a kind (parse), a variant (json, parse json) or pipeline");
  stages->add_flag("--markdown", arguments.markdown, "the whole reference, as in docs/reference.md");
  stages->callback([&] { action = [](const flow::Context&, Commands& commands) { return commands.stages(); }; });

  declare_live_commands(app, arguments.live, [&action](LiveAction chosen) {
    action = [chosen = std::move(chosen)](const flow::Context& root, Commands& commands) {
      return commands.live(root, chosen);
    };
  });
  declare_documents(app, arguments, action);
  for (CLI::App* command : app.get_subcommands({})) add_log_options(*command, arguments);
}

// CLI11 would only say that the word was not expected.
std::optional<std::string> unknown_command(CLI::App& app, const std::vector<std::string>& words) {
  if (words.empty()) return "which command?";
  if (words.front().starts_with("-")) return std::nullopt;
  std::vector<std::string> names;
  for (const CLI::App* command : app.get_subcommands({})) names.push_back(command->get_name());
  if (std::ranges::find(names, words.front()) != names.end()) return std::nullopt;
  return fmt::format("there is no command `{}`; {}", words.front(), config::suggestion(words.front(), names));
}

ExitCode wrong_usage(const Console& console, std::string_view message) {
  console.err << "sluice: " << message << "\nTry `sluice --help`.\n";
  return ExitCode::usage;
}

}  // namespace

ExitCode command_line(const flow::Context& root, const std::vector<std::string>& arguments, const Console& console) {
  CLI::App app("A log-stream processing daemon that accounts for every record.", "sluice");
  Arguments values;
  Action action;
  declare(app, values, action);
  if (const auto message = unknown_command(app, arguments)) return wrong_usage(console, *message);
  try {
    app.parse(std::vector<std::string>(arguments.rbegin(), arguments.rend()));  // CLI11 takes them backwards
  } catch (const CLI::ParseError& error) {
    if (error.get_exit_code() != 0) return wrong_usage(console, error.what());
    app.exit(error, console.out, console.err);  // --help, --version
    return ExitCode::ok;
  }
  Commands commands(console, values);
  const ExitCode code = action(root, commands);
  console.out.flush();
  return code;
}

}  // namespace sluice::daemon
