#include <algorithm>
#include <array>
#include <charconv>
#include <limits>
#include <unordered_set>

#include <boost/asio/ip/address.hpp>
#include <fmt/core.h>

#include "app/config_parts.hpp"
#include "app/rule_reader.hpp"
#include "app/secret.hpp"
#include "base/suggest.hpp"
#include "base/url.hpp"
#include "channel/webhook.hpp"
#include "net/address_guard.hpp"

namespace crier {
namespace {

std::optional<ListenConfig> read_listen(const YamlNode& node, const YamlFile& file, std::string_view what,
                                        YamlSection& section) {
  const auto text = section.text("listen").value_or("");
  const auto colon = text.rfind(':');
  ListenConfig listen;
  bool good = colon != std::string::npos && colon > 0;
  if (good) {
    listen.host = text.substr(0, colon);
    const auto port = std::string_view(text).substr(colon + 1);
    const auto [end, failed] = std::from_chars(port.data(), port.data() + port.size(), listen.port);
    if (listen.host.starts_with('[') && listen.host.ends_with(']'))  // IPv6 as in a URL
      listen.host = listen.host.substr(1, listen.host.size() - 2);
    boost::system::error_code not_numeric;
    boost::asio::ip::make_address(listen.host, not_numeric);
    good = failed == std::errc{} && end == port.data() + port.size() && !not_numeric;
  }
  if (good) return listen;
  const auto* at = section.find("listen");
  file.error(at != nullptr ? *at : node,
             fmt::format("{} needs listen: ADDRESS:PORT, like 127.0.0.1:8080", what));
  return std::nullopt;
}

void read_public(const YamlNode& node, const YamlFile& file, Config& config) {
  YamlSection section(node, file, "http.public");
  const auto listen = read_listen(node, file, "http.public", section);
  PublicConfig listener;
  for (const auto* proxy : section.text_nodes("trusted_proxies")) {
    if (const auto network = parse_ip_network(proxy->scalar))
      listener.trusted_proxies.push_back(*network);
    else
      section.error(
          *proxy,
          fmt::format("trusted_proxies: \"{}\" is neither an address nor a network such as 10.1.0.0/16",
                      proxy->scalar));
  }
  const auto read_cap = [&](std::string_view key, std::size_t& cap) {
    if (const auto number = section.integer(key, 1, 1000)) cap = static_cast<std::size_t>(*number);
  };
  read_cap("connections_per_address", listener.connections_per_address);
  read_cap("connections_per_proxy", listener.connections_per_proxy);
  section.finish();
  if (!listen) return;
  listener.listen = *listen;
  config.public_listener = std::move(listener);
}

unsigned read_days(YamlSection& section) {
  static constexpr std::array names{"mon", "tue", "wed", "thu", "fri", "sat", "sun"};
  const auto* node = section.find("days");
  if (node == nullptr) return 0x7F;
  unsigned days = 0;
  const auto words = section.text_nodes("days");
  for (const auto* word : words) {
    const auto found = std::ranges::find(names, word->scalar);
    if (found == names.end())
      section.error(*word,
                    fmt::format("\"{}\" is no day: write mon, tue, wed, thu, fri, sat or sun", word->scalar));
    else
      days |= 1U << (found - names.begin());
  }
  if (words.empty()) section.error(*node, "days must name at least one day");
  return days;
}

}  // namespace

std::string read_url(YamlSection& section, std::string_view key) {
  const auto* node = section.find(key);
  auto text = section.text(key).value_or("");
  if (text.empty()) return text;
  // "{id}" is ours, not part of URL syntax.
  auto filled = text;
  for (auto at = filled.find("{id}"); at != std::string::npos; at = filled.find("{id}"))
    filled.replace(at, 4, "id");
  const auto url = parse_url(filled);
  if (!url || (url->scheme() != "http" && url->scheme() != "https") || url->host().empty())
    section.error(*node, fmt::format("{} must be an absolute http or https URL", key));
  return text;
}

bool holds_secret(YamlSection& section, std::string_view key) {
  const auto* node = section.find(key);
  if (node == nullptr || !is_pasted_secret(node->scalar)) return false;
  section.file().error_without_excerpt(
      *node,
      fmt::format("{} holds a secret itself: put that into a file that only its owner may read, and name "
                  "the file here",
                  key));
  return true;
}

std::string read_secret_key(YamlSection& section, std::string_view key) {
  const auto* node = section.find(key);
  if (node == nullptr || holds_secret(section, key)) return {};
  auto secret = read_secret(section.text(key).value_or(""));
  if (secret) return std::move(*secret);
  section.error(*node, secret.error().message);
  return {};
}

std::optional<Zone> read_zone(const YamlNode& at, const YamlFile& file) {
  if (at.kind != YamlNode::Kind::scalar || at.scalar.empty()) return std::nullopt;
  auto zone = Zone::find(at.scalar);
  if (zone) return std::move(*zone);
  file.error(at, zone.error().message);
  return std::nullopt;
}

void read_site(const YamlNode& node, const YamlFile& file, Config& config) {
  YamlSection section(node, file, "site");
  auto& site = config.newsroom.site;
  site.name = section.required_text("name");
  site.url = read_url(section, "url");
  site.address = section.text("address").value_or("");
  site.language = section.text("language").value_or("en");
  if (const auto* at = section.find("timezone")) {
    if (const auto zone = read_zone(*at, file)) site.zone = *zone;
  }
  config.stemming = read_stemming(section, true);
  section.finish();
}

// A secret a line, newest first: while one is changed for another, both are good.
std::vector<std::string> read_signing_keys(YamlSection& section, std::string_view key) {
  const auto* node = section.find(key);
  if (node == nullptr || holds_secret(section, key)) return {};
  const auto secrets = read_secret_text(section.text(key).value_or(""));
  if (!secrets) {
    section.error(*node, secrets.error().message);
    return {};
  }
  std::vector<std::string> keys;
  bool is_empty = true;
  int number = 0;
  for (std::string_view rest = *secrets; !rest.empty();) {
    auto line = rest.substr(0, rest.find('\n'));
    rest.remove_prefix(std::min(line.size() + 1, rest.size()));
    ++number;
    if (line.ends_with('\r')) line.remove_suffix(1);
    if (line.empty()) continue;
    is_empty = false;
    if (auto read = parse_webhook_secret(line))
      keys.push_back(*std::move(read));
    else
      section.error(*node, fmt::format("line {} of the file: {}", number, read.error().message));
  }
  if (is_empty) section.error(*node, "the file holds no secret");
  return keys;
}

void read_http(const YamlNode& node, const YamlFile& file, Config& config) {
  YamlSection section(node, file, "http");
  if (const auto* part = section.find("public")) {
    read_public(*part, file, config);
  }
  if (const auto* part = section.find("operator")) {
    YamlSection listener(*part, file, "http.operator");
    config.operator_listener = read_listen(*part, file, "http.operator", listener);
    auto token = read_secret_key(listener, "token_file");
    config.push_token = std::move(token);
    config.push_keys = read_signing_keys(listener, "signing_secret_file");
    config.push_url = read_url(listener, "story_url");
    listener.finish();
  }
  section.finish();
}

std::string_view find_edition(YamlSection& section, std::string_view key, std::string_view name,
                              const Newsroom& newsroom, std::vector<std::string_view> others) {
  if (const auto* edition = newsroom.find_edition(name)) return edition->name;
  for (const auto& edition : newsroom.editions) others.push_back(edition.name);
  section.error(*section.find(key),
                fmt::format("there is no edition \"{}\"{}", name, did_you_mean(name, others)),
                std::string(nearest_word(name, others)));
  return {};
}

void read_alerts(const Pending& alerts, Config& config, bool all) {
  YamlSection section(*alerts.value, *alerts.file, "alerts");
  auto& newsroom = config.newsroom;
  newsroom.alert_expiry = section.duration("expire_after").value_or(newsroom.alert_expiry);
  newsroom.digest_expiry = section.duration("digest_expire_after").value_or(newsroom.digest_expiry);
  newsroom.webhook_expiry = section.duration("webhook_expire_after").value_or(newsroom.webhook_expiry);
  newsroom.catch_up = section.duration("catch_up").value_or(newsroom.catch_up);
  const auto name = section.text("late_into");
  if (name && (all || newsroom.find_edition(*name) != nullptr))
    newsroom.late_edition = find_edition(section, "late_into", *name, newsroom, {});
  section.finish();
}

void read_story_log(const YamlNode& node, const YamlFile& file, Config& config) {
  YamlSection section(node, file, "story_log");
  config.keep_texts = section.duration("keep").value_or(config.keep_texts);
  if (config.keep_texts < std::chrono::days(1))
    section.error(*section.find("keep"),
                  "keep must be a day at least: digests and corrections need the texts");
  section.finish();
}

void read_ledger(const YamlNode& node, const YamlFile& file, Config& config) {
  YamlSection section(node, file, "ledger");
  config.keep_ledger = section.duration("keep").value_or(config.keep_ledger);
  if (config.keep_ledger < std::chrono::days(7))
    section.error(*section.find("keep"),
                  "keep must be seven days at least: updates and corrections ask it who had the story");
  section.finish();
}

void read_repeats(const YamlNode& node, const YamlFile& file, Config& config) {
  YamlSection section(node, file, "repeats");
  auto& within = config.newsroom.repeats_within;
  within = section.duration("within").value_or(*within);
  if (!section.flag("group").value_or(true)) within.reset();
  section.finish();
}

namespace {

void read_edition(const Pending& entry, std::unordered_set<std::string_view>& names, Config& config) {
  const auto& file = *entry.file;
  YamlSection section(*entry.value, file, fmt::format("edition {}", entry.key->scalar));
  Edition edition;
  edition.name = entry.key->scalar;
  if (edition.name == "alert")
    file.error(*entry.key, "an edition cannot be named \"alert\": that is the word for at once");
  if (!names.insert(entry.key->scalar).second)
    file.error(*entry.key, fmt::format("there are two editions \"{}\"", edition.name));
  edition.title = section.text("title").value_or(edition.name);
  const auto at = section.required_text("at");
  const auto clock = parse_quiet_hours(at + "-00:00");
  if (clock) {
    edition.recurrence.hour = clock->start_minute / 60;
    edition.recurrence.minute = clock->start_minute % 60;
  } else if (!at.empty()) {
    section.error(*section.find("at"), "at must be a local time like \"07:00\"");
  }
  section.required_text("zone");
  if (const auto* zone_node = section.find("zone")) {
    if (const auto zone = read_zone(*zone_node, file)) edition.recurrence.zone = *zone;
  }
  edition.recurrence.days = read_days(section);
  edition.max_items = static_cast<std::size_t>(section.integer("max_items", 1, 50).value_or(20));
  section.finish();
  config.newsroom.editions.push_back(std::move(edition));
}

}  // namespace

void read_editions(std::span<const Pending> entries, Config& config) {
  constexpr std::size_t most = std::numeric_limits<EditionPosition>::max() - 1;  // 0 is an alert
  if (entries.size() > most) {
    const auto& first_beyond = entries[most];
    first_beyond.file->error(
        *first_beyond.key,
        fmt::format("there are {} editions; {} are the most that can be", entries.size(), most));
    entries = entries.first(most);
  }
  std::unordered_set<std::string_view> names;
  for (const auto& entry : entries) read_edition(entry, names, config);
}

namespace {

// "alert email", "lagos-morning whatsapp at 2026-05-13T06:00:00Z": a cadence, a channel, perhaps a time.
std::optional<ExpectedDelivery> parse_expected(std::string_view text, const Newsroom& newsroom) {
  ExpectedDelivery expected;
  constexpr std::string_view at = " at ";
  if (const auto found = text.find(at); found != std::string_view::npos) {
    expected.at = parse_rfc3339(text.substr(found + at.size()));
    if (!expected.at) return std::nullopt;
    text = text.substr(0, found);
  }
  const auto space = text.rfind(' ');
  if (space == std::string_view::npos) return std::nullopt;
  const auto channel = parse_channel(text.substr(space + 1));
  const auto cadence = text.substr(0, space);
  if (!channel || (cadence != "alert" && newsroom.find_edition(cadence) == nullptr)) return std::nullopt;
  expected.channel = *channel;
  if (cadence != "alert") expected.edition = cadence;
  return expected;
}

void read_expectation(const YamlNode& key, const YamlNode& value, const YamlFile& file, const Config& config,
                      RuleTest& test) {
  const auto& subscriber = key.scalar;
  if (!config.book->find(subscriber)) {
    std::vector<std::string> ids;
    for (const auto one : config.book->subscribers()) ids.push_back(one.id());
    const std::vector<std::string_view> known(ids.begin(), ids.end());
    file.error(key,
               fmt::format("there is no subscriber \"{}\"{}", subscriber, did_you_mean(subscriber, known)),
               std::string(nearest_word(subscriber, known)));
  }
  auto& ways = test.expect[subscriber];
  for_each_item(value, file, subscriber, [&](const YamlNode& way) {
    auto expected = parse_expected(way.scalar, config.newsroom);
    if (!expected) {
      file.error(
          way, fmt::format("\"{}\" is no way of delivery: write alert or an edition, then the channel, like "
                           "\"alert email\", and if it matters \"at\" and a time",
                           way.scalar));
      return;
    }
    const bool is_known = std::ranges::any_of(ways, [&](const ExpectedDelivery& other) {
      return other.edition == expected->edition && other.channel == expected->channel;
    });
    if (is_known)
      file.error(way, fmt::format("\"{}\" is there twice: a story comes once that way", way.scalar));
    else
      ways.push_back(*std::move(expected));
  });
}

}  // namespace

std::string to_string(const ExpectedDelivery& delivery) {
  return fmt::format("{} {}{}", delivery.edition.empty() ? "alert" : delivery.edition,
                     to_string(delivery.channel), delivery.at ? " at " + to_rfc3339(*delivery.at) : "");
}

void read_test(const Pending& entry, Config& config) {
  const auto& file = *entry.file;
  YamlSection section(*entry.value, file, "test");
  RuleTest test;
  test.place = file.place_of(*entry.value);
  test.story = section.required_text("story");
  if (const auto at = section.text("at")) {
    test.at = parse_rfc3339(*at);
    if (!test.at) section.error(*section.find("at"), "at must be a time like 2023-10-18T19:37:00Z");
  }
  const auto* expect = section.find("expect");
  if (expect != nullptr)
    for_each_entry(*expect, file, "expect", [&](const YamlNode& key, const YamlNode& value) {
      read_expectation(key, value, file, config, test);
    });
  else if (entry.value->kind == YamlNode::Kind::map)
    section.error(*entry.value, "test needs \"expect\": who is to get what; expect: {} says nobody");
  section.finish();
  config.tests.push_back(std::move(test));
}

}  // namespace crier
