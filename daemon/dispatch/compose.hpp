// Compose: from stories to the Content that every channel renders, for one reader. Pure.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/crypto.hpp"
#include "channel/share_link.hpp"
#include "dispatch/newsroom.hpp"
#include "render/content.hpp"
#include "story/story.hpp"

namespace crier {

/// The link to a story as it leaves crier on a medium ("email", "whatsapp", "social"): tagged when it leads
/// to one of our own hosts.
std::string outgoing_url(const Newsroom& newsroom, const Story& story, std::string_view medium);

/// The content of an alert; its links are tagged for the channel, its times are those of the reader's zone.
Content compose_alert(const Newsroom& newsroom, const Story& story, const Subscriber& reader,
                      ChannelKind channel);

/// A story of one reader's digest.
struct DigestStory {
  const Story* story;
  std::string reason;  ///< why it is for this reader: "You follow China and Russia (“Putin”)"
  std::vector<std::string> reporters{};  ///< who reported it, too
};

/// What a digest has for one reader.
struct DigestStories {
  std::vector<DigestStory> chosen;  ///< the most important first
  std::size_t left_out = 0;         ///< how many more there were
};

/// The content of a digest, its times in the reader's zone. `occurrence` is its nominal local time,
/// "2026-11-23T07:00".
Content compose_digest(const Newsroom& newsroom, const Edition& edition, std::string_view occurrence,
                       const DigestStories& stories, const Subscriber& reader, ChannelKind channel);

/// What leads out of the mailing: the path of an unsubscribe link under public_url. The token names the
/// subscriber and channel, and only who has the key can make one.
std::string unsubscribe_token(const HmacSha256& key, std::uint32_t number, ChannelKind channel);
/// The same, behind what is there.
void append_unsubscribe_token(const HmacSha256& key, std::uint32_t number, ChannelKind channel,
                              std::string& out);

struct UnsubscribeTarget {
  std::uint32_t number = 0;
  ChannelKind channel = ChannelKind::email;
};
std::optional<UnsubscribeTarget> read_unsubscribe_token(const HmacSha256& key, std::string_view token);

}  // namespace crier
