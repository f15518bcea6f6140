#include "stages/filter/dedupe.hpp"

#include <fmt/format.h>

#include <chrono>
#include <utility>

#include "config/units.hpp"
#include "stages/filter/key.hpp"
#include "stages/filter/key_table.hpp"

namespace sluice::stages {
namespace {

using expression::Match;
using expression::Truth;
using Time = std::chrono::steady_clock::time_point;

// Remembers when a record of a key went on. The window begins there and is not renewed by the records that it swallows,
// so that what repeats for ever still shows once in each window. All records of a batch arrive at the same time.
class Dedupe final : public Condition {
 public:
  Dedupe(std::chrono::nanoseconds window, std::size_t max_keys, Key key, Clock clock, OnError on_error)
      : window_(window), seen_(max_keys), key_(std::move(key)), clock_(std::move(clock)), on_error_(on_error) {}

  bool serial() const override { return true; }

  void apply(record::Batch& batch, Tally& tally) override {
    const Time now = clock_();
    while (seen_.size() > 0 && now - seen_.oldest() >= window_) seen_.remove_oldest();
    record::Buffer scratch;
    std::uint64_t evicted = 0;
    sift(
        batch, tally, on_error_,
        [&](record::Record& record, record::Arena& arena) -> Match {
          const KeyText key = key_.read(record, arena, scratch);
          if (!key.ok()) return {Truth::error, key.error};
          if (seen_.find(key.text) != nullptr) return {Truth::no, {}};
          // What is in the table is within its window: the others are gone since the batch arrived.
          if (seen_.full()) seen_.remove_oldest(), ++evicted;
          seen_.insert(key.text) = now;
          return {Truth::yes, {}};
        },
        [this](const expression::Error& error) { return key_.detail(error); });
    if (evicted != 0) tally.error("dedupe_keys_evicted", evicted);
  }

  bool explain(record::Record& record, record::Arena& arena, std::vector<Remark>& remarks) const override {
    record::Buffer scratch;
    const KeyText key = key_.read(record, arena, scratch);
    if (!key.ok()) {
      remarks.push_back({0, "dedupe: error: " + key_.detail(key.error)});
      return on_error_ == OnError::keep;
    }
    const Time* const seen = seen_.find(key.text);
    const bool is_first = seen == nullptr || clock_() - *seen >= window_;
    remarks.push_back({0, fmt::format("dedupe within {}: {} {}", config::format_duration(window_),
                                      key_.describe(record, arena), is_first ? "is new" : "went on already")});
    return is_first;
  }

 private:
  const std::chrono::nanoseconds window_;
  KeyTable<Time> seen_;
  const Key key_;
  const Clock clock_;
  const OnError on_error_;
};

}  // namespace

config::Option dedupe_option() {
  using config::Option;
  return Option::mapping(
             "dedupe",
             {Option::expression("key")
                  .not_empty()
                  .example("host + message")
                  .doc("what tells records apart, a field or an expression; the whole line if it is not given"),
              Option::duration("window").defaults("1m").doc(
                  "how long a key is remembered after a record of it went on, by the time of arrival"),
              Option::integer("max_keys")
                  .at_least(1)
                  .at_most(10'000'000)
                  .defaults("100000")
                  .doc("how many keys are remembered, about 80 bytes each; the oldest is forgotten before its time if "
                       "there are more, counted as `dedupe_keys_evicted`")})
      .example("{key: message, window: 1m}")
      .doc("let the first record of each key go on, and no other within the window");
}

std::unique_ptr<Condition> make_dedupe(const config::Settings& settings, Workshop& workshop, OnError on_error) {
  const config::Settings& section = settings.section("dedupe");
  std::optional<Key> key = Key::make(section, "key", workshop);
  if (!key) return nullptr;
  return std::make_unique<Dedupe>(section.duration("window"), static_cast<std::size_t>(section.integer("max_keys")),
                                  std::move(*key), workshop.clock, on_error);
}

}  // namespace sluice::stages
