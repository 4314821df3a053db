#include "json/writer.hpp"
#include "report/tame.hpp"
#include "report/writers.hpp"

namespace digester::report {
namespace {

void member_if_set(json::Writer& w, std::string_view name, const std::string& value) {
  if (!value.empty()) w.member(name, std::string_view(value));
}

void write_finding(json::Writer& w, const Finding& finding) {
  w.begin_object().member("rule", describe(finding.rule).id).member("severity", to_string(finding.severity));
  member_if_set(w, "file", finding.file);
  if (finding.line != 0) w.member("line", static_cast<std::int64_t>(finding.line));
  if (const auto& object = finding.object; !object.kind.empty() || !object.name.empty()) {
    w.key("object").begin_object();
    member_if_set(w, "apiVersion", object.api_version);
    member_if_set(w, "kind", object.kind);
    member_if_set(w, "namespace", object.namespace_);
    member_if_set(w, "name", object.name);
    w.end_object();
  }
  member_if_set(w, "field", finding.field);
  member_if_set(w, "image", finding.image);
  member_if_set(w, "proposed", finding.proposed);
  w.member("message", std::string_view(finding.message));
  member_if_set(w, "cure", finding.cure);
  w.end_object();
}

}  // namespace

std::string write_json(std::span<const Finding> findings, std::string_view version) {
  json::Writer w;
  w.begin_object().member("version", 1);
  w.key("tool").begin_object().member("name", "digester").member("version", version).end_object();
  w.key("findings").begin_array();
  for (const auto& finding : findings)
    write_finding(w, finding);
  w.end_array();
  const auto counts = count(findings);
  w.key("counts").begin_object();
  w.member("error", static_cast<std::int64_t>(counts.errors));
  w.member("warning", static_cast<std::int64_t>(counts.warnings));
  w.member("note", static_cast<std::int64_t>(counts.notes));
  w.end_object().end_object();
  return escape_hidden(w.view()) + "\n";
}

}  // namespace digester::report
