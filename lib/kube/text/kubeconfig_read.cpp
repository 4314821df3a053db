#include "kube/text/kubeconfig_read.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "base/text.hpp"

namespace digester::kube {

tl::unexpected<Error> kubeconfig_error(std::string_view path, int line, std::string_view why,
                                       ErrorKind kind) {
  return fail(kind, fmt::format("{}:{}: {}", text::printable(path, 200), line, why));
}

std::string resolve_beside(std::string_view file, std::string path) {
  if (path.empty() || path.front() == '/') return path;
  const auto slash = file.rfind('/');
  if (slash == std::string_view::npos) return path;
  return fmt::format("{}/{}", file.substr(0, slash), path);
}

void FieldReader::refuse_at(int line, std::string_view why, ErrorKind kind) {
  if (fault_) return;
  fault_ = kubeconfig_error(path_, line, why, kind).value();
}

bool FieldReader::has(std::string_view key) const {
  const auto* node = node_.find(key);
  return node != nullptr && !(node->kind == YamlNode::Kind::scalar && node->scalar.empty());
}

const YamlNode* FieldReader::of_kind(std::string_view key, YamlNode::Kind kind, std::string_view expected) {
  const auto* node = node_.find(key);
  if (node == nullptr || node->kind == kind) return node;
  refuse_at(node->line, fmt::format("{}.{} is not {}", where_, key, expected));
  return nullptr;
}

std::string FieldReader::text(std::string_view key) {
  const auto* node = of_kind(key, YamlNode::Kind::scalar, "a string");
  if (node == nullptr) return {};
  const bool control = std::any_of(node->scalar.begin(), node->scalar.end(),
                                   [](char c) { return static_cast<unsigned char>(c) < 0x20 || c == 0x7F; });
  // Tokens go into headers, paths and names into system calls and messages; base64 has its own reader.
  if (control) refuse_at(node->line, fmt::format("{}.{} holds control characters", where_, key));
  return control ? std::string() : node->scalar;
}

bool FieldReader::flag(std::string_view key) {
  const auto* node = of_kind(key, YamlNode::Kind::scalar, "true or false");
  if (node == nullptr) return false;
  const auto value = text::to_lower(node->scalar);
  const bool is_true = value == "true" || value == "yes" || value == "on";
  const bool is_false = value == "false" || value == "no" || value == "off";
  if (node->quoted || (!is_true && !is_false))
    refuse_at(node->line, fmt::format("{}.{} is not true or false", where_, key));
  return is_true;
}

std::string FieldReader::base64(std::string_view key) {
  const auto* node = of_kind(key, YamlNode::Kind::scalar, "a string");
  if (node == nullptr) return {};
  auto encoded = node->scalar;
  std::erase_if(encoded, [](char c) { return c == '\n' || c == '\r' || c == ' '; });
  auto decoded = text::base64_decode(encoded);
  if (!decoded) refuse_at(node->line, fmt::format("{}.{} is not base64", where_, key));
  return std::move(decoded).value_or(std::string());
}

std::string FieldReader::file(std::string_view key) {
  return resolve_beside(path_, text(key));
}

const YamlNode* FieldReader::sequence(std::string_view key) {
  return of_kind(key, YamlNode::Kind::sequence, "a list");
}

const YamlNode* FieldReader::mapping(std::string_view key) {
  return of_kind(key, YamlNode::Kind::mapping, "a mapping");
}

}  // namespace digester::kube
