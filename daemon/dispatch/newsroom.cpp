#include "dispatch/newsroom.hpp"

#include <algorithm>

namespace crier {

const Edition* Newsroom::find_edition(std::string_view name) const {
  const auto found = std::ranges::find(editions, name, &Edition::name);
  return found == editions.end() ? nullptr : &*found;
}

}  // namespace crier
