#include <algorithm>
#include <array>
#include <stdexcept>
#include <unordered_map>

#include <fmt/core.h>

#include "app/config_parts.hpp"
#include "app/rule_reader.hpp"
#include "app/secret.hpp"
#include "app/topic_book.hpp"
#include "base/suggest.hpp"
#include "channel/webhook.hpp"
#include "net/address_guard.hpp"
#include "net/envelope.hpp"

namespace crier {
namespace {

bool has_email_syntax(std::string_view address) {
  return to_wire_address(address).has_value();
}

bool has_phone_syntax(std::string_view number) {
  return number.size() >= 8 && number.size() <= 16 && number.front() == '+' && number[1] != '0' &&
         std::ranges::all_of(number.substr(1), [](char c) { return c >= '0' && c <= '9'; });
}

std::string place_of(const YamlFile& file, const YamlNode& node) {
  return fmt::format("{}:{}", file.name, node.line);
}

// Plain http only where channels.webhook allows it.
AddressGuard url_check(const Config& config) {
  AddressRules rules;
  rules.allow_http = !config.webhook || config.webhook->allow_http;
  return AddressGuard::create(rules).value();
}

std::optional<std::string> read_webhook_secret(YamlSection& section) {
  const auto text = read_secret_key(section, "secret_file");
  if (text.empty()) return std::nullopt;
  auto key = parse_webhook_secret(text);
  if (key) return std::move(*key);
  section.error(*section.find("secret_file"), key.error().message);
  return std::nullopt;
}

void read_webhook_endpoint(const YamlNode& node, const YamlFile& file, const AddressGuard& guard,
                           Subscriber& subscriber) {
  auto& address = subscriber.addresses[static_cast<std::size_t>(ChannelKind::webhook)];
  const auto* at = &node;
  if (node.kind == YamlNode::Kind::scalar) {
    address = node.scalar;
    if (address.empty()) file.error(node, "webhook must not be empty");
  } else {
    YamlSection section(node, file, "webhook");
    address = section.required_text("url");
    if (auto secret = read_webhook_secret(section)) subscriber.webhook_secrets.push_back(std::move(*secret));
    if (const auto* url = section.find("url")) at = url;
    section.finish();
  }
  if (address.empty()) return;
  if (const auto checked = guard.check_url(address); !checked)
    file.error(*at, fmt::format("webhook {}", checked.error().message));
}

// Builds the book from the collected entries.
class BookReader {
 public:
  BookReader(Config& config, TopicBook topics)
      : config_(config), guard_(url_check(config)), topics_(std::move(topics)), rules_(topics_.rules()) {}

  void read_subscriber(const Pending& entry) {
    const auto& file = *entry.file;
    YamlSection section(*entry.value, file, "subscriber");
    Subscriber subscriber;
    subscriber.id = section.required_text("id");
    subscriber.name = section.text("name").value_or("");
    read_addresses(section, subscriber);
    subscriber.timezone = section.text("timezone").value_or("");
    if (const auto* zone = section.find("timezone")) read_zone(*zone, file);
    if (const auto quiet = section.text("quiet_hours")) {
      subscriber.quiet_hours = parse_quiet_hours(*quiet);
      if (!subscriber.quiet_hours)
        section.error(*section.find("quiet_hours"), "quiet_hours must be like 22:00-06:30");
    }
    const auto* follow = section.find("follow");
    section.finish();
    check_identity(entry, subscriber);
    const auto index = static_cast<std::uint32_t>(subscribers_.size());
    subscribers_.push_back(std::move(subscriber));
    if (follow != nullptr)
      for_each_item(*follow, file, "follow", [&](const YamlNode& item) { read_follow(item, file, index); });
  }

  std::shared_ptr<SubscriberBook> finish() {
    return std::make_shared<SubscriberBook>(std::move(subscribers_), std::move(rules_));
  }

 private:
  void read_addresses(YamlSection& section, Subscriber& subscriber) const {
    const auto set = [&](ChannelKind channel, bool (*is_good)(std::string_view), std::string_view example) {
      const auto key = to_string(channel);
      auto text = section.text(key);
      if (!text) return;
      if (!is_good(*text)) section.error(*section.find(key), fmt::format("{} must be like {}", key, example));
      subscriber.addresses[static_cast<std::size_t>(channel)] = std::move(*text);
    };
    set(ChannelKind::email, has_email_syntax, "amara@example.org");
    set(ChannelKind::whatsapp, has_phone_syntax, "\"+2348012345678\" (with the country code, in quotes)");
    if (const auto* webhook = section.find("webhook"))
      read_webhook_endpoint(*webhook, section.file(), guard_, subscriber);
  }

  void check_identity(const Pending& entry, const Subscriber& subscriber) {
    if (subscriber.id.empty()) return;
    const auto* at = entry.value->find("id");
    const bool plain = subscriber.id.size() <= 128 && std::ranges::all_of(subscriber.id, [](char c) {
                         return static_cast<unsigned char>(c) > ' ' && c != 0x7f;
                       });
    if (!plain) entry.file->error(*at, "id must be at most 128 characters without spaces");
    const auto [known, is_new] = ids_.emplace(subscriber.id, place_of(*entry.file, *at));
    if (!is_new)
      entry.file->error(*at, fmt::format("there are two subscribers \"{}\"; the other is at {}",
                                         subscriber.id, known->second));
  }

