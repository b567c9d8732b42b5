#include <algorithm>
#include <array>
#include <stdexcept>

#include <fmt/core.h>

#include "app/config_parts.hpp"
#include "app/rule_complaints.hpp"
#include "app/rule_costs.hpp"
#include "app/rule_reader.hpp"
#include "app/secret.hpp"
#include "app/topic_book.hpp"
#include "base/position_table.hpp"
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

// What channels.webhook allows.
AddressGuard url_check(const Config& config) {
  AddressRules rules;
  rules.allow_http = !config.webhook || config.webhook->allow_http;
  if (config.webhook) rules.allow = config.webhook->allow;
  if (auto guard = AddressGuard::create(rules)) return std::move(*guard);
  rules.allow.clear();  // that it is wrong has been said where it stands
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
                           SubscriberDraft& subscriber) {
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
  if (const auto checked = guard.check_written(address); !checked)
    file.error(*at, fmt::format("webhook {}", checked.error().message));
}

// Own rules by what they say: in the book that is being made, and in the one at work.
class OwnRules {
 public:
  explicit OwnRules(const std::vector<FollowedRule>& rules) : title_of_{rules} {}

  // The position of the rule that `query` says whole, or none.
  std::uint32_t find(std::string_view query) const { return table_.find(query, title_of_); }
  void insert(RulePosition position) { table_.insert(position, title_of_); }

 private:
  struct TitleOf {
    const std::vector<FollowedRule>& rules;
    std::string_view operator()(RulePosition rule) const { return rules[rule].title; }
  };

  TitleOf title_of_;
  PositionTable table_;
};

// A query that names a topic says something else when the topic changes.
bool says_all(const YamlNode& rule) {
  return rule.kind == YamlNode::Kind::scalar && rule.scalar.find("rule:") == std::string::npos;
}

// Builds the book from the collected entries.
class BookReader {
 public:
  BookReader(Config& config, TopicBook topics, const LoadOptions& options, std::size_t count)
      : config_(config),
        guard_(url_check(config)),
        topics_(std::move(topics)),
        former_(options.former),
        registry_(former_
                      ? former_->registry()
                      : std::make_shared<RuleRegistry>(stemming_language(config.newsroom.site.language))) {
    lines_.reserve(count);
    for (const auto& edition : config.newsroom.editions) editions_.push_back(edition.name);
    std::ranges::sort(editions_);
    for (const auto& topic : topics_.rules())
      add_read_rule(topic.rule, {topic.name, topic.title, topic.rule, {}, registry_->hold(topic.rule)},
                    *topic.file, *topic.key);
    if (!former_ || former_->stemming() != config.stemming) return;
    for (RulePosition i = 0; i < former_->rules().size(); ++i)
      if (!former_->rules()[i].rule) known_.insert(i);
  }

  void read_subscriber(const YamlNode& node, const YamlFile& file) {
    YamlSection section(node, file, "subscriber");
    SubscriberDraft subscriber;
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
    check_identity(section, subscriber);
    const auto index = subscribers_.add(subscriber);
    if (files_.empty() || files_.back().second != &file) files_.emplace_back(index, &file);
    lines_.push_back(node.find("id") != nullptr ? node.find("id")->line : node.line);
    if (follow != nullptr)
      for_each_item(*follow, file, "follow", [&](const YamlNode& item) { read_follow(item, file, index); });
  }

  std::shared_ptr<SubscriberBook> finish() {
    return std::make_shared<SubscriberBook>(std::move(subscribers_), std::move(rules_), std::move(editions_),
                                            config_.stemming, registry_);
  }

