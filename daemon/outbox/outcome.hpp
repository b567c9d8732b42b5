// Outcome: what became of one attempt to deliver. Channels answer it; the courier decides what follows.
#pragma once

#include <optional>
#include <string>

#include "base/time.hpp"

namespace crier {

enum class OutcomeKind {
  delivered,    ///< the other side took responsibility
  retry_later,  ///< not now; nothing was taken
  refused,      ///< never, for this delivery
  ambiguous,    ///< it may have been taken: the connection was lost after everything was sent
};

struct Outcome {
  OutcomeKind kind = OutcomeKind::retry_later;
  std::string reason;  ///< short and countable: "smtp-5.1.1", "http-500", "timeout", "131026"
  std::string reply;   ///< what the other side said, at most 1 KiB, no secrets
  std::optional<Duration> retry_after;  ///< the other side's wish
  bool blames_sender = false;           ///< our account, template or token: the reader is not at fault
  /// Of retry_later: the service works, and answered about this reader or message; one that blames the sender
  /// may also be the reader's own policy.
  bool about_delivery = false;
  bool untried = false;        ///< of retry_later: there was no attempt, it is due after retry_after alone
  bool recalled = false;       ///< untried: it was called back before it was begun, and may be owed no more
  bool endpoint_gone = false;  ///< nothing is to be sent to this address any more
  std::string remote_id;       ///< the other side's name for it: queue id, wamid
};

}  // namespace crier
