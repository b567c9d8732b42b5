// Subscribers: what a book knows of each of a million people, packed into some fifty bytes. Each is a record
// of one buffer: lengths first, then the texts one after the other; time zones and quiet hours, of which
// there are few, are kept once. What is handed out are views, which decode nothing in advance. For one thread
// while it is added to, then for many that only read.
#pragma once

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

namespace crier {

class Subscribers;

/// One of them: a view, as cheap to copy as a pointer, valid as long as the Subscribers stay where they are.
class Subscriber {
 public:
  /// Its place among the Subscribers.
  std::uint32_t index() const { return index_; }
  std::string_view id() const { return text(0); }
  std::string_view name() const { return text(1); }
  /// Empty = not reachable that way.
  std::string_view address(ChannelKind channel) const { return text(2 + static_cast<std::size_t>(channel)); }
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

  std::uint8_t shape() const { return static_cast<std::uint8_t>(*record_); }
  std::string_view text(std::size_t which) const {
    const auto there = shape();
    if ((there >> which & 1U) == 0) return {};
    return (there & is_wide) != 0 ? text_of<std::uint32_t, std::uint32_t>(there, which)
                                  : text_of<std::uint8_t, std::uint16_t>(there, which);
  }
  template <class Length, class Position>
  std::string_view text_of(std::uint8_t there, std::size_t which) const {
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
  std::size_t hours() const {
    const auto there = shape();
    if ((there & has_hours) == 0) return 0;
    return (there & is_wide) != 0 ? read_as<std::uint32_t>(record_ + 1) : read_as<std::uint16_t>(record_ + 1);
  }
  // Where in the record it says what webhook secrets there are; 0 = it does not.
  std::size_t place_of_secrets() const;

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
  /// When nobody more comes: gives back the memory that was taken in advance.
  void fit();

  std::uint32_t size() const { return static_cast<std::uint32_t>(places_.size()); }
  bool empty() const { return places_.empty(); }
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

  static constexpr std::size_t block_size = 1U << 20;
  static constexpr std::size_t group_size = 32;

  struct IdOf {
    const Subscribers& all;
    std::string_view operator()(std::uint32_t index) const { return all[index].id(); }
  };

  char* record_of(std::uint32_t index) const {
    auto* record = groups_[index / group_size] + places_[index];
    return (static_cast<std::uint8_t>(*record) & Subscriber::is_wide) == 0 ? record : wide_record(record);
  }
  char* wide_record(const char* pointer) const;
  char* make_room(std::size_t bytes);
  template <class Length, class Position>
  static char* fill(char* record, std::uint8_t shape, const SubscriberDraft& draft, std::uint32_t hours);
  std::uint32_t hours_of(const SubscriberDraft& draft);

  // The records, in blocks that never move. A group of them lies in one block, so that two bytes tell how far
  // one is from the beginning of its group.
  std::vector<std::unique_ptr<char[]>> blocks_;
  std::size_t used_ = block_size;  // of the newest block
  std::vector<char*> groups_;
  std::vector<std::uint16_t> places_;
  std::vector<std::unique_ptr<char[]>> wide_;  // records of the wide form; in the block stands which
  std::vector<Hours> hours_{Hours()};          // the first: the site's zone, never quiet
  std::map<Hours, std::uint32_t> known_hours_{{Hours(), 0}};
  std::string secrets_;  // each: how many keys, and each key behind its length
  PositionTable by_id_;
};

}  // namespace crier
