#include "base/compression.hpp"

#include <stdexcept>

#include <zlib.h>

namespace crier {
namespace {

// The size of what is inside comes first, little-endian.
constexpr std::size_t size_bytes = 4;

}  // namespace

std::string compress(std::string_view bytes) {
  if (bytes.size() > 0xFFFF'FFFF) throw std::length_error("more than 4 GB cannot be compressed at once");
  auto length = ::compressBound(bytes.size());
  std::string packed(size_bytes + length, '\0');
  for (std::size_t i = 0; i < size_bytes; ++i) packed[i] = static_cast<char>(bytes.size() >> (8 * i) & 0xFF);
  const auto status = ::compress(reinterpret_cast<Bytef*>(packed.data() + size_bytes), &length,
                                 reinterpret_cast<const Bytef*>(bytes.data()), bytes.size());
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

}  // namespace crier
