#include "stages/filter/sample.hpp"

#include <fmt/format.h>

#include <cmath>
#include <limits>
#include <utility>

#include "stages/filter/key.hpp"
#include "stages/filter/key_hash.hpp"

namespace sluice::stages {
namespace {

// Keeps a record if the hash of its key, as a fraction of 2^64, is below the share. So the same key has the same answer
// everywhere and always, and who is kept at 1% is also kept at 10%.
class Sample final : public Condition {
 public:
  Sample(double share, Key key, OnError on_error)
      : share_(share),
        below_(share >= 1 ? std::numeric_limits<std::uint64_t>::max()
                          : static_cast<std::uint64_t>(std::ldexp(share, 64))),
        key_(std::move(key)),
        on_error_(on_error) {}

  void apply(record::Batch& batch, Tally& tally) override {
    record::Buffer scratch;
    sift(
        batch, tally, on_error_,
        [&](record::Record& record, record::Arena& arena) -> expression::Match {
          const KeyText key = key_.read(record, arena, scratch);
          if (!key.ok()) return {expression::Truth::error, key.error};
          return {keeps(key_hash(key.text)) ? expression::Truth::yes : expression::Truth::no, {}};
        },
        [this](const expression::Error& error) { return key_.detail(error); });
  }

  bool explain(record::Record& record, record::Arena& arena, std::vector<Remark>& remarks) const override {
    record::Buffer scratch;
    const KeyText key = key_.read(record, arena, scratch);
    if (!key.ok()) {
      remarks.push_back({0, "sample: error: " + key_.detail(key.error)});
      return on_error_ == OnError::keep;
    }
    const std::uint64_t hash = key_hash(key.text);
    remarks.push_back({0, fmt::format("sample {}: {} falls at {:.6f}: {}", share_, key_.describe(record, arena),
                                      std::ldexp(static_cast<double>(hash), -64), keeps(hash) ? "kept" : "left out")});
    return keeps(hash);
  }

 private:
  bool keeps(std::uint64_t hash) const { return hash < below_ || share_ >= 1; }

  const double share_;
  const std::uint64_t below_;
  const Key key_;
  const OnError on_error_;
};

}  // namespace

config::Option sample_option() {
  return config::Option::number("sample").at_least(0).at_most(1).example("0.1").doc(
      "let this share of the records go on: those whose key's XXH64 (seed 0), as a fraction of 2^64, is below it; the "
      "same key has the same answer on every machine");
}

std::unique_ptr<Condition> make_sample(const config::Settings& settings, Workshop& workshop, OnError on_error) {
  std::optional<Key> key = Key::make(settings, "key", workshop);
  if (!key) return nullptr;
  return std::make_unique<Sample>(settings.number("sample"), std::move(*key), on_error);
}

}  // namespace sluice::stages
