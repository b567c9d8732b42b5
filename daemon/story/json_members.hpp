// JSON members: an object of a JSON text as the readers of the JSON formats see it: its values with their
// names and places, and their way into the Story.
// Called by story_json.cpp, json_feed.cpp and ninjs.cpp; pure, any thread.
#pragma once

#include <functional>
#include <initializer_list>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.hpp"
#include "story/fields.hpp"
#include "story/json_places.hpp"
#include "story/reading.hpp"
#include "story/story.hpp"

namespace boost::json {
class array;
class object;
class value;
}  // namespace boost::json

namespace crier {

/// What follows the white space (RFC 8259 §2) that the text begins with.
std::string_view skip_json_space(std::string_view text);

/// The text as JSON of RFC 8259, at most 64 deep; an Error with line and column otherwise.
Result<boost::json::value> parse_json(const Reading& reading);

/// As parse_json; but commas too many, comments and what repair_json mends mark the source as ill-formed.
Result<boost::json::value> parse_sloppy_json(Reading& reading);

/// A string as it is, a number as it is written without exponent; nullopt for anything else.
std::optional<std::string> scalar_text(const boost::json::value& value);

/// The names and first places of what the text has at its top: of the object itself, or of the first object
/// in its list, and of the first object in a list with the name "items". Looks at the first 64 KB alone.
struct JsonGlance {
  FieldPlaces names;       ///< of the object that is the text
  FieldPlaces item_names;  ///< of the first object in the list, or in "items"
  std::string version;     ///< the value of "version", when that is a text
};
JsonGlance glance_at_json(std::string_view text);

class JsonMembers {
 public:
  /// `label` names the object in messages ("items[2]"); empty for the one that is the whole text.
  JsonMembers(Reading& reading, const boost::json::object& object, const JsonSpot& spot, std::string label);

  /// nullptr when there is none; null counts as none.
  const boost::json::value* find(std::string_view name) const;
  /// Also null.
  bool has(std::string_view name) const;
  /// The text or number; empty when there is none, with a warning when there is something else.
  std::string text(std::string_view name) const;
  /// nullptr when there is none, with a warning when there is something else.
  const boost::json::array* list(std::string_view name) const;
  const boost::json::object* object(std::string_view name) const;

  /// The texts of a list, or of the one value: each a text or number, or an object that has one under the
  /// first of `names` that it has. What is neither costs a warning; an object without the names is left out.
  std::vector<std::string> texts(std::string_view name, std::initializer_list<std::string_view> names) const;

  /// Sets the member of `story` that is called `field` in our own JSON from the member `name`, when there is
  /// one. Error: as of assign_field.
  Result<void> assign(std::string_view name, std::string_view field, Story& story);
  /// The same with a value that was made of the member.
  Result<void> assign_text(std::string_view name, std::string_view field, std::string text, Story& story);
  void assign_list(std::string_view name, std::string_view field, std::vector<std::string> texts,
                   Story& story);

  /// `name` may end in an index: "tags[3]".
  void warn(std::string_view name, std::string_view message) const;
  void refuse(const Error& error, std::string_view name = {}) const;
  TextPlace place(std::string_view name) const;
  std::string label_of(std::string_view name) const;
  const FieldPlaces& places() const { return places_; }
  const JsonSpot& spot() const { return spot_; }

 private:
  Field make_field(std::string_view name, std::string_view field) const;

  Reading& reading_;
  const boost::json::object& object_;
  JsonSpot spot_;
  std::string label_;
  FieldPlaces places_;
};

/// Calls `read` for each object of the list that the text has at `spot`, up to max_stories; whatever else is
/// in it is refused. `name` names the list in messages.
void read_json_list(Reading& reading, const boost::json::array& list, const JsonSpot& spot,
                    std::string_view name,
                    const std::function<void(const boost::json::object&, JsonMembers&)>& read);

/// Where the member of an object stands; the object's own place, without children, when its name cannot be
/// found as it is written.
JsonSpot json_member(std::string_view text, const JsonSpot& parent, std::string_view name);

/// Adds an enclosure, unless its URL is not one or there are too many: a warning then.
void add_enclosure(const JsonMembers& members, std::string_view name, Enclosure enclosure, Story& story);

}  // namespace crier