 private:
  void read_addresses(YamlSection& section, SubscriberDraft& subscriber) const {
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

  const YamlFile& file_of(std::uint32_t subscriber) const {
    const auto next =
        std::ranges::upper_bound(files_, subscriber, {}, &std::pair<std::uint32_t, const YamlFile*>::first);
    return *std::prev(next)->second;
  }

  void check_identity(YamlSection& section, const SubscriberDraft& subscriber) const {
    if (subscriber.id.empty()) return;
    const auto* at = section.find("id");
    const bool plain = subscriber.id.size() <= 128 && std::ranges::all_of(subscriber.id, [](char c) {
                         return static_cast<unsigned char>(c) > ' ' && c != 0x7f;
                       });
    if (!plain) section.error(*at, "id must be at most 128 characters without spaces");
    if (const auto known = subscribers_.find(subscriber.id))
      section.error(*at, fmt::format("there are two subscribers \"{}\"; the other is at {}:{}", subscriber.id,
                                     file_of(known->index()).name, lines_[known->index()]));
  }

  void read_follow(const YamlNode& node, const YamlFile& file, std::uint32_t subscriber) {
    const Complaints complaints(file);
    YamlSection section(node, file, "follow");
    const auto topic = section.text("topic");
    const auto* match = section.find("match");
    const bool stemming = read_stemming(section, config_.stemming);
    if (const auto* said = section.find("stemming"); said != nullptr && topic)
      section.error(*said, "stemming belongs to the topic, or to a match");
    Subscription subscription;
    subscription.subscriber = subscriber;
    subscription.edition = read_cadence(section);
    subscription.channels = read_by(section, subscribers_[subscriber]);
    section.finish();
    if (topic.has_value() == (match != nullptr)) {
      if (!complaints.are_new()) file.error(node, "follow needs either topic: NAME or match: RULE");
      return;
    }
    if (topic)
      follow_topic(*topic, *section.find("topic"), file, subscription);
    else
      follow_own_rule(*match, stemming, file, subscription, complaints);
  }

  void follow_topic(const std::string& topic, const YamlNode& at, const YamlFile& file,
                    const Subscription& subscription) {
    if (const auto* found = topics_.find(topic)) {
      rules_[*found].followers.push_back(subscription);
      return;
    }
    auto error = topics_.unknown(topic);
    file.error(at, std::move(error.message), std::move(error.suggestion));
  }

  // A query that others follow, too, or that the book at work knows, is not parsed again.
  void follow_own_rule(const YamlNode& match, bool stemming, const YamlFile& file,
                       const Subscription& subscription, const Complaints& complaints) {
    const bool is_whole = says_all(match) && stemming == config_.stemming;
    if (is_whole) {
      if (const auto known = own_.find(match.scalar); known != PositionTable::none) {
        rules_[known].followers.push_back(subscription);
        return;
      }
      if (const auto known = known_.find(match.scalar); known != PositionTable::none) {
        own_.insert(
            add_rule({"", match.scalar, {}, {subscription}, former_->rules()[known].hold}, file, match));
        return;
      }
    }
    auto rule = read_own_rule(match, stemming, file);
    if (!rule) return;
    if (!has_positive_clause(*rule) && !complaints.are_new()) complain_of_exclusion(match, stemming, file);
    if (complaints.are_new()) return;
    auto hold = registry_->hold(*rule);
    auto title = match.kind == YamlNode::Kind::scalar ? match.scalar : to_string(*rule);
    const auto kept = is_whole ? std::nullopt : rule;
    const auto position =
        add_read_rule(*rule, {"", std::move(title), kept, {subscription}, std::move(hold)}, file, match);
    if (is_whole) own_.insert(position);
  }

  // One that was parsed just now, so that it can be looked at.
  RulePosition add_read_rule(const Rule& read, FollowedRule rule, const YamlFile& file, const YamlNode& at) {
    if (auto complaint = complain_of_common_words(read, config_.newsroom.site.language); !complaint.empty())
      config_.rule_warnings.push_back({file.place_of(at), std::move(complaint), {}, {}});
    if (auto complaint = complain_of_values(read); !complaint.empty())
      config_.rule_warnings.push_back({file.place_of(at), std::move(complaint), {}, {}});
    return add_rule(std::move(rule), file, at);
  }

  RulePosition add_rule(FollowedRule rule, const YamlFile& file, const YamlNode& at) {
    rules_.push_back(std::move(rule));
    auto& files = config_.files;
    // One file after the other: it is the last, or one of a few with topics.
    if (files.empty() || files.back() != file.name) files.push_back(file.name);
    config_.rule_places.push_back(
        {static_cast<std::uint32_t>(files.size() - 1), at.line, file.column_of(at)});
    return static_cast<RulePosition>(rules_.size() - 1);
  }

  std::optional<Rule> read_own_rule(const YamlNode& node, bool stemming, const YamlFile& file) const {
    const QueryOptions options{stemming, topics_.finder()};
    return RuleReader(file, options).read(node);
  }

  // Reads it again, now with the places of its parts, which only a complaint needs.
  void complain_of_exclusion(const YamlNode& match, bool stemming, const YamlFile& file) const {
    const QueryOptions options{stemming, topics_.finder()};
    RuleParts parts;
    if (const auto rule = RuleReader(file, options, parts.teller()).read(match))
      complain_that_it_only_excludes(*rule, parts, file, match, "the rule");
  }

  // 0 for an alert, and for what is no edition.
  EditionPosition read_cadence(YamlSection& section) const {
    const auto deliver = section.text("deliver").value_or("alert");
    if (deliver == "alert") return 0;
    const auto name = find_edition(section, "deliver", deliver, config_.newsroom, {"alert"});
    if (name.empty()) return 0;
    const auto found = std::ranges::lower_bound(editions_, name);
    return static_cast<EditionPosition>(found - editions_.begin() + 1);
  }

  // The channels of a follow; all that the subscriber has when it names none.
  ChannelSet read_by(YamlSection& section, const Subscriber& subscriber) const {
    ChannelSet channels;
    const auto* by = section.find("by");
    for (const auto* node : section.text_nodes("by")) {
      const auto& word = node->scalar;
      const auto channel = parse_channel(word);
      if (!channel) {
        const std::array<std::string_view, 3> known{"email", "whatsapp", "webhook"};
        section.error(*node, fmt::format("there is no channel \"{}\"{}", word, did_you_mean(word, known)),
                      std::string(nearest_word(word, known)));
      } else if (!subscriber.is_on(*channel)) {
        section.error(*node, fmt::format("the subscriber has no {}: address", word));
      } else if (!config_.has_channel(*channel)) {
        section.error(*node, fmt::format("there is no channels.{} section to send it with", word));
      } else {
        channels.add(*channel);
      }
    }
    if (by != nullptr && by->kind == YamlNode::Kind::list && by->items.empty())
      section.error(*by, "by names no channel: write email, whatsapp or webhook, or leave it out for all");
    if (by != nullptr) return channels;
    for (const auto channel : all_channels) {
      if (subscriber.is_on(channel) && config_.has_channel(channel)) channels.add(channel);
    }
    if (channels.empty())
      section.error(section.node(),
                    "the subscriber has no address on a channel that is there: give it email, whatsapp "
                    "or webhook");
    return channels;
  }

  Config& config_;
  AddressGuard guard_;
  TopicBook topics_;
  std::shared_ptr<const SubscriberBook> former_;
  std::shared_ptr<RuleRegistry> registry_;
  std::vector<std::string> editions_;  // ascending
  Subscribers subscribers_;
  std::vector<std::pair<std::uint32_t, const YamlFile*>> files_;  // with the first subscriber of each
  std::vector<int> lines_;                                        // of the subscribers' ids
  std::vector<FollowedRule> rules_;  // topics first, at the positions that topics_ gives
  OwnRules own_{rules_};
  static inline const std::vector<FollowedRule> none_{};
  OwnRules known_{former_ ? former_->rules() : none_};
};

}  // namespace

