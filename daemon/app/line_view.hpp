// How the courier's lines are, and what holds their relays and recipient domains at this moment: as JSON,
// which the daemon answers over the order socket and `crier outbox list --json` prints, and for people. Pure.
#pragma once

#include <functional>
#include <string>
#include <vector>

#include <boost/json/object.hpp>

#include "app/config.hpp"
#include "dispatch/courier.hpp"
#include "outbox/pauses.hpp"
#include "schedule/warm_up.hpp"

namespace crier {

/// {channel, in_flight, stopped_for_ms, failing, relays, domains}; docs/outbox.md has all keys.
boost::json::object to_json(const Courier::LineState& line);

/// What is known of relays and limited domains while no daemon runs: {relays, domains}, with the same keys,
/// but for those that only a daemon knows. `sent` says what left last by a relay, of those that warm up.
boost::json::object configured_json(const EmailConfig& email, const std::vector<Pause>& pauses,
                                    const std::function<SentOnDay(const std::string& relay)>& sent, Time now);

/// Lines for people about an entry of `relays` or `domains`: which one it is, then what holds it.
std::vector<std::string> words_of_relay(const boost::json::object& relay);
std::vector<std::string> words_of_domain(const boost::json::object& domain);

/// Whether less may go to an entry of `domains` now than it is configured for, or all of that is on its way.
bool is_held_now(const boost::json::object& domain);

}  // namespace crier
