// How records become text: what all writers share.
#pragma once

#include <cstddef>
#include <memory>
#include <string_view>
#include <vector>

#include "config/option.hpp"
#include "config/settings.hpp"
#include "flow/context.hpp"
#include "record/arena.hpp"
#include "record/batch.hpp"
#include "record/buffer.hpp"
#include "record/json_writer.hpp"
#include "record/record.hpp"
#include "stages/registry.hpp"

namespace sluice::stages {

// Immutable once made, so used by many workers at once.
class Encoder {
 public:
  virtual ~Encoder() = default;

  // Appends one record and its line end. Every record has a text in every encoding, and the same one each time.
  // `arena` is the batch's.
  virtual void append(record::Buffer& out, record::Record& record, record::Arena& arena,
                      record::Utf8Trust trust) const = 0;

  // What goes before the first record of an output, such as the header of a CSV file; empty for most.
  virtual std::string_view preamble() const { return {}; }
};

// Fills batch.output() with the text of all records.
void encode_batch(const flow::Context& context, const Encoder& encoder, record::Batch& batch);

// How many records of the batch lie entirely within the first `bytes` bytes of what encode_batch() made of it, and the
// bytes of those. For the rare case that a write stopped in the middle.
struct WholeRecords {
  std::size_t records = 0;
  std::size_t bytes = 0;
};
WholeRecords whole_records(const flow::Context& context, const Encoder& encoder, record::Batch& batch,
                           std::size_t bytes);
// The same for the `count` records from `first` on, as if the output began with them.
WholeRecords whole_records(const flow::Context& context, const Encoder& encoder, record::Batch& batch,
                           std::size_t first, std::size_t count, std::size_t bytes);

// Appends the text of the `count` records from `first` on to `out`.
void encode_records(const flow::Context& context, const Encoder& encoder, record::Batch& batch, record::Buffer& out,
                    std::size_t first, std::size_t count);

// The options of every writer: `encode` and what belongs to it.
std::vector<config::Option> encode_options();

// The encoder that the settings of a writer ask for; null after errors went to the workshop's diagnostics.
std::unique_ptr<Encoder> make_encoder(const config::Settings& settings, Workshop& workshop);

}  // namespace sluice::stages
