#include "stages/enrich/lookup.hpp"

#include <algorithm>
#include <string>
#include <utility>
#include <vector>

#include "config/suggest.hpp"
#include "record/json_writer.hpp"
#include "stages/enrich/literals.hpp"
#include "stages/enrich/lookup_table.hpp"
#include "stages/enrich/quoted_string.hpp"
#include "stages/enrich/reloading.hpp"
#include "stages/write/field_path.hpp"

namespace sluice::stages {
namespace {

using config::Choice;
using config::Option;
using record::Type;
using record::Value;

constexpr std::string_view kReloadFailed = "lookup_reload_failed";

// The field that a column fills, and what it is without a row.
struct Target {
  record::FieldKey field;
  Value otherwise;  // absent: leave the field as it is
};

// A hash join: the field's text is the key of a row.
class Lookup final : public Operation {
 public:
  Lookup(FieldPath on, std::unique_ptr<Reloading<LookupTable>> table, std::vector<Target> targets, Literals defaults)
      : on_(std::move(on)), table_(std::move(table)), targets_(std::move(targets)), defaults_(std::move(defaults)) {}

  void apply(const flow::Context&, record::Batch& batch, Tally& tally) const override {
    const std::shared_ptr<const LookupTable> table = table_->get(tally);
    record::Arena& arena = batch.arena();
    record::Buffer scratch;
    for (record::Record& record : batch.records()) {
      const std::span<const Value> row = find(*table, record, arena, scratch);
      for (std::size_t i = 0; i < targets_.size(); ++i) {
        const Value& value = row.empty() || row[i].is_absent() ? targets_[i].otherwise : row[i];
        if (value.is_absent()) continue;
        record.set(targets_[i].field, table_->reloads() && !row.empty() ? kept(value, arena) : value, arena);
      }
    }
  }

  void explain(record::Record& record, record::Arena& arena, std::vector<Remark>& remarks) const override {
    Tally ignored;
    record::Buffer scratch;
    const std::shared_ptr<const LookupTable> table = table_->get(ignored);
    const Value key = on_.find(record, arena);
    if (key.is_absent()) return remarks.push_back({0, "lookup: the record has no `" + on_.text() + "`"});
    const bool found = !find(*table, record, arena, scratch).empty();
    record::Buffer text;
    record::write_text(text, key);
    remarks.push_back({0, std::string("lookup: ") + (found ? "found" : "no row for") + " `" + std::string(text.view()) +
                              "` among " + std::to_string(table->size()) + " rows"});
  }

 private:
  std::span<const Value> find(const LookupTable& table, const record::Record& record, record::Arena& arena,
                              record::Buffer& scratch) const {
    const Value key = on_.find(record, arena);
    if (key.is_absent()) return {};
    if (key.is(Type::string)) return table.find(key.text());
    scratch.clear();
    record::write_text(scratch, key);
    return table.find(scratch.view());
  }

  // A table that is replaced goes before the batches that were looked up in it do.
  static Value kept(const Value& value, record::Arena& arena) {
    if (value.is(Type::json)) return Value::json(arena.copy(value.text()));
    if (!value.is(Type::string)) return value;
    return value.is_quoted() ? keep_plain(value.text(), arena) : Value::string(arena.copy(value.text()));
  }

