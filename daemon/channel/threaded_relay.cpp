#include "channel/threaded_relay.hpp"

#include <boost/asio/post.hpp>

namespace crier {

namespace asio = boost::asio;

ThreadedRelay::ThreadedRelay(IoThread& thread, const Make& make)
    : thread_(thread),
      relay_(make(thread.executor())),
      handful_(relay_->handful()),
      concurrency_(relay_->concurrency()),
      most_concurrency_(relay_->most_concurrency()) {}

asio::awaitable<std::vector<Outcome>> ThreadedRelay::deliver(std::span<const MailPieces> messages) {
  return thread_.run(deliver_there(messages));
}

asio::awaitable<std::vector<Outcome>> ThreadedRelay::deliver_there(std::span<const MailPieces> messages) {
  auto outcomes = co_await relay_->deliver(messages);
  handful_ = relay_->handful();
  concurrency_ = relay_->concurrency();
  co_return outcomes;
}

void ThreadedRelay::wind_up(Duration patience) {
  asio::post(thread_.executor(), [this, patience] { relay_->wind_up(patience); });
}

asio::awaitable<void> ThreadedRelay::stop() {
  co_await thread_.run(stop_there());
}

asio::awaitable<bool> ThreadedRelay::stop_there() {
  co_await relay_->stop();
  co_return true;
}

}  // namespace crier
