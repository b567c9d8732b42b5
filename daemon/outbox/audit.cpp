#include "outbox/audit.hpp"

#include <algorithm>
#include <cstdint>
#include <limits>

#include "db/sqlite.hpp"
#include "db/time_column.hpp"

namespace crier {

std::int64_t note_act(Sqlite& db, const OperatorAct& act) {
  db.query("INSERT INTO operator_act (at, who, what, why, result) VALUES (?, ?, ?, ?, ?)")
      .bind(0, to_ms(act.at))
      .bind(1, act.who)
      .bind(2, act.what)
      .bind(3, act.why)
      .bind(4, act.result)
      .run();
  return db.last_insert_id();
}

void correct_result(Sqlite& db, std::int64_t id, std::string_view result) {
  db.query("UPDATE operator_act SET result = ? WHERE id = ?").bind(0, result).bind(1, id).run();
}

std::vector<OperatorAct> read_acts(Sqlite& db, std::size_t most) {
  std::vector<OperatorAct> acts;
  auto rows = db.query("SELECT at, who, what, why, result FROM operator_act ORDER BY id DESC LIMIT ?");
  rows.bind(0,
            static_cast<std::int64_t>(std::min<std::size_t>(most, std::numeric_limits<std::int64_t>::max())));
  while (rows.step())
    acts.push_back({from_ms(rows.integer(0)), std::string(rows.text(1)), std::string(rows.text(2)),
                    std::string(rows.text(3)), std::string(rows.text(4))});
  return acts;
}

}  // namespace crier
