// The flags of `digester setters create`, `apply` and `list`.
#include "cli/commands.hpp"

namespace digester::cli {
namespace {

constexpr const char* kExitCodes =
    "Exit codes: 0 done; 1 --diff shows differences; 2 wrong usage; 3 refused, or an input failed: nothing "
    "was "
    "changed.\n\n";

void add_files(Flags flags, SettersOptions& o) {
  flags.each("-f,--filename", o.files,
             "The same as an argument; - is standard input, and the result goes to standard output", "FILE");
}

Declared change(CLI::App& app, SettersOptions::Job job, const std::string& footer) {
  auto options = std::make_shared<SettersOptions>();
  auto& o = *options;
  o.job = job;
  Flags flags(app, "Options");
  const auto words = std::make_shared<std::vector<std::string>>();
  app.add_option("ARGUMENT", *words,
                 "Setters, NAME=VALUE, and files, patterns, directories with all below [.]")
      ->required()
      ->type_name("")
      ->group("Arguments");
  add_files(flags, o);
  flags.toggle("--diff", o.diff, "Show what would change, and change nothing");
  app.footer(footer);
  return {[options, words] {
    for (const auto& word : *words)
      (word.find('=') == std::string::npos ? options->files : options->setters).push_back(word);
    if (options->files.empty()) options->files.emplace_back(".");
    return *options;
  }};
}

}  // namespace

Declared declare_setters_create(CLI::App& app) {
  return change(
      app, SettersOptions::Job::create,
      std::string(
          "Does in place what kpt's create-setters does: where a field holds the value of a setter, the "
          "longest "
          "value first,\na comment `# kpt-set: ` with `${NAME}` in its place is written behind it, over a "
          "comment that is there. Lists as\nvalues are not supported.\n") +
          kExitCodes +
          "Examples:\n"
          "  digester setters create app.yaml echoimage=gcr.io/google-containers/echoserver:1.10\n"
          "  digester setters create image=nginx tag=1.27 --diff");
}

Declared declare_setters_apply(CLI::App& app) {
  return change(
      app, SettersOptions::Job::apply,
      std::string(
          "Does in place what kpt's apply-setters does: a field whose `# kpt-set: ` comment has one of the "
          "setters gets its\nvalue; setters of the comment that are not given are read off the field. The "
          "setter's value in the Kptfile above, or\nin the ConfigMap that it names, is set too, given or "
          "not: "
          "the next render would write the old one back.\nRefused is what would cut a digest in two: "
          "`${image}:${tag}` on name:tag@sha256:… with a tag alone. Lists as values\nare not supported.\n") +
          kExitCodes +
          "Examples:\n"
          "  digester setters apply app.yaml tag=1.28\n"
          "  digester setters apply \"echoimage=$(digester digest --full nginx:1.27)\" --diff");
}

Declared declare_setters_list(CLI::App& app) {
  auto options = std::make_shared<SettersOptions>();
  Flags flags(app, "Options");
  const auto words = std::make_shared<std::vector<std::string>>();
  app.add_option("FILE", *words, "Files, patterns, directories with all below [.]")
      ->type_name("")
      ->group("Arguments");
  add_files(flags, *options);
  flags.output(options->json)->default_str("text");
  app.footer(
      "Name, value and number of fields of each setter in `# kpt-set: ` comments; the value is the Kptfile's "
      "(or that "
      "of a\nConfigMap it names), else that of the fields.\n"
      "Exit codes: 0 done; 2 wrong usage; 3 an input failed.\n\n"
      "Examples:\n"
      "  digester setters list\n"
      "  digester setters list pkg -o json");
  return {[options, words] {
    options->files.insert(options->files.end(), words->begin(), words->end());
    if (options->files.empty()) options->files.emplace_back(".");
    return *options;
  }};
}

}  // namespace digester::cli
