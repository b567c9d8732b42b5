// Relay: where finished e-mail goes. Two kinds: a Maildir folder (the demo, tests) and an SMTP server.
// Called by the e-mail channel on the loop.
#pragma once

#include <string>

#include <boost/asio/awaitable.hpp>

#include "net/envelope.hpp"
#include "outbox/outcome.hpp"

namespace crier {

class Relay {
 public:
  virtual ~Relay() = default;

  /// One attempt to hand over one message. Every failure is an Outcome.
  virtual boost::asio::awaitable<Outcome> deliver(Envelope envelope, std::string message) = 0;

  /// Ends what is idle, politely. Call once, when no deliver() is running.
  virtual boost::asio::awaitable<void> stop() = 0;
};

}  // namespace crier
