// JSON texts changed by pointer (RFC 6901), so that tests can vary captured objects and look at what a
// JSONPatch makes of one.
#pragma once

#include <map>
#include <set>
#include <stdexcept>
#include <string>
#include <string_view>

#include "json/value.hpp"
#include "json/writer.hpp"

namespace digester::test {

class JsonEdit {
 public:
  enum class Action { set, replace, remove };

  JsonEdit() = default;
  JsonEdit(const std::string& pointer, Action action, std::string raw) {
    add(pointer, action, std::move(raw));
  }

  // All edits are made in one walk, so their pointers are those of the original.
  void add(const std::string& pointer, Action action, std::string raw) {
    edits_[pointer] = {action, std::move(raw)};
    if (action == Action::set) added_to_.insert(pointer.substr(0, pointer.rfind('/')));
  }

  std::string apply(std::string_view text) {
    std::string copy(text);
    json::Document document;
    const auto root = document.parse(copy);
    if (!root) throw std::runtime_error("not JSON: " + root.error().message);
    write(*root, "");
    for (const auto& [pointer, edit] : edits_)
      if (!edit.done) throw std::runtime_error("nothing at " + pointer);
    return std::move(out_);
  }

  // The text of one value.
  static std::string text_of(json::Value value) {
    JsonEdit nothing;
    nothing.write(value, "");
    return std::move(nothing.out_);
  }

 private:
  struct Edit {
    Action action = Action::replace;
    std::string raw = {};
    bool done = false;
  };

  std::string quoted(std::string_view text) {
    writer_.clear();
    return writer_.string(text).str();
  }

  static std::string token(std::string_view key) {
    std::string out = "/";
    for (const char c : key) {
      if (c == '~')
        out += "~0";
      else if (c == '/')
        out += "~1";
      else
        out += c;
    }
    return out;
  }

  Edit* edit_at(const std::string& path) {
    const auto found = edits_.find(path);
    return found == edits_.end() ? nullptr : &found->second;
  }

  // False if this member is to disappear.
  bool member(json::Value value, const std::string& path, const std::string& before) {
    if (auto* edit = edit_at(path); edit != nullptr && edit->action == Action::remove) {
      edit->done = true;
      return false;
    }
    out_ += before;
    write(value, path);
    return true;
  }

  void write(json::Value value, const std::string& path) {
    if (auto* edit = edit_at(path)) {
      edit->done = true;
      out_ += edit->raw;
    } else if (value.is_object()) {
      object(value, path);
    } else if (value.is_array()) {
      array(value, path);
    } else {
      scalar(value);
    }
  }

  void array(json::Value value, const std::string& path) {
    out_ += '[';
    bool first = true;
    std::size_t index = 0;
    for (const auto element : value.elements())
      if (member(element, path + "/" + std::to_string(index++), first ? "" : ",")) first = false;
    if (auto* edit = edit_at(path + "/-"); edit != nullptr && edit->action == Action::set) {
      edit->done = true;
      out_ += (first ? "" : ",") + edit->raw;
    }
    out_ += ']';
  }

  void object(json::Value value, const std::string& path) {
    out_ += '{';
    bool first = true;
    for (const auto [key, inner] : value.members())
      if (member(inner, path + token(key), (first ? "" : ",") + quoted(key) + ":")) first = false;
    if (added_to_.contains(path)) {
      for (auto& [pointer, edit] : edits_) {
        if (edit.done || edit.action != Action::set || pointer.substr(0, pointer.rfind('/')) != path)
          continue;
        edit.done = true;
        out_ += (first ? "" : ",") + quoted(unescaped(pointer.substr(path.size() + 1))) + ":" + edit.raw;
        first = false;
      }
    }
    out_ += '}';
  }

  static std::string unescaped(std::string key) {
    for (const auto& [from, to] : {std::pair{"~1", "/"}, std::pair{"~0", "~"}})
      for (auto at = key.find(from); at != std::string::npos; at = key.find(from, at + 1))
        key.replace(at, 2, to);
    return key;
  }

  void scalar(json::Value value) {
    if (const auto text = value.string())
      out_ += quoted(*text);
    else if (const auto flag = value.boolean())
      out_ += *flag ? "true" : "false";
    else if (const auto whole = value.integer())
      out_ += std::to_string(*whole);
    else if (const auto number = value.number())
      out_ += json::Writer().number(*number).str();
    else
      out_ += "null";
  }

  std::map<std::string, Edit> edits_;
  std::set<std::string> added_to_;
  json::Writer writer_;
  std::string out_;
};

// Adds or replaces a member (its parent must be there); "/list/-" appends.
inline std::string json_set(std::string_view text, const std::string& pointer, std::string raw) {
  return JsonEdit(pointer, JsonEdit::Action::set, std::move(raw)).apply(text);
}
inline std::string json_set_string(std::string_view text, const std::string& pointer,
                                   std::string_view value) {
  return json_set(text, pointer, json::Writer().string(value).str());
}
inline std::string json_remove(std::string_view text, const std::string& pointer) {
  return JsonEdit(pointer, JsonEdit::Action::remove, "").apply(text);
}
// The value at a pointer as JSON text; throws if there is none.
inline std::string json_get(std::string_view text, std::string_view pointer) {
  std::string copy(text);
  json::Document document;
  auto value = document.parse(copy).value();
  while (!pointer.empty()) {
    pointer.remove_prefix(1);
    const auto key = pointer.substr(0, pointer.find('/'));
    pointer.remove_prefix(key.size());
    json::Value next = value.find(key);
    if (value.is_array()) {
      std::size_t index = std::stoul(std::string(key));
      for (const auto element : value.elements())
        if (index-- == 0) next = element;
    }
    if (!next.present()) throw std::runtime_error("nothing at " + std::string(key));
    value = next;
  }
  return JsonEdit::text_of(value);
}

// RFC 6902 with `replace` alone, which is all that we send; the places must exist and differ.
inline std::string json_apply_patch(std::string_view text, std::string_view patch) {
  std::string copy(patch);
  json::Document document;
  JsonEdit edit;
  for (const auto operation : document.parse(copy).value().elements()) {
    if (operation.find("op").string() != "replace")
      throw std::runtime_error("an operation that is not replace");
    edit.add(std::string(operation.find("path").string().value()), JsonEdit::Action::replace,
             json::Writer().string(operation.find("value").string().value()).str());
  }
  return edit.apply(text);
}

}  // namespace digester::test