  void read_follow(const YamlNode& node, const YamlFile& file, std::uint32_t subscriber) {
    const Complaints complaints(file);
    YamlSection section(node, file, "follow");
    const auto topic = section.text("topic");
    const auto* match = section.find("match");
    Subscription subscription;
    subscription.subscriber = subscriber;
    subscription.edition = read_cadence(section);
    subscription.channels = read_by(section, subscribers_[subscriber]);
    section.finish();
    if (topic.has_value() == (match != nullptr)) {
      if (!complaints.are_new()) file.error(node, "follow needs either topic: NAME or match: RULE");
      return;
    }
    if (topic) {
      follow_topic(*topic, *section.find("topic"), file, std::move(subscription));
    } else if (auto rule = read_own_rule(*match, file)) {
      if (!has_positive_clause(*rule) && !complaints.are_new())
        file.error(*match, "the rule only excludes: say also what it is to find");
      auto title = match->kind == YamlNode::Kind::scalar ? match->scalar : to_string(*rule);
      rules_.push_back({"", std::move(title), std::move(*rule), {std::move(subscription)}});
    }
  }

  void follow_topic(const std::string& topic, const YamlNode& at, const YamlFile& file,
                    Subscription subscription) {
    if (const auto* found = topics_.find(topic)) {
      rules_[*found].followers.push_back(std::move(subscription));
      return;
    }
    auto error = topics_.unknown(topic);
    file.error(at, std::move(error.message), std::move(error.suggestion));
  }

  std::optional<Rule> read_own_rule(const YamlNode& node, const YamlFile& file) const {
    const QueryOptions options{config_.stemming, topics_.finder()};
    return RuleReader(file, options).read(node);
  }

  // The edition's name; empty for an alert.
  std::string read_cadence(YamlSection& section) {
    const auto deliver = section.text("deliver").value_or("alert");
    if (deliver == "alert") return {};
    if (config_.newsroom.find_edition(deliver) == nullptr) {
      std::vector<std::string_view> known{"alert"};
      for (const auto& edition : config_.newsroom.editions) known.push_back(edition.name);
      section.error(*section.find("deliver"),
                    fmt::format("there is no edition \"{}\"{}", deliver, did_you_mean(deliver, known)));
    }
    return deliver;
  }

  // The channels of a follow; all that the subscriber has when it names none.
  std::vector<ChannelKind> read_by(YamlSection& section, const Subscriber& subscriber) {
    std::vector<ChannelKind> channels;
    const auto* by = section.find("by");
    for (const auto* node : section.text_nodes("by")) {
      const auto& word = node->scalar;
      const auto channel = parse_channel(word);
      if (!channel) {
        const std::array<std::string_view, 3> known{"email", "whatsapp", "webhook"};
        section.error(*node, fmt::format("there is no channel \"{}\"{}", word, did_you_mean(word, known)));
      } else if (subscriber.address(*channel).empty()) {
        section.error(*node, fmt::format("the subscriber has no {}: address", word));
      } else if (!is_configured(*channel)) {
        section.error(*node, fmt::format("there is no channels.{} section to send it with", word));
      } else if (std::ranges::find(channels, *channel) == channels.end()) {
        channels.push_back(*channel);
      }
    }
    if (by != nullptr && by->kind == YamlNode::Kind::list && by->items.empty())
      section.error(*by, "by names no channel: write email, whatsapp or webhook, or leave it out for all");
    if (by != nullptr) return channels;
    for (const auto channel : all_channels) {
      if (!subscriber.address(channel).empty() && is_configured(channel)) channels.push_back(channel);
    }
    if (channels.empty())
      section.error(section.node(),
                    "the subscriber has no address on a channel that is there: give it email, whatsapp "
                    "or webhook");
    return channels;
  }

  bool is_configured(ChannelKind channel) const {
    switch (channel) {
      case ChannelKind::email:
        return config_.email.has_value();
      case ChannelKind::whatsapp:
        return config_.whatsapp.has_value();
      case ChannelKind::webhook:
        return config_.webhook.has_value();
    }
    return false;
  }

  Config& config_;
  AddressGuard guard_;
  TopicBook topics_;
  std::vector<Subscriber> subscribers_;
  std::vector<FollowedRule> rules_;                   // topics first, at the positions that topics_ gives
  std::unordered_map<std::string, std::string> ids_;  // id → its place
};

}  // namespace

void read_book(const std::vector<Pending>& topics, const std::vector<Pending>& subscribers, Config& config) {
  BookReader reader(config, TopicBook(topics, config.stemming));
  for (const auto& subscriber : subscribers) reader.read_subscriber(subscriber);
  try {
    config.book = reader.finish();
  } catch (const std::length_error& e) {  // of a rule that the index cannot hold
    const auto& file = *(topics.empty() ? subscribers : topics).front().file;
    file.diagnostics->add({file.name, 1, 1}, e.what());
    config.book = std::make_shared<SubscriberBook>();
  }
  config.newsroom.book = config.book;
}

}  // namespace crier
