// HostPlaces: how many requests may be under way at once, in all and with one host, so that a slow one does
// not keep all of them. Whoever finds no place waits for one, first come, first served. On the loop.
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
    Place& operator=(Place&& other) noexcept {
      std::swap(places_, other.places_);
      host_.swap(other.host_);
      return *this;
    }
    Place(const Place&) = delete;
    Place& operator=(const Place&) = delete;
    ~Place() {
      if (places_ != nullptr) places_->leave(host_);
    }

   private:
    HostPlaces* places_;
    std::string host_;
  };

  struct Limits {
    std::size_t in_all;
    std::size_t with_one;
  };
  /// Outlives its places.
  HostPlaces(boost::asio::any_io_executor executor, Limits limits)
      : executor_(std::move(executor)), limits_(limits) {}

  /// nullopt when there is none now.
  std::optional<Place> take_free(const std::string& host);
  /// nullopt when there was none for so long. Cancellation throws operation_aborted.
  boost::asio::awaitable<std::optional<Place>> take(std::string host, Duration patience);

 private:
  struct Waiter;

  bool enter(const std::string& host);
  void leave(const std::string& host);

  boost::asio::any_io_executor executor_;
  Limits limits_;
  std::size_t taken_ = 0;
  std::unordered_map<std::string, std::size_t> taken_with_;
  std::list<Waiter*> waiting_;  // each belongs to a take()
};

}  // namespace crier
