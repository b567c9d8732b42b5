// Channel: one way to reach a reader. It makes one attempt of each Outgoing and answers what became of it; it
// never retries, that is the courier's. Runs on the loop.
#pragma once

#include <cstddef>
#include <limits>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include <boost/asio/awaitable.hpp>

#include "audience/subscribers.hpp"
#include "base/time.hpp"
#include "channel/relay_state.hpp"
#include "outbox/outcome.hpp"
#include "render/content.hpp"
#include "story/story.hpp"

namespace crier {

class TemplateSet;

/// What all readers of one zone, reason and choice of stories are sent alike.
struct Letter {
  Time created;         ///< of the batch: the message's own date, equal on every attempt
  std::string edition;  ///< empty = an alert
  Content content;
  std::string reason;                 ///< a whole clause: "You follow China and Russia"
  std::vector<const Story*> stories;  ///< in the order of content.items; they outlive the sending
  std::shared_ptr<const TemplateSet> templates;
};

/// A letter on its way to one reader.
struct Outgoing {
  std::shared_ptr<const Letter> letter;
  std::string delivery_id;  ///< the same on every attempt; letters, digits and hyphens
  int attempt = 0;          ///< from 0
  Subscriber subscriber;
  std::string name;             ///< the subscriber's
  std::string address;          ///< hers on the channel
  std::string unsubscribe_url;  ///< empty = there is none

  Reader reader() const { return {name, letter->reason, unsubscribe_url}; }
};

class Channel {
 public:
  virtual ~Channel() = default;

  virtual ChannelKind kind() const = 0;
  /// False of what stands for a channel that the configuration does not have: nothing can be sent.
  virtual bool is_there() const { return true; }
  /// How many send() may be under way at once, as far as is known now.
  virtual unsigned concurrency() const = 0;
  /// It is never above this.
  virtual unsigned most_concurrency() const { return concurrency(); }
  static constexpr std::size_t no_limit = std::numeric_limits<std::size_t>::max();
  /// How many messages may be with it at `now`, those that are under way included; and when there may be
  /// more.
  virtual std::size_t allowance(Time) const { return no_limit; }
  virtual Time free_at(Time now) const { return now; }
  /// How many messages one send() takes at most.
  virtual std::size_t handful() const { return 1; }
  /// Whether the other side can tell a repeat by its id, so that it is safe to send again when in doubt.
  virtual bool recognises_repeats() const = 0;
  /// Whether everything goes through one service (a relay, an API), whose failures are everybody's.
  virtual bool has_one_service() const = 0;
  /// Waits between attempts; the last one goes on until the delivery expires.
  virtual std::span<const Duration> retry_steps() const = 0;
  virtual std::vector<RelayState> relays(Time) const { return {}; }
  /// From now on its relays of these names, and no others, are given nothing.
  virtual void hold_relays(const std::vector<std::string>&) {}

  /// See Relay::recall(). For channels that recognise repeats: of no others is put back what was noted as
  /// sent.
  virtual void recall() {}
  /// Nothing more is to be sent: see Relay::wind_up().
  virtual void wind_up(Duration /*patience*/) {}

  /// A message like this one is about to be sent, with others of its letter: what they share may be made now.
  virtual void prepare(const Outgoing& /*message*/) {}
  /// What became of each, by position. Keeps nothing of them.
  virtual boost::asio::awaitable<std::vector<Outcome>> send(std::span<const Outgoing> messages) = 0;
};

}  // namespace crier
