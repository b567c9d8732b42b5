// Varints: whole numbers in as many bytes as they need, seven bits in each, the lowest first (LEB128).
#pragma once

#include <cstdint>
#include <string>

namespace crier {

inline void append_varint(std::string& out, std::uint64_t value) {
  for (; value >= 0x80; value >>= 7U) out += static_cast<char>(value | 0x80);
  out += static_cast<char>(value);
}

/// Reads one from `at`, which moves behind it. The bytes are our own: they are not checked.
inline std::uint64_t read_varint(const std::uint8_t*& at) {
  std::uint64_t value = *at & 0x7F;
  for (unsigned shift = 7; (*at++ & 0x80) != 0; shift += 7) value |= std::uint64_t{*at & 0x7FU} << shift;
  return value;
}

}  // namespace crier
