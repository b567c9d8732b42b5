// What the results of an SMTP connection mean: for a delivery, for the connection and for the pool. Pure.
#pragma once

#include "net/smtp_session.hpp"
#include "outbox/outcome.hpp"

namespace crier {

/// What a result means for the delivery: 4yz and lost connections are retried, a 5yz about the recipient is
/// refused, all that speaks of us is retried and blames the sender. A message refused after its recipient was
/// accepted blames the sender, too.
Outcome to_outcome(SmtpResult result);

/// "Too many messages sent", says OpenSMTPD after the hundredth of a connection, and keeps it open.
bool is_enough(const SmtpResult& result);

/// Servers end connections when they like: nothing was asked about this message, so it is no failure of it. A
/// server that is silent for too long may be so on the next connection.
bool was_hung_up_on(const SmtpResult& result);

/// The server has no room for another connection.
bool is_full(const SmtpResult& result);

}  // namespace crier
