// HostPlaces: how many requests may be with one host at once, so that a slow one does not keep those that are
// for others. Whoever finds no place waits for one, first come, first served. On the loop.
#pragma once

#include <cstddef>
#include <list>
#include <optional>
#include <string>
#include <unordered_map>
#include <utility>

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/awaitable.hpp>

#include "base/time.hpp"

namespace crier {

class HostPlaces {
 public:
  /// A request's place, for as long as it lives.
  class Place {
   public:
    Place(HostPlaces& places, std::string host) : places_(&places), host_(std::move(host)) {}
    Place(Place&& other) noexcept
        : places_(std::exchange(other.places_, nullptr)), host_(std::move(other.host_)) {}
    Place& operator=(Place&&) = delete;
    Place(const Place&) = delete;
    Place& operator=(const Place&) = delete;
    ~Place() {
      if (places_ != nullptr) places_->leave(host_);
    }

   private:
    HostPlaces* places_;
    std::string host_;
  };

  /// `most`: of one host. Outlives its places.
  HostPlaces(boost::asio::any_io_executor executor, std::size_t most)
      : executor_(std::move(executor)), most_(most) {}

  /// nullopt when there was none for so long. Cancellation throws operation_aborted.
  boost::asio::awaitable<std::optional<Place>> take(std::string host, Duration patience);

 private:
  struct Waiter;
  struct Host {
    std::size_t taken = 0;
    std::list<Waiter*> waiting;  // each belongs to a take()
  };

  void leave(const std::string& host);

  boost::asio::any_io_executor executor_;
  std::size_t most_;
  std::unordered_map<std::string, Host> hosts_;  // those that have requests
};

}  // namespace crier
