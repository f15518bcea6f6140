// Foreign expectations: reading them, and keeping count of where we agree.
#pragma once

#include <gtest/gtest.h>

#include <algorithm>
#include <cstdio>
#include <fstream>
#include <map>
#include <optional>
#include <set>
#include <sstream>
#include <string>
#include <string_view>
#include <vector>

#include "record/buffer.hpp"
#include "record/json.hpp"
#include "record/json_writer.hpp"

namespace sluice::test {

inline std::string shared_file(const std::string& name) { return std::string(SLUICE_SHARED_DIR) + "/data/" + name; }

// The lines of a file, their ends removed as a generator does it (LF, or CR LF). Nothing when it is absent.
inline std::optional<std::vector<std::string>> read_lines(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  if (!file) return std::nullopt;
  std::vector<std::string> lines;
  for (std::string line; std::getline(file, line);) {
    if (!line.empty() && line.back() == '\r') line.pop_back();
    lines.push_back(line);
  }
  return lines;
}

// A JSON value that owns its text.
class Json {
 public:
  explicit Json(std::string text) : text_(std::move(text)) {}

  bool is_object() const { return !text_.empty() && text_.front() == '{'; }
  bool has(std::string_view name) const { return !get(name).is_absent(); }
  // The member as text: strings as they are, everything else as JSON. Empty if absent.
  std::string text(std::string_view name) const {
    const record::Value value = get(name);
    return value.is_absent() ? "" : as_text(value);
  }
  // The member as JSON.
  Json member(std::string_view name) const {
    record::Buffer out;
    record::write_json(out, get(name));
    return Json(std::string(out.view()));
  }
  std::vector<Json> items() const {
    record::Arena arena;
    std::vector<Json> all;
    for (const record::Value& item : record::resolve(record::Value::json(text_), arena).items()) {
      record::Buffer out;
      record::write_json(out, item);
      all.emplace_back(std::string(out.view()));
    }
    return all;
  }
  // The value itself as text, if it is a string or other scalar.
  std::string scalar() const { return as_text(record::Value::json(text_)); }
  const std::string& json() const { return text_; }

  // All scalars in it, sorted, however deep; null is left out.
  std::vector<std::string> scalars() const {
    std::vector<std::string> all;
    record::Arena arena;
    collect(record::Value::json(text_), arena, all);
    std::sort(all.begin(), all.end());
    return all;
  }

 private:
  record::Value get(std::string_view name) const { return record::member(record::Value::json(text_), name); }
  static std::string as_text(const record::Value& value) {
    record::Arena arena;
    record::Buffer out;
    record::write_text(out, record::resolve(value, arena));
    return std::string(out.view());
  }
  static void collect(const record::Value& value, record::Arena& arena, std::vector<std::string>& all) {
    const record::Value resolved = record::resolve(value, arena);
    if (resolved.is(record::Type::list)) {
      for (const record::Value& item : resolved.items()) collect(item, arena, all);
    } else if (resolved.is(record::Type::map)) {
      for (const record::Field& field : resolved.fields()) collect(field.value, arena, all);
    } else if (!resolved.is(record::Type::null)) {
      all.push_back(as_text(resolved));
    }
  }

  std::string text_;
};

// Counts the cases of one suite. At its end a row of the table of agreement is printed, and the differences are held
// against tests/foreign/known_differences.txt: one that is not listed fails the test, and so does a listed one that is
// no more. Lines of that file: suite, case and reason, separated by tabs.
class Agreement {
 public:
  explicit Agreement(std::string suite) : suite_(std::move(suite)) {
    std::ifstream file(std::string(SLUICE_SOURCE_DIR) + "/tests/foreign/known_differences.txt");
    for (std::string line; std::getline(file, line);) {
      if (line.empty() || line.front() == '#') continue;
      std::istringstream columns(line);
      std::string suite_name, name, reason;
      std::getline(columns, suite_name, '\t');
      std::getline(columns, name, '\t');
      std::getline(columns, reason);
      if (suite_name == suite_) known_[name] = reason;
    }
  }
  Agreement(const Agreement&) = delete;
  Agreement& operator=(const Agreement&) = delete;

  // `what` tells what differs, for the message.
  void check(const std::string& name, bool agrees, const std::string& what = {}) {
    ++cases_;
    if (agrees) {
      ++agree_;
      EXPECT_EQ(known_.count(name), 0U) << suite_ << ": " << name << " agrees now: take it off the list";
      return;
    }
    differ_.insert(name);
    EXPECT_EQ(known_.count(name), 1U) << suite_ << ": " << name << " differs and is not listed: " << what;
  }
  void equal(const std::string& name, const std::string& ours, const std::string& theirs) {
    check(name, ours == theirs, "ours `" + ours + "`, theirs `" + theirs + "`");
  }

  ~Agreement() {
    for (const auto& [name, reason] : known_) {
      EXPECT_TRUE(differ_.count(name) == 1) << suite_ << ": " << name << " is listed but was not seen";
      EXPECT_FALSE(reason.empty()) << suite_ << ": " << name << " is listed without a reason";
    }
    std::printf("[ foreign  ] %-32s %6zu cases %6zu agree %4zu known differences\n", suite_.c_str(), cases_, agree_,
                known_.size());
  }

 private:
  std::string suite_;
  std::map<std::string, std::string> known_;
  std::set<std::string> differ_;
  std::size_t cases_ = 0;
  std::size_t agree_ = 0;
};

// A line of CSV as Python's csv module writes it.
inline std::vector<std::string> split_csv(const std::string& line) {
  std::vector<std::string> values(1);
  bool quoted = false;
  for (std::size_t i = 0; i < line.size(); ++i) {
    if (line[i] == '"') {
      if (quoted && i + 1 < line.size() && line[i + 1] == '"') {
        values.back() += '"';
        ++i;
      } else {
        quoted = !quoted;
      }
    } else if (line[i] == ',' && !quoted) {
      values.emplace_back();
    } else {
      values.back() += line[i];
    }
  }
  return values;
}

inline std::string trimmed(std::string text) {
  while (!text.empty() && text.back() == ' ') text.pop_back();
  return text.substr(std::min(text.find_first_not_of(' '), text.size()));
}

}  // namespace sluice::test
