// Tests kept beside the rules: what counts as a difference, and what its author is told.
#include "app/rule_test.hpp"

#include <catch2/catch.hpp>

#include "support/belts.hpp"
#include "support/sample_config.hpp"

using namespace crier;
using namespace crier::test;

namespace {

constexpr std::string_view rules = R"(
editions: {morning: {at: "07:00", zone: Africa/Lagos}}
topics: {harbours: {any: [harbour]}, chips: {any: ['chips AND export']}}
subscribers:
  - id: amara
    email: amara@example.org
    whatsapp: "+2348012345678"
    timezone: Africa/Lagos
    quiet_hours: 22:00-06:30
    follow:
      - {topic: harbours, by: [email]}
      - {topic: chips, by: [whatsapp]}
      - {topic: harbours, deliver: morning, by: [whatsapp]}
  - id: bruno
    email: bruno@example.org
    follow: [{match: bridge}]
tests:
  - story: s.txt
    at: TIME
    expect: EXPECT
)";

// "missing amara alert email: why | why", one per difference.
std::vector<std::string> differences(std::string expect, const Story& story,
                                     std::string time = "2026-11-23T12:00:00Z") {
  std::string yaml(rules);
  yaml.replace(yaml.find("EXPECT"), 6, expect);
  yaml.replace(yaml.find("TIME"), 4, time);
  SampleConfig sample(yaml);
  const auto config = sample.load();
  for (const auto& each : sample.diagnostics.list()) UNSCOPED_INFO(to_string(each));
  REQUIRE(sample.diagnostics.empty());
  const auto& test = config.tests.at(0);
  std::vector<std::string> out;
  for (const auto& [kind, subscriber, delivery, why] :
       run_test(config.newsroom, test, story, time_of(test, story).value())) {
    auto line = (kind == Difference::Kind::missing ? "missing " : "unexpected ") + subscriber + " " +
                to_string(delivery) + ":";
    for (std::size_t i = 0; i < why.size(); ++i) line += (i > 0 ? " | " : " ") + why[i];
    out.push_back(line);
  }
  return out;
}

const Story harbour = sample_story("h", "The harbour freezes");
const Story quiet = sample_story("q", "Nothing at all");
const std::string as_it_is = "{amara: [alert email, morning whatsapp]}";

using List = std::vector<std::string>;

}  // namespace

TEST_CASE("a test passes when all recipients are as expected, in any order") {
  CHECK(differences(as_it_is, harbour).empty());
  CHECK(differences("{amara: [morning whatsapp, alert email], bruno: []}", harbour).empty());
  CHECK(differences("{}", quiet).empty());
}

TEST_CASE("what is missing is explained by the rules that could have brought it") {
  CHECK(differences("{bruno: [alert email]}", quiet) ==
        List{"missing bruno alert email: bridge: no match: needs bridge; it does not occur"});
  CHECK(differences("{amara: [alert email, morning whatsapp, alert whatsapp]}", harbour) ==
        List{"missing amara alert whatsapp: chips: no match: needs chips; it does not occur; and one more "
             "clause "
             "fails | harbours matches, but goes by alert email | harbours matches, but goes by morning "
             "whatsapp"});
  CHECK(
      differences("{amara: [alert email, morning whatsapp, morning email]}", harbour) ==
      List{
          "missing amara morning email: nothing that amara follows goes by morning email | harbours matches, "
          "but goes by alert email | harbours matches, but goes by morning whatsapp"});
}

TEST_CASE("a recipient that is not named is a difference, with the words that matched") {
  CHECK(
      differences("{amara: [alert email]}", harbour) ==
      List{
          "unexpected amara morning whatsapp at 2026-11-24T06:00:00Z: harbours: matched: harbour (title word "
          "2)"});
  CHECK(differences(as_it_is, sample_story("b", "Harbour bridge")) ==
        List{"unexpected bruno alert email at 2026-11-23T12:00:00Z: bridge: matched: bridge (title word 2)"});
}

TEST_CASE("a time counts where the test gives one") {
  CHECK(differences(
            "{amara: [alert email at 2026-11-23T12:00:00Z, morning whatsapp at 2026-11-24T07:00:00+01:00]}",
            harbour)
            .empty());
  // 23:00 in Lagos: the alert waits until half past six.
  CHECK(differences("{amara: [alert email at 2026-11-24T05:30:00Z, morning whatsapp]}", harbour,
                    "2026-11-23T22:00:00Z")
            .empty());
  CHECK(differences("{amara: [alert email at 2026-11-23T22:00:00Z, morning whatsapp]}", harbour,
                    "2026-11-23T22:00:00Z") ==
        List{"missing amara alert email at 2026-11-23T22:00:00Z: it is due at another time, see below",
             "unexpected amara alert email at 2026-11-24T05:30:00Z: harbours: matched: harbour (title word "
             "2) | it "
             "waits for the end of the quiet hours"});
}

TEST_CASE("an embargo moves what a test sees, a stopped story brings nothing") {
  auto embargoed = harbour;
  embargoed.embargo = at("2026-11-24T07:00:00Z");
  CHECK(
      differences("{amara: [alert email at 2026-11-24T07:00:00Z, morning whatsapp at 2026-11-25T06:00:00Z]}",
                  embargoed)
          .empty());
  auto canceled = harbour;
  canceled.status = StoryStatus::canceled;
  CHECK(differences("{}", canceled).empty());
  CHECK(differences("{amara: [alert email]}", canceled) ==
        List{"missing amara alert email: the story is canceled"});
}

TEST_CASE("without a time the test takes place when the story was published") {
  auto story = harbour;
  CHECK_FALSE(time_of(RuleTest{}, story));
  story.published = at("2026-11-20T10:00:00Z");
  CHECK(time_of(RuleTest{}, story) == story.published);
  RuleTest test;
  test.at = at("2026-11-23T12:00:00Z");
  CHECK(time_of(test, story) == test.at);
}

TEST_CASE("a test that expects nothing says so, and names no delivery twice") {
  const auto complaints = [](std::string_view test) {
    std::string yaml(rules);
    yaml.erase(yaml.find("tests:"));
    return SampleConfig(yaml + "tests:\n  - " + std::string(test) + "\n").complaints();
  };
  CHECK(complaints("{story: s.txt, expect: {}}").empty());
  const auto* none = "rules.yaml:18:5: test needs \"expect\": who is to get what; expect: {} says nobody\n";
  CHECK(complaints("{story: s.txt}") == none);
  CHECK(complaints("{story: s.txt, expect: }") == none);
  CHECK(complaints("{story: s.txt, expect: {amara: [alert email, morning email, alert email]}}") ==
        "rules.yaml:18:65: \"alert email\" is there twice: a story comes once that way\n");
  CHECK(complaints("{story: s.txt, expect: {amara: [alert email, alert email at 2026-11-23T12:00:00Z]}}") ==
        "rules.yaml:18:50: \"alert email at 2026-11-23T12:00:00Z\" is there twice: a story comes once that "
        "way\n");
}