bool read_book(const std::vector<Pending>& topics, const std::vector<SubscriberList>& subscribers,
               const LoadOptions& options, Config& config) {
  std::size_t total = 0;
  for (const auto& list : subscribers) total += list.size();
  try {
    BookReader reader(config, TopicBook(topics, config.stemming), options, total);
    std::size_t done = 0;
    const auto advance = [&] {
      constexpr std::size_t step = 1000;
      if (++done % step == 0 && options.on_progress) options.on_progress(done, total);
    };
    for (const auto& [file, list, pieces, when_read] : subscribers) {
      for (const auto& item : list->items) {
        reader.read_subscriber(item, *file);
        advance();
      }
      for (const auto& piece : *pieces) {
        const auto item = read_piece(file->text, piece);
        if (!item) return false;
        reader.read_subscriber(*item, *file);
        advance();
      }
      if (when_read) when_read();
    }
    config.book = reader.finish();
  } catch (const std::length_error& e) {  // of a rule that the index cannot hold
    const auto& file = *(topics.empty() ? subscribers.front().file : topics.front().file);
    file.diagnostics->add({file.name, 1, 1}, e.what());
    config.book = std::make_shared<SubscriberBook>();
  }
  config.newsroom.book = config.book;
  return true;
}

}  // namespace crier
