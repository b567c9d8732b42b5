// Who is owed a story, when and why: the planner's decisions without a database.
#include "dispatch/planner.hpp"

#include <numeric>

#include <catch2/catch.hpp>

#include "match/query_parser.hpp"
#include "support/belts.hpp"

using namespace crier;
using namespace crier::test;
using namespace std::chrono_literals;

namespace {

const auto noon = at("2026-11-23T12:00:00Z");
constexpr auto email = ChannelKind::email;
constexpr auto whatsapp = ChannelKind::whatsapp;
constexpr auto webhook = ChannelKind::webhook;

Rule rule(std::string_view query) {
  Diagnostics diagnostics;
  return parse_query(query, {}, diagnostics).value();
}

// Editions of the book.
constexpr EditionPosition at_once = 0;
constexpr EditionPosition morning = 1;

SubscriberDraft subscriber(std::string id, std::string timezone = {}, std::string_view quiet = {}) {
  SubscriberDraft out;
  out.id = std::move(id);
  out.addresses = {out.id + "@example.org", "+2348012345678", "https://hooks.example.org/" + out.id};
  out.timezone = std::move(timezone);
  out.quiet_hours = parse_quiet_hours(quiet);
  return out;
}

Newsroom newsroom(const std::vector<SubscriberDraft>& drafts, std::vector<FollowedRule> rules,
                  std::vector<std::uint32_t> numbers = {}) {
  Newsroom out;
  out.site.zone = Zone::find("Europe/Berlin").value();
  Subscribers subscribers;
  for (const auto& draft : drafts) subscribers.add(draft);
  const auto book = std::make_shared<SubscriberBook>(std::move(subscribers), std::move(rules),
                                                     std::vector<std::string>{"morning"});
  if (!numbers.empty()) book->assign_numbers(std::move(numbers));
  out.book = book;
  return out;
}

// All rules match: what is matched is match/'s affair.
Decisions decide_all(const Newsroom& newsroom, const Story& story, Time now = noon) {
  std::vector<RulePosition> all(newsroom.book->rules().size());
  std::iota(all.begin(), all.end(), 0U);
  return decide(newsroom, story, analyze(story), all, now);
}

const Story story = sample_story("s1", "The harbour reopens");

}  // namespace

TEST_CASE("several rules of one reader are one delivery with all reasons") {
  const auto room = newsroom(
      {subscriber("amara"), subscriber("bruno")},
      {{"harbours", "Harbours", rule("harbour"), {{0, at_once, {email, whatsapp}}, {1, at_once, {email}}}},
       {"", "ship AND port", rule("ship AND port"), {{0, at_once, {email}}}},
       {"bridges", "Bridges", rule("bridge"), {{0, at_once, {email}}, {0, at_once, {email}}}}});
  const auto decisions = decide_all(room, story);
  REQUIRE(decisions.list.size() == 3);
  CHECK(decisions.reasons[decisions.list[0].reason] ==
        "You follow Harbours, Bridges; your rule “ship AND port” matches (“harbour”)");
  CHECK(decisions.list[0].channel == email);
  CHECK(decisions.reasons[decisions.list[1].reason] == "You follow Harbours (“harbour”)");
  CHECK(decisions.list[1].channel == whatsapp);
  CHECK(decisions.list[2].subscriber == 1);
  CHECK(decisions.list[2].reason == decisions.list[1].reason);  // equal sentences are kept once
}

TEST_CASE("an own rule alone is named in the reason; an alert and an edition are two deliveries") {
  const auto room = newsroom({subscriber("amara")},
                             {{"", "chips", rule("chips"), {{0, at_once, {email}}, {0, morning, {email}}}}});
  const auto decisions = decide_all(room, story);
  REQUIRE(decisions.list.size() == 2);
  CHECK(decisions.reasons[decisions.list[0].reason] == "Your rule “chips” matches");
  CHECK(decisions.list[0].edition.empty());
  CHECK(decisions.list[1].edition == "morning");
}

TEST_CASE("no rule, no decision") {
  const auto room =
      newsroom({subscriber("amara")}, {{"harbours", "Harbours", rule("harbour"), {{0, at_once, {email}}}}});
  CHECK(decide(room, story, analyze(story), {}, noon).list.empty());
  CHECK(plan_story(room, story, {}, noon).matched == 0);
}

