#include "channel/share_link.hpp"

#include <algorithm>
#include <functional>

#include <fmt/core.h>
#include <unicode/uchar.h>
#include <unicode/utf8.h>

#include "base/encoding.hpp"
#include "base/unicode.hpp"

namespace crier {
namespace {

constexpr int x_limit = 280;
constexpr int x_url_weight = 23;  // whatever the length of the URL
constexpr int bluesky_limit = 300;
constexpr int threads_limit = 500;
constexpr int mastodon_limit = 500;
constexpr int mastodon_url_length = 23;
constexpr int reddit_title_limit = 300;
constexpr int sms_limit = 160;
// "…" is not in the default alphabet of SMS and would make every other character twice as long.
constexpr std::string_view sms_ellipsis = "...";
constexpr int free_text_limit = 1000;  // graphemes, where a target names no limit: a URL has to stay usable

struct TargetName {
  ShareTarget target;
  std::string_view name;
};
constexpr TargetName target_names[] = {{ShareTarget::x, "x"},
                                       {ShareTarget::email, "email"},
                                       {ShareTarget::whatsapp, "whatsapp"},
                                       {ShareTarget::telegram, "telegram"},
                                       {ShareTarget::facebook, "facebook"},
                                       {ShareTarget::linkedin, "linkedin"},
                                       {ShareTarget::bluesky, "bluesky"},
                                       {ShareTarget::threads, "threads"},
                                       {ShareTarget::mastodon, "mastodon"},
                                       {ShareTarget::reddit, "reddit"},
                                       {ShareTarget::sms, "sms"}};

template <class Visit>
void for_each_code_point(std::string_view text, Visit visit) {
  const auto* bytes = reinterpret_cast<const std::uint8_t*>(text.data());
  const auto size = static_cast<std::int32_t>(text.size());
  for (std::int32_t i = 0; i < size;) {
    UChar32 c = 0;
    U8_NEXT(bytes, i, size, c);
    visit(c);
  }
}

int x_weight_of(UChar32 c) {
  const bool light = c <= 0x10FF || (c >= 0x2000 && c <= 0x200D) || (c >= 0x2010 && c <= 0x201F) ||
                     (c >= 0x2032 && c <= 0x2037);
  return light ? 1 : 2;
}

// A pictograph that is shown as one: by itself, by a variation selector or keycap, as a flag or a joined
// sequence.
bool is_emoji(std::string_view grapheme) {
  bool by_itself = false;
  bool may_be = false;
  bool asked = false;
  for_each_code_point(grapheme, [&](UChar32 c) {
    by_itself = by_itself || u_hasBinaryProperty(c, UCHAR_EMOJI_PRESENTATION);
    may_be = may_be || u_hasBinaryProperty(c, UCHAR_EMOJI);
    asked = asked || c == 0xFE0F || c == 0x20E3;
  });
  return by_itself || (may_be && asked);
}

int x_weight_of_grapheme(std::string_view grapheme) {
  if (is_emoji(grapheme)) return 2;
  int weight = 0;
  for_each_code_point(grapheme, [&](UChar32 c) { weight += x_weight_of(c); });
  return weight;
}

int one_each(std::string_view) {
  return 1;
}

int code_points(std::string_view text) {
  int count = 0;
  for_each_code_point(text, [&](UChar32) { ++count; });
  return count;
}

// What a grapheme costs in the default alphabet of SMS (3GPP TS 23.038); `no_gsm` when it is not in it.
constexpr int no_gsm = 1'000'000;
int gsm_septets(std::string_view grapheme) {
  static constexpr std::string_view beyond_ascii = "£¥èéùìòÇØøÅåΔΦΓΛΩΠΨΣΘΞÆæßÉ¤¡ÄÖÑÜ§¿äöñüà";
  if (grapheme.size() > 1) return beyond_ascii.find(grapheme) != std::string_view::npos ? 1 : no_gsm;
  if (std::string_view("[]{}\\^|~").find(grapheme) != std::string_view::npos) return 2;
  return grapheme == "`" ? no_gsm : 1;
}

using Cost = std::function<int(std::string_view)>;

int cost_of(std::string_view text, const Cost& cost) {
  int sum = 0;
  std::size_t from = 0;
  for (const auto end : grapheme_ends(text)) {
    sum += cost(text.substr(from, end - from));
    from = end;
  }
  return sum;
}

// `text` if it costs at most `limit`, else as many whole graphemes of it as do with `mark` after them.
std::string cut(std::string_view text, int limit, const Cost& cost, std::string_view mark = "…") {
  const int room = limit - cost_of(mark, cost);
  int sum = 0;
  std::size_t from = 0;
  std::size_t fits = 0;
  for (const auto end : grapheme_ends(text)) {
    sum += cost(text.substr(from, end - from));
    from = end;
    if (sum <= room) fits = end;
    if (sum > limit) break;
  }
  if (sum <= limit) return std::string(text);
  if (room < 0) return {};
  while (fits > 0 && text[fits - 1] == ' ') --fits;
  return std::string(text.substr(0, fits)).append(mark);
}

bool is_word_char(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_';
}

std::string x_account(std::string_view via) {
  if (via.starts_with('@')) via.remove_prefix(1);
  const bool ok = via.size() <= 15 && std::all_of(via.begin(), via.end(), is_word_char);
  return ok ? std::string(via) : std::string();
}

// A hashtag without "#": letters of any script, digits and "_"; the rest goes, as no network takes it.
std::string hashtag(std::string_view text) {
  constexpr std::size_t longest = 50;
  std::string out;
  const auto clean = single_line(text);
  std::size_t from = 0;
  for (const auto end : grapheme_ends(clean)) {
    const auto grapheme = std::string_view(clean).substr(from, end - from);
    from = end;
    bool word = true;
    for_each_code_point(grapheme, [&](UChar32 c) {
      word = word && (u_isalnum(c) || c == '_' || u_charType(c) == U_NON_SPACING_MARK ||
                      u_charType(c) == U_COMBINING_SPACING_MARK);
    });
    if (word && out.size() + grapheme.size() <= longest) out += grapheme;
  }
  return out;
}

std::vector<std::string> hashtags(const ShareInput& input) {
  std::vector<std::string> tags;
  for (const auto& text : input.hashtags)
    if (auto tag = hashtag(text); !tag.empty()) tags.push_back(std::move(tag));
  return tags;
}

// "base?a=1&b=2" of the values that are not empty, each encoded.
std::string with_query(std::string base,
                       std::initializer_list<std::pair<std::string_view, std::string>> values) {
  char separator = '?';
  for (const auto& [name, value] : values) {
    if (value.empty()) continue;
    base += separator;
    base.append(name).append("=").append(percent_encode(value));
    separator = '&';
  }
  return base;
}

// On two lines, so that a right-to-left title and a left-to-right URL do not run into each other.
std::string title_over_url(const std::string& title, const std::string& url) {
  return title.empty() ? url : title + "\n" + url;
}

std::string x_url(const std::string& title, const ShareInput& input) {
  const auto via = x_account(input.via);
  std::string tags;
  int used = 1 + x_url_weight;
  if (!via.empty()) used += x_weight(" via @" + via);
  for (const auto& tag : hashtags(input)) {
    const auto weight = x_weight(" #" + tag);
    if (used + weight > x_limit / 2) continue;  // the headline matters more than a heap of tags
    used += weight;
    tags += (tags.empty() ? "" : ",") + tag;
  }
  const auto text = cut(title, x_limit - used, x_weight_of_grapheme);
  return with_query("https://x.com/intent/post",
                    {{"text", text}, {"url", input.url}, {"via", via}, {"hashtags", tags}});
}

std::string bluesky_url(const std::string& title, const std::string& url) {
  const int room = bluesky_limit - cost_of(url, one_each) - 1;
  return with_query("https://bsky.app/intent/compose",
                    {{"text", title_over_url(cut(title, room, one_each), url)}});
}

std::string threads_url(const std::string& title, const ShareInput& input) {
  const auto tags = hashtags(input);
  const auto tag = tags.empty() ? std::string() : tags.front();
  const int used = code_points(input.url) + 1 + (tag.empty() ? 0 : code_points(tag) + 2);
  return with_query(
      "https://www.threads.com/intent/post",
      {{"text", cut(title, threads_limit - used, code_points)}, {"url", input.url}, {"tag", tag}});
}

std::string mastodon_url(const std::string& title, const ShareInput& input) {
  const auto text = title_over_url(cut(title, mastodon_limit - mastodon_url_length - 1, one_each), input.url);
  const auto instance = domain_to_ascii(input.mastodon_instance);
  if (!instance) return "https://share.joinmastodon.org/#text=" + percent_encode(text);
  return with_query("https://" + *instance + "/share", {{"text", text}});
}

std::string sms_url(const std::string& title, const std::string& url) {
  constexpr int shortest_title = 20;  // below that a second message is better than no headline
  const int room = sms_limit - cost_of(url, gsm_septets) - 1;
  const bool is_gsm = cost_of(title, gsm_septets) < no_gsm;
  const auto text = is_gsm && room >= shortest_title ? cut(title, room, gsm_septets, sms_ellipsis) : title;
  return "sms:?&body=" + percent_encode(title_over_url(text, url));  // iOS wants the "&", others ignore it
}

std::string email_url(const std::string& title, const std::string& url) {
  const auto body = title.empty() ? url : title + "\r\n\r\n" + url;
  return with_query("mailto:", {{"subject", title}, {"body", body}});
}

// Lower-case ASCII of a slug; what has no ASCII form is left out.
std::string ascii_slug(std::string_view text) {
  std::string out;
  for (const char c : to_slug(text)) {
    if (static_cast<unsigned char>(c) >= 0x80) continue;
    if (c == '-' && (out.empty() || out.ends_with('-'))) continue;
    out += c;
  }
  if (out.ends_with('-')) out.pop_back();
  return out;
}

bool has_parameter(std::string_view query, std::string_view name) {
  while (!query.empty()) {
    const auto parameter = query.substr(0, query.find('&'));
    query.remove_prefix(std::min(parameter.size() + 1, query.size()));
    const auto key = parameter.substr(0, parameter.find('='));
    if (percent_decode(key).value_or(std::string(key)) == name) return true;
  }
  return false;
}

}  // namespace

std::string_view to_string(ShareTarget target) {
  for (const auto& entry : target_names)
    if (entry.target == target) return entry.name;
  return "x";
}

std::optional<ShareTarget> parse_share_target(std::string_view text) {
  for (const auto& entry : target_names)
    if (entry.name == text) return entry.target;
  return std::nullopt;
}

int x_weight(std::string_view text) {
  return cost_of(to_nfc(text), x_weight_of_grapheme);
}

std::string share_url(ShareTarget target, const ShareInput& input) {
  const auto whole_title = to_nfc(single_line(input.title));
  const auto title = cut(whole_title, free_text_limit, one_each);
  const auto& url = input.url;
  switch (target) {
    case ShareTarget::x:
      return x_url(title, input);
    case ShareTarget::email:
      return email_url(title, url);
    case ShareTarget::whatsapp:
      return with_query("https://wa.me/", {{"text", title_over_url(title, url)}});
    case ShareTarget::telegram:
      return with_query("https://t.me/share/url", {{"url", url}, {"text", title}});
    case ShareTarget::facebook:
      return with_query("https://www.facebook.com/sharer/sharer.php", {{"u", url}});
    case ShareTarget::linkedin:
      return with_query("https://www.linkedin.com/sharing/share-offsite/", {{"url", url}});
    case ShareTarget::bluesky:
      return bluesky_url(title, url);
    case ShareTarget::threads:
      return threads_url(title, input);
    case ShareTarget::mastodon:
      return mastodon_url(title, input);
    case ShareTarget::reddit:
      return with_query("https://www.reddit.com/submit",
                        {{"url", url}, {"title", cut(title, reddit_title_limit, code_points)}});
    case ShareTarget::sms:
      return sms_url(cut(whole_title, free_text_limit, one_each, sms_ellipsis), url);
  }
  return url;
}

std::string tag_url(std::string_view url, const Utm& utm) {
  if (!url.starts_with("https://") && !url.starts_with("http://")) return std::string(url);
  const auto fragment_at = std::min(url.find('#'), url.size());
  std::string out(url.substr(0, fragment_at));
  const auto query_at = out.find('?');
  const auto query = query_at == std::string::npos ? std::string() : out.substr(query_at + 1);
  bool has_query = query_at != std::string::npos;
  for (const auto& [name, value] : {std::pair<std::string_view, const std::string&>{"utm_source", utm.source},
                                    {"utm_medium", utm.medium},
                                    {"utm_campaign", utm.campaign},
                                    {"utm_content", utm.content},
                                    {"utm_term", utm.term},
                                    {"utm_id", utm.id}}) {
    const auto slug = ascii_slug(value);
    if (slug.empty() || has_parameter(query, name)) continue;
    if (!has_query)
      out += '?';
    else if (!out.ends_with('?') && !out.ends_with('&'))
      out += '&';
    has_query = true;
    out.append(name).append("=").append(slug);
  }
  return out.append(url.substr(fragment_at));
}

std::string_view share_snippet_style() {
  // :where() has no weight: whatever a page says about the classes wins.
  return ":where(.crier-share){display:flex;flex-wrap:wrap;gap:.5em;margin:0;padding:0;list-style:none}"
         ":where(.crier-share) a{display:inline-block;padding:.5em 1.1em;border:1px solid;border-radius:99px;"
         "font:600 .875em/1.3 system-ui,sans-serif;color:inherit;text-decoration:none}"
         ":where(.crier-share a:hover){background-color:rgba(128,128,128,.2)}";
}

std::string share_snippet_html(const ShareInput& input) {
  struct Button {
    ShareTarget target;
    std::string_view label;
  };
  static constexpr Button buttons[] = {
      {ShareTarget::x, "Post"}, {ShareTarget::email, "Email"}, {ShareTarget::whatsapp, "WhatsApp"}};
  auto out = fmt::format("<style>{}</style>\n<ul class=\"crier-share\">\n", share_snippet_style());
  for (const auto& [target, label] : buttons) {
    // A mail program opens beside the page anyway; a new tab for it would stay empty.
    const std::string_view tab = target == ShareTarget::email ? "" : " target=\"_blank\"";
    out += fmt::format("  <li><a class=\"crier-share-{}\" href=\"{}\"{} rel=\"noopener\">{}</a></li>\n",
                       to_string(target), html_escape(share_url(target, input)), tab, label);
  }
  return out + "</ul>\n";
}

}  // namespace crier
