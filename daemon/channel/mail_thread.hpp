// MailThread: a thread that mail goes over the wire on, and the look-ups for it, which are of few names.
#pragma once

#include <atomic>

#include "base/io_thread.hpp"
#include "net/resolver.hpp"

namespace crier {

struct MailThread {
  MailThread() = default;
  ~MailThread() { thread.stop(); }
  MailThread(const MailThread&) = delete;
  MailThread& operator=(const MailThread&) = delete;

  /// An alert wakes the loop and the database, which are not to wait until a digest's mails are written.
  static constexpr int niceness = 5;
  IoThread thread{"crier mail", niceness};
  Resolver resolver{thread.executor(), {.threads = 1}};
  std::atomic<std::size_t> connections = 0;  ///< of all relays
};

}  // namespace crier
