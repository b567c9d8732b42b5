#include <algorithm>

#include <boost/url/parse.hpp>
#include <fmt/core.h>

#include "app/config_parts.hpp"
#include "net/address_guard.hpp"

namespace crier {
namespace {

bool read_backlog(YamlSection& section, bool send_by_default) {
  const auto backlog = section.text("backlog");
  if (!backlog) return send_by_default;
  if (*backlog != "send" && *backlog != "note")
    section.error(*section.find("backlog"), "backlog must be send or note");
  return *backlog == "send";
}

FolderConfig read_folder(YamlSection& section, std::string name) {
  FolderConfig folder;
  folder.name = std::move(name);
  folder.path = section.required_text("folder");
  folder.url = read_url(section, "url");
  folder.send_backlog = read_backlog(section, true);
  folder.expect = section.duration("expect");
  return folder;
}

// What is wrong with a feed's URL, as far as can be told without asking for it; empty when nothing is.
std::string url_mistake(const FeedConfig& feed) {
  const auto guard = AddressGuard::create(address_rules(feed));
  if (!guard) return {};  // reported where it stands
  const auto target = guard->check_url(feed.url);
  if (!target) return target.error().message;
  if (!target->literal) return {};
  const auto allowed = guard->check_address(*target, *target->literal);
  return allowed ? std::string() : allowed.error().message + "; if it is yours, add it under allow:";
}

FeedConfig read_feed_source(YamlSection& section, std::string name) {
  FeedConfig feed;
  feed.name = std::move(name);
  feed.url = section.required_text("feed");
  feed.allow = section.texts("allow");
  if (const auto guard = AddressGuard::create(address_rules(feed)); !guard)
    section.error(*section.find("allow"), guard.error().message);
  if (!feed.url.empty()) {
    // The URL may hold a token.
    if (const auto mistake = url_mistake(feed); !mistake.empty())
      section.file().error_without_excerpt(*section.find("feed"), "feed: " + mistake);
  }
  feed.every = section.duration("every");
  if (feed.every && (*feed.every < std::chrono::seconds(1) || *feed.every > std::chrono::hours(24)))
    section.error(*section.find("every"), "every must be from 1s to 24h");
  feed.send_backlog = read_backlog(section, false);
  feed.expect = section.duration("expect");
  feed.websub = section.flag("websub");
  return feed;
}

bool has_source(const Config& config, std::string_view name) {
  return std::ranges::any_of(config.folders, [&](const auto& folder) { return folder.name == name; }) ||
         std::ranges::any_of(config.feeds, [&](const auto& feed) { return feed.name == name; });
}

void read_source(const YamlNode& key, const YamlNode& value, const YamlFile& file, Config& config) {
  YamlSection section(value, file, fmt::format("source {}", key.scalar));
  const bool is_feed = section.find("feed") != nullptr;
  const bool is_folder = section.find("folder") != nullptr;
  const bool is_known = has_source(config, key.scalar);
  if (is_known) file.error(key, fmt::format("there are two sources \"{}\"", key.scalar));
  if (is_feed && is_folder)
    file.error(*section.find("feed"), "a source is either a folder: or a feed:, not both");
  else if (!is_feed && !is_folder && value.kind == YamlNode::Kind::map)
    file.error(value, fmt::format("source {} needs folder: PATH or feed: URL", key.scalar));
  if (is_feed) {
    auto feed = read_feed_source(section, key.scalar);
    if (!is_known) config.feeds.push_back(std::move(feed));
  } else if (is_folder) {
    auto folder = read_folder(section, key.scalar);
    if (!is_known) config.folders.push_back(std::move(folder));
  } else {
    // The keys of both are known ones; what they say does not matter.
    for (const auto* one : {"url", "backlog", "expect", "every", "allow", "websub"}) section.find(one);
    read_backlog(section, false);
  }
  section.finish();
}

}  // namespace

AddressRules address_rules(const FeedConfig& feed) {
  AddressRules rules;
  rules.allow = feed.allow;
  if (const auto url = boost::urls::parse_uri(feed.url)) {
    rules.allow_http = url->scheme() == "http";
    // A port that the operator writes is one that he means.
    const auto port = url->port_number();
    if (port != 0 && std::ranges::find(rules.ports, port) == rules.ports.end()) rules.ports.push_back(port);
  }
  return rules;
}

void read_sources(const YamlNode& node, const YamlFile& file, Config& config) {
  for_each_entry(node, file, "sources",
                 [&](const YamlNode& key, const YamlNode& value) { read_source(key, value, file, config); });
}

}  // namespace crier
