#include <algorithm>
#include <array>
#include <set>

#include <fmt/core.h>

#include "app/config_parts.hpp"
#include "base/encoding.hpp"
#include "base/suggest.hpp"
#include "base/url.hpp"
#include "channel/smtp_url.hpp"
#include "net/address_guard.hpp"
#include "net/envelope.hpp"

namespace crier {
namespace {

// What is wrong with a relay; empty when nothing is.
std::string relay_mistake(std::string_view relay) {
  if (relay.starts_with("maildir:"))
    return relay == "maildir:" ? "relay needs a folder: maildir:PATH" : std::string();
  if (!relay.starts_with("smtp://") && !relay.starts_with("smtps://"))
    return "relay must be maildir:PATH, smtp://HOST:PORT or smtps://HOST:PORT";
  const auto server = parse_smtp_url(relay);
  return server ? std::string() : server.error().message;
}

std::optional<double> read_rate(YamlSection& section) {
  const auto text = section.text("rate");
  if (!text) return std::nullopt;
  const auto rate = parse_rate(*text);
  if (!rate)
    section.error(*section.find("rate"),
                  "rate is a number of messages by time: 20/s, 300/m, 1000/h or 50000/d");
  return rate;
}

// One whose time is over before it is given anything would be made for nothing, again and again.
std::optional<Duration> read_time_per_connection(YamlSection& section) {
  constexpr auto shortest = std::chrono::seconds(1);
  const auto time = section.duration("time_per_connection");
  if (time && *time < shortest)
    section.error(*section.find("time_per_connection"), "time_per_connection must be 1s or more");
  return time;
}

std::optional<WarmUp> read_warm_up(YamlSection& relay) {
  const auto* node = relay.find("warm_up");
  if (node == nullptr) return std::nullopt;
  YamlSection section(*node, relay.file(), "warm_up");
  WarmUp plan;
  const auto from = section.required_text("from");
  const auto begin = parse_rfc3339(from + "T00:00:00Z");
  if (begin)
    plan.from = std::chrono::floor<std::chrono::days>(*begin);
  else if (!from.empty())
    section.error(*section.find("from"), "from is the first day, like 2026-12-01");
  constexpr std::int64_t most = 1'000'000'000;
  plan.first_day = section.integer("first_day", 1, most).value_or(plan.first_day);
  plan.done_at = section.integer("done_at", 1, most).value_or(plan.done_at);
  if (plan.first_day >= plan.done_at) section.error(*node, "first_day must be less than done_at");
  section.finish();
  return plan;
}

// What is said of a relay; its URL stands at `key`.
RelayConfig read_relay(YamlSection& section, std::string_view key) {
  RelayConfig relay;
  relay.url = section.required_text(key);
  if (!relay.url.empty()) {
    if (const auto mistake = relay_mistake(relay.url); !mistake.empty())
      section.file().error_without_excerpt(*section.find(key), mistake);  // the URL may hold a password
  }
  relay.password = read_secret_key(section, "password_file");
  relay.password_file = section.text("password_file").value_or("");
  if (const auto server = parse_smtp_url(relay.url)) {
    const bool has_user = !server->login.user.empty();
    if (has_user && relay.password_file.empty())
      section.error(*section.find(key), "a relay with a user needs password_file: FILE");
    else if (!has_user && !relay.password_file.empty())
      section.error(*section.find("password_file"), "a login needs a user, too: smtp://USER@HOST:PORT");
  }
  relay.ca_file = section.text("ca_file").value_or("");
  relay.connections =
      static_cast<unsigned>(section.integer("connections", 1, 256).value_or(relay.connections));
  relay.messages_per_connection = static_cast<unsigned>(
      section.integer("messages_per_connection", 1, 1'000'000).value_or(relay.messages_per_connection));
  relay.time_per_connection = read_time_per_connection(section).value_or(relay.time_per_connection);
  relay.timeout = section.duration("timeout");
  relay.rate = read_rate(section);
  relay.warm_up = read_warm_up(section);
  return relay;
}

void read_relays(YamlSection& email, std::vector<RelayConfig>& relays) {
  const auto* list = email.find("relays");
  if (list == nullptr) {
    relays.push_back(read_relay(email, "relay"));
    return;
  }
  for_each_item(*list, email.file(), "relays", [&](const YamlNode& item) {
    YamlSection section(item, email.file(), "relay");
    auto& relay = relays.emplace_back(read_relay(section, "url"));
    relay.weight = static_cast<unsigned>(section.integer("weight", 0, 1000).value_or(relay.weight));
    if (relay.url.starts_with("maildir:"))
      section.error(*section.find("url"), "a Maildir stands alone: relay: maildir:PATH");
    const auto server = parse_smtp_url(relay.url);
    const auto is_same = [&](const RelayConfig& other) {
      const auto its = parse_smtp_url(other.url);
      return its && server && its->host == server->host && its->port == server->port;
    };
    if (std::ranges::count_if(relays, is_same) > 1)
      section.file().error_without_excerpt(*section.find("url"), "this relay is there already");
    section.finish();
  });
  if (relays.empty()) {
    email.error(*list, "relays needs at least one relay: {url: smtp://HOST:PORT}");
    relays.emplace_back();
  }
}

void read_domains(YamlSection& email, std::vector<DomainLimits>& domains) {
  const auto* list = email.find("domains");
  if (list == nullptr) return;
  std::set<std::string> named;
  for_each_item(*list, email.file(), "domains", [&](const YamlNode& item) {
    YamlSection section(item, email.file(), "domain");
    auto& limits = domains.emplace_back();
    for (const auto* node : section.text_nodes("names")) {
      const auto& name = limits.names.emplace_back(to_lower_ascii(node->scalar));
      if (!named.insert(name).second) section.error(*node, fmt::format("{} has limits already", name));
      if (name.empty() || name.find('@') != std::string::npos)
        section.error(*node, "a domain is what stands behind the @: example.org");
    }
    limits.limits.rate = read_rate(section);
    limits.limits.at_once = static_cast<std::size_t>(section.integer("at_once", 1, 100'000).value_or(0));
    if (limits.names.empty()) section.error(item, "a limit needs names: the domains that it is for");
    if (!limits.limits.rate && limits.limits.at_once == 0 && section.find("rate") == nullptr)
      section.error(item, "a limit needs rate or at_once");
    section.finish();
  });
}

void read_email(const YamlNode& node, const YamlFile& file, Config& config) {
  YamlSection section(node, file, "channels.email");
  EmailConfig email;
  read_relays(section, email.relays);
  email.from = section.required_text("from");
  if (!email.from.empty() && !to_wire_address(email.from))
    section.error(*section.find("from"),
                  "from must be a bare address like news@example.org; its display name goes to from_name");
  email.from_name = section.text("from_name").value_or("");
  read_domains(section, email.domains);
  const auto sender = to_wire_address(email.from);
  if (sender) email.from = sender->text;  // its domain names messages and lists, too
  email.dkim = read_dkim(section, sender ? sender->text : std::string());
  section.finish();
  config.email = std::move(email);
}

bool is_loopback_url(std::string_view text) {
  const auto url = parse_url(text);
  return url && is_loopback_host(url->host_address());
}

void read_whatsapp(const YamlNode& node, const YamlFile& file, Config& config) {
  YamlSection section(node, file, "channels.whatsapp");
  WhatsAppConfig whatsapp;
  whatsapp.base_url = read_url(section, "base_url");
  if (whatsapp.base_url.empty()) whatsapp.base_url = "https://graph.facebook.com";
  while (whatsapp.base_url.ends_with('/')) whatsapp.base_url.pop_back();
  whatsapp.api_version = section.text("version").value_or("v25.0");
  whatsapp.phone_number_id = section.required_text("phone_number_id");
  whatsapp.token = read_secret_key(section, "token_file");
  whatsapp.template_name = section.required_text("template");
  whatsapp.language = section.text("language").value_or("en_US");
  static constexpr std::array<std::string_view, 4> known{"title", "summary", "reason", "url"};
  for (const auto* node_of_name : section.text_nodes("parameters")) {
    const auto& name = whatsapp.parameters.emplace_back(node_of_name->scalar);
    if (std::ranges::find(known, name) == known.end())
      section.error(*node_of_name,
                    fmt::format("there is no parameter \"{}\"{}", name, did_you_mean(name, known)),
                    std::string(nearest_word(name, known)));
  }
  if (section.find("parameters") == nullptr) whatsapp.parameters = {"title", "summary"};
  whatsapp.button_prefix = section.text("button_prefix").value_or("");
  if (const auto policy = section.text("on_ambiguous")) {
    whatsapp.resend_ambiguous = *policy == "resend";
    if (*policy != "resend" && *policy != "hold")
      section.error(*section.find("on_ambiguous"), "on_ambiguous must be hold or resend");
  }
  if (!is_loopback_url(whatsapp.base_url)) {
    if (section.find("token_file") == nullptr)
      section.error(node,
                    "channels.whatsapp needs token_file (only a base_url on this machine goes without)");
    if (whatsapp.base_url.starts_with("http:"))
      section.error(*section.find("base_url"),
                    "base_url must be https (only on this machine http will do): the token goes there");
  }
  section.finish();
  config.whatsapp = std::move(whatsapp);
}

void read_webhook(const YamlNode& node, const YamlFile& file, Config& config) {
  YamlSection section(node, file, "channels.webhook");
  WebhookConfig webhook;
  webhook.allow_http = section.flag("allow_http").value_or(false);
  webhook.allow = section.texts("allow");
  AddressRules rules;
  rules.allow = webhook.allow;
  if (const auto guard = AddressGuard::create(rules); !guard)
    section.error(*section.find("allow"), guard.error().message);
  webhook.timeout = section.duration("timeout").value_or(webhook.timeout);
  webhook.connections =
      static_cast<unsigned>(section.integer("connections", 1, 1024).value_or(webhook.connections));
  section.finish();
  config.webhook = std::move(webhook);
}

}  // namespace

void read_channels(const YamlNode& node, const YamlFile& file, Config& config) {
  YamlSection section(node, file, "channels");
  if (const auto* email = section.find("email")) read_email(*email, file, config);
  if (const auto* whatsapp = section.find("whatsapp")) read_whatsapp(*whatsapp, file, config);
  if (const auto* webhook = section.find("webhook")) read_webhook(*webhook, file, config);
  section.finish();
}

}  // namespace crier
