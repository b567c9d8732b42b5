// From stories to what a message shows, and the links that lead out of it.
#include "dispatch/compose.hpp"

#include <catch2/catch.hpp>

#include "support/belts.hpp"

using namespace crier;
using namespace crier::test;

namespace {

Newsroom newsroom() {
  Newsroom out;
  out.site = {"The Sample Courier", "https://courier.example.org", "1 Example Street", "en",
              Zone::find("Africa/Lagos").value()};
  out.own_hosts = {"courier.example.org"};
  return out;
}

Subscriber reader(std::string zone = {}) {
  static Subscribers readers;
  SubscriberDraft out;
  out.id = "amara";
  out.timezone = std::move(zone);
  return readers[readers.add(out)];
}

Edition morning() {
  Edition edition;
  edition.name = "morning";
  edition.title = "The Morning";
  edition.recurrence.zone = Zone::find("Asia/Kathmandu").value();
  return edition;
}

}  // namespace

TEST_CASE("only links to the publication's own hosts are tagged") {
  const auto room = newsroom();
  auto story = sample_story("s1", "Harbours");
  CHECK(outgoing_url(room, story, "email") ==
        "https://courier.example.org/s1?utm_source=crier&utm_medium=email&utm_campaign=s1");
  for (const auto* foreign :
       {"https://elsewhere.example.net/s1", "https://courier.example.org.evil.example/s1",
        "https://sub.courier.example.org/s1", "https://evil.example/?https://courier.example.org/",
        "https://courier.example.org@evil.example/", "not a url", ""}) {
    story.url = foreign;
    CHECK(outgoing_url(room, story, "email") == foreign);
  }
  story.url = "https://Courier.Example.ORG/s1";
  CHECK(outgoing_url(room, story, "email").find("utm_source=crier") != std::string::npos);
}

TEST_CASE("an alert shows the story with its share links, and the site's time to a reader without a zone") {
  const auto room = newsroom();
  auto story = sample_story("s1", "The harbour reopens");
  story.published = at("2026-11-23T23:30:00Z");
  const auto content = compose_alert(room, story, reader(), ChannelKind::email);
  CHECK(content.kind == ContentKind::alert);
  CHECK(content.subject == "The harbour reopens");
  CHECK(content.preheader == "A summary.");
  CHECK(content.site.address == "1 Example Street");
  REQUIRE(content.items.size() == 1);
  CHECK(content.items[0].published == "24 November 2026, 00:30 WAT");
  CHECK(content.items[0].share_whatsapp.find("courier.example.org") != std::string::npos);
  CHECK(content.items[0].share_whatsapp.find("utm_medium%3Dsocial") != std::string::npos);
}

TEST_CASE("a story without title, link or language still makes a message") {
  auto story = sample_story("s1", "");
  story.url.clear();
  story.language.clear();
  const auto content = compose_alert(newsroom(), story, reader(), ChannelKind::email);
  CHECK(content.subject == "The body of the story.");
  CHECK(content.language == "en");
  CHECK(content.items[0].share_post.empty());
  story.body_text.clear();
  story.summary.clear();
  CHECK(compose_alert(newsroom(), story, reader(), ChannelKind::email).subject == "The Sample Courier");
}

TEST_CASE("alert and digest show a reader one clock, the reader's own, and name it") {
  auto story = sample_story("s1", "The harbour reopens");
  story.published = at("2023-10-18T19:37:00Z");
  for (const auto& [zone, clock] : {std::pair("America/New_York", "18 October 2023, 15:37 EDT"),
                                    {"Europe/London", "18 October 2023, 20:37 BST"},
                                    {"Asia/Kathmandu", "19 October 2023, 01:22 GMT+5:45"},
                                    {"America/Sao_Paulo", "18 October 2023, 16:37 GMT-3"},
                                    {"UTC", "18 October 2023, 19:37 UTC"},
                                    {"", "18 October 2023, 20:37 WAT"}}) {
    const auto alert = compose_alert(newsroom(), story, reader(zone), ChannelKind::email);
    CHECK(alert.items[0].published == clock);
    const auto digest = compose_digest(newsroom(), morning(), "2023-10-19T07:00", {{{&story, {}}}, 0},
                                       reader(zone), ChannelKind::email);
    CHECK(digest.items[0].published == clock);
  }
}

