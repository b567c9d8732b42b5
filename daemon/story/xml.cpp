#include "story/xml.hpp"

#include <array>
#include <cstring>
#include <memory>

#include <libxml/HTMLparser.h>
#include <libxml/parser.h>
#include <libxml/parserInternals.h>
#include <libxml/xmlerror.h>
#include <unicode/utf8.h>

#include "story/plain_text.hpp"

namespace crier {
namespace {

constexpr std::size_t max_namespaces = 300;  // in scope at one place
constexpr std::size_t max_entities = 300;
constexpr std::size_t max_entity_bytes = 200;
constexpr std::size_t max_expanded_bytes = 1U << 20;  // of all own entities, wherever they are used

std::string_view view(const xmlChar* text) {
  return text ? std::string_view(reinterpret_cast<const char*>(text)) : std::string_view();
}

std::string utf8_of(unsigned character) {
  std::array<char, U8_MAX_LENGTH> bytes{};
  int32_t length = 0;
  U8_APPEND_UNSAFE(bytes, length, character);
  return {bytes.data(), static_cast<std::size_t>(length)};
}

// One reading; libxml2 calls its static functions with it.
class Reader {
 public:
  Reader(XmlText& xml, XmlListener& listener, bool recover)
      : xml_(xml), listener_(listener), recover_(recover) {}

  std::optional<XmlBreach> read() {
    // Before the first document, as its manual asks; once is enough.
    static const bool initialised = (xmlInitParser(), true);
    static_cast<void>(initialised);
    const std::unique_ptr<xmlParserCtxt, decltype(&xmlFreeParserCtxt)> context(
        xmlCreateMemoryParserCtxt(xml_.text.data(), static_cast<int>(xml_.text.size())), xmlFreeParserCtxt);
    if (!context) return XmlBreach{1, 1, "the document is empty"};
    context_ = context.get();
    if (recover_) std::string().swap(xml_.text);  // libxml2 has a copy
    xmlCtxtUseOptions(context_, XML_PARSE_NONET | XML_PARSE_NOENT | XML_PARSE_IGNORE_ENC |
                                    (recover_ ? XML_PARSE_RECOVER : 0));
    install();
    xmlParseDocument(context_);
    while (depth_ > 0) leave();
    if (!context_->wellFormed && !breach_ && !stopped_) breach_ = XmlBreach{0, 0, "not well-formed"};
    return breach_;
  }

 private:
  static Reader& self(void* data) { return *static_cast<Reader*>(data); }

  void install() {
    auto& sax = *context_->sax;
    std::memset(&sax, 0, sizeof sax);
    sax.initialized = XML_SAX2_MAGIC;
    sax.startElementNs = [](void* data, const xmlChar* local, const xmlChar* prefix, const xmlChar* uri, int,
                            const xmlChar**, int count, int, const xmlChar** attributes) {
      self(data).enter({view(uri), view(prefix), view(local)}, attributes, count);
    };
    sax.endElementNs = [](void* data, const xmlChar*, const xmlChar*, const xmlChar*) { self(data).leave(); };
    sax.characters = sax.ignorableWhitespace =
        sax.cdataBlock = [](void* data, const xmlChar* text, int length) {
          auto& reader = self(data);
          if (reader.stopped_) return;
          reader.listener_.text({reinterpret_cast<const char*>(text), static_cast<std::size_t>(length)});
        };
    sax.getEntity = [](void* data, const xmlChar* name) { return self(data).entity(name); };
    sax.serror = [](void* data, xmlErrorPtr error) { self(data).note(*error); };
    context_->userData = this;
  }

  void enter(const XmlName& name, const xmlChar** attributes, int count) {
    if (stopped_) return;
    if (listener_.is_full()) return stop();
    if (depth_ == max_xml_depth) return give_up("elements are nested too deep");
    if (static_cast<std::size_t>(context_->nsNr) / 2 > max_namespaces)
      return give_up("there are too many namespaces");
    attributes_.clear();
    for (int i = 0; i < count; ++i) {
      const auto** one = attributes + 5L * i;
      const auto* value = reinterpret_cast<const char*>(one[3]);
      attributes_.push_back(
          {{view(one[2]), view(one[1]), view(one[0])}, {value, static_cast<std::size_t>(one[4] - one[3])}});
    }
    ++depth_;
    listener_.start(name, attributes_, context_->input ? context_->input->line : 0);
  }

  void leave() {
    if (depth_ == 0) return;
    --depth_;
    listener_.end();
  }

