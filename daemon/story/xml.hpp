// XML: the elements and texts of one document, one after the other, whatever state it is in.
// Called by the parsers of XML formats; pure, any thread. Libxml2 reads, without a tree.
// The input is hostile: no DTD, no external entities, no network; depth, attributes, namespaces and what its
// own entities expand to are capped. Ill-formed XML is read as far as it goes and said to be so.
#pragma once

#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace crier {

constexpr std::size_t max_xml_depth = 200;
constexpr std::size_t max_xml_attributes = 200;  ///< of one element; namespaces count
constexpr std::size_t max_xml_tag_bytes = 2U << 20;

/// What the views point to lives until the call that hands it over returns.
struct XmlName {
  std::string_view space;   ///< the URI; empty = none, or not declared
  std::string_view prefix;  ///< as it is written
  std::string_view local;
};

struct XmlAttribute {
  XmlName name;
  std::string_view value;
};

/// The value of the attribute that has this name in any case, of whatever vocabulary but XML's own; empty =
/// there is none.
std::string_view find_attribute(std::span<const XmlAttribute> attributes, std::string_view lower_name);

/// "<!ENTITY name "value">" of a document's own DTD, when the value is plain text.
using XmlEntities = std::vector<std::pair<std::string, std::string>>;

/// Told what stands in a document, in its order. Each start has its end.
class XmlListener {
 public:
  virtual ~XmlListener() = default;
  /// `line` counts from 1.
  virtual void start(const XmlName& name, std::span<const XmlAttribute> attributes, int line) = 0;
  virtual void text(std::string_view text) = 0;
  virtual void end() = 0;
  /// True stops the reading: the listener has all that it takes.
  virtual bool is_full() const { return false; }
};

struct XmlBreach {
  int line = 0;  ///< from 1; 0 = not known
  int column = 0;
  std::string message;
  bool fatal =
      true;  ///< the text cannot be trusted after this place; else a name or an entity is not declared
};

/// A document's text, without what XML's grammar would make expensive.
struct XmlText {
  std::string text;  ///< without the DTD; lines are where they were
  XmlEntities entities;
  std::optional<XmlBreach> breach;  ///< before the root element, or a cap that does not hold
};

/// `text`: clean UTF-8 (charset.hpp), of which the first `junk` bytes are no part of the document.
XmlText prepare_xml(std::string_view text, std::size_t junk = 0);

/// Reads to the end of `xml.text`, or to where it is no longer XML. nullopt: it is well-formed.
/// With `recover` the reading goes on after a breach, and the first is returned; `xml.text` is empty
/// afterwards.
std::optional<XmlBreach> read_xml(XmlText& xml, XmlListener& listener, bool recover);

}  // namespace crier
