// DomainPaces: how fast mail may go to each recipient domain. What ops have limited keeps to that; any other
// domain is slowed down when it asks for less (4.7.x about its recipients), and let go again. One that cannot
// be reached, or will have nothing of ours, is left alone for a while. On the loop.
#pragma once

#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "channel/breaker.hpp"
#include "outbox/outcome.hpp"
#include "schedule/pace.hpp"

namespace crier {

/// The domains of one provider, which count together.
struct DomainLimits {
  std::vector<std::string> names;  ///< lower case
  PaceLimits limits;

  bool operator==(const DomainLimits&) const = default;
};

/// How a provider is sent to, and what holds it, for people.
struct DomainState {
  std::vector<std::string> names;  ///< its domains; at least one
  PaceLimits limits;               ///< as configured
  std::optional<double> rate;      ///< messages a second that it is held to now
  std::size_t under_way = 0;
  bool is_slowed = false;    ///< it has asked for less
  Duration pause{};          ///< of its breaker; zero: it is sent to
  std::string pause_reason;  ///< of its last failure
};

class DomainPaces {
 public:
  explicit DomainPaces(const std::vector<DomainLimits>& limits);

  /// Whether a message may leave for `address` now; then it counts as under way until ended(). Else when its
  /// turn is.
  std::optional<Time> wait(std::string_view address, PaceOrder order, Time now);
  /// Returns how long the domain is left alone, when this is the first of its pauses.
  std::optional<Duration> ended(std::string_view address, const Outcome& outcome, Time now);

  /// Those that are limited, slowed down or left alone, by their first domain.
  std::vector<DomainState> states(Time now) const;

 private:
  struct Provider {
    std::vector<std::string> names;
    bool is_limited = false;
    Pace pace;
    Breaker breaker{};
  };
  struct Hash : std::hash<std::string_view> {
    using is_transparent = void;
  };

  Provider& provider_of(std::string_view address, Time now);

  std::unordered_map<std::string, std::shared_ptr<Provider>, Hash, std::equal_to<>> providers_;  // by domain
};

/// Why a delivery waits for its domain.
inline constexpr std::string_view domain_limit = "domain limit";

}  // namespace crier
