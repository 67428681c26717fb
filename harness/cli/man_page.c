/* SPDX-License-Identifier: MIT */
#include "man_page.h"

#include <ctype.h>
#include <stdio.h>
#include <string.h>

#include "base/text.h"
#include "verb.h"

/* Of lines of text in the page's source. */
#define COLUMNS 78u

static void add_escaped(struct wht_text *page, const char *text, size_t size)
{
    const bool begins_line = page->size > 0 && page->text[page->size - 1] == '\n';
    if (begins_line && size > 0 && strchr(".'", text[0]))
        wht_text_add(page, "\\&");
    for (size_t i = 0; i < size; i++)
        wht_text_addf(page, "%s%c", text[i] == '\\' ? "\\" : "", text[i] == '\\' ? 'e' : text[i]);
}

/* The end of a sentence, where mdoc wants a new line. */
static bool is_end(const char *word, size_t size)
{
    while (size > 1 && strchr(")\"'", word[size - 1]))
        size--;
    return strchr(".!?", word[size - 1]) && (size == 1 || word[size - 2] != '.');
}

/* Words of text, a sentence beginning a line. */
static void add_filled(struct wht_text *page, const char *text, size_t size)
{
    size_t column = 0;
    for (size_t at = 0; at < size;) {
        size_t blanks = strspn(text + at, " \n");
        at += blanks;
        const size_t length = at < size ? strcspn(text + at, " \n") : 0;
        if (length == 0)
            break;
        if (column > 0 && column + 1 + length > COLUMNS) {
            wht_text_add(page, "\n");
            column = 0;
        }
        if (column > 0)
            wht_text_add(page, " ");
        add_escaped(page, text + at, length);
        column += length + (column > 0);
        at += length;
        if (is_end(text + at - length, length) && at < size) {
            wht_text_add(page, "\n");
            column = 0;
        }
    }
    if (column > 0)
        wht_text_add(page, "\n");
}

/* The end of a run of lines that all begin with a blank, or all do not. */
static size_t end_of_block(const char *text, bool is_literal)
{
    size_t size = 0;
    while (text[size] && text[size] != '\n' && (text[size] == ' ') == is_literal)
        size += strcspn(text + size, "\n") + 1;
    return size;
}

/* The form of verb.h: lines that begin with a blank are examples and tables. */
static void add_paragraphs(struct wht_text *page, const char *text)
{
    while (*text) {
        text += strspn(text, "\n");
        const bool is_literal = *text == ' ';
        const size_t size = end_of_block(text, is_literal);
        if (size == 0)
            break;
        if (is_literal) {
            wht_text_add(page, ".Bd -literal -offset indent\n");
            for (const char *line = text; line < text + size; line += strcspn(line, "\n") + 1) {
                const char *start = line + (strncmp(line, "  ", 2) == 0 ? 2 : 1);
                add_escaped(page, start, strcspn(start, "\n"));
                wht_text_add(page, "\n");
            }
            wht_text_add(page, ".Ed\n");
        } else {
            wht_text_add(page, ".Pp\n");
            add_filled(page, text, size);
        }
        text += size;
    }
}

/* Punctuation that macros would take for themselves. */
static void add_argument(struct wht_text *page, const char *text)
{
    wht_text_add(page, " Ar ");
    for (; *text; text++)
        wht_text_addf(page, "%s%c", strchr("|[]().,:;!?", *text) ? "\\&" : "", *text);
}

static void add_option(struct wht_text *page, const struct wht_option *option)
{
    wht_text_add(page, ".It");
    if (option->letter)
        wht_text_addf(page, " Fl %c ,", option->letter);
    wht_text_addf(page, " Fl -%s", option->name);
    if (option->value)
        add_argument(page, option->value);
    wht_text_add(page, "\n");
    add_filled(page, option->help, strlen(option->help));
}

