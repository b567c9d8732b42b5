#include "base/text_code.hpp"

#include <algorithm>
#include <cstring>
#include <functional>
#include <numeric>

namespace crier {
namespace {

// The first eight bytes, or all, the first in the lowest place.
std::uint64_t word_of(std::string_view bytes) {
  std::uint64_t word = 0;
  const auto add = [&](std::size_t at) {
    word |= std::uint64_t{static_cast<std::uint8_t>(bytes[at])} << 8 * at;
  };
  if (bytes.size() >= sizeof word)  // the compiler makes one read of it
    for (std::size_t i = 0; i < sizeof word; ++i) add(i);
  else
    for (std::size_t i = 0; i < bytes.size(); ++i) add(i);
  return word;
}

}  // namespace

// How often pieces, and pairs of them, stand in a sample as a code writes it. A byte that is in no piece
// counts as one.
class TextCode::Counts {
 public:
  Counts(const TextCode& code, std::span<const std::string> sample) : code_(code), pairs_(kinds * kinds) {
    for (const std::string_view text : sample) {
      auto before = kinds;
      for (std::size_t at = 0; at < text.size();) {
        const auto found = code.first_piece(text.substr(at));
        const auto kind = found == literal ? most_pieces + static_cast<std::uint8_t>(text[at]) : found;
        ++singles_[kind];
        if (before != kinds) ++pairs_[before * kinds + kind];
        before = kind;
        at += found == literal ? 1 : code.lengths_[found];
      }
    }
  }

  // Those that save the most bytes.
  std::vector<std::string> best() const {
    std::vector<std::pair<Count, std::string>> candidates;
    for (std::size_t kind = 0; kind < kinds; ++kind) {
      if (singles_[kind] == 0) continue;
      const auto one = text_of(kind);
      // A byte alone takes two bytes unless it is a piece.
      candidates.emplace_back(singles_[kind] * one.size() * (one.size() == 1 ? 2 : 1), one);
      for (std::size_t next = 0; next < kinds; ++next) {
        const auto count = pairs_[kind * kinds + next];
        if (count <= 1) continue;
        auto both = one + text_of(next);
        both.resize(std::min(both.size(), longest_piece));
        candidates.emplace_back(count * both.size(), std::move(both));
      }
    }
    return most_worth(std::move(candidates));
  }

 private:
  static constexpr std::size_t kinds = most_pieces + 256;

  static std::vector<std::string> most_worth(std::vector<std::pair<Count, std::string>> candidates) {
    // The same piece may come of several pairs.
    std::ranges::sort(candidates, {}, &std::pair<Count, std::string>::second);
    std::vector<std::pair<Count, std::string>> merged;
    for (auto& each : candidates) {
      if (merged.empty() || merged.back().second != each.second)
        merged.push_back(std::move(each));
      else
        merged.back().first += each.first;
    }
    std::ranges::sort(merged, std::greater<>{});
    merged.resize(std::min(merged.size(), most_pieces));
    std::vector<std::string> out;
    for (auto& [worth, piece] : merged) out.push_back(std::move(piece));
    return out;
  }

  std::string text_of(std::size_t kind) const {
    return kind < most_pieces ? std::string(code_.piece(kind))
                              : std::string(1, static_cast<char>(kind - most_pieces));
  }

  const TextCode& code_;
  std::array<Count, kinds> singles_{};
  std::vector<Count> pairs_;  // one behind the other
};

TextCode TextCode::learn(std::span<const std::string> sample) {
  constexpr int rounds = 5;  // pieces at most double in each
  TextCode code;
  for (int round = 0; round < rounds; ++round) code = TextCode(Counts(code, sample).best());
  return code;
}

std::size_t TextCode::bucket_of(std::uint8_t first, std::uint8_t second) {
  constexpr std::uint32_t spreads = 0x9E3779B1;
  return static_cast<std::uint32_t>(first * 256U + second) * spreads >> 22U;
}

TextCode::TextCode(std::vector<std::string> pieces) : count_(static_cast<std::uint8_t>(pieces.size())) {
  const auto byte = [](const std::string& piece, std::size_t at) {
    return static_cast<std::uint8_t>(piece[at]);
  };
  const auto bucket = [&](const std::string& piece) {
    return piece.size() == 1 ? buckets : bucket_of(byte(piece, 0), byte(piece, 1));
  };
  std::ranges::sort(pieces, [&](const std::string& a, const std::string& b) {
    return std::pair(bucket(a), b.size()) < std::pair(bucket(b), a.size());
  });
  singles_.fill(literal);
  for (std::uint8_t i = 0; i < count_; ++i) {
    const auto& piece = pieces[i];
    std::ranges::copy(piece, pieces_[i].begin());
    lengths_[i] = static_cast<std::uint8_t>(piece.size());
    if (piece.size() == 1)
      singles_[byte(piece, 0)] = i;
    else
      ++begins_[bucket(piece) + 1];
  }
  std::partial_sum(begins_.begin(), begins_.end(), begins_.begin());
}

// The longest that the text begins with; `literal` when there is none.
std::uint8_t TextCode::first_piece(std::string_view text) const {
  const auto first = static_cast<std::uint8_t>(text.front());
  if (text.size() == 1) return singles_[first];
  const auto word = word_of(text);
  const auto bucket = bucket_of(first, static_cast<std::uint8_t>(text[1]));
  for (auto which = begins_[bucket]; which < begins_[bucket + 1]; ++which) {
    const auto length = lengths_[which];
    const auto unused = 8 * (longest_piece - length);
    if (length <= text.size() && ((word ^ word_of({pieces_[which].data(), longest_piece})) << unused) == 0)
      return which;
  }
  return singles_[first];
}

void TextCode::encode(std::string_view text, std::string& to) const {
  if (count_ == 0) {
    to += text;
    return;
  }
  while (!text.empty()) {
    const auto found = first_piece(text);
    to += static_cast<char>(found);
    if (found == literal) to += text.front();
    text.remove_prefix(found == literal ? 1 : lengths_[found]);
  }
}

std::string TextCode::decode(std::string_view code) const {
  if (count_ == 0) return std::string(code);
  std::array<char, 512> buffer;
  std::size_t size = 0;
  std::string text;
  for (std::size_t at = 0; at < code.size(); ++at) {
    if (size > buffer.size() - longest_piece) {
      text.append(buffer.data(), size);
      size = 0;
    }
    const auto which = static_cast<std::uint8_t>(code[at]);
    if (which == literal) {
      buffer[size++] = code[++at];
      continue;
    }
    std::memcpy(buffer.data() + size, pieces_[which].data(), longest_piece);
    size += lengths_[which];
  }
  text.append(buffer.data(), size);
  return text;
}

}  // namespace crier
