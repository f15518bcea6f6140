#include "stages/write/compression.hpp"

#include <sys/mman.h>
#include <unistd.h>
#include <zlib.h>
#include <zstd.h>
#include <zstd_errors.h>

#include <array>
#include <cstring>
#include <limits>
#include <memory>

namespace sluice::stages {
namespace {

constexpr std::size_t kGzipHeader = 20;    // RFC 1952, section 2.3, with the extra field
constexpr std::size_t kGzipTrailer = 8;    // CRC32 and size
constexpr std::size_t kMemberSizeAt = 16;  // where the header tells the member's size
// Magic, deflate, FEXTRA, no time, no flags, Unix, 8 bytes of extra fields: "SL", 4 bytes.
constexpr std::array<unsigned char, kMemberSizeAt> kGzipStart = {0x1f, 0x8b, 8, 4, 0,   0,   0, 0,
                                                                 0,    3,    8, 0, 'S', 'L', 4, 0};

void store_size(char* to, std::uint32_t value) {
  for (int i = 0; i < 4; ++i) to[i] = static_cast<char>(value >> (8 * i) & 0xff);
}

std::uint32_t load_size(const unsigned char* from) {
  std::uint32_t value = 0;
  for (int i = 0; i < 4; ++i) value |= static_cast<std::uint32_t>(from[i]) << (8 * i);
  return value;
}

flow::Error no_compression(const char* what) {
  return {std::make_error_code(std::errc::not_enough_memory), std::string("cannot compress: ") + what};
}

flow::Error gzip(record::Buffer& out, std::string_view text) {
  if (text.size() > std::numeric_limits<std::uint32_t>::max() / 2) return no_compression("too much at once for gzip");
  z_stream stream{};
  if (deflateInit2(&stream, Z_DEFAULT_COMPRESSION, Z_DEFLATED, -MAX_WBITS, MAX_MEM_LEVEL, Z_DEFAULT_STRATEGY) != Z_OK) {
    return no_compression("zlib has no memory");
  }
  const auto size = static_cast<uInt>(text.size());
  const std::size_t bound = deflateBound(&stream, size);
  char* const member = out.prepare(kGzipHeader + bound + kGzipTrailer);
  // zlib does not change its input; only its type is older than const.
  stream.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(text.data()));
  stream.avail_in = size;
  stream.next_out = reinterpret_cast<Bytef*>(member + kGzipHeader);
  stream.avail_out = static_cast<uInt>(bound);
  const int status = deflate(&stream, Z_FINISH);
  const std::size_t packed = stream.total_out;
  deflateEnd(&stream);
  if (status != Z_STREAM_END) return no_compression("zlib did not finish");
  const std::size_t whole = kGzipHeader + packed + kGzipTrailer;
  std::memcpy(member, kGzipStart.data(), kGzipStart.size());
  store_size(member + kMemberSizeAt, static_cast<std::uint32_t>(whole));
  const uLong sum = crc32(0, reinterpret_cast<const Bytef*>(text.data()), size);
  store_size(member + kGzipHeader + packed, static_cast<std::uint32_t>(sum));
  store_size(member + kGzipHeader + packed + 4, size);
  out.advance(whole);
  return {};
}

flow::Error zstd(record::Buffer& out, std::string_view text) {
  const std::unique_ptr<ZSTD_CCtx, decltype(&ZSTD_freeCCtx)> context(ZSTD_createCCtx(), &ZSTD_freeCCtx);
  if (context == nullptr) return no_compression("zstd has no memory");
  ZSTD_CCtx_setParameter(context.get(), ZSTD_c_checksumFlag, 1);
  const std::size_t bound = ZSTD_compressBound(text.size());
  const std::size_t packed = ZSTD_compress2(context.get(), out.prepare(bound), bound, text.data(), text.size());
  if (ZSTD_isError(packed) != 0) return no_compression(ZSTD_getErrorName(packed));
  out.advance(packed);
  return {};
}

std::uint64_t whole_gzip(int fd, std::uint64_t size) {
  std::uint64_t at = 0;
  while (at < size) {
    std::array<unsigned char, kGzipHeader> header{};
    const ssize_t count = ::pread(fd, header.data(), header.size(), static_cast<off_t>(at));
    if (count <= 0) return size;
    const std::size_t known = std::min(static_cast<std::size_t>(count), kGzipStart.size());
    if (std::memcmp(header.data(), kGzipStart.data(), known) != 0) return size;  // not one of ours
    if (static_cast<std::size_t>(count) < header.size()) return at;
    const std::uint64_t member = load_size(header.data() + kMemberSizeAt);
    if (member < kGzipHeader + kGzipTrailer) return size;
    if (member > size - at) return at;
    at += member;
  }
  return at;
}

std::uint64_t whole_zstd(int fd, std::uint64_t size) {
  void* const map = ::mmap(nullptr, size, PROT_READ, MAP_PRIVATE, fd, 0);
  if (map == MAP_FAILED) return size;
  const char* const bytes = static_cast<const char*>(map);
  std::uint64_t at = 0;
  while (at < size) {
    const std::size_t frame = ZSTD_findFrameCompressedSize(bytes + at, size - at);
    if (ZSTD_isError(frame) != 0) {
      if (ZSTD_getErrorCode(frame) != ZSTD_error_srcSize_wrong) at = size;  // not zstd at all
      break;
    }
    at += frame;
  }
  ::munmap(map, size);
  return at;
}

}  // namespace

flow::Error compress(record::Buffer& out, std::string_view text, Compression compression) {
  switch (compression) {
    case Compression::gzip:
      return gzip(out, text);
    case Compression::zstd:
      return zstd(out, text);
    case Compression::none:
      break;
  }
  out.append(text);
  return {};
}

std::uint64_t whole_compressed(int fd, std::uint64_t size, Compression compression) {
  if (size == 0 || compression == Compression::none) return size;
  return compression == Compression::gzip ? whole_gzip(fd, size) : whole_zstd(fd, size);
}

}  // namespace sluice::stages
