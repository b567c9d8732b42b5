// What a subscriber to a WebSub hub decides: when it asks, what it confirms, which deliveries it believes.
#include "schedule/hub_lease.hpp"

#include <catch2/catch.hpp>

#include "base/crypto.hpp"
#include "base/encoding.hpp"
#include "db/sqlite.hpp"
#include "support/feed_sample.hpp"
#include "support/migrated.hpp"

using namespace crier;
using namespace crier::test;
using namespace std::chrono_literals;

namespace {

const Time noon = parse_rfc3339("2026-11-23T12:00:00Z").value();
constexpr std::string_view hub = "https://hub.example/";
constexpr std::string_view topic = "https://example.org/feed?a=1&b=2";

HubLease asked_lease() {
  HubLease lease;
  discover_hub(lease, {std::string(hub), std::string(topic)});
  lease.is_asked = true;
  lease.asked_at = noon;
  return lease;
}

}  // namespace

TEST_CASE("a feed names its hub and itself, by links that are its own") {
  const auto rss_feed = parse_feed(
      rss("<atom:link rel=\"hub\" href=\"https://hub.example/\"/><atom:link rel=\"self\" href=\"/feed\"/>"
          "<item><title>x</title><atom:link rel=\"self\" href=\"https://example.org/x\"/></item>"),
      [] {
        ParseOptions options;
        options.url = "https://example.org/some/where";
        return options;
      }());
  CHECK(rss_feed.hub == "https://hub.example/");
  CHECK(rss_feed.self == "https://example.org/feed");
  const auto atom_feed = parse_feed(atom(
      "<link rel=\"self\" href=\"https://example.org/a\"/><link rel=\"hub\" href=\"https://hub.example/1\"/>"
      "<link rel=\"hub\" href=\"https://hub.example/2\"/><entry><title>x</title></entry>"));
  CHECK(atom_feed.hub == "https://hub.example/1");
  CHECK(atom_feed.self == "https://example.org/a");
  const auto json_feed = parse_feed(
      R"({"version": "https://jsonfeed.org/version/1.1", "title": "t", "feed_url": "https://example.org/f.json",
          "hubs": [7, {"type": "rssCloud", "url": "https://no.example/"}, {"type": "WebSub", "url": "https://hub.example/"}],
          "items": [{"id": "1", "content_text": "x"}]})");
  CHECK(json_feed.hub == "https://hub.example/");
  CHECK(json_feed.self == "https://example.org/f.json");
  CHECK(
      parse_feed(rss("<item><title>x</title><atom:link rel=\"hub\" href=\"https://evil.example/\"/></item>"))
          .hub.empty());
}

TEST_CASE("Link headers name hub and feed before the feed does, if they name both") {
  ParsedSource source;
  source.hub = "https://in.example/";
  source.self = "https://in.example/feed";
  const std::string url = "https://example.org/some/where";
  const auto both = find_hub(
      {{"link", "<https://hub.example/>; rel=hub"}, {"link", "</feed>; rel=\"self x\""}}, url, source);
  CHECK(both.hub == "https://hub.example/");
  CHECK(both.topic == "https://example.org/feed");
  const auto half = find_hub({{"link", "<https://hub.example/>; rel=hub"}}, url, source);
  CHECK(half.hub == "https://in.example/");
  CHECK(half.topic == "https://in.example/feed");
  source.self.clear();
  CHECK(find_hub({}, url, source).hub.empty());
  CHECK(find_hub({{"link", "<javascript:x>; rel=hub, </feed>; rel=self"}}, url, source).hub.empty());
}

TEST_CASE("a hub is asked at once, again after four fifths of the lease, and hourly without an answer") {
  HubLease lease;
  CHECK_FALSE(ask_hub_at(lease, noon));
  CHECK(discover_hub(lease, {std::string(hub), std::string(topic)}));
  CHECK(ask_hub_at(lease, noon) == noon);
  lease.is_asked = true;
  lease.asked_at = noon;
  CHECK(ask_hub_at(lease, noon + 1min) == noon + 1h);
  CHECK(confirm_intent(lease, {"subscribe", topic, "1000"}, noon + 1s));
  CHECK(lease.is_active(noon + 1000s));
  CHECK_FALSE(lease.is_active(noon + 1001s));
  CHECK(ask_hub_at(lease, noon + 2s) == noon + 801s);
}

