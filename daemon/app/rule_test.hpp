// Rule tests: what a story of a `tests:` section brings to whom, compared with what the author expects. Pure;
// `crier test` reads the stories and prints.
#pragma once

#include <string>
#include <vector>

#include "app/config.hpp"
#include "story/story.hpp"

namespace crier {

/// A delivery that is missing or not expected, and why.
struct Difference {
  enum class Kind { missing, unexpected };

  Kind kind = Kind::missing;
  std::string subscriber;
  ExpectedDelivery delivery;
  std::vector<std::string> why;  ///< a line per rule that could have, or has, brought it
};

/// The time at which a test publishes its story: its `at`, else when the story was published; nullopt when
/// neither is known.
std::optional<Time> time_of(const RuleTest& test, const Story& story);

/// Compares all recipients: who is not named in `expect` is expected to get nothing. A time counts where the
/// test gives one. By subscriber, missing ones first; empty when all is as expected.
std::vector<Difference> run_test(const Newsroom& newsroom, const RuleTest& test, const Story& story, Time at);

}  // namespace crier
