// Exit codes of every command (sysexits(3)), so that scripts can tell what went wrong.
#pragma once

namespace crier::exit_code {

inline constexpr int ok = 0;
inline constexpr int no_match =
    1;  ///< the answer is "no": nothing matched, a test failed, books do not balance
inline constexpr int usage = 64;
inline constexpr int bad_data = 65;
inline constexpr int missing_input = 66;
inline constexpr int unavailable = 69;
inline constexpr int internal = 70;
inline constexpr int io = 74;
inline constexpr int configuration = 78;

}  // namespace crier::exit_code
