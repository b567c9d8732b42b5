// The audit log: what operators have done to the outbox by hand. Never pruned; in a database job.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
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

/// Returns the entry's id.
std::int64_t note_act(Sqlite& db, const OperatorAct& act);
/// What came of an act is known better now.
void correct_result(Sqlite& db, std::int64_t id, std::string_view result);

/// The newest `most`, the newest first.
std::vector<OperatorAct> read_acts(Sqlite& db, std::size_t most);

}  // namespace crier
