// The e-mail channel: in which order mails reach the relay when there is more to sign than can leave.
#include "channel/email_channel.hpp"

#include <algorithm>
#include <memory>
#include <string>
#include <vector>

#include <boost/asio/io_context.hpp>
#include <catch2/catch.hpp>

#include "base/tasks.hpp"
#include "render/template.hpp"
#include "support/run_loop.hpp"
#include "support/sample_mail.hpp"
#include "support/worker_gate.hpp"

using namespace crier;
using namespace crier::test;

namespace {

namespace asio = boost::asio;

/// Takes everything, and keeps who was written to and whether it was signed.
class ListRelay final : public Relay {
 public:
  asio::awaitable<std::vector<Outcome>> deliver(std::span<const MailPieces> messages) override {
    for (const auto& message : messages) {
      recipients.emplace_back(message.to);
      are_signed = are_signed && message.pieces.front().bytes().starts_with("DKIM-Signature:");
    }
    Outcome outcome;
    outcome.kind = OutcomeKind::delivered;
    co_return std::vector<Outcome>(messages.size(), outcome);
  }
  unsigned handful() const override { return 32; }
  unsigned concurrency() const override { return 1; }
  asio::awaitable<void> stop() override { co_return; }

  std::vector<std::string> recipients;
  bool are_signed = true;
};

class Desk {
 public:
  Desk() {
    amara = readers_.add({.id = "amara", .addresses = {"amara@example.org"}});
    bruno = readers_.add({.id = "bruno", .addresses = {"bruno@example.org"}});
    channel.sign_with(std::make_shared<const DkimSigner>(
                          "example.org", DkimSigner::Identity{"s1", DkimKey::make(DkimAlgorithm::rsa_sha256)},
                          std::nullopt),
                      signers);
  }

  /// As the courier hands over a handful to one reader.
  void start(const std::shared_ptr<const Letter>& letter, std::uint32_t reader) {
    std::vector<Outgoing> messages;
    for (std::size_t i = 0; i < channel.handful(); ++i)
      messages.push_back({.letter = letter,
                          .delivery_id = "d1",
                          .subscriber = readers_[reader],
                          .address = readers_[reader].address(ChannelKind::email)});
    tasks.start("handful", send(std::move(messages)));
  }

  asio::io_context loop{1};
  Workers signers{1};
  ListRelay relay;
  EmailChannel channel{relay, {.address = "alerts@example.org", .name = "The Harbour Ledger"}};
  std::vector<std::string> failures;
  TaskGroup tasks{loop.get_executor(), [this](const std::string& task, const std::string& what) {
                    failures.push_back(task + ": " + what);
                  }};
  std::uint32_t amara = 0;
  std::uint32_t bruno = 0;

 private:
  asio::awaitable<void> send(std::vector<Outgoing> messages) { co_await channel.send(messages); }

  Subscribers readers_;
};

std::shared_ptr<const Letter> letter_of(std::string edition, Content content) {
  Diagnostics diagnostics;
  return std::make_shared<const Letter>(
      Letter{.created = Time(std::chrono::seconds(1'700'000'000)),
             .edition = std::move(edition),
             .content = std::move(content),
             .templates = TemplateSet::load(CRIER_SOURCE_DIR "/templates", diagnostics)});
}

}  // namespace

TEST_CASE("an alert is signed before the digests that wait for it, all of which are signed, too") {
  WorkerGate gate;
  Desk desk;
  const auto digest = letter_of("morning", testing::sample_digest());
  const auto alert = letter_of("", testing::sample_alert());
  constexpr std::size_t handfuls = 20;
  desk.tasks.start("held", gate.hold(desk.signers));
  desk.loop.poll();
  gate.wait_until_closed();
  for (std::size_t i = 0; i < handfuls; ++i) desk.start(digest, desk.bruno);
  desk.start(alert, desk.amara);
  desk.loop.poll();
  gate.open();
  run_loop(desk.loop, desk.tasks.join());
  CHECK(desk.failures.empty());
  const auto& recipients = desk.relay.recipients;
  REQUIRE(recipients.size() == (handfuls + 1) * desk.channel.handful());
  const auto alerts = std::ranges::subrange(
      recipients.begin(), recipients.begin() + static_cast<std::ptrdiff_t>(desk.channel.handful()));
  CHECK(std::ranges::count(alerts, "amara@example.org") == std::ranges::ssize(alerts));
  CHECK(desk.relay.are_signed);
}
