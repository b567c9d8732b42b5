// Quiet hours: when an alert may leave. Pure.
#pragma once

#include "audience/subscriber.hpp"
#include "schedule/local_time.hpp"

namespace crier {

/// `now` outside the quiet hours, else the moment they end. Decided on the local clock, which is always
/// defined, so an hour that is repeated when clocks go back is quiet twice.
Time earliest_send(Time now, const QuietHours& quiet, const Zone& zone);

}  // namespace crier
