// The configuration: everything ops write, checked as a whole and immutable afterwards.
// A file, or a folder whose *.yaml files are read together; sections may be spread over the files.
#pragma once

#include <cstdint>
#include <filesystem>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/diagnostic.hpp"
#include "base/time.hpp"
#include "dispatch/domain_paces.hpp"
#include "dispatch/newsroom.hpp"
#include "net/address_guard.hpp"
#include "net/ip_address.hpp"
#include "schedule/warm_up.hpp"
#include "story/folder_listing.hpp"
#include "story/parse.hpp"

namespace crier {

class DkimSigner;

struct FolderConfig {
  std::string name;
  std::filesystem::path path;
  std::string url;                   ///< of stories that have none; "{id}" is replaced
  bool send_backlog = true;          ///< what lies there at the very first start is sent, not only noted
  std::optional<Duration> expect{};  ///< something new is expected at least this often
  FolderOptions options{};
  std::filesystem::path failed{};  ///< where files go that cannot be read; empty = they stay

  bool operator==(const FolderConfig&) const = default;
};

struct FeedConfig {
  std::string name;
  std::string url;
  std::optional<Duration> every;   ///< a fixed interval; absent = as often as there is news
  std::optional<Duration> expect;  ///< something new is expected at least this often
  bool send_backlog = false;       ///< what it holds at the very first poll is sent, not only noted
  std::vector<std::string> allow;  ///< hosts, addresses or CIDR ranges excepted from the address guard
  std::optional<bool>
      websub{};  ///< no hub is asked / a hub is asked over plain http, too; absent = over https

  bool operator==(const FeedConfig&) const = default;
};

struct RelayConfig {
  std::string url;  ///< "maildir:PATH" or "smtp://…", "smtps://…"
  std::string password;
  std::string password_file;  ///< what it is read from, again for each connection; as read_secret takes it
  std::string ca_file;
  unsigned connections = 8;
  unsigned messages_per_connection = 1000;
  Duration time_per_connection = std::chrono::minutes(10);
  std::optional<Duration> timeout;  ///< of each stage of the dialogue; absent = those of RFC 5321
  unsigned weight = 1;              ///< 0 = only what no other can take
  std::optional<double> rate;       ///< messages a second
  std::optional<WarmUp> warm_up;

  bool operator==(const RelayConfig&) const = default;
};

struct EmailConfig {
  std::vector<RelayConfig> relays;  ///< at least one; a Maildir is alone
  std::string from;
  std::string from_name;
  std::vector<DomainLimits> domains;
  std::shared_ptr<const DkimSigner> dkim;  ///< nullptr = mails are not signed; each load has its own

  bool operator==(const EmailConfig&) const = default;
};

struct WhatsAppConfig {
  std::string base_url;
  std::string api_version;
  std::string phone_number_id;
  std::string token;
  std::string template_name;
  std::string language;
  std::vector<std::string> parameters;  ///< what fills the template's body: title, summary, reason, url
  std::string button_prefix;      ///< the approved beginning of the template's URL button; empty = no button
  bool resend_ambiguous = false;  ///< repeat a message whose answer was lost, at the risk of a second copy

  bool operator==(const WhatsAppConfig&) const = default;
};

struct WebhookConfig {
  bool allow_http = false;
  std::vector<std::string> allow;  ///< hosts, addresses or CIDR ranges excepted from the address guard
  Duration timeout = std::chrono::seconds(20);
  unsigned connections = 32;

  bool operator==(const WebhookConfig&) const = default;
};

struct ListenConfig {
  std::string host;
  std::uint16_t port = 0;

  bool operator==(const ListenConfig&) const = default;
};

struct PublicConfig {
  ListenConfig listen;
  std::vector<IpNetwork> trusted_proxies;
  std::size_t connections_per_address = 64;
  std::size_t connections_per_proxy = 900;

  bool operator==(const PublicConfig&) const = default;
};

/// What a test expects one subscriber to get.
struct ExpectedDelivery {
  std::string edition;  ///< empty = an alert
  ChannelKind channel = ChannelKind::email;
  std::optional<Time> at;  ///< when it is due, if the test says it

