// What a change of rules would have gained and lost, counted over stories of the past.
#include "dispatch/replay.hpp"

#include <algorithm>

#include <catch2/catch.hpp>

#include "dispatch/topic_report.hpp"
#include "support/belts.hpp"
#include "support/sample_config.hpp"

using namespace crier;
using namespace crier::test;
using namespace std::chrono_literals;

namespace {

constexpr auto running_rules = R"(
editions: {morning: {at: "07:00", zone: UTC}}
topics:
  harbours: {any: [harbour]}
  bridges: {any: [bridge]}
subscribers:
  - id: amara
    email: amara@example.org
    whatsapp: "+2348012345678"
    follow:
      - {topic: harbours, by: [email, whatsapp]}
      - {topic: bridges, by: [email]}
      - {match: lorries, deliver: morning, by: [email]}
  - id: bruno
    email: bruno@example.org
    follow: [{topic: harbours}]
)";

// The site's zone is Lagos, an hour before UTC.
const auto since = at("2026-11-20T10:00:00Z");
const auto until = at("2026-11-22T10:00:00Z");

class Newsrooms {
 public:
  Newsrooms(std::string_view rules, std::string_view candidate, RulesFile rules_are = RulesFile::is_change)
      : config_(rules) {
    running = load({}, rules_are);
    if (!candidate.empty()) changed = load(other_.write("candidate.yaml", candidate), rules_are);
  }

  Newsroom running;
  std::optional<Newsroom> changed;

 private:
  Newsroom load(const std::filesystem::path& rules, RulesFile rules_are) {
    Diagnostics diagnostics;
    auto config = load_config(config_.path(), diagnostics, {.rules_file = rules, .rules_are = rules_are});
    for (const auto& each : diagnostics.list()) UNSCOPED_INFO(to_string(each));
    REQUIRE(diagnostics.empty());
    return std::move(config.newsroom);
  }

  SampleConfig config_;
  TempFolder other_;
};

ReplayReport replayed(const Newsrooms& newsrooms, const std::vector<std::pair<std::string, Story>>& stories) {
  Replay replay(newsrooms.running, newsrooms.changed ? &*newsrooms.changed : nullptr, since, until);
  for (const auto& [time, story] : stories) replay.add(story, at(time));
  return replay.report();
}

const ReplayTopic& topic(const ReplayReport& report, std::string_view name) {
  const auto found = std::ranges::find(report.topics, name, &ReplayTopic::name);
  REQUIRE(found != report.topics.end());
  return *found;
}

const Story harbour = sample_story("h", "The harbour freezes");
const Story bridge = sample_story("b", "A bridge opens");
const Story both = sample_story("hb", "The harbour bridge reopens");

}  // namespace

TEST_CASE("a replay of the running rules counts each delivery once") {
  const Newsrooms newsrooms(running_rules, "");
  const auto report = replayed(newsrooms, {{"2026-11-20T12:00:00Z", harbour},
                                           {"2026-11-21T12:00:00Z", both},
                                           {"2026-11-21T13:00:00Z", sample_story("x", "Nothing")}});
  CHECK(report.stories == 3);
  CHECK(report.total.running_stories == 2);
  CHECK(report.total.running == 6);  // twice: amara by e-mail and WhatsApp, bruno
  CHECK(report.running_alerts == 6);
  CHECK(report.total.gained + report.total.lost + report.total.candidate == 0);
  CHECK(topic(report, "harbours").count.running == 6);
  CHECK(topic(report, "harbours").count.running_stories == 2);
  CHECK(topic(report, "bridges").count.running == 1);
}

TEST_CASE("days are those of the site, the empty ones included") {
  const Newsrooms newsrooms(running_rules, "");
  const auto report =
      replayed(newsrooms, {{"2026-11-20T12:00:00Z", harbour}, {"2026-11-20T23:30:00Z", bridge}});
  REQUIRE(report.days.size() == 3);
  CHECK(report.days.at("2026-11-20").running == 3);
  CHECK(report.days.at("2026-11-21").running == 1);  // half past midnight in Lagos
  CHECK(report.days.at("2026-11-22").running == 0);
}

TEST_CASE("a change of a topic gains and loses deliveries, with examples") {
  const Newsrooms newsrooms(running_rules, "topics: {harbours: {any: [bridge]}}");
  const auto report = replayed(
      newsrooms,
      {{"2026-11-20T12:00:00Z", harbour}, {"2026-11-20T13:00:00Z", bridge}, {"2026-11-21T12:00:00Z", both}});
  const auto& harbours = topic(report, "harbours");
  CHECK(harbours.count.running_stories == 2);
  CHECK(harbours.count.candidate_stories == 2);
  CHECK(harbours.count.lost == 3);
  CHECK(harbours.count.gained == 2);  // amara had "A bridge opens" by e-mail already, from the other topic
  REQUIRE(harbours.lost.size() == 1);
  CHECK(harbours.lost[0].title == "The harbour freezes");
  CHECK(harbours.lost[0].deliveries == 3);
  CHECK(harbours.lost[0].subscribers == std::vector<std::string>{"amara", "bruno"});
  REQUIRE(harbours.gained.size() == 1);
  CHECK(harbours.gained[0].title == "A bridge opens");
  CHECK(topic(report, "bridges").count.gained == 0);
  CHECK(report.total.running == 7);
  CHECK(report.total.candidate == 6);
  CHECK(report.total.gained == 2);
  CHECK(report.total.lost == 3);
  CHECK(report.days.at("2026-11-20").lost == 3);
  CHECK(report.days.at("2026-11-21").lost + report.days.at("2026-11-21").gained == 0);
}

