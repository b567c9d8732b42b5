#include "channel/maildir_relay.hpp"

#include "base/crypto.hpp"
#include "base/encoding.hpp"
#include "base/files.hpp"
#include "base/workers.hpp"
#include "net/envelope.hpp"

namespace crier {
namespace {

constexpr unsigned private_mode = 0600;

// Blocking: on a worker.
Result<void> write_message(const std::filesystem::path& folder, const std::string& name,
                           const std::string& message) {
  std::error_code failed;
  for (const auto* part : {"tmp", "new", "cur"}) {
    std::filesystem::create_directories(folder / part, failed);
    if (failed) return Error{(folder / part).string() + ": cannot create: " + failed.message()};
  }
  // Two attempts at once must not share a temporary file.
  const auto temporary = folder / "tmp" / (name + "." + to_hex(random_bytes(6)));
  return write_file_through(temporary, folder / "new" / name, message, private_mode);
}

}  // namespace

std::string maildir_name(std::string_view message_id, std::string_view to) {
  return to_hex(sha256(std::string(message_id).append("\n").append(to))).substr(0, 32);
}

MaildirRelay::MaildirRelay(std::filesystem::path folder, Workers& workers, unsigned concurrency)
    : folder_(std::move(folder)), workers_(workers), concurrency_(concurrency) {}

boost::asio::awaitable<Outcome> MaildirRelay::deliver_one(const MailPieces& message) {
  Outcome outcome;
  // The rules of SMTP, so that the demo refuses what the real relay will refuse.
  if (const auto address = to_wire_address(message.to); !address) {
    outcome.kind = OutcomeKind::refused;
    outcome.reason = "address";
    outcome.reply = address.error().message;
    co_return outcome;
  }
  if (message.message_id.empty()) {  // all such messages would share one file
    outcome.kind = OutcomeKind::refused;
    outcome.reason = "no-message-id";
    outcome.blames_sender = true;
    co_return outcome;
  }
  const auto name = maildir_name(message.message_id, message.to);
  std::string bytes;
  for (const auto& piece : message.pieces) bytes += piece.bytes();
  const auto written = co_await workers_.run([&] { return write_message(folder_, name, bytes); });
  if (written) {
    outcome.kind = OutcomeKind::delivered;
    outcome.remote_id = name;
  } else {
    outcome.reason = "maildir";
    outcome.reply = written.error().message;
    outcome.blames_sender = true;  // a full or missing disk is ours
  }
  co_return outcome;
}

boost::asio::awaitable<std::vector<Outcome>> MaildirRelay::deliver(std::span<const MailPieces> messages) {
  std::vector<Outcome> outcomes;
  for (const auto& message : messages) outcomes.push_back(co_await deliver_one(message));
  co_return outcomes;
}

boost::asio::awaitable<void> MaildirRelay::stop() {
  co_return;
}

}  // namespace crier
