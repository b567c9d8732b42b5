// ninjs media: the pictures, recordings and films that come with an item, as its image and its enclosures.
// Called by ninjs.cpp; pure, any thread.
#pragma once

#include "story/story.hpp"

namespace crier {

class JsonMembers;

/// The image is the picture that stands for the story ("featuremedia", "main"), else the first; of an item
/// that is a picture, the item itself. Of several renditions the widest counts. Associated items are not
/// followed further.
void read_ninjs_media(const JsonMembers& members, Story& story);

}  // namespace crier
