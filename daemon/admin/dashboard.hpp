// The page of the dashboard, which the build puts together from daemon/admin/dashboard/.
#pragma once

#include <string_view>

namespace sluice::daemon {

std::string_view dashboard_page();

}  // namespace sluice::daemon
