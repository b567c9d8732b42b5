// A million subscribers in little memory: what goes in comes out, whatever it looks like.
#include "audience/subscribers.hpp"

#include <limits>
#include <numeric>

#include <catch2/catch.hpp>

#include "audience/subscriber_book.hpp"
#include "audience/subscriber_numbers.hpp"
#include "match/query_parser.hpp"

using namespace crier;

namespace {

SubscriberDraft draft(std::string id, std::string name = {}, std::string email = {},
                      std::string whatsapp = {}, std::string webhook = {}) {
  SubscriberDraft out;
  out.id = std::move(id);
  out.name = std::move(name);
  out.addresses = {std::move(email), std::move(whatsapp), std::move(webhook)};
  return out;
}

void check_same(const Subscriber& subscriber, const SubscriberDraft& draft) {
  CAPTURE(draft.id);
  CHECK(subscriber.id() == draft.id);
  CHECK(subscriber.name() == draft.name);
  for (const auto channel : all_channels) {
    const auto& address = draft.addresses[static_cast<std::size_t>(channel)];
    CHECK(subscriber.address(channel) == address);
    CHECK(subscriber.is_on(channel) == !address.empty());
  }
  CHECK(subscriber.timezone() == draft.timezone);
  CHECK(subscriber.quiet_hours() == draft.quiet_hours);
  CHECK(subscriber.webhook_secrets() == draft.webhook_secrets);
}

}  // namespace

