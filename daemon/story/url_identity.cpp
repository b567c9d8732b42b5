#include "story/url_identity.hpp"

#include <algorithm>
#include <array>

#include <boost/url/url_view.hpp>

#include "base/encoding.hpp"
#include "base/url.hpp"
#include "story/plain_text.hpp"

namespace crier {
namespace {

constexpr std::size_t max_url_bytes = 2048;

constexpr std::array<std::string_view, 10> tracking_names{"fbclid", "gclid",  "dclid", "msclkid", "mc_cid",
                                                          "mc_eid", "igshid", "yclid", "_hsenc",  "_hsmi"};

bool is_tracking(std::string_view parameter) {
  const auto decoded = percent_decode(parameter.substr(0, parameter.find('=')));
  if (!decoded) return false;
  const auto name = ascii_lower(*decoded);
  return name.starts_with("utm_") ||
         std::find(tracking_names.begin(), tracking_names.end(), name) != tracking_names.end();
}

std::string without_tracking(std::string_view query) {
  std::string kept;
  while (!query.empty()) {
    const auto end = query.find('&');
    const auto parameter = query.substr(0, end);
    query.remove_prefix(end == std::string_view::npos ? query.size() : end + 1);
    if (is_tracking(parameter)) continue;
    if (!kept.empty()) kept += '&';
    kept += parameter;
  }
  return kept;
}

// Letters and digits, and which of `others` may stand beside them.
bool is_made_of(std::string_view text, std::string_view others, bool with_capitals) {
  return std::ranges::all_of(text, [&](char c) {
    return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || (with_capitals && c >= 'A' && c <= 'Z') ||
           others.find(c) != std::string_view::npos;
  });
}

// Whether there is plainly nothing to be done: what most addresses are, and told without parsing them.
bool is_plainly_canonical(std::string_view url) {
  if (url.size() > max_url_bytes) return false;
  if (url.starts_with("https://"))
    url.remove_prefix(8);
  else if (url.starts_with("http://"))
    url.remove_prefix(7);
  else
    return false;
  const auto slash = url.find('/');
  if (slash == 0 || slash == std::string_view::npos || !is_made_of(url.substr(0, slash), ".-", false))
    return false;
  url.remove_prefix(slash);
  const auto question = std::min(url.find('?'), url.size());
  if (!is_made_of(url.substr(0, question), "/-._~,;=:@", true)) return false;
  if (question == url.size()) return true;
  const auto query = url.substr(question + 1);
  return is_made_of(query, "/-._~,;=&", true) && !query.empty() && without_tracking(query) == query;
}

// Percent-encodes what people paste but RFC 3986 forbids: spaces, letters beyond ASCII, quotes and braces.
std::string encode_forbidden(std::string_view url) {
  static constexpr std::string_view forbidden = " \"<>\\^`{|}";
  std::string out;
  out.reserve(url.size());
  for (std::size_t i = 0; i < url.size(); ++i) {
    const bool plain = url[i] > 0x20 && url[i] < 0x7F && forbidden.find(url[i]) == std::string_view::npos;
    if (plain)
      out += url[i];
    else
      out += percent_encode(url.substr(i, 1));
  }
  return out;
}

}  // namespace

std::optional<std::string> canonical_url(std::string_view url) {
  url = trim(url);
  if (is_plainly_canonical(url)) return std::string(url);
  const bool has_control = std::any_of(
      url.begin(), url.end(), [](char c) { return static_cast<unsigned char>(c) < 0x20 || c == 0x7F; });
  if (has_control || url.size() > max_url_bytes) return std::nullopt;
  const auto encoded = encode_forbidden(url);
  const auto parsed = parse_url(encoded);
  if (!parsed || !parsed->has_authority() || parsed->has_userinfo() || parsed->encoded_host().empty())
    return std::nullopt;
  const auto scheme = ascii_lower(std::string_view(parsed->scheme().data(), parsed->scheme().size()));
  if (scheme != "http" && scheme != "https") return std::nullopt;

  const auto view = [](const auto& part) { return std::string_view(part.data(), part.size()); };
  std::string out = scheme + "://" + ascii_lower(view(parsed->encoded_host()));
  const auto port = view(parsed->port());
  if (!port.empty() && port != (scheme == "http" ? "80" : "443")) out.append(":").append(port);
  const auto path = view(parsed->encoded_path());
  out += path.empty() ? "/" : path;
  if (const auto query = without_tracking(view(parsed->encoded_query())); !query.empty())
    out.append("?").append(query);
  return out;
}

}  // namespace crier
