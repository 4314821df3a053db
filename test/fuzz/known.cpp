// Any text as what builds and locks say, as a manifest with ko:// references, and as what is to be prepared.
// Trees are written as they were read; locks are the same after they were written; what was replaced is all
// that changed.
#include "check.hpp"
#include "known/artifacts.hpp"
#include "known/image_map.hpp"
#include "known/images_lock.hpp"
#include "known/ko_references.hpp"
#include "prepare/prepare.hpp"
#include "yaml/tree.hpp"
#include "yaml/writer.hpp"

using namespace digester;

namespace {

const std::string kDigest = "sha256:44136fa355b3678a1146ad16f7e8649e94fb4fc21fe77e8310c060f61caaff8a";
const std::string kReference = "r.example/app@" + kDigest;

template <typename R>
void check_error(const R& result) {
  FUZZ_CHECK(result || fuzz::is_printable_line(result.error().message, 2'048));
}

// The same values; a text may have lost its quotes where it is plainly one.
bool same(const yaml::Tree& a, const yaml::Tree& b) {
  if (a.kind != b.kind || a.items.size() != b.items.size() || a.members.size() != b.members.size())
    return false;
  if (a.is_scalar() && !(a.is_null() && b.is_null()) && a.scalar != b.scalar) return false;
  if (a.is_scalar() && a.is_null() != b.is_null()) return false;
  for (std::size_t i = 0; i < a.items.size(); ++i)
    if (!same(a.items[i], b.items[i])) return false;
  for (std::size_t i = 0; i < a.members.size(); ++i)
    if (a.members[i].key != b.members[i].key || !same(a.members[i].value, b.members[i].value)) return false;
  return true;
}

void check_trees(std::string_view text) {
  const auto trees = yaml::read_trees(text);
  check_error(trees);
  if (!trees) return;
  for (const auto& tree : *trees) {
    const auto written = yaml::write(tree);
    if (!written) {
      FUZZ_CHECK(written.error().kind == ErrorKind::too_large);
      continue;
    }
    const auto again = yaml::read_trees(yaml::read_yaml(*written));
    FUZZ_CHECK(again && again->size() == 1 && same(tree, again->front()));
    FUZZ_CHECK(yaml::write(again->front()).value() == *written);
  }
}

void check_lock(std::string_view text) {
  auto lock = known::ImagesLock::read(text);
  check_error(lock);
  if (!lock) return;
  const auto written = lock->write();
  if (!written) return;
  auto again = known::ImagesLock::read(*written);
  FUZZ_CHECK(again && again->write().value() == *written);
  for (const auto& entry : lock->entries())
    if (const auto found = lock->find(entry.id)) FUZZ_CHECK(image::Reference::parse(*found).value().digest());
  lock->merge(std::vector{known::lock_entry("a:1", "a:1@" + kDigest).value()});
  FUZZ_CHECK(lock->find("a:1") == "a:1@" + kDigest);
}

void check_ko(std::string_view text) {
  const auto found = known::find_ko(text);
  check_error(found);
  if (!found) return;
  const auto replaced = known::replace_ko(text, *found, [](std::string_view) { return kReference; });
  check_error(replaced);
  if (!replaced) return;
  FUZZ_CHECK(replaced->replaced.size() + replaced->unresolved.size() == found->size());
  auto back = replaced->text;
  for (auto reference = replaced->replaced.rbegin(); reference != replaced->replaced.rend(); ++reference) {
    const auto at = back.rfind(kReference);
    FUZZ_CHECK(at != std::string::npos);
    back.replace(at, kReference.size(), reference->value);
  }
  FUZZ_CHECK(back == text || text.find(kReference) != std::string_view::npos);
  for (const auto& reference : replaced->unresolved)
    FUZZ_CHECK(fuzz::is_printable_line(known::unresolved_message(reference), 1'024));
}

void check_prepared(const std::string& text) {
  const std::vector<prepare::Input> inputs{{"a.yaml", text}};
  const auto words =
      prepare::Words{.images = {"r/e:1"}, .app = "a", .version = "1", .name_space = "n", .labels = {"l=1"}};
  auto made = prepare::Preparation::make(inputs, prepare::read_options(words).value());
  check_error(made);
  if (!made) return;
  check_error(made->suggested());
  const auto expanded = made->expanded(std::vector{image::Digest::parse(kDigest).value()});
  check_error(expanded);
  if (!expanded) return;
  const auto objects = made->objects().size();
  const std::vector<prepare::Input> again{{"b.yaml", *expanded}};
  FUZZ_CHECK(prepare::read_objects(again).value().size() == objects);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const unsigned char* data, std::size_t size) {
  const std::string text(reinterpret_cast<const char*>(data), size);
  check_trees(text);
  check_error(known::Artifacts::read(text));
  check_error(known::ImageMap::read(text));
  check_lock(text);
  check_ko(text);
  check_prepared(text);
  return 0;
}
