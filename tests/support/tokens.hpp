// Items for tests of flow/: they can be moved but not copied, and they are counted from the cradle to the grave.
#pragma once

#include <algorithm>
#include <atomic>
#include <cstdint>
#include <memory>
#include <ostream>
#include <utility>

#include "flow/pipeline.hpp"

namespace sluice::test {

// The books of a pipeline of tokens. Thread-safe.
struct TokenLedger {
  std::atomic<std::int64_t> sent = 0;      // accepted by Output::send
  std::atomic<std::int64_t> emitted = 0;   // by transforms
  std::atomic<std::int64_t> copied = 0;    // by the pipeline
  std::atomic<std::int64_t> consumed = 0;  // by transforms and sinks
  std::atomic<std::int64_t> unrouted = 0;
  std::atomic<std::int64_t> abandoned = 0;
  std::atomic<std::int64_t> alive = 0;  // tokens that exist
  std::atomic<std::int64_t> most_alive = 0;

  // What went in is what came out, and nothing is left.
  bool balanced() const { return sent + emitted + copied == consumed + unrouted + abandoned && alive == 0; }
};

inline std::ostream& operator<<(std::ostream& out, const TokenLedger& ledger) {
  return out << "sent " << ledger.sent << " + emitted " << ledger.emitted << " + copied " << ledger.copied
             << " = consumed " << ledger.consumed << " + unrouted " << ledger.unrouted << " + abandoned "
             << ledger.abandoned << ", alive " << ledger.alive;
}

class Token {
 public:
  Token(TokenLedger& ledger, int value, int source = 0) : ledger_(&ledger), value_(value), source_(source) {
    const std::int64_t alive = ++ledger.alive;
    std::int64_t most = ledger.most_alive;
    while (most < alive && !ledger.most_alive.compare_exchange_weak(most, alive)) {
    }
  }
  Token(Token&& other) noexcept
      : ledger_(std::exchange(other.ledger_, nullptr)), value_(other.value_), source_(other.source_) {}
  Token& operator=(Token&& other) noexcept {
    std::swap(ledger_, other.ledger_);
    std::swap(value_, other.value_);
    std::swap(source_, other.source_);
    return *this;
  }
  ~Token() {
    if (ledger_ != nullptr) --ledger_->alive;
  }

  int value() const { return value_; }
  int source() const { return source_; }
  bool owned() const { return ledger_ != nullptr; }  // false once moved from

 private:
  TokenLedger* ledger_;
  int value_;
  int source_;
};

// Hooks that keep the books.
inline flow::Hooks<Token> hooks_of(TokenLedger& ledger) {
  flow::Hooks<Token> hooks;
  hooks.clone = [&ledger](const Token& token) { return Token(ledger, token.value(), token.source()); };
  hooks.on_copied = [&ledger](flow::NodeId, const Token&) { ++ledger.copied; };
  hooks.on_unrouted = [&ledger](flow::NodeId, std::size_t, Token&& token) {
    const Token gone = std::move(token);
    ++ledger.unrouted;
  };
  hooks.on_abandoned = [&ledger](flow::NodeId, Token&& token) {
    const Token gone = std::move(token);
    ++ledger.abandoned;
  };
  return hooks;
}

// Sends and keeps the books. A token that was not sent is destroyed with the error.
inline flow::Error send_counted(const flow::Context& ctx, flow::Output<Token>& output, TokenLedger& ledger, int value,
                                int source = 0, std::size_t port = 0) {
  Token token(ledger, value, source);
  ++ledger.sent;
  flow::Error error = output.send(ctx, std::move(token), port);
  if (error) --ledger.sent;
  return error;
}

// Emits and keeps the books.
inline void emit_counted(flow::Emit<Token>& emit, TokenLedger& ledger, Token&& token, std::size_t port = 0) {
  ++ledger.emitted;
  emit.to(port, std::move(token));
}

}  // namespace sluice::test
