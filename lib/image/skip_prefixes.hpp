// Images that are left alone because of how they begin, as they are written.
#pragma once

#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace digester::image {

// The parts of a list that colons separate (--skip-prefixes); empty ones are dropped, since every image
// starts so.
std::vector<std::string> split_prefixes(std::string_view colon_separated);

// A part of such a list that was probably meant as a host, its port following: "127.0.0.1" of
// "127.0.0.1:5000/team". Empty: none.
std::string split_port(std::string_view colon_separated);

// "auto", in whose place Istio puts an image.
bool is_placeholder(std::string_view image);

bool starts_with_any(std::string_view image, std::span<const std::string> prefixes);

}  // namespace digester::image