TEST_CASE("an alert waits for the embargo, then for the end of the quiet hours") {
  const auto room = newsroom({subscriber("lagos", "Africa/Lagos", "22:00-06:30"),
                              subscriber("site", "", "22:00-06:30"), subscriber("always")},
                             {{"harbours",
                               "Harbours",
                               rule("harbour"),
                               {{0, at_once, {email}}, {1, at_once, {email}}, {2, at_once, {email}}}}});
  const auto due = [&](const Story& item, std::string_view now) {
    std::vector<std::string> out;
    for (const auto& decision : decide_all(room, item, at(now)).list)
      out.push_back(to_rfc3339(decision.due_at));
    return out;
  };
  using Times = std::vector<std::string>;
  CHECK(due(story, "2026-11-23T12:00:00Z") ==
        Times{"2026-11-23T12:00:00Z", "2026-11-23T12:00:00Z", "2026-11-23T12:00:00Z"});
  CHECK(due(story, "2026-11-23T22:00:00Z") ==
        Times{"2026-11-24T05:30:00Z", "2026-11-24T05:30:00Z", "2026-11-23T22:00:00Z"});
  auto embargoed = story;
  embargoed.embargo = at("2026-11-24T04:00:00Z");  // quiet in Lagos (05:00) and Berlin (05:00)
  CHECK(due(embargoed, "2026-11-23T12:00:00Z") ==
        Times{"2026-11-24T05:30:00Z", "2026-11-24T05:30:00Z", "2026-11-24T04:00:00Z"});
  embargoed.embargo = at("2026-11-23T11:00:00Z");  // over
  CHECK(due(embargoed, "2026-11-23T12:00:00Z").front() == "2026-11-23T12:00:00Z");
}

TEST_CASE("urgent stories take the breaking lane") {
  auto urgent = story;
  for (const auto& [urgency, lane] :
       {std::pair{1, Lane::breaking}, {2, Lane::breaking}, {3, Lane::alert}, {8, Lane::alert}}) {
    urgent.urgency = urgency;
    CHECK(lane_of(urgent) == lane);
  }
  CHECK(lane_of(story) == Lane::alert);
}

TEST_CASE("decisions become a batch per channel, a group per time, an item per edition and channel") {
  const auto room = newsroom(
      {subscriber("a"), subscriber("b", "Africa/Lagos", "00:00-23:00"), subscriber("c"), subscriber("d")},
      {{"harbours",
        "Harbours",
        rule("harbour"),
        {{0, at_once, {email, webhook}},
         {1, at_once, {email}},
         {2, at_once, {email}},
         {3, morning, {email}},
         {0, morning, {email}},
         {0, morning, {whatsapp}}}}},
      {40, 30, 20, 10});
  auto decisions = decide_all(room, story);
  for (auto& decision : decisions.list)
    if (decision.subscriber == 2) decision.suppressed = "unsubscribed";
  const auto plan = plan_story(room, story, decisions, noon);
  CHECK(plan.matched == 7);
  REQUIRE(plan.batches.size() == 2);
  const auto& mail = plan.batches[0];
  CHECK(mail.channel == email);
  CHECK(mail.lane == Lane::alert);
  CHECK(mail.subject.story_id == "s1");
  CHECK(mail.size() == 3);
  REQUIRE(mail.groups.size() == 3);
  CHECK(mail.groups[0].due_at == noon);
  CHECK(mail.groups[0].expires_at == noon + room.alert_expiry);
  CHECK(mail.groups[0].members[0].number == 40);
  CHECK(mail.groups[1].due_at == at("2026-11-23T22:00:00Z"));
  CHECK(mail.groups[1].expires_at ==
        at("2026-11-23T22:00:00Z") + room.alert_expiry);  // counted from when it may leave
  CHECK(mail.groups[2].suppressed == "unsubscribed");
  const auto& hook = plan.batches[1];
  CHECK(hook.channel == webhook);
  CHECK(hook.groups[0].expires_at == noon + room.webhook_expiry);
  REQUIRE(plan.items.size() == 2);
  CHECK(plan.items[0].edition == "morning");
  const auto& readers = plan.items[0].audience;
  REQUIRE(readers.members.size() == 2);
  CHECK(readers.members[0].number == 10);
  CHECK(readers.members[1].number == 40);
  for (const auto& member : readers.members) {
    const auto decision = std::ranges::find_if(decisions.list, [&](const Decision& each) {
      return each.edition == "morning" && each.channel == email &&
             room.book->number_of(each.subscriber) == member.number;
    });
    REQUIRE(decision != decisions.list.end());
    CHECK(reason_for(readers, member.number) == decisions.reasons[decision->reason]);
  }
  CHECK(plan.items[1].channel == whatsapp);
}

