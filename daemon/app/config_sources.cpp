#include <algorithm>

#include <fmt/core.h>

#include "app/config_parts.hpp"
#include "app/opml.hpp"
#include "base/files.hpp"
#include "net/address_guard.hpp"

namespace crier {
namespace {

bool read_backlog(YamlSection& section, bool by_default) {
  const auto backlog = section.text("backlog");
  if (!backlog) return by_default;
  if (*backlog != "send" && *backlog != "note")
    section.error(*section.find("backlog"), "backlog must be send or note");
  return *backlog == "send";
}

std::optional<Duration> read_interval(YamlSection& section) {
  const auto every = section.duration("every");
  if (every && *every < std::chrono::seconds(1))
    section.error(*section.find("every"), "every must be a second at least");
  return every;
}

// True, and a complaint, when another source has the name.
bool is_taken(const std::string& name, const YamlNode& at, const YamlFile& file, const Config& config) {
  const auto others = config.sources();
  if (std::ranges::find(others, name) == others.end()) return false;
  file.error(at, fmt::format("there are two sources \"{}\"", name));
  return true;
}

FolderConfig read_folder(YamlSection& section, std::string name) {
  FolderConfig folder;
  folder.name = std::move(name);
  folder.path = section.required_text("folder");
  folder.url = read_url(section, "url");
  folder.send_backlog = read_backlog(section, true);
  folder.expect = section.duration("expect");
  folder.options.recursive = section.flag("recursive").value_or(false);
  folder.options.every = read_interval(section);
  folder.failed = section.text("failed").value_or("");
  folder.options.except = folder.failed;
  if (!folder.failed.empty() && folder.failed.lexically_normal() == folder.path.lexically_normal())
    section.error(*section.find("failed"), "failed must be another folder than the one that is watched");
  return folder;
}

// What all feeds have in common, those of a list, too: all but name and URL.
FeedConfig read_feed_settings(YamlSection& section) {
  FeedConfig feed;
  feed.every = read_interval(section);
  feed.expect = section.duration("expect");
  feed.send_backlog = read_backlog(section, false);
  feed.allow = section.texts("allow");
  feed.websub = section.flag("websub");
  if (const auto guard = AddressGuard::create(feed_rules(feed)); !guard)
    section.error(*section.find("allow"), guard.error().message);
  return feed;
}

// What is wrong with a feed's URL, as far as can be told without asking for it; empty when nothing is.
std::string address_mistake(const FeedConfig& feed) {
  const auto guard = AddressGuard::create(feed_rules(feed));
  if (!guard) return {};  // reported where it stands
  auto good = guard->check_written(feed.url);
  if (good) good = guard->check_written_port(feed.url);
  return good ? std::string() : "feed " + good.error().message;
}

void read_feed(YamlSection& section, const std::string& name, Config& config) {
  auto feed = read_feed_settings(section);
  feed.name = name;
  feed.url = section.required_text("feed");
  if (!feed.url.empty()) {
    // The URL may hold a token.
    if (const auto mistake = address_mistake(feed); !mistake.empty())
      section.file().error_without_excerpt(*section.find("feed"), mistake);
  }
  config.feeds.push_back(std::move(feed));
}

// Each feed of an OPML list is a source NAME-TITLE. What is wrong with one entry costs that feed alone.
void read_feed_list(YamlSection& section, const std::string& name, Config& config) {
  auto feed = read_feed_settings(section);
  const auto path = section.required_text("opml");
  if (path.empty()) return;
  const auto& at = *section.find("opml");
  const auto bytes = read_file(path, max_story_bytes);
  if (!bytes) return section.error(at, "opml: " + bytes.error().message);
  auto list = read_opml(*bytes);
  if (!list) return section.error(at, fmt::format("opml: {}: {}", path, list.error().message));
  for (auto& slip : list->slips)
    config.warnings.push_back({{path, slip.line, 0}, std::move(slip.message), {}});
  for (auto& [title, url, line] : list->feeds) {
    feed.name = name + "-" + title;
    feed.url = std::move(url);
    auto mistake = address_mistake(feed);
    if (mistake.empty() && !is_taken(feed.name, at, section.file(), config)) config.feeds.push_back(feed);
    if (!mistake.empty()) config.warnings.push_back({{path, line, 0}, std::move(mistake), {}});
  }
}

// The ids of a feed's stories begin with its name, those of pushes with none.
void check_name(const YamlNode& key, const YamlFile& file) {
  if (key.scalar.empty() || key.scalar.find(':') != std::string::npos || key.scalar == "push")
    file.error(key,
               fmt::format("a source may not be called \"{}\": it needs a name of its own, without a colon",
                           key.scalar));
}

void read_source(const YamlNode& key, const YamlNode& value, const YamlFile& file, Config& config) {
  check_name(key, file);
  YamlSection section(value, file, fmt::format("source {}", key.scalar));
  const auto kinds = {section.find("folder"), section.find("feed"), section.find("opml")};
  if (std::ranges::count(kinds, nullptr) < 2)
    section.error(value, "a source is one of folder:, feed: and opml:");
  if (section.find("opml") != nullptr)
    read_feed_list(section, key.scalar, config);
  else if (is_taken(key.scalar, key, file, config))
    return;
  else if (section.find("feed") != nullptr)
    read_feed(section, key.scalar, config);
  else
    config.folders.push_back(read_folder(section, key.scalar));
  section.finish();
}

}  // namespace

AddressRules feed_rules(const FeedConfig& feed) {
  AddressRules rules;
  rules.allow_http = true;
  rules.allow = feed.allow;
  return rules;
}

void read_sources(const YamlNode& node, const YamlFile& file, Config& config) {
  for_each_entry(node, file, "sources",
                 [&](const YamlNode& key, const YamlNode& value) { read_source(key, value, file, config); });
}

}  // namespace crier
