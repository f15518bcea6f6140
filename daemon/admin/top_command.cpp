#include <algorithm>
#include <chrono>
#include <csignal>
#include <deque>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "daemon/admin/commands.hpp"
#include "daemon/admin/terminal.hpp"
#include "daemon/admin/views.hpp"
#include "flow/signals.hpp"

namespace sluice::daemon {
namespace {

using std::chrono::milliseconds;
using Clock = std::chrono::steady_clock;

constexpr milliseconds kLook{100};  // how soon keys, signals and another size of the window are noticed

// The newest look, and one some seconds before it: rates over one interval alone would jump.
class History {
 public:
  explicit History(std::chrono::nanoseconds interval)
      : window_(std::max<std::chrono::nanoseconds>(interval, kWindow)) {}

  void add(Sighting sighting) {
    if (!looks_.empty() && !rates_between(looks_.back().seen, sighting.seen)) looks_.clear();
    looks_.push_back(std::move(sighting));
    const auto now = looks_.back().seen.ledger.elapsed;
    while (looks_.size() > 2 && now - looks_[1].seen.ledger.elapsed >= window_) looks_.pop_front();
  }
  const Sighting& newest() const { return looks_.back(); }
  std::optional<std::vector<StageRates>> rates() const {
    if (looks_.size() < 2) return std::nullopt;
    return rates_between(looks_.front().seen, looks_.back().seen);
  }

 private:
  static constexpr std::chrono::seconds kWindow{3};
  const std::chrono::nanoseconds window_;
  std::deque<Sighting> looks_;
};

flow::Error look(const flow::Context& context, AdminClient& client, History& history) {
  AdminAnswer answer;
  if (flow::Error error = client.get(context, "/api/pipeline", answer)) return error;
  std::optional<Sighting> sighting;
  if (answer.status == 200) sighting = parse_pipeline(answer.body);
  if (!sighting) {
    return {std::make_error_code(std::errc::protocol_error),
            answer.status == 200 ? "what answers there is no sluice of this version" : error_of(answer)};
  }
  history.add(std::move(*sighting));
  return {};
}

class View {
 public:
  View(AdminClient& client, History& history, const Console& console)
      : client_(client), history_(history), screen_(console.out), colour_(console.colour_out) {}

  void run(const flow::Context& context, std::chrono::nanoseconds interval) {
    while (draw() && wait(context, Clock::now() + interval)) {
      const flow::Error error = look(context, client_, history_);
      problem_ = error ? "connection lost, trying again" : "";
    }
  }

 private:
  bool draw() {
    size_ = FullScreen::size();
    Screen screen{size_.width, size_.height, colour_, first_, problem_};
    const bool shown = screen_.show(top_screen(history_.newest(), history_.rates(), screen));
    first_ = screen.first;
    return shown;
  }

  // Until it is time for the next look; false at the end.
  bool wait(const flow::Context& context, Clock::time_point until) {
    while (!context.done()) {
      const auto left = std::chrono::ceil<milliseconds>(until - Clock::now());
      if (left.count() <= 0) return true;
      const FullScreen::Key key = screen_.key(std::min(left, kLook));
      if (key == FullScreen::Key::quit) return false;
      if (key == FullScreen::Key::up && first_ > 0) --first_;
      if (key == FullScreen::Key::down) ++first_;
      if ((key != FullScreen::Key::none || FullScreen::size() != size_) && !draw()) return false;
    }
    return false;
  }

  AdminClient& client_;
  History& history_;
  FullScreen screen_;
  const bool colour_;
  FullScreen::Size size_;
  std::size_t first_ = 0;  // of the stages that are shown
  std::string problem_;
};

}  // namespace

ExitCode top(const flow::Context& context, const AdminChoice& choice, std::chrono::nanoseconds interval,
             bool interactive, const Console& console) {
  const flow::Cancellable until = flow::notify_context(context, {SIGINT, SIGTERM, SIGHUP, SIGQUIT});
  flow::Error error;
  AdminTarget target = find_admin(choice, error);
  History history(interval);
  if (!error) {
    AdminClient client(std::move(target));
    error = look(until.context, client, history);
    if (!error && interactive) {
      View(client, history, console).run(until.context, interval);
      return ExitCode::ok;
    }
    if (!error && !until.context.wait_for(interval)) error = look(until.context, client, history);
  }
  if (until.context.done()) return ExitCode::ok;
  if (error) {
    console.err << "sluice top: " << error.message() << '\n';
    return ExitCode::failed;
  }
  console.out << top_table(history.newest(), history.rates()) << std::flush;
  return ExitCode::ok;
}

}  // namespace sluice::daemon
