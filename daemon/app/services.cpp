#include "app/services.hpp"

#include <algorithm>
#include <array>
#include <filesystem>
#include <functional>
#include <map>
#include <optional>
#include <span>
#include <thread>

#include <fmt/core.h>
#include <unistd.h>

#include "app/secret.hpp"
#include "base/log.hpp"
#include "base/url.hpp"
#include "channel/email_channel.hpp"
#include "channel/mail_thread.hpp"
#include "channel/maildir_relay.hpp"
#include "channel/missing_channel.hpp"
#include "channel/relay_group.hpp"
#include "channel/smtp_relay.hpp"
#include "channel/smtp_url.hpp"
#include "channel/webhook_channel.hpp"
#include "channel/whatsapp_channel.hpp"
#include "net/address_guard.hpp"
#include "net/http_client.hpp"
#include "net/resolver.hpp"

namespace crier {
namespace {

std::string host_name() {
  std::array<char, 256> name{};
  if (::gethostname(name.data(), name.size() - 1) != 0 || name[0] == '\0') return "localhost";
  return name.data();
}

// Reachable over HTTP: what webhooks may reach, and the WhatsApp API wherever ops have put it.
Result<AddressGuard> make_guard(const Config& config) {
  AddressRules rules;
  if (config.webhook) {
    rules.allow_http = config.webhook->allow_http;
    rules.allow = config.webhook->allow;
  }
  return AddressGuard::create(rules);
}

Result<AddressGuard> make_whatsapp_guard(const WhatsAppConfig& whatsapp) {
  AddressRules rules;
  rules.allow_http = whatsapp.base_url.starts_with("http://");
  if (const auto url = parse_url(whatsapp.base_url)) rules.allow = {std::string(url->host_address())};
  return AddressGuard::create(rules);
}

SmtpTimeouts timeouts_of(const RelayConfig& relay) {
  SmtpTimeouts timeouts;
  if (relay.timeout) {
    timeouts.connect = timeouts.tls = timeouts.greeting = timeouts.command = *relay.timeout;
    timeouts.data_start = timeouts.data_block = timeouts.final_reply = *relay.timeout;
  }
  return timeouts;
}

// What the file holds now; while it cannot be read, what it held last.
std::function<std::string()> password_of(const RelayConfig& relay) {
  if (relay.password_file.empty()) return {};
  return [file = relay.password_file, last = relay.password]() mutable {
    if (auto secret = read_secret(file))
      last = *std::move(secret);
    else
      log::warn("relay.no_password", {{"what", secret.error().message}, {"next", "the former one is used"}});
    return last;
  };
}

// More of them than the loop, which composes for all, can keep busy would only cost.
std::vector<std::unique_ptr<MailThread>> make_mail_threads() {
  constexpr unsigned most = 2;
  std::vector<std::unique_ptr<MailThread>> threads;
  for (unsigned i = 0; i < std::clamp(std::thread::hardware_concurrency(), 1U, most); ++i)
    threads.push_back(std::make_unique<MailThread>());
  return threads;
}

Result<std::unique_ptr<Relay>> make_relay(const boost::asio::any_io_executor& loop,
                                          std::span<const std::unique_ptr<MailThread>> threads,
                                          Workers& workers, const RelayConfig& config) {
  constexpr std::string_view maildir = "maildir:";
  if (config.url.starts_with(maildir))
    return std::unique_ptr<Relay>(std::make_unique<MaildirRelay>(
        std::filesystem::path(config.url.substr(maildir.size())), workers, config.connections));
  auto server = parse_smtp_url(config.url);
  if (!server) return server.error();
  server->helo = host_name();
  server->login.password = config.password;
  server->timeouts = timeouts_of(config);
  SmtpRelayOptions options;
  options.server = std::move(*server);
  options.password_now = password_of(config);
  options.ca_file = config.ca_file;
  options.connections = config.connections;
  options.messages_per_connection = config.messages_per_connection;
  options.time_per_connection = config.time_per_connection;
  return std::unique_ptr<Relay>(std::make_unique<SmtpRelay>(loop, threads, std::move(options)));
}

}  // namespace

std::string relay_name(const RelayConfig& relay, const std::vector<RelayConfig>& all) {
  const auto server = parse_smtp_url(relay.url);
  if (!server) return "maildir";
  const auto here = std::ranges::count_if(all, [&](const RelayConfig& other) {
    const auto its = parse_smtp_url(other.url);
    return its && its->host == server->host;
  });
  return here > 1 ? fmt::format("{}:{}", server->host, server->port) : server->host;
}

std::map<std::string, std::optional<ChannelKind>> relay_names(const Config& config) {
  std::map<std::string, std::optional<ChannelKind>> names;
  if (!config.email) return names;
  const auto& relays = config.email->relays;
  for (const auto& relay : relays)
    names.emplace(relay_name(relay, relays),
                  relays.size() == 1 ? std::optional(ChannelKind::email) : std::nullopt);
  return names;
}

struct Services::Parts {
  explicit Parts(const boost::asio::any_io_executor& loop) : resolver(loop) {}
  ~Parts() {
    for (const auto& each : mail_threads) each->thread.stop();
  }

