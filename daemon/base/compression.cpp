#include "base/compression.hpp"

#include <array>
#include <climits>
#include <stdexcept>

#include <fmt/core.h>
#include <zlib.h>

namespace crier {
namespace {

// The size of what is inside comes first, little-endian.
constexpr std::size_t size_bytes = 4;

class Inflation {
 public:
  Inflation() {
    constexpr int gzip_of_any_window = 15 + 16;
    if (::inflateInit2(&stream, gzip_of_any_window) != Z_OK) throw std::runtime_error("zlib cannot inflate");
  }
  ~Inflation() { ::inflateEnd(&stream); }
  Inflation(const Inflation&) = delete;
  Inflation& operator=(const Inflation&) = delete;

  z_stream stream{};
};

}  // namespace

std::string compress(std::string_view bytes) {
  if (bytes.size() > 0xFFFF'FFFF) throw std::length_error("more than 4 GB cannot be compressed at once");
  auto length = ::compressBound(bytes.size());
  std::string packed(size_bytes + length, '\0');
  for (std::size_t i = 0; i < size_bytes; ++i) packed[i] = static_cast<char>(bytes.size() >> (8 * i) & 0xFF);
  // A story waits for it: three fifths of the time, for a tenth more room.
  const auto status = ::compress2(reinterpret_cast<Bytef*>(packed.data() + size_bytes), &length,
                                  reinterpret_cast<const Bytef*>(bytes.data()), bytes.size(), Z_BEST_SPEED);
  if (status != Z_OK) throw std::runtime_error("zlib cannot compress");
  packed.resize(size_bytes + length);
  return packed;
}

Result<std::string> decompress(std::string_view packed, std::size_t max_bytes) {
  if (packed.size() < size_bytes) return Error{"compressed text: cut off"};
  std::size_t size = 0;
  for (std::size_t i = 0; i < size_bytes; ++i)
    size |= static_cast<std::size_t>(static_cast<unsigned char>(packed[i])) << (8 * i);
  if (size > max_bytes) return Error{"compressed text: larger than it may be"};
  packed.remove_prefix(size_bytes);
  std::string bytes(size, '\0');
  uLongf length = size;
  const auto status = ::uncompress(reinterpret_cast<Bytef*>(bytes.data()), &length,
                                   reinterpret_cast<const Bytef*>(packed.data()), packed.size());
  if (status != Z_OK || length != size) return Error{"compressed text: damaged"};
  return bytes;
}

bool is_gzip(std::string_view bytes) {
  return bytes.starts_with("\x1F\x8B");
}

Result<std::string> gunzip(std::string_view packed, std::size_t max_bytes) {
  if (packed.size() > UINT_MAX) return Error{"gzip: more than 4 GB"};
  Inflation inflation;
  auto& stream = inflation.stream;
  stream.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(packed.data()));  // zlib does not write there
  stream.avail_in = static_cast<uInt>(packed.size());
  std::string bytes;
  std::array<char, 65536> piece;
  for (bool goes_on = true; goes_on;) {
    stream.next_out = reinterpret_cast<Bytef*>(piece.data());
    stream.avail_out = static_cast<uInt>(piece.size());
    const int status = ::inflate(&stream, Z_NO_FLUSH);
    if (status != Z_OK && status != Z_STREAM_END) return Error{"gzip: damaged or cut off"};
    const auto inflated = piece.size() - stream.avail_out;
    if (inflated > max_bytes - bytes.size())
      return Error{fmt::format("gzip: inflates to more than the limit of {} bytes", max_bytes)};
    bytes.append(piece.data(), inflated);
    if (status != Z_STREAM_END) continue;
    goes_on = stream.avail_in > 0 && *stream.next_in != 0;
    if (goes_on && ::inflateReset(&stream) != Z_OK) throw std::runtime_error("zlib cannot inflate");
  }
  return bytes;
}

}  // namespace crier
