#include <algorithm>
#include <array>
#include <unordered_map>

#include <fmt/core.h>

#include "app/config_parts.hpp"
#include "app/secret.hpp"
#include "base/suggest.hpp"
#include "channel/webhook.hpp"
#include "match/query_parser.hpp"
#include "net/address_guard.hpp"
#include "net/envelope.hpp"

namespace crier {
namespace {

constexpr std::array field_names{"topic", "region", "section", "author", "source", "site", "lang", "title"};

// Parses the query in a scalar; a place inside the query becomes a place in the file where the file has the
// query as it is (no escapes, not folded over lines).
std::optional<Rule> parse_scalar(const YamlNode& scalar, const YamlFile& file) {
  const Place start{file.name, scalar.line, scalar.column + (scalar.quoted ? 1 : 0)};
  const auto columns = file.line_from(start.line, start.column).starts_with(scalar.scalar)
                           ? Columns::add_up
                           : Columns::start_only;
  return parse_query(scalar.scalar, start, *file.diagnostics, columns);
}

std::vector<Rule> read_rules(const YamlNode& node, const YamlFile& file, std::string_view what) {
  std::vector<Rule> out;
  if (node.kind == YamlNode::Kind::list && node.items.empty())
    file.error(node, fmt::format("{} is an empty list: write a query into it, or leave it out", what));
  for_each_item(node, file, what, [&](const YamlNode& item) {
    if (auto rule = read_rule(item, file)) out.push_back(std::move(*rule));
  });
  return out;
}

// The rule that a mapping's any, all, none, at_least … of and fields make together: all must hold. The title
// of a topic is its name for people, that of a rule inside it is a condition.
enum class TitleIs { name, condition };

std::optional<Rule> read_clauses(YamlSection& section, TitleIs title) {
  const auto& file = section.file();
  std::vector<Rule> parts;
  if (const auto* any = section.find("any")) parts.push_back(any_of(read_rules(*any, file, "any")));
  if (const auto* all = section.find("all"))
    std::ranges::move(read_rules(*all, file, "all"), std::back_inserter(parts));
  if (const auto* none = section.find("none")) parts.push_back(none_of(read_rules(*none, file, "none")));
  const auto* of = section.find("of");
  if (const auto count = section.integer("at_least", 1, 1000)) {
    if (of == nullptr) {
      section.error(section.node(), "at_least needs \"of\": a list to choose from");
    } else {
      if (of->kind == YamlNode::Kind::list && static_cast<std::size_t>(*count) > of->items.size())
        section.error(*section.find("at_least"),
                      fmt::format("at least {} of {} can never be: lower the number or add to the list",
                                  *count, of->items.size()));
      parts.push_back(at_least(static_cast<unsigned>(*count), read_rules(*of, file, "of")));
    }
  } else if (of != nullptr) {
    section.error(*of, "\"of\" belongs to at_least: N");
  }
  for (const std::string_view field : field_names) {
    if (field == "title" && title == TitleIs::name) continue;
    const auto* node = section.find(field);
    if (node == nullptr) continue;
    std::vector<Rule> values;
    for (const auto* value : section.text_nodes(field)) {
      const auto query = fmt::format("{}:\"{}\"", field, value->scalar);
      // A quotation mark or backslash cannot stand in a value; everything else can.
      if (value->scalar.find_first_of("\"\\") != std::string::npos)
        section.error(*value, fmt::format("the value of {} must be without quotes and backslashes", field));
      else if (auto rule = parse_query(query, {file.name, value->line, value->column}, *file.diagnostics,
                                       Columns::start_only))
        values.push_back(std::move(*rule));
    }
    if (!values.empty()) parts.push_back(any_of(std::move(values)));
  }
  if (parts.empty()) return std::nullopt;
  return all_of(std::move(parts));
}

bool has_email_syntax(std::string_view address) {
  return to_wire_address(address).has_value();
}

bool has_phone_syntax(std::string_view number) {
  return number.size() >= 8 && number.size() <= 16 && number.front() == '+' && number[1] != '0' &&
         std::ranges::all_of(number.substr(1), [](char c) { return c >= '0' && c <= '9'; });
}

// Whether anything was complained about since a moment: what is broken is not complained about twice.
class Complaints {
 public:
  explicit Complaints(const YamlFile& file) : list_(file.diagnostics->list()), before_(list_.size()) {}
  bool are_new() const { return list_.size() > before_; }

