// Finds files, follows them through rotation, and reads them in turns.
#pragma once

#include <chrono>
#include <deque>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <unordered_map>
#include <utility>
#include <vector>

#include "flow/context.hpp"
#include "flow/error.hpp"
#include "flow/notifier.hpp"
#include "stages/generate/follow/backlog.hpp"
#include "stages/generate/follow/file_table.hpp"
#include "stages/generate/follow/listing.hpp"
#include "stages/generate/follow/reader.hpp"
#include "stages/generate/follow/selection.hpp"
#include "stages/generate/follow/watcher.hpp"
#include "stages/generate/line_reader.hpp"
#include "stages/stage.hpp"

namespace sluice::stages::follow {

// How long things take; tests are in a greater hurry.
struct Timing {
  std::chrono::nanoseconds rescan = std::chrono::minutes(1);
  std::chrono::nanoseconds blind_rescan = std::chrono::seconds(1);  // of directories that cannot be watched
  std::chrono::nanoseconds settle = std::chrono::seconds(5);        // nobody writes to a rotated file for so long
  std::chrono::nanoseconds copying = std::chrono::seconds(1);       // between two writes to a copy that is being made
  std::chrono::nanoseconds copied = std::chrono::seconds(10);       // between a copy and the cutting of its original
  std::chrono::nanoseconds patience = std::chrono::seconds(5);      // with what decides, but cannot be read
  std::chrono::nanoseconds first_retry = std::chrono::seconds(1);   // after an error; doubled each time
  std::chrono::nanoseconds last_retry = std::chrono::minutes(1);
};

struct Options {
  std::vector<std::string> paths;    // names and patterns (see path_pattern.hpp)
  std::vector<std::string> exclude;  // patterns
  bool optional = false;             // no file at all is no error
  bool follow = false;               // wait for more
  bool start_at_end = false;         // of files that are there at the first start
  std::string state = {};            // the directory that positions are kept in, if one is named
  Timing timing = {};
  LineOptions lines;
};

flow::Error is_a_directory(const std::string& path);

// Which of two generations of a file is older, by their times and names.
bool is_older(std::int64_t modified, std::string_view path, std::int64_t other_modified, std::string_view other_path);

// One run. Belongs to the generator's thread.
class Follower {
 public:
  // What the arguments refer to must outlive it.
  // `table` has the positions of an earlier run, which had `earlier` as its patterns (empty: there was none). With
  // `keeps` there will be a later run: what is unfinished is left to it.
  // `backlog` is told when there is something to read.
  Follower(const Options& options, FileTable& table, std::vector<std::string> earlier, bool keeps, Emitter& emitter,
           Report report, Backlog& backlog);

  // Reads what is there and returns. An error if something cannot be read.
  flow::Error read_once(const flow::Context& context);

  // Goes on until the context is done. Errors are those of the pipeline, or of the system at the start.
  flow::Error run(const flow::Context& context);

 private:
  // follower.cpp: whose turn it is
  void enqueue(File& file);
  void set_timer(File& file, TimePoint time);
  void fire_timers(TimePoint now);
  flow::Error take_turn(const flow::Context& context);
  flow::Error wait(const flow::Context& context, const flow::WakeFd& wake);
  flow::Error drain(const flow::Context& context);

  // once.cpp
  flow::Error read_all(const flow::Context& context, File& file);

  // turn.cpp: one file's turn
  bool may_be_read(File& file);
  bool ensure_open(File& file);
  flow::Error visit(const flow::Context& context, File& file);
  flow::Error conclude(const flow::Context& context, File& file, Visit visit);
  flow::Error at_end(const flow::Context& context, File& file, bool complete);
  void trouble(File& file, int number);
  void caught_up(File& file);
  void finished(File& file);

  // discovery.cpp: which files there are
  void first_scan(const flow::Context& context, const Scan& scan);
  void rescan(const flow::Context& context, const Scan& scan);
  void report(const Scan& scan);
  void enqueue_changed();
  void watch(const Scan& scan);
  void take_changes(const flow::Context& context);
  void take_note_of_changes();
  void take_change(const Change& change);
  bool is_disturbed(const std::string& directory);
  void look_into(const flow::Context& context, const std::string& directory);
  void enter(const std::string& path);
  void add(const std::string& path, const Identity& identity, std::int64_t modified);
  void moved(File& file, const std::string& path);
  void check_moved(const flow::Context& context);
  void settle_missing(const flow::Context& context);
  void settle_open(File& file);
  bool settle_closed(const flow::Context& context, File& file);
  bool is_wanted(const std::string& path) const;
  bool starts_at_end(const std::string& path) const;
  void start_at_end(File& file);
  void know_beginning(File& file);
  void report_once(const std::string& path, const flow::Error& error);

