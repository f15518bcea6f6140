#include "stages/enrich/geoip.hpp"

#include <algorithm>
#include <deque>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "stages/enrich/batch_cache.hpp"
#include "stages/enrich/geo_database.hpp"
#include "stages/enrich/reloading.hpp"
#include "stages/write/field_path.hpp"

namespace sluice::stages {
namespace {

using config::Option;
using record::Field;
using record::Type;
using record::Value;

constexpr std::string_view kReloadFailed = "geoip_reload_failed";

// Which parts of an entry are taken, and the map that is made of them.
class Selection {
 public:
  bool empty() const { return root_.children.empty(); }

  // Takes what is at `path`, names and places separated by dots, as `names`, one within the other.
  void add(std::string_view path, const std::vector<std::string>& names) {
    Node* node = &root_;
    for (const std::string& name : names) node = &node->child(name);
    const std::vector<std::string> parts = split(path);
    node->parts.assign(parts.begin(), parts.end());
    for (const std::string& part : node->parts) node->path.push_back(part.c_str());
    node->path.push_back(nullptr);
  }

  // Absent if there is nothing of it.
  Value take(const GeoDatabase& database, std::uint32_t entry, record::Arena& arena) const {
    return take(root_, database, entry, arena);
  }

  static std::vector<std::string> split(std::string_view path) {
    std::vector<std::string> parts;
    while (path.find('.') != std::string_view::npos) {
      parts.emplace_back(path.substr(0, path.find('.')));
      path.remove_prefix(path.find('.') + 1);
    }
    parts.emplace_back(path);
    return parts;
  }

 private:
  struct Node {
    std::string name;
    std::deque<std::string> parts;  // of the path, for a leaf
    std::vector<const char*> path;  // the same, ending in null
    std::deque<Node> children;      // deques: `path` points into the strings

    Node& child(const std::string& wanted) {
      const auto known = std::ranges::find(children, wanted, &Node::name);
      if (known != children.end()) return *known;
      children.emplace_back();
      children.back().name = wanted;
      return children.back();
    }
  };

  static Value take(const Node& node, const GeoDatabase& database, std::uint32_t entry, record::Arena& arena) {
    if (node.children.empty()) return database.member(entry, node.path.data(), arena);
    const std::span<Field> fields = arena.make_array<Field>(node.children.size());
    std::size_t count = 0;
    for (const Node& child : node.children) {
      const Value value = take(child, database, entry, arena);
      if (!value.is_absent()) fields[count++] = {Value::string(child.name), value};
    }
    return count == 0 ? Value() : Value::map(fields.first(count));
  }

  Node root_;
};

class Geoip final : public Operation {
 public:
  Geoip(FieldPath field, record::FieldKey into, std::unique_ptr<const Selection> selection,
        std::unique_ptr<Reloading<GeoDatabase>> database)
      : field_(std::move(field)), into_(into), selection_(std::move(selection)), database_(std::move(database)) {}

  void apply(const flow::Context&, record::Batch& batch, Tally& tally) const override {
    const std::shared_ptr<const GeoDatabase> database = database_->get(tally);
    record::Arena& arena = batch.arena();
    BatchCache<std::uint32_t> cache;
    for (record::Record& record : batch.records()) {
      const Value text = field_.find(record, arena);
      if (!text.is(Type::string)) continue;
      const std::optional<GeoAddress> address = GeoAddress::parse(text.text());
      if (!address) {
        tally.error("not_an_address");
        continue;
      }
      const GeoDatabase::Found found = database->find(*address);
      if (found.broken) tally.error("geoip_database_damaged");
      if (!found.found) continue;
      auto& cached = cache.at(found.entry, found.entry);
      if (!cached.used || cached.key != found.entry) {
        cached = {found.entry, describe(*database, found.entry, arena), true};
      }
      if (!cached.value.is_absent()) record.set(into_, cached.value, arena);
    }
  }

  void explain(record::Record& record, record::Arena& arena, std::vector<Remark>& remarks) const override {
    Tally ignored;
    const std::shared_ptr<const GeoDatabase> database = database_->get(ignored);
    const Value text = field_.find(record, arena);
    const std::string name = "`" + field_.text() + "`";
    if (!text.is(Type::string)) return remarks.push_back({0, "geoip: the record has no text " + name});
    const std::string shown = "`" + std::string(text.text()) + "`";
    const std::optional<GeoAddress> address = GeoAddress::parse(text.text());
    if (!address) return remarks.push_back({0, "geoip: " + name + " (" + shown + ") is no address"});
    const bool found = database->find(*address).found;
    remarks.push_back(
        {0, "geoip: " + shown + (found ? " found in " : " is in no network of ") + std::string(database->type())});
  }

 private:
  Value describe(const GeoDatabase& database, std::uint32_t entry, record::Arena& arena) const {
    return selection_->empty() ? database.entry(entry, arena) : selection_->take(database, entry, arena);
  }

