#include "generator.hpp"

#include "support.hpp"

namespace digester::test {

std::string Generator::stream() {
  refused_ = open_ = 0;
  last_block_.clear();
  std::string out;
  if (one_in(5)) out += "# ümläut ☃ 😀\n";
  if (one_in(10)) out += "%YAML 1.1\n";
  const auto documents = 1 + random_() % 3;
  for (unsigned i = 0; i < documents; ++i) {
    const bool is_directive = out.ends_with("%YAML 1.1\n");
    if (i > 0 || is_directive || one_in(3)) out += one_in(3) ? "--- # é\n" : "---\n";
    if (i > 0 && one_in(6)) out += "\xEF\xBB\xBF";
    out += document();
    if (one_in(4)) out += one_in(2) ? "...\n" : "... # end\n";
  }
  // Without its line break at the end, a block scalar is another value.
  const bool may_end_short = last_block_.empty() || !out.ends_with(last_block_);
  if (one_in(4)) out = replaced(out, "\n", "\r\n");
  if (one_in(4)) out = "\xEF\xBB\xBF" + out;
  if (may_end_short && one_in(6)) {
    while (out.ends_with('\n') || out.ends_with('\r'))
      out.pop_back();
  }
  return out;
}

std::string Generator::document() {
  anchors_.clear();
  if (!one_in(3)) return object(0);
  std::string out = "apiVersion: v1\n";
  const bool kind_first = one_in(2);
  if (kind_first) out += "kind: List\n";
  const int indent = one_in(2) ? 0 : 4;
  out += "items:" + comment() + "\n";
  for (auto n = 1 + random_() % 3; n > 0; --n)
    out += at(indent) + "-   " + object(indent + 4).substr(static_cast<std::size_t>(indent) + 4);
  if (!kind_first) out += "kind: List\n";
  return out;
}

// Its first line begins with `indent` blanks, to be replaced by a dash where it is an element.
std::string Generator::object(int indent) {
  static constexpr const char* kKinds[] = {"Pod", "Deployment", "CronJob", "PodTemplate", "Thing"};
  const auto kind = random_() % 5;
  std::string out = at(indent) + key("kind") + " " + kKinds[kind] + comment() + "\n";
  if (one_in(2)) out += at(indent) + "metadata: {name:  n,labels: {\"q\":'r'}} " + comment() + "\n";
  out += filler(indent);
  const std::vector<std::vector<std::string_view>> paths{{"spec"},
                                                         {"spec", "template", "spec"},
                                                         {"spec", "jobTemplate", "spec", "template", "spec"},
                                                         {"template", "spec"},
                                                         {"spec"}};
  int depth = indent;
  for (const auto step : paths[kind]) {
    out += at(depth) + key(step) + comment() + "\n";
    depth += 1 + static_cast<int>(random_() % 4);
    out += filler(depth);
  }
  out += pod_spec(depth);
  out += filler(depth);
  return out;
}

std::string Generator::pod_spec(int indent) {
  static constexpr const char* kLists[] = {"containers", "initContainers", "ephemeralContainers"};
  std::string out;
  const auto first = random_() % 3;
  for (auto list = first; list < 3; ++list) {
    const auto name = key(kLists[list]);
    if (one_in(5)) {
      // One after the other: the second may refer to the first.
      out += at(indent) + name + " [ " + container(indent, true);
      out += (one_in(2) ? ", " : " , ") + container(indent, true);
      out += (one_in(2) ? ",]" : "]") + comment() + "\n";
      continue;
    }
    out += at(indent) + name + comment() + "\n";
    const int dash = indent + (one_in(2) ? 0 : 2);
    for (auto n = 1 + random_() % 3; n > 0; --n) {
      if (one_in(8)) out += at(dash) + "# between\n";
      const auto width = 2 + static_cast<int>(random_() % 3);
      if (one_in(4))
        out += at(dash) + "- " + container(dash + 2, true) + comment() + "\n";
      else
        out += at(dash) + "-" + container(dash + width, false).substr(static_cast<std::size_t>(dash) + 1);
    }
  }
  if (one_in(4)) {
    out += at(indent) + "volumes:\n" + at(indent) + "- name: v\n" + at(indent) + "  image:\n" + at(indent) +
           "    reference:" + image(indent + 4, false) + at(indent) + "    pullPolicy: Always\n";
  }
  return out;
}

std::string Generator::container(int indent, bool flow) {
  if (flow) {
    const auto name = one_in(2) ? "name: x" : "\"name\" : 'é'";
    const auto value = "image:" + image(indent, true);
    return one_in(2) ? fmt::format("{{{}, {}}}", name, value) : fmt::format("{{ {} , {} }}", value, name);
  }
  const auto image_line = at(indent) + key("image") + image(indent, false);
  const auto name = at(indent) + key("name") + (one_in(2) ? " \"ümläut ☃\"" : " plain") + comment() + "\n";
  const auto more = one_in(3) ? at(indent) + "command: [\"sh\", '-c', \"image: x:1\"]\n" : filler(indent);
  switch (random_() % 3) {
    case 0:
      return image_line + name + more;
    case 1:
      return name + image_line + more;
    default:
      return name + more + image_line;
  }
}

// Members that are no images, though they may look like some.
std::string Generator::filler(int indent) {
  const auto name = fmt::format("x{}", random_() % 100'000);
  switch (random_() % 9) {
    case 0:
      return at(indent) + name + ": |\n" + at(indent + 2) + "image: x:1\n\n" + at(indent + 2) + "spec: é\n";
    case 1:
      return at(indent) + name + ": >+\n" + at(indent + 1) + "folded\n" + at(indent + 1) + "text\n\n";
    case 2:
      return at(indent) + name + ": {a: [1, 'two', \"th\\u0072ee\"], image: x:1}\n";
    case 3:
      return at(indent) + "# image: x:1\n\n";
    case 4:
      return at(indent) + "? [complex, {key: 1}]\n" + at(indent) + ": &" + name + " value\n";
    case 5:
      return at(indent) + name + ": plain text over\n" + at(indent + 2) + "two lines # c\n";
    default:
      return {};
  }
}

// From the colon to the line's end; in flow style without the line's end.
std::string Generator::image(int indent, bool flow) {
  const auto blanks = std::string(1 + random_() % 3, ' ');
  if (!anchors_.empty() && one_in(6)) {
    const auto alias = blanks + "*" + anchors_[random_() % anchors_.size()];
    return flow ? alias + " " : alias + comment() + "\n";
  }
  if (!flow && one_in(4)) return blanks + block_image(indent);
  if (!flow && one_in(15)) {
    ++refused_;
    return blanks + "two\n" + at(indent + 2) + "lines\n";
  }
  std::string property;
  if (one_in(8)) {
    anchors_.push_back(fmt::format("a{}", next_anchor_++));
    property = "&" + anchors_.back() + " ";
  } else if (one_in(12)) {
    property = "!!str ";
  }
  ++open_;
  std::string text;
  switch (random_() % 6) {
    case 0:
      text = "'" + reference() + "'";
      break;
    case 1:
      text = "\"" + reference() + "\"";
      break;
    case 2:
      text = "\"r\\u002eexample/e:1\"";
      break;
    default:
      text = reference();
  }
  const auto all = blanks + property + text;
  if (flow) return all + (one_in(2) ? " " : "");
  if (one_in(10)) return comment() + "\n" + at(indent + 2) + property + text + comment() + "\n";
  return all + comment() + "\n";
}

std::string Generator::block_image(int indent) {
  static constexpr const char* kHeads[] = {"|-", ">-", "|", ">", "|+", ">-  # c", "|2-"};
  const auto head = pick(kHeads);
  const bool good = head.find('-') != std::string_view::npos;
  ++(good ? open_ : refused_);
  auto out = std::string(head) + "\n" + at(indent + 2) + reference() + "\n";
  if (one_in(3)) out += "\n";
  if (one_in(5)) out += at(indent) + "# after it\n";
  return last_block_ = out;
}

std::string Generator::reference() {
  static constexpr const char* kNames[] = {"nginx", "nginx:1.27", "127.0.0.1:5000/team/web:1.10",
                                           "r.example/a/b_c:v1.0-x", "r.example:443/team/migrate:2"};
  return std::string(pick(kNames));
}

std::string Generator::comment() {
  static constexpr const char* kComments[] = {
      "", "", "", " ", "\t", " # c", "\t# image: x:1", "   # ümläut ☃", " # kpt-set: ${x}"};
  return std::string(pick(kComments));
}

std::string Generator::key(std::string_view name) {
  switch (random_() % 8) {
    case 0:
      return fmt::format("\"{}\":", name);
    case 1:
      return fmt::format("'{}' :", name);
    default:
      return fmt::format("{}:", name);
  }
}

}  // namespace digester::test
