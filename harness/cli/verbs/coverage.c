/* SPDX-License-Identifier: MIT */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/json_build.h"
#include "base/json_write.h"
#include "base/str.h"
#include "base/text.h"
#include "cli/instructions.h"
#include "cli/verb.h"
#include "format/flags.h"
#include "run/exit_facts.h"
#include "run/select.h"
#include "words/name_lists.h"
#include "words/names.h"

#define ROWS_SHOWN 30u /* a longer section shows only what is missing */

/* One thing that cases can be about, and how many are. */
struct row {
    const char *name;
    uint64_t count;
};

struct section {
    const char *title;
    struct row *rows;
    size_t count;
};

enum section_id {
    MODES,
    EXITS,
    APIS,
    LEVELS,
    STATUSES,
    FAULTS,
    FAILURES,
    FLAGS,
    CODE_16, /* instructions, by the width of the code that they stand in */
    CODE_32,
    CODE_64,
    SECTIONS
};

struct coverage {
    struct section sections[SECTIONS];
    struct wht_instructions instructions;
    struct wht_selection selection;
    bool is_long;
    const char *format; /* text or json */
    size_t cases;
    size_t files;
    size_t unknown; /* cases of no instruction that the emulator has */
    size_t errors;
};

static const struct wht_option options[] = {
    WHT_SELECTION(struct coverage, selection),
    {"long", 'l', NULL, "every row of the long sections as well",
     WHT_FLAG(struct coverage, is_long)},
    {"format", 0, "text|json", "how to print", WHT_CHOICE(struct coverage, format)},
    {.name = NULL},
};

static void add_row(struct section *section, const char *name)
{
    section->rows = wht_reallocate(section->rows, (section->count + 1) * sizeof(*section->rows));
    section->rows[section->count++] = (struct row){.name = name};
}

static void add_rows(struct section *section, const char *title, const char *const *names,
                     size_t count)
{
    section->title = title;
    for (size_t i = 0; i < count; i++)
        add_row(section, names[i]);
}

static void add_instructions(struct section *section, const char *title,
                             const struct wht_instructions *list, unsigned codes)
{
    section->title = title;
    for (size_t i = 0; i < list->count; i++)
        if (list->items[i].codes & codes)
            add_row(section, list->items[i].name);
}

static void prepare(struct coverage *c, const char *root)
{
    static const char *const exits[] = {"memory read",    "memory write", "memory execute",
                                        "port in",        "port out",     "port string in",
                                        "port string out"};
    static const char *const apis[] = {"shipping", "preview"};
    /* Those that the emulator's instructions raise. */
    static const char *const faults[] = {"de", "ud", "np", "ss", "gp", "pf", "ac"};
    static const char *const failures[] = {"memory", "port", "translate", "get", "set"};
    struct section *s = c->sections;
    char place[4096];
    size_t count;
    add_rows(&s[MODES], "mode", wht_mode_names, WHT_MODE_NAMES);
    add_rows(&s[EXITS], "exit", exits, 7);
    add_rows(&s[APIS], "api", apis, 2);
    add_rows(&s[LEVELS], "match", wht_match_names, WHT_MATCH_NAMES);
    add_rows(&s[STATUSES], "expected status", wht_status_names, WHT_STATUS_NAMES);
    add_rows(&s[FAULTS], "expected fault", faults, sizeof(faults) / sizeof(faults[0]));
    add_rows(&s[FAILURES], "callback that fails", failures, 5);
    s[FLAGS].title = "flag";
    snprintf(place, sizeof(place), "%s/flags.json", root ? root : "");
    const struct wht_flag *flags = wht_flag_list(place, &count);
    for (size_t i = 0; i < count; i++)
        add_row(&s[FLAGS], flags[i].name);
    wht_instructions_find(&c->instructions);
    add_instructions(&s[CODE_16], "instruction in 16-bit code", &c->instructions,
                     1u << WHVEMU_CODE_REAL16 | 1u << WHVEMU_CODE_PROT16);
    add_instructions(&s[CODE_32], "instruction in 32-bit code", &c->instructions,
                     1u << WHVEMU_CODE_32);
    add_instructions(&s[CODE_64], "instruction in 64-bit code", &c->instructions,
                     1u << WHVEMU_CODE_64);
}

