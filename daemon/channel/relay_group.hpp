// RelayGroup: several relays as one. Mail is shared out among those that are well by their weights; what one
// of them cannot take now goes to another in the same attempt. Each has its own pace, breaker and warm-up. On
// the loop.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/clock.hpp"
#include "channel/breaker.hpp"
#include "channel/relay.hpp"
#include "schedule/pace.hpp"
#include "schedule/warm_up.hpp"

namespace crier {

class RelayGroup final : public Relay {
 public:
  struct Member {
    std::string name;
    std::unique_ptr<Relay> relay;
    unsigned weight = 1;  ///< its share of the mail; 0 = only what no other can take
    PaceLimits limits{};
    std::optional<WarmUp> warm_up{};
  };

  /// At least one. `clock` outlives this.
  RelayGroup(std::vector<Member> members, Clock& clock);
  ~RelayGroup() override;

  /// What a relay does not take because of itself goes to the next, what is about a reader or a message or in
  /// doubt does not.
  boost::asio::awaitable<std::vector<Outcome>> deliver(std::span<const MailPieces> messages) override;
  unsigned handful() const override;
  unsigned concurrency() const override;
  unsigned most_concurrency() const override;
  std::size_t allowance(Time now) const override;
  Time free_at(Time now) const override;
  void hold(const std::vector<std::string>& names) override;
  void recall() override;
  void wind_up(Duration patience) override;
  /// Who awaits it cannot be cancelled from then on.
  boost::asio::awaitable<void> stop() override;

  std::vector<RelayState> states(Time now) const override;
  /// What left by a relay on a day, before this run; for its warm-up.
  void remember(const std::string& name, const SentOnDay& sent);
  /// What left by those that warm up, to be remembered.
  std::vector<std::pair<std::string, SentOnDay>> sent() const;

 private:
  struct Kept;

  Kept* choose(const std::vector<const Kept*>& tried, Time now);
  boost::asio::awaitable<std::vector<Outcome>> ask(Kept& kept, std::span<const MailPieces> messages);
  static std::size_t room(const Kept& kept, Time now);
  static bool is_well(const Kept& kept, Time now);

  std::vector<std::unique_ptr<Kept>> members_;
  Clock& clock_;
  std::uint64_t recalls_ = 0;
};

}  // namespace crier