 private:
  const std::vector<Diagnostic>& list_;
  std::size_t before_;
};

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
  explicit BookReader(Config& config) : config_(config), guard_(url_check(config)) {}

  void read_topic(const Pending& entry) {
    const auto& file = *entry.file;
    const auto& name = entry.key->scalar;
    const Complaints complaints(file);
    YamlSection section(*entry.value, file, fmt::format("topic {}", name));
    auto title = section.text("title").value_or(name);
    auto rule = read_clauses(section, TitleIs::name);
    section.finish();
    const auto [known, is_new] = topics_.emplace(name, Topic{rules_.size(), entry});
    if (!is_new) {
      const auto& other = known->second.entry;
      file.error(*entry.key, fmt::format("there are two topics \"{}\"; the other is at {}", name,
                                         place_of(*other.file, *other.key)));
      return;
    }
    if (!rule && !complaints.are_new())
      file.error(*entry.key, fmt::format("topic {} has no rule: give it any: or all:", name));
    if (rule && !has_positive_clause(*rule) && !complaints.are_new())
      file.error(
          *entry.key,
          fmt::format("topic {} only excludes: give it any: or all:, so that it finds something", name));
    // A topic whose rule is broken is kept without followers, so that "follow" does not complain as well.
    rules_.push_back({name, std::move(title), rule.value_or(any_of({})), {}});
  }

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
    } else if (auto rule = read_rule(*match, file)) {
      if (!has_positive_clause(*rule) && !complaints.are_new())
        file.error(*match, "the rule only excludes: say also what it is to find");
      auto title = match->kind == YamlNode::Kind::scalar ? match->scalar : to_string(*rule);
      rules_.push_back({"", std::move(title), std::move(*rule), {std::move(subscription)}});
    }
  }

  void follow_topic(const std::string& topic, const YamlNode& at, const YamlFile& file,
                    Subscription subscription) {
    const auto found = topics_.find(topic);
    if (found != topics_.end()) {
      rules_[found->second.rule].followers.push_back(std::move(subscription));
      return;
    }
    std::vector<std::string_view> known;
    for (const auto& [name, entry] : topics_) known.push_back(name);
    file.error(at, fmt::format("there is no topic \"{}\"{}", topic, did_you_mean(topic, known)));
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

  struct Topic {
    std::size_t rule = 0;  // position in rules_
    Pending entry;
  };

  Config& config_;
  AddressGuard guard_;
  std::vector<Subscriber> subscribers_;
  std::vector<FollowedRule> rules_;
  std::map<std::string, Topic> topics_;               // by name, so that suggestions come in one order
  std::unordered_map<std::string, std::string> ids_;  // id → its place
};

}  // namespace

std::optional<Rule> read_rule(const YamlNode& node, const YamlFile& file) {
  if (node.kind == YamlNode::Kind::scalar) return parse_scalar(node, file);
  if (node.kind != YamlNode::Kind::map) {
    file.error(node, "a rule must be a query, or a mapping of any, all, none, at_least and fields");
    return std::nullopt;
  }
  const Complaints complaints(file);
  YamlSection section(node, file, "rule");
  auto rule = read_clauses(section, TitleIs::condition);
  section.finish();
  if (!rule && !complaints.are_new()) file.error(node, "the rule is empty: write a query into it");
  return rule;
}

void read_book(const std::vector<Pending>& topics, const std::vector<Pending>& subscribers, Config& config) {
  BookReader reader(config);
  for (const auto& topic : topics) reader.read_topic(topic);
  for (const auto& subscriber : subscribers) reader.read_subscriber(subscriber);
  config.book = reader.finish();
  config.newsroom.book = config.book;
}

}  // namespace crier