TEST_CASE("subscribers come out as they went in, whatever is empty, long or not English") {
  const auto ordinary = GENERATE(0, 5000);  // of so many the texts are written in code
  std::vector<SubscriberDraft> drafts{
      draft("amara", "Ámárà Ọ́kà́fọ̀", "amara@example.org", "+2348012345678", "https://hooks.example.org/a"),
      draft("only-an-id"),
      draft("", "nobody's id", "x@example.org"),
      draft("mail", "", "mail@example.org"),
      draft("phone", "", "", "+2348012345678"),
      draft("machine", "", "", "", "https://hooks.example.org/machine"),
      draft("名前", "山田 太郎", "yamada@例え.example.org"),
      draft(std::string("zero\0byte", 9), std::string(3, '\0')),
  };
  // Around what one byte can tell the length of.
  for (const std::size_t length : {254U, 255U, 256U, 257U, 65'535U, 65'536U, 70'000U}) {
    const auto size = std::to_string(length);
    drafts.push_back(draft("name" + size, std::string(length, 'n'), "a@example.org"));
    drafts.push_back(draft(std::string(length, 'i'), "after a long one", "b@example.org"));
    drafts.push_back(draft("url" + size, "", "", "", "https://" + std::string(length, 'u')));
    drafts.back().webhook_secrets = {"the key of " + size};
  }
  for (int i = 0; i < ordinary; ++i) {
    const auto number = std::to_string(i * 7919);
    drafts.push_back(draft("reader-" + number, i % 3 == 0 ? "Chidi Ọkáfọ̀" : "", number + "@example.org",
                           i % 5 == 0 ? "+23480" + number : "",
                           i % 100 == 0 ? "https://hooks.example.org/" + number : ""));
    if (i % 200 == 0) drafts.back().webhook_secrets = {"key of " + number};
    if (i % 7 == 0) drafts.back().timezone = "Africa/Lagos";
  }
  drafts[0].timezone = "Africa/Lagos";
  drafts[0].quiet_hours = parse_quiet_hours("22:00-06:30");
  drafts[1].timezone = "Asia/Kathmandu";
  drafts[2].quiet_hours = parse_quiet_hours("00:00-23:59");
  drafts[3].timezone = "Africa/Lagos";
  drafts[5].webhook_secrets = {std::string(24, '\xff'), std::string(255, '\0')};
  Subscribers subscribers;
  for (std::uint32_t i = 0; i < drafts.size(); ++i) CHECK(subscribers.add(drafts[i]) == i);
  const auto check_all = [&] {
    REQUIRE(subscribers.size() == drafts.size());
    for (const auto subscriber : subscribers) check_same(subscriber, drafts[subscriber.index()]);
    for (std::uint32_t i = 0; i < drafts.size(); ++i)
      if (!drafts[i].id.empty()) CHECK(subscribers.find(drafts[i].id)->index() == i);
    CHECK_FALSE(subscribers.find(""));
    CHECK_FALSE(subscribers.find("amar"));
  };
  check_all();
  subscribers.fit();
  check_all();
  auto moved = std::move(subscribers);
  subscribers = std::move(moved);
  check_all();
  drafts.push_back(draft("one more", "", "late@example.org", "", "https://hooks.example.org/late"));
  subscribers.add(drafts.back());
  for (const auto index : {5U, static_cast<std::uint32_t>(drafts.size() - 1)}) {
    subscribers.add_webhook_secret(index, "a late key");
    drafts[index].webhook_secrets.emplace_back("a late key");
  }
  check_all();
  subscribers.fit();
  check_all();
}

TEST_CASE("a hundred thousand subscribers are each found by id, before and after no more come") {
  constexpr std::uint32_t count = 100'000;
  const auto id_of = [](std::uint32_t i) { return "reader-" + std::to_string(i * 7919 % count); };
  Subscribers subscribers;
  for (std::uint32_t i = 0; i < count; ++i) {
    auto reader = draft(id_of(i), std::string(i % 300, 'n'), id_of(i) + "@example.org");
    reader.timezone = "Zone/" + std::to_string(i % 70'000);  // more than two bytes can tell apart
    subscribers.add(reader);
  }
  for (const bool fitted : {false, true}) {
    if (fitted) subscribers.fit();
    bool all_found = true;
    for (std::uint32_t i = 0; i < count; ++i) {
      const auto found = subscribers.find(id_of(i));
      all_found = all_found && found && found->index() == i && found->name().size() == i % 300 &&
                  found->address(ChannelKind::email) == id_of(i) + "@example.org" &&
                  found->timezone() == "Zone/" + std::to_string(i % 70'000);
    }
    CHECK(all_found);
    for (std::uint32_t i = count; i < count + 1000; ++i)
      CHECK_FALSE(subscribers.find("reader-" + std::to_string(i)));
  }
}

TEST_CASE("of subscribers with one id the first is found") {
  Subscribers subscribers;
  for (const auto* name : {"first", "second"}) subscribers.add(draft("same", name));
  CHECK(subscribers.find("same")->name() == "first");
  CHECK(subscribers[1].name() == "second");
}

TEST_CASE("webhook secrets come one after the other, to whom they belong") {
  Subscribers subscribers;
  for (const auto* id : {"a", "b", "c"}) {
    auto machine = draft(id, "", "", "", std::string("https://hooks.example.org/") + id);
    if (machine.id == "b") machine.webhook_secrets = {"b1"};
    subscribers.add(machine);
  }
  subscribers.add(draft("reader", "", "reader@example.org"));
  subscribers.add_webhook_secret(2, "c1");
  subscribers.add_webhook_secret(0, "a1");
  subscribers.add_webhook_secret(1, "b2");
  const auto keys = [&](std::uint32_t index) { return subscribers[index].webhook_secrets(); };
  CHECK(keys(0) == std::vector<std::string>{"a1"});
  CHECK(keys(1) == std::vector<std::string>{"b1", "b2"});
  CHECK(keys(2) == std::vector<std::string>{"c1"});
  CHECK(keys(3).empty());
  CHECK_THROWS_AS(subscribers.add_webhook_secret(3, "to nowhere"), std::invalid_argument);
  CHECK_THROWS_AS(subscribers.add_webhook_secret(0, std::string(256, 'k')), std::length_error);
}

TEST_CASE("numbers lead to their subscribers, in whatever order they were given") {
  const auto numbers = GENERATE(
      std::vector<std::uint32_t>{}, std::vector<std::uint32_t>{7}, std::vector<std::uint32_t>{1, 2, 3, 4, 5},
      std::vector<std::uint32_t>{40, 41, 42}, std::vector<std::uint32_t>{2, 3, 5, 9, 10, 900},
      std::vector<std::uint32_t>{1, 2, 1'000'000, 3, 4}, std::vector<std::uint32_t>{9, 8, 7, 1},
      std::vector<std::uint32_t>{std::numeric_limits<std::uint32_t>::max(), 0, 12});
  const SubscriberNumbers known(numbers);
  for (std::uint32_t i = 0; i < numbers.size(); ++i) {
    CHECK(known.of(i) == numbers[i]);
    CHECK(known.find(numbers[i]) == i);
    for (const auto other : {numbers[i] - 1, numbers[i] + 1})
      if (std::ranges::find(numbers, other) == numbers.end()) CHECK_FALSE(known.find(other));
  }
  if (std::ranges::find(numbers, 0U) == numbers.end()) CHECK_FALSE(known.find(0));
  CHECK_FALSE(known.find(123'456));
}

TEST_CASE("until numbers are given a book counts from one") {
  Subscribers subscribers;
  for (const auto* id : {"a", "b"}) subscribers.add(draft(id));
  const SubscriberBook book(std::move(subscribers), {});
  CHECK(book.number_of(0) == 1);
  CHECK(book.by_number(2)->id() == "b");
  CHECK_FALSE(book.by_number(0));
  CHECK_FALSE(book.by_number(3));
  CHECK_FALSE(SubscriberBook().by_number(1));
}

TEST_CASE("a book knows the editions of its subscriptions by name, and alerts by none") {
  Subscribers subscribers;
  for (const auto* id : {"a", "b"}) subscribers.add(draft(id));
  const SubscriberBook book(std::move(subscribers),
                            {{"ships",
                              "Ships",
                              read_query("ship", {}).value(),
                              {{1, 2, {ChannelKind::email}}, {0, 0, {ChannelKind::email}}}}},
                            {"dawn", "dusk"});
  const std::vector<Subscription> followers(book.rules()[0].followers.begin(),
                                            book.rules()[0].followers.end());
  REQUIRE(followers.size() == 2);
  CHECK(followers[0].is_alert());
  CHECK(book.editions()[followers[0].edition].empty());
  CHECK(followers[1].subscriber == 1);
  CHECK_FALSE(followers[1].is_alert());
  CHECK(book.editions()[followers[1].edition] == "dusk");
}
