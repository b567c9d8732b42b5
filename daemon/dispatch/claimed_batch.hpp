// ClaimedBatch: what the deliveries of one claim share, read from the outbox and the story log in one
// database job, so that the courier composes each message without asking again.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "outbox/claims.hpp"
#include "story/story.hpp"

namespace crier {

class Sqlite;

/// A story of a batch, or why it is not in the messages.
struct Part {
  Story story;
  std::int64_t item = 0;                 ///< of a digest
  Audience audience;                     ///< of a digest: whom it is for and why
  std::string left_out;                  ///< why nobody gets it; empty = they do, and `story` is there
  std::vector<std::string> reporters{};  ///< of a digest: who reported it, too
};

struct ClaimedBatch {
  Claim claim;              ///< without its deliveries
  std::vector<Part> parts;  ///< of an alert the one, of a digest those of its items, in their order

  bool is_digest() const { return !claim.subject.edition.empty(); }
  /// Whether this reader's message is to carry the part.
  bool is_for(const Part& part, std::uint32_t number) const;
};

struct LoadedClaim {
  std::shared_ptr<const ClaimedBatch> batch;
  std::vector<Delivery> deliveries;
};

/// Claims the most urgent work of these lanes of a channel and reads all that is needed to render it; nullopt
/// when there is none. In a database job. `known` is a story that need not be read for it.
std::optional<LoadedClaim> load_claim(Sqlite& db, ChannelKind channel, LaneSet lanes, Time now,
                                      const Story* known = nullptr);

}  // namespace crier
