// Claimer: takes what the outbox owes for the courier's lines, so that each has a claim ready in every lane
// that has one. What becomes owed just now is claimed in the same database job, and prepared while the disk
// is waited for. On the loop but for what says that it runs in a database job.
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <vector>

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/awaitable.hpp>

#include "base/clock.hpp"
#include "dispatch/line.hpp"

namespace crier {

class Database;
class Sqlite;

class Claimer {
 public:
  struct Parts {
    Database& database;
    Clock& clock;
    std::span<const std::unique_ptr<Line>> lines;
    std::function<void()> before_claims;
    /// The claim is going to be sent unless what it claims cannot be kept.
    std::function<void(Line&, HeldClaim&)> prepare;
  };
  /// What `parts` names outlives this.
  Claimer(boost::asio::any_io_executor loop, Parts parts);

  /// Keeps claims ready for the slots of a line, until stop().
  boost::asio::awaitable<void> run(Line& line);
  void stop();

  /// Claims that are made along with what they claim: one of each line that nobody claims for yet.
  class Along : public std::enable_shared_from_this<Along> {
   public:
    /// In the job that makes a story owed, at its end.
    void take(Sqlite& db, const Story& story);
    /// When the job has ended; `kept` when what it wrote is. Once.
    void end(bool kept);

   private:
    friend class Claimer;
    struct Claim {
      Line* line = nullptr;
      LaneSet lanes;
      std::shared_ptr<HeldClaim> held{};  ///< null when there is nothing to send
    };
    Along(Claimer& claimer, Time now) : claimer_(claimer), now_(now) {}
    void prepare();

    Claimer& claimer_;
    Time now_;
    std::vector<Claim> claims_;
    bool is_prepared_ = false;
  };
  std::shared_ptr<Along> along();

 private:
  boost::asio::awaitable<Time> claim_for(Line& line);

  boost::asio::any_io_executor loop_;
  Parts parts_;
  bool stopping_ = false;
};

}  // namespace crier
