// Subscribers: what a book knows of each of a million people, packed into some fifteen to forty bytes. Each
// is a record of one buffer: lengths first, then the texts one after the other, in the code that was learnt
// from them when all were there; time zones and quiet hours, of which there are few, are kept once. What is
// handed out are views, which decode nothing in advance. For one thread while it is added to, then for many
// that only read.
#pragma once

#include <array>
#include <bit>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <iterator>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "audience/subscriber.hpp"
#include "base/position_table.hpp"
#include "base/text_code.hpp"

namespace crier {

class Subscribers;

/// One of them: a view, as cheap to copy as a pointer, valid as long as the Subscribers stay where they are.
/// Its texts are decoded anew each time they are asked for.
class Subscriber {
 public:
  /// Its place among the Subscribers.
  std::uint32_t index() const { return index_; }
  std::string id() const { return text(0); }
  std::string name() const { return text(1); }
  /// Empty = not reachable that way.
  std::string address(ChannelKind channel) const { return text(of_address(channel)); }
  /// Whether it has an address there, which takes no decoding.
  bool is_on(ChannelKind channel) const { return has(of_address(channel)); }
  /// IANA name; empty = the site's.
  std::string_view timezone() const;
  std::optional<QuietHours> quiet_hours() const;
  /// Raw key bytes; the first is the current one.
  std::vector<std::string> webhook_secrets() const;

 private:
  friend class Subscribers;

  static constexpr std::size_t texts = 2 + all_channels.size();

  // A record: a byte that says what there is, where `has_hours` says so the position in
  // Subscribers::hours_, the length of each text that is not empty, these texts, and behind a webhook address
  // where its secrets are. Positions and lengths take two bytes and one, or, where one exceeds that, four:
  // the wide form, which is rare.
  static constexpr std::uint8_t is_wide = 1U << 7U;
  static constexpr std::uint8_t has_hours = 1U << 6U;
  static constexpr std::uint8_t all_texts = (1U << texts) - 1U;

  static constexpr std::size_t of_address(ChannelKind channel) {
    return 2 + static_cast<std::size_t>(channel);
  }

  std::uint8_t shape() const { return static_cast<std::uint8_t>(*record_); }
  bool has(std::size_t which) const { return (shape() >> which & 1U) != 0; }
  std::string text(std::size_t which) const;
  // As it stands in the record.
  std::string_view code(std::size_t which) const {
    if (!has(which)) return {};
    return (shape() & is_wide) != 0 ? code_of<std::uint32_t, std::uint32_t>(shape(), which)
                                    : code_of<std::uint8_t, std::uint16_t>(shape(), which);
  }
  template <class Length, class Position>
  std::string_view code_of(std::uint8_t there, std::size_t which) const {
    const auto* begin = record_ + bytes_before_texts<Length, Position>(there);
    const auto* length = record_ + bytes_before_texts<Length, Position>(there & has_hours);
    for (auto before = count_texts(there & ((1U << which) - 1U)); before > 0; --before) {
      begin += read_as<Length>(length);
      length += sizeof(Length);
    }
    return {begin, read_as<Length>(length)};
  }
  template <class Length, class Position>
  static std::size_t bytes_before_texts(unsigned shape) {
    return 1 + ((shape & has_hours) != 0 ? sizeof(Position) : 0) + sizeof(Length) * count_texts(shape);
  }
  static std::size_t count_texts(unsigned shape) {
    return static_cast<std::size_t>(std::popcount(shape & all_texts));
  }
  template <class Value>
  static Value read_as(const char* from) {
    Value out;
    std::memcpy(&out, from, sizeof out);
    return out;
  }
  std::uint32_t hours() const {
    const auto there = shape();
    if ((there & has_hours) == 0) return 0;
    return (there & is_wide) != 0 ? read_as<std::uint32_t>(record_ + 1) : read_as<std::uint16_t>(record_ + 1);
  }
  // How many bytes there are from one record to the next in its block.
  static std::size_t bytes_in_block(const char* record);
  // Where in the record it says what webhook secrets there are; 0 = it does not.
  std::size_t place_of_secrets() const;
  std::uint32_t secrets() const;

  Subscriber(const Subscribers& all, const char* record, std::uint32_t index)
      : all_(&all), record_(record), index_(index) {}

