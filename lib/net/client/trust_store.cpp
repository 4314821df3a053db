#include "net/client/trust_store.hpp"

#include <fmt/format.h>
#include <openssl/err.h>
#include <openssl/pem.h>

#include <array>
#include <filesystem>
#include <fstream>
#include <unordered_set>
#include <utility>

#include "base/text.hpp"
#include "net/client/authority_index.hpp"

namespace digester::net {
namespace {

namespace fs = std::filesystem;

constexpr std::size_t kMaxFile = 10 * 1024 * 1024;

// Where Linux distributions keep the bundle: the first that can be read counts.
constexpr std::array kBundles = {"/etc/ssl/certs/ca-certificates.crt",
                                 "/etc/pki/tls/certs/ca-bundle.crt",
                                 "/etc/ssl/ca-bundle.pem",
                                 "/etc/pki/tls/cacert.pem",
                                 "/etc/pki/ca-trust/extracted/pem/tls-ca-bundle.pem",
                                 "/etc/ssl/cert.pem"};
constexpr std::array kDirectories = {"/etc/ssl/certs", "/etc/pki/tls/certs"};

std::optional<std::string> read_file(const fs::path& path) {
  std::error_code ec;
  if (!fs::is_regular_file(path, ec)) return std::nullopt;
  std::ifstream in(path, std::ios::binary);
  if (!in) return std::nullopt;
  std::string text;
  std::array<char, 16384> block;
  while (in.read(block.data(), block.size()), in.gcount() > 0) {
    text.append(block.data(), static_cast<std::size_t>(in.gcount()));
    if (text.size() > kMaxFile) return std::nullopt;
  }
  return text;
}

// What has been read so far. Distributions keep each authority in the bundle and in a file of its own, mostly
// with the same text: that is decoded once, and a certificate counts once however it is written.
struct Reading {
  AuthorityIndex index;
  std::unordered_set<std::string> texts;
  std::stop_token stop;
};

constexpr std::string_view kBegin = "-----BEGIN ";

void add_decoded(AuthorityIndex& index, std::string_view pem) {
  const std::unique_ptr<BIO, decltype(&BIO_free)> in(
      BIO_new_mem_buf(pem.data(), static_cast<int>(pem.size())), &BIO_free);
  char* name = nullptr;
  char* header = nullptr;
  unsigned char* data = nullptr;
  long size = 0;
  while (PEM_read_bio(in.get(), &name, &header, &data, &size) == 1) {
    const std::string_view kind = name;
    if (kind == PEM_STRING_X509 || kind == PEM_STRING_X509_OLD || kind == PEM_STRING_X509_TRUSTED)
      index.add({reinterpret_cast<const char*>(data), static_cast<std::size_t>(size)});
    OPENSSL_free(name);
    OPENSSL_free(header);
    OPENSSL_free(data);
  }
  ERR_clear_error();
}

// Adds each certificate of a PEM text.
void add(Reading& reading, std::string_view pem) {
  for (auto at = pem.find(kBegin); at != pem.npos && !reading.stop.stop_requested();) {
    const auto next = pem.find(kBegin, at + kBegin.size());
    const auto block = text::trim(pem.substr(at, next == pem.npos ? next : next - at));
    if (reading.texts.emplace(block).second) add_decoded(reading.index, block);
    at = next;
  }
}

bool holds_certificate(std::string_view pem) {
  Reading reading;
  add(reading, pem);
  return reading.index.size() != 0;
}

std::string no_use(std::string_view variable, std::string_view path, std::string_view why) {
  return fmt::format("{} {} {}", variable, text::printable(path, 256), why);
}

// Debian's directory holds each certificate twice: under its name and as a link to that name by its hash.
bool is_link_within(const fs::directory_entry& entry) {
  std::error_code ec;
  if (!entry.is_symlink(ec)) return false;
  const fs::path target = fs::read_symlink(entry.path(), ec);
  return !ec && !target.has_parent_path();
}

// False if it cannot be read.
bool add_directory(Reading& reading, const fs::path& directory) {
  std::error_code ec;
  fs::directory_iterator at(directory, ec);
  if (ec) return false;
  for (const fs::directory_iterator end; !ec && at != end; at.increment(ec)) {
    if (reading.stop.stop_requested()) break;
    if (is_link_within(*at)) continue;
    if (const auto text = read_file(at->path())) add(reading, *text);
  }
  return true;
}

// SSL_CERT_FILE: what is wrong with it.
std::string add_named_file(Reading& reading, const std::string& path) {
  const auto text = read_file(path);
  if (!text) return no_use("SSL_CERT_FILE", path, "cannot be read");
  if (!holds_certificate(*text)) return no_use("SSL_CERT_FILE", path, "holds no PEM certificate");
  add(reading, *text);
  return {};
}

// SSL_CERT_DIR.
std::string add_named_directories(Reading& reading, const std::string& paths) {
  std::string trouble;
  for (const auto part : text::split(paths, ':'))
    if (!part.empty() && !add_directory(reading, fs::path(part)))
      trouble += (trouble.empty() ? "" : "; ") + no_use("SSL_CERT_DIR", part, "cannot be read");
  return trouble;
}

}  // namespace

LoadedTrust load_trust(const TrustOptions& options, const std::vector<std::string>& extra_pem,
                       const std::stop_token& stop) {
  LoadedTrust loaded{TrustStore(X509_STORE_new()), 0, {}};
  // Like Go: whatever is in the store is an anchor, be it an intermediate or the server's own certificate.
  X509_STORE_set_flags(loaded.store.get(), X509_V_FLAG_PARTIAL_CHAIN);
  Reading reading;
  reading.stop = stop;
  for (const auto& pem : extra_pem)
    add(reading, pem);
  add(reading, options.ca_pem);
  if (options.system_store) {
    if (options.cert_file) {
      loaded.trouble = add_named_file(reading, *options.cert_file);
    } else {
      for (const char* path : kBundles) {
        const auto text = read_file(path);
        if (!text) continue;
        add(reading, *text);
        break;
      }
    }
    if (options.cert_dir) {
      const auto trouble = add_named_directories(reading, *options.cert_dir);
      if (!trouble.empty()) loaded.trouble += (loaded.trouble.empty() ? "" : "; ") + trouble;
    } else {
      for (const char* path : kDirectories)
        add_directory(reading, path);
    }
  }
  loaded.certificates = reading.index.size();
  if (!AuthorityIndex::move_into(loaded.store.get(), std::move(reading.index))) loaded.certificates = 0;
  return loaded;
}

Result<std::string> read_ca_file(const std::string& path) {
  auto text = read_file(path);
  const auto shown = text::printable(path, 256);
  if (!text) return fail(ErrorKind::invalid, fmt::format("the CA file {} cannot be read", shown));
  if (!holds_certificate(*text))
    return fail(ErrorKind::invalid, fmt::format("the CA file {} holds no PEM certificate", shown));
  return std::move(*text);
}

}  // namespace digester::net
