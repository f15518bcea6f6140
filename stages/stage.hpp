// The five shapes that a stage can have. Each variant (parse: json, write: file, ...) is one class with one of these
// shapes in one file pair of the folder named after its kind; daemon/ puts them on the flow pipeline.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

#include "flow/context.hpp"
#include "flow/error.hpp"
#include "record/batch.hpp"
#include "stages/tally.hpp"

namespace sluice::stages {

// A line of what a stage has to say about one record, for `sluice explain`: "status (404) >= 500 is false".
struct Remark {
  int depth = 0;  // how far it is indented
  std::string text;
};

// Changes batches in place: parse, filter, enrich. Runs on the worker pool and never blocks.
class Processor {
 public:
  virtual ~Processor() = default;

  // Changes the batch's records, removes those that end here and tells the tally of them. Called from many workers
  // at once, each with a batch of its own, unless serial(). An error stops the whole pipeline (on_error: fail);
  // records left in the batch are then accounted as abandoned by the caller.
  virtual flow::Error process(const flow::Context& context, record::Batch& batch, Tally& tally) = 0;

  // True for a stage whose state depends on the order of records: it is called for one batch at a time, in order.
  virtual bool serial() const { return false; }

  // Called once, after the last batch, if the stage is serial: adds the records that it had held back to `batch`, which
  // is empty. What process() had counted for them as filtered it takes out of the tally, modulo 2^64.
  virtual flow::Error finish(const flow::Context& context, record::Batch& batch, Tally& tally) {
    static_cast<void>(context), static_cast<void>(batch), static_cast<void>(tally);
    return {};
  }
  // What a serial stage holds back, for the next run to go on with: a text on one line, empty if it holds nothing.
  // Called by another thread, while no batch is under way; restore() before the run.
  virtual std::string save() const { return {}; }
  virtual flow::Error restore(std::string_view saved) {
    static_cast<void>(saved);
    return {};
  }

  // What decides about this record, before it is processed; empty where the change itself says all. Not fast.
  virtual std::vector<Remark> explain(const flow::Context& context, record::Record& record,
                                      record::Arena& arena) const {
    static_cast<void>(context), static_cast<void>(record), static_cast<void>(arena);
    return {};
  }
};

// Distributes the records of a batch over its outputs.
class Router {
 public:
  virtual ~Router() = default;

  // The outputs' names in port order.
  virtual const std::vector<std::string>& outputs() const = 0;

  // Moves or copies each record to outputs[port] (one batch for each port, made with batch.share(), possibly empty).
  // Returns how many records more than came in went out or were filtered (`copied` of the ledger) in `copied`.
  struct Routed {
    std::vector<record::Batch> outputs;
    std::size_t copied = 0;
  };
  virtual Routed route(const flow::Context& context, record::Batch&& batch, Tally& tally) = 0;

  // What decides where this record goes, before it goes there. Not fast.
  virtual std::vector<Remark> explain(const flow::Context& context, record::Record& record,
                                      record::Arena& arena) const {
    static_cast<void>(context), static_cast<void>(record), static_cast<void>(arena);
    return {};
  }
};

// How far a generator has come in one of its sources: all bytes before `offset` are in records that have been emitted,
// or were counted.
struct Mark {
  std::uint64_t source = 0;  // the generator's own number for a file
  std::uint64_t offset = 0;  // bytes
};

// What a generator hands its batches to. One for each generator; used by the generator's thread alone.
class Emitter {
 public:
  virtual ~Emitter() = default;

  // An empty batch with a slab of `slab_bytes` capacity (0: the configured batch size). Blocks while as many batches
  // are under way as memory allows; an error when the pipeline is being stopped by its deadline.
  virtual flow::Error acquire(const flow::Context& context, record::Batch& batch, std::size_t slab_bytes = 0) = 0;

  // Accepts the batch's records (received) and what the tally says (received and filtered or rejected at once), and
  // sends it on. Blocks while the queues are full. Once the run context is done it goes on under the drain context, so
  // what a generator has read before it noticed is not lost; after an error the records are accounted as abandoned.
  // `marks` go to Generator::passed_on() when the pipeline has accepted the batch.
  virtual flow::Error emit(const flow::Context& context, record::Batch&& batch, Tally& tally,
                           std::span<const Mark> marks) = 0;
  flow::Error emit(const flow::Context& context, record::Batch&& batch, Tally& tally) {
    return emit(context, std::move(batch), tally, {});
  }

