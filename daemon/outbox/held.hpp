// Held: pauses as the database keeps them, and the chunks and retries that wait for their end. Those are
// marked (claimed = 2), so that no claim finds them; what a courier had claimed before, it puts back itself.
// In a database job. After a crash: a pause goes on until its end.
#pragma once

#include <cstdint>
#include <vector>

#include "outbox/pauses.hpp"

namespace crier {

class Sqlite;

/// One for each target: a second one takes the place of the first.
void put_pause(Sqlite& db, const Pause& pause);
std::vector<Pause> load_pauses(Sqlite& db);

/// Holds what is due on a channel and paused at `now`. Called before each claim; costs nothing to speak of
/// while there is no pause.
void hold_paused(Sqlite& db, ChannelKind channel, Time now);

/// Ends a pause: what waited for it is due at `now`. False when there was none.
bool end_pause(Sqlite& db, const Target& target, Time now);

/// Ends the pauses whose time is over, and lets go of what has expired meanwhile, so that it is said. Returns
/// the pauses that ended.
std::vector<Pause> end_due_pauses(Sqlite& db, Time now);

}  // namespace crier
