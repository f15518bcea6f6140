#include "stages/enrich/geo_database.hpp"

#include <arpa/inet.h>
#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <cmath>
#include <cstring>
#include <filesystem>
#include <memory>
#include <span>
#include <utility>

#include "record/utf8.hpp"

namespace sluice::stages {

using record::Arena;
using record::Field;
using record::Value;

namespace {

constexpr int kDeepest = 64;  // levels of data, far more than any database has

bool all_ascii(std::string_view text) {
  return std::ranges::all_of(text, [](char c) { return static_cast<unsigned char>(c) < 0x80; });
}

std::string_view text_of(const char* bytes, std::size_t size, Arena& arena) {
  const std::string_view text(bytes, size);
  if (all_ascii(text)) return arena.copy(text);
  std::string valid;
  record::for_each_utf8_piece(text, [&](std::string_view piece) { valid += piece; });
  return arena.copy(valid);
}

// The double that has the float's shortest decimal text, so that 0.1 stays 0.1.
double widen(float number) {
  std::array<char, 32> text;
  const auto written = std::to_chars(text.data(), text.data() + text.size(), number);
  double wide = number;
  std::from_chars(text.data(), written.ptr, wide);
  return wide;
}

Value number_of_128_bits(mmdb_uint128_t number, Arena& arena) {
  if (number <= UINT64_MAX) return Value::uint64(static_cast<std::uint64_t>(number));
  const std::string text =
      fmt::format("0x{:x}{:016x}", static_cast<std::uint64_t>(number >> 64), static_cast<std::uint64_t>(number));
  return Value::string(arena.copy(text));
}

// A value without parts.
Value scalar(const MMDB_entry_data_s& data, Arena& arena) {
  switch (data.type) {
    case MMDB_DATA_TYPE_UTF8_STRING:
      return Value::string(text_of(data.utf8_string, data.data_size, arena));
    case MMDB_DATA_TYPE_BYTES:
      return Value::bytes(arena.copy({reinterpret_cast<const char*>(data.bytes), data.data_size}));
    case MMDB_DATA_TYPE_DOUBLE:
      return Value::float64(data.double_value);
    case MMDB_DATA_TYPE_FLOAT:
      return Value::float64(widen(data.float_value));
    case MMDB_DATA_TYPE_UINT16:
      return Value::int64(data.uint16);
    case MMDB_DATA_TYPE_UINT32:
      return Value::int64(data.uint32);
    case MMDB_DATA_TYPE_INT32:
      return Value::int64(data.int32);
    case MMDB_DATA_TYPE_UINT64:
      return Value::uint64(data.uint64);
    case MMDB_DATA_TYPE_UINT128:
      return number_of_128_bits(data.uint128, arena);
    case MMDB_DATA_TYPE_BOOLEAN:
      return Value::boolean(data.boolean);
    default:
      return {};
  }
}

// Builds the tree of values that libmaxminddb gives as a list in depth-first order. `next` moves along; it is null once
// the list is at an end, which in a damaged database may be early.
Value build(const MMDB_entry_data_list_s*& next, Arena& arena, int depth) {
  if (next == nullptr || depth > kDeepest) {
    next = nullptr;
    return {};
  }
  const MMDB_entry_data_s data = next->entry_data;
  next = next->next;
  if (data.type == MMDB_DATA_TYPE_MAP) {
    const std::span<Field> fields = arena.make_array<Field>(data.data_size);
    std::size_t count = 0;
    for (std::uint32_t i = 0; i < data.data_size && next != nullptr; ++i) {
      const Value name = build(next, arena, depth + 1);
      const Value value = build(next, arena, depth + 1);
      if (name.is(record::Type::string) && !value.is_absent()) fields[count++] = {name, value};
    }
    return Value::map(fields.first(count));
  }
  if (data.type == MMDB_DATA_TYPE_ARRAY) {
    const std::span<Value> items = arena.make_array<Value>(data.data_size);
    std::size_t count = 0;
    for (std::uint32_t i = 0; i < data.data_size && next != nullptr; ++i) {
      const Value value = build(next, arena, depth + 1);
      if (!value.is_absent()) items[count++] = value;
    }
    return Value::list(items.first(count));
  }
  return scalar(data, arena);
}

struct FreeList {
  void operator()(MMDB_entry_data_list_s* list) const { MMDB_free_entry_data_list(list); }
};

Value whole(MMDB_entry_s start, Arena& arena) {
  MMDB_entry_data_list_s* first = nullptr;
  const int status = MMDB_get_entry_data_list(&start, &first);
  const std::unique_ptr<MMDB_entry_data_list_s, FreeList> list(first);
  if (status != MMDB_SUCCESS) return {};
  const MMDB_entry_data_list_s* next = list.get();
  return build(next, arena, 0);
}

}  // namespace

std::optional<GeoAddress> GeoAddress::parse(std::string_view text) {
  std::array<char, INET6_ADDRSTRLEN + 1> copy{};
  if (text.empty() || text.size() >= copy.size()) return std::nullopt;
  std::memcpy(copy.data(), text.data(), text.size());
  GeoAddress address;
  sockaddr_in v4{};
  v4.sin_family = AF_INET;
  sockaddr_in6 v6{};
  v6.sin6_family = AF_INET6;
  if (text.find(':') == std::string_view::npos) {
    if (inet_pton(AF_INET, copy.data(), &v4.sin_addr) != 1) return std::nullopt;
    std::memcpy(&address.storage, &v4, sizeof v4);
    return address;
  }
  if (inet_pton(AF_INET6, copy.data(), &v6.sin6_addr) != 1) return std::nullopt;
  if (IN6_IS_ADDR_V4MAPPED(&v6.sin6_addr)) {
    std::memcpy(&v4.sin_addr, v6.sin6_addr.s6_addr + 12, 4);
    std::memcpy(&address.storage, &v4, sizeof v4);
  } else {
    std::memcpy(&address.storage, &v6, sizeof v6);
  }
  return address;
}

std::shared_ptr<const GeoDatabase> GeoDatabase::open(const std::string& path, std::string& error) {
  std::error_code failure;
  const bool regular = std::filesystem::is_regular_file(path, failure);
  if (!regular) {
    error = failure ? failure.message() : "this is no regular file";
    return nullptr;
  }
  struct Opened : GeoDatabase {};  // the constructor is private
  auto database = std::make_shared<Opened>();
  const int status = MMDB_open(path.c_str(), MMDB_MODE_MMAP, &database->database_);
  if (status != MMDB_SUCCESS) {
    error = fmt::format("{} (is it a database in MaxMind's format?)", MMDB_strerror(status));
    return nullptr;
  }
  database->open_ = true;
  return database;
}

GeoDatabase::~GeoDatabase() {
  if (open_) MMDB_close(&database_);
}

GeoDatabase::Found GeoDatabase::find(const GeoAddress& address) const {
  int status = MMDB_SUCCESS;
  const MMDB_lookup_result_s result = MMDB_lookup_sockaddr(&database_, address.get(), &status);
  // A database of IPv4 networks knows no IPv6 address: that is all.
  if (status == MMDB_IPV6_LOOKUP_IN_IPV4_DATABASE_ERROR) return {};
  if (status != MMDB_SUCCESS) return {.broken = true};
  return {.found = result.found_entry, .entry = result.entry.offset};
}

Value GeoDatabase::entry(std::uint32_t entry, Arena& arena) const { return whole({&database_, entry}, arena); }

Value GeoDatabase::member(std::uint32_t entry, const char* const* path, Arena& arena) const {
  MMDB_entry_s start{&database_, entry};
  MMDB_entry_data_s data{};
  if (MMDB_aget_value(&start, &data, path) != MMDB_SUCCESS || !data.has_data) return {};
  const bool has_parts = data.type == MMDB_DATA_TYPE_MAP || data.type == MMDB_DATA_TYPE_ARRAY;
  return has_parts ? whole({&database_, data.offset}, arena) : scalar(data, arena);
}

}  // namespace sluice::stages
