// What a pause holds, and what an order may be about.
#include "outbox/pauses.hpp"

#include <catch2/catch.hpp>

#include "outbox/orders.hpp"

using namespace crier;
using namespace std::chrono_literals;

namespace {

const auto now = parse_rfc3339("2026-11-23T12:00:00Z").value();

Pause pause(std::string_view kind, std::string_view name, Duration lasts = 1h) {
  Pause out;
  out.target = parse_target(kind, name).value();
  out.until = now + lasts;
  if (kind == "channel") out.channel = parse_channel(name);
  if (kind == "relay") out.channel = ChannelKind::email;
  return out;
}

bool holds(const Pause& one, const Route& route) {
  return Pauses({one}).holding(route, now) != nullptr;
}

}  // namespace

TEST_CASE("a pause holds what it names and nothing else") {
  const Route mail{ChannelKind::email, Lane::digest, 17, "Amara@Example.ORG"};
  const Route hook{ChannelKind::webhook, Lane::alert, 18, "https://hooks.example.org:8443/in"};
  const Route chat{ChannelKind::whatsapp, Lane::alert, 19, "+2348012345678"};
  CHECK(holds(pause("domain", "example.org"), mail));
  CHECK(holds(pause("domain", "@EXAMPLE.org"), mail));
  CHECK_FALSE(holds(pause("domain", "ample.org"), mail));
  CHECK_FALSE(holds(pause("domain", "mail.example.org"), mail));
  CHECK(holds(pause("domain", "hooks.example.org"), hook));
  CHECK_FALSE(holds(pause("domain", "hooks.example.org"), chat));
  CHECK(holds(pause("lane", "digest"), mail));
  CHECK_FALSE(holds(pause("lane", "digest"), hook));
  CHECK(holds(pause("batch", "17"), mail));
  CHECK_FALSE(holds(pause("batch", "17"), hook));
  CHECK(holds(pause("channel", "whatsapp"), chat));
  CHECK_FALSE(holds(pause("channel", "whatsapp"), mail));
  CHECK(holds(pause("relay", "smtp.example.org"), mail));
  CHECK_FALSE(holds(pause("relay", "smtp.example.org"), hook));
}

TEST_CASE("of several pauses the one that ends last holds; none after its end") {
  const Pauses pauses(
      {pause("lane", "digest", 1h), pause("channel", "email", 3h), pause("lane", "alert", 9h)});
  const Route mail{ChannelKind::email, Lane::digest, 17, "amara@example.org"};
  CHECK(pauses.holding(mail, now)->reason() == "paused channel email");
  CHECK(pauses.holding(mail, now + 3h) == nullptr);
  CHECK(pauses.next_end() == now + 1h);
  CHECK(Pauses().holding(mail, now) == nullptr);
  CHECK_FALSE(Pauses().next_end().has_value());
}

TEST_CASE("what is held is looked at again when it expires, if that is sooner") {
  CHECK(held_until(pause("lane", "digest", 1h), now + 10h) == now + 1h);
  CHECK(held_until(pause("lane", "digest", 24h), now + 10h) == now + 10h);
}

TEST_CASE("a target that cannot be meant is refused with what there is") {
  CHECK(parse_target("lane", "alert").has_value());
  CHECK(parse_target("lane", "alerts").error().message ==
        "there is no lane \"alerts\" (did you mean \"alert\"?); there are kill, breaking, correction, alert, "
        "digest, replay");
  CHECK_FALSE(parse_target("lane", ""));
  CHECK_FALSE(parse_target("story", "s1"));
  CHECK_FALSE(parse_target("channel", "fax"));
  CHECK(to_string(parse_target("domain", "Example.ORG").value()) == "domain example.org");
}

TEST_CASE("every order says why") {
  Order order{Act::drop, parse_target("lane", "digest").value(), "", "ops", {}};
  CHECK(check_order(order).error().message.find("--why") != std::string::npos);
  order.why = "wrong template";
  CHECK(check_order(order).has_value());
  order.why = std::string(201, 'x');
  CHECK_FALSE(check_order(order).has_value());
  order = {Act::pause, parse_target("lane", "digest").value(), "a storm", "ops", 0h};
  CHECK_FALSE(check_order(order).has_value());
  order.lasts = 1h;
  CHECK(check_order(order).has_value());
}
