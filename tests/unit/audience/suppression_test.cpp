// Who gets nothing, in memory and in the database, and when an endpoint that was gone is tried anew.
#include "audience/suppression.hpp"

#include <catch2/catch.hpp>

#include "support/migrated.hpp"

using namespace crier;
using namespace crier::test;

namespace {

const Time now{std::chrono::seconds(1'700'000'000)};

}  // namespace

TEST_CASE("an endpoint that was gone is lifted when nobody has it any more, and nothing else is") {
  MigratedDatabase db;
  SuppressionList::store(db, ChannelKind::webhook, "https://hooks.example.org/kept", endpoint_gone, now);
  SuppressionList::store(db, ChannelKind::webhook, "https://hooks.example.org/left", endpoint_gone, now);
  SuppressionList::store(db, ChannelKind::webhook, "https://hooks.example.org/asked", "unsubscribed", now);
  SuppressionList::store(db, ChannelKind::email, "Amara@Example.org", "complaint", now);
  auto list = SuppressionList::load(db);
  CHECK(list.find(ChannelKind::email, "amara@example.org") == "complaint");

  Subscribers subscribers;
  subscribers.add({.id = "one", .addresses = {"amara@example.org", "", "https://hooks.example.org/kept"}});
  const auto abandoned = without_reader(list.gone(), subscribers);
  REQUIRE(abandoned.size() == 1);
  CHECK(abandoned.front().address == "https://hooks.example.org/left");
  SuppressionList::erase_gone(db, abandoned);
  list.lift_gone(abandoned);
  for (const auto& each : {list, SuppressionList::load(db)}) {
    CHECK_FALSE(each.find(ChannelKind::webhook, "https://hooks.example.org/left"));
    CHECK(each.find(ChannelKind::webhook, "https://hooks.example.org/kept") == endpoint_gone);
    CHECK(each.find(ChannelKind::webhook, "https://hooks.example.org/asked") == "unsubscribed");
    CHECK(each.find(ChannelKind::email, "amara@example.org") == "complaint");
    CHECK_FALSE(each.find(ChannelKind::whatsapp, "amara@example.org"));
  }
}
