#include "app/outbox_view.hpp"

#include <algorithm>
#include <array>
#include <map>
#include <optional>
#include <tuple>

#include <boost/json.hpp>
#include <fmt/core.h>

#include "app/exit_codes.hpp"
#include "app/ledger_writer.hpp"
#include "app/line_view.hpp"
#include "app/order_answers.hpp"
#include "app/order_socket.hpp"
#include "app/story_input.hpp"
#include "app/terminal.hpp"
#include "app/warm_up_book.hpp"
#include "audience/subscriber_book.hpp"
#include "base/clock.hpp"
#include "base/unicode.hpp"
#include "outbox/held.hpp"
#include "outbox/queue_view.hpp"

namespace crier {
namespace {

namespace json = boost::json;

std::string second_of(Time time) {
  return to_rfc3339(std::chrono::floor<std::chrono::seconds>(time));
}

std::string second_of(const std::optional<Time>& time) {
  return time ? second_of(*time) : std::string();
}

struct DomainCount {
  std::string domain;  ///< of WhatsApp, which has none, the channel
  ChannelKind channel = ChannelKind::email;
  std::int64_t queued = 0;
};

// Everything that is to be seen.
struct View {
  Queue queue;
  std::vector<Pause> pauses;
  std::vector<DomainCount> domains;  // the largest first
  std::optional<json::array> lines;  // of the daemon, if it runs
  json::object configured;           // else, of e-mail
};

// Who is owed something is known by number; where to, the configuration says.
std::vector<DomainCount> count_domains(Sqlite& db, SubscriberBook& book) {
  book.assign_numbers(subscriber_numbers(db, book));
  std::map<std::pair<ChannelKind, std::string>, std::int64_t> counts;
  walk_owed(db, [&](ChannelKind channel, std::uint32_t number) {
    const auto subscriber = book.by_number(number);
    const auto domain =
        subscriber ? domain_of(channel, subscriber->address(channel)) : std::string("(no longer subscribed)");
    ++counts[{channel, domain.empty() ? std::string(to_string(channel)) : domain}];
  });
  std::vector<DomainCount> domains;
  for (const auto& [key, count] : counts) domains.push_back({key.second, key.first, count});
  std::ranges::stable_sort(domains, std::ranges::greater{}, &DomainCount::queued);
  return domains;
}

std::optional<json::array> ask_lines(const CommandLine& line, const Config& config) {
  const auto said = ask_daemon(config.state, lines_question());
  if (!said) fmt::print(stderr, "crier {}: {}\n", line.name(), said.error().message);
  if (!said || !*said) return std::nullopt;
  const auto answer = json::parse(**said);
  const auto* lines = answer.is_object() ? answer.as_object().if_contains("lines") : nullptr;
  return lines != nullptr && lines->is_array() ? std::optional(lines->as_array()) : std::nullopt;
}

std::string about(const QueuedBatch& batch) {
  const auto& subject = batch.subject;
  if (!subject.edition.empty()) return subject.edition + "/" + subject.occurrence;
  return fmt::format("{} v{} “{}”", subject.story_id, subject.story_version, batch.title);
}

json::object to_json(const QueuedBatch& batch) {
  json::object out{
      {"batch", batch.batch_id},       {"uid", batch.uid},       {"channel", to_string(batch.channel)},
      {"lane", to_string(batch.lane)}, {"queued", batch.queued}, {"held", batch.held},
      {"expired", batch.expired}};
  if (batch.subject.edition.empty()) {
    out["story"] = batch.subject.story_id;
    out["version"] = batch.subject.story_version;
    out["title"] = batch.title;
  } else {
    out["edition"] = batch.subject.edition;
    out["occurrence"] = batch.subject.occurrence;
  }
  if (batch.oldest_due) out["oldest_due"] = second_of(*batch.oldest_due);
  if (batch.expires_at) out["expires_at"] = second_of(*batch.expires_at);
  json::array waiting;
  for (const auto& [reason, deliveries, next_due] : batch.waiting)
    waiting.push_back({{"reason", reason}, {"deliveries", deliveries}, {"next_due", second_of(next_due)}});
  out["waiting"] = std::move(waiting);
  return out;
}

json::object to_json(const View& view) {
  json::array batches;
  for (const auto& batch : view.queue.batches) batches.push_back(to_json(batch));
  json::array editions;
  for (const auto& [edition, channel, stories, deliveries] : view.queue.editions)
    editions.push_back({{"edition", edition},
                        {"channel", to_string(channel)},
                        {"stories", stories},
                        {"deliveries", deliveries}});
  json::array pauses;
  for (const auto& pause : view.pauses)
    pauses.push_back({{"target", to_string(pause.target)},
                      {"why", pause.why},
                      {"who", pause.who},
                      {"since", second_of(pause.since)},
                      {"until", second_of(pause.until)}});
  json::object out{{"batches", std::move(batches)},
                   {"editions", std::move(editions)},
                   {"pauses", std::move(pauses)},
                   {"daemon", view.lines ? json::value(*view.lines) : json::value()}};
  json::array domains;
  for (const auto& [domain, channel, queued] : view.domains)
    domains.push_back({{"domain", domain}, {"channel", to_string(channel)}, {"queued", queued}});
  if (!view.domains.empty()) out["domains"] = std::move(domains);
  if (!view.lines) out["configured"] = view.configured;
  return out;
}

void print_batches(const Queue& queue, std::size_t limit) {
  if (queue.batches.empty())
    return fmt::print("{}\n", queue.editions.empty() ? "Nothing is queued." : "Nothing is to be sent yet.");
  fmt::print("{:>9}  {:<8} {:<10} {:<20}  batch\n", "queued", "channel", "lane", "oldest due");
  constexpr int columns_before = 54;
  const auto room = std::max(24, columns_of(stdout) - columns_before);
  for (std::size_t i = 0; i < std::min(limit, queue.batches.size()); ++i) {
    const auto& batch = queue.batches[i];
    const auto name = fmt::format("{} {}", batch.batch_id, about(batch));
    fmt::print("{:>9}  {:<8} {:<10} {:<20}  {}\n", batch.queued, to_string(batch.channel),
               to_string(batch.lane), second_of(batch.oldest_due), fit_columns(name, room));
    if (batch.held > 0)
      fmt::print("{:>20} held by a pause; the first expire {}{}\n", batch.held, second_of(batch.expires_at),
                 batch.expired > 0 ? fmt::format(", {} have", batch.expired) : "");
    for (const auto& [reason, deliveries, next_due] : batch.waiting)
      fmt::print("{:>20} wait: {}, next {}\n", deliveries, reason, second_of(next_due));
  }
  if (limit < queue.batches.size())
    fmt::print("and {} batches more; --limit 0 lists all\n", queue.batches.size() - limit);
}

json::array parts_of(const json::object& line, std::string_view key) {
  const auto* parts = line.if_contains(key);
  return parts == nullptr ? json::array() : parts->as_array();
}

void print_part(const std::vector<std::string>& lines) {
  fmt::print("  {}\n", lines.front());
  for (std::size_t i = 1; i < lines.size(); ++i) fmt::print("    {}\n", lines[i]);
}

// All relays; of the domains those that are held now come first.
void print_parts(const json::object& of, std::size_t limit) {
  for (const auto& relay : parts_of(of, "relays")) print_part(words_of_relay(relay.as_object()));
  auto domains = parts_of(of, "domains");
  std::stable_partition(domains.begin(), domains.end(),
                        [](const json::value& domain) { return is_held_now(domain.as_object()); });
  for (std::size_t i = 0; i < std::min(limit, domains.size()); ++i)
    print_part(words_of_domain(domains[i].as_object()));
  if (limit < domains.size())
    fmt::print("  and {} domains more; --limit 0 lists all\n", domains.size() - limit);
}

void print_lines(const json::array& lines, std::size_t limit) {
  for (const auto& each : lines) {
    const auto& line = each.as_object();
    const auto* failing = line.if_contains("failing");
    const auto* stopped = line.if_contains("stopped_for_ms");
    const auto in_flight = line.at("in_flight").to_number<std::int64_t>();
    const bool is_quiet = failing == nullptr && stopped == nullptr && in_flight == 0;
    if (is_quiet && parts_of(line, "relays").empty()) continue;
    fmt::print("{}: {} being sent", json::value_to<std::string>(line.at("channel")), in_flight);
    if (stopped != nullptr)
      fmt::print(
          ", stopped by its breaker for {} more",
          to_string(std::chrono::ceil<std::chrono::seconds>(Duration(stopped->to_number<std::int64_t>()))));
    if (failing != nullptr) fmt::print(", failing: {}", json::value_to<std::string>(*failing));
    fmt::print("\n");
    print_parts(line, limit);
  }
}

void print_text(const View& view, std::size_t limit) {
  print_batches(view.queue, limit);
  for (const auto& [edition, channel, stories, deliveries] : view.queue.editions)
    fmt::print("{:>9}  {:<8} wait in {} {} for the edition {}\n", deliveries, to_string(channel), stories,
               stories == 1 ? "story" : "stories", edition);
  for (std::size_t i = 0; i < std::min(limit, view.domains.size()); ++i) {
    const auto& [domain, channel, queued] = view.domains[i];
    fmt::print("{:>9}  {:<8} to {}\n", queued, to_string(channel), domain);
  }
  for (const auto& pause : view.pauses)
    fmt::print("paused: {} until {}, by {} at {}: {}\n", to_string(pause.target), second_of(pause.until),
               pause.who, second_of(pause.since), pause.why);
  if (view.lines) return print_lines(*view.lines, limit);
  fmt::print("The daemon does not run.{}\n", view.configured.empty() ? "" : " email, as configured:");
  print_parts(view.configured, limit);
}

// What needs a look first.
int urgency_of(DeliveryState state) {
  return state == DeliveryState::failed ? 0 : state == DeliveryState::queued ? 1 : 2;
}

int print_batch(const CommandLine& line, Sqlite& db, const std::string& what, std::size_t limit) {
  const auto uid = find_batch(db, what);
  const auto ledger = uid ? read_ledger(db, *uid) : std::nullopt;
  if (!ledger || ledger->batches.empty())
    return line.fail(exit_code::missing_input, fmt::format("there is no batch or delivery \"{}\"", what));
  const auto format = line.json() ? OutputFormat::json : OutputFormat::text;
  const auto balance = balance_writer(format);
  if (!line.json()) {
    for (const auto& batch : ledger->batches) balance->take(batch);
    balance->finish(*ledger);
  }
  // Then what did not go well, or not yet; of each kind no more are kept than are shown.
  std::array<std::vector<LedgerDelivery>, 3> kinds;
  bool has_more = false;
  walk_deliveries(db, *uid, [&](const LedgerDelivery& delivery) {
    if (delivery.detail.empty()) return;
    auto& kind = kinds.at(static_cast<std::size_t>(urgency_of(delivery.state)));
    if (kind.size() < limit)
      kind.push_back(delivery);
    else
      has_more = true;
  });
  const auto writer = delivery_writer(format);
  std::size_t told = 0;
  for (const auto& kind : kinds)
    for (const auto& delivery : kind) {
      if (told == limit) {
        has_more = true;
        break;
      }
      ++told;
      writer->take(delivery, subscriber_name(db, delivery.number));
    }
  if (told > 0 || line.json()) writer->finish(has_more);
  return exit_code::ok;
}

// What --help says; docs/outbox.md explains the keys.
constexpr const char* list_purpose =
    R"(What is owed, by channel, lane and batch: how much, since when, what waits for another attempt and
why; the pauses; what the running daemon is sending; each relay, each limited or slowed domain, and
what holds it now: breaker, connections, rate, warm-up. Without a daemon, how these are configured.

JSON: {batches, editions, pauses, domains (with --domains), daemon, configured}.
  daemon: null when none runs, else [{channel, in_flight, stopped_for_ms, failing, relays, domains}],
    the last two of email
  configured: {relays, domains} of email, only without a daemon, and of each what stands before the ";"
  relays: [{relay, weight, paused, connections, messages_per_connection, time_per_connection_ms,
    most_rate_per_s, warm_up: {from, first_day, done_at}, sent_today, most_today; in_flight,
    open_connections, allowed_connections, had_too_many, rate_per_s, slowed, stopped_for_ms, failing,
    failed_last}]
  domains of these: [{domain, names, at_once, most_rate_per_s; in_flight, rate_per_s, slowed, stopped_for_ms,
    failing}]
What does not apply is left out; docs/outbox.md has the meaning of each.)";

}  // namespace