  // From now on; nullptr = not at all.
  void sign_with(const std::shared_ptr<const DkimSigner>& signer) {
    if (!signer) return email->sign_no_more();
    if (!signing) signing.emplace(std::max(1U, std::thread::hardware_concurrency()));
    email->sign_with(signer, *signing);
  }

  Resolver resolver;  // of names that readers and feeds choose
  std::optional<Resolver> whatsapp_resolver;
  std::vector<std::unique_ptr<MailThread>> mail_threads = make_mail_threads();
  std::unique_ptr<RelayGroup> relays;
  std::optional<Workers> signing;
  EmailChannel* email = nullptr;  // among the channels
  std::optional<HttpClient> webhook_client;
  std::optional<WebhookSender> webhook_sender;
  std::optional<HttpClient> whatsapp_client;
  std::optional<WhatsAppSender> whatsapp_sender;
  std::vector<std::unique_ptr<Channel>> channels;
  std::map<std::vector<std::string>, HttpClient> feed_clients;  // by the exceptions from the address guard
};

Services::Services(std::unique_ptr<Parts> parts) : parts_(std::move(parts)) {}

Services::~Services() = default;

Result<std::unique_ptr<Services>> Services::make(const boost::asio::any_io_executor& loop, Workers& workers,
                                                 Clock& clock, const Config& config) {
  auto parts = std::make_unique<Parts>(loop);
  if (const auto& email = config.email) {
    std::vector<RelayGroup::Member> members;
    for (const auto& each : email->relays) {
      auto relay = make_relay(loop, parts->mail_threads, workers, each);
      if (!relay) return relay.error();
      members.push_back({.name = relay_name(each, email->relays),
                         .relay = std::move(*relay),
                         .weight = each.weight,
                         .limits = {.rate = each.rate, .at_once = 0},
                         .warm_up = each.warm_up});
    }
    parts->relays = std::make_unique<RelayGroup>(std::move(members), clock);
    auto channel = std::make_unique<EmailChannel>(*parts->relays, EmailSender{email->from, email->from_name});
    parts->email = channel.get();
    parts->sign_with(email->dkim);
    parts->channels.push_back(std::move(channel));
  }
  if (const auto& whatsapp = config.whatsapp) {
    auto guard = make_whatsapp_guard(*whatsapp);
    if (!guard) return guard.error();
    HttpClientOptions options{std::move(*guard), {}};
    parts->whatsapp_resolver.emplace(loop, ResolverLimits{.threads = 1});
    parts->whatsapp_client.emplace(loop, *parts->whatsapp_resolver, std::move(options));
    parts->whatsapp_sender.emplace(*parts->whatsapp_client, clock,
                                   WhatsAppAccount{whatsapp->base_url, whatsapp->api_version,
                                                   whatsapp->phone_number_id, whatsapp->token});
    parts->channels.push_back(
        std::make_unique<WhatsAppChannel>(*parts->whatsapp_sender,
                                          WhatsAppTemplate{whatsapp->template_name, whatsapp->language,
                                                           whatsapp->parameters, whatsapp->button_prefix},
                                          whatsapp->resend_ambiguous));
  }
  if (const auto& webhook = config.webhook) {
    auto guard = make_guard(config);
    if (!guard) return guard.error();
    HttpClientOptions options{std::move(*guard), {}};
    options.max_connections = static_cast<long>(webhook->connections);
    options.max_connections_per_host = static_cast<long>(WebhookSender::most_with_host);
    // libcurl counts those that are busy, too, and would close each that has done its work.
    options.max_idle_connections = std::max(options.max_idle_connections, 2 * options.max_connections);
    parts->webhook_client.emplace(loop, parts->resolver, std::move(options));
    parts->webhook_sender.emplace(loop, *parts->webhook_client, clock, webhook->connections,
                                  webhook->timeout);
    parts->channels.push_back(std::make_unique<WebhookChannel>(*parts->webhook_sender, webhook->connections));
  }
  for (const auto& feed : config.feeds) {
    if (parts->feed_clients.contains(feed.allow)) continue;
    auto guard = AddressGuard::create(feed_rules(feed));
    if (!guard) return guard.error();
    HttpClientOptions options{std::move(*guard), {}};
    options.max_connections = 32;
    options.max_connections_per_host = 2;
    parts->feed_clients.try_emplace(feed.allow, loop, parts->resolver, std::move(options));
  }
  for (const auto kind : all_channels) {
    if (std::ranges::find(parts->channels, kind, &Channel::kind) == parts->channels.end())
      parts->channels.push_back(std::make_unique<MissingChannel>(kind));
  }
  return std::unique_ptr<Services>(new Services(std::move(parts)));
}

std::vector<Channel*> Services::channels() const {
  std::vector<Channel*> out;
  for (const auto& channel : parts_->channels) out.push_back(channel.get());
  return out;
}

HttpClient& Services::client_of(const FeedConfig& feed) {
  return parts_->feed_clients.at(feed.allow);
}

RelayGroup* Services::relays() const {
  return parts_->relays.get();
}

void Services::take_over(const Config& config) {
  if (parts_->email != nullptr && config.email && config.email->from == parts_->email->sender().address)
    parts_->sign_with(config.email->dkim);
}

boost::asio::awaitable<void> Services::stop() {
  if (parts_->relays) co_await parts_->relays->stop();
}

}  // namespace crier
