// What is said of a subscriber, a person or machine that follows topics, with one address per channel: plain
// values, as the configuration loader reads them. What a book keeps of them is a Subscriber
// (subscribers.hpp).
#pragma once

#include <array>
#include <bit>
#include <compare>
#include <cstddef>
#include <cstdint>
#include <initializer_list>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace crier {

/// How a message travels. The names are those of the configuration and of the database.
enum class ChannelKind : std::uint8_t { email, whatsapp, webhook };

inline constexpr std::array all_channels{ChannelKind::email, ChannelKind::whatsapp, ChannelKind::webhook};

std::string_view to_string(ChannelKind channel);
std::optional<ChannelKind> parse_channel(std::string_view text);

/// Channels, each once, in the order of all_channels.
class ChannelSet {
 public:
  class Iterator {
   public:
    using value_type = ChannelKind;
    using difference_type = std::ptrdiff_t;
    explicit Iterator(unsigned left) : left_(left) {}
    ChannelKind operator*() const { return static_cast<ChannelKind>(std::countr_zero(left_)); }
    Iterator& operator++() {
      left_ &= left_ - 1;
      return *this;
    }
    bool operator==(const Iterator&) const = default;

   private:
    unsigned left_;
  };

  ChannelSet() = default;
  ChannelSet(std::initializer_list<ChannelKind> channels) {
    for (const auto channel : channels) add(channel);
  }

  void add(ChannelKind channel) { bits_ = static_cast<std::uint8_t>(bits_ | bit_of(channel)); }
  bool contains(ChannelKind channel) const { return (bits_ & bit_of(channel)) != 0; }
  bool empty() const { return bits_ == 0; }
  Iterator begin() const { return Iterator(bits_); }
  Iterator end() const { return Iterator(0); }
  bool operator==(const ChannelSet&) const = default;

 private:
  static unsigned bit_of(ChannelKind channel) { return 1U << static_cast<unsigned>(channel); }

  std::uint8_t bits_ = 0;
};

/// "email, whatsapp".
std::string to_string(ChannelSet channels);

/// Local wall-clock times between which no alert is sent: [start, end), over midnight when start > end.
struct QuietHours {
  int start_minute = 0;  ///< minutes after local midnight, 0..1439
  int end_minute = 0;

  auto operator<=>(const QuietHours&) const = default;
};

/// "22:00-06:30".
std::optional<QuietHours> parse_quiet_hours(std::string_view text);

/// A subscriber on the way into a book.
struct SubscriberDraft {
  std::string id;
  std::string name;
  std::array<std::string, all_channels.size()> addresses;  ///< by ChannelKind; empty = not reachable that way
  std::vector<std::string> webhook_secrets;                ///< raw key bytes; the first is the current one
  std::string timezone;                                    ///< IANA name; empty = the site's
  std::optional<QuietHours> quiet_hours;
};

/// The form in which addresses are compared: domain and local part in lower case (bounces contract),
/// E.164 digits for WhatsApp, a URL as it is.
std::string normalised_address(ChannelKind channel, std::string_view address);

}  // namespace crier
