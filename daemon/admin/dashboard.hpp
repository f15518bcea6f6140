// The page of the dashboard, as it is in daemon/admin/dashboard.html.
#pragma once

#include <string_view>

namespace sluice::daemon {

std::string_view dashboard_page();

}  // namespace sluice::daemon
