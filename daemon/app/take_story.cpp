#include "app/take_story.hpp"

#include <chrono>

#include "base/log.hpp"
#include "db/database.hpp"

namespace crier {

boost::asio::awaitable<Accepted> take_story(Intake& intake, Clock& clock, Story story, Arrival arrival) {
  for (;;) {
    std::string failure;
    try {
      co_return co_await intake.accept(story, arrival);
    } catch (const SqliteError& e) {
      failure = e.what();
    }
    log::error(
        "story.unstored",
        {{"source", story.source}, {"story", story.id}, {"what", failure}, {"next", "trying again in 5s"}});
    co_await clock.sleep_for(std::chrono::seconds(5));
  }
}

}  // namespace crier