TEST_CASE("readers who are suppressed for one reason are one group, whatever their quiet hours") {
  std::vector<SubscriberDraft> subscribers;
  FollowedRule followed{"harbours", "Harbours", rule("harbour"), {}};
  for (std::uint32_t i = 0; i < 50; ++i) {
    subscribers.push_back(
        subscriber("r" + std::to_string(i), "", "11:00-1" + std::to_string(i % 5 + 4) + ":00"));
    followed.followers.push_back({i, at_once, {email}});
  }
  const auto room = newsroom(subscribers, {followed});
  auto decisions = decide_all(room, story);
  CHECK(plan_story(room, story, decisions, noon).batches[0].groups.size() == 5);
  for (auto& decision : decisions.list) decision.suppressed = "had an earlier version";
  const auto plan = plan_story(room, story, decisions, noon);
  REQUIRE(plan.batches[0].groups.size() == 1);
  CHECK(plan.batches[0].groups[0].members.size() == 50);
}

TEST_CASE("a digest goes once to everybody who has at least one item") {
  const auto room = newsroom({subscriber("a")}, {});
  Edition edition;
  edition.name = "morning";
  edition.title = "The Morning";
  const Occurrence occurrence{{2026, 11, 24, 7, 0}, noon};
  DigestPlaces places(1);
  CHECK(places.fill({{}, {{3, 0}, {5, 0}}}).empty());
  CHECK(places.fill({{}, {{1, 0}, {5, 0}, {9, 0}}}) == std::vector<std::uint32_t>{5});
  CHECK(places.fill({}).empty());
  const auto batch = plan_digest(room, edition, occurrence, email, places.readers(), noon + 1h);
  CHECK(batch.subject.edition == "morning");
  CHECK(batch.subject.occurrence == "2026-11-24T07:00");
  CHECK(batch.lane == Lane::digest);
  CHECK(batch.reasons == std::vector<std::string>{"You follow The Morning"});
  REQUIRE(batch.groups.size() == 1);
  CHECK(batch.groups[0].due_at == noon + 1h);
  CHECK(batch.groups[0].expires_at == noon + 1h + room.digest_expiry);
  std::vector<std::uint32_t> numbers;
  for (const auto& member : batch.groups[0].members) numbers.push_back(member.number);
  CHECK(numbers == std::vector<std::uint32_t>{1, 3, 5, 9});
}

TEST_CASE("a large audience is decided on in pieces that come to the same") {
  std::vector<SubscriberDraft> subscribers;
  std::vector<Subscription> followers;
  std::vector<Subscription> some;
  for (std::uint32_t i = 0; i < 100; ++i) {
    subscribers.push_back(subscriber("r" + std::to_string(i)));
    followers.push_back({99 - i, i % 3 == 0 ? morning : at_once, {email, webhook}});
    if (i % 7 == 0) some.push_back({i, at_once, {email}});
  }
  const auto room = newsroom(subscribers, {{"harbours", "Harbours", rule("harbour"), followers},
                                           {"ships", "Ships", rule("ship"), some}});
  const auto analysed = analyze(story);
  const auto key = [](const Decisions& decisions, const Decision& decision) {
    return std::tuple(decision.edition.empty() ? 0 : 1, decision.subscriber, decision.channel,
                      decisions.reasons[decision.reason]);
  };
  const auto whole = decide(room, story, analysed, {0, 1}, noon);
  std::vector<decltype(key(whole, whole.list.front()))> expected;
  for (const auto& decision : whole.list) expected.push_back(key(whole, decision));
  std::ranges::sort(expected);
  for (const std::size_t most : {1, 7, 50, 99, 100}) {
    Decider decider(room, story, analysed, {0, 1}, noon);
    decltype(expected) got;
    std::size_t pieces = 0;
    for (; !decider.is_done(); ++pieces) {
      const auto decisions = decider.next(most);
      const auto alerts =
          std::ranges::count_if(decisions.list, [](const auto& each) { return each.edition.empty(); });
      if (most < 100) CHECK((alerts == 0 || alerts == static_cast<std::ptrdiff_t>(decisions.list.size())));
      for (const auto& decision : decisions.list) got.push_back(key(decisions, decision));
    }
    CHECK((most == 100) == (pieces == 1));
    if (pieces == 1) std::ranges::sort(got);  // else alerts first, and in the order of the book
    CHECK(got == expected);
  }
}
