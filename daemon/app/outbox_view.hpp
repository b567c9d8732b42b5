// `crier outbox list` and `show`: the outbox to look at.
#pragma once

#include "app/command_line.hpp"

namespace crier {

int list_outbox(const Words& words);
int show_outbox(const Words& words);

}  // namespace crier