TEST_CASE("only what was asked for is confirmed, and once") {
  auto lease = asked_lease();
  CHECK_FALSE(confirm_intent(lease, {"subscribe", "https://example.org/other", "1000"}, noon));
  CHECK_FALSE(confirm_intent(lease, {"unsubscribe", topic, "1000"}, noon));
  CHECK_FALSE(confirm_intent(lease, {"", "", ""}, noon));
  CHECK(confirm_intent(lease, {"subscribe", topic, "1000"}, noon));
  CHECK_FALSE(confirm_intent(lease, {"subscribe", topic, "1000"}, noon));
  HubLease none;
  CHECK_FALSE(confirm_intent(none, {"subscribe", "", ""}, noon));
}

TEST_CASE("the length of a lease is kept within reason") {
  for (const auto& [said, length] :
       std::initializer_list<std::pair<std::string_view, Duration>>{{"1", 5min},
                                                                    {"99999999999999999999", wanted_lease},
                                                                    {"9999999999", 24h * 90},
                                                                    {"", wanted_lease},
                                                                    {"-5", wanted_lease}}) {
    auto lease = asked_lease();
    CAPTURE(said);
    REQUIRE(confirm_intent(lease, {"subscribe", topic, said}, noon));
    CHECK(*lease.expires_at - noon == length);
  }
}

TEST_CASE("a hub that refuses is asked again later") {
  auto lease = asked_lease();
  CHECK_FALSE(take_denial(lease, {"denied", "https://example.org/other", ""}));
  CHECK(take_denial(lease, {"denied", topic, ""}));
  CHECK_FALSE(lease.is_active(noon));
  CHECK(ask_hub_at(lease, noon) == noon + 1h);
}

TEST_CASE("another hub or topic is another lease, with other secrets; the same is the same") {
  auto lease = asked_lease();
  const auto before = lease;
  CHECK_FALSE(discover_hub(lease, {std::string(hub), std::string(topic)}));
  CHECK(lease == before);
  CHECK(discover_hub(lease, {std::string(hub), "https://example.org/moved"}));
  CHECK(lease.token != before.token);
  CHECK(lease.secret != before.secret);
  CHECK(lease.token.size() == 48);
  const auto moved = lease;
  CHECK(discover_hub(lease, {lease.hub, lease.topic, "https://new.example/websub/"}));
  CHECK(lease.token != moved.token);
  CHECK(discover_hub(lease, {}));
  CHECK(lease == HubLease{});
  CHECK_FALSE(discover_hub(lease, {"", "x"}));
}

TEST_CASE("the question is a form in which nothing runs into anything else") {
  auto lease = asked_lease();
  lease.callback = "https://c.example/websub/";
  lease.token = "t";
  lease.secret = "s";
  CHECK(subscription_form(lease) ==
        "hub.callback=https%3A%2F%2Fc.example%2Fwebsub%2Ft&hub.mode=subscribe"
        "&hub.topic=https%3A%2F%2Fexample.org%2Ffeed%3Fa%3D1%26b%3D2&hub.lease_seconds=864000&hub.secret=s");
}

TEST_CASE("a delivery is the hub's when it is signed by any of the four methods") {
  // openssl dgst -sha1 -hmac secret, and so on
  const std::string_view body = "hello";
  CHECK(is_signed("sha1=5112055c05f944f85755efc5cd8970e194e9f45b", "secret", body));
  CHECK(is_signed("SHA256=88AAB3EDE8D3ADF94D26AB90D3BAFD4A2083070C3BCCE9C014EE04A443847C0B", "secret", body));
  for (const auto& [name, digest] :
       {std::pair("sha384=", Digest::sha384), std::pair("sha512=", Digest::sha512)})
    CHECK(is_signed(name + to_hex(hmac(digest, "secret", body)), "secret", body));
  const auto good = "sha256=" + to_hex(hmac_sha256("secret", body));
  CHECK_FALSE(is_signed(good, "other", body));
  CHECK_FALSE(is_signed(good, "secret", "hell"));
  CHECK_FALSE(is_signed(good.substr(0, good.size() - 2), "secret", body));
  for (const auto* text :
       {"", "sha256=", "sha256", "=", "md5=5d41402abc4b2a76b9719d911017c592", "sha1=88aab3"}) {
    CAPTURE(text);
    CHECK_FALSE(is_signed(text, "secret", body));
  }
  CHECK_FALSE(is_signed("sha256=" + to_hex(hmac_sha256("", body)), "", body));  // no secret, no trust
}

TEST_CASE("a lease outlives a restart and goes with its hub") {
  MigratedDatabase db;
  CHECK(load_lease(db, "wire") == HubLease{});
  auto lease = asked_lease();
  confirm_intent(lease, {"subscribe", topic, "1000"}, noon);
  store_lease(db, "wire", lease);
  CHECK(load_lease(db, "wire") == lease);
  discover_hub(lease, {});
  store_lease(db, "wire", lease);
  CHECK(load_lease(db, "wire") == HubLease{});
}