TEST_CASE("rules that say the same gain and lose nothing") {
  const Newsrooms newsrooms(running_rules, running_rules);
  const auto report = replayed(newsrooms, {{"2026-11-20T12:00:00Z", both}});
  CHECK(report.total.running == report.total.candidate);
  CHECK(report.total.gained + report.total.lost == 0);
}

TEST_CASE("a file with subscribers is compared by their ids, whatever their order") {
  const Newsrooms newsrooms(running_rules,
                            "topics: {harbours: {any: [harbour]}}\n"
                            "subscribers:\n"
                            "  - {id: chidi, email: c@example.org, follow: [{topic: harbours}]}\n"
                            "  - {id: amara, email: amara@example.org, follow: [{topic: harbours}, "
                            "{match: harbour, deliver: morning}]}\n");
  const auto report = replayed(newsrooms, {{"2026-11-20T12:00:00Z", harbour}});
  CHECK(report.total.running == 3);
  CHECK(report.total.candidate == 3);  // chidi, amara by e-mail, amara in the morning
  CHECK(report.total.gained == 2);
  CHECK(report.total.lost == 2);  // amara by WhatsApp, bruno
  CHECK(report.candidate_alerts == 2);
  CHECK(topic(report, "amara: harbour").count.gained == 1);
}

TEST_CASE("a topic that nobody follows shows what it finds, and delivers nothing") {
  const Newsrooms newsrooms(running_rules, "topics: {ice: {any: [freezes]}}");
  const auto report = replayed(newsrooms, {{"2026-11-20T12:00:00Z", harbour}});
  CHECK(topic(report, "ice").count.candidate_stories == 1);
  CHECK(topic(report, "ice").count.candidate == 0);
  CHECK(report.total.gained == 0);
}

TEST_CASE("a rate is said as an editor would") {
  CHECK(rate_text(0) == "none");
  CHECK(rate_text(4.2) == "about 4 a day");
  CHECK(rate_text(0.97) == "about 1 a day");
  CHECK(rate_text(3.0 / 7) == "about 3 a week");
  CHECK(rate_text(0.05) == "less than one a week");
  CHECK(rate_text(1234.4) == "about 1234 a day");
}

TEST_CASE("a topic report has what each rule found, and what nobody heard") {
  const Newsrooms newsrooms(std::string(running_rules) + "tests: []\n", "");
  TopicReport report(newsrooms.running);
  report.add(harbour, at("2026-11-20T12:00:00Z"));
  report.add(both, at("2026-11-21T12:00:00Z"));
  report.add(sample_story("x", "Nothing"), at("2026-11-21T13:00:00Z"));
  REQUIRE(report.topics().size() == 3);
  const auto& harbours = report.topics()[0];
  CHECK(harbours.name == "harbours");
  CHECK(harbours.followers == 2);
  CHECK(harbours.stories == 2);
  CHECK(harbours.last_match == at("2026-11-21T12:00:00Z"));
  CHECK(harbours.last_title == both.title);
  const auto& own = report.topics()[2];
  CHECK(own.name == "amara: lorries");
  CHECK_FALSE(own.is_topic);
  CHECK(own.stories == 0);
  CHECK_FALSE(own.last_match);
  CHECK(report.unheard_count() == 1);
  REQUIRE(report.unheard().size() == 1);
  CHECK(report.unheard()[0].title == "Nothing");
}

TEST_CASE("a topic without followers does not make a story heard; the costliest come first") {
  const Newsrooms newsrooms(
      "topics: {a: {any: [harbour]}, b: {any: ['ship AND port AND quay']}, c: {any: [x]}}", "");
  TopicReport report(newsrooms.running);
  for (int i = 0; i < 30; ++i)
    report.add(sample_story("h" + std::to_string(i), "A harbour"), since + i * 1min);
  CHECK(report.topics()[0].stories == 30);
  CHECK(report.unheard_count() == 30);
  REQUIRE(report.unheard().size() == 20);
  CHECK(report.unheard()[0].id == "h29");
  report.weigh();
  CHECK(report.costliest(2) == std::vector<std::size_t>{0, 1});  // every story leads to the first
  CHECK(report.topics()[0].cost > 0.9);
  CHECK(report.topics()[1].cost < 0.1);
  CHECK(report.costliest(9).size() == 3);
}
