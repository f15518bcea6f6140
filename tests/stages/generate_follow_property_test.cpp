// Whatever happens to a log and to the process that follows it: every line comes exactly once, in order.
#include <gmock/gmock.h>

#include <algorithm>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <random>

#include "record/buffer.hpp"
#include "stages/write/compression.hpp"
#include "tests/support/descriptors.hpp"
#include "tests/support/following.hpp"
#include "tests/support/scale.hpp"

namespace sluice::stages {
namespace {

namespace fs = std::filesystem;
using testing::Following;
using testing::TemporaryDirectory;

// A program with a log that is rotated in all known ways.
class Program {
 public:
  Program(const TemporaryDirectory& directory, std::string name, std::mt19937& random)
      : directory_(directory), name_(std::move(name)), random_(random) {
    directory_.file(name_, "");
  }

  void write() {
    std::string text = std::exchange(rest_, {});
    for (std::size_t count = random_() % 8; count > 0; --count) {
      text +=
          name_ + " " + std::to_string(++lines_) + (random_() % 5 == 0 ? std::string(random_() % 900, '.') : "") + "\n";
    }
    if (random_() % 3 == 0 && !text.empty()) {
      const std::size_t cut = random_() % text.size();
      rest_ = text.substr(cut);
      text.resize(cut);
    }
    append(text);
  }
  void finish() { append(std::exchange(rest_, {})); }

  void rotate_by_renaming() {
    finish();
    shift();
    fs::rename(path(0), path(1));
    directory_.file(name_, "");
  }
  void rotate_by_copying() {
    finish();
    shift();
    fs::copy_file(path(0), path(1));
    fs::resize_file(path(0), 0);
  }
  void pack_the_oldest() {
    if (generations_ < 2 || packed_ + 1 >= generations_) return;
    const std::string plain = path(generations_ - packed_);
    const fs::file_time_type modified = fs::last_write_time(plain);
    record::Buffer out;
    ASSERT_FALSE(compress(out, testing::content_of(plain), Compression::gzip));
    ++packed_;
    std::ofstream(plain + ".gz", std::ios::binary) << out.view();
    fs::last_write_time(plain + ".gz", modified);
    fs::remove(plain);
  }

  std::size_t lines() const { return lines_; }
  // Those whose end has been written.
  std::size_t complete() const { return lines_ - static_cast<std::size_t>(std::ranges::count(rest_, '\n')); }
  const std::string& name() const { return name_; }

 private:
  // Generation 0 is written to; the last `packed_` ones are packed.
  std::string path(std::size_t generation) const {
    std::string path = directory_.path(name_);
    if (generation > 0) path += "." + std::to_string(generation);
    return path;
  }
  void shift() {
    for (std::size_t each = generations_; each > 0; --each) {
      const bool is_packed = each > generations_ - packed_;
      const std::string end = is_packed ? ".gz" : "";
      fs::rename(path(each) + end, path(each + 1) + end);
    }
    ++generations_;
  }
  void append(const std::string& text) { std::ofstream(path(0), std::ios::binary | std::ios::app) << text; }

  const TemporaryDirectory& directory_;
  const std::string name_;
  std::mt19937& random_;
  std::string rest_;
  std::size_t lines_ = 0;
  std::size_t generations_ = 0;
  std::size_t packed_ = 0;
};

void expect_all_once_in_order(const std::vector<std::string>& lines, const std::vector<Program>& programs) {
  for (const std::string& line : lines) {
    ASSERT_TRUE(std::ranges::any_of(programs, [&](const Program& each) { return line.starts_with(each.name() + " "); }))
        << "half a line: " << line;
  }
  for (const Program& program : programs) {
    std::size_t next = 1;
    for (const std::string& line : lines) {
      if (!line.starts_with(program.name() + " ")) continue;
      ASSERT_EQ(line.substr(0, line.find('.', program.name().size())), program.name() + " " + std::to_string(next));
      ++next;
    }
    ASSERT_EQ(next - 1, program.lines());
  }
}

// A program, and what befalls it and its reader, one after the other.
class Life {
 public:
  explicit Life(unsigned seed) : random_(seed), checkpoints_(seed + 1), following_(options()) {
    for (const char* name : {"a.log", "b.log", "c.log"}) programs_.emplace_back(directory_, name, random_);
    following_.keep_state();
    following_.checkpoint_now_and_then([this] { return checkpoints_() % 3 == 0; });
  }

  void go_through(int steps) {
    ASSERT_FALSE(following_.start());
    for (int step = 0; step < steps; ++step) {
      if (random_() % 12 == 0) {
        ASSERT_NO_FATAL_FAILURE(restart());
      } else {
        ASSERT_NO_FATAL_FAILURE(live(random_() % 11 < 3));
      }
    }
    for (Program& program : programs_) program.finish();
    EXPECT_TRUE(following_.wait_for(complete()));
    ASSERT_FALSE(following_.stop());
    expect_all_once_in_order(following_.lines(), programs_);
  }

 private:
  FileGenerator::Options options() const {
    FileGenerator::Options made;
    made.paths = {directory_.path("*.log*")};
    made.timing = testing::quiet_timing();
    return made;
  }
  Program& any() { return programs_[random_() % programs_.size()]; }
  std::size_t complete() const {
    std::size_t total = 0;
    for (const Program& program : programs_) total += program.complete();
    return total;
  }

  // Names change no faster than the reader can look, but at any point of its reading.
  void live(bool rotate) {
    if (!rotate) return any().write();
    ASSERT_TRUE(following_.wait_for(complete()));
    any().write();
    this->rotate(any());
  }
  void rotate(Program& program) {
    switch (random_() % 3) {
      case 0:
        return program.rotate_by_renaming();
      case 1:
        return program.rotate_by_copying();
      default:
        return program.pack_the_oldest();
    }
  }
  // And anything may happen meanwhile.
  void restart() {
    if (random_() % 2 == 0) {
      ASSERT_FALSE(following_.stop());
    } else {
      following_.crash();
    }
    for (std::size_t count = random_() % 8; count > 0; --count) {
      if (random_() % 3 == 0) {
        rotate(any());
      } else {
        any().write();
      }
    }
    ASSERT_FALSE(following_.start());
  }

  const TemporaryDirectory directory_;
  std::mt19937 random_;
  std::mt19937 checkpoints_;  // used by the generator's thread
  std::vector<Program> programs_;
  Following following_;
};

unsigned number_from(const char* variable, unsigned otherwise) {
  const char* const text = std::getenv(variable);
  return text == nullptr ? otherwise : static_cast<unsigned>(std::strtoul(text, nullptr, 10));
}

// SLUICE_SEED=N begins with the choices of a round that failed (not its timing); SLUICE_ROUNDS=N goes through more.
TEST(FollowProperty, EveryLineComesOnceInOrderThroughRotationsAndRestarts) {
  const unsigned first = number_from("SLUICE_SEED", std::random_device()());
  const unsigned rounds = number_from("SLUICE_ROUNDS", static_cast<unsigned>(test::scaled(10)));
  for (unsigned round = 0; round < rounds && !::testing::Test::HasFailure(); ++round) {
    SCOPED_TRACE("seed " + std::to_string(first + round));
    Life(first + round).go_through(150);
  }
}

}  // namespace
}  // namespace sluice::stages
