#include "dispatch/compose.hpp"

#include <algorithm>
#include <array>
#include <iterator>
#include <span>

#include <fmt/format.h>
#include <fmt/ranges.h>

#include "base/encoding.hpp"
#include "base/url.hpp"

namespace crier {
namespace {

constexpr std::array months{"January", "February", "March",     "April",   "May",      "June",
                            "July",    "August",   "September", "October", "November", "December"};
constexpr std::array weekdays{"Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday"};

std::string date_words(const LocalTime& local) {
  return fmt::format("{} {} {}", local.day, months[static_cast<std::size_t>(local.month) - 1], local.year);
}

std::string published_words(const Story& story, const Zone& zone) {
  if (!story.published) return {};
  const auto local = zone.to_local(*story.published);
  return fmt::format("{}, {:02}:{:02} {}", date_words(local), local.hour, local.minute,
                     zone.label(*story.published));
}

bool is_own(const Newsroom& newsroom, std::string_view url) {
  const auto parsed = parse_url(url);
  return parsed &&
         std::ranges::find(newsroom.own_hosts, to_lower_ascii(parsed->host())) != newsroom.own_hosts.end();
}

// "Also reported by The Sample Wire and 2 more"; empty when nobody did.
std::string also_reported(const std::vector<std::string>& reporters) {
  if (reporters.empty()) return {};
  constexpr std::size_t named = 3;
  const auto shown = std::span(reporters).first(std::min(named, reporters.size()));
  const auto more = reporters.size() - shown.size();
  return fmt::format("Also reported by {}{}", fmt::join(shown, ", "),
                     more == 0 ? "" : fmt::format(" and {} more", more));
}

Item compose_item(const Newsroom& newsroom, const Story& story, ContentKind kind, const Zone& zone,
                  ChannelKind channel, std::string reason = {},
                  const std::vector<std::string>& reporters = {}) {
  const ShareInput share{.title = story.title,
                         .url = outgoing_url(newsroom, story, "social"),
                         .via = {},
                         .hashtags = {},
                         .mastodon_instance = {}};
  ItemContext context;
  context.kind = kind;
  context.url = outgoing_url(newsroom, story, to_string(channel));
  context.published = published_words(story, zone);
  context.reason = std::move(reason);
  context.also = also_reported(reporters);
  if (!share.url.empty()) {
    context.share_post = share_url(ShareTarget::x, share);
    context.share_email = share_url(ShareTarget::email, share);
    context.share_whatsapp = share_url(ShareTarget::whatsapp, share);
  }
  return make_item(story, context);
}

Site site_of(const Newsroom& newsroom) {
  return {newsroom.site.name, newsroom.site.url, newsroom.site.address, {}};
}

constexpr std::size_t mac_bytes = 16;

}  // namespace

std::string outgoing_url(const Newsroom& newsroom, const Story& story, std::string_view medium) {
  if (!is_own(newsroom, story.url)) return story.url;
  Utm utm;
  utm.source = "crier";
  utm.medium = medium;
  utm.campaign = story.id;
  return tag_url(story.url, utm);
}

Content compose_alert(const Newsroom& newsroom, const Story& story, const Subscriber& reader,
                      ChannelKind channel) {
  Content content;
  content.kind = ContentKind::alert;
  content.site = site_of(newsroom);
  content.preheader = story.summary;
  content.language = story.language.empty() ? newsroom.site.language : story.language;
  content.items.push_back(
      compose_item(newsroom, story, ContentKind::alert, newsroom.zone_of(reader), channel));
  const auto& headline = content.items.front().title;
  content.subject = headline.empty() ? newsroom.site.name : headline;
  return content;
}

Content compose_digest(const Newsroom& newsroom, const Edition& edition, std::string_view occurrence,
                       const DigestStories& stories, const Subscriber& reader, ChannelKind channel) {
  Content content;
  content.kind = ContentKind::digest;
  content.site = site_of(newsroom);
  content.edition_title = edition.title;
  if (const auto nominal = parse_local_time(occurrence))
    content.edition_date = fmt::format(
        "{}, {}", weekdays[static_cast<std::size_t>(iso_weekday(*nominal)) - 1], date_words(*nominal));
  content.language = newsroom.site.language;
  const auto zone = newsroom.zone_of(reader);
  for (const auto& [story, reason, reporters] : stories.chosen)
    content.items.push_back(
        compose_item(newsroom, *story, ContentKind::digest, zone, channel, reason, reporters));
  content.left_out = stories.left_out;
  content.subject = content.items.empty() ? edition.title
                                          : fmt::format("{}: {}", edition.title, content.items.front().title);
  return content;
}

void append_unsubscribe_token(const HmacSha256& key, std::uint32_t number, ChannelKind channel,
                              std::string& out) {
  // What is signed: a kind of link, the channel and the number. Another use of the key has another first
  // word.
  fmt::basic_memory_buffer<char, 64> text;
  fmt::format_to(std::back_inserter(text), "unsubscribe {} {}", to_string(channel), number);
  const auto mac = key.of({text.data(), text.size()});
  fmt::format_to(std::back_inserter(out), "{}-{}-", static_cast<int>(channel), number);
  append_hex(std::string_view(mac.data(), mac_bytes), out);
}

std::string unsubscribe_token(const HmacSha256& key, std::uint32_t number, ChannelKind channel) {
  std::string token;
  append_unsubscribe_token(key, number, channel, token);
  return token;
}

std::optional<UnsubscribeTarget> read_unsubscribe_token(const HmacSha256& key, std::string_view token) {
  // The token is made again for what it claims and compared whole.
  const auto first = token.find('-');
  const auto second = first == std::string_view::npos ? first : token.find('-', first + 1);
  if (second == std::string_view::npos || first != 1 || second - first > 11) return std::nullopt;
  const auto channel_digit = static_cast<std::size_t>(token[0] - '0');
  if (token[0] < '0' || channel_digit >= all_channels.size()) return std::nullopt;
  std::uint64_t number = 0;
  for (const char c : token.substr(first + 1, second - first - 1)) {
    if (c < '0' || c > '9') return std::nullopt;
    number = number * 10 + static_cast<std::uint64_t>(c - '0');
  }
  if (number > UINT32_MAX) return std::nullopt;
  const UnsubscribeTarget target{static_cast<std::uint32_t>(number), all_channels[channel_digit]};
  if (!constant_time_equal(unsubscribe_token(key, target.number, target.channel), token)) return std::nullopt;
  return target;
}

}  // namespace crier
