#include "config/yaml_reader.hpp"

#include <fmt/format.h>
#include <yaml-cpp/eventhandler.h>
#include <yaml-cpp/exceptions.h>
#include <yaml-cpp/mark.h>
#include <yaml-cpp/parser.h>

#include <algorithm>
#include <sstream>
#include <unordered_map>

#include "config/scalar_origin.hpp"
#include "config/substitute.hpp"
#include "config/text.hpp"

namespace sluice::config {
namespace {

// Thrown through yaml-cpp to stop it; its reason is already among the diagnostics.
struct Stop {};

constexpr std::string_view kCoreTags = "tag:yaml.org,2002:";

// A list or mapping that is being read.
struct Frame {
  bool is_map = false;
  YAML::anchor_t anchor = 0;
  std::size_t begin = 0;
  std::vector<Node> items;
  std::vector<Node::Member> members;
  bool has_key = false;
  bool key_is_plain = false;
  Node::Member pending;
};

// What an anchor stands for, and what one more copy of it costs.
struct Anchored {
  Node node;
  std::size_t count = 1;
  std::size_t depth = 1;
};

void measure(const Node& node, Anchored& result, std::size_t depth) {
  result.depth = std::max(result.depth, depth);
  for (const Node& item : node.items()) {
    ++result.count;
    measure(item, result, depth + 1);
  }
  for (const Node::Member& member : node.members()) {
    ++result.count;
    measure(member.value, result, depth + 1);
  }
}

class TreeBuilder : public YAML::EventHandler {
 public:
  TreeBuilder(SourcePointer source, Variables variables, const Environment& environment, Diagnostics& diagnostics)
      : source_(std::move(source)), variables_(variables), environment_(environment), diagnostics_(diagnostics) {}

  std::optional<Node> take_root() { return std::move(root_); }

  void OnDocumentStart(const YAML::Mark& mark) override {
    if (++documents_ > 1) {
      stop(offset_of(mark), "a second YAML document starts here, but a configuration is one document",
           "remove the line `---`, or put the document into a file of its own");
    }
  }

  void OnDocumentEnd() override {}

  void OnNull(const YAML::Mark& mark, YAML::anchor_t anchor) override {
    const std::size_t begin = anchor != 0 ? skip_properties(source_->text(), offset_of(mark)) : offset_of(mark);
    const std::string text(null_text(begin));
    auto origin = std::make_shared<Origin>();
    origin->source = source_;
    origin->begin = begin;
    origin->end = begin + text.size();
    finish(Node::plain(text, std::move(origin)), anchor, true);
  }

  void OnAlias(const YAML::Mark& mark, YAML::anchor_t anchor) override {
    const auto found = anchors_.find(anchor);
    if (found == anchors_.end()) stop(offset_of(mark), "this alias stands inside the value that it refers to", {});
    if (frames_.size() + found->second.depth > kMaxDepth) too_deep(offset_of(mark));
    charge(found->second.count, offset_of(mark));
    add(found->second.node, true);
  }

  void OnScalar(const YAML::Mark& mark, const std::string& tag, YAML::anchor_t anchor,
                const std::string& value) override {
    if (!check_tag(tag, offset_of(mark))) {
      // Most likely an expression such as `!has(x)`: read on with what was meant, so that no error follows from this
      // one.
      finish(Node::quoted(value.empty() ? tag : tag + " " + value, trace_scalar(source_, offset_of(mark), tag)), anchor,
             false);
      return;
    }
    const bool plain = tag != "!" && !tag.ends_with(":str");
    auto origin = trace_scalar(source_, properties_end(mark, tag, anchor), value);
    Node node = plain ? Node::plain(value, std::move(origin)) : Node::quoted(value, std::move(origin));
    if (variables_ == Variables::substitute && !expects_key()) {
      node = substitute(std::move(node), environment_, diagnostics_);
    }
    finish(std::move(node), anchor, plain);
  }

  void OnSequenceStart(const YAML::Mark& mark, const std::string& tag, YAML::anchor_t anchor,
                       YAML::EmitterStyle::value /*style*/) override {
    open(false, mark, tag, anchor);
  }
  void OnSequenceEnd() override { close(); }

  void OnMapStart(const YAML::Mark& mark, const std::string& tag, YAML::anchor_t anchor,
                  YAML::EmitterStyle::value /*style*/) override {
    open(true, mark, tag, anchor);
  }
  void OnMapEnd() override { close(); }

  [[noreturn]] void stop(std::size_t offset, std::string message, std::string hint) {
    diagnostics_.error(source_->locate(offset), std::move(message), std::move(hint));
    throw Stop();
  }

 private:
  std::size_t offset_of(const YAML::Mark& mark) const {
    return std::min(static_cast<std::size_t>(std::max(mark.pos, 0)), source_->text().size());
  }

  std::size_t properties_end(const YAML::Mark& mark, const std::string& tag, YAML::anchor_t anchor) const {
    const bool has_properties = anchor != 0 || (tag != "?" && tag != "!" && !tag.empty());
    return has_properties ? skip_properties(source_->text(), offset_of(mark)) : offset_of(mark);
  }

