#include "daemon/test_case.hpp"

#include <algorithm>
#include <utility>

#include "config/suggest.hpp"
#include "config/text.hpp"
#include "expression/time.hpp"
#include "fmt/format.h"
#include "stages/compile_expression.hpp"
#include "stages/registry.hpp"

namespace sluice::daemon {
namespace {

using config::Role;
using config::Settings;
using config::Type;
using config::Value;

std::uint64_t number(const Value& value) { return static_cast<std::uint64_t>(value.integer()); }

class CaseReader {
 public:
  CaseReader(const config::PipelineConfig& config, const Settings& settings, record::FieldTable& fields,
             config::Diagnostics& diagnostics, TestCase& test)
      : config_(config), settings_(settings), workshop_{fields, diagnostics}, test_(test) {}

  void read() {
    test_.location = settings_.location();
    test_.error = settings_.string("error");
    test_.exact = settings_.boolean("exact");
    read_time();
    if (const Value* value = settings_.find("input")) read_inputs(*value);
    if (const Value* value = settings_.find("output")) read_outputs(*value);
    if (const Value* value = settings_.find("rejected")) read_rejected(*value);
    if (const Value* value = settings_.find("filtered")) read_filtered(*value);
  }

 private:
  void error(const config::Location& place, std::string message, std::string hint, std::size_t span = 1) {
    workshop_.diagnostics.error(place, std::move(message), std::move(hint), span);
  }

  void read_time() {
    const Value* value = settings_.find("time");
    if (value == nullptr) return;
    const auto time = expression::parse_timestamp(value->string());
    if (time && expression::in_range(*time)) {
      test_.time = *time;
    } else {
      error(value->location(), "`time`: expected a time, found " + config::quote(value->string()),
            "write it as 2026-01-01T00:00:00Z", value->node().span());
    }
  }

  std::vector<std::size_t> stages_with(Role role) const {
    std::vector<std::size_t> found;
    for (std::size_t i = 0; i < config_.stages.size(); ++i) {
      if (config_.stages[i].role == role) found.push_back(i);
    }
    return found;
  }

  // Calls `read` for the value of each stage of the role that the option names, or of the only one.
  template <class Read>
  void for_each_stage(const Value& value, std::string_view option, Role role, std::string_view role_name, Read read) {
    const std::vector<std::size_t> stages = stages_with(role);
    std::vector<std::string> names;
    for (const std::size_t stage : stages) names.push_back(config_.stages[stage].name);
    if (value.type() != Type::map) {
      if (stages.size() == 1) return read(stages.front(), value);
      if (stages.empty()) return;  // has been reported
      return error(value.location(), fmt::format("`{}`: there are {} {}s", option, stages.size(), role_name),
                   fmt::format("say which: `{}: {{{}: ...}}`", option, names.front()));
    }
    for (const config::Entry& entry : value.entries()) {
      const auto found = std::ranges::find(names, entry.key);
      if (found != names.end()) {
        read(stages[static_cast<std::size_t>(found - names.begin())], entry.value);
        continue;
      }
      std::string hint = config::suggestion(entry.key, names);
      if (entry.key == "where") hint = "`output` is a list of records: `- where: ...`";
      error(entry.key_location, fmt::format("there is no {} {}", role_name, config::quote(entry.key)), std::move(hint),
            config::count_characters(entry.key));
    }
  }

  void read_inputs(const Value& value) {
    for_each_stage(value, "input", Role::generator, "generator", [this](std::size_t generator, const Value& lines) {
      if (lines.type() == Type::string) {
        for (const std::string_view line : config::lines_of(lines.string())) add_line(generator, std::string(line));
        return;
      }
      for (const Value& item : lines.items()) {
        if (item.type() == Type::string) {
          // A text of several lines is what the generator would make lines of.
          const std::string text = item.string() + "\n";
          for (const std::string_view line : config::lines_of(text)) add_line(generator, std::string(line));
        } else {
          test_.inputs.push_back({generator, {}, item.section().duration("wait"), true});
        }
      }
    });
  }

  void add_line(std::size_t generator, std::string line) {
    test_.inputs.push_back({generator, std::move(line), {}, false});
  }

