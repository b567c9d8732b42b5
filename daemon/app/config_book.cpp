#include <fmt/core.h>

#include <algorithm>
#include <array>
#include <unordered_map>
#include <unordered_set>

#include "app/config_parts.hpp"
#include "app/secret.hpp"
#include "base/encoding.hpp"
#include "base/suggest.hpp"
#include "match/query_parser.hpp"

namespace crier {
namespace {

constexpr std::array field_names{"topic", "region", "section", "author", "source", "site", "lang", "title"};

// Parses the query in a scalar; a place inside the query becomes a place in the file where the file has the
// query as it is (no escapes, not folded over lines).
std::optional<Rule> parse_scalar(std::string_view query, const YamlNode& scalar, const YamlFile& file) {
  const Place start{file.name, scalar.line, scalar.column + (scalar.quoted ? 1 : 0)};
  const auto columns =
      file.line_from(start.line, start.column).starts_with(scalar.scalar) ? Columns::add_up : Columns::start_only;
  return parse_query(query, start, *file.diagnostics, columns);
}

std::vector<Rule> read_rules(const YamlNode& node, const YamlFile& file, std::string_view what) {
  std::vector<Rule> out;
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
  if (const auto* all = section.find("all")) std::ranges::move(read_rules(*all, file, "all"), std::back_inserter(parts));
  if (const auto* none = section.find("none")) parts.push_back(none_of(read_rules(*none, file, "none")));
  const auto* of = section.find("of");
  if (const auto count = section.integer("at_least", 1, 1000)) {
    if (of == nullptr) section.error(section.node(), "at_least needs \"of\": a list to choose from");
    else parts.push_back(at_least(static_cast<unsigned>(*count), read_rules(*of, file, "of")));
  } else if (of != nullptr) {
    section.error(*of, "\"of\" belongs to at_least: N");
  }
  for (const std::string_view field : field_names) {
    if (field == "title" && title == TitleIs::name) continue;
    const auto* node = section.find(field);
    if (node == nullptr) continue;
    std::vector<Rule> values;
    for (const auto& value : section.texts(field)) {
      const auto query = fmt::format("{}:\"{}\"", field, value);
      // A quotation mark or backslash cannot stand in a value; everything else can.
      if (value.find_first_of("\"\\") != std::string::npos) section.error(*node, "a field's value must be without quotes");
      else if (auto rule = parse_scalar(query, *node, file)) values.push_back(std::move(*rule));
    }
    if (!values.empty()) parts.push_back(any_of(std::move(values)));
  }
  if (parts.empty()) return std::nullopt;
  return all_of(std::move(parts));
}

bool has_email_syntax(std::string_view address) {
  const auto at = address.rfind('@');
  return at != std::string_view::npos && at > 0 && at <= 64 && at + 1 < address.size() && address.size() <= 254 &&
         address.find('@') == at && address.find_first_of(" <>\r\n\t,;\"\\") == std::string_view::npos &&
         std::ranges::none_of(address, [](char c) { return static_cast<unsigned char>(c) < ' ' || c == 0x7f; });
}

bool has_phone_syntax(std::string_view number) {
  return number.size() >= 8 && number.size() <= 16 && number.front() == '+' && number[1] != '0' &&
         std::ranges::all_of(number.substr(1), [](char c) { return c >= '0' && c <= '9'; });
}

bool has_url_syntax(std::string_view url) {
  return (url.starts_with("https://") || url.starts_with("http://")) && url.size() > 10 &&
         url.find_first_of(" \r\n\t") == std::string_view::npos;
}

std::optional<std::string> read_webhook_secret(YamlSection& section) {
  const auto text = read_secret_key(section, "secret_file");
  if (text.empty()) return std::nullopt;
  constexpr std::string_view prefix = "whsec_";
  const auto key = text.starts_with(prefix) ? from_base64(std::string_view(text).substr(prefix.size())) : std::nullopt;
  if (key && key->size() >= 24 && key->size() <= 64) return key;
  section.error(*section.find("secret_file"), "the secret must be whsec_ and the base64 of 24 to 64 random bytes");
  return std::nullopt;
}

void read_webhook_endpoint(const YamlNode& node, const YamlFile& file, Subscriber& subscriber) {
  auto& address = subscriber.addresses[static_cast<std::size_t>(ChannelKind::webhook)];
  if (node.kind == YamlNode::Kind::scalar) {
    address = node.scalar;
  } else {
    YamlSection section(node, file, "webhook");
    address = section.required_text("url");
    if (auto secret = read_webhook_secret(section)) subscriber.webhook_secrets.push_back(std::move(*secret));
    section.finish();
  }
  if (!address.empty() && !has_url_syntax(address)) file.error(node, "webhook must be an http or https URL");
}

// Builds the book from the collected entries.
class BookReader {
 public:
  explicit BookReader(Config& config) : config_(config) {}

