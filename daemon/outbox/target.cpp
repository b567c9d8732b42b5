#include "outbox/target.hpp"

#include <array>
#include <charconv>
#include <vector>

#include <fmt/core.h>

#include "base/encoding.hpp"
#include "base/suggest.hpp"
#include "base/url.hpp"
#include "schedule/lane.hpp"

namespace crier {
namespace {

constexpr std::array kind_names{std::string_view("batch"),   std::string_view("delivery"),
                                std::string_view("channel"), std::string_view("relay"),
                                std::string_view("domain"),  std::string_view("lane"),
                                std::string_view("reason")};

// One of a few words, or a complaint that says which there are.
Result<void> check_word(std::string_view what, std::string_view word,
                        const std::vector<std::string_view>& known) {
  std::string list;
  for (const auto& each : known) {
    if (each == word) return {};
    list += (list.empty() ? "" : ", ") + std::string(each);
  }
  return Error{
      fmt::format("there is no {} \"{}\"{}; there are {}", what, word, did_you_mean(word, known), list)};
}

}  // namespace

std::string_view to_string(TargetKind kind) {
  return kind_names[static_cast<std::size_t>(kind)];
}

std::string to_string(const Target& target) {
  return fmt::format("{} {}", to_string(target.kind), target.name);
}

Result<Target> parse_target(std::string_view kind, std::string_view name) {
  if (const auto known = check_word("kind", kind, {kind_names.begin(), kind_names.end()}); !known)
    return known.error();
  Target target{TargetKind::batch, std::string(name)};
  while (to_string(target.kind) != kind)
    target.kind = static_cast<TargetKind>(static_cast<std::size_t>(target.kind) + 1);
  if (name.empty()) return Error{fmt::format("which {}?", kind)};
  Result<void> checked;
  if (target.kind == TargetKind::lane) {
    std::vector<std::string_view> lanes;
    for (std::size_t i = 0; i < lane_count; ++i) lanes.push_back(to_string(static_cast<Lane>(i)));
    checked = check_word("lane", name, lanes);
  } else if (target.kind == TargetKind::channel) {
    std::vector<std::string_view> channels;
    for (const auto channel : all_channels) channels.push_back(to_string(channel));
    checked = check_word("channel", name, channels);
  } else if (target.kind == TargetKind::domain) {
    target.name = to_lower_ascii(name);
    if (target.name.starts_with('@')) target.name.erase(0, 1);
    if (target.name.find_first_of("@/ ,;\t") != std::string::npos || target.name.empty())
      checked = Error{fmt::format("\"{}\" is no domain: what stands behind the @ of an address is", name)};
  }
  if (!checked) return checked.error();
  return target;
}

std::optional<DeliveryId> parse_delivery_id(std::string_view id) {
  constexpr std::string_view of_webhook = "msg_";
  if (id.starts_with('<') && id.ends_with('>')) id = id.substr(1, id.size() - 2);
  if (id.starts_with(of_webhook)) id.remove_prefix(of_webhook.size());
  id = id.substr(0, id.find('@'));
  const auto dash = id.rfind('-');
  if (dash == std::string_view::npos) return std::nullopt;
  DeliveryId parsed{id.substr(0, dash), 0};
  const auto* const id_end = id.data() + id.size();
  const auto [end, failed] = std::from_chars(id.data() + dash + 1, id_end, parsed.number);
  return failed == std::errc() && end == id_end ? std::optional(parsed) : std::nullopt;
}

std::string domain_of(ChannelKind channel, std::string_view address) {
  if (channel == ChannelKind::email) {
    const auto at = address.rfind('@');
    return at == std::string_view::npos ? std::string() : to_lower_ascii(address.substr(at + 1));
  }
  if (channel == ChannelKind::webhook) {
    const auto url = parse_url(address);
    return url ? to_lower_ascii(url->host()) : std::string();
  }
  return {};
}

}  // namespace crier
