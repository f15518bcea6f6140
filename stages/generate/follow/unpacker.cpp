#include "stages/generate/follow/unpacker.hpp"

#include <zlib.h>
#include <zstd.h>

#include <algorithm>
#include <array>
#include <cstring>

#include "stages/generate/follow/fingerprint.hpp"

namespace sluice::stages::follow {
namespace {

constexpr std::size_t kInputBytes = 64 * 1024;
constexpr int kGzipWindow = 16 + MAX_WBITS;  // zlib.h: 16 asks for the gzip format
constexpr std::string_view kGzipMagic("\x1f\x8b", 2);
constexpr std::string_view kZstdMagic("\x28\xb5\x2f\xfd", 4);

}  // namespace

Packing packing_by_name(std::string_view path) {
  if (path.ends_with(".gz")) return Packing::gzip;
  if (path.ends_with(".zst") || path.ends_with(".zstd")) return Packing::zstd;
  return Packing::none;
}

bool is_packed(int fd, Packing packing) {
  const std::string_view magic = packing == Packing::gzip ? kGzipMagic : kZstdMagic;
  std::array<char, 4> bytes{};
  const long count = read_at(fd, std::span(bytes).first(magic.size()), 0);
  return packing != Packing::none && count == static_cast<long>(magic.size()) &&
         std::memcmp(bytes.data(), magic.data(), magic.size()) == 0;
}

Unpacker::Unpacker(Packing packing) : packing_(packing), input_(kInputBytes) {
  if (packing_ == Packing::gzip) {
    gzip_ = std::make_unique<z_stream>();
    broken_ = inflateInit2(gzip_.get(), kGzipWindow) != Z_OK;
  } else {
    zstd_ = ZSTD_createDCtx();
    broken_ = zstd_ == nullptr;
  }
}

Unpacker::~Unpacker() {
  if (gzip_) inflateEnd(gzip_.get());
  ZSTD_freeDCtx(zstd_);
}

// More bytes of the file. False, and why, if there are none.
bool Unpacker::fill(int fd, Status& status) {
  const long count = read_at(fd, input_, file_at_);
  if (count <= 0) {
    status = count < 0 ? Status::failed : within_ ? Status::incomplete : Status::end;
    return false;
  }
  file_at_ += static_cast<std::size_t>(count);
  held_ = static_cast<std::size_t>(count);
  used_ = 0;
  return true;
}

std::size_t Unpacker::read(int fd, std::span<char> to, Status& status) {
  status = Status::good;
  std::size_t total = 0;
  while (total < to.size()) {
    std::size_t made = 0;
    if (broken_ || !unpack(to.subspan(total), made)) {
      broken_ = true;
      status = Status::broken;
      break;
    }
    total += made;
    if (made == 0 && used_ == held_ && !fill(fd, status)) break;
  }
  position_ += total;
  const std::size_t last = std::min(total, kTailBytes);
  window_.append(to.data() + total - last, last);
  if (window_.size() > kTailBytes) window_.erase(0, window_.size() - kTailBytes);
  return total;
}

bool Unpacker::unpack(std::span<char> to, std::size_t& made) {
  return packing_ == Packing::gzip ? unpack_gzip(to, made) : unpack_zstd(to, made);
}

bool Unpacker::unpack_gzip(std::span<char> to, std::size_t& made) {
  if (used_ == held_ && !within_) return true;
  gzip_->next_in = reinterpret_cast<Bytef*>(input_.data() + used_);
  gzip_->avail_in = static_cast<uInt>(held_ - used_);
  gzip_->next_out = reinterpret_cast<Bytef*>(to.data());
  gzip_->avail_out = static_cast<uInt>(to.size());
  const int result = inflate(gzip_.get(), Z_NO_FLUSH);
  used_ = held_ - gzip_->avail_in;
  made = to.size() - gzip_->avail_out;
  within_ = true;
  if (result == Z_STREAM_END) {
    within_ = false;
    return inflateReset(gzip_.get()) == Z_OK;
  }
  return result == Z_OK || result == Z_BUF_ERROR;  // Z_BUF_ERROR: it wants more input
}

bool Unpacker::unpack_zstd(std::span<char> to, std::size_t& made) {
  if (used_ == held_ && !within_) return true;
  ZSTD_inBuffer in{input_.data(), held_, used_};
  ZSTD_outBuffer out{to.data(), to.size(), 0};
  const std::size_t result = ZSTD_decompressStream(zstd_, &out, &in);
  used_ = in.pos;
  made = out.pos;
  if (ZSTD_isError(result) != 0) return false;
  within_ = result != 0;
  return true;
}

}  // namespace sluice::stages::follow
