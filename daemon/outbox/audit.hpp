// The audit log: what operators have done to the outbox by hand. Never pruned; in a database job.
#pragma once

#include <cstddef>
#include <string>
#include <vector>

#include "base/time.hpp"

namespace crier {

class Sqlite;

struct OperatorAct {
  Time at{};
  std::string who;
  std::string what;  ///< "drop batch 17"
  std::string why;
  std::string result;  ///< "487636 stopped"
};

void note_act(Sqlite& db, const OperatorAct& act);

/// The newest `most`, the newest first.
std::vector<OperatorAct> read_acts(Sqlite& db, std::size_t most);

}  // namespace crier