  bool operator==(const ExpectedDelivery&) const = default;
};

/// "alert email", "lagos-morning email at 2026-05-13T06:00:00Z".
std::string to_string(const ExpectedDelivery& delivery);

/// One entry of a `tests:` section.
struct RuleTest {
  Place place;
  std::filesystem::path story;
  std::optional<Time> at;
  std::map<std::string, std::vector<ExpectedDelivery>>
      expect;  ///< by subscriber; who is not in it gets nothing
};

/// Where a rule of the book stands.
struct RulePlace {
  std::uint32_t file = 0;  ///< position in Config::files
  int line = 0;
  int column = 0;
};

struct Config {
  Newsroom newsroom;
  std::shared_ptr<SubscriberBook> book;  ///< the newsroom's, to be numbered before it is shared
  std::filesystem::path state = "var";
  std::filesystem::path templates_path;
  bool stemming = true;   ///< of topics that do not say, and of subscribers' own rules
  Vocabulary vocabulary;  ///< words that may stand in a story's tag line
  std::vector<FolderConfig> folders;
  std::vector<FeedConfig> feeds;
  std::optional<EmailConfig> email;
  std::optional<WhatsAppConfig> whatsapp;
  std::optional<WebhookConfig> webhook;
  std::optional<PublicConfig> public_listener;
  std::optional<ListenConfig> operator_listener;
  Duration keep_texts = std::chrono::days(30);  ///< of stories, in the story log
  Duration keep_ledger = std::chrono::days(400);
  std::string push_token;              ///< empty = one is made and kept under `state`
  std::vector<std::string> push_keys;  ///< of signed pushes; newest first
  std::string push_url;                ///< of pushed stories that have none; "{id}" is replaced
  std::vector<RuleTest> tests;
  std::vector<std::string> files;         ///< that hold rules
  std::vector<Diagnostic> warnings;       ///< what is left out, though the configuration is good
  std::vector<Diagnostic> rule_warnings;  ///< rules that ask for nothing in particular
  std::vector<RulePlace> rule_places;     ///< as the book's rules; of an own rule the first that reads so

  /// The names of all sources.
  std::vector<std::string> sources() const;
  /// How often something new is expected of each source; absent = nobody says.
  std::vector<std::pair<std::string, std::optional<Duration>>> expectations() const;
  /// Whether there is a section for it under `channels:`.
  bool has_channel(ChannelKind channel) const;
};

/// What a feed may be fetched from.
AddressRules feed_rules(const FeedConfig& feed);

/// The sections of `fresh` that a running daemon cannot take over.
std::vector<std::string> settings_that_need_restart(const Config& running, const Config& fresh);

/// What a file of rules is to the configuration: all its topics, editions, subscribers and tests; or a change
/// of it. A change without subscribers replaces the topics and editions that it names and adds new ones; one
/// with subscribers replaces all but the editions it does not name.
enum class RulesFile { is_all, is_change };

struct LoadOptions {
  std::filesystem::path rules_file;  ///< when given, read in place of the configuration's own rules
  RulesFile rules_are = RulesFile::is_all;
  /// Without topics, editions, subscribers and tests, which may be many, and wrong.
  bool settings_only = false;
  /// The book at work: the fresh one shares its rule index, and takes over the rules that have not changed.
  std::shared_ptr<const SubscriberBook> former;
  /// Called now and then, on the loading thread, with the number of subscribers that have been read.
  std::function<void(std::size_t done, std::size_t total)> on_progress;
};

/// Reads and checks everything, templates and secrets included. Complaints are added to `diagnostics`; the
/// configuration is good exactly when there are none. Takes memory for the text of the files, the book, and
/// one subscriber at a time where `subscribers:` is a block list.
Config load_config(const std::filesystem::path& path, Diagnostics& diagnostics,
                   const LoadOptions& options = {});

}  // namespace crier
