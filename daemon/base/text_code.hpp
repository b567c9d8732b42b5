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
  TextCode() : TextCode(std::vector<std::string>()) {}
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

  static constexpr std::size_t buckets = 1024;
  static std::size_t bucket_of(std::uint8_t first, std::uint8_t second);

  // By the bucket of their first two bytes, in it the longer first; behind them those of one byte.
  std::array<std::array<char, longest_piece>, most_pieces> pieces_{};
  std::array<std::uint8_t, most_pieces> lengths_{};
  std::array<std::uint8_t, buckets + 1> begins_{};  // of each bucket
  std::array<std::uint8_t, 256> singles_{};         // of each byte, `literal` where there is none
  std::uint8_t count_ = 0;
};

}  // namespace crier
