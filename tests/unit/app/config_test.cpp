// The configuration as a whole: what a good one becomes, and how files are put together.
#include "app/config.hpp"

#include <algorithm>

#include <catch2/catch.hpp>

#include "match/rule_index.hpp"
#include "support/sample_config.hpp"
#include "text/analyzer.hpp"

using namespace crier;
using namespace crier::test;
using namespace std::chrono_literals;

namespace {

std::vector<std::string> matched_topics(const Config& config, std::string_view title) {
  Story story;
  story.id = "s1";
  story.title = title;
  story.section = "World";
  story.regions = {"East Asia"};
  story.language = "en";
  std::vector<std::string> out;
  for (const auto rule : config.newsroom.book->match(analyze(story)))
    out.push_back(config.newsroom.book->rules()[rule].topic);
  return out;
}

}  // namespace

TEST_CASE("the configuration that is shipped loads without a complaint") {
  Diagnostics diagnostics;
  const auto config = load_config(std::filesystem::path(CRIER_SOURCE_DIR) / "config", diagnostics);
  for (const auto& diagnostic : diagnostics.list()) UNSCOPED_INFO(to_string(diagnostic));
  REQUIRE(diagnostics.empty());
  CHECK(config.newsroom.site.name == "The Sample Courier");
  CHECK(config.newsroom.own_hosts == std::vector<std::string>{"courier.example.org"});
  CHECK(config.email);
  CHECK(config.whatsapp);
  CHECK(config.webhook);
  CHECK(config.newsroom.find_edition("lagos-morning") != nullptr);
  CHECK(config.newsroom.book->find("amara"));
  CHECK(config.newsroom.templates);
  CHECK_FALSE(config.tests.empty());
}

TEST_CASE("every value arrives where it belongs") {
  SampleConfig sample(R"(
public_url: https://u.example.org/
state: /var/lib/sample
story_topics: [politics]
regions: East Asia
sources:
  stories: {folder: in, url: "https://courier.example.org/{id}", backlog: note}
http:
  public: {listen: "0.0.0.0:80"}
  operator: {listen: "[::1]:8081"}
alerts: {expire_after: 90m, digest_expire_after: 2d, webhook_expire_after: 5h, catch_up: 1h, late_into: weekly}
editions:
  weekly: {title: The Week, at: "08:30", zone: Asia/Kathmandu, days: [mon, sun], max_items: 7}
topics:
  harbours: {title: Harbours, any: [harbour]}
subscribers:
  - id: amara
    name: Amara Sample
    email: amara@example.org
    whatsapp: "+2348012345678"
    webhook: https://hooks.example.org/amara
    timezone: Africa/Lagos
    quiet_hours: 22:00-06:30
    follow:
      - {topic: harbours}
      - {topic: harbours, deliver: weekly, by: [whatsapp, whatsapp]}
      - {match: {any: [chips], none: [sport]}, by: email}
tests:
  - {story: s.txt, at: 2026-11-23T12:00:00Z, expect: {amara: [alert email, weekly whatsapp at 2026-11-30T02:45:00Z]}}
)");
  const auto config = sample.load();
  CHECK(sample.complaints().empty());
  const auto& newsroom = config.newsroom;
  CHECK(newsroom.public_url == "https://u.example.org");
  CHECK(newsroom.site.zone.name() == "Africa/Lagos");
  CHECK(config.state == "/var/lib/sample");
  CHECK(config.vocabulary.regions == std::vector<std::string>{"East Asia"});
  REQUIRE(config.folders.size() == 1);
  CHECK_FALSE(config.folders[0].send_backlog);
  CHECK(config.public_listener->listen.port == 80);
  CHECK(config.operator_listener->host == "::1");
  CHECK(newsroom.alert_expiry == 90min);
  CHECK(newsroom.digest_expiry == 48h);
  CHECK(newsroom.webhook_expiry == 5h);
  CHECK(newsroom.late_edition == "weekly");
  CHECK(newsroom.catch_up == 1h);
  const auto* edition = newsroom.find_edition("weekly");
  REQUIRE(edition != nullptr);
  CHECK(edition->recurrence.hour == 8);
  CHECK(edition->recurrence.minute == 30);
  CHECK(edition->recurrence.days == 0b1000001);
  CHECK(edition->max_items == 7);
  const auto& book = *newsroom.book;
  REQUIRE(book.rules().size() == 2);
  const std::vector<Subscription> followers(book.rules()[0].followers.begin(),
                                            book.rules()[0].followers.end());
  REQUIRE(followers.size() == 2);
  CHECK(followers[0].is_alert());
  CHECK(followers[0].channels ==
        ChannelSet{ChannelKind::email, ChannelKind::whatsapp, ChannelKind::webhook});  // all that she has
  CHECK(book.editions()[followers[1].edition] == "weekly");
  CHECK(followers[1].channels == ChannelSet{ChannelKind::whatsapp});
  CHECK(book.rules()[1].topic.empty());
  CHECK((*book.rules()[1].followers.begin()).channels == ChannelSet{ChannelKind::email});
  CHECK(book.find("amara")->quiet_hours()->end_minute == 390);
  REQUIRE(config.tests.size() == 1);
  const auto& expected = config.tests[0].expect.at("amara");
  REQUIRE(expected.size() == 2);
  CHECK(to_string(expected[0]) == "alert email");
  CHECK(to_string(expected[1]) == "weekly whatsapp at 2026-11-30T02:45:00Z");
}