static void count_name(struct section *section, const char *name)
{
    for (size_t i = 0; i < section->count; i++)
        if (strcmp(section->rows[i].name, name) == 0) {
            section->rows[i].count++;
            return;
        }
}

/* Which callbacks are made to fail, as a mask over the rows of FAILURES. */
static unsigned failures_of(const struct wht_call *calls, size_t count)
{
    static const unsigned rows[] = {
        [WHT_CALL_MEM_READ] = 1, [WHT_CALL_MEM_WRITE] = 1, [WHT_CALL_IO_IN] = 2,
        [WHT_CALL_IO_OUT] = 2,   [WHT_CALL_TRANSLATE] = 4, [WHT_CALL_GET] = 8,
        [WHT_CALL_SET] = 16,     [WHT_CALL_ANY_ORDER] = 0, [WHT_CALL_OPTIONAL] = 0,
        [WHT_CALL_REPEAT] = 0};
    unsigned found = 0;
    for (size_t i = 0; i < count; i++) {
        if (calls[i].has_fail)
            found |= rows[calls[i].kind];
        found |= failures_of(calls[i].children, calls[i].child_count);
    }
    return found;
}

static size_t exit_row(const struct wht_exit *exit)
{
    if (exit->kind == WHT_EXIT_MMIO)
        return (size_t)exit->access;
    return 3u + (exit->access == WHT_ACCESS_WRITE) + (exit->string ? 2u : 0u);
}

static void count_expectation(struct coverage *c, const struct wht_expect *e)
{
    unsigned failures = failures_of(e->calls, e->call_count);
    for (size_t i = 0; i < WHT_STATUS_NAMES; i++)
        c->sections[STATUSES].rows[i].count += e->status >> i & 1;
    for (size_t i = 0; e->has_fault && i < WHT_VECTORS; i++)
        if (wht_vectors[i].value == e->fault.vector)
            count_name(&c->sections[FAULTS], wht_vectors[i].name);
    for (size_t i = 0; i < c->sections[FAILURES].count; i++)
        c->sections[FAILURES].rows[i].count += failures >> i & 1;
}

static void count_case(struct coverage *c, const struct wht_case *one)
{
    static const enum section_id codes[] = {[WHVEMU_CODE_REAL16] = CODE_16,
                                            [WHVEMU_CODE_PROT16] = CODE_16,
                                            [WHVEMU_CODE_32] = CODE_32,
                                            [WHVEMU_CODE_64] = CODE_64};
    struct section *s = c->sections;
    enum whvemu_code code;
    c->cases++;
    s[MODES].rows[one->init.mode].count++;
    s[EXITS].rows[exit_row(&one->exit)].count++;
    s[APIS].rows[one->api].count++;
    s[LEVELS].rows[one->match].count++;
    count_expectation(c, &one->expect);
    for (size_t i = 0; i < one->flags.count; i++)
        count_name(&s[FLAGS], one->flags.items[i]);
    const struct wht_instruction *item = wht_instruction_of(&c->instructions, one, &code);
    if (item)
        count_name(&s[codes[code]], item->name);
    else
        c->unknown++;
}

static void read_cases(struct coverage *c, const struct wht_file_list *files)
{
    struct wht_load_options load = {.on_error = wht_error_print, .user = stderr};
    for (size_t i = 0; i < files->count; i++) {
        struct wht_reader *reader = wht_reader_open(files->paths[i], &load);
        for (struct wht_case *one; reader && (one = wht_reader_next(reader)); wht_case_free(one))
            if (!one->revoked && wht_selects(&c->selection, one))
                count_case(c, one);
        c->errors += reader ? wht_reader_error_count(reader) : 1;
        wht_reader_close(reader);
    }
    c->files = files->count;
}