TEST_CASE("a digest has the edition's date, its stories in order, and how many more there were") {
  std::vector<Story> stories;
  for (int i = 0; i < 20; ++i)
    stories.push_back(sample_story("s" + std::to_string(i), "Story " + std::to_string(i)));
  DigestStories chosen;
  for (const auto& story : stories) chosen.chosen.push_back({&story, "You follow " + story.title});
  chosen.left_out = 10;
  const auto content =
      compose_digest(newsroom(), morning(), "2026-11-24T07:00", chosen, reader(), ChannelKind::email);
  CHECK(content.kind == ContentKind::digest);
  CHECK(content.edition_title == "The Morning");
  CHECK(content.edition_date == "Tuesday, 24 November 2026");
  CHECK(content.subject == "The Morning: Story 0");
  REQUIRE(content.items.size() == 20);
  CHECK(content.items[19].title == "Story 19");
  CHECK(content.items[19].reason == "You follow Story 19");
  CHECK(content.left_out == 10);
  CHECK(compose_digest(newsroom(), morning(), "2026-11-24T07:00", {}, reader(), ChannelKind::email).subject ==
        "The Morning");
  CHECK(compose_digest(newsroom(), morning(), "garbage", chosen, reader(), ChannelKind::email)
            .edition_date.empty());
}

TEST_CASE("an unsubscribe link names its reader and channel") {
  const HmacSha256 key("key");
  for (const auto channel : all_channels) {
    for (const std::uint32_t number : {0U, 1U, 4711U, UINT32_MAX}) {
      const auto target = read_unsubscribe_token(key, unsubscribe_token(key, number, channel));
      REQUIRE(target);
      CHECK(target->number == number);
      CHECK(target->channel == channel);
    }
  }
}

TEST_CASE("nobody can make an unsubscribe link for somebody else") {
  const HmacSha256 key("key");
  const auto token = unsubscribe_token(key, 1234, ChannelKind::email);
  REQUIRE(read_unsubscribe_token(key, token));
  CHECK_FALSE(read_unsubscribe_token(HmacSha256("other key"), token));
  SECTION("no byte of it can be changed") {
    for (std::size_t i = 0; i < token.size(); ++i) {
      for (const char c : {'0', '1', '9', 'a', 'F', '-', ' ', '\0'}) {
        auto forged = token;
        forged[i] = c;
        if (forged != token) CHECK_FALSE(read_unsubscribe_token(key, forged));
      }
    }
  }
  SECTION("nor cut off, lengthened or spelt otherwise") {
    for (std::size_t size = 0; size < token.size(); ++size)
      CHECK_FALSE(read_unsubscribe_token(key, token.substr(0, size)));
    CHECK_FALSE(read_unsubscribe_token(key, token + "0"));
    CHECK_FALSE(read_unsubscribe_token(key, "0" + token));
    CHECK_FALSE(read_unsubscribe_token(key, token.substr(0, 2) + "0" + token.substr(2)));  // 01234
    const auto mac = token.substr(token.rfind('-'));
    for (const std::string number :
         {"", "-1", "+1234", " 1234", "1235", "4294968530", "99999999999999999999", "0x4d2"})
      CHECK_FALSE(read_unsubscribe_token(key, "0-" + number + mac));
    for (const std::string channel : {"", "1", "2", "3", "9", "00", "x", "\xFF"})
      CHECK_FALSE(read_unsubscribe_token(key, channel + "-1234" + mac));
  }
  CHECK_FALSE(read_unsubscribe_token(key, std::string(100'000, '-')));
  CHECK_FALSE(read_unsubscribe_token(key, std::string(100'000, '0')));
}
