// Batch: one message to many, and what the planner hands to the outbox. Plain values.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "audience/subscriber.hpp"
#include "base/time.hpp"
#include "outbox/members.hpp"
#include "schedule/lane.hpp"

namespace crier {

/// What a batch carries: one version of a story, or one occurrence of an edition.
struct Subject {
  std::string story_id;  ///< set for an alert
  std::uint32_t story_version = 0;
  std::string edition;     ///< set for a digest
  std::string occurrence;  ///< nominal local time, "2026-11-23T07:00"
};

/// Members that leave at the same time, or that are suppressed for the same reason.
struct BatchGroup {
  Time due_at;
  Time expires_at;
  std::string suppressed;  ///< empty = they are sent the message
  std::vector<Member> members;
};

struct BatchPlan {
  Subject subject;
  ChannelKind channel = ChannelKind::email;
  Lane lane = Lane::alert;
  std::vector<std::string> reasons;
  std::vector<BatchGroup> groups;

  std::size_t size() const;
};

/// A story that waits for an edition's next occurrence.
struct DigestItem {
  std::string edition;
  ChannelKind channel = ChannelKind::email;
  std::string story_id;
  std::uint32_t story_version = 0;
  Audience audience;         ///< with the reasons why this story is for them
  Time not_before{};         ///< an occurrence before this time leaves it to a later one
  int urgency = 5;           ///< of the story, 1 to 8; 1 comes first
  std::string suppressed{};  ///< why it is not for them after all; empty = it is
};

}  // namespace crier
