// What crier outbox list says of relays and recipient domains, with and without a daemon.
#include "app/line_view.hpp"

#include <boost/json.hpp>
#include <catch2/catch.hpp>

using namespace crier;
using namespace std::chrono_literals;

namespace {

namespace json = boost::json;
using Lines = std::vector<std::string>;

const auto noon = parse_rfc3339("2026-12-02T12:00:00Z").value();
const WarmUp plan{.from = std::chrono::sys_days(2026y / 12 / 1), .first_day = 50, .done_at = 1000};

RelayState relay() {
  RelayState state;
  state.name = "one.example.org";
  state.pool = PoolState{.most = 8,
                         .messages_per_connection = 1000,
                         .time_per_connection = 10min,
                         .open = 1,
                         .allowed = 8,
                         .is_cut = false};
  return state;
}

json::object entry_of(const RelayState& state) {
  Courier::LineState line;
  line.relays = {state};
  return to_json(line).at("relays").as_array().at(0).as_object();
}

json::object entry_of(const DomainState& state) {
  Courier::LineState line;
  line.domains = {state};
  return to_json(line).at("domains").as_array().at(0).as_object();
}

}  // namespace

TEST_CASE("a relay that nothing holds is there all the same") {
  const auto entry = entry_of(relay());
  CHECK(entry == json::parse(R"({"relay": "one.example.org", "weight": 1, "connections": 8,
    "messages_per_connection": 1000, "time_per_connection_ms": 600000, "in_flight": 0,
    "open_connections": 1, "allowed_connections": 8})"));
  CHECK(words_of_relay(entry) == Lines{"relay one.example.org: weight 1, 0 being sent",
                                       "connections: 1 open, 8 of 8 allowed; each for 1000 messages or 10m"});
}

TEST_CASE("all that holds a relay is said") {
  auto state = relay();
  state.weight = 3;
  state.under_way = 12;
  state.is_held = true;
  state.pool->allowed = 4;
  state.pause = 4200ms;
  state.pause_reason = "smtp-421";
  state.most_rate = 500;
  state.rate = 62.5;
  state.warm_up = plan;
  state.sent_today = 40;
  state.most_today = 100;
  auto entry = entry_of(state);
  CHECK(words_of_relay(entry) == Lines{"relay one.example.org: weight 3, 12 being sent", "paused",
                                       "stopped by its breaker for 5s more, failing: smtp-421",
                                       "connections: 1 open, 4 of 8 allowed to begin with; each for 1000 "
                                       "messages or 10m",
                                       "rate: 62.5 a second at most, growing to 500",
                                       "warm-up: 40 of 100 messages today (UTC)"});
  CHECK(entry.at("stopped_for_ms") == 4200);
  CHECK(entry.at("failing") == "smtp-421");
  CHECK(entry.at("most_rate_per_s") == 500.0);
  CHECK(entry.at("warm_up") == json::parse(R"({"from": "2026-12-01", "first_day": 50, "done_at": 1000})"));
  SECTION("and why it is less than before") {
    state.pool->is_cut = true;
    state.is_slowed = true;
    const auto said = words_of_relay(entry_of(state));
    CHECK(said.at(3) ==
          "connections: 1 open, 4 of 8 allowed since it had too many; each for 1000 messages or 10m");
    CHECK(said.at(4) == "rate: 62.5 a second at most, since it asked for less, growing to 500");
  }
  SECTION("before its first day") {
    state.most_today = 0;
    CHECK(words_of_relay(entry_of(state)).back() == "warm-up: nothing before 2026-12-01");
  }
}

TEST_CASE("a breaker's reason is kept when it lets through again") {
  auto state = relay();
  state.pause_reason = "unreachable";
  state.is_failing = true;
  CHECK(words_of_relay(entry_of(state)).at(1) == "failing: unreachable");
  state.is_failing = false;
  const auto entry = entry_of(state);
  CHECK(entry.at("failed_last") == "unreachable");
  CHECK_FALSE(entry.contains("failing"));
  CHECK(words_of_relay(entry).size() == 2);
}