  // What HTML calls a character, feeds use without declaring it.
  xmlEntityPtr entity(const xmlChar* name) {
    const auto known = view(name);
    std::string value;
    for (const auto& [own, text] : xml_.entities)
      if (own == known) value = text;
    expanded_ += value.size();
    if (expanded_ > max_expanded_bytes) {
      if (!stopped_) give_up("its entities expand too far");
      return nullptr;
    }
    if (value.empty()) {
      const auto* html = htmlEntityLookup(name);
      if (!html) return nullptr;
      value = utf8_of(html->value);
      if (!breach_)
        breach_ =
            XmlBreach{line(), column(), "the entity \"" + std::string(known) + "\" is not declared", false};
    }
    entity_value_ = std::move(value);
    entity_ = {};
    entity_.type = XML_ENTITY_DECL;
    entity_.name = name;
    entity_.content = reinterpret_cast<xmlChar*>(entity_value_.data());
    entity_.length = static_cast<int>(entity_value_.size());
    // Of a predefined entity in an attribute libxml2 takes the first byte alone.
    const bool in_attribute = context_->instate == XML_PARSER_ATTRIBUTE_VALUE;
    entity_.etype = in_attribute ? XML_INTERNAL_GENERAL_ENTITY : XML_INTERNAL_PREDEFINED_ENTITY;
    return &entity_;
  }

  void note(const xmlError& error) {
    const bool fatal = error.domain != XML_FROM_NAMESPACE && error.level >= XML_ERR_ERROR;
    // Of "is not a valid URI" for a namespace nobody reads: not a breach of what is read here.
    if (error.level == XML_ERR_WARNING ||
        (error.domain == XML_FROM_NAMESPACE && error.code != XML_NS_ERR_UNDEFINED_NAMESPACE))
      return;
    // Without recovery nothing is told from here on; libxml2 would only find more mistakes, slowly. Its own
    // xmlStopParser frees what the caller of this function still reads.
    if (error.level == XML_ERR_FATAL && !recover_) context_->instate = XML_PARSER_EOF;
    if (breach_ && (breach_->fatal || !fatal)) return;
    std::string message = tidy_line(cut_text(error.message ? error.message : "not well-formed", 200));
    breach_ = XmlBreach{error.line, error.int2, std::move(message), fatal};
  }

  void give_up(const char* why) {
    breach_ = XmlBreach{line(), column(), why};
    stop();
  }
  void stop() {
    stopped_ = true;
    xmlStopParser(context_);
  }

  int line() const { return context_->input ? context_->input->line : 0; }
  int column() const { return context_->input ? context_->input->col : 0; }