  // yaml-cpp reports `null` and nothing at all alike; the text decides whether `write: null` was written. A key that
  // follows an empty value may also be named null.
  std::string_view null_text(std::size_t begin) const {
    const std::string_view rest = source_->text().substr(begin);
    for (const std::string_view word : {"null", "Null", "NULL", "~"}) {
      if (!rest.starts_with(word)) continue;
      const std::size_t next = rest.find_first_not_of(" \t", word.size());
      const bool key = next != std::string_view::npos && rest[next] == ':';
      if (!key || expects_key()) return word;
    }
    return {};
  }

  bool expects_key() const { return !frames_.empty() && frames_.back().is_map && !frames_.back().has_key; }

  bool check_tag(const std::string& tag, std::size_t offset) {
    if (tag.empty() || tag == "?" || tag == "!" || tag.starts_with(kCoreTags)) return true;
    const std::string_view rest = source_->text().substr(offset);
    const std::string_view word = rest.substr(0, rest.find_first_of(" \t\r\n"));
    diagnostics_.error(source_->locate(offset), quote(word) + " is a YAML tag, and tags are not used here",
                       "a value that starts with `!` needs quotes: '" + printable(word.substr(0, 40)) + " …'",
                       count_characters(word));
    return false;
  }

  void charge(std::size_t count, std::size_t offset) {
    nodes_ += count;
    if (nodes_ > kMaxNodes) {
      stop(offset, fmt::format("more than {} values (after the expansion of aliases)", kMaxNodes),
           "split the configuration, or use fewer aliases");
    }
  }

  [[noreturn]] void too_deep(std::size_t offset) {
    stop(offset, fmt::format("more than {} lists and mappings inside one another", kMaxDepth), {});
  }

  void open(bool is_map, const YAML::Mark& mark, const std::string& tag, YAML::anchor_t anchor) {
    check_tag(tag, offset_of(mark));
    if (frames_.size() >= kMaxDepth) too_deep(offset_of(mark));
    charge(1, offset_of(mark));
    Frame frame;
    frame.is_map = is_map;
    frame.anchor = anchor;
    frame.begin = properties_end(mark, tag, anchor);
    frames_.push_back(std::move(frame));
  }

  void close() {
    Frame frame = std::move(frames_.back());
    frames_.pop_back();
    auto origin = std::make_shared<Origin>();
    origin->source = source_;
    origin->begin = std::min(frame.begin, source_->text().size());
    origin->end = std::min(frame.begin + 1, source_->text().size());
    Node node = frame.is_map ? Node::map(std::move(frame.members), std::move(origin))
                             : Node::list(std::move(frame.items), std::move(origin));
    if (frame.is_map) check_keys(node);
    remember(frame.anchor, node);
    add(std::move(node), false);
  }

  void finish(Node scalar, YAML::anchor_t anchor, bool plain) {
    charge(1, scalar.origin()->begin);
    remember(anchor, scalar);
    add(std::move(scalar), plain);
  }

  void remember(YAML::anchor_t anchor, const Node& node) {
    if (anchor == 0) return;
    Anchored anchored{node, 1, 1};
    measure(node, anchored, 1);
    charge(anchored.count, node.origin()->begin);
    anchors_[anchor] = std::move(anchored);
  }

  void add(Node node, bool plain) {
    if (frames_.empty()) {
      root_ = std::move(node);
      return;
    }
    Frame& frame = frames_.back();
    if (!frame.is_map) {
      frame.items.push_back(std::move(node));
    } else if (!frame.has_key) {
      if (!node.is_scalar()) {
        diagnostics_.error(node.location(), "a key must be a text, but this is " + std::string(node.kind_name()), {});
      }
      frame.pending = {node.text(), Node(), node.origin()};
      frame.has_key = true;
      frame.key_is_plain = plain;
    } else {
      frame.has_key = false;
      frame.pending.value = std::move(node);
      if (frame.key_is_plain && frame.pending.key == "<<") {
        merge(frame);
      } else {
        frame.members.push_back(std::move(frame.pending));
      }
    }
  }

  // YAML's merge key: the mapping's own keys win, earlier sources win over later ones. Own keys may stand after `<<`,
  // so merged members are kept apart (by a null key_origin) until the mapping is complete.
  void merge(Frame& frame) {
    const Node value = std::move(frame.pending.value);
    std::vector<const Node*> sources;
    if (value.is_map()) sources.push_back(&value);
    for (const Node& item : value.items()) sources.push_back(&item);
    for (const Node* source : sources) {
      if (!source->is_map()) continue;
      charge(source->members().size(), frame.begin);
      for (const Node::Member& member : source->members()) merged_[frames_.size()].push_back(member);
    }
    const bool fits = value.is_map() || (value.is_list() && std::all_of(sources.begin(), sources.end(),
                                                                        [](auto* item) { return item->is_map(); }));
    if (!fits) {
      diagnostics_.error(frame.pending.key_location(),
                         "`<<` merges mappings, but its value is " + std::string(value.kind_name()),
                         "write `<<: *anchor` or `<<: [*one, *two]`", 2);
    }
  }

