#include "app/config.hpp"

#include <algorithm>
#include <deque>
#include <map>

#include <fmt/core.h>

#include "app/config_parts.hpp"
#include "base/encoding.hpp"
#include "base/files.hpp"
#include "base/url.hpp"
#include "render/template.hpp"

namespace crier {
namespace {

namespace fs = std::filesystem;

constexpr std::uint64_t max_config_file_bytes = 512ULL << 20;

// The YAML files of the configuration in a fixed order.
std::vector<fs::path> config_files(const fs::path& path, Diagnostics& diagnostics) {
  std::error_code failed;
  const auto status = fs::status(path, failed);
  if (!fs::exists(status)) {
    diagnostics.add({path.string(), 0, 0}, "there is no such file or folder; name one with --config PATH");
    return {};
  }
  if (!fs::is_directory(status)) return {path};
  std::vector<fs::path> files;
  auto walk = fs::recursive_directory_iterator(path, fs::directory_options::skip_permission_denied, failed);
  for (const fs::recursive_directory_iterator end; !failed && walk != end; walk.increment(failed)) {
    const auto name = walk->path().filename().string();
    if (name.starts_with('.')) {
      walk.disable_recursion_pending();
      continue;
    }
    const auto extension = walk->path().extension();
    if ((extension == ".yaml" || extension == ".yml") && walk->is_regular_file(failed))
      files.push_back(walk->path());
  }
  if (failed) diagnostics.add({path.string(), 0, 0}, "cannot list the folder: " + failed.message());
  std::ranges::sort(files);
  if (files.empty() && !failed) diagnostics.add({path.string(), 0, 0}, "holds no .yaml file");
  return files;
}

// How long lists are read: item by item where that can be, or with their file.
enum class Lists { by_item, whole };

struct LoadedFile {
  YamlFile file;
  YamlNode root;
  std::vector<YamlPiece> subscribers;  // of the root's list, where it is read one by one
  bool is_read = false;
};

// What is collected over all files before it can be read.
struct Collected {
  std::vector<Pending> topics;
  std::vector<Pending> editions;
  std::vector<SubscriberList> subscribers;
  std::vector<Pending> tests;
  std::optional<Pending> alerts;
  std::map<std::string, std::string> single;  // section → file that has it
  bool is_whole = true;                       // every file could be read
};

void collect_entries(std::vector<Pending>& into, const YamlNode& node, const YamlFile& file,
                     std::string_view what) {
  for_each_entry(node, file, what, [&](const YamlNode& key, const YamlNode& value) {
    into.push_back({&file, &key, &value});
  });
}

void collect_items(std::vector<Pending>& into, const YamlNode& node, const YamlFile& file,
                   std::string_view what) {
  for_each_item(node, file, what, [&](const YamlNode& item) { into.push_back({&file, nullptr, &item}); });
}

// What ops and tests say about readers: entries that add up over the files.
void collect_rules(YamlSection& section, const LoadedFile& loaded, Collected& collected) {
  const auto& file = loaded.file;
  if (const auto* node = section.find("topics")) collect_entries(collected.topics, *node, file, "topics");
  if (const auto* node = section.find("editions"))
    collect_entries(collected.editions, *node, file, "editions");
  if (const auto* node = section.find("subscribers")) {
    if (node->kind == YamlNode::Kind::list)
      collected.subscribers.push_back({&file, node, &loaded.subscribers});
    else
      file.error(*node, "subscribers must be a list (- …)");
  }
  if (const auto* node = section.find("tests")) collect_items(collected.tests, *node, file, "tests");
}

void read_root(const LoadedFile& loaded, Config& config, Collected& collected) {
  const auto& file = loaded.file;
  const auto& root = loaded.root;
  if (root.kind == YamlNode::Kind::null) return;
  YamlSection section(root, file, "the configuration");
  // Sections that describe one thing stand in one file; the others add up.
  const auto single = [&](std::string_view key) -> const YamlNode* {
    const auto* node = section.find(key);
    if (node == nullptr) return nullptr;
    const auto [entry, is_first] = collected.single.emplace(key, file.name);
    if (is_first) return node;
    file.error(*node, fmt::format("\"{}\" is also in {}: one place is enough", key, entry->second));
    return nullptr;
  };
  if (const auto* node = single("site")) read_site(*node, file, config);
  if (const auto* node = single("channels")) read_channels(*node, file, config);
  if (const auto* node = single("http")) read_http(*node, file, config);
  if (const auto* node = single("alerts")) collected.alerts = Pending{&file, nullptr, node};
  if (const auto* node = single("story_log")) read_story_log(*node, file, config);
  if (const auto* node = single("ledger")) read_ledger(*node, file, config);
  if (const auto* node = single("repeats")) read_repeats(*node, file, config);
  if (single("public_url") != nullptr) {
    auto& url = config.newsroom.public_url;
    url = read_url(section, "public_url");
    while (url.ends_with('/')) url.pop_back();
  }
  if (single("state") != nullptr) config.state = section.text("state").value_or("var");
  if (single("templates") != nullptr) config.templates_path = section.text("templates").value_or("");
  for (auto& region : section.texts("regions")) config.vocabulary.regions.push_back(std::move(region));
  for (auto& topic : section.texts("story_topics")) config.vocabulary.topics.push_back(std::move(topic));
  if (const auto* node = section.find("sources")) read_sources(*node, file, config);
  collect_rules(section, loaded, collected);
  section.finish();
}

// The folder that was configured, or the first place where the shipped ones can be.
fs::path find_templates(const fs::path& configured, const fs::path& config_path) {
  if (!configured.empty()) return configured;
  std::error_code ignored;
  const auto folder = fs::is_directory(config_path, ignored) ? config_path : config_path.parent_path();
  const auto program = fs::read_symlink("/proc/self/exe", ignored).parent_path();
  for (const auto& candidate : {fs::path("templates"), folder / "templates", folder / "../templates",
                                program / "../../templates", program / "../share/crier/templates"}) {
    if (fs::is_directory(candidate, ignored)) return candidate;
  }
  return "templates";
}

// An IPv6 address stands in brackets in a URL (RFC 3986 §3.2.2).
std::string url_host(const std::string& address) {
  return address.find(':') == std::string::npos ? address : "[" + address + "]";
}

// What the parts need of one another.
void check_whole(Config& config, const Collected& collected, const std::string& where,
                 Diagnostics& diagnostics) {
  // What a file that cannot be read may hold is not missed.
  if (!collected.single.contains("site") && collected.is_whole)
    diagnostics.add({where, 0, 0}, "there is no \"site:\" section with the publication's name");
  auto& newsroom = config.newsroom;
  if (config.public_listener && newsroom.public_url.empty())
    newsroom.public_url = "http://" + url_host(config.public_listener->listen.host) + ":" +
                          std::to_string(config.public_listener->listen.port);
  if (const auto url = parse_url(newsroom.site.url))
    newsroom.own_hosts.push_back(to_lower_ascii(url->host()));
}

// The root of one file, empty when it cannot be read or is no YAML, which is complained about.
const LoadedFile& load_file(std::deque<LoadedFile>& files, const fs::path& name, Lists lists,
                            Diagnostics& diagnostics) {
  auto& loaded = files.emplace_back();
  auto text = read_file(name, max_config_file_bytes);
  if (!text) {
    diagnostics.add({}, text.error().message);
    return loaded;
  }
  loaded.file = YamlFile(name.string(), std::move(*text), diagnostics);
  auto root = lists == Lists::whole ? parse_yaml(loaded.file.text, loaded.file.name, diagnostics)
                                    : parse_yaml_but_list(loaded.file.text, "subscribers", loaded.subscribers,
                                                          loaded.file.name, diagnostics);
  loaded.is_read = root.has_value();
  if (root) loaded.root = std::move(*root);
  return loaded;
}

// Puts entries in the place of those of the same name, or after them all.
void lay_over(std::vector<Pending>& entries, const std::vector<Pending>& changed) {
  std::map<std::string_view, std::size_t> places;
  for (std::size_t i = 0; i < entries.size(); ++i) places.emplace(entries[i].key->scalar, i);
  for (const auto& entry : changed) {
    const auto found = places.find(entry.key->scalar);
    if (found == places.end())
      entries.push_back(entry);
    else
      entries[found->second] = entry;
  }
}

void change(Collected& collected, Collected changed) {
  lay_over(collected.editions, changed.editions);
  collected.tests = std::move(changed.tests);
  const bool has_subscribers =
      std::ranges::any_of(changed.subscribers, [](const SubscriberList& list) { return list.size() > 0; });
  if (!has_subscribers) {
    lay_over(collected.topics, changed.topics);
  } else {
    collected.topics = std::move(changed.topics);
    collected.subscribers = std::move(changed.subscribers);
  }
}

// Keeps of the configuration what is not replaced by a file of rules.
Collected read_with_rules(std::deque<LoadedFile>& files, const LoadOptions& options, Lists lists,
                          Config& config, Diagnostics& diagnostics) {
  Collected collected;
  for (const auto& loaded : files) read_root(loaded, config, collected);
  collected.is_whole = !files.empty() && std::ranges::all_of(files, &LoadedFile::is_read);
  if (options.settings_only) {
    collected.topics.clear();
    collected.editions.clear();
    collected.subscribers.clear();
    collected.tests.clear();
    collected.alerts.reset();
    return collected;
  }
  if (options.rules_file.empty()) return collected;
  Collected rules;
  const auto& loaded = load_file(files, options.rules_file, lists, diagnostics);
  if (loaded.root.kind != YamlNode::Kind::null) {
    YamlSection section(loaded.root, loaded.file, "the rules");
    collect_rules(section, loaded, rules);
    section.finish();
  }
  if (options.rules_are == RulesFile::is_change) {
    change(collected, std::move(rules));
  } else {
    collected.topics = std::move(rules.topics);
    collected.editions = std::move(rules.editions);
    collected.subscribers = std::move(rules.subscribers);
    collected.tests = std::move(rules.tests);
  }
  return collected;
}

}  // namespace

std::vector<std::string> Config::sources() const {
  std::vector<std::string> names;
  for (const auto& folder : folders) names.push_back(folder.name);
  for (const auto& feed : feeds) names.push_back(feed.name);
  return names;
}

std::vector<std::pair<std::string, std::optional<Duration>>> Config::expectations() const {
  std::vector<std::pair<std::string, std::optional<Duration>>> expected;
  for (const auto& folder : folders) expected.emplace_back(folder.name, folder.expect);
  for (const auto& feed : feeds) expected.emplace_back(feed.name, feed.expect);
  return expected;
}

bool Config::has_channel(ChannelKind channel) const {
  switch (channel) {
    case ChannelKind::email:
      return email.has_value();
    case ChannelKind::whatsapp:
      return whatsapp.has_value();
    case ChannelKind::webhook:
      return webhook.has_value();
  }
  return false;
}

namespace {

// What a running e-mail channel cannot take over.
std::optional<EmailConfig> lasting_part(std::optional<EmailConfig> email) {
  if (!email) return email;
  email->dkim.reset();
  for (auto& relay : email->relays) relay.password.clear();  // its file is read for each connection
  return email;
}

}  // namespace

std::vector<std::string> settings_that_need_restart(const Config& running, const Config& fresh) {
  std::vector<std::string> sections;
  if (running.state != fresh.state) sections.emplace_back("state");
  if (running.folders != fresh.folders || running.feeds != fresh.feeds) sections.emplace_back("sources");
  if (lasting_part(running.email) != lasting_part(fresh.email)) sections.emplace_back("channels.email");
  if (running.whatsapp != fresh.whatsapp) sections.emplace_back("channels.whatsapp");
  if (running.webhook != fresh.webhook) sections.emplace_back("channels.webhook");
  if (running.public_listener != fresh.public_listener) sections.emplace_back("http.public");
  if (running.operator_listener != fresh.operator_listener || running.push_token != fresh.push_token ||
      running.push_keys != fresh.push_keys)
    sections.emplace_back("http.operator");
  return sections;
}

namespace {

// A file that only subscribers and what was read before them are taken from is not kept beside the book.
void free_when_read(std::deque<LoadedFile>& files, Collected& collected) {
  for (auto& list : collected.subscribers) {
    const auto is_quoted =
        std::ranges::any_of(collected.tests, [&](const Pending& test) { return test.file == list.file; });
    const auto loaded =
        std::ranges::find_if(files, [&](const LoadedFile& each) { return &each.file == list.file; });
    if (is_quoted) continue;
    list.when_read = [loaded] {
      loaded->file.text = {};
      loaded->subscribers = {};
    };
  }
}

// nullopt when an item of a list cannot be read by itself.
std::optional<Config> try_to_load(const fs::path& path, Diagnostics& diagnostics, const LoadOptions& options,
                                  Lists lists) {
  Config config;
  std::deque<LoadedFile> files;  // a deque, because Pending points into it
  for (const auto& name : config_files(path, diagnostics)) load_file(files, name, lists, diagnostics);
  auto collected = read_with_rules(files, options, lists, config, diagnostics);
  free_when_read(files, collected);
  read_editions(collected.editions, config);
  if (collected.alerts) read_alerts(*collected.alerts, config, options.rules_file.empty());
  if (!read_book(collected.topics, collected.subscribers, options, config)) return std::nullopt;
  for (const auto& test : collected.tests) read_test(test, config);
  config.templates_path = find_templates(config.templates_path, path);
  config.newsroom.templates = TemplateSet::load(config.templates_path, diagnostics);
  check_whole(config, collected, path.string(), diagnostics);
  return config;
}

}  // namespace

Config load_config(const fs::path& path, Diagnostics& diagnostics, const LoadOptions& options) {
  Diagnostics found;
  auto config = try_to_load(path, found, options, Lists::by_item);
  if (!config) {
    found = {};
    config = try_to_load(path, found, options, Lists::whole);
  }
  for (const auto& [place, message, excerpt, suggestion] : found.list())
    diagnostics.add(place, message, excerpt, suggestion);
  diagnostics.sort();
  return std::move(*config);
}

}  // namespace crier
