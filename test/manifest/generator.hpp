// Random streams of manifests in every style that YAML has, for property tests.
#pragma once

#include <cstdint>
#include <random>
#include <string>
#include <string_view>
#include <vector>

namespace digester::test {

class Generator {
 public:
  explicit Generator(std::uint32_t seed) : random_(seed) {}

  std::string stream();

  // Images that are written in a way that must be refused, since the last stream() began.
  int refused() const { return refused_; }
  // Images that must get a digest, aliases of them not counted.
  int open() const { return open_; }

 private:
  bool one_in(unsigned n) { return random_() % n == 0; }
  template <std::size_t N>
  std::string_view pick(const char* const (&from)[N]) {
    return from[random_() % N];
  }

  std::string document();
  std::string object(int indent);
  std::string pod_spec(int indent);
  std::string container(int indent, bool flow);
  std::string filler(int indent);
  std::string image(int indent, bool flow);
  std::string block_image(int indent);
  std::string reference();
  std::string comment();
  std::string key(std::string_view name);
  std::string at(int indent) const { return std::string(static_cast<std::size_t>(indent), ' '); }

  std::mt19937 random_;
  std::vector<std::string> anchors_;  // of images that are open, in this document
  std::string last_block_;
  int next_anchor_ = 0;
  int refused_ = 0;
  int open_ = 0;
};

}  // namespace digester::test
