// Relays and recipient domains in the configuration.
#include <catch2/catch.hpp>

#include "app/services.hpp"
#include "support/sample_config.hpp"

using namespace crier;
using namespace crier::test;
using namespace std::chrono_literals;

namespace {

// With these lines of channels.email, from line 5 on.
struct EmailSample : SampleConfig {
  explicit EmailSample(std::string_view lines) {
    write("base.yaml",
          "site: {name: S}\nchannels:\n  email:\n    from: news@example.org\n" + std::string(lines));
  }
};

}  // namespace

TEST_CASE("several relays, each with its own limits") {
  EmailSample sample(R"(
    relays:
      - {url: "smtp://one.example.org?starttls=off", weight: 3, connections: 20, messages_per_connection: 100, rate: 500/s}
      - url: smtps://two.example.org
        warm_up: {from: 2026-12-01, first_day: 100, done_at: 50000}
        time_per_connection: 90s
      - {url: "smtp://one.example.org:2525?starttls=off", weight: 0, timeout: 30s}
)");
  const auto config = sample.load();
  REQUIRE(sample.complaints().empty());
  const auto& relays = config.email->relays;
  REQUIRE(relays.size() == 3);
  CHECK(relays[0].weight == 3);
  CHECK(relays[0].connections == 20);
  CHECK(relays[0].messages_per_connection == 100);
  CHECK(relays[0].time_per_connection == Duration(10min));
  CHECK(relays[1].time_per_connection == Duration(90s));
  CHECK(relays[0].rate == 500.0);
  CHECK(relays[1].weight == 1);
  CHECK_FALSE(relays[1].rate);
  CHECK(relays[1].warm_up == WarmUp{std::chrono::sys_days(std::chrono::year(2026) / 12 / 1), 100, 50'000});
  CHECK(relays[2].weight == 0);
  CHECK(relays[2].timeout == Duration(30s));
  const auto names = relay_names(config);
  REQUIRE(names.size() == 3);
  CHECK(names.contains("one.example.org:25"));
  CHECK(names.contains("two.example.org"));
  CHECK_FALSE(names.at("two.example.org"));  // the others take its mail
}

TEST_CASE("one relay needs no list") {
  EmailSample sample("    relay: smtp://one.example.org\n    rate: 10/m\n");
  const auto config = sample.load();
  REQUIRE(sample.complaints().empty());
  REQUIRE(config.email->relays.size() == 1);
  CHECK(config.email->relays[0].rate == Approx(1.0 / 6));
  CHECK(relay_names(config).at("one.example.org") == ChannelKind::email);
}

TEST_CASE("recipient domains of one provider count together") {
  EmailSample sample(R"(    relay: "maildir:unused"
    domains:
      - {names: [Mail.example, post.example], rate: 20/s, at_once: 10}
      - {names: slow.example, at_once: 1}
)");
  const auto config = sample.load();
  REQUIRE(sample.complaints().empty());
  CHECK(config.email->domains == std::vector<DomainLimits>{{{"mail.example", "post.example"}, {20.0, 10}},
                                                           {{"slow.example"}, {{}, 1}}});
}

TEST_CASE("what is wrong with relays and domains is said at its place") {
  CHECK(EmailSample("    relay: smtp://amara@one.example.org\n").complaints() ==
        "base.yaml:5:12: a relay with a user needs password_file: FILE\n");
  const TempFolder folder;
  const auto password = folder.write("password", "secret\n");
  std::filesystem::permissions(password, std::filesystem::perms::owner_read);
  CHECK(EmailSample("    relay: smtp://one.example.org\n    password_file: " + password.string() + "\n")
            .complaints() == "base.yaml:6:20: a login needs a user, too: smtp://USER@HOST:PORT\n");
  CHECK(EmailSample("    relays: []\n").complaints() ==
        "base.yaml:5:13: relays needs at least one relay: {url: smtp://HOST:PORT}\n");
  CHECK(EmailSample("    relays:\n      - {url: \"maildir:x\"}\n").complaints() ==
        "base.yaml:6:15: a Maildir stands alone: relay: maildir:PATH\n");
  CHECK(EmailSample("    relay: smtp://one.example.org\n    rate: fast\n").complaints() ==
        "base.yaml:6:11: rate is a number of messages by time: 20/s, 300/m, 1000/h or 50000/d\n");
  CHECK(EmailSample("    relay: smtp://one.example.org\n    time_per_connection: 5ms\n").complaints() ==
        "base.yaml:6:26: time_per_connection must be 1s or more\n");
  CHECK(EmailSample("    relays:\n      - {url: smtp://a.example.org, wieght: 2}\n").complaints() ==
        "base.yaml:6:37: relay has no \"wieght\" (did you mean \"weight\"?)\n");
  CHECK(EmailSample("    relay: smtp://a.example.org\n    warm_up: {from: tomorrow}\n").complaints() ==
        "base.yaml:6:21: from is the first day, like 2026-12-01\n");
  CHECK(EmailSample("    relay: smtp://a.example.org\n    domains:\n      - {names: [a.example], rate: 1/s}\n"
                    "      - {names: [A.example]}\n")
            .complaints() ==
        "base.yaml:8:9: a limit needs rate or at_once\n"
        "base.yaml:8:18: a.example has limits already\n");
}
