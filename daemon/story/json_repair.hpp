// JSON repair: what programs that write JSON by hand get wrong, made right, so that it can be read.
// Called by json_members.cpp for a text that is no JSON; pure, any thread, linear time and memory.
#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace crier {

/// Line ends and tabs in texts become what stands for them, other controls go; escapes that JSON does not
/// have lose their backslash, halves of characters become U+FFFD. Comments go, and what follows the end. A
/// list that breaks off, by itself or as the "items" of an object, ends behind the last item that is whole.
/// nullopt: there is no object or list, or something else breaks off.
std::optional<std::string> repair_json(std::string_view text);

}  // namespace crier
