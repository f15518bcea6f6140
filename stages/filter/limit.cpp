#include "stages/filter/limit.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <optional>
#include <utility>

#include "config/units.hpp"
#include "stages/filter/key.hpp"
#include "stages/filter/key_table.hpp"

namespace sluice::stages {
namespace {

using expression::Match;
using expression::Truth;
using Time = std::chrono::steady_clock::time_point;

// What a key may still let through, and when that was true.
struct Bucket {
  double tokens = 0;
  Time at;
};

// A token bucket for each key. All records of a batch arrive at the same time, when the batch does.
class Limit final : public Condition {
 public:
  Limit(config::Rate rate, double burst, std::optional<Key> key, std::size_t max_keys, Clock clock, OnError on_error)
      : rate_(rate),
        burst_(burst),
        key_(std::move(key)),
        buckets_(key_ ? max_keys : 1),
        clock_(std::move(clock)),
        on_error_(on_error) {}

  bool serial() const override { return true; }

  void apply(record::Batch& batch, Tally& tally) override {
    const Time now = clock_();
    record::Buffer scratch;
    std::uint64_t evicted = 0;
    sift(
        batch, tally, on_error_,
        [&](record::Record& record, record::Arena& arena) -> Match {
          KeyText key;
          if (key_) key = key_->read(record, arena, scratch);
          if (!key.ok()) return {Truth::error, key.error};
          return {take(bucket(key.text, now, evicted), now) ? Truth::yes : Truth::no, {}};
        },
        [this](const expression::Error& error) { return key_->detail(error); });
    if (evicted != 0) tally.error("limit_keys_evicted", evicted);
  }

  bool explain(record::Record& record, record::Arena& arena, std::vector<Remark>& remarks) const override {
    record::Buffer scratch;
    KeyText key;
    if (key_) key = key_->read(record, arena, scratch);
    if (!key.ok()) {
      remarks.push_back({0, "limit: error: " + key_->detail(key.error)});
      return on_error_ == OnError::keep;
    }
    const Bucket* const known = buckets_.find(key.text);
    const double left = known == nullptr ? burst_ : filled(*known, clock_());
    remarks.push_back({0, fmt::format("limit {}{}: {:.3g} of {:g} records are left now", config::format_rate(rate_),
                                      key_ ? " for " + key_->describe(record, arena) : std::string(), left, burst_)});
    return left >= kOne;
  }

 private:
  // Sums of fractions may miss the whole by a rounding error, which must not cost a record.
  static constexpr double kOne = 1 - 1e-9;

  Bucket& bucket(std::string_view key, Time now, std::uint64_t& evicted) {
    if (Bucket* known = buckets_.find(key)) {
      buckets_.renew(*known);
      return *known;
    }
    if (buckets_.full()) {
      // A bucket that is full again is the same as none; forgetting another one lets its key have a new burst.
      if (filled(buckets_.oldest(), now) < burst_) ++evicted;
      buckets_.remove_oldest();
    }
    Bucket& fresh = buckets_.insert(key);
    fresh = {burst_, now};
    return fresh;
  }

  double filled(const Bucket& bucket, Time now) const {
    const auto passed = static_cast<double>(std::chrono::nanoseconds(now - bucket.at).count());
    return std::min(burst_, bucket.tokens + passed * rate_.count / static_cast<double>(rate_.period.count()));
  }

  bool take(Bucket& bucket, Time now) const {
    bucket.tokens = filled(bucket, now);
    bucket.at = now;
    if (bucket.tokens < kOne) return false;
    bucket.tokens = std::max(0.0, bucket.tokens - 1);
    return true;
  }

  const config::Rate rate_;
  const double burst_;
  const std::optional<Key> key_;
  KeyTable<Bucket> buckets_;
  const Clock clock_;
  const OnError on_error_;
};

}  // namespace

std::vector<config::Option> limit_options() {
  using config::Option;
  return {
      Option::rate("limit").example("100/s").doc(
          "let at most so many records go on, counted by the time at which they arrive here (a token bucket)"),
      Option::integer("burst").at_least(1).needs({"limit"}).doc(
          "how many records `limit` lets through at once after a pause; if it is not given, the number of the rate "
          "(100 for `100/s`), at least 1"),
      Option::integer("max_keys")
          .at_least(1)
          .at_most(10'000'000)
          .defaults("100000")
          .needs({"limit"})
          .doc("how many keys `limit` remembers, about 80 bytes each; the one not seen for longest is forgotten, "
               "counted "
               "as `limit_keys_evicted` if it was still limited"),
  };
}

std::unique_ptr<Condition> make_limit(const config::Settings& settings, Workshop& workshop, OnError on_error) {
  std::optional<Key> key;
  if (settings.has("key")) {
    key = Key::make(settings, "key", workshop);
    if (!key) return nullptr;
  }
  const config::Rate rate = settings.rate("limit");
  const double burst =
      settings.has("burst") ? static_cast<double>(settings.integer("burst")) : std::max(1.0, rate.count);
  return std::make_unique<Limit>(rate, burst, std::move(key), static_cast<std::size_t>(settings.integer("max_keys")),
                                 workshop.clock, on_error);
}

}  // namespace sluice::stages
