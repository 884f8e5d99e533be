#include "app/command/help_tree.h"

namespace carillon::app {
namespace {

// Text that roff shows as it is: a backslash, a hyphen, and a dot or an apostrophe at the beginning of a line
// have a meaning of their own.
std::string roff(const std::string& text) {
  std::string out;
  for (const char c : text) {
    const bool begins_line = out.empty() || out.back() == '\n';
    if (begins_line && (c == '.' || c == '\'')) out += "\\&";
    if (c == '\\') {
      out += "\\e";
    } else if (c == '-') {
      out += "\\-";
    } else {
      out += c;
    }
  }
  return out;
}

std::string bold(const std::string& text) { return "\\fB" + roff(text) + "\\fR"; }
std::string italic(const std::string& text) { return "\\fI" + roff(text) + "\\fR"; }

void write(std::string& page, const OptionHelp& option) {
  std::string names;
  for (const std::string& name : option.names) names += (names.empty() ? "" : ", ") + bold(name);
  if (!option.names.empty() && !option.value.empty()) names += " " + italic(option.value);
  if (!option.position.empty()) names += (names.empty() ? "" : ", or ") + italic(option.position);
  page += ".TP\n" + names + "\n" + roff(option.help) + "\n";
}

// The usual lines of an example are shown as they are typed.
void write_footer(std::string& page, const std::string& footer) {
  if (!footer.empty()) page += ".PP\n.nf\n" + roff(footer) + "\n.fi\n";
}

void write(std::string& page, const VerbHelp& verb) {
  if (verb.verbs.empty()) {
    page += ".SS " + roff(verb.words) + "\n" + roff(verb.help) + ".\n";
    for (const OptionHelp& option : verb.options) {
      if (option.names != std::vector<std::string>{"-h", "--help"}) write(page, option);
    }
    write_footer(page, verb.footer);
  }
  for (const VerbHelp& below : verb.verbs) write(page, below);
}

constexpr const char* kEnd = R"(.SH EXIT STATUS
0 success, 1 failure, 2 wrong arguments or a configuration with mistakes.
.SH ENVIRONMENT
.TP
\fBCARILLON_JWT_SECRET\fR
The secret that signs tokens, where the configuration has no [keys].
.TP
\fBCARILLON_API_KEY\fR
A key of the publish API.
.TP
\fBCARILLON_\fISECTION\fB_\fIKEY\fR
The value of the option \fIkey\fR of \fIsection\fR, such as CARILLON_BUS_URL; it comes before the file's.
.B carillon config explain
lists the options.
.TP
\fBNO_COLOR\fR
When it is set, nothing is written in colour.
.SH FILES
.TP
.I carillon.toml, /etc/carillon/carillon.toml
The configuration, where a command is told no other file.
)";

}  // namespace

std::string man_page(const VerbHelp& root) {
  std::string page = ".TH CARILLON 1 \"\" \"carillon " CARILLON_VERSION "\" \"User Commands\"\n";
  page += ".SH NAME\ncarillon \\- real\\-time event gateway\n";
  page += ".SH SYNOPSIS\n" + bold("carillon") + " " + italic("COMMAND") + " [" + italic("OPTIONS") + "]\n";
  page += ".SH DESCRIPTION\n" + roff(root.help) + "\n";
  page += ".SH COMMANDS\n";
  for (const VerbHelp& verb : root.verbs) write(page, verb);
  return page + kEnd;
}

}  // namespace carillon::app
