// Target: what an operator's order is about: a batch, everything to one domain, a lane. Pure.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "audience/subscriber.hpp"
#include "base/result.hpp"

namespace crier {

enum class TargetKind : std::uint8_t { batch, delivery, channel, relay, domain, lane, reason };

std::string_view to_string(TargetKind kind);

struct Target {
  TargetKind kind = TargetKind::batch;
  std::string name;  ///< as parse_target leaves it; of a batch its id

  bool operator==(const Target&) const = default;
};

/// "domain example.org".
std::string to_string(const Target& target);

/// From two words of a command line. A domain is brought to lower case; a lane or channel must exist. Whether
/// the others do is for whoever looks for them.
Result<Target> parse_target(std::string_view kind, std::string_view name);

/// A delivery's id, "UID-NUMBER": its batch's uid, its subscriber's number. Also as a Message-ID or
/// webhook-id has it.
struct DeliveryId {
  std::string_view batch_uid;  ///< within the id that was parsed
  std::uint32_t number = 0;
};
std::optional<DeliveryId> parse_delivery_id(std::string_view id);

/// The domain that mail goes to, or the host of a webhook, in lower case; empty where there is none.
std::string domain_of(ChannelKind channel, std::string_view address);

}  // namespace crier
