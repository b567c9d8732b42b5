#include "http/receiver.hpp"

#include <algorithm>
#include <memory>
#include <ostream>

#include <boost/json/object.hpp>
#include <boost/json/parse.hpp>
#include <boost/json/serialize.hpp>
#include <boost/json/value.hpp>
#include <fmt/core.h>

#include "base/crypto.hpp"
#include "base/encoding.hpp"
#include "http/header_values.hpp"

namespace crier::http {

namespace json = boost::json;

namespace {

constexpr std::size_t max_shown = 16UL * 1024;

// Characters that move the cursor, change the direction of text or break lines.
bool is_invisible(char32_t c) {
  return (c < 0x20 && c != '\n' && c != '\t') || (c >= 0x7f && c <= 0x9f) || c == 0x61c || c == 0x200e ||
         c == 0x200f || (c >= 0x2028 && c <= 0x202e) || (c >= 0x2066 && c <= 0x2069) || c == 0xfeff;
}

// Takes one character off the front of well-formed, non-empty UTF-8.
char32_t take_character(std::string_view& text) {
  const auto lead = static_cast<unsigned char>(text.front());
  const std::size_t size = lead < 0x80 ? 1 : lead < 0xe0 ? 2 : lead < 0xf0 ? 3 : 4;
  char32_t c = size == 1 ? lead : lead & (0x7f >> size);
  for (std::size_t i = 1; i < size; ++i) c = (c << 6) | (static_cast<unsigned char>(text[i]) & 0x3f);
  text.remove_prefix(size);
  return c;
}

void write_json(std::string& out, const json::value& value, std::size_t indent) {
  const auto line = [&](std::size_t depth) { out.append("\n").append(2 * depth, ' '); };
  if (const auto* object = value.if_object(); object != nullptr && !object->empty()) {
    out += '{';
    const char* comma = "";
    for (const auto& [key, member] : *object) {
      out += comma;
      line(indent + 1);
      out += json::serialize(json::value(key)) + ": ";
      write_json(out, member, indent + 1);
      comma = ",";
    }
    line(indent);
    out += '}';
  } else if (const auto* array = value.if_array(); array != nullptr && !array->empty()) {
    out += '[';
    const char* comma = "";
    for (const auto& element : *array) {
      out += comma;
      line(indent + 1);
      write_json(out, element, indent + 1);
      comma = ",";
    }
    line(indent);
    out += ']';
  } else {
    out += json::serialize(value);
  }
}

void write_indented(std::ostream& out, std::string_view text) {
  while (!text.empty()) {
    const auto end = std::min(text.find('\n'), text.size());
    out << "  " << text.substr(0, end) << '\n';
    text.remove_prefix(std::min(end + 1, text.size()));
  }
}

// "key": "text" of an object, or empty for anything else.
std::string text_at(const json::value& value, std::string_view key) {
  const auto* object = value.if_object();
  const auto* found = object == nullptr ? nullptr : object->if_contains({key.data(), key.size()});
  const auto* text = found == nullptr ? nullptr : found->if_string();
  return text == nullptr ? std::string() : std::string(text->data(), text->size());
}

const json::value& member(const json::value& value, std::string_view key) {
  static const json::value none;
  const auto* object = value.if_object();
  const auto* found = object == nullptr ? nullptr : object->if_contains({key.data(), key.size()});
  return found == nullptr ? none : *found;
}

// One line for each component: "body: Dam breach near Ulm | …".
std::string describe_template(const json::value& message) {
  const auto& content = member(message, "template");
  auto out = fmt::format("template {} ({}) to {}\n", text_at(content, "name"),
                         text_at(member(content, "language"), "code"), text_at(message, "to"));
  const auto* components = member(content, "components").if_array();
  if (components == nullptr) return out;
  for (const auto& component : *components) {
    out += "  " + text_at(component, "type") + ":";
    const auto* parameters = member(component, "parameters").if_array();
    const char* separator = " ";
    for (std::size_t i = 0; parameters != nullptr && i < parameters->size(); ++i) {
      const auto& parameter = (*parameters)[i];
      const auto type = text_at(parameter, "type");
      const auto text = text_at(parameter, "text");
      out += separator + (type == "text" ? text : type + " " + text_at(member(parameter, type), "link"));
      separator = " | ";
    }
    out += '\n';
  }
  return out;
}

// Prints requests as they come and answers them; one for each Handler.
class Printer {
 public:
  Printer(std::ostream& out, ReceiverOptions options) : out_(out), options_(std::move(options)) {}