  // Whether the pipeline behind waits for work: lingering would only add latency.
  virtual bool idle() const = 0;
};

// Told of trouble that ends nothing, such as a connection that is lost and made again, or a file that cannot be read: a
// reason for counting, which lives for ever, and a sentence for the log, which may come often. Called on the thread of
// the stage that reports.
using Report = std::function<void(std::string_view reason, const std::string& sentence)>;

struct Multiline;  // stages/generate/multiline.hpp

// Makes batches. Runs on a named thread of its own and may block, but must return soon after the context is done.
//
// A generator that keeps positions can go on where an earlier run stopped. Its positions move in passed_on(), and are
// saved when everything that was passed on before has reached its end (docs/decisions/checkpoints.md).
class Generator {
 public:
  virtual ~Generator() = default;

  // Before the run; without it reports go nowhere.
  void report_to(Report report) { report_ = std::move(report); }

  // Returns no error at the end of its input or when the context is done; an error fails the pipeline.
  virtual flow::Error run(const flow::Context& context, Emitter& emitter) = 0;

  // Which lines it joins to one record; null if each line is one.
  virtual const Multiline* multiline() const { return nullptr; }

  // Whether there is anything to save.
  virtual bool keeps_positions() const { return false; }
  // The directory that the configuration names for it; empty if it names none.
  virtual std::string state_directory() const { return {}; }
  // Before the run, if positions will be saved: what save() returned in an earlier one, "{}" if there was none. An
  // error says what is wrong with it.
  virtual flow::Error restore(std::string_view saved) {
    static_cast<void>(saved);
    return {};
  }
  // Called within Emitter::emit(), when the pipeline has accepted the batch with these marks.
  virtual void passed_on(std::span<const Mark> marks) { static_cast<void>(marks); }
  // The positions as of the last passed_on(): a JSON object on one line; empty while it has not looked at its sources
  // yet, then no checkpoint is made. Called by another thread, while no emit() is under way.
  virtual std::string save() const { return "{}"; }

  // For how long there has been something to read all the time: how far it is behind its sources. Nothing if it cannot
  // tell. Called by other threads, at any time.
  virtual std::optional<std::chrono::nanoseconds> lag() const { return std::nullopt; }

 protected:
  void report(std::string_view reason, const std::string& sentence) const {
    if (report_) report_(reason, sentence);
  }

 private:
  Report report_;
};

class Journal;  // stages/write/journal.hpp

// How much of a batch's output has reached its destination.
struct Written {
  std::size_t records = 0;
  std::size_t bytes = 0;
};

// What a writer would write, and where.
struct Preview {
  std::string text;         // whole lines, but for datagrams
  std::string destination;  // "/var/log/2026-11-25/api.ndjson", "tcp logs.example.com:5170"; empty: need not be said
  std::string note;         // "compressed with gzip"; empty: as it is
  flow::Error error;
};

// Ends records. encode() runs on the pool; start(), write() and finish() on a named thread of the stage's own, one at a
// time.
class Writer {
 public:
  virtual ~Writer() = default;

  // Before the run; without it reports go nowhere.
  void report_to(Report report) { report_ = std::move(report); }

  // Before the first batch, also when none comes: opens what it writes to, so that a path that cannot be written is an
  // error at once. May block, until the context is done. Batches may be encoded meanwhile.
  virtual flow::Error start(const flow::Context& context) {
    static_cast<void>(context);
    return {};
  }

  // Turns the records into batch.output(), whole lines. Called from many workers at once. Records that cannot be
  // encoded are removed and told to the tally, as in Processor::process.
  virtual flow::Error encode(const flow::Context& context, record::Batch& batch, Tally& tally) = 0;

  // What encode() would make of a batch of one record, for `sluice explain`: text before compression, and where it
  // goes. The batch is changed as by encode().
  virtual Preview preview(const flow::Context& context, record::Batch& batch, Tally& tally) {
    Preview preview;
    preview.error = encode(context, batch, tally);
    preview.text = batch.output().view();
    return preview;
  }

  // Sends batch.output(); `written` says how many records had been written in full when an error stopped it.
  // May block, until the context is done.
  virtual flow::Error write(const flow::Context& context, record::Batch& batch, Written& written) = 0;

  // After the last batch: flush, sync, close.
  virtual flow::Error finish(const flow::Context& context) = 0;

  // Before the run: what is to be told before files are changed. Null, or never called: nobody keeps checkpoints.
  void journal_to(Journal* journal) { journal_ = journal; }

  // A checkpoint is made of what has been written so far: syncs if the writer's options want that, and tells the
  // journal, which is a new one, of the files that are open. Called by another thread, while no other function is.
  virtual flow::Error checkpoint(const flow::Context& context) {
    static_cast<void>(context);
    return {};
  }

 protected:
  Journal* journal() const { return journal_; }
  void report(std::string_view reason, const std::string& sentence) const {
    if (report_) report_(reason, sentence);
  }

 private:
  Report report_;
  Journal* journal_ = nullptr;
};

using AnyStage = std::variant<std::unique_ptr<Generator>, std::unique_ptr<Processor>, std::unique_ptr<Router>,
                              std::unique_ptr<Writer>>;

}  // namespace sluice::stages
