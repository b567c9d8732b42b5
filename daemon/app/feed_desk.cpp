#include "app/feed_desk.hpp"

#include <list>

#include "base/tasks.hpp"
#include "net/host_turns.hpp"
#include "net/http_client.hpp"
#include "net/resolver.hpp"

namespace crier {
namespace {

// With the site as the address at which somebody can complain (RFC 9110 §10.1.5).
std::string user_agent(const Config& config) {
  const std::string name = "crier/" CRIER_VERSION;
  const auto& url = config.newsroom.site.url;
  return url.empty() ? name : name + " (+" + url + ")";
}

// Where hubs deliver, without the token.
std::string callback(const Config& config) {
  const auto& url = config.newsroom.public_url;
  return config.public_listener && !url.empty() ? url + "/websub/" : std::string();
}

}  // namespace

struct FeedDesk::State {
  // Feeds that may reach the same addresses share a client; most feeds do.
  struct SharedClient {
    SharedClient(AddressRules whose, const boost::asio::any_io_executor& loop, Resolver& resolver,
                 AddressGuard guard)
        : rules(std::move(whose)), client(loop, resolver, {.guard = std::move(guard), .ca_file = {}}) {}

    AddressRules rules;
    HttpClient client;
  };

  State(const boost::asio::any_io_executor& executor, Clock& clock)
      : loop(executor), resolver(executor), turns(executor, clock) {}

  Result<HttpClient*> client_for(const FeedConfig& feed);
  FeedIntake* find(std::string_view token);

  boost::asio::any_io_executor loop;
  Resolver resolver;
  HostTurns turns;
  std::list<SharedClient> clients;
  std::list<std::pair<std::string, FeedIntake>> feeds;
};

Result<HttpClient*> FeedDesk::State::client_for(const FeedConfig& feed) {
  const auto rules = address_rules(feed);
  for (auto& shared : clients)
    if (shared.rules == rules) return &shared.client;
  auto guard = AddressGuard::create(rules);
  if (!guard) return guard.error();
  return &clients.emplace_back(rules, loop, resolver, std::move(*guard)).client;
}

FeedIntake* FeedDesk::State::find(std::string_view token) {
  for (auto& [name, feed] : feeds)
    if (feed.has_token(token)) return &feed;
  return nullptr;
}

FeedDesk::FeedDesk(std::unique_ptr<State> state) : state_(std::move(state)) {}

FeedDesk::~FeedDesk() = default;

Result<std::unique_ptr<FeedDesk>> FeedDesk::make(const boost::asio::any_io_executor& loop, Parts parts,
                                                 const Config& config) {
  auto state = std::make_unique<State>(loop, parts.clock);
  const FeedIntake::Parts shared{parts.database, parts.workers,      parts.clock,
                                 parts.intake,   parts.metrics,      state->turns,
                                 parts.config,   user_agent(config), callback(config)};
  for (const auto& feed : config.feeds) {
    const auto client = state->client_for(feed);
    if (!client) return Error{"source " + feed.name + ": " + client.error().message};
    state->feeds.emplace_back(std::piecewise_construct, std::forward_as_tuple(feed.name),
                              std::forward_as_tuple(loop, shared, **client, feed));
  }
  return std::unique_ptr<FeedDesk>(new FeedDesk(std::move(state)));
}

void FeedDesk::start(TaskGroup& tasks) {
  for (auto& [name, feed] : state_->feeds) tasks.start("source " + name, feed.run());
}

http::WebSubDoor FeedDesk::door() {
  http::WebSubDoor door;
  door.confirm = [this](std::string_view token, const http::Parameters& query) {
    const auto value = [&](std::string_view name) {
      const auto found = query.find(name);
      return found == query.end() ? std::string_view() : std::string_view(found->second);
    };
    auto* feed = state_->find(token);
    return feed != nullptr &&
           feed->answer_hub({value("hub.mode"), value("hub.topic"), value("hub.lease_seconds")});
  };
  door.deliver = [this](std::string_view token, std::string_view signature, std::string_view content_type,
                        std::string body) {
    auto* feed = state_->find(token);
    if (feed != nullptr) feed->take_delivery(signature, content_type, std::move(body));
    return feed != nullptr;
  };
  return door;
}

}  // namespace crier
