#include <algorithm>
#include <array>
#include <functional>
#include <utility>

#include <boost/json.hpp>
#include <fmt/core.h>
#include <pwd.h>
#include <unistd.h>

#include "app/commands.hpp"
#include "app/exit_codes.hpp"
#include "app/order_answers.hpp"
#include "app/order_socket.hpp"
#include "app/outbox_view.hpp"
#include "app/services.hpp"
#include "app/state_folder.hpp"
#include "app/storage.hpp"
#include "app/story_input.hpp"
#include "base/clock.hpp"
#include "base/suggest.hpp"
#include "db/schema.hpp"
#include "outbox/audit.hpp"

namespace crier {
namespace {

namespace json = boost::json;

// Who sits at the keyboard, as far as the system knows.
std::string user_name() {
  if (const auto* user = std::getenv("SUDO_USER"); user != nullptr && *user != '\0') return user;
  if (const auto* entry = ::getpwuid(::getuid()); entry != nullptr) return entry->pw_name;
  return std::to_string(::getuid());
}

std::int64_t number_of(const json::object& object, std::string_view key) {
  const auto* value = object.if_contains(key);
  return value != nullptr && value->is_number() ? value->to_number<std::int64_t>() : 0;
}

std::int64_t sum_of(const json::object& object, std::string_view key) {
  std::int64_t sum = 0;
  for (const auto& [reason, count] : object.at(key).as_object()) sum += count.to_number<std::int64_t>();
  return sum;
}

void print_drop(const json::object& answer) {
  fmt::print("{} stopped.\n", number_of(answer, "stopped"));
  if (const auto doubts = number_of(answer, "may_have_arrived"); doubts > 0)
    fmt::print("{} may have arrived before, since the answer was lost, and will not be repeated.\n", doubts);
  const auto& under_way = answer.at("under_way").as_object();
  if (const auto count = number_of(under_way, "deliveries"); count > 0) {
    fmt::print("{} were being sent at that moment: {} have left all the same, {} were stopped", count,
               number_of(under_way, "left"), number_of(under_way, "stopped"));
    const auto print = [&](const char* key, const char* words) {
      if (const auto some = number_of(under_way, key); some > 0) fmt::print(", {} {}", some, words);
    };
    print("failed", "were refused");
    print("ambiguous", "may have arrived");
    print("unended", "are still being sent: crier ledger will say");
    fmt::print(".\n");
  }
  if (const auto* found = answer.if_contains("batch")) {
    const auto& batch = found->as_object();
    fmt::print("The batch: {} matched = {} delivered + {} suppressed + {} queued + {} failed.\n",
               number_of(batch, "matched"), number_of(batch, "delivered"), sum_of(batch, "suppressed"),
               number_of(batch, "queued"), sum_of(batch, "failed"));
  }
}

void print_answer(const json::object& answer) {
  const auto target = json::value_to<std::string>(answer.at("target"));
  const auto act = parse_act(json::value_to<std::string>(answer.at("act")));
  fmt::print("{}: ", target);
  if (act == Act::drop) return print_drop(answer);
  if (act == Act::pause)
    return fmt::print("paused until {}; crier outbox resume {} ends it sooner.\n",
                      json::value_to<std::string>(answer.at("until")), target);
  if (act == Act::resume) return fmt::print("goes on.\n");
  fmt::print("{} deliveries are due now.\n", number_of(answer, "due_now"));
  if (const auto held = number_of(answer, "held"); held > 0)
    fmt::print("{} of them are held by a pause all the same.\n", held);
}

// The order in the database itself, while no daemon can run.
int carry_out_alone(const CommandLine& line, const Config& settings, Order order) {
  auto lock = StateLock::take(settings.state);
  if (!lock)
    return line.fail(exit_code::unavailable,
                     lock.error().message + " (it does not answer orders yet, or no more; try again)");
  OrderContext context;
  context.relays = relay_names(settings);
  std::optional<Config> whole;
  if (order.target.kind == TargetKind::domain) {
    int code = exit_code::ok;
    whole = load_config_or_complain(line, code);
    if (!whole) return code;
  }
  std::error_code ignored;
  if (!std::filesystem::exists(database_path(settings), ignored))
    return line.fail(exit_code::missing_input, "nothing has been seen yet, so nothing is owed");
  Sqlite db(database_path(settings));
  db.keep_log();
  migrate(db);
  Transaction transaction(db);
  const auto now = SystemClock().now();
  recover_claims(db, settings, now);
  if (whole) whole->book->assign_numbers(subscriber_numbers(db, *whole->book));
  context.numbers_in = [&](std::string_view domain, ChannelKind channel) {
    return numbers_in(*whole->book, domain, channel);
  };
  auto report = carry_out(db, std::move(order), context, now);
  if (!report) return line.fail(exit_code::missing_input, report.error().message);
  CarriedOut carried{.report = *std::move(report), .endings = {}};
  carried.batch = dropped_batch(db, carried.report);
  correct_result(db, carried.report.audit_id, result_of(carried));
  transaction.commit();
  const auto answer = to_json(carried);
  if (line.json())
    fmt::print("{}\n", json::serialize(answer));
  else
    print_answer(answer);
  return exit_code::ok;
}

int give_order(const CommandLine& line, Order order) {
  int code = exit_code::ok;
  const auto config = load_settings_or_complain(line, code);
  if (!config) return code;
  const auto said = ask_daemon(config->state, json::serialize(json::object{{"order", to_json(order)}}));
  if (!said) return line.fail(exit_code::unavailable, said.error().message);
  if (!*said) return carry_out_alone(line, *config, std::move(order));
  const auto answer = json::parse(**said).as_object();
  if (const auto* error = answer.if_contains("error"))
    return line.fail(static_cast<int>(number_of(answer, "code")), json::value_to<std::string>(*error));
  if (line.json())
    fmt::print("{}\n", **said);
  else
    print_answer(answer);
  return exit_code::ok;
}

int order_command(Act act, const Words& words) {
  const bool pauses = act == Act::pause || act == Act::resume;
  static constexpr std::array purposes{
      "Makes what waits for another attempt due now, but for what waits for an embargo, for quiet hours or "
      "for\n"
      "the end of a pause.",
      "Stops what is owed: it is recorded as suppressed, \"dropped: WHY\", and the books balance. What was "
      "being\n"
      "sent at that moment may leave all the same; the answer says how it ended.",
      "Nothing more of it is attempted until then, and no attempts are lost. Deliveries still expire.",
      "Ends a pause."};
  CommandLine line(
      fmt::format("outbox {}", to_string(act)),
      fmt::format("{} NAME --why WHY{}",
                  pauses ? "relay|channel|domain|lane|batch" : "batch|delivery|channel|domain|lane|reason",
                  act == Act::pause ? " [--for 24h]" : ""),
      fmt::format("{}\nCounts at once, also for the daemon that runs. Kept in the audit log: crier "
                  "outbox log.",
                  purposes[static_cast<std::size_t>(act)]));
  line.option("why", "WHY", "what others will want to know about it; must be given");
  if (act == Act::pause) line.option("for", "SPAN", "how long: 90s, 2h, 3d (default: 24h)");
  line.common();
  if (const auto code = line.read(words, 2, 2)) return *code;
  auto target = parse_target(line.arguments()[0], line.arguments()[1]);
  if (!target) return line.usage_error(target.error().message);
  Order order{act, *std::move(target), line.get("why").value_or(""), user_name(), {}};
  std::ranges::replace_if(
      order.why, [](unsigned char c) { return c < ' '; }, ' ');
  if (act == Act::pause) {
    const auto lasts = parse_duration(line.get("for").value_or("24h"));
    if (!lasts) return line.usage_error("--for must be a span like 90s, 2h or 3d");
    order.lasts = *lasts;
  }
  if (const auto checked = check_order(order); !checked) return line.usage_error(checked.error().message);
  return give_order(line, std::move(order));
}

int log_command(const Words& words) {
  CommandLine line("outbox log", "[--limit N]",
                   "Who has done what to the outbox by hand, when and why; the newest first.");
  line.option("limit", "N", "at most so many (default 20); 0 = all").common();
  if (const auto code = line.read(words, 0, 0)) return *code;
  std::size_t limit = 20;
  if (const auto code = line.read_number("limit", 0, 1'000'000'000, limit)) return *code;
  if (limit == 0) limit = 1'000'000'000;
  int code = exit_code::ok;
  const auto config = load_settings_or_complain(line, code);
  if (!config) return code;
  const auto db = open_database(*config);
  const auto acts = db ? read_acts(*db, limit) : std::vector<OperatorAct>();
  json::array listed;
  for (const auto& act : acts) {
    const auto at = to_rfc3339(std::chrono::floor<std::chrono::seconds>(act.at));
    if (line.json())
      listed.push_back(
          {{"at", at}, {"who", act.who}, {"what", act.what}, {"why", act.why}, {"result", act.result}});
    else
      fmt::print("{}  {}  {}: {}\n    {}\n", at, act.who, act.what, act.result, act.why);
  }
  if (line.json()) fmt::print("{}\n", json::serialize(listed));
  return exit_code::ok;
}

struct Subcommand {
  std::string_view name;
  std::string_view purpose;
  std::function<int(const Words&)> run;
};

}  // namespace

int outbox_command(const Words& words) {
  const auto order = [](Act act) { return [act](const Words& rest) { return order_command(act, rest); }; };
  const std::vector<Subcommand> subcommands{
      {"list", "what is owed, where it waits and why; pauses, breakers", list_outbox},
      {"show", "a batch or delivery in detail", show_outbox},
      {"retry", "make waiting retries due now", order(Act::retry)},
      {"drop", "stop what is owed", order(Act::drop)},
      {"pause", "attempt nothing of it for a while", order(Act::pause)},
      {"resume", "end a pause", order(Act::resume)},
      {"log", "who has done what, and why", log_command}};
  const bool asks_help = !words.empty() && (words[0] == "--help" || words[0] == "-h");
  if (words.empty() || asks_help) {
    fmt::print(
        "Usage: crier outbox {{list|show|retry|drop|pause|resume|log}} [options]\n\n"
        "The operator's hand on what is owed. Runs beside the daemon, or without it.\n\n");
    for (const auto& each : subcommands) fmt::print("  {:<7} {}\n", each.name, each.purpose);
    fmt::print("\nEach explains itself: crier outbox drop --help\n");
    return asks_help ? exit_code::ok : exit_code::usage;
  }
  const auto found = std::ranges::find(subcommands, words[0], &Subcommand::name);
  if (found == subcommands.end()) {
    std::vector<std::string_view> known;
    for (const auto& each : subcommands) known.push_back(each.name);
    fmt::print(stderr, "crier outbox: there is no \"{}\"{}\nTry: crier outbox --help\n", words[0],
               did_you_mean(words[0], known));
    return exit_code::usage;
  }
  return found->run({words.begin() + 1, words.end()});
}

}  // namespace crier
