// The manual page, made of what --help says.
#include <fmt/format.h>

#include "base/text.hpp"
#include "cli/catalogue.hpp"

namespace digester::cli {
namespace {

// roff takes a backslash for its own sign, a dash for a hyphen, and a dot or quote at the beginning of a line
// for a request.
std::string roff(std::string_view text) {
  std::string out;
  bool begins = true;
  for (std::size_t at = 0; at < text.size(); ++at) {
    const char c = text[at];
    if (const auto lead = static_cast<unsigned char>(c);
        lead >= 0xE0 && lead < 0xF0 && at + 2 < text.size()) {
      const auto low = [&](std::size_t i) { return static_cast<unsigned>(text[at + i]) & 0x3FU; };
      out += fmt::format("\\[u{:04X}]", (lead & 0x0FU) << 12 | low(1) << 6 | low(2));
      at += 2;
      continue;
    }
    if (begins && (c == '.' || c == '\'')) out += "\\&";
    if (c == '\\')
      out += "\\e";
    else if (c == '-')
      out += "\\-";
    else if (c == '~')
      out += "\\(ti";
    else if (c == '^')
      out += "\\(ha";
    else if (c == '`')
      out += "\\(ga";
    else if (c == '\'')
      out += "\\(aq";
    else
      out += c;
    begins = c == '\n';
  }
  return out;
}

std::string flag_lines(const FlagEntry& flag) {
  std::string names;
  for (const auto& name : flag.names)
    names += (names.empty() ? "\\fB" : ", \\fB") + roff(name) + "\\fR";
  if (!flag.value.empty()) names += " \\fI" + roff(flag.value) + "\\fR";
  std::string help = roff(flag.help);
  if (!flag.shown_default.empty() && !flag.value.empty())
    help += " (default: " + roff(flag.shown_default) + ")";
  return ".TP\n" + names + "\n" + help + ".\n";
}

}  // namespace

std::string manual(const Catalogue& catalogue) {
  std::string out =
      ".TH DIGESTER 1 \"\" digester \"User Commands\"\n"
      ".SH NAME\n"
      "digester \\- put the digest behind the tag of a container image\n"
      ".SH SYNOPSIS\n"
      ".B digester\n"
      ".I COMMAND\n"
      "[\\fIOPTIONS\\fR] [\\fIARGUMENTS\\fR]\n"
      ".SH DESCRIPTION\n"
      "A tag can point elsewhere tomorrow; a digest cannot. digester looks the digests up in the images' "
      "registries: in\n"
      "a cluster as a mutating admission webhook, before it in manifests, and on the command line for the "
      "images that\n"
      "are named. Without a command, and with standard input not a terminal, it is a KRM function.\n"
      ".SH COMMANDS\n";
  for (const auto& command : catalogue.commands) {
    out += ".SS digester " + roff(command.name);
    if (!command.arguments.empty()) out += " " + roff(command.arguments);
    out += "\n" + roff(command.about) + ".\n";
    std::string group;
    for (const auto& flag : command.flags) {
      if (flag.group != group && flag.group != "Options") out += ".PP\n\\fI" + roff(flag.group) + "\\fR\n";
      group = flag.group;
      out += flag_lines(flag);
    }
    if (command.footer.empty()) continue;
    out += ".PP\n.nf\n" + roff(command.footer) + "\n.fi\n";
  }
  out +=
      ".SH EXIT STATUS\n"
      "0: all is well. 1: something was found, or differs; of \\fBdigest\\fR and \\fBfn\\fR, and of "
      "\\fBwebhook\\fR at "
      "its start,\n"
      "a failure. 2: wrong usage. 3: an input or a registry failed. Each command above says more.\n"
      ".SH ENVIRONMENT\n"
      "HTTPS_PROXY, HTTP_PROXY, NO_PROXY, SSL_CERT_FILE, SSL_CERT_DIR, DOCKER_CONFIG, DOCKER_AUTH_CONFIG and "
      "NO_COLOR\n"
      "mean what they mean everywhere.\n"
      ".SH SEE ALSO\n"
      ".BR kubectl (1)\n";
  return out;
}

}  // namespace digester::cli