  void read_topic(const Pending& entry) {
    const auto& file = *entry.file;
    YamlSection section(*entry.value, file, fmt::format("topic {}", entry.key->scalar));
    const auto& name = entry.key->scalar;
    auto title = section.text("title").value_or(name);
    auto rule = read_clauses(section, TitleIs::name);
    section.finish();
    if (topics_.contains(name)) {
      file.error(*entry.key, fmt::format("there are two topics \"{}\"", name));
      return;
    }
    topics_.emplace(name, rules_.size());
    if (entry.value->kind == YamlNode::Kind::map && !rule && entry.value->find("any") == nullptr &&
        entry.value->find("all") == nullptr)
      file.error(*entry.value, fmt::format("topic {} has no rule: give it any: or all:", name));
    if (rule && !has_positive_clause(*rule))
      file.error(*entry.key, fmt::format("topic {} only excludes; give it any: or all: so that it finds something", name));
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
      if (!subscriber.quiet_hours) section.error(*section.find("quiet_hours"), "quiet_hours must be like 22:00-06:30");
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
  static void read_addresses(YamlSection& section, Subscriber& subscriber) {
    const auto set = [&](ChannelKind channel, bool (*is_good)(std::string_view), std::string_view example) {
      const auto key = to_string(channel);
      auto text = section.text(key);
      if (!text) return;
      if (!is_good(*text)) section.error(*section.find(key), fmt::format("{} must be like {}", key, example));
      subscriber.addresses[static_cast<std::size_t>(channel)] = std::move(*text);
    };
    set(ChannelKind::email, has_email_syntax, "amara@example.org");
    set(ChannelKind::whatsapp, has_phone_syntax, "\"+2348012345678\" (with the country code, in quotes)");
    if (const auto* webhook = section.find("webhook")) read_webhook_endpoint(*webhook, section.file(), subscriber);
  }

  void check_identity(const Pending& entry, const Subscriber& subscriber) {
    if (subscriber.id.empty()) return;
    const auto* at = entry.value->find("id");
    const bool plain = subscriber.id.size() <= 128 && std::ranges::all_of(subscriber.id, [](char c) {
      return static_cast<unsigned char>(c) > ' ' && c != 0x7f;
    });
    if (!plain) entry.file->error(*at, "id must be at most 128 characters without spaces");
    if (!ids_.insert(subscriber.id).second)
      entry.file->error(*at, fmt::format("there are two subscribers \"{}\"", subscriber.id));
  }

  void read_follow(const YamlNode& node, const YamlFile& file, std::uint32_t subscriber) {
    YamlSection section(node, file, "follow");
    const auto topic = section.text("topic");
    const auto* match = section.find("match");
    Subscription subscription;
    subscription.subscriber = subscriber;
    subscription.edition = read_cadence(section);
    subscription.channels = read_by(section, subscribers_[subscriber]);
    section.finish();
    if (topic.has_value() == (match != nullptr)) {
      if (node.kind == YamlNode::Kind::map)
        file.error(node, "follow needs either topic: NAME or match: RULE");
      return;
    }
    if (topic) {
      follow_topic(*topic, *section.find("topic"), file, std::move(subscription));
    } else if (auto rule = read_rule(*match, file)) {
      if (!has_positive_clause(*rule))
        file.error(*match, "the rule only excludes; say also what it is to find");
      auto title = match->kind == YamlNode::Kind::scalar ? match->scalar : to_string(*rule);
      rules_.push_back({"", std::move(title), std::move(*rule), {std::move(subscription)}});
    }
  }

  void follow_topic(const std::string& topic, const YamlNode& at, const YamlFile& file, Subscription subscription) {
    const auto found = topics_.find(topic);
    if (found != topics_.end()) {
      rules_[found->second].followers.push_back(std::move(subscription));
      return;
    }
    std::vector<std::string_view> known;
    for (const auto& [name, index] : topics_) known.push_back(name);
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
    for (const auto& word : section.texts("by")) {
      const auto channel = parse_channel(word);
      if (!channel) {
        const std::array<std::string_view, 3> known{"email", "whatsapp", "webhook"};
        section.error(*by, fmt::format("there is no channel \"{}\"{}", word, did_you_mean(word, known)));
      } else if (subscriber.address(*channel).empty()) {
        section.error(*by, fmt::format("{} has no {}: address", subscriber.id, word));
      } else if (!is_configured(*channel)) {
        section.error(*by, fmt::format("there is no channels.{} section to send it with", word));
      } else if (std::ranges::find(channels, *channel) == channels.end()) {
        channels.push_back(*channel);
      }
    }
    if (by != nullptr) return channels;
    for (const auto channel : all_channels) {
      if (!subscriber.address(channel).empty() && is_configured(channel)) channels.push_back(channel);
    }
    if (channels.empty()) section.error(section.node(), fmt::format("{} can be reached by no channel", subscriber.id));
    return channels;
  }

  bool is_configured(ChannelKind channel) const {
    switch (channel) {
      case ChannelKind::email: return config_.email.has_value();
      case ChannelKind::whatsapp: return config_.whatsapp.has_value();
      case ChannelKind::webhook: return config_.webhook.has_value();
    }
    return false;
  }

  Config& config_;
  std::vector<Subscriber> subscribers_;
  std::vector<FollowedRule> rules_;
  std::unordered_map<std::string, std::size_t> topics_;  // name → position in rules_
  std::unordered_set<std::string> ids_;
};

}  // namespace

std::optional<Rule> read_rule(const YamlNode& node, const YamlFile& file) {
  if (node.kind == YamlNode::Kind::scalar) return parse_scalar(node.scalar, node, file);
  YamlSection section(node, file, "rule");
  auto rule = read_clauses(section, TitleIs::condition);
  section.finish();
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