int list_outbox(const Words& words) {
  CommandLine line("outbox list", "[--domains] [--limit N]", list_purpose);
  line.flag("domains", "count by recipient's domain, too")
      .option("limit", "N", "at most so many batches and domains (default 20); 0 = all")
      .common();
  if (const auto code = line.read(words, 0, 0)) return *code;
  std::size_t limit = 20;
  if (const auto code = line.read_number("limit", 0, 1'000'000'000, limit)) return *code;
  if (limit == 0) limit = whole_ledger;
  int code = exit_code::ok;
  const bool asks_domains = line.has("domains");
  const auto config =
      asks_domains ? load_config_or_complain(line, code) : load_settings_or_complain(line, code);
  if (!config) return code;
  View view;
  view.lines = ask_lines(line, *config);
  const auto now = SystemClock().now();
  const auto db = open_database(*config);
  if (db) {
    db->execute("BEGIN");  // what is read here is of one moment
    view.queue = read_queue(*db, now);
    view.pauses = load_pauses(*db);
    if (asks_domains) view.domains = count_domains(*db, *config->book);
  }
  if (!view.lines && config->email)
    view.configured = configured_json(
        *config->email, view.pauses,
        [&](const std::string& relay) { return db ? find_sent(*db, relay) : SentOnDay(); }, now);
  if (line.json())
    fmt::print("{}\n", json::serialize(to_json(view)));
  else
    print_text(view, limit);
  return exit_code::ok;
}

int show_outbox(const Words& words) {
  CommandLine line(
      "outbox show", "BATCH|DELIVERY [--limit N]",
      "A batch: its balance, and the deliveries that failed, wait for something, or were suppressed, in\n"
      "this order, with their replies. A delivery (its Message-ID or webhook-id): all that is known of it.\n"
      "JSON: these deliveries as crier ledger --deliveries has them; the balance: crier ledger BATCH.");
  line.option("limit", "N", "at most so many deliveries (default 20); 0 = all").common();
  if (const auto code = line.read(words, 1, 1)) return *code;
  std::size_t limit = 20;
  if (const auto code = line.read_number("limit", 0, 1'000'000'000, limit)) return *code;
  if (limit == 0) limit = whole_ledger;
  int code = exit_code::ok;
  const auto config = load_settings_or_complain(line, code);
  if (!config) return code;
  const auto& what = line.arguments()[0];
  const auto db = open_database(*config);
  if (!db) return line.fail(exit_code::missing_input, "nothing has been seen yet");
  db->execute("BEGIN");
  const auto delivery = find_delivery(*db, what);
  if (!delivery) return print_batch(line, *db, what, limit);
  const auto writer = delivery_writer(line.json() ? OutputFormat::json : OutputFormat::text);
  writer->take(*delivery, subscriber_name(*db, delivery->number));
  writer->finish(false);
  return exit_code::ok;
}

}  // namespace crier
