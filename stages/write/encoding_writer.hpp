// What the writers of text have in common: encoding on the pool, sending on a thread of their own.
#pragma once

#include <memory>

#include "stages/stage.hpp"
#include "stages/write/encoder.hpp"
#include "stages/write/output.hpp"

namespace sluice::stages {

class EncodingWriter : public Writer {
 public:
  flow::Error encode(const flow::Context& context, record::Batch& batch, Tally& tally) override;

 protected:
  explicit EncodingWriter(std::unique_ptr<Encoder> encoder) : encoder_(std::move(encoder)) {}

  const Encoder& encoder() const { return *encoder_; }

  // Sends the encoder's preamble, once.
  flow::Error send_preamble(const flow::Context& context, Output& output);

  // Sends batch.output(), after the preamble; `written` counts records that went out whole. After an error that cut a
  // record in two, `cut` bytes of it have gone out.
  struct Sent {
    flow::Error error;
    std::size_t cut = 0;
  };
  Sent send(const flow::Context& context, Output& output, record::Batch& batch, Written& written);

 private:
  std::unique_ptr<Encoder> encoder_;
  bool preamble_sent_ = false;
};

}  // namespace sluice::stages
