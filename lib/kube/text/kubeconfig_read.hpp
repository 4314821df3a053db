// Fields of a YAML mapping, read with messages that name file, line and field. Inside of this room.
#pragma once

#include <functional>
#include <string>
#include <string_view>

#include "base/result.hpp"
#include "kube/text/yaml_tree.hpp"

namespace digester::kube {

// "path:line: why", printable.
tl::unexpected<Error> kubeconfig_error(std::string_view path, int line, std::string_view why,
                                       ErrorKind kind = ErrorKind::invalid);

// Reads fields of one mapping; the first that is wrong is kept, and the later ones read as empty.
class FieldReader {
 public:
  // `path` and `node` outlive this.
  FieldReader(const std::string& path, const YamlNode& node, std::string_view where)
      : path_(path), node_(node), where_(where) {}

  std::string text(std::string_view key);
  bool flag(std::string_view key);
  // Base64, line breaks allowed in it.
  std::string base64(std::string_view key);
  // A path, relative ones from the file's directory.
  std::string file(std::string_view key);
  const YamlNode* sequence(std::string_view key);
  const YamlNode* mapping(std::string_view key);
  bool has(std::string_view key) const;

  void refuse(std::string_view why, ErrorKind kind = ErrorKind::invalid) { refuse_at(node_.line, why, kind); }
  void refuse_at(int line, std::string_view why, ErrorKind kind = ErrorKind::invalid);
  const std::optional<Error>& fault() const { return fault_; }

 private:
  const YamlNode* of_kind(std::string_view key, YamlNode::Kind kind, std::string_view expected);

  const std::string& path_;
  const YamlNode& node_;
  std::string where_;  // "users[].user"
  std::optional<Error> fault_;
};

// `path` as seen from the directory of `file`, if it is relative and not empty.
std::string resolve_beside(std::string_view file, std::string path);

}  // namespace digester::kube