TEST_CASE("more editions than can be numbered are a mistake at its place") {
  std::string yaml = "editions:\n";
  for (int i = 0; i < 65'535; ++i) yaml += "  e" + std::to_string(i) + ": {at: \"07:00\", zone: UTC}\n";
  SampleConfig sample(yaml);
  CHECK(sample.complaints() ==
        "rules.yaml:65536:3: there are 65535 editions; 65534 are the most that can be\n");
}

TEST_CASE("rules in YAML mean what they say") {
  SampleConfig sample(R"(
topics:
  both: {any: [harbour, ship], all: [{region: East Asia}]}
  elsewhere: {any: [harbour], all: [{region: Europe}]}
  without: {any: [harbour], none: [ferry]}
  two: {at_least: 2, of: [harbour, ferry, storm]}
  titled: {any: [{title: harbour}]}
  nested: {any: [{all: [harbour, {any: [ferry, train]}]}]}
)");
  const auto config = sample.load();
  CHECK(sample.complaints().empty());
  CHECK(matched_topics(config, "The harbour reopens") ==
        std::vector<std::string>{"both", "without", "titled"});
  CHECK(matched_topics(config, "The harbour ferry") ==
        std::vector<std::string>{"both", "two", "titled", "nested"});
  CHECK(matched_topics(config, "Weather").empty());
}

TEST_CASE("sections add up over files and folders; hidden and other files are left alone") {
  SampleConfig sample("topics: {a: {any: [harbour]}}\n");
  sample.write("more/b.yml",
               "topics: {b: {any: [bridge]}}\nsubscribers: [{id: x, email: x@example.org, follow: [{topic: "
               "a}, {topic: b}]}]\n");
  sample.write("more/deeper/c.yaml", "editions: {dawn: {at: \"05:00\", zone: UTC}}\n");
  sample.write("empty.yaml", "");
  sample.write("comment.yaml", "# nothing yet\n");
  sample.write(".hidden.yaml", "nonsense");
  sample.write(".git/config.yaml", "nonsense");
  sample.write("backup.yaml~", "nonsense");
  sample.write("notes.txt", "nonsense");
  const auto config = sample.load();
  CHECK(sample.complaints().empty());
  CHECK(config.newsroom.book->rules().size() == 2);
  CHECK(config.newsroom.editions.size() == 1);
}

TEST_CASE("one file alone may be the configuration") {
  SampleConfig sample;
  Diagnostics diagnostics;
  CHECK(load_config(sample.path() / "base.yaml", diagnostics).newsroom.site.name == "The Sample Courier");
  CHECK(diagnostics.empty());
}

TEST_CASE("a file of rules can be a change of the configuration") {
  SampleConfig sample(
      "topics: {a: {any: [harbour]}, b: {any: [port]}}\neditions: {dawn: {at: \"05:00\", zone: UTC}}\n"
      "subscribers: [{id: x, email: x@example.org, follow: [{topic: a, deliver: dawn}, {topic: b}]}]\n"
      "tests: [{story: s.txt, expect: {x: [dawn email]}}]\n");
  TempFolder other;
  const auto changed_by = [&](std::string_view rules) {
    sample.diagnostics = {};
    auto config =
        load_config(sample.path(), sample.diagnostics,
                    {.rules_file = other.write("change.yaml", rules), .rules_are = RulesFile::is_change});
    CHECK(sample.diagnostics.empty());
    return config;
  };
  SECTION("without subscribers its topics and editions are laid over the others") {
    const auto config = changed_by(
        "topics: {a: {any: [bridge]}, c: {any: [quay]}}\neditions: {dawn: {at: \"06:00\", zone: UTC}}\n");
    CHECK(config.newsroom.book->find("x"));
    CHECK(matched_topics(config, "A bridge, a port and a quay") == std::vector<std::string>{"a", "b", "c"});
    CHECK(matched_topics(config, "A harbour").empty());
    CHECK(config.newsroom.find_edition("dawn")->recurrence.hour == 6);
    CHECK(config.tests.empty());
  }
  SECTION("with subscribers it replaces all but the editions it does not name") {
    const auto config = changed_by(
        "topics: {c: {any: [quay]}}\n"
        "subscribers: [{id: y, email: y@example.org, follow: [{topic: c, deliver: dawn}]}]\n");
    CHECK_FALSE(config.newsroom.book->find("x"));
    CHECK(config.newsroom.book->find("y"));
    CHECK(matched_topics(config, "A harbour, a port and a quay") == std::vector<std::string>{"c"});
  }
}

TEST_CASE("a file of rules takes the place of the configuration's own") {
  SampleConfig sample(
      "topics: {a: {any: [harbour]}}\neditions: {dawn: {at: \"05:00\", zone: UTC}}\n"
      "subscribers: [{id: x, email: x@example.org, follow: [{topic: a, deliver: dawn}]}]\n"
      "tests: [{story: s.txt, expect: {x: [dawn email]}}]\n");
  TempFolder other;
  const auto rules = other.write(
      "rules.yaml",
      "topics: {a: {any: [bridge]}}\nsubscribers: [{id: y, email: y@example.org, follow: [{topic: a}]}]\n");
  const auto config = sample.load(rules);
  CHECK(sample.complaints(rules).empty());
  CHECK(config.newsroom.site.name == "The Sample Courier");
  CHECK_FALSE(config.newsroom.book->find("x"));
  CHECK(config.newsroom.book->find("y"));
  CHECK(config.newsroom.editions.empty());
  CHECK(config.tests.empty());
  CHECK(matched_topics(config, "A bridge") == std::vector<std::string>{"a"});
  CHECK(matched_topics(config, "A harbour").empty());

  SECTION("it may not set anything else") {
    CHECK(sample.complaints(other.write("more.yaml", "site: {name: Other}\n")) ==
          "more.yaml:1:1: the rules has no \"site\"\n");
  }
  SECTION("when it is broken or not there, that is said") {
    CHECK(sample.complaints(other.write("broken.yaml", "topics: [")).starts_with("broken.yaml:1:"));
    CHECK(sample.complaints(other.path() / "absent.yaml").find("absent.yaml: cannot open") !=
          std::string::npos);
  }
  SECTION("also without a configuration") {
    Diagnostics diagnostics;
    load_config(other.path() / "nowhere", diagnostics, {.rules_file = other.path() / "nothing.yaml"});
    CHECK(diagnostics.list().size() == 2);
  }
}

TEST_CASE("a configuration that is not there, empty or no text is said to be so") {
  TempFolder folder;
  const auto complaint = [](const std::filesystem::path& path) {
    Diagnostics diagnostics;
    load_config(path, diagnostics);
    REQUIRE(diagnostics.list().size() == 1);
    return diagnostics.list().front().message;
  };
  CHECK(complaint(folder.write("a/nul.yaml", std::string_view("site: \0", 7))).find("UTF-8") !=
        std::string::npos);
  CHECK(complaint(folder.write("a/no-site.yaml", "state: var\n")).find("no \"site:\" section") !=
        std::string::npos);
  CHECK(complaint(folder.write("a/open.yaml", "site: {name: \"S}\n")) == "this quote is never closed");
  Diagnostics diagnostics;
  load_config(folder.path() / "absent", diagnostics);
  CHECK(diagnostics.list().front().message.find("no such file or folder") != std::string::npos);
  diagnostics = {};
  load_config(folder.write("list.yaml", "- a\n"), diagnostics);
  CHECK(std::ranges::any_of(diagnostics.list(), [](const Diagnostic& one) {
    return one.message == "the configuration must be a mapping (key: value)";
  }));
}

TEST_CASE("a broken query in YAML is pointed at in the file, whatever its style") {
  SampleConfig sample(
      "topics:\n"
      "  plain: {any: [a AND OR b]}\n"
      "  double: {any: [\"a AND OR b\"]}\n"
      "  single: {any: ['a AND OR b']}\n"
      "  escaped: {any: [\"\\u00e9 AND OR b\"]}\n"
      "  folded:\n"
      "    any:\n"
      "      - a AND\n"
      "        OR b\n"
      "  field: {any: [{region: '!!'}]}\n");
  const auto complaints = sample.complaints();
  CHECK(complaints.find("rules.yaml:2:23: OR needs") != std::string::npos);
  CHECK(complaints.find("rules.yaml:3:25: OR needs") != std::string::npos);
  CHECK(complaints.find("rules.yaml:4:25: OR needs") != std::string::npos);
  CHECK(complaints.find("rules.yaml:5:31: OR needs") != std::string::npos);
  CHECK(complaints.find("rules.yaml:9:9: OR needs") != std::string::npos);
  CHECK(complaints.find("rules.yaml:10:27: this value has neither letters nor digits") != std::string::npos);
  CHECK(std::ranges::count(complaints, '\n') == 6);
}

TEST_CASE("a webhook at a private address is a mistake unless the channel allows it") {
  SampleConfig sample(
      "topics: {a: {any: [x]}}\nsubscribers: [{id: m, webhook: \"https://10.1.2.3/\", follow: "
      "[{topic: a}]}]\n");
  CHECK(sample.complaints().starts_with("rules.yaml:2:32: webhook "));
  CHECK(sample.complaints().find("10.1.2.3") != std::string::npos);
  sample.write("base.yaml", "site: {name: S}\nchannels: {webhook: {allow: [10.0.0.0/8]}}\n");
  CHECK(sample.complaints().empty());
}

TEST_CASE("the WhatsApp token leaves this machine over https only") {
  SampleConfig sample("topics: {a: {any: [x]}}\n");
  const auto is_refused = [&](const std::string& base_url) {
    sample.write("base.yaml", "site: {name: S}\nchannels: {whatsapp: {base_url: \"" + base_url +
                                  "\", phone_number_id: \"1\", template: t}}\n");
    return sample.complaints().find("base_url must be https") != std::string::npos;
  };
  for (const auto* good :
       {"https://graph.example.org", "http://127.0.0.1:8090", "http://localhost:1", "http://[::1]:80"}) {
    CAPTURE(good);
    CHECK_FALSE(is_refused(good));
  }
  for (const auto* bad :
       {"http://graph.example.org", "http://127.evil.example.org", "http://127.0.0.1.example.org"}) {
    CAPTURE(bad);
    CHECK(is_refused(bad));
  }
}

TEST_CASE("plain http for a webhook is allowed only where the channel allows it") {
  constexpr std::string_view reader =
      "topics: {a: {any: [x]}}\nsubscribers: [{id: m, webhook: \"http://hooks.example.org/\", follow: "
      "[{topic: a}]}]\n";
  SampleConfig sample(reader);
  CHECK(sample.complaints() == "rules.yaml:2:32: webhook URL: plain http is not allowed here; use https\n");
  sample.write("base.yaml", "site: {name: S}\nchannels: {webhook: {allow_http: true}}\n");
  CHECK(sample.complaints().empty());
}

TEST_CASE("what a running daemon cannot take over is named") {
  SampleConfig sample;
  const auto before = sample.load();
  CHECK(settings_that_need_restart(before, sample.load()).empty());
  sample.write("base.yaml", R"(
site: {name: Another name}
channels:
  email: {relay: "maildir:elsewhere", from: alerts@courier.example.org}
http: {public: {listen: "127.0.0.1:0"}}
sources: {stories: {folder: in}}
)");
  CHECK(settings_that_need_restart(before, sample.load()) ==
        std::vector<std::string>{"sources", "channels.email", "channels.whatsapp", "channels.webhook",
                                 "http.public"});
}

TEST_CASE("trusted proxies are addresses or networks, and have a cap of their own") {
  SampleConfig sample;
  sample.write("http.yaml", R"(
http:
  public:
    listen: "127.0.0.1:0"
    connections_per_address: 10
    trusted_proxies: [127.0.0.1, "2001:db8::/32"]
    connections_per_proxy: 500
)");
  const auto config = sample.load();
  CHECK(sample.diagnostics.empty());
  REQUIRE(config.public_listener->trusted_proxies.size() == 2);
  CHECK(config.public_listener->trusted_proxies[1].contains(parse_ip_address("2001:db8::7").value()));
  CHECK(config.public_listener->connections_per_address == 10);
  CHECK(config.public_listener->connections_per_proxy == 500);
  sample.write("http.yaml", R"(
http: {public: {listen: "127.0.0.1:0", trusted_proxies: [proxy.example.org, 10.0.0.0/33], connections_per_proxy: 0}}
)");
  CHECK(sample.complaints() ==
        "http.yaml:2:58: trusted_proxies: \"proxy.example.org\" is neither an address nor a network such as "
        "10.1.0.0/16\n"
        "http.yaml:2:77: trusted_proxies: \"10.0.0.0/33\" is neither an address nor a network such as "
        "10.1.0.0/16\n"
        "http.yaml:2:114: connections_per_proxy must be a whole number from 1 to 1000\n");
}

TEST_CASE("what is wrong is quoted, whatever of the file and of others was read before") {
  SampleConfig sample("topics: {t: {any: [harbour]}}");
  sample.write("s1.yaml",
               "subscribers:\n  - id: amara\n    email: a@example.org\n  - id: bruno\n    email: nowhere\n");
  sample.write("s2.yaml",
               "subscribers:\n  - id: chen\n    email: c@example.org\n"
               "tests:\n  - {story: none.txt, expect: {dora: [alert email]}}\n");
  sample.write("s3.yaml", "subscribers:\n  - email: b@example.org\n    id: bruno\n");
  const auto complaints = sample.complaints();
  CHECK(complaints.find("s1.yaml:5:12: email must be like amara@example.org") != std::string::npos);
  CHECK(complaints.find("s2.yaml:5:32: there is no subscriber \"dora\"") != std::string::npos);
  CHECK(complaints.find("s3.yaml:3:9: there are two subscribers \"bruno\"; the other is at ") !=
        std::string::npos);
  CHECK(complaints.find("s1.yaml:4") != std::string::npos);
  CHECK(sample.diagnostics.list().size() >= 3);
  for (const auto& diagnostic : sample.diagnostics.list())
    if (diagnostic.place.line > 0) CHECK_FALSE(diagnostic.excerpt.empty());
}

TEST_CASE("hostile subscriber files are refused, not unfolded") {
  for (const std::string text : {
           "subscribers: &a [*a]\n",
           "a: &a [x, x]\nb: &b [*a, *a]\nc: &c [*b, *b]\nsubscribers: [*c]\n",
           "subscribers: !!binary aGk=\n",
           "subscribers: [{<<: {id: x}}]\n",
           "subscribers: {id: {id: {id: x}}}\n",
           "subscribers: [[[[[x]]]]]\n",
           "subscribers: 7\ntopics: 7\neditions: 7\ntests: 7\n",
           "subscribers: [~, '', 7, [], {}]\ntopics: {a: ~, b: 7, c: [], d: {}}\neditions: {a: ~, b: 7, c: "
           "[], d: {}}\ntests: [~, 7, [], {}]\n",
           "topics: {a: {any: [{any: [{any: [{}]}]}], at_least: 99999999999999999999, of: 7, title: {}, "
           "region: {}}}\n",
           "subscribers: [{id: {}, email: [], whatsapp: {}, webhook: [], timezone: {}, quiet_hours: [], "
           "follow: {}}]\n",
       }) {
    SampleConfig sample(text);
    INFO(text);
    CHECK_FALSE(sample.complaints().empty());
  }
  // An id may hold anything printable, but nothing that could break a line of the log.
  SampleConfig sample("subscribers: [{id: \"a\\nb\", email: x@example.org}]\n");
  CHECK(sample.complaints() == "rules.yaml:1:20: id must be one line, without control characters\n");
}

TEST_CASE("a feed is a source with a URL, and what may be said about it") {
  SampleConfig sample(R"(
sources:
  wire: {feed: "https://wire.example.org/rss?key=1"}
  own: {feed: "http://10.1.2.3:8080/feed", allow: [10.1.2.3], every: 5s, backlog: send, expect: 6h}
  inside: {feed: "http://cms.example.org:8080/feed", allow: [10.0.0.0/8]}
)");
  const auto config = sample.load();
  CHECK(sample.complaints().empty());
  REQUIRE(config.feeds.size() == 3);
  CHECK(config.feeds[0].url == "https://wire.example.org/rss?key=1");
  CHECK_FALSE(config.feeds[0].send_backlog);
  CHECK_FALSE(config.feeds[0].every);
  const auto& own = config.feeds[1];
  CHECK(own.every == 5s);
  CHECK(own.send_backlog);
  CHECK(own.expect == 6h);
}

TEST_CASE("mistakes about feeds are named with their places, and never with the URL") {
  SampleConfig sample(R"(
sources:
  one: {feed: example.org/rss}
  two: {feed: "https://user:secret@example.org/rss"}
  three: {feed: "http://127.0.0.1/rss"}
  four: {feed: "https://example.org/rss", folder: in}
  five: {feed: "https://example.org/rss", every: 100ms, evry: 5m}
  six: {feed: "https://example.org:8080/rss"}
  seven: {feed: "https://example.org:99999/rss"}
  wire:b: {feed: "https://example.org/rss"}
)");
  sample.write("more.yaml",
               "sources: {two: {folder: in}, eight: {feed: \"https://a.example\", allow: [not a host]}}\n");
  const auto others = sample.complaints();
  CAPTURE(others);
  CHECK(others.find("secret") == std::string::npos);
  for (const auto* part :
       {"more.yaml:1:72: \"not a host\" is neither a host name",
        "rules.yaml:3:15: feed URL: not an absolute URL", "rules.yaml:4:3: there are two sources \"two\"",
        "rules.yaml:10:3: a source may not be called \"wire:b\"",
        "rules.yaml:5:17: feed 127.0.0.1 is not a public address",
        "rules.yaml:6:9: a source is one of folder:, feed: and opml:",
        "rules.yaml:7:50: every must be a second",
        "rules.yaml:7:57: source five has no \"evry\" (did you mean \"every\"?)",
        "rules.yaml:8:15: feed example.org: port 8080 is not allowed",
        "rules.yaml:9:17: feed URL: the port is not a number from 1 to 65535"})
    CHECK(others.find(part) != std::string::npos);
}

TEST_CASE("a feed reader's list is as many sources, without the entries that cannot be asked") {
  SampleConfig sample;
  const auto list =
      sample.write("feeds.opml",
                   "<opml><body><outline text='Harbour' xmlUrl='https://harbour.example/rss'/>\n"
                   "<outline text='Router' xmlUrl='http://192.168.0.1/rss'/>\n"
                   "<outline text='Ferry' xmlUrl='https://ferry.example/'/></body></opml>\n");
  sample.write("rules.yaml", "sources: {desk: {opml: \"" + list.string() + "\", every: 2h, expect: 2d}}\n");
  const auto config = sample.load();
  CHECK(sample.complaints().empty());
  CHECK(config.sources() == std::vector<std::string>{"desk-harbour", "desk-ferry"});
  CHECK(config.feeds[1].url == "https://ferry.example/");
  CHECK(config.feeds[1].every == 2h);
  CHECK(config.feeds[1].expect == 48h);
  REQUIRE(config.warnings.size() == 1);
  CHECK(config.warnings[0].place.line == 2);
  CHECK(config.warnings[0].message.find("not a public address") != std::string::npos);

  sample.write("rules.yaml", "sources: {desk: {opml: /nonexistent/feeds.opml}}\n");
  CHECK(sample.complaints().find("rules.yaml:1:24: opml: ") != std::string::npos);
}
