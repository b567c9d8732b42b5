#include "audience/subscriber.hpp"

#include <algorithm>

namespace crier {
namespace {

std::optional<int> parse_minute(std::string_view text) {
  const auto is_digit = [](char c) { return c >= '0' && c <= '9'; };
  if (text.size() != 5 || text[2] != ':') return std::nullopt;
  for (const auto at : {0U, 1U, 3U, 4U}) {
    if (!is_digit(text[at])) return std::nullopt;
  }
  const int hour = (text[0] - '0') * 10 + (text[1] - '0');
  const int minute = (text[3] - '0') * 10 + (text[4] - '0');
  if (hour > 23 || minute > 59) return std::nullopt;
  return hour * 60 + minute;
}

}  // namespace

std::string_view to_string(ChannelKind channel) {
  switch (channel) {
    case ChannelKind::email:
      return "email";
    case ChannelKind::whatsapp:
      return "whatsapp";
    case ChannelKind::webhook:
      return "webhook";
  }
  return "email";
}

std::string to_string(ChannelSet channels) {
  std::string out;
  for (const auto channel : channels) {
    if (!out.empty()) out += ", ";
    out += to_string(channel);
  }
  return out;
}

std::optional<ChannelKind> parse_channel(std::string_view text) {
  for (const auto channel : all_channels) {
    if (text == to_string(channel)) return channel;
  }
  return std::nullopt;
}

std::optional<QuietHours> parse_quiet_hours(std::string_view text) {
  if (text.size() != 11 || text[5] != '-') return std::nullopt;
  const auto start = parse_minute(text.substr(0, 5));
  const auto end = parse_minute(text.substr(6));
  if (!start || !end) return std::nullopt;
  return QuietHours{*start, *end};
}

std::string normalised_address(ChannelKind channel, std::string_view address) {
  std::string out;
  switch (channel) {
    case ChannelKind::email:
      out = address;
      std::ranges::transform(out, out.begin(),
                             [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c; });
      break;
    case ChannelKind::whatsapp:
      std::ranges::copy_if(address, std::back_inserter(out), [](char c) { return c >= '0' && c <= '9'; });
      break;
    case ChannelKind::webhook:
      out = address;
      break;
  }
  return out;
}

}  // namespace crier
