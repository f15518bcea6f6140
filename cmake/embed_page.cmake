# cmake -DPAGE=file.html -DOUTPUT=file.cpp -P embed_page.cmake: writes a source file with dashboard_page(), which returns
# the bytes of PAGE. Bytes as numbers, so that nothing in the page needs escaping.
file(READ ${PAGE} bytes HEX)
string(REGEX REPLACE "([0-9a-f][0-9a-f])" "'\\\\x\\1'," bytes "${bytes}")
file(WRITE ${OUTPUT} "// Made from ${PAGE}.
#include \"daemon/admin/dashboard.hpp\"

namespace sluice::daemon {
namespace {
constexpr char kPage[] = {${bytes}'\\0'};
}  // namespace

std::string_view dashboard_page() { return {kPage, sizeof kPage - 1}; }

}  // namespace sluice::daemon
")
