// Channel: one way to reach a reader. It turns an Outgoing message into one attempt and answers what became
// of it; it never retries, that is the courier's. Runs on the loop.
#pragma once

#include <memory>
#include <span>
#include <string>
#include <vector>

#include <boost/asio/awaitable.hpp>

#include "audience/subscriber.hpp"
#include "base/time.hpp"
#include "outbox/outcome.hpp"
#include "render/content.hpp"
#include "story/story.hpp"

namespace crier {

class TemplateSet;

/// One message to one reader. The channel must not keep it beyond send().
struct Outgoing {
  std::string delivery_id;  ///< the same on every attempt; letters, digits and hyphens
  Time created;             ///< of the batch: the message's own date, equal on every attempt
  int attempt = 0;          ///< from 0
  Content content;
  Reader reader;
  const Subscriber* subscriber = nullptr;
  std::vector<const Story*> stories;  ///< in the order of content.items
  std::string edition;                ///< empty = an alert
  std::shared_ptr<const TemplateSet> templates;
};

class Channel {
 public:
  virtual ~Channel() = default;

  virtual ChannelKind kind() const = 0;
  /// False of what stands for a channel that the configuration does not have: nothing can be sent.
  virtual bool is_there() const { return true; }
  /// How many send() may be under way at once.
  virtual unsigned concurrency() const = 0;
  /// Whether the other side can tell a repeat by its id, so that it is safe to send again when in doubt.
  virtual bool recognises_repeats() const = 0;
  /// Whether everything goes through one service (a relay, an API), whose failures are everybody's.
  virtual bool has_one_service() const = 0;
  /// Waits between attempts; the last one goes on until the delivery expires.
  virtual std::span<const Duration> retry_steps() const = 0;

  virtual boost::asio::awaitable<Outcome> send(Outgoing message) = 0;
};

}  // namespace crier