  XmlText& xml_;
  XmlListener& listener_;
  bool recover_;
  xmlParserCtxtPtr context_ = nullptr;
  std::vector<XmlAttribute> attributes_;
  std::size_t depth_ = 0;
  bool stopped_ = false;
  std::size_t expanded_ = 0;
  std::optional<XmlBreach> breach_;
  xmlEntity entity_{};
  std::string entity_value_;
};

// Overwrites a part of a document, and keeps its lines.
void blank(std::string& text, std::size_t from, std::size_t to) {
  for (auto i = from; i < to; ++i)
    if (text[i] != '\n') text[i] = ' ';
}

// The entities of "<!DOCTYPE … [ … ]>" whose values are characters alone: no markup, no other entity.
void collect_entities(std::string_view subset, XmlEntities& entities) {
  constexpr std::string_view opening = "<!ENTITY";
  for (auto at = subset.find(opening); at != std::string_view::npos; at = subset.find(opening, at)) {
    at += opening.size();
    if (entities.size() == max_entities) return;
    const auto rest = subset.substr(at, 2 * max_entity_bytes);
    const auto name_from = rest.find_first_not_of(" \t\n");
    const auto name_to = rest.find_first_of(" \t\n", name_from);
    const auto quote = rest.find_first_not_of(" \t\n", name_to);
    if (quote == std::string_view::npos || (rest[quote] != '"' && rest[quote] != '\'')) continue;
    const auto close = rest.find(rest[quote], quote + 1);
    if (close == std::string_view::npos) continue;
    std::string value(rest.substr(quote + 1, close - quote - 1));
    if (value.starts_with("&#") && value.ends_with(';')) {
      const bool hex = value[2] == 'x' || value[2] == 'X';
      const auto number = std::strtoul(value.c_str() + (hex ? 3 : 2), nullptr, hex ? 16 : 10);
      const bool is_character = number >= 0x20 && number < 0x110000 && (number < 0xD800 || number > 0xDFFF);
      value = is_character ? utf8_of(static_cast<unsigned>(number)) : "";
    }
    if (!value.empty() && value.find_first_of("&<%") == std::string::npos)
      entities.emplace_back(rest.substr(name_from, name_to - name_from), std::move(value));
  }
}

// Where "<!DOCTYPE" at `at` ends: behind its ">", which counts only outside quotes, brackets and comments.
std::size_t end_of_doctype(std::string_view text, std::size_t at) {
  bool in_subset = false;
  char quote = '\0';
  for (auto i = at; i < text.size(); ++i) {
    const char c = text[i];
    if (quote != '\0') {
      if (c == quote) quote = '\0';
    } else if (text.compare(i, 4, "<!--") == 0) {
      const auto end = text.find("-->", i + 4);
      if (end == std::string_view::npos) return text.size();
      i = end + 2;
    } else if (c == '"' || c == '\'') {
      quote = c;
    } else if (c == '[') {
      in_subset = true;
    } else if (c == ']') {
      in_subset = false;
    } else if (c == '>' && !in_subset) {
      return i + 1;
    }
  }
  return text.size();
}

// Of the tag that begins at `at`: its attributes, and in `end` the place behind it.
std::size_t count_attributes(std::string_view text, std::size_t at, std::size_t& end) {
  std::size_t count = 0;
  char quote = '\0';
  for (end = at + 1; end < text.size(); ++end) {
    const char c = text[end];
    if (quote != '\0') {
      if (c == quote) quote = '\0';
    } else if (c == '"' || c == '\'') {
      quote = c;
    } else if (c == '=') {
      ++count;
    } else if (c == '>') {
      break;
    }
  }
  return count;
}

// libxml2 compares each attribute of an element with each, and copies a long one often.
bool has_excessive_tag(std::string_view text) {
  for (auto at = text.find('<'); at != std::string_view::npos && at + 1 < text.size();
       at = text.find('<', at)) {
    const auto rest = text.substr(at);
    const auto skip_to = [&](std::string_view closing) {
      const auto end = text.find(closing, at + 3);
      at = end == std::string_view::npos ? text.size() : end + closing.size();
    };
    if (rest[1] == '/') {
      at += 2;
    } else if (rest.starts_with("<!--")) {
      skip_to("-->");
    } else if (rest.starts_with("<![CDATA[")) {
      skip_to("]]>");
    } else {
      std::size_t end = at;
      if (count_attributes(text, at, end) > max_xml_attributes || end - at > max_xml_tag_bytes) return true;
      at = end;
    }
  }
  return false;
}

// Behind the next `closing`; npos when there is none.
std::size_t end_of(std::string_view text, std::string_view closing, std::size_t at) {
  const auto found = text.find(closing, at);
  return found == std::string_view::npos ? found : found + closing.size();
}

// All that may stand before the root element becomes spaces: the text is UTF-8 already, and libxml2 must not
// see a DTD, which is never followed.
void blank_prolog(XmlText& xml) {
  auto& text = xml.text;
  for (auto at = text.find_first_not_of(" \t\n"); at != std::string::npos;
       at = text.find_first_not_of(" \t\n", at)) {
    const auto rest = std::string_view(text).substr(at);
    std::size_t end = 0;
    if (rest.starts_with("<?xml") && rest.size() > 5 && std::strchr(" \t\n?", rest[5])) {
      end = end_of(text, ">", at);
    } else if (rest.starts_with("<?")) {
      end = end_of(text, "?>", at);
    } else if (rest.starts_with("<!--")) {
      end = end_of(text, "-->", at);
    } else if (ascii_lower(rest.substr(0, 9)) == "<!doctype") {
      end = end_of_doctype(text, at);
      collect_entities(rest.substr(0, end - at), xml.entities);
    } else {
      return;
    }
    if (end == std::string::npos) {
      xml.breach = XmlBreach{0, 0, "what stands before the root element does not end"};
      return;
    }
    blank(text, at, end);
    at = end;
  }
}

}  // namespace

std::string_view find_attribute(std::span<const XmlAttribute> attributes, std::string_view lower_name) {
  for (const auto& attribute : attributes)
    if (attribute.name.local.size() == lower_name.size() && attribute.name.prefix != "xml" &&
        ascii_lower(attribute.name.local) == lower_name)
      return attribute.value;
  return {};
}

XmlText prepare_xml(std::string_view text, std::size_t junk) {
  XmlText xml;
  xml.text = text;
  const auto first = text.find('<', junk);
  const auto first_word = text.find_first_not_of(" \t\n");
  if (first != std::string_view::npos && first > 0) {
    const bool is_declaration = text.compare(first, 5, "<?xml") == 0;
    if (first_word < first)
      xml.breach = XmlBreach{1, 1, "text stands before the document", false};
    else if (is_declaration)
      xml.breach = XmlBreach{1, 1, "the XML declaration is not at the start", false};
    blank(xml.text, 0, first);
  }
  blank_prolog(xml);
  if (has_excessive_tag(xml.text))
    xml.breach = XmlBreach{0, 0, "an element has too many or too long attributes"};
  return xml;
}

std::optional<XmlBreach> read_xml(XmlText& xml, XmlListener& listener, bool recover) {
  // What a cap forbids is not handed to libxml2 at all.
  if (xml.breach && xml.breach->fatal) return xml.breach;
  auto breach = Reader(xml, listener, recover).read();
  return xml.breach && (!breach || !breach->fatal) ? xml.breach : breach;
}

}  // namespace crier
