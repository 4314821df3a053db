#include "registry/protocol/inflate.hpp"

#include <zlib.h>

#include <array>

#include "base/text.hpp"

namespace digester::registry::protocol {
namespace {

class Inflater {
 public:
  Inflater() { ready_ = inflateInit2(&stream_, 15 + 32) == Z_OK; }  // 32: zlib's or gzip's header
  ~Inflater() {
    if (ready_) inflateEnd(&stream_);
  }
  Inflater(const Inflater&) = delete;
  Inflater& operator=(const Inflater&) = delete;

  bool ready() const { return ready_; }
  z_stream& stream() { return stream_; }

 private:
  z_stream stream_{};
  bool ready_ = false;
};

Result<std::string> inflate_all(std::string& body, std::size_t limit) {
  const auto broken = [] { return fail(ErrorKind::protocol, "its answer is compressed and damaged"); };
  Inflater inflater;
  if (!inflater.ready()) return fail(ErrorKind::internal, "no memory to open a compressed answer");
  auto& stream = inflater.stream();
  stream.next_in = reinterpret_cast<Bytef*>(body.data());
  stream.avail_in = static_cast<uInt>(body.size());
  std::string out;
  std::array<char, 16 * 1024> chunk;
  for (;;) {
    stream.next_out = reinterpret_cast<Bytef*>(chunk.data());
    stream.avail_out = chunk.size();
    const int status = inflate(&stream, Z_NO_FLUSH);
    if (status != Z_OK && status != Z_STREAM_END) return broken();
    const auto produced = chunk.size() - stream.avail_out;
    if (produced > limit - out.size())
      return fail(ErrorKind::too_large, "its answer is too large once decompressed");
    out.append(chunk.data(), produced);
    if (status == Z_STREAM_END) {
      if (stream.avail_in == 0) return out;
      if (inflateReset(&stream) != Z_OK) return broken();  // RFC 1952 §2.2: members follow each other
    } else if (stream.avail_in == 0 && stream.avail_out != 0) {
      return broken();
    }
  }
}

}  // namespace

Result<std::string> decode_body(std::string body, std::string_view encoding, std::size_t limit) {
  encoding = text::trim(encoding);
  const bool plain = encoding.empty() || text::iequals(encoding, "identity");
  if (plain || body.empty()) {
    if (body.size() > limit) return fail(ErrorKind::too_large, "its answer is too large");
    return body;
  }
  if (!text::iequals(encoding, "gzip") && !text::iequals(encoding, "x-gzip") &&
      !text::iequals(encoding, "deflate"))
    return fail(ErrorKind::unsupported, "its answer is compressed in a way nobody asked for");
  return inflate_all(body, limit);
}

}  // namespace digester::registry::protocol
