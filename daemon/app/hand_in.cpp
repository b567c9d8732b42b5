#include "app/hand_in.hpp"

#include "base/log.hpp"
#include "db/sqlite.hpp"

namespace crier {

namespace asio = boost::asio;

asio::awaitable<Accepted> hand_in(Intake& intake, Clock& clock, Story story, bool deliver) {
  for (;;) {
    std::string failure;
    try {
      co_return co_await intake.accept(story, deliver);
    } catch (const SqliteError& e) {
      failure = e.what();
    }
    log::error(
        "story.unstored",
        {{"source", story.source}, {"story", story.id}, {"what", failure}, {"next", "trying again in 5s"}});
    co_await clock.sleep_until(clock.now() + std::chrono::seconds(5));
  }
}

}  // namespace crier
