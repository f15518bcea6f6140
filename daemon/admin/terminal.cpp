#include "daemon/admin/terminal.hpp"

#include <poll.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include <array>
#include <string_view>

namespace sluice::daemon {
namespace {

constexpr std::string_view kEnter = "\x1b[?1049h\x1b[?25l";
constexpr std::string_view kLeave = "\x1b[?25h\x1b[?1049l";
constexpr char kCtrlC = '\x03';
constexpr char kCtrlD = '\x04';

}  // namespace

FullScreen::FullScreen(std::ostream& out) : out_(out) {
  termios now{};
  if (::isatty(STDIN_FILENO) == 1 && ::tcgetattr(STDIN_FILENO, &now) == 0) {
    before_ = now;
    now.c_lflag &= ~static_cast<tcflag_t>(ICANON | ECHO | ISIG);  // Ctrl-C too is a key, so that this can clean up
    now.c_cc[VMIN] = 0;
    now.c_cc[VTIME] = 0;
    ::tcsetattr(STDIN_FILENO, TCSANOW, &now);
  }
  out_ << kEnter << std::flush;
}

FullScreen::~FullScreen() {
  out_ << kLeave << std::flush;
  if (before_) ::tcsetattr(STDIN_FILENO, TCSANOW, &*before_);
}

FullScreen::Size FullScreen::size() {
  winsize window{};
  if (::ioctl(STDOUT_FILENO, TIOCGWINSZ, &window) != 0 || window.ws_col == 0 || window.ws_row == 0) return {};
  return {window.ws_col, window.ws_row};
}

bool FullScreen::show(const std::vector<std::string>& lines) {
  std::string text = "\x1b[H";
  for (const std::string& line : lines) {
    if (&line != &lines.front()) text += "\r\n";
    text += line + "\x1b[K";
  }
  out_ << text << "\x1b[J" << std::flush;
  return static_cast<bool>(out_);
}

FullScreen::Key FullScreen::key(std::chrono::milliseconds timeout) {
  pollfd keyboard{before_ ? STDIN_FILENO : -1, POLLIN, 0};
  if (::poll(&keyboard, 1, static_cast<int>(timeout.count())) <= 0) return Key::none;
  std::array<char, 64> typed{};
  const ssize_t count = ::read(STDIN_FILENO, typed.data(), typed.size());
  if (count <= 0) return Key::quit;  // the terminal is gone
  const std::string_view keys(typed.data(), static_cast<std::size_t>(count));
  if (keys.find_first_of("qQ") != std::string_view::npos) return Key::quit;
  if (keys.find(kCtrlC) != std::string_view::npos || keys.find(kCtrlD) != std::string_view::npos) return Key::quit;
  if (keys.starts_with("\x1b[A") || keys.starts_with("\x1bOA") || keys.starts_with('k')) return Key::up;
  if (keys.starts_with("\x1b[B") || keys.starts_with("\x1bOB") || keys.starts_with('j')) return Key::down;
  return Key::none;
}

}  // namespace sluice::daemon
