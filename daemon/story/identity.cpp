#include "story/identity.hpp"

#include <algorithm>

#include <fmt/core.h>

#include "base/crypto.hpp"
#include "base/encoding.hpp"
#include "story/url_identity.hpp"

namespace crier {
namespace {

constexpr std::size_t hash_digits = 12;

std::string short_hash(std::string_view text) {
  return to_hex(sha256(text)).substr(0, hash_digits);
}

Result<std::string> check_own_id(const std::string& id) {
  if (id.size() > max_id_bytes)
    return Error{fmt::format("the id has {} bytes, more than the limit of {}", id.size(), max_id_bytes)};
  const bool has_control = std::any_of(
      id.begin(), id.end(), [](char c) { return static_cast<unsigned char>(c) < 0x20 || c == 0x7F; });
  if (has_control) return Error{"the id has a control character in it"};
  if (id == "." || id == "..") return Error{"the id is \"" + id + "\", which no link can carry"};
  return id;
}

std::string id_of_url(std::string_view canonical) {
  auto readable = canonical.substr(canonical.find("://") + 3);
  readable = readable.substr(0, readable.find('?'));
  const auto slug = to_slug(percent_decode(readable).value_or(std::string(readable)));
  return (slug.empty() ? "" : slug + "-") + short_hash(canonical);
}

std::string id_of_title(const Story& story) {
  auto slug = to_slug(story.title);
  const bool whole = slug == to_slug(story.title, story.title.size() * 2);
  // Long titles that begin alike, and titles of signs alone, still need ids of their own.
  if (!whole || slug.empty()) slug += (slug.empty() ? "" : "-") + short_hash(story.title);
  if (!story.published) return slug;
  return slug + "-" + to_rfc3339(*story.published).substr(0, 10);
}

}  // namespace

Result<std::string> identify(const Story& story) {
  if (!story.id.empty()) return check_own_id(story.id);
  if (const auto canonical = canonical_url(story.url)) return id_of_url(*canonical);
  if (!story.title.empty()) return id_of_title(story);
  return Error{"the story has neither a title nor an id"};
}

std::string id_of_source(std::string_view source, std::string_view id) {
  auto whole = fmt::format("{}:{}", source, id);
  if (whole.size() <= max_id_bytes) return whole;
  const auto hash = to_hex(sha256(whole));
  return fmt::format("{}:{}", source.substr(0, max_id_bytes - hash.size() - 1), hash);
}

std::string id_by_content(const Story& story) {
  return "item-" + to_hex(content_hash(story, Times::counted)).substr(0, hash_digits);
}

}  // namespace crier
