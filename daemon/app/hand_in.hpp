// hand_in: the last step of every source: a story is given to intake until it is on the disk.
// On the loop. A source waits meanwhile, so that nothing is lost when the disk is full for a while.
#pragma once

#include <boost/asio/awaitable.hpp>

#include "dispatch/intake.hpp"

namespace crier {

/// Returns when the story is stored; each failure is logged and tried again after five seconds.
/// `deliver` = false only notes it (Intake::accept).
boost::asio::awaitable<Accepted> hand_in(Intake& intake, Clock& clock, Story story, bool deliver);

}  // namespace crier
