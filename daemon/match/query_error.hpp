// QueryError: what is wrong with a query, where, and what to write instead.
#pragma once

#include <cstddef>
#include <string>

namespace crier {

struct QueryError {
  std::size_t at = 0;        ///< the first byte of the offending piece of the query
  std::string message;       ///< says also what to type instead
  std::string suggestion{};  ///< what was probably meant in place of the piece ("region:"); may be empty
};

}  // namespace crier
