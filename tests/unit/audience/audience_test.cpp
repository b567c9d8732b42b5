// Subscribers, their addresses, and the list of addresses that get nothing.
#include <algorithm>
#include <set>

#include <catch2/catch.hpp>

#include "audience/subscriber_book.hpp"
#include "audience/suppression.hpp"
#include "db/sqlite.hpp"
#include "support/migrated.hpp"

using namespace crier;
using namespace crier::test;

namespace {

Subscribers people(std::initializer_list<const char*> ids) {
  Subscribers out;
  for (const auto* id : ids) {
    SubscriberDraft draft;
    draft.id = id;
    out.add(draft);
  }
  return out;
}

}  // namespace

TEST_CASE("addresses are compared without regard to spelling that does not matter") {
  CHECK(normalised_address(ChannelKind::email, "Amara@Example.ORG") == "amara@example.org");
  CHECK(normalised_address(ChannelKind::whatsapp, "+234 801 234-5678") == "2348012345678");
  CHECK(normalised_address(ChannelKind::webhook, "https://example.org/Hook") == "https://example.org/Hook");
}

TEST_CASE("channels are called as they are written") {
  for (const auto channel : all_channels) CHECK(parse_channel(to_string(channel)) == channel);
  for (const auto* bad : {"", "Email", "sms", "email "}) CHECK_FALSE(parse_channel(bad));
}

TEST_CASE("a suppressed address is found in every spelling, on its channel only") {
  SuppressionList list;
  list.add(ChannelKind::email, "amara@example.org", "unsubscribed");
  CHECK(list.find(ChannelKind::email, "AMARA@example.org") == "unsubscribed");
  CHECK_FALSE(list.find(ChannelKind::email, "bruno@example.org"));
  CHECK_FALSE(list.find(ChannelKind::webhook, "amara@example.org"));
  list.add(ChannelKind::email, "Amara@Example.org", "complaint");
  CHECK(list.find(ChannelKind::email, "amara@example.org") == "complaint");
  list.resubscribe(ChannelKind::email, "AMARA@EXAMPLE.ORG");
  CHECK(list.find(ChannelKind::email, "amara@example.org") == "complaint");
  list.add(ChannelKind::email, "amara@example.org", "unsubscribed");
  list.resubscribe(ChannelKind::email, "AMARA@EXAMPLE.ORG");
  CHECK_FALSE(list.find(ChannelKind::email, "amara@example.org"));
}

TEST_CASE("suppressions outlive a restart") {
  MigratedDatabase db;
  SuppressionList::store(db, ChannelKind::email, "Amara@example.org", "complaint", Time{});
  SuppressionList::store(db, ChannelKind::email, "amara@example.org", "unsubscribed", Time{});
  SuppressionList::store(db, ChannelKind::whatsapp, "+2348012345678", "unsubscribed", Time{});
  SuppressionList::store(db, ChannelKind::webhook, "https://example.org/a b'", "gone", Time{});
  SuppressionList::erase_unsubscription(db, ChannelKind::whatsapp, "+234 8012345678");
  const auto list = SuppressionList::load(db);
  CHECK(list.find(ChannelKind::email, "amara@EXAMPLE.org") == "unsubscribed");
  CHECK_FALSE(list.find(ChannelKind::whatsapp, "+2348012345678"));
  CHECK(list.find(ChannelKind::webhook, "https://example.org/a b'") == "gone");
}

TEST_CASE("a subscriber keeps their number for ever, and nobody inherits it") {
  MigratedDatabase db;
  const auto first = subscriber_numbers(db, {people({"amara", "bruno", "chen"}), {}});
  CHECK(first.size() == 3);
  CHECK(std::set<std::uint32_t>(first.begin(), first.end()).size() == 3);
  CHECK(subscriber_numbers(db, {people({"chen", "amara"}), {}}) ==
        std::vector<std::uint32_t>{first[2], first[0]});
  const auto later = subscriber_numbers(db, {people({"dora", "bruno"}), {}});
  CHECK(later[1] == first[1]);
  CHECK(std::ranges::find(first, later[0]) == first.end());
  db.execute("DELETE FROM subscriber_number");
  CHECK(subscriber_numbers(db, {people({"eve"}), {}}).front() > later[0]);
}

TEST_CASE("a fresh book takes over the numbers that the former one knows") {
  SubscriberBook former(people({"amara", "bruno"}), {});
  former.assign_numbers({700, 30});
  const SubscriberBook fresh(people({"chen", "bruno"}), {});
  std::vector<std::uint32_t> numbers;
  CHECK(take_numbers(former, fresh, numbers) == std::vector<std::uint32_t>{0});
  CHECK(numbers[1] == 30);
  const SubscriberBook longer(people({"bruno", "amara", "dora", "emre"}), {});
  CHECK(take_numbers(former, longer, numbers) == std::vector<std::uint32_t>{2, 3});
  CHECK(numbers[0] == 30);
  CHECK(numbers[1] == 700);
}

TEST_CASE("the book finds people by id and number, and forgets those who left") {
  SubscriberBook book(people({"amara", "bruno"}), {});
  CHECK(book.find("bruno")->id() == "bruno");
  CHECK_FALSE(book.find("nobody"));
  CHECK(book.by_number(book.number_of(0))->id() == "amara");
  book.assign_numbers({700, 30});
  CHECK(book.number_of(1) == 30);
  CHECK(book.by_number(700)->id() == "amara");
  CHECK_FALSE(book.by_number(1));
  CHECK_FALSE(book.by_number(31));
}
