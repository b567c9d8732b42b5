// TextCode: short texts that resemble one another, such as addresses, in a third of their bytes. Up to 255
// pieces that are frequent among them, of one to eight bytes, are written as one byte each, any other byte as
// two. Each text is read alone, whatever stands beside it. After FSST (Boncz, Neumann, Leis: FSST: Fast
// Random Access String Compression, VLDB 2020). Pure.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace crier {

class TextCode {
 public:
  /// Leaves every text as it is.
  TextCode() = default;
  /// For texts like these; it takes a few milliseconds a hundred kilobytes. Without any it leaves them as
  /// they are.
  static TextCode learn(std::span<const std::string> sample);

  /// Any bytes. Texts that the sample knows nothing like take up to twice as many.
  void encode(std::string_view text, std::string& to) const;
  /// Of what this code, or one that was learnt from the same sample, has written.
  std::string decode(std::string_view code) const;

 private:
  static constexpr std::size_t most_pieces = 255;
  static constexpr std::size_t longest_piece = sizeof(std::uint64_t);
  static constexpr std::uint8_t literal = most_pieces;  // the byte behind it stands for itself

  using Count = std::uint32_t;
  class Counts;

  explicit TextCode(std::vector<std::string> pieces);
  std::uint8_t first_piece(std::string_view text) const;
  std::string_view piece(std::size_t which) const { return {pieces_[which].data(), lengths_[which]}; }

  // By their first byte, the longer first. Those that begin with byte b: from begins_[b], up to begins_[b +
  // 1].
  std::array<std::array<char, longest_piece>, most_pieces> pieces_{};
  std::array<std::uint8_t, most_pieces> lengths_{};
  std::array<std::uint8_t, 257> begins_{};
};

}  // namespace crier
