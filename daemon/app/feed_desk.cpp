#include "app/feed_desk.hpp"

#include <algorithm>

#include "app/config.hpp"
#include "app/services.hpp"
#include "base/tasks.hpp"

namespace crier {
namespace {

// Where hubs deliver, without the token; empty = nowhere.
std::string callback_of(const Config& config) {
  const auto& url = config.newsroom.public_url;
  return config.public_listener && !url.empty() ? url + "/websub/" : std::string();
}

}  // namespace

FeedDesk::FeedDesk(const boost::asio::any_io_executor& loop, const Parts& parts) : turns_(loop, parts.clock) {
  const auto config = parts.config();
  // Keeps the feeds of one configuration from being asked all at once.
  Duration first_wait{};
  for (const auto& feed : config->feeds) {
    const FeedIntake::Parts shared{parts.database, parts.workers, parts.clock,
                                   parts.intake,   parts.metrics, parts.services.client_of(feed),
                                   turns_,         parts.config};
    feeds_.emplace_back(loop, shared, feed, first_wait, callback_of(*config));
    first_wait += std::chrono::milliseconds(50);
  }
}

void FeedDesk::start(TaskGroup& tasks) {
  for (auto& feed : feeds_) tasks.start("source " + feed.name(), feed.run());
}

FeedIntake* FeedDesk::find(std::string_view token) {
  const auto found =
      std::ranges::find_if(feeds_, [&](FeedIntake& feed) { return feed.hub().has_token(token); });
  return found == feeds_.end() ? nullptr : &*found;
}

http::WebSubDoor FeedDesk::door() {
  http::WebSubDoor door;
  door.confirm = [this](std::string_view token, const http::Parameters& query) {
    const auto value = [&](std::string_view name) {
      const auto found = query.find(name);
      return found == query.end() ? std::string_view() : std::string_view(found->second);
    };
    auto* feed = find(token);
    return feed != nullptr &&
           feed->hub().answer({value("hub.mode"), value("hub.topic"), value("hub.lease_seconds")});
  };
  door.deliver = [this](std::string_view token, std::string_view signature, std::string_view content_type,
                        std::string body) {
    auto* feed = find(token);
    if (feed != nullptr) feed->hub().take(signature, content_type, std::move(body));
    return feed != nullptr;
  };
  door.expects = [this](const http::Request& head) {
    const auto& segments = head.segments;
    return head.method == "POST" && segments.size() == 2 && segments[0] == "websub" &&
           find(segments[1]) != nullptr;
  };
  return door;
}

}  // namespace crier