  // Reports duplicate keys and lets merged members fill the gaps.
  void check_keys(Node& node) {
    std::unordered_map<std::string, std::shared_ptr<const Origin>> seen;
    for (const Node::Member& member : node.members()) {
      const auto [first, is_new] = seen.emplace(member.key, member.key_origin);
      if (is_new) continue;
      const Location before = source_->locate(first->second ? first->second->begin : 0);
      diagnostics_.error(member.key_location(), "the key " + quote(member.key) + " is given twice",
                         fmt::format("it is first given in line {}; remove one of them", before.line),
                         member.key_span());
    }
    const auto merged = merged_.find(frames_.size() + 1);
    if (merged == merged_.end()) return;
    for (Node::Member& member : merged->second) {
      if (seen.emplace(member.key, member.key_origin).second) node.members().push_back(std::move(member));
    }
    merged_.erase(merged);
  }

  SourcePointer source_;
  Variables variables_;
  const Environment& environment_;
  Diagnostics& diagnostics_;
  std::optional<Node> root_;
  std::vector<Frame> frames_;
  std::unordered_map<YAML::anchor_t, Anchored> anchors_;
  std::unordered_map<std::size_t, std::vector<Node::Member>> merged_;  // by depth of the mapping that takes them
  std::size_t nodes_ = 0;
  std::size_t documents_ = 0;
};

// What to do about the mistakes that users make most, said in their terms.
std::string yaml_hint(const Source& source, const Location& place, const std::string& problem) {
  const std::string_view line = source.line(place.line);
  if (problem.find("illegal map value") != std::string::npos) {
    return "a value that holds `: ` needs quotes; else check the indentation";
  }
  if (problem.find("end of map") != std::string::npos || problem.find("end of sequence") != std::string::npos) {
    if (problem.find("flow") != std::string::npos) {
      return line.find("${") != std::string_view::npos ? "inside `{}` and `[]` a variable needs quotes: \"${NAME}\""
                                                       : "a bracket or brace is not closed";
    }
    return "if the value starts with a quote, quote all of it: '\"a\" == b'; else check the indentation";
  }
  if (problem.find("escape") != std::string::npos) {
    return "in double quotes a backslash starts an escape; single quotes take it literally";
  }
  if (problem.find("anchor") != std::string::npos) return "a value that starts with `*` or `&` needs quotes";
  if (problem.find("unknown token") != std::string::npos) {
    return "a value that starts with `@`, `%` or a backtick needs quotes";
  }
  const std::size_t content = line.find_first_not_of(" \t");
  if (line.substr(0, content).find('\t') != std::string_view::npos) return "indent with blanks, not with tabs";
  return {};
}

bool check_bytes(const Source& source, Diagnostics& diagnostics) {
  const std::string_view text = source.text();
  if (text.size() > kMaxFileSize) {
    diagnostics.error({source.file(), 0, 0}, fmt::format("larger than {} MiB", kMaxFileSize >> 20),
                      "is this a configuration?");
    return false;
  }
  const std::size_t invalid = find_invalid_utf8(text);
  if (invalid != std::string_view::npos) {
    diagnostics.error(source.locate(invalid),
                      fmt::format("not valid UTF-8 (byte 0x{:02x})", static_cast<unsigned char>(text[invalid])),
                      "save the file as UTF-8");
    return false;
  }
  // Section 5.1 allows no other C0 control characters; yaml-cpp would take some for marks of its own.
  const auto control = std::find_if(text.begin(), text.end(), [](char c) {
    return (static_cast<unsigned char>(c) < 0x20 && c != '\t' && c != '\n' && c != '\r') || c == 0x7F;
  });
  if (control != text.end()) {
    diagnostics.error(
        source.locate(static_cast<std::size_t>(control - text.begin())),
        fmt::format("the control character 0x{:02x} is not allowed in YAML", static_cast<unsigned char>(*control)),
        "write it as an escape in double quotes: \"\\x1b\"");
    return false;
  }
  return true;
}

}  // namespace

std::optional<Node> read_yaml(const SourcePointer& source, Variables variables, const Environment& environment,
                              Diagnostics& diagnostics) {
  diagnostics.add_source(source);
  if (!check_bytes(*source, diagnostics)) return std::nullopt;
  TreeBuilder builder(source, variables, environment, diagnostics);
  try {
    std::istringstream stream{std::string(source->text())};
    YAML::Parser parser(stream);
    while (parser.HandleNextDocument(builder)) {
    }
  } catch (const Stop&) {
    return std::nullopt;
  } catch (const YAML::Exception& problem) {
    const Location place = source->locate(static_cast<std::size_t>(std::max(problem.mark.pos, 0)));
    diagnostics.error(place, "not valid YAML: " + printable(problem.msg), yaml_hint(*source, place, problem.msg));
    return std::nullopt;
  } catch (const std::exception& problem) {
    diagnostics.error({source->file(), 0, 0}, "not valid YAML: " + printable(problem.what()));
    return std::nullopt;
  }
  return builder.take_root();
}

}  // namespace sluice::config
