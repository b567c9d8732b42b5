#include "channel/smtp_url.hpp"

#include <catch2/catch.hpp>

using namespace crier;

TEST_CASE("relay URLs say host, port, user and how TLS is meant") {
  const auto plain = parse_smtp_url("smtp://desk%40example.org@mail.example.org:587").value();
  REQUIRE(plain.host == "mail.example.org");
  REQUIRE(plain.port == 587);
  REQUIRE(plain.login.user == "desk@example.org");
  REQUIRE(plain.security == SmtpSecurity::starttls);
  REQUIRE_FALSE(plain.login.allow_in_clear);
  const auto implicit = parse_smtp_url("smtps://mail.example.org?auth=xoauth2").value();
  REQUIRE(implicit.port == 465);
  REQUIRE(implicit.security == SmtpSecurity::implicit);
  REQUIRE(implicit.login.xoauth2);
  const auto local = parse_smtp_url("smtp://[::1]:2525").value();
  REQUIRE(local.host == "::1");
  REQUIRE(local.security == SmtpSecurity::opportunistic);
  REQUIRE(local.login.allow_in_clear);
  REQUIRE(parse_smtp_url("smtp://mail.example.org/?starttls=off").value().security == SmtpSecurity::off);
  REQUIRE(local.mode == SmtpMode::automatic);
  REQUIRE(parse_smtp_url("smtp://mail.example.org?mode=lockstep").value().mode == SmtpMode::lockstep);
  for (const auto* wrong :
       {"", "mail.example.org", "http://mail.example.org", "smtp://", "smtp://a:pw@mail.example.org",
        "smtp://mail.example.org/path", "smtp://mail.example.org#x", "smtp://mail.example.org:0",
        "smtp://mail.example.org?starttls=maybe", "smtp://mail.example.org?tls=1",
        "smtps://mail.example.org?starttls=off", "smtp://a@mail.example.org?starttls=off",
        "smtp://a@mail.example.org?starttls=opportunistic", "smtp://mail.example.org?auth=ntlm",
        "smtp://mail.example.org?mode=fast"}) {
    CAPTURE(wrong);
    REQUIRE_FALSE(parse_smtp_url(wrong));
  }
}
