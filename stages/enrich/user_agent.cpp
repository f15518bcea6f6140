#include "stages/enrich/user_agent.hpp"

#include <string>
#include <string_view>
#include <utility>

#include "stages/enrich/batch_cache.hpp"
#include "stages/enrich/user_agent_reader.hpp"
#include "stages/filter/key_hash.hpp"
#include "stages/write/field_path.hpp"

namespace sluice::stages {
namespace {

using record::Field;
using record::Type;
using record::Value;

class AddUserAgent final : public Operation {
 public:
  AddUserAgent(FieldPath field, record::FieldKey into) : field_(std::move(field)), into_(into) {}

  void apply(const flow::Context&, record::Batch& batch, Tally&) const override {
    record::Arena& arena = batch.arena();
    BatchCache<std::string_view> cache;
    for (record::Record& record : batch.records()) {
      const Value header = field_.find(record, arena);
      if (!header.is(Type::string) || header.text().empty() || header.text() == "-") continue;
      auto& entry = cache.at(key_hash(header.text()), header.text());
      if (!entry.used || entry.key != header.text()) entry = {header.text(), describe(header.text(), arena), true};
      if (!entry.value.is_absent()) record.set(into_, entry.value, arena);
    }
  }

  void explain(record::Record& record, record::Arena& arena, std::vector<Remark>& remarks) const override {
    const Value header = field_.find(record, arena);
    const std::string name = "`" + field_.text() + "`";
    if (!header.is(Type::string)) return remarks.push_back({0, "user_agent: the record has no text " + name});
    if (describe(header.text(), arena).is_absent()) {
      remarks.push_back({0, "user_agent: " + name + " names no browser or program that is known"});
    }
  }

 private:
  static Value describe(std::string_view header, record::Arena& arena) {
    const UserAgent agent = read_user_agent(header);
    const std::pair<std::string_view, std::string_view> parts[] = {{"name", agent.name},
                                                                   {"version", agent.version},
                                                                   {"os", agent.os},
                                                                   {"os_version", agent.os_version},
                                                                   {"device", agent.device}};
    const std::span<Field> fields = arena.make_array<Field>(std::size(parts));
    std::size_t count = 0;
    for (const auto& [name, text] : parts) {
      if (!text.empty()) fields[count++] = {Value::string(name), Value::string(text)};
    }
    return count == 0 ? Value() : Value::map(fields.first(count));
  }

  const FieldPath field_;
  const record::FieldKey into_;
};

}  // namespace

config::Option user_agent_option() {
  using config::Option;
  return Option::either("user_agent", {Option::string().not_empty(),
                                       Option::mapping("", {Option::string("field").required().not_empty().doc(
                                                                "the field with the header, `a.b` for a nested one"),
                                                            Option::string("into").defaults("ua").not_empty().doc(
                                                                "the field that gets what is found")})})
      .example("{field: agent, into: client}")
      .doc(
          "take a User-Agent header apart: `name` and `version` of the browser, bot or program, `os`, `os_version`, "
          "and `device` (desktop, mobile, tablet, tv, console, bot, tool), each where the header says it; a string is "
          "the field, and what is found goes to `ua`");
}

std::unique_ptr<Operation> make_user_agent(const config::Settings& settings, Workshop& workshop) {
  const bool is_short = settings.type_of("user_agent") == config::Type::string;
  const std::string field = is_short ? settings.string("user_agent") : settings.section("user_agent").string("field");
  const std::string into = is_short ? "ua" : settings.section("user_agent").string("into");
  return std::make_unique<AddUserAgent>(FieldPath(field, workshop.fields), workshop.fields.intern(into));
}

}  // namespace sluice::stages
