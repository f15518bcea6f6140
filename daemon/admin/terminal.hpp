// A terminal that is taken over for a full-screen view, and given back as it was.
#pragma once

#include <termios.h>

#include <chrono>
#include <cstddef>
#include <optional>
#include <ostream>
#include <string>
#include <vector>

namespace sluice::daemon {

// Used by one thread. While it lives the keyboard is read key by key and what was on the screen is kept aside.
class FullScreen {
 public:
  // `out` is the terminal at stdout; keys are read from stdin, if that is a terminal too.
  explicit FullScreen(std::ostream& out);
  FullScreen(const FullScreen&) = delete;
  FullScreen& operator=(const FullScreen&) = delete;
  ~FullScreen();

  // Columns and lines, asked anew each time: windows change.
  struct Size {
    std::size_t width = 80;
    std::size_t height = 24;
    bool operator==(const Size&) const = default;
  };
  static Size size();

  // Replaces what is shown. False when the terminal is gone.
  bool show(const std::vector<std::string>& lines);

  enum class Key { none, quit, up, down };
  // Waits for a key, for so long at most.
  Key key(std::chrono::milliseconds timeout);

 private:
  std::ostream& out_;
  std::optional<termios> before_;  // of stdin, if that is a terminal
};

}  // namespace sluice::daemon
