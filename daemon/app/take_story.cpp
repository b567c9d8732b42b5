#include "app/take_story.hpp"

#include <chrono>
#include <string>
#include <utility>

#include "base/log.hpp"
#include "db/database.hpp"

namespace crier {

boost::asio::awaitable<Result<Accepted>> take_story(Intake& intake, Clock& clock, Story story,
                                                    Arrival arrival) {
  for (std::string said;;) {
    std::string failure;
    try {
      co_return co_await intake.accept(story, arrival);
    } catch (const SqliteError& e) {
      failure = e.what();
    }
    if (story.status == StoryStatus::usable) co_return Error{std::move(failure)};
    if (failure != said)
      log::error(
          "story.unstored",
          {{"source", story.source}, {"story", story.id}, {"what", failure}, {"next", "trying every 5s"}});
    said = std::move(failure);
    co_await clock.sleep_for(std::chrono::seconds(5));
  }
}

}  // namespace crier
