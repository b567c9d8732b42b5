#include "channel/maildir_relay.hpp"

#include <fstream>

#include <catch2/catch.hpp>

#include "base/files.hpp"
#include "base/workers.hpp"
#include "net/envelope.hpp"
#include "support/run_loop.hpp"
#include "support/temp_folder.hpp"

using namespace crier;
using namespace crier::test;

namespace {

std::size_t count_files(const std::filesystem::path& folder) {
  return static_cast<std::size_t>(
      std::distance(std::filesystem::directory_iterator(folder), std::filesystem::directory_iterator()));
}

struct Bench {
  Outcome deliver(const Envelope& envelope, const std::string& message) {
    const WireText text(message);
    const MailPieces pieces{envelope.from, envelope.to, envelope.message_id, {&text, 1}};
    return run_loop(loop, relay.deliver({&pieces, 1})).front();
  }

  TempFolder folder;
  boost::asio::io_context loop;
  Workers workers{1};
  MaildirRelay relay{folder.path() / "mail", workers, 8};
};

}  // namespace

TEST_CASE("a message becomes a complete file in new/, and a repeated attempt replaces it") {
  Bench bench;
  const Envelope envelope{"news@example.org", "amara@example.net", "<../../1@example.org>"};
  const auto first = bench.deliver(envelope, "one");
  REQUIRE(first.kind == OutcomeKind::delivered);
  REQUIRE(bench.deliver(envelope, "two").kind == OutcomeKind::delivered);
  const auto mail = bench.folder.path() / "mail";
  REQUIRE(count_files(mail / "new") == 1);
  REQUIRE(count_files(mail / "tmp") == 0);
  REQUIRE(std::filesystem::is_directory(mail / "cur"));
  REQUIRE(read_file(mail / "new" / first.remote_id, 100).value() == "two");
}

TEST_CASE("other messages and other recipients get files of their own") {
  Bench bench;
  bench.deliver({"news@example.org", "amara@example.net", "<1@example.org>"}, "x");
  bench.deliver({"news@example.org", "amara@example.net", "<2@example.org>"}, "x");
  bench.deliver({"news@example.org", "bela@example.net", "<1@example.org>"}, "x");
  REQUIRE(count_files(bench.folder.path() / "mail" / "new") == 3);
}

TEST_CASE("what SMTP would refuse is refused here, and a bad folder is the operator's matter") {
  Bench bench;
  const auto refused = bench.deliver({"news@example.org", "not an address", "<1@example.org>"}, "x");
  REQUIRE(refused.kind == OutcomeKind::refused);
  REQUIRE_FALSE(refused.blames_sender);
  const auto nameless = bench.deliver({"news@example.org", "amara@example.net", ""}, "x");
  REQUIRE(nameless.kind == OutcomeKind::refused);
  REQUIRE(nameless.blames_sender);
  std::ofstream(bench.folder.path() / "mail") << "a file where the folder should be";
  const auto failed = bench.deliver({"news@example.org", "amara@example.net", "<1@example.org>"}, "x");
  REQUIRE(failed.kind == OutcomeKind::retry_later);
  REQUIRE(failed.blames_sender);
  REQUIRE(failed.reason == "maildir");
}
