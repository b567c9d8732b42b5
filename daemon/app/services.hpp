// Services: the outgoing side of the daemon, made from the configuration: HTTP client, relay and channels.
#pragma once

#include <map>
#include <memory>
#include <string>
#include <vector>

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/awaitable.hpp>

#include "app/config.hpp"
#include "base/result.hpp"

namespace crier {

class Channel;
class Clock;
class HttpClient;
class RelayGroup;
class Workers;

/// The name that operators know a relay by: the host of an SMTP relay, with its port where `all` has several
/// on it, or "maildir".
std::string relay_name(const RelayConfig& relay, const std::vector<RelayConfig>& all);

/// The relays of the configuration by their names, and the channel that each is all of.
std::map<std::string, std::optional<ChannelKind>> relay_names(const Config& config);

class Services {
 public:
  /// Makes a channel for each section under `channels:`, and a MissingChannel for each that is not there.
  /// `workers` and `clock` outlive it.
  static Result<std::unique_ptr<Services>> make(const boost::asio::any_io_executor& loop, Workers& workers,
                                                Clock& clock, const Config& config);
  ~Services();

  std::vector<Channel*> channels() const;
  /// nullptr without e-mail.
  RelayGroup* relays() const;
  /// What fetches a feed of the configuration.
  HttpClient& client_of(const FeedConfig& feed);
  /// Takes over what it can of a fresh configuration: how mails are signed, unless their sender is another,
  /// who waits for a restart.
  void take_over(const Config& config);
  /// Says goodbye to the relay; call when nothing is being sent.
  boost::asio::awaitable<void> stop();

 private:
  struct Parts;
  explicit Services(std::unique_ptr<Parts> parts);
  std::unique_ptr<Parts> parts_;
};

}  // namespace crier
