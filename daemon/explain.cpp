#include "daemon/explain.hpp"

#include <algorithm>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "config/text.hpp"
#include "daemon/parcel.hpp"
#include "fmt/format.h"
#include "record/json_writer.hpp"
#include "stages/generate/multiline.hpp"

namespace sluice::daemon {
namespace {

// A record's fields as text, to be compared with what they are later.
using View = std::vector<std::pair<std::string, std::string>>;

View view_of(const record::Batch& batch) {
  record::Batch looked_at = copy(batch);  // looking at all fields changes a record's form
  View view;
  for (record::Record& record : looked_at.records()) {
    for (const record::Field& field : record.fields(looked_at.arena())) {
      record::Buffer json;
      record::write_json(json, field.value);
      view.emplace_back(field.name.text(), json.view());
    }
  }
  return view;
}

const std::string* find(const View& view, const std::string& name) {
  const auto found = std::ranges::find(view, name, &View::value_type::first);
  return found == view.end() ? nullptr : &found->second;
}

// What it was can be read in full where it came from.
std::string beginning_of(const std::string& text) {
  constexpr std::size_t kLongest = 60;
  if (text.size() <= kLongest) return text;
  std::size_t length = kLongest;
  while (length > 0 && (static_cast<unsigned char>(text[length]) & 0xc0) == 0x80) --length;
  return fmt::format("{}... {} bytes", std::string_view(text).substr(0, length), text.size());
}

class Explainer {
 public:
  Explainer(StageSet& set, const ExplainOptions& options, std::ostream& out)
      : set_(set), options_(options), out_(out) {}

  void line(const flow::Context& context, std::string_view line) {
    for (std::size_t stage = 0; stage < set_.stages.size(); ++stage) {
      if (set_.stages[stage].generator() != nullptr) generate(context, stage, line);
    }
  }

  void end(const flow::Context& context) {
    for (std::size_t stage = 0; stage < set_.stages.size(); ++stage) {
      stages::Processor* const processor = set_.stages[stage].processor();
      if (processor == nullptr || !processor->serial()) continue;
      record::Batch batch;
      stages::Tally tally;
      const flow::Error error = processor->finish(context, batch, tally);
      if (batch.empty() && tally.rejections.empty() && !error) continue;
      out_ << '\n';
      title(stage, ", at the end of the input");
      tally.filtered = 0;  // what was held back is taken out of it
      if (ended(error, tally)) continue;
      for (const record::Record& record : batch.records()) {
        record::Batch one = batch.share();
        one.records().push_back(record);
        say(Ink::yellow, "lets go of what was held back:");
        show_changes({}, view_of(one));
        pass_on(context, stage, {}, std::move(one));
      }
    }
  }

 private:
  enum class Ink { plain, bold, red, green, yellow };

  std::string ink(Ink ink, std::string_view text) const {
    if (!options_.colour) return std::string(text);
    const char* const codes[] = {"0", "1", "31", "32", "33"};
    return fmt::format("\x1b[{}m{}\x1b[0m", codes[static_cast<int>(ink)], text);
  }

  void say(Ink colour, std::string_view text, int depth = 0) {
    out_ << std::string(2 + 2 * static_cast<std::size_t>(depth), ' ') << ink(colour, text) << '\n';
  }

  void say(const std::vector<stages::Remark>& remarks) {
    for (const stages::Remark& remark : remarks) say(Ink::plain, remark.text, remark.depth);
  }

  void title(std::size_t stage, std::string_view more = {}) {
    const config::StageConfig& config = set_.stages[stage].config;
    const std::string variant = config.variant.empty() ? "" : " " + config.variant;
    out_ << ink(Ink::bold, config.name) << fmt::format(" ({}{}){}\n", config.kind, variant, more);
  }

  void generate(const flow::Context& context, std::size_t stage, std::string_view line) {
    title(stage);
    if (line.size() > options_.max_line) {
      return say(Ink::red,
                 fmt::format("rejected, line_too_long: {} bytes, max_line is {}", line.size(), options_.max_line));
    }
    record::Batch batch;
    batch.slab().append(line);
    batch.records().emplace_back(batch.slab().view());
    if (line.find_first_not_of(" \t\r\v\f") == std::string_view::npos) {
      say(Ink::yellow, "only white space: filtered here unless the generator says `keep_blank: true`; if it does:");
    }
    show_changes({}, view_of(batch));
    pass_on(context, stage, {}, std::move(batch));
  }

  void show_changes(const View& before, const View& after) {
    for (const auto& [name, value] : before) {
      if (find(after, name) == nullptr) say(Ink::red, fmt::format("- {} = {}", name, value));
    }
    std::size_t changes = 0;
    for (const auto& [name, value] : after) {
      const std::string* old = find(before, name);
      if (old != nullptr && *old == value) continue;
      ++changes;
      if (old == nullptr) {
        say(Ink::green, fmt::format("+ {} = {}", name, value));
      } else {
        say(Ink::yellow, fmt::format("~ {} = {}  (was {})", name, value, beginning_of(*old)));
      }
    }
    const bool same = changes == 0 && before.size() == after.size();
    if (same && !before.empty()) say(Ink::plain, "no field changed");
  }

