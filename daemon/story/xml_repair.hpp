// XML repair: a document that XML's rules refuse, as one that they take, with what its author will have
// meant. Called by xml_source.cpp after a strict reading failed; pure, any thread; time is linear.
#pragma once

#include <string>

#include "story/xml.hpp"

namespace crier {

/// Escapes stray "&" and "<", quotes attributes, closes and nests elements as readers of feeds do (a new item
/// ends the one before), drops what follows the document. Entities of `xml` and of HTML stay. Lines stay.
XmlText repair_xml(const XmlText& xml);

}  // namespace crier
