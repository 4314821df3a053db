// OpenSSL's many reasons, in the few words that tell somebody what to do.
#include <fmt/format.h>
#include <openssl/err.h>
#include <openssl/ssl.h>
#include <openssl/x509_vfy.h>

#include "base/text.hpp"
#include "net/client/tls.hpp"

namespace digester::net {
namespace {

bool is_untrusted(long code) {
  switch (code) {
    case X509_V_ERR_UNABLE_TO_GET_ISSUER_CERT:
    case X509_V_ERR_UNABLE_TO_GET_ISSUER_CERT_LOCALLY:
    case X509_V_ERR_UNABLE_TO_VERIFY_LEAF_SIGNATURE:
    case X509_V_ERR_SELF_SIGNED_CERT_IN_CHAIN:
    case X509_V_ERR_CERT_SIGNATURE_FAILURE:
    case X509_V_ERR_DEPTH_ZERO_SELF_SIGNED_CERT:
      return true;
    default:
      return false;
  }
}

std::string certificate_problem(long code, const std::string& add_ca) {
  switch (code) {
    case X509_V_ERR_UNABLE_TO_GET_ISSUER_CERT:
    case X509_V_ERR_UNABLE_TO_GET_ISSUER_CERT_LOCALLY:
    case X509_V_ERR_UNABLE_TO_VERIFY_LEAF_SIGNATURE:
    case X509_V_ERR_SELF_SIGNED_CERT_IN_CHAIN:
    case X509_V_ERR_CERT_SIGNATURE_FAILURE:  // an authority of the same name and another key
      return fmt::format("its certificate comes from an authority that is not trusted here (add that CA {})",
                         add_ca);
    case X509_V_ERR_DEPTH_ZERO_SELF_SIGNED_CERT:
      return fmt::format("its certificate is self-signed and not trusted here (add it {})", add_ca);
    case X509_V_ERR_CERT_HAS_EXPIRED:
      return "its certificate has expired (renew it, or correct this machine's clock)";
    case X509_V_ERR_CERT_NOT_YET_VALID:
      return "its certificate is not valid yet (correct this machine's clock, or its)";
    case X509_V_ERR_HOSTNAME_MISMATCH:
    case X509_V_ERR_IP_ADDRESS_MISMATCH:
      return "its certificate is for another name (it needs this host as a subject alternative name)";
    case X509_V_ERR_CERT_REVOKED:
      return "its certificate was revoked";
    case X509_V_ERR_EE_KEY_TOO_SMALL:
    case X509_V_ERR_CA_KEY_TOO_SMALL:
    case X509_V_ERR_CA_MD_TOO_WEAK:
      return "its certificate has too weak a key or signature";
    default:
      return "its certificate is not acceptable";
  }
}

std::string openssl_words(unsigned long code) {
  if (code == 0) return {};
  char text[256];
  ERR_error_string_n(code, text, sizeof text);
  return text::printable(text);
}

}  // namespace

Error tls_error(const SSL* ssl, const std::string& peer, const TlsHints& hints) {
  const unsigned long code = ERR_peek_error();
  const std::string words = openssl_words(code);
  ERR_clear_error();
  const auto error = [&](ErrorKind kind, std::string_view why, std::string detail) {
    return Error{kind, fmt::format("no TLS session with {}: {}", peer, why), std::move(detail)};
  };

  const bool verified = SSL_get_verify_mode(ssl) != SSL_VERIFY_NONE;
  if (const long verify = SSL_get_verify_result(ssl); verified && verify != X509_V_OK) {
    auto why = certificate_problem(verify, hints.wording.add_ca);
    if (is_untrusted(verify) && !hints.trouble.empty()) why += "; " + hints.trouble;
    auto refused = error(ErrorKind::unreachable, why, X509_verify_cert_error_string(verify));
    refused.settled = true;
    return refused;
  }
  if (ERR_GET_LIB(code) == ERR_LIB_SSL) {
    switch (ERR_GET_REASON(code)) {
      case SSL_R_TLSV1_ALERT_NO_APPLICATION_PROTOCOL:
      case SSL_R_NO_APPLICATION_PROTOCOL:
        return error(ErrorKind::unsupported, "it speaks only HTTP/2, and HTTP/1.1 is needed", words);
      case SSL_R_WRONG_VERSION_NUMBER:
      case SSL_R_HTTP_REQUEST:
      case SSL_R_PACKET_LENGTH_TOO_LONG:
      case SSL_R_UNEXPECTED_MESSAGE:
      case SSL_R_BAD_PACKET_LENGTH:
      case SSL_R_RECORD_LENGTH_MISMATCH:
        return error(ErrorKind::protocol,
                     fmt::format("what answers there does not speak TLS ({})", hints.wording.plain_http),
                     words);
      case SSL_R_UNSUPPORTED_PROTOCOL:
      case SSL_R_TLSV1_ALERT_PROTOCOL_VERSION:
        return error(ErrorKind::unreachable, "it offers no TLS version from 1.2 on", words);
      case SSL_R_SSLV3_ALERT_HANDSHAKE_FAILURE:
      case SSL_R_NO_SHARED_CIPHER:
        return error(ErrorKind::unreachable, "it refused every cipher, or asks for a client certificate",
                     words);
      case SSL_R_TLSV13_ALERT_CERTIFICATE_REQUIRED:
        return error(ErrorKind::unreachable, "it asks for a client certificate", words);
      case SSL_R_UNEXPECTED_EOF_WHILE_READING:
        return error(ErrorKind::unreachable, "it closed the connection during the handshake", words);
      default:
        break;
    }
  }
  return error(ErrorKind::unreachable, "the handshake failed", words);
}

}  // namespace digester::net
