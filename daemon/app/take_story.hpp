// Handing a source's story to intake, whatever it takes.
#pragma once

#include <boost/asio/awaitable.hpp>

#include "dispatch/intake.hpp"

namespace crier {

/// A story that cannot be stored is tried until it can: the source waits, nothing is lost.
boost::asio::awaitable<Accepted> take_story(Intake& intake, Clock& clock, Story story, Arrival arrival);

}  // namespace crier