  const Subscribers* all_;
  const char* record_;
  std::uint32_t index_;
};

class Subscribers {
 public:
  Subscribers() = default;
  Subscribers(Subscribers&&) = default;
  Subscribers& operator=(Subscribers&&) = default;

  /// Returns its index. Of several with one id the first is found by it. Throws std::length_error when there
  /// are 2^32 of them.
  std::uint32_t add(const SubscriberDraft& draft);
  /// After those that it has; for who has a webhook address. Throws std::length_error when the key is longer
  /// than 255 bytes, or all are too many.
  void add_webhook_secret(std::uint32_t index, std::string_view key);
  /// When nobody more comes: writes the texts of many in code, and gives back what memory was taken in
  /// advance.
  void fit();

  std::uint32_t size() const { return records_.count; }
  bool empty() const { return size() == 0; }
  Subscriber operator[](std::uint32_t index) const { return {*this, record_of(index), index}; }
  std::optional<Subscriber> find(std::string_view id) const;
  /// The same, faster if it is the one at `probable`, which need not exist.
  std::optional<Subscriber> find(std::string_view id, std::uint32_t probable) const;

  class Iterator {
   public:
    using iterator_concept = std::forward_iterator_tag;
    using value_type = Subscriber;
    using difference_type = std::ptrdiff_t;
    Iterator() = default;
    Iterator(const Subscribers& all, std::uint32_t index) : all_(&all), index_(index) {}
    Subscriber operator*() const { return (*all_)[index_]; }
    Iterator& operator++() {
      ++index_;
      return *this;
    }
    Iterator operator++(int) {
      auto before = *this;
      ++index_;
      return before;
    }
    bool operator==(const Iterator&) const = default;

   private:
    const Subscribers* all_ = nullptr;
    std::uint32_t index_ = 0;
  };
  Iterator begin() const { return {*this, 0}; }
  Iterator end() const { return {*this, size()}; }

 private:
  friend class Subscriber;

  // A zone, and when it is quiet there.
  using Hours = std::pair<std::string, std::optional<QuietHours>>;
  using Texts = std::array<std::string_view, Subscriber::texts>;

  static constexpr std::size_t block_size = 1U << 20;
  static constexpr std::uint32_t sample_size = 4096;  // of fewer it would save too little

  // In blocks that never move. Those of a group stand one behind the other in one block, so that only the
  // place of the first is kept. The larger groups are, the longer it takes to find one that nobody looked at
  // lately, as those are that are compared by id while they are added.
  struct Records {
    std::uint32_t group_size = 4;
    std::uint32_t count = 0;
    std::vector<std::unique_ptr<char[]>> blocks;
    std::size_t used = block_size;  // of the newest block
    std::vector<char*> groups;
    std::vector<std::unique_ptr<char[]>> wide;  // records of the wide form; in the block stands which
  };

  // What it returns is valid until it is asked again.
  struct IdOf {
    const Subscribers& all;
    mutable std::string id{};
    std::string_view operator()(std::uint32_t index) const {
      if (!all.is_in_code_) return all[index].code(0);
      id = all[index].id();
      return id;
    }
  };

  char* record_of(std::uint32_t index) const { return record_of(records_, index); }
  static char* record_of(const Records& records, std::uint32_t index);
  void append(const Texts& codes, std::uint32_t hours, std::uint32_t secrets);
  char* make_room(std::size_t bytes);
  template <class Length, class Position>
  static char* fill(char* record, std::uint8_t shape, const Texts& codes, std::uint32_t hours);
  Texts encode(const Texts& texts);
  void write_in_code();
  std::array<TextCode, Subscriber::texts> learn_codes() const;
  std::uint32_t hours_of(const SubscriberDraft& draft);

  Records records_;
  std::array<TextCode, Subscriber::texts> codes_;
  bool is_in_code_ = false;
  std::string encoded_;                // of the last that was added
  std::vector<Hours> hours_{Hours()};  // the first: the site's zone, never quiet
  std::map<Hours, std::uint32_t> known_hours_{{Hours(), 0}};
  std::string secrets_;  // each: how many keys, and each key behind its length
  PositionTable by_id_;
};

}  // namespace crier
