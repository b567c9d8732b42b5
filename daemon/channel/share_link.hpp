// Share links: the URL behind each "share" button, and a snippet of the buttons for a page.
// Pure functions; called when a mail is rendered, by the share door and by `crier share`.
// The link shared is the clean one: never pass a URL that holds a reader's own token.
#pragma once

#include <array>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace crier {

enum class ShareTarget {
  x,
  email,
  whatsapp,
  telegram,
  facebook,
  linkedin,
  bluesky,
  threads,
  mastodon,
  reddit,
  sms
};

inline constexpr std::array all_share_targets{
    ShareTarget::x,        ShareTarget::email,    ShareTarget::whatsapp, ShareTarget::telegram,
    ShareTarget::facebook, ShareTarget::linkedin, ShareTarget::bluesky,  ShareTarget::threads,
    ShareTarget::mastodon, ShareTarget::reddit,   ShareTarget::sms};

/// "x", "email", "whatsapp", …
std::string_view to_string(ShareTarget target);
std::optional<ShareTarget> parse_share_target(std::string_view text);

struct ShareInput {
  std::string title;
  std::string url;                    ///< absolute; never cut, whatever a target's limit
  std::string via;                    ///< X account, with or without "@"; ignored unless letters, digits, "_"
  std::vector<std::string> hashtags;  ///< with or without "#"; X takes all, Threads the first
  std::string mastodon_instance;      ///< host name; empty = share.joinmastodon.org, which asks
};

/// The whole URL, every value percent-encoded; still to be escaped for HTML. The title is made one line and
/// cut between graphemes, with `…`, to what the target takes: X 280 (weighted), Bluesky 300 graphemes,
/// Threads, Mastodon 500, Reddit 300 characters, SMS one GSM-7 message where it can be one.
std::string share_url(ShareTarget target, const ShareInput& input);

/// X's count of a text (twitter-text v3 configuration): after NFC, an emoji sequence 2; U+0000–10FF,
/// 2000–200D, 2010–201F and 2032–2037 1; everything else 2. URLs in `text` are counted as they are written.
int x_weight(std::string_view text);

/// Values become lower-case ASCII slugs; empty ones are not written.
struct Utm {
  std::string source;
  std::string medium;
  std::string campaign;
  std::string content;
  std::string term;
  std::string id;
};

/// Adds utm_* to an http or https URL: after its query as it is and before its fragment; a parameter that is
/// there already stays. Any other URL comes back unchanged. Call it only for the newsroom's own hosts.
std::string tag_url(std::string_view url, const Utm& utm);

/// A list of three links, Post (X), Email and WhatsApp, that look like buttons: HTML with one style element
/// and no script. What a page may rely on is in docs/configuration.md.
std::string share_snippet_html(const ShareInput& input);

/// What is within the style element, always the same: a Content-Security-Policy can allow it by its hash.
std::string_view share_snippet_style();

}  // namespace crier
