// Handing a source's story to intake, whatever it takes.
#pragma once

#include <boost/asio/awaitable.hpp>

#include "base/result.hpp"
#include "dispatch/intake.hpp"

namespace crier {

/// What stops a story is tried until it can be stored: the source waits. Another that cannot be stored is an
/// Error, and for the source to hand in again: a stop may come after it.
boost::asio::awaitable<Result<Accepted>> take_story(Intake& intake, Clock& clock, Story story,
                                                    Arrival arrival);

}  // namespace crier