  void visit(const flow::Context& context, std::size_t stage, record::Batch&& batch) {
    title(stage);
    const BuiltStage& built = set_.stages[stage];
    if (built.processor() != nullptr) {
      process(context, stage, std::move(batch));
    } else if (built.router() != nullptr) {
      route(context, stage, std::move(batch));
    } else {
      write(context, stage, batch);
    }
  }

  // Whether the stage's error or the tally ended the record, said in words.
  bool ended(const flow::Error& error, const stages::Tally& tally) {
    for (const auto& [reason, count] : tally.errors) {
      say(Ink::yellow, fmt::format("error counted: {}{}", reason, count > 1 ? fmt::format(" x {}", count) : ""));
    }
    for (const stages::Rejection& rejection : tally.rejections) {
      say(Ink::red, fmt::format("rejected, {}: {}", rejection.reason, rejection.detail));
    }
    if (tally.filtered != 0) say(Ink::red, "filtered: the record ends here");
    if (error) say(Ink::red, "this would stop the pipeline: " + error.message());
    return error || tally.filtered != 0 || !tally.rejections.empty();
  }

  void process(const flow::Context& context, std::size_t stage, record::Batch&& batch) {
    stages::Processor& processor = *set_.stages[stage].processor();
    const config::Settings& settings = set_.stages[stage].config.settings;
    const bool is_filter = set_.stages[stage].config.kind == "filter";
    if (is_filter && settings.has("where")) say(Ink::plain, "where: " + settings.string("where"));
    const View before = view_of(batch);
    say(processor.explain(context, batch.records().front(), batch.arena()));
    stages::Tally tally;
    const flow::Error error = processor.process(context, batch, tally);
    const bool held = set_.stages[stage].config.kind == "parse" && processor.serial() && !error && tally.errors.empty();
    if (held && tally.filtered != 0) {
      return say(Ink::yellow, "held back: a part of a message, counted as filtered unless the line that ends it comes");
    }
    if (ended(error, tally) || batch.empty()) return;
    if (is_filter) {
      say(Ink::green, "kept");
    } else {
      show_changes(before, view_of(batch));
    }
    pass_on(context, stage, {}, std::move(batch));
  }

  void route(const flow::Context& context, std::size_t stage, record::Batch&& batch) {
    stages::Router& router = *set_.stages[stage].router();
    say(router.explain(context, batch.records().front(), batch.arena()));
    stages::Tally tally;
    stages::Router::Routed routed = router.route(context, std::move(batch), tally);
    if (ended({}, tally)) return;
    for (std::size_t port = 0; port < routed.outputs.size(); ++port) {
      if (routed.outputs[port].empty()) continue;
      say(Ink::green, "goes to " + router.outputs()[port]);
      pass_on(context, stage, router.outputs()[port], std::move(routed.outputs[port]));
    }
  }

  void write(const flow::Context& context, std::size_t stage, record::Batch& batch) {
    stages::Tally tally;
    const stages::Preview preview = set_.stages[stage].writer()->preview(context, batch, tally);
    if (ended(preview.error, tally)) return;
    if (preview.text.empty()) return say(Ink::plain, "writes nothing");
    const std::string note = preview.note.empty() ? "" : ", " + preview.note;
    say(Ink::green,
        preview.destination.empty() ? "writes:" : fmt::format("writes to {}{}:", preview.destination, note));
    for (const std::string_view line : config::lines_of(preview.text)) say(Ink::plain, line, 1);
  }

  void pass_on(const flow::Context& context, std::size_t from, const std::string& output, record::Batch&& batch) {
    const std::vector<std::size_t> readers = readers_of(set_, from, output);
    for (const std::size_t reader : readers) visit(context, reader, copy(batch));
    if (readers.empty()) say(Ink::red, "nothing reads this output: the record is filtered");
  }

  StageSet& set_;
  const ExplainOptions& options_;
  std::ostream& out_;
};

}  // namespace

void explain(const flow::Context& context, StageSet& set, std::string_view line, const ExplainOptions& options,
             std::ostream& out) {
  Explainer(set, options, out).line(context, line);
}

void explain_all(const flow::Context& context, StageSet& set, std::istream& in, const ExplainOptions& options,
                 std::ostream& out) {
  std::optional<stages::LineGrouping> grouping;
  for (const BuiltStage& stage : set.stages) {
    if (stage.generator() == nullptr) continue;
    if (const stages::Multiline* rules = stage.generator()->multiline()) grouping.emplace(*rules);
    break;
  }
  std::string event;
  std::size_t first = 0;  // the number of the event's first line; 0: there is none
  bool is_first = true;
  const auto end_event = [&] {
    if (first == 0) return;
    out << fmt::format("{}line {}: {}\n", std::exchange(is_first, false) ? "" : "\n", first, event);
    explain(context, set, event, options, out);
    first = 0;
  };
  std::size_t number = 0;
  for (std::string line; !context.done() && std::getline(in, line);) {
    ++number;
    if (line.ends_with('\r')) line.pop_back();
    const stages::LineGrouping::Step step = grouping ? grouping->step(line) : stages::LineGrouping::Step{};
    if (step.continues && first != 0) {
      event += '\n' + line;
    } else {
      end_event();
      event = line;
      first = number;
    }
    if (!step.open) end_event();
  }
  end_event();
  explain_end(context, set, options, out);
}

void explain_end(const flow::Context& context, StageSet& set, const ExplainOptions& options, std::ostream& out) {
  Explainer(set, options, out).end(context);
}

}  // namespace sluice::daemon