  const FieldPath on_;
  const std::unique_ptr<Reloading<LookupTable>> table_;
  const std::vector<Target> targets_;
  const Literals defaults_;
};

struct Columns {
  std::vector<std::string> names;   // of the table
  std::vector<std::string> fields;  // of the record
};

Columns columns_of(const config::Settings& section) {
  Columns columns;
  if (!section.has("add")) return columns;
  if (section.type_of("add") == config::Type::list) {
    columns.names = columns.fields = section.strings("add");
    return columns;
  }
  for (const config::Entry& entry : section.entries("add")) {
    columns.names.push_back(entry.key);
    columns.fields.push_back(entry.value.string());
  }
  return columns;
}

TableFormat format_of(const config::Settings& section) {
  const std::string word = section.string("format");
  if (word == "auto") return table_format_of(section.string("file"));
  return word == "json" ? TableFormat::json : word == "tsv" ? TableFormat::tsv : TableFormat::csv;
}

// The defaults by name of field; an error for a field that is not added.
bool take_defaults(const config::Settings& section, const std::vector<std::string>& fields, Literals& literals,
                   std::vector<Target>& targets, Workshop& workshop) {
  bool good = true;
  for (const config::Entry& entry : section.entries("default")) {
    const auto field = std::ranges::find(fields, entry.key);
    if (field == fields.end()) {
      workshop.diagnostics.error(entry.key_location, "`" + entry.key + "` is not among the fields that are added",
                                 config::suggestion(entry.key, fields), entry.key.size());
      good = false;
      continue;
    }
    targets[static_cast<std::size_t>(field - fields.begin())].otherwise = literals.make(entry.value.node());
  }
  return good;
}

}  // namespace

Option lookup_option() {
  return Option::mapping(
             "lookup",
             {Option::string("file").required().not_empty().doc("the table: CSV with a header line, or JSON lines"),
              Option::choice("format", {Choice("auto", "by the file's name: .tsv, .jsonl, .ndjson, .json, else CSV"),
                                        Choice("csv", "separated by commas, quoted as in RFC 4180"),
                                        Choice("tsv", "separated by tabs"), Choice("json", "an object on each line")})
                  .defaults("auto")
                  .doc("how the table is written"),
              Option::string("on").required().not_empty().doc(
                  "the record's field (`a.b` for a nested one) whose text is looked up"),
              Option::string("key").not_empty().doc(
                  "the table's column that must be equal to it; if it is not given, the one named like `on`"),
              Option::either("add", {Option::list("", Option::string().not_empty()).or_single().not_empty(),
                                     Option::map("", Option::string().not_empty()).not_empty()})
                  .doc("the columns to add, a list, or a map `column: field` to give them other names; if it is not "
                       "given, all but the key"),
              Option::map("default", Option::any()).doc("values of added fields for records that have no row"),
              Option::duration("reload").defaults("0").doc(
                  "look this often whether the file has changed, and read it then; 0: never. A file that cannot be "
                  "used "
                  "leaves the old table in place and is counted as `lookup_reload_failed`")})
      .example("{file: hosts.csv, on: ip, add: [owner, team], reload: 30s}")
      .doc("add columns of a table; a record without a row stays as it is, unless `default` says otherwise");
}

std::unique_ptr<Operation> make_lookup(const config::Settings& settings, Workshop& workshop) {
  const config::Settings& section = settings.section("lookup");
  const std::string path = section.string("file");
  const std::string on = section.string("on");
  const std::string key = section.has("key") ? section.string("key") : on;
  const TableFormat format = format_of(section);
  Columns columns = columns_of(section);
  const FileVersion version = FileVersion::of(path);
  TableError error;
  const std::shared_ptr<const LookupTable> table = LookupTable::load(path, format, key, columns.names, error);
  if (table == nullptr) {
    workshop.diagnostics.error(section.locate("file"), path + ": " + error.message, {},
                               section.value("file").node().span());
    return nullptr;
  }
  if (columns.names.empty()) columns.names = columns.fields = table->columns();
  std::vector<Target> targets;
  for (const std::string& field : columns.fields) targets.push_back({workshop.fields.intern(field), {}});
  Literals defaults;
  if (!take_defaults(section, columns.fields, defaults, targets, workshop)) return nullptr;
  const auto load = [path, format, key, names = columns.names] {
    TableError ignored;
    return LookupTable::load(path, format, key, names, ignored);
  };
  auto reloading = std::make_unique<Reloading<LookupTable>>(path, version, table, section.duration("reload"),
                                                            workshop.clock, load, kReloadFailed);
  return std::make_unique<Lookup>(FieldPath(on, workshop.fields), std::move(reloading), std::move(targets),
                                  std::move(defaults));
}

}  // namespace sluice::stages
