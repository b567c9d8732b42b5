// XML source: a file in one of the XML formats, strictly read, and when that fails once more after repair.
// Called by parse.cpp through reading.hpp; pure, any thread.
#pragma once

#include <memory>

#include "story/reading.hpp"
#include "story/xml.hpp"

namespace crier {

/// Fills a Reading from a document; finish() is called once, at its end.
class XmlSourceReader : public XmlListener {
 public:
  virtual void finish() = 0;
};

}  // namespace crier