  Response answer(const Request& request) {
    boost::system::error_code not_json;
    const auto body = json::parse(request.body, not_json);
    print_head(request);
    const bool is_message = request.method == "POST" && request.segments.size() == 3 &&
                            request.segments[0].starts_with('v') && request.segments[2] == "messages";
    Response response;
    if (request.method == "POST" && request.path == "/webhook")
      response = answer_webhook(request);
    else if (is_message)
      response = answer_message(not_json ? json::value() : body);
    else
      response = problem(404, "The receiver knows /webhook and /v…/{phone}/messages.");
    print_body(request.body, not_json ? nullptr : &body);
    out_ << "→ " << response.status << "\n\n" << std::flush;
    return response;
  }

 private:
  void print_head(const Request& request) {
    out_ << printable(request.method) << ' ' << one_line(request.target) << "  from "
         << request.remote_address << '\n';
    for (const auto& [name, value] : request.headers) {
      // A token pasted from a terminal into a chat is a token lost.
      const bool is_secret = equal_ignoring_case(name, "Authorization");
      out_ << "  " << one_line(name) << ": " << (is_secret ? "…" : one_line(value)) << '\n';
    }
  }

  Response answer_webhook(const Request& request) {
    if (!options_.verify) return {204, {}, {}, {}};
    const auto verified = options_.verify(request);
    out_ << "  signature: " << (verified ? "good" : "BAD: " + one_line(verified.error().message)) << '\n';
    if (!verified) return problem(401, "The signature is not good.");
    return {204, {}, {}, {}};
  }

  Response answer_message(const json::value& message) {
    const auto to = text_at(message, "to");
    if (text_at(message, "messaging_product") != "whatsapp" || to.empty()) {
      return json_response(400, json::object{{"error",
                                              {{"message", "(#100) Invalid parameter"},
                                               {"type", "OAuthException"},
                                               {"code", 100},
                                               {"fbtrace_id", to_base64url(random_bytes(12))}}}});
    }
    if (text_at(message, "type") == "template") write_indented(out_, printable(describe_template(message)));
    std::string digits;
    std::copy_if(to.begin(), to.end(), std::back_inserter(digits),
                 [](char c) { return c >= '0' && c <= '9'; });
    return json_response(
        200, json::object{
                 {"messaging_product", "whatsapp"},
                 {"contacts", json::array{json::object{{"input", to}, {"wa_id", digits}}}},
                 {"messages", json::array{json::object{{"id", "wamid." + to_base64(random_bytes(24))}}}}});
  }

  void print_body(const std::string& body, const json::value* as_json) {
    std::string text;
    if (as_json == nullptr)
      text = body;
    else
      write_json(text, *as_json, 0);
    const auto shown = std::string_view(text).substr(0, max_shown);
    write_indented(out_, printable(shown));
    if (shown.size() < text.size()) out_ << "  … and " << text.size() - shown.size() << " more bytes\n";
  }

  static std::string one_line(std::string_view text) {
    auto shown = printable(text);
    std::replace(shown.begin(), shown.end(), '\n', ' ');
    return shown;
  }

  std::ostream& out_;
  ReceiverOptions options_;
};

}  // namespace

std::string printable(std::string_view text) {
  const auto repaired = repair_utf8(text);
  std::string out;
  for (std::string_view rest = repaired; !rest.empty();) {
    const auto before = rest;
    const auto c = take_character(rest);
    if (!is_invisible(c))
      out += before.substr(0, before.size() - rest.size());
    else
      out += c < 0x80 ? fmt::format("\\x{:02x}", static_cast<unsigned>(c))
                      : fmt::format("\\u{{{:04x}}}", static_cast<unsigned>(c));
  }
  return out;
}

Handler receiver(std::ostream& out, ReceiverOptions options) {
  return immediate([printer = std::make_shared<Printer>(out, std::move(options))](const Request& request) {
    return printer->answer(request);
  });
}

}  // namespace crier::http