  // restart.cpp: what an earlier run knew
  File* earlier_at(const std::string& path, const Identity& identity);
  void find_earlier(const flow::Context& context);
  static Match is_at(const flow::Context& context, const File& file, const std::string& path);
  bool find_lost(const flow::Context& context, File& file, const std::vector<Name>& names);
  void doubt_earlier();
  bool is_guessed(const File& file) const;
  void order_renamed();
  void order_newcomers();
  void order_family(const std::string& stem);
  void order_originals(File& copy);
  static bool is_written(const File& file, const std::vector<File*>& family);
  void go_after(File& later, File& earlier, bool replaces);
  bool waits_for(const File& file, const File& other);

  // rotation.cpp: which text a file holds
  bool is_itself(const flow::Context& context, File& file);
  bool is_packed_itself(const flow::Context& context, File& file);  // packed.cpp
  std::vector<File*> possible_originals(const File& packed);        // packed.cpp
  bool is_unchanged(const flow::Context& context, File& original, File& copy);
  bool is_in_doubt(const std::string& directory);
  bool is_left_of_another(const flow::Context& context, File& file, std::uint64_t size);
  File* gone_original(const File& copy, std::uint64_t size);
  bool was_read_beyond(const File& copy, std::uint64_t size);
  bool is_original(const flow::Context& context, File& copy, std::uint64_t size);
  Match compare(const flow::Context& context, File& original, File& copy, std::uint64_t size);
  bool waits_as_copy(File& original, File& copy, std::uint64_t size);
  bool cut(const flow::Context& context, File& file);
  void report_lost(const File& file, std::string_view what);
  bool send_off(const flow::Context& context);
  bool is_patient(File& file, const std::string& path, int number);
  bool is_patient(File& file);

  // copies.cpp: where a text goes on
  struct Copy {
    std::string path;
    Identity identity;
    std::int64_t modified = 0;
    Packing packing = Packing::none;
    Descriptor fd;
    bool is_short = false;  // it ends before what was read of the original
  };
  struct Found {
    std::optional<Copy> copy;
    std::string unreadable;  // might be one
    int number = 0;          // why it cannot be read
    bool is_moving = false;  // there is one, but not under the name that it had
  };
  static Match is_still(const flow::Context& context, int fd, const File& file);
  Found find_copy(const flow::Context& context, const File& file);
  void consider_known(const File& file, const File& known, Found& found);
  int consider(const flow::Context& context, const File& file, const std::string& path, Found& found);
  bool was_read_as_another(const flow::Context& context, const Copy& copy);
  void go_on_in(File& file, Copy copy);
  void adopt(File& original, File& copy);
  void forget_timer(File& file);

  static constexpr int kMostRounds = 8;  // of listing a directory in which names change meanwhile

  const Options& options_;
  FileTable& files_;
  const std::vector<std::string> earlier_;
  const bool keeps_;
  const Report report_;
  Backlog& backlog_;
  const Selection selection_;
  LineReader lines_;
  FileReader reader_;
  Watcher watcher_;

  std::deque<std::uint64_t> ready_;
  std::set<std::pair<TimePoint, std::uint64_t>> timers_;
  std::vector<Change> changes_;
  std::set<std::string> dirty_;  // directories to look into
  std::set<std::string> directories_;
  std::set<std::string> blind_;
  std::set<std::string> adopted_;  // names that a file got that had a wanted name before
  std::set<std::string> reported_;
  std::unordered_map<std::string, std::uint64_t> formerly_;       // which file was last at a path that it no longer has
  std::vector<std::uint64_t> moved_;                              // files that have another name now
  std::vector<std::uint64_t> newcomers_;                          // whose turns are not in order yet
  std::vector<std::uint64_t> missing_;                            // files whose path is not theirs any more
  std::set<std::uint64_t> held_;                                  // packed copies of files that are still there
  std::unordered_map<std::string, std::uint64_t> earlier_paths_;  // of files that an earlier run knew
  flow::Error scan_error_;                                        // with follow: false
  flow::Error failure_;                                           // of the pipeline
  bool first_ = true;
  bool rescan_wanted_ = false;
  bool changes_lost_ = false;  // nothing is read before the next scan
  bool draining_ = false;
  TimePoint next_rescan_{};
  TimePoint rescan_not_before_{};
};

}  // namespace sluice::stages::follow