static void add_verb(struct wht_text *page, const struct wht_verb *verb)
{
    struct wht_text more = {.text = NULL};
    wht_text_addf(page, ".Ss whvtrace %s\n.Nm whvtrace %s\n.Op Ar option ...\n", verb->name,
                  verb->name);
    if (*verb->operands) {
        wht_text_add(page, ".Li ");
        add_escaped(page, verb->operands, strlen(verb->operands));
        wht_text_add(page, "\n");
    }
    wht_text_addf(page, ".Pp\n%c", toupper((unsigned char)verb->summary[0]));
    add_filled(page, verb->summary + 1, strlen(verb->summary + 1));
    page->text[--page->size] = 0;
    wht_text_add(page, ".\n");
    if (verb->options->name) {
        wht_text_add(page, ".Bl -tag -width Ds\n");
        for (const struct wht_option *o = verb->options; o->name; o++)
            add_option(page, o);
        wht_text_add(page, ".El\n");
    }
    if (verb->details)
        add_paragraphs(page, verb->details);
    if (verb->add_more)
        verb->add_more(&more);
    add_paragraphs(page, wht_text_get(&more));
    wht_text_free(&more);
}

static const char head[] =
    ".Dd " WHVTRACE_DATE "\n"
    ".Dt WHVTRACE 1\n"
    ".Os\n"
    ".Sh NAME\n"
    ".Nm whvtrace\n"
    ".Nd replay traces of instruction emulation\n"
    ".Sh SYNOPSIS\n"
    ".Nm\n"
    ".Ar verb\n"
    ".Op Ar option ...\n"
    ".Op Ar argument ...\n"
    ".Sh DESCRIPTION\n"
    ".Nm\n"
    "replays traces of instruction emulation behind the API of the Windows\n"
    "Hypervisor Platform against the emulator that is built in, or against any\n"
    "shared library with that API, and says what differs.\n"
    "It writes, checks, records and imports such traces too.\n"
    ".Pp\n"
    "Each verb takes\n"
    ".Fl h\n"
    "or\n"
    ".Fl -help .\n"
    "Options and operands may come in any order; behind\n"
    ".Fl -\n"
    "all are operands.\n"
    "How cases are chosen by expressions, tells\n"
    ".Nm\n"
    ".Cm help filters .\n"
    ".Sh VERBS\n";

static const char tail[] =
    ".Sh ENVIRONMENT\n"
    ".Bl -tag -width Ds\n"
    ".It Ev WHVTRACE_TRACES\n"
    "The folder of traces that is meant where no path is named.\n"
    "Otherwise it is the folder\n"
    ".Pa traces\n"
    "here or above, then the suite that is installed with the program.\n"
    ".It Ev WHVTRACE_STATE\n"
    "The folder in which it is kept which tests failed when they ran last.\n"
    ".It Ev NO_COLOR , FORCE_COLOR\n"
    "Whether output is coloured that is no terminal, or is not although it is one.\n"
    ".El\n"
    ".Sh FILES\n"
    ".Bl -tag -width Ds\n"
    ".It Pa share/whvtrace/traces\n"
    "The suite, below the prefix that the program is installed in.\n"
    ".It Pa share/whvtrace/schemas\n"
    "JSON Schemas of traces, captures, expectations and reports.\n"
    ".El\n";

static const char end[] = ".Sh EXAMPLES\n"
                          "The suite against a library, with a report for a build server:\n"
                          ".Bd -literal -offset indent\n"
                          "whvtrace run --emulator ./libmine.so --report junit=results.xml\n"
                          ".Ed\n"
                          ".Pp\n"
                          "A case is begun, run, and given its form:\n"
                          ".Bd -literal -offset indent\n"
                          "whvtrace new --asm 'mov eax, [rbx]' my-bug.trace.json\n"
                          "whvtrace run my-bug.trace.json\n"
                          "whvtrace fmt my-bug.trace.json\n"
                          ".Ed\n"
                          ".Sh SEE ALSO\n"
                          ".Xr whvemu 3 ,\n"
                          ".Xr whv-trace 5\n";

static void add_exit_codes(struct wht_text *page)
{
    wht_text_add(page, ".Sh EXIT STATUS\n.Bl -tag -width Ds\n");
#define WHT_EXIT(ID, code, text)                                                                   \
    wht_text_addf(page, ".It %d\n", code);                                                         \
    add_filled(page, text, strlen(text));
#include "base/exit_code.def"
    wht_text_add(page, ".El\n");
}

int wht_man_page_print(void)
{
    struct wht_text page = {.text = NULL};
    wht_text_add(&page, head);
    for (size_t i = 0; wht_verbs[i]; i++)
        if (!wht_verbs[i]->is_hidden)
            add_verb(&page, wht_verbs[i]);
    wht_text_add(&page, tail);
    add_exit_codes(&page);
    wht_text_add(&page, end);
    fputs(wht_text_get(&page), stdout);
    wht_text_free(&page);
    return WHT_EXIT_OK;
}