  void read_outputs(const Value& value) {
    for_each_stage(value, "output", Role::writer, "writer", [this](std::size_t writer, const Value& records) {
      ExpectedOutput output;
      output.writer = writer;
      if (records.type() == Type::integer) {
        output.count = number(records);
      } else if (records.type() == Type::string) {
        for (const std::string_view line : config::lines_of(records.string())) {
          output.records.push_back({ExpectedRecord::Kind::text, std::string(line), {}, {}});
        }
      } else {
        for (const Value& item : records.items()) output.records.push_back(read_record(item));
      }
      test_.outputs.push_back(std::move(output));
    });
  }

  ExpectedRecord read_record(const Value& value) {
    ExpectedRecord record;
    if (value.type() == Type::string) {
      record.text = value.string();
      if (record.text.ends_with('\n')) record.text.pop_back();  // of a block
    } else if (value.type() == Type::mapping) {
      record.kind = ExpectedRecord::Kind::condition;
      for (const Value& source : value.section().items("where")) {
        auto program = stages::compile_expression(source, expression::ResultType::boolean, workshop_);
        if (program) record.conditions.push_back(*std::move(program));
      }
    } else {
      record.kind = ExpectedRecord::Kind::value;
      std::vector<config::Node::Member> members;
      for (const config::Entry& entry : value.entries()) members.push_back({entry.key, entry.value.node(), nullptr});
      record.value = test_.literals.make(config::Node::map(std::move(members)));
    }
    return record;
  }

  void read_rejected(const Value& value) {
    if (value.type() == Type::integer) {
      test_.rejected.count = number(value);
      return;
    }
    for (const Value& item : value.items()) {
      ExpectedRejection& rejection = test_.rejected.items.emplace_back();
      if (item.type() == Type::string) {
        rejection.reason = item.string();
        continue;
      }
      const Settings& parts = item.section();
      rejection = {parts.string("reason"), parts.string("stage"), parts.string("detail"), std::nullopt};
      if (parts.has("raw")) rejection.raw = parts.string("raw");
      if (!rejection.stage.empty() && config_.find_stage(rejection.stage) == nullptr) {
        std::vector<std::string> names;
        for (const config::StageConfig& stage : config_.stages) names.push_back(stage.name);
        error(parts.locate("stage"), "there is no stage " + config::quote(rejection.stage),
              config::suggestion(rejection.stage, names), config::count_characters(rejection.stage));
      }
    }
  }

  void read_filtered(const Value& value) {
    Expected<std::string>& filtered = test_.filtered.emplace();
    if (value.type() == Type::integer) {
      filtered.count = number(value);
    } else if (value.type() == Type::string) {
      const std::vector<std::string_view> lines = config::lines_of(value.string());
      filtered.items.assign(lines.begin(), lines.end());
    } else {
      filtered.items = value.strings();
    }
  }

  const config::PipelineConfig& config_;
  const Settings& settings_;
  stages::Workshop workshop_;
  TestCase& test_;
};

}  // namespace

TestCase read_test(const config::PipelineConfig& config, std::size_t index, record::FieldTable& fields,
                   config::Diagnostics& diagnostics) {
  TestCase test;
  test.name = name_of_test(config, index);
  CaseReader(config, config.tests[index], fields, diagnostics, test).read();
  return test;
}

void check_tests(const config::PipelineConfig& config, record::FieldTable& fields, config::Diagnostics& diagnostics) {
  for (std::size_t i = 0; i < config.tests.size(); ++i) read_test(config, i, fields, diagnostics);
}

std::string name_of_test(const config::PipelineConfig& config, std::size_t index) {
  const std::string name = config.tests[index].string("name");
  return name.empty() ? fmt::format("test {}", index + 1) : name;
}

config::Environment environment_of_test(const Settings& test, config::Environment outer) {
  std::vector<std::pair<std::string, std::string>> own;
  for (const config::Entry& entry : test.entries("environment")) own.emplace_back(entry.key, entry.value.string());
  return [own = std::move(own), outer = std::move(outer)](const std::string& name) -> std::optional<std::string> {
    for (const auto& [key, value] : own) {
      if (key == name) return value;
    }
    return outer ? outer(name) : std::nullopt;
  };
}

}  // namespace sluice::daemon
