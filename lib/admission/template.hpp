// Does a request change a pod template beside its images' digests? Internal to the room.
#pragma once

#include "json/value.hpp"

namespace digester::admission {

// True if both templates (metadata and spec) are equal but for image strings that only lost the digest
// which the old one has at the same place: whether those are changes is decided when their digests are
// known.
bool same_template(json::Value old_template, json::Value new_template, bool digest_only);

}  // namespace digester::admission
