// MaildirRelay: writes each message as a file of a Maildir (https://cr.yp.to/proto/maildir.html), for the
// demo and for mail that a local program collects. Lives on the loop; files are written by the workers. A
// file in new/ is complete and synced. Its name comes from Message-ID and recipient: a repeated attempt
// replaces the file instead of adding one, as long as no reader has moved it to cur/.
#pragma once

#include <filesystem>
#include <string>
#include <string_view>

#include "channel/relay.hpp"

namespace crier {

class Workers;

class MaildirRelay final : public Relay {
 public:
  /// `folder` is the one that holds tmp/, new/ and cur/; they are created when missing. `workers` outlives
  /// this; so many messages at once are written by them.
  MaildirRelay(std::filesystem::path folder, Workers& workers, unsigned concurrency);

  boost::asio::awaitable<std::vector<Outcome>> deliver(std::span<const MailPieces> messages) override;
  unsigned concurrency() const override { return concurrency_; }
  boost::asio::awaitable<void> stop() override;

 private:
  boost::asio::awaitable<Outcome> deliver_one(const MailPieces& message);

  std::filesystem::path folder_;
  Workers& workers_;
  unsigned concurrency_;
};

/// The file name of a message in new/: 32 hex digits.
std::string maildir_name(std::string_view message_id, std::string_view to);

}  // namespace crier
