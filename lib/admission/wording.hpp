// The sentences that people read: warnings of at most kMaxWarningBytes, and the message of a refusal. All
// of it is one printable line, whatever is in the images. Internal to the room.
#pragma once

#include <span>
#include <string>
#include <string_view>

#include "admission/images.hpp"
#include "base/result.hpp"
#include "base/units.hpp"

namespace digester::admission::wording {

// The cause in a few words, for a warning: "no such image".
std::string_view cause(ErrorKind kind);

// An image, for people. `registry` is its domain; empty for what is no reference.
struct Subject {
  std::string_view image;
  std::string_view registry;
};

std::string not_pinned(const Subject& subject, ErrorKind kind);             // let in without a digest
std::string would_refuse(const Subject& subject, ErrorKind kind);           // the same, under --dry-run
std::string would_write(std::string_view image, std::string_view written);  // a pin, under --dry-run
// Pinned to a remembered digest; `why` is a cause.
std::string stale(const Subject& subject, Duration age, std::string_view why);
// Rule 3: the old digest went back since the registry gave no fresh one; `why` is a cause.
std::string kept(const Subject& subject, std::string_view why);
// Any other sentence, made to fit.
std::string plain(std::string_view text);

// One of a refusal's reasons: where the image is, and the error, whose message should name the image
// already and gets it otherwise.
std::string reason(const ImageField& field, const Error& error);

}  // namespace digester::admission::wording
