// Members: how the audience of a batch is stored, which of them are settled, and when those were that had to
// wait. Pure.
// A chunk holds at most 4,096 subscriber numbers in ascending order, as LEB128 differences, those that follow
// one another as runs; the reason each reader is given is an index into a short list of sentences, left out
// where there is only one. A larger audience, of a digest's item, has places in it, so that a part of it is
// found.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/time.hpp"

namespace crier {

inline constexpr std::size_t chunk_capacity = 4096;

struct Member {
  std::uint32_t number = 0;  ///< subscriber number
  std::uint32_t reason = 0;  ///< index into the reasons beside it
};

struct Audience {
  std::vector<std::string> reasons;
  std::vector<Member> members;  ///< ascending by number, no number twice
};

/// These members with those of the reasons that they have.
Audience audience_of(std::span<const Member> members, const std::vector<std::string>& reasons);

/// An audience without some of its members, and these.
struct SplitAudience {
  Audience kept;
  Audience gone;
};
/// `numbers`: ascending; those that are no members do not count.
SplitAudience split(const Audience& audience, std::span<const std::uint32_t> numbers);

/// Puts an audience together from readers that come in any order, each once.
class AudienceBuilder {
 public:
  void add(std::uint32_t number, std::string_view reason);
  void add(const Audience& audience);
  /// `numbers`: ascending.
  void remove(std::span<const std::uint32_t> numbers);
  std::size_t size() const { return members_.size(); }
  Audience build();

 private:
  std::uint32_t index_of(std::string_view reason);

  std::vector<std::string> reasons_;
  std::map<std::string, std::uint32_t, std::less<>> indexes_;
  std::vector<Member> members_;
};

std::string encode_audience(const Audience& audience);
/// Numbers from `first` to `last`.
struct NumberRange {
  std::uint32_t first = 0;
  std::uint32_t last = UINT32_MAX;
};
/// Those members whose number is in the range. Throws std::runtime_error on bytes that encode_audience did
/// not write.
Audience decode_audience(std::string_view bytes, NumberRange range = {});

/// The reason of a subscriber; nothing when it is no member or there are no reasons.
std::string_view reason_for(const Audience& audience, std::uint32_t number);
/// Where a subscriber stands among the members; nullopt when it does not.
std::optional<std::size_t> position_of(const Audience& audience, std::uint32_t number);

/// One bit per member of a chunk, by position.
class SettledBits {
 public:
  explicit SettledBits(std::size_t size) : bytes_((size + 7) / 8, '\0') {}
  explicit SettledBits(std::string_view bytes);

  bool test(std::size_t position) const;
  void set(std::size_t position);
  std::size_t count() const { return count_; }
  const std::string& bytes() const { return bytes_; }

 private:
  std::string bytes_;
  std::size_t count_ = 0;
};

/// A delivery that had waited for something, and then arrived.
struct LateMark {
  std::uint32_t position = 0;  ///< in the chunk
  int attempts = 0;            ///< with the one that succeeded
  Time at{};                   ///< to the second
};

/// The late deliveries of a chunk, about eight bytes each.
class LateMarks {
 public:
  LateMarks() = default;
  explicit LateMarks(std::string_view bytes) : bytes_(bytes) {}

  void add(const LateMark& mark);
  /// The last mark of a member; nullopt when it did not wait. Throws as decode_audience does.
  std::optional<LateMark> find(std::size_t position) const;
  const std::string& bytes() const { return bytes_; }

 private:
  std::string bytes_;
};

}  // namespace crier