  const FieldPath field_;
  const record::FieldKey into_;
  const std::unique_ptr<const Selection> selection_;
  const std::unique_ptr<Reloading<GeoDatabase>> database_;
};

bool is_number(std::string_view text) {
  return !text.empty() && std::ranges::all_of(text, [](char c) { return c >= '0' && c <= '9'; });
}

// The path's names, each within the one before; an error, which is reported, if that cannot be.
bool take_path(const config::Value& option, Selection& selection, std::vector<std::vector<std::string>>& taken,
               Workshop& workshop) {
  const std::string& path = option.string();
  std::vector<std::string> parts = Selection::split(path);
  std::string problem;
  std::string hint;
  if (std::ranges::any_of(parts, [](const std::string& part) { return part.empty(); })) {
    problem = "`" + path + "` is no path", hint = "write names separated by dots, such as `country.iso_code`";
  } else if (std::ranges::any_of(parts, is_number)) {
    problem = "`" + path + "` goes into a list and has no name of its own";
    hint = "give it one: `fields: {" + parts.front() + ": " + path + "}`";
  }
  for (const std::vector<std::string>& other : taken) {
    const std::size_t shared = std::min(other.size(), parts.size());
    if (problem.empty() &&
        std::equal(parts.begin(), parts.begin() + static_cast<std::ptrdiff_t>(shared), other.begin())) {
      problem = "`" + path + "` and another path are parts of one another", hint = "leave out the longer one";
    }
  }
  if (!problem.empty()) {
    workshop.diagnostics.error(option.location(), problem, hint, option.node().span());
    return false;
  }
  selection.add(path, parts);
  taken.push_back(std::move(parts));
  return true;
}

bool take_fields(const config::Settings& section, Selection& selection, Workshop& workshop) {
  bool good = true;
  if (!section.has("fields")) return good;
  if (section.type_of("fields") == config::Type::map) {
    for (const config::Entry& entry : section.entries("fields")) selection.add(entry.value.string(), {entry.key});
    return good;
  }
  std::vector<std::vector<std::string>> taken;
  for (const config::Value& option : section.items("fields")) {
    good = take_path(option, selection, taken, workshop) && good;
  }
  return good;
}

}  // namespace

Option geoip_option() {
  return Option::mapping(
             "geoip",
             {Option::string("database")
                  .required()
                  .not_empty()
                  .doc("a file in MaxMind's format (.mmdb): City, Country, ASN, or any other"),
              Option::string("field").required().not_empty().doc(
                  "the field with the address, IPv4 or IPv6, `a.b` for a nested one"),
              Option::string("into").defaults("geo").not_empty().doc("the field that gets what is found, as a map"),
              Option::either("fields", {Option::list("", Option::string().not_empty()).or_single().not_empty(),
                                        Option::map("", Option::string().not_empty()).not_empty()})
                  .example("[country.iso_code, city.names.en]")
                  .doc(
                      "what to take, by paths into the database's data; a list keeps their nesting, a map `name: path` "
                      "gives them names (`region: subdivisions.0.iso_code`); if it is not given, everything"),
              Option::duration("reload").defaults("0").doc(
                  "look this often whether the file has been replaced, by renaming another one into its place; 0: "
                  "never. "
                  "A file that cannot be used leaves the old one in place and is counted as `geoip_reload_failed`")})
      .example("{database: GeoLite2-City.mmdb, field: client_ip, into: geo}")
      .doc(
          "add what a database knows of an IP address; an address that it does not know changes nothing, a text that "
          "is "
          "none is counted as `not_an_address`");
}

std::unique_ptr<Operation> make_geoip(const config::Settings& settings, Workshop& workshop) {
  const config::Settings& section = settings.section("geoip");
  const std::string path = section.string("database");
  auto selection = std::make_unique<Selection>();
  const bool good = take_fields(section, *selection, workshop);
  const FileVersion version = FileVersion::of(path);
  std::string error;
  std::shared_ptr<const GeoDatabase> database = GeoDatabase::open(path, error);
  if (database == nullptr) {
    workshop.diagnostics.error(section.locate("database"), path + ": " + error, {},
                               section.value("database").node().span());
  }
  if (!good || database == nullptr) return nullptr;
  const auto load = [path] {
    std::string ignored;
    return GeoDatabase::open(path, ignored);
  };
  auto reloading = std::make_unique<Reloading<GeoDatabase>>(
      path, version, std::move(database), section.duration("reload"), workshop.clock, load, kReloadFailed);
  return std::make_unique<Geoip>(FieldPath(section.string("field"), workshop.fields),
                                 workshop.fields.intern(section.string("into")), std::move(selection),
                                 std::move(reloading));
}

}  // namespace sluice::stages
