// Result<T>: a value, or an Error with a sentence for people. Result<T, E> where callers decide on more than
// the sentence; E then has a `message` too.
// For anything outside data can cause. Exceptions mean failed start-up or a broken invariant.
// (boost::system::result is neither [[nodiscard]] nor usable with an Error that is made from a string.)
#pragma once

#include <stdexcept>
#include <string>
#include <utility>
#include <variant>

namespace crier {

/// What went wrong: what, which and where, never a secret, and what to do next.
struct Error {
  std::string message;
};

template <class T, class E = Error>
class [[nodiscard]] Result {
 public:
  Result(T value) : state_(std::in_place_index<0>, std::move(value)) {}
  Result(E error) : state_(std::in_place_index<1>, std::move(error)) {}

  bool has_value() const { return state_.index() == 0; }
  explicit operator bool() const { return has_value(); }

  /// Only when has_value(); otherwise a broken invariant (std::logic_error).
  T& value() & { return checked(*this); }
  const T& value() const& { return checked(*this); }
  T&& value() && { return std::move(checked(*this)); }
  T& operator*() & { return value(); }
  const T& operator*() const& { return value(); }
  T&& operator*() && { return std::move(*this).value(); }
  T* operator->() { return &value(); }
  const T* operator->() const { return &value(); }

  /// Only when !has_value().
  const E& error() const { return std::get<1>(state_); }

 private:
  template <class Self>
  static auto& checked(Self& self) {
    if (!self.has_value()) throw std::logic_error("unchecked error: " + self.error().message);
    return std::get<0>(self.state_);
  }

  std::variant<T, E> state_;
};

template <>
class [[nodiscard]] Result<void> {
 public:
  Result() = default;
  Result(Error error) : error_(std::move(error)), ok_(false) {}

  bool has_value() const { return ok_; }
  explicit operator bool() const { return ok_; }
  /// Only when !has_value().
  const Error& error() const { return error_; }

 private:
  Error error_;
  bool ok_ = true;
};

}  // namespace crier
