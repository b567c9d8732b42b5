// Relay: where finished e-mail goes. Two kinds: a Maildir folder (the demo, tests) and an SMTP server.
// Called by the e-mail channel on the loop.
#pragma once

#include <cstddef>
#include <limits>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include <boost/asio/awaitable.hpp>

#include "base/time.hpp"
#include "channel/relay_state.hpp"
#include "net/mail_pieces.hpp"
#include "outbox/outcome.hpp"

namespace crier {

class Relay {
 public:
  virtual ~Relay() = default;

  /// One attempt to hand over each of these messages. Every failure is an Outcome; by position.
  virtual boost::asio::awaitable<std::vector<Outcome>> deliver(std::span<const MailPieces> messages) = 0;
  /// How many messages a deliver() likes to be given, and how many of these calls may be under way at once,
  /// as far as is known now; of the latter there are never more than most_concurrency().
  virtual unsigned handful() const { return 1; }
  virtual unsigned concurrency() const = 0;
  virtual unsigned most_concurrency() const { return concurrency(); }

  static constexpr std::size_t no_limit = std::numeric_limits<std::size_t>::max();
  /// How many messages may be with it at `now`, those that are under way included; and when there may be
  /// more.
  virtual std::size_t allowance(Time) const { return no_limit; }
  virtual Time free_at(Time now) const { return now; }
  virtual std::vector<RelayState> states(Time) const { return {}; }
  /// nullopt where there are no connections.
  virtual std::optional<PoolState> pool() const { return std::nullopt; }
  /// From now on the relays of these names, and no others, are given nothing.
  virtual void hold(const std::vector<std::string>&) {}

  /// What was not begun is answered at once, as untried and recalled: it may not be wanted any more.
  virtual void recall() {}
  /// Nothing more is to be sent. What was not begun is answered at once as untried, and so is soon what the
  /// other side does not let go on; for its word about what it has as a whole it has `patience`.
  virtual void wind_up(Duration /*patience*/) {}
  /// Ends what is idle, politely. Call once, when no deliver() is running.
  virtual boost::asio::awaitable<void> stop() = 0;
};

}  // namespace crier