static void print_section(const struct section *section, bool is_long)
{
    struct wht_text missing = {.text = NULL};
    size_t covered = 0;
    for (size_t i = 0; i < section->count; i++) {
        covered += section->rows[i].count > 0;
        if (section->rows[i].count == 0)
            wht_text_addf(&missing, "%s%s", missing.size > 0 ? ", " : "", section->rows[i].name);
    }
    printf("\n%s: %zu of %zu\n", section->title, covered, section->count);
    for (size_t i = 0; i < section->count; i++)
        if (section->rows[i].count > 0 && (is_long || section->count < ROWS_SHOWN))
            printf("  %-28s %8llu\n", section->rows[i].name,
                   (unsigned long long)section->rows[i].count);
    if (missing.size > 0) {
        struct wht_text text = {.text = NULL};
        wht_text_add(&text, "  no case: ");
        wht_text_wrap(&text, wht_text_get(&missing), 11, 11);
        printf("%s\n", wht_text_get(&text));
        wht_text_free(&text);
    }
    wht_text_free(&missing);
}

static void print_text(const struct coverage *c)
{
    printf("%zu case%s in %zu file%s, %zu of no instruction that the emulator has\n", c->cases,
           c->cases == 1 ? "" : "s", c->files, c->files == 1 ? "" : "s", c->unknown);
    for (size_t i = 0; i < SECTIONS; i++)
        print_section(&c->sections[i], c->is_long);
}

static void print_part(void *user, const char *bytes, size_t size)
{
    fwrite(bytes, 1, size, user);
}

static void print_json(const struct coverage *c)
{
    const struct wht_writer writer = {.write = print_part, .user = stdout};
    struct wht_arena *arena = wht_arena_new();
    struct wht_build root = wht_build_new(arena, WHT_NODE_OBJECT);
    wht_build_add(&root, "cases", wht_build_count(arena, (int64_t)c->cases));
    wht_build_add(&root, "files", wht_build_count(arena, (int64_t)c->files));
    wht_build_add(&root, "cases of no instruction", wht_build_count(arena, (int64_t)c->unknown));
    for (size_t i = 0; i < SECTIONS; i++) {
        struct wht_build rows = wht_build_new(arena, WHT_NODE_OBJECT);
        for (size_t j = 0; j < c->sections[i].count; j++)
            wht_build_add(&rows, c->sections[i].rows[j].name,
                          wht_build_count(arena, (int64_t)c->sections[i].rows[j].count));
        wht_build_add(&root, c->sections[i].title, rows.node);
    }
    wht_write_document(&writer, root.node);
    wht_arena_free(arena);
}

static int cover(struct coverage *c, const struct wht_words *paths)
{
    struct wht_file_list files = {.count = 0};
    char *root;
    int code = wht_select_files("coverage", paths, &c->selection, &files, &root);
    if (code == WHT_EXIT_OK) {
        prepare(c, root);
        read_cases(c, &files);
        if (strcmp(c->format, "json") == 0)
            print_json(c);
        else
            print_text(c);
        code = wht_exit_code(&(struct wht_exit_facts){.invalid = c->errors, .done = c->cases});
    }
    wht_file_list_free(&files);
    free(root);
    return code;
}

static int run(const struct wht_verb *verb, struct wht_args *args)
{
    struct wht_words paths = {.count = 0};
    struct coverage c = {.format = "text"};
    int code = wht_verb_take(verb, args, &paths, &c);
    if (code < 0)
        code = cover(&c, &paths);
    for (size_t i = 0; i < SECTIONS; i++)
        free(c.sections[i].rows);
    wht_instructions_free(&c.instructions);
    wht_selection_free(&c.selection);
    wht_words_free(&paths);
    return code;
}

const struct wht_verb wht_verb_coverage = {
    .name = "coverage",
    .operands = "[PATH...]",
    .summary = "count what cases are about, and name what none is about",
    .details = "By mode, exit, API, match level, expected status and fault, failing callback and "
               "flag, and\n"
               "for each instruction of the built-in emulator by the width of the code it stands "
               "in. Counts\n"
               "tell what is written, not whether it passes: 'whvtrace run' does.\n",
    .options = options,
    .run = run,
};
