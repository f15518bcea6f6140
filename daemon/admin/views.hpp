// What `sluice top` and `sluice status` show of a running daemon. No terminal and no clock in here.
#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <vector>

#include "daemon/admin/figures.hpp"

namespace sluice::daemon {

// One screen of `sluice top`.
struct Screen {
  std::size_t width = 80;
  std::size_t height = 24;
  bool colour = false;
  std::size_t first = 0;  // of the stages, when they do not all fit
  std::string problem;    // why there is nothing newer; shown instead of the state
};

// Lines of at most `width` columns, at most `height`. Without rates (one look only) they are shown as `-`. `first` of
// the screen is brought within what there is.
std::vector<std::string> top_screen(const Sighting& sighting, const std::optional<std::vector<StageRates>>& rates,
                                    Screen& screen);

// The same as plain text for pipes: all stages, names in full.
std::string top_table(const Sighting& sighting, const std::optional<std::vector<StageRates>>& rates);

// `sluice status`: counters, no rates.
std::string status_text(const Sighting& sighting);

}  // namespace sluice::daemon
