// DeadlineSocket: blocking reads and writes of one accepted socket under a deadline and a byte budget.
// Used by one thread of the operator's listener; another thread may shutdown() the descriptor meanwhile.
#pragma once

#include <array>
#include <chrono>
#include <cstddef>
#include <string>

#include <sys/types.h>

namespace crier::http {

class DeadlineSocket {
 public:
  /// Does not own `descriptor`.
  explicit DeadlineSocket(int descriptor) : descriptor_(descriptor) {}

  /// Numeric, of the other side; "unknown" when it is already gone.
  std::string remote_address() const;
  /// All reads and writes until the next call share this time; reads also share this many bytes.
  void allow(std::chrono::milliseconds time, std::size_t bytes);
  /// False when nothing came before the deadline or the other side closed.
  bool wait_for_input();
  /// Like read(2); -1 also when the time or the bytes are used up, and from then on.
  ssize_t read(char* out, std::size_t size);
  /// Like write(2); -1 also when the time is used up.
  ssize_t write(const char* bytes, std::size_t size);

 private:
  bool wait_for(short events);
  bool fill();

  int descriptor_;
  std::chrono::steady_clock::time_point deadline_;
  std::size_t budget_ = 0;
  bool broken_ = false;  // a read failed in mid-request: what follows would be taken for a next request
  std::array<char, 4096> buffer_;
  std::size_t begin_ = 0;
  std::size_t end_ = 0;
};

}  // namespace crier::http