TEST_CASE("a domain that is limited by what is under way alone is said, and whether it is full") {
  DomainState state{
      .names = {"mail.example", "post.example"}, .limits = {.rate = {}, .at_once = 20}, .rate = {}};
  state.under_way = 3;
  CHECK(words_of_domain(entry_of(state)) ==
        Lines{"domain mail.example and 1 more: 3 being sent, 20 at most"});
  CHECK_FALSE(is_held_now(entry_of(state)));
  state.under_way = 20;
  CHECK(is_held_now(entry_of(state)));
  CHECK(entry_of(state) ==
        json::parse(R"({"domain": "mail.example", "names": ["mail.example", "post.example"],
    "at_once": 20, "in_flight": 20})"));
}

TEST_CASE("a domain is held while its rate is lower than it may be") {
  DomainState state{.names = {"mail.example"}, .limits = {.rate = 50, .at_once = 0}, .rate = 50};
  CHECK_FALSE(is_held_now(entry_of(state)));
  CHECK(words_of_domain(entry_of(state)) ==
        Lines{"domain mail.example: 0 being sent", "rate: 50 a second at most"});
  state.limits = {};
  state.rate = 2.5;
  state.is_slowed = true;
  CHECK(is_held_now(entry_of(state)));
  CHECK(words_of_domain(entry_of(state)).at(1) == "rate: 2.5 a second at most, since it asked for less");
}

TEST_CASE("without a daemon there is what is configured, paused and written down") {
  EmailConfig email;
  email.relays.resize(3);
  email.relays[0].url = "smtp://one.example.org";
  email.relays[0].time_per_connection = 90s;
  email.relays[0].rate = 20;
  email.relays[1].url = "smtp://new.example.org";
  email.relays[1].weight = 0;
  email.relays[1].warm_up = plan;
  email.relays[2].url = "smtp://over.example.org";
  email.domains = {{{"mail.example"}, {.rate = 5, .at_once = 2}}};
  const std::vector<Pause> pauses{{.target = {TargetKind::relay, "one.example.org"}, .until = noon + 1h},
                                  {.target = {TargetKind::relay, "over.example.org"}, .until = noon - 1h}};
  const auto today = std::chrono::floor<std::chrono::days>(noon);
  const auto sent = [&](const std::string& name) {
    return name == "new.example.org" ? SentOnDay{today, 60} : SentOnDay{};
  };
  const auto known = configured_json(email, pauses, sent, noon);
  const auto& relays = known.at("relays").as_array();
  REQUIRE(relays.size() == 3);
  CHECK(words_of_relay(relays[0].as_object()) ==
        Lines{"relay one.example.org: weight 1", "paused",
              "connections: 8 at most; each for 1000 messages or 90s", "rate: 20 a second at most"});
  CHECK(words_of_relay(relays[1].as_object()) ==
        Lines{"relay new.example.org: weight 0", "connections: 8 at most; each for 1000 messages or 10m",
              "warm-up: 60 of 100 messages today (UTC)"});
  CHECK_FALSE(relays[2].as_object().contains("paused"));
  CHECK_FALSE(relays[0].as_object().contains("in_flight"));
  CHECK(words_of_domain(known.at("domains").as_array().at(0).as_object()) ==
        Lines{"domain mail.example: 2 at most", "rate: 5 a second at most"});
  SECTION("what left yesterday is not of today") {
    const auto later = configured_json(email, pauses, sent, noon + 24h);
    CHECK(later.at("relays").as_array().at(1).at("sent_today") == 0);
    CHECK(later.at("relays").as_array().at(1).at("most_today") == 200);
  }
  SECTION("a Maildir has no connections") {
    email.relays = {
        {.url = "maildir:var/mail", .password = {}, .ca_file = {}, .timeout = {}, .rate = {}, .warm_up = {}}};
    const auto entry = configured_json(email, pauses, sent, noon).at("relays").as_array().at(0).as_object();
    CHECK(words_of_relay(entry) == Lines{"relay maildir: weight 1"});
  }
}
