#include "app/line_view.hpp"

#include <algorithm>
#include <optional>

#include <boost/json.hpp>
#include <fmt/core.h>

#include "app/services.hpp"

namespace crier {
namespace {

namespace json = boost::json;

std::string day_of(std::chrono::sys_days day) {
  return to_rfc3339(day).substr(0, 10);
}

json::object warm_up_json(const WarmUp& plan) {
  return {{"from", day_of(plan.from)}, {"first_day", plan.first_day}, {"done_at", plan.done_at}};
}

// What is known of it without a daemon, too.
json::object known_json(const RelayState& relay) {
  json::object entry{{"relay", relay.name}, {"weight", relay.weight}};
  if (relay.is_held) entry["paused"] = true;
  if (const auto& pool = relay.pool) {
    entry["connections"] = pool->most;
    entry["messages_per_connection"] = pool->messages_per_connection;
    entry["time_per_connection_ms"] = pool->time_per_connection.count();
  }
  if (relay.most_rate) entry["most_rate_per_s"] = *relay.most_rate;
  if (relay.warm_up) entry["warm_up"] = warm_up_json(*relay.warm_up);
  if (relay.most_today) {
    entry["sent_today"] = relay.sent_today;
    entry["most_today"] = *relay.most_today;
  }
  return entry;
}

json::object to_json(const RelayState& relay) {
  auto entry = known_json(relay);
  entry["in_flight"] = relay.under_way;
  if (const auto& pool = relay.pool) {
    entry["open_connections"] = pool->open;
    entry["allowed_connections"] = pool->allowed;
    if (pool->is_cut) entry["had_too_many"] = true;
  }
  if (relay.pause > Duration::zero()) entry["stopped_for_ms"] = relay.pause.count();
  if (relay.is_failing || relay.pause > Duration::zero()) entry["failing"] = relay.pause_reason;
  if (!relay.pause_reason.empty()) entry["failed_last"] = relay.pause_reason;
  if (relay.rate) entry["rate_per_s"] = *relay.rate;
  if (relay.is_slowed) entry["slowed"] = true;
  return entry;
}

json::object known_json(const DomainState& domain) {
  json::object entry{{"domain", domain.names.front()}};
  entry["names"] = json::array(domain.names.begin(), domain.names.end());
  if (domain.limits.at_once > 0) entry["at_once"] = domain.limits.at_once;
  if (domain.limits.rate) entry["most_rate_per_s"] = *domain.limits.rate;
  return entry;
}

json::object to_json(const DomainState& domain) {
  auto entry = known_json(domain);
  entry["in_flight"] = domain.under_way;
  if (domain.rate) entry["rate_per_s"] = *domain.rate;
  if (domain.is_slowed) entry["slowed"] = true;
  if (domain.pause > Duration::zero()) {
    entry["stopped_for_ms"] = domain.pause.count();
    entry["failing"] = domain.pause_reason;
  }
  return entry;
}

RelayState configured(const RelayConfig& relay, const std::vector<RelayConfig>& all) {
  RelayState state;
  state.name = relay_name(relay, all);
  state.weight = relay.weight;
  state.most_rate = relay.rate;
  state.warm_up = relay.warm_up;
  if (!relay.url.starts_with("maildir:"))
    state.pool = PoolState{.most = relay.connections,
                           .messages_per_connection = relay.messages_per_connection,
                           .time_per_connection = relay.time_per_connection};
  return state;
}

bool holds(const Pause& pause, const std::string& relay, Time now) {
  return pause.target.kind == TargetKind::relay && pause.target.name == relay && pause.until > now;
}

// ---- for people

std::optional<std::int64_t> number(const json::object& part, std::string_view key) {
  const auto* found = part.if_contains(key);
  return found != nullptr ? std::optional(found->to_number<std::int64_t>()) : std::nullopt;
}

std::optional<double> fraction(const json::object& part, std::string_view key) {
  const auto* found = part.if_contains(key);
  return found != nullptr ? std::optional(found->to_number<double>()) : std::nullopt;
}

std::string text(const json::object& part, std::string_view key) {
  return json::value_to<std::string>(part.at(key));
}

void add_breaker(const json::object& part, std::vector<std::string>& lines) {
  const auto left = number(part, "stopped_for_ms");
  if (left)
    lines.push_back(fmt::format("stopped by its breaker for {} more, failing: {}",
                                to_string(std::chrono::ceil<std::chrono::seconds>(Duration(*left))),
                                text(part, "failing")));
  else if (part.contains("failing"))
    lines.push_back("failing: " + text(part, "failing"));
}

void add_connections(const json::object& relay, std::vector<std::string>& lines) {
  const auto most = number(relay, "connections");
  if (!most) return;
  std::string said = fmt::format("{} at most", *most);
  if (const auto allowed = number(relay, "allowed_connections")) {
    said = fmt::format("{} open, {} of {} allowed", relay.at("open_connections").to_number<std::int64_t>(),
                       *allowed, *most);
    if (relay.contains("had_too_many"))
      said += " since it had too many";
    else if (*allowed < *most)
      said += " to begin with";
  }
  lines.push_back(
      fmt::format("connections: {}; each for {} messages or {}", said,
                  relay.at("messages_per_connection").to_number<std::int64_t>(),
                  to_string(Duration(relay.at("time_per_connection_ms").to_number<std::int64_t>()))));
}

void add_rate(const json::object& part, std::vector<std::string>& lines) {
  const auto most = fraction(part, "most_rate_per_s");
  const auto now = part.contains("rate_per_s") ? fraction(part, "rate_per_s") : most;
  if (!now) return;
  lines.push_back(fmt::format("rate: {:.4g} a second at most{}{}", *now,
                              part.contains("slowed") ? ", since it asked for less" : "",
                              most && *now < *most ? fmt::format(", growing to {:.4g}", *most) : ""));
}

void add_warm_up(const json::object& relay, std::vector<std::string>& lines) {
  const auto most = number(relay, "most_today");
  if (!most) return;
  if (*most == 0)
    lines.push_back(fmt::format("warm-up: nothing before {}", text(relay.at("warm_up").as_object(), "from")));
  else
    lines.push_back(
        fmt::format("warm-up: {} of {} messages today (UTC)", *number(relay, "sent_today"), *most));
}

}  // namespace

json::object to_json(const Courier::LineState& line) {
  json::object entry{{"channel", to_string(line.channel)}, {"in_flight", line.in_flight}};
  if (line.breaker_pause > Duration::zero()) entry["stopped_for_ms"] = line.breaker_pause.count();
  if (!line.breaker_reason.empty()) entry["failing"] = line.breaker_reason;
  if (line.channel != ChannelKind::email) return entry;
  json::array relays;
  for (const auto& relay : line.relays) relays.push_back(to_json(relay));
  entry["relays"] = std::move(relays);
  json::array domains;
  for (const auto& domain : line.domains) domains.push_back(to_json(domain));
  entry["domains"] = std::move(domains);
  return entry;
}

json::object configured_json(const EmailConfig& email, const std::vector<Pause>& pauses,
                             const std::function<SentOnDay(const std::string& relay)>& sent, Time now) {
  json::array relays;
  for (const auto& each : email.relays) {
    auto state = configured(each, email.relays);
    state.is_held =
        std::ranges::any_of(pauses, [&](const Pause& pause) { return holds(pause, state.name, now); });
    if (each.warm_up) {
      state.most_today = daily_share(*each.warm_up, now);
      const auto last = sent(state.name);
      state.sent_today = last.day == std::chrono::floor<std::chrono::days>(now) ? last.count : 0;
    }
    relays.push_back(known_json(state));
  }
  json::array domains;
  for (const auto& each : email.domains)
    domains.push_back(known_json(DomainState{.names = each.names, .limits = each.limits, .rate = {}}));
  return {{"relays", std::move(relays)}, {"domains", std::move(domains)}};
}

std::vector<std::string> words_of_relay(const json::object& relay) {
  const auto in_flight = number(relay, "in_flight");
  std::vector<std::string> lines{fmt::format("relay {}: weight {}{}", text(relay, "relay"),
                                             number(relay, "weight").value_or(1),
                                             in_flight ? fmt::format(", {} being sent", *in_flight) : "")};
  if (relay.contains("paused")) lines.push_back("paused");
  add_breaker(relay, lines);
  add_connections(relay, lines);
  add_rate(relay, lines);
  add_warm_up(relay, lines);
  return lines;
}

std::vector<std::string> words_of_domain(const json::object& domain) {
  const auto* names = domain.if_contains("names");  // an older daemon says less
  const auto others = names != nullptr && !names->as_array().empty() ? names->as_array().size() - 1 : 0;
  std::string head = "domain " + text(domain, "domain");
  if (others > 0) head += fmt::format(" and {} more", others);
  const auto in_flight = number(domain, "in_flight");
  const auto most = number(domain, "at_once");
  if (in_flight) head += fmt::format(": {} being sent", *in_flight);
  if (most) head += fmt::format("{} {} at most", in_flight ? "," : ":", *most);
  std::vector<std::string> lines{std::move(head)};
  add_breaker(domain, lines);
  add_rate(domain, lines);
  return lines;
}

bool is_held_now(const json::object& domain) {
  const auto at_once = number(domain, "at_once");
  const auto now = fraction(domain, "rate_per_s");
  const auto most = fraction(domain, "most_rate_per_s");
  return domain.contains("stopped_for_ms") ||
         (at_once && number(domain, "in_flight").value_or(0) >= *at_once) || (now && (!most || *now < *most));
}

}  // namespace crier
