// Static Analysis Results Interchange Format 2.1.0, OASIS Standard 27 March 2020: §3.13 to §3.30.
#include <fmt/format.h>

#include <cstdint>
#include <vector>

#include "base/text.hpp"
#include "json/writer.hpp"
#include "report/tame.hpp"
#include "report/writers.hpp"

namespace digester::report {
namespace {

constexpr const char* kSchema = "https://json.schemastore.org/sarif-2.1.0.json";

struct Location {
  std::string uri;
  bool below_root = true;  // relative to the root of the sources
};

// RFC 3986: each segment encoded; `.` segments left out, and `x/..` too (the standard wants none, §3.10.1).
Location locate(std::string_view file) {
  std::vector<std::string_view> segments;
  Location location;
  const bool absolute = file.starts_with('/');
  for (const auto segment : text::split(file, '/')) {
    if (segment.empty() || segment == ".") continue;
    if (segment == ".." && !segments.empty() && segments.back() != "..")
      segments.pop_back();
    else if (segment != ".." || !absolute)
      segments.push_back(segment);
  }
  location.below_root = !absolute && (segments.empty() || segments.front() != "..");
  if (absolute) location.uri = "file://";
  for (std::size_t i = 0; i < segments.size(); ++i) {
    if (absolute || i != 0) location.uri += '/';
    location.uri += text::percent_encode(segments[i]);
  }
  return location;
}

// Tells the same finding again in another run, whatever line it has moved to.
std::string fingerprint(const Finding& finding) {
  std::uint64_t hash = 0xcbf29ce484222325;
  const auto add = [&hash](std::string_view part) {
    for (const char c : part)
      hash = (hash ^ static_cast<unsigned char>(c)) * 0x100000001b3;
    hash = (hash ^ 0xff) * 0x100000001b3;
  };
  add(describe(finding.rule).id);
  add(finding.file);
  add(finding.object.str());
  add(finding.field);
  add(finding.image);
  return fmt::format("{:016x}", hash);
}

void write_text_object(json::Writer& w, std::string_view key, std::string_view value) {
  w.key(key).begin_object().member("text", value).end_object();
}

void write_rules(json::Writer& w) {
  w.key("rules").begin_array();
  for (const auto& rule : all_rules()) {
    w.begin_object().member("id", rule.id).member("name", rule.name);
    write_text_object(w, "shortDescription", rule.summary);
    write_text_object(w, "fullDescription", rule.summary);
    w.key("help").begin_object().member("text", rule.help).member("markdown", rule.help).end_object();
    w.key("defaultConfiguration").begin_object().member("level", to_string(rule.usual)).end_object();
    w.end_object();
  }
  w.end_array();
}

void write_location(json::Writer& w, const Finding& finding) {
  const bool has_file = !finding.file.empty() && finding.file != "-";
  const auto object = finding.object.str();
  if (!has_file && object.empty()) return;
  w.key("locations").begin_array().begin_object();
  if (has_file) {
    const auto location = locate(finding.file);
    w.key("physicalLocation").begin_object().key("artifactLocation").begin_object();
    w.member("uri", std::string_view(location.uri));
    if (location.below_root) w.member("uriBaseId", "%SRCROOT%");
    w.end_object();
    if (finding.line != 0)
      w.key("region")
          .begin_object()
          .member("startLine", static_cast<std::int64_t>(finding.line))
          .end_object();
    w.end_object();
  }
  if (!object.empty()) {
    w.key("logicalLocations").begin_array().begin_object();
    w.member("fullyQualifiedName",
             std::string_view(finding.field.empty() ? object : object + ": " + finding.field));
    w.member("kind", "resource").end_object().end_array();
  }
  w.end_object().end_array();
}

void write_result(json::Writer& w, const Finding& finding) {
  w.begin_object().member("ruleId", describe(finding.rule).id);
  w.member("ruleIndex", static_cast<std::int64_t>(finding.rule));
  w.member("level", to_string(finding.severity));
  write_text_object(w, "message", finding.text());
  write_location(w, finding);
  w.key("partialFingerprints")
      .begin_object()
      .member("digester/v1", std::string_view(fingerprint(finding)))
      .end_object();
  if (!finding.image.empty() || !finding.proposed.empty()) {
    w.key("properties").begin_object();
    if (!finding.image.empty()) w.member("image", std::string_view(finding.image));
    if (!finding.proposed.empty()) w.member("proposed", std::string_view(finding.proposed));
    w.end_object();
  }
  w.end_object();
}

}  // namespace

std::string write_sarif(std::span<const Finding> findings, std::string_view version) {
  json::Writer w;
  w.begin_object().member("$schema", kSchema).member("version", "2.1.0");
  w.key("runs").begin_array().begin_object();
  w.key("tool").begin_object().key("driver").begin_object();
  w.member("name", "digester").member("version", version);
  write_rules(w);
  w.end_object().end_object();
  w.member("columnKind", "utf16CodeUnits");
  w.key("results").begin_array();
  for (const auto& finding : findings)
    write_result(w, finding);
  w.end_array().end_object().end_array().end_object();
  return escape_hidden(w.view()) + "\n";
}

}  // namespace digester::report
