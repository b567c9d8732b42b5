// html_check: what cleaned HTML may look like, judged without the parser that cleaned it.
#pragma once

#include <string>
#include <string_view>

namespace crier::test {

/// What is wrong with `html`; empty = nothing. Read as strictly as no browser does: every "<" begins a known
/// tag written in one way, every attribute is listed, quoted and escaped, every URL is absolute, every
/// element is closed in order. What passes means the same to every parser, and nothing in it runs.
std::string find_html_fault(std::string_view html);

}  // namespace crier::test
