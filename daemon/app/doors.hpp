// Doors: what the two HTTP listeners answer, wired to the parts that know. On the loop.
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "app/config.hpp"
#include "app/share_shelf.hpp"
#include "http/router.hpp"
#include "http/websub.hpp"

namespace crier {

class Clock;
class Database;
class Intake;
class Metrics;
class SuppressionList;
class Workers;

/// What the doors need; all of it outlives them.
struct DoorParts {
  Database& database;
  Workers& workers;
  Clock& clock;
  Intake& intake;
  Metrics& metrics;
  const ShareShelf& shelf;
  SuppressionList& suppressions;
  std::function<std::shared_ptr<const Config>()> config;  ///< the current snapshot
  std::string push_token;
  std::vector<std::string> push_keys;  ///< of signed pushes; newest first
  std::string unsubscribe_key;
  std::function<bool()> is_draining;
  std::function<bool()> is_config_good;          ///< the last reload was taken over
  std::function<std::string()> storage_trouble;  ///< why no stories are taken; empty = they are
  http::WebSubDoor websub;
};

/// /share/{story}, /u/{token}, /websub/{token}
http::Router public_doors(DoorParts parts);

/// /livez, /healthz, /readyz, /metrics, POST /v1/stories, POST /v1/stories/{id}/cancel and /split
http::Router operator_doors(DoorParts parts);

}  // namespace crier
