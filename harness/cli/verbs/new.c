/* SPDX-License-Identifier: MIT */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/absolute.h"
#include "base/json_write.h"
#include "base/outfile.h"
#include "base/platform.h"
#include "base/str.h"
#include "base/text.h"
#include "cli/new_case.h"
#include "cli/verb.h"
#include "format/paths.h"
#include "format/print.h"
#include "run/folders.h"
#include "run/select.h"
#include "words/name_lists.h"
#include "x86/assemble.h"

struct request {
    struct wht_new wanted;
    const char *assembly;
    const char *code;
    const char *path; /* NULL: standard output */
};

static bool take_one_of(const struct wht_args *args, const struct wht_option *option,
                        const char *value, const char *const *names, size_t count, int *index)
{
    char list[128] = "";
    for (size_t i = 0; i < count; i++) {
        size_t used = strlen(list);
        if (strcmp(names[i], value) == 0) {
            *index = (int)i;
            return true;
        }
        snprintf(list + used, sizeof(list) - used, "%s%s", i ? ", " : "", names[i]);
    }
    wht_usage_error(args->verb, "option '--%s' got '%s', expected one of %s", option->name, value,
                    list);
    return false;
}

static bool take_mode(const struct wht_args *args, const struct wht_option *option,
                      const char *value, void *target)
{
    int mode = 0;
    bool is_good = take_one_of(args, option, value, wht_mode_names, WHT_MODE_NAMES, &mode);
    if (is_good)
        *(enum wht_mode *)target = (enum wht_mode)mode;
    return is_good;
}

static bool take_access(const struct wht_args *args, const struct wht_option *option,
                        const char *value, void *target)
{
    return take_one_of(args, option, value, wht_access_names, WHT_ACCESS_NAMES, target);
}

static bool take_gpa(const struct wht_args *args, const struct wht_option *option,
                     const char *value, void *target)
{
    struct wht_new *wanted = target;
    char *end;
    wanted->has_gpa = strncmp(value, "0x", 2) == 0 && strlen(value) <= 18;
    wanted->gpa = strtoull(value, &end, 16);
    if (wanted->has_gpa && !*end && value[2])
        return true;
    wht_usage_error(args->verb, "option '--%s' got '%s', expected an address like 0xfee000b0",
                    option->name, value);
    return false;
}

static void add_modes(struct wht_text *words)
{
    for (size_t i = 0; i < WHT_MODE_NAMES; i++)
        wht_text_addf(words, " %s", wht_mode_names[i]);
}

static const struct wht_option options[] = {
    {"asm", 'a', "TEXT", "the instruction, in Intel syntax", WHT_TEXT(struct request, assembly)},
    {"code", 'c', "BYTES", "the instruction, as hexadecimal digits",
     WHT_TEXT(struct request, code)},
    {"mode", 'm', "MODE", "real16, vm86, prot16, prot32, compat16, compat32 or long64",
     WHT_TAKE_WORD(take_mode, struct request, wanted.mode, add_modes)},
    {"access", 0, "read|write|execute", "what the exit is about",
     WHT_TAKE(take_access, struct request, wanted.access)},
    {"gpa", 0, "ADDRESS", "of the device (default: 0xfee000b0)",
     WHT_TAKE(take_gpa, struct request, wanted)},
    {"id", 0, "ID", "of the case (default: from the instruction)",
     WHT_TEXT(struct request, wanted.id)},
    {.name = NULL},
};

/* Pairs of digits; blanks, commas and 0x before them do not matter. */
static bool take_bytes(struct wht_new *wanted, const char *text)
{
    for (const char *c = text; *c;) {
        char pair[3] = {0};
        char *end;
        c += strspn(c, " ,\t");
        c += strncmp(c, "0x", 2) == 0 ? 2 : 0;
        if (!*c)
            break;
        memcpy(pair, c, c[1] ? 2 : 1);
        unsigned long byte = strtoul(pair, &end, 16);
        if (*end || !pair[1] || pair[0] == '-' || pair[0] == '+' ||
            wanted->code_size == sizeof(wanted->code)) {
            wht_usage_error("new",
                            "option '--code' got '%s', expected 1 to 15 pairs of "
                            "hexadecimal digits",
                            text);
            return false;
        }
        wanted->code[wanted->code_size++] = (uint8_t)byte;
        c += 2;
    }
    return wanted->code_size > 0;
}

static bool take_instruction(struct request *r)
{
    static const enum wht_code codes[] = {
        [WHT_MODE_REAL16] = WHT_CODE_REAL16,   [WHT_MODE_VM86] = WHT_CODE_REAL16,
        [WHT_MODE_PROT16] = WHT_CODE_PROT16,   [WHT_MODE_PROT32] = WHT_CODE_32,
        [WHT_MODE_COMPAT16] = WHT_CODE_PROT16, [WHT_MODE_COMPAT32] = WHT_CODE_32,
        [WHT_MODE_LONG64] = WHT_CODE_64};
    char error[128];
    if (!r->assembly == !r->code) {
        wht_usage_error("new", "name the instruction with --asm or with --code");
        return false;
    }
    if (r->code)
        return take_bytes(&r->wanted, r->code);
    r->wanted.code_size = wht_assemble(codes[r->wanted.mode], r->assembly, r->wanted.code, error);
    if (r->wanted.code_size == 0)
        wht_usage_error("new", "option '--asm' got '%s': %s", r->assembly, error);
    return r->wanted.code_size > 0;
}

/* @return the schema that is installed with the program, to be released, or NULL. */
static char *installed_schema(void)
{
    static const char scheme[] = "file://";
    char *path = wht_installed("schemas/trace-1.schema.json");
    if (!path)
        return NULL;
    char *uri = wht_allocate(1, strlen(path) + sizeof(scheme));
    strcat(strcpy(uri, scheme), path);
    free(path);
    return uri;
}

/* @return the schema as seen from a file, to be released, or NULL if there is none: it lies beside
 * the traces folder that the file will be in, or is installed. */
static char *schema_for(const char *path)
{
    static const char schema[] = "schemas/trace-1.schema.json";
    const char *slash = strrchr(path, '/');
    char place[4096];
    snprintf(place, sizeof(place), "%.*s", slash ? (int)(slash - path) : 1, slash ? path : ".");
    char *folder = wht_absolute_path(place);
    snprintf(place, sizeof(place), "%s/x", folder ? folder : "");
    free(folder);
    size_t root = wht_traces_root(place);
    size_t levels = 0;
    for (const char *c = place + root; root > 0 && *c; c++)
        levels += *c == '/';
    snprintf(place + root, sizeof(place) - root, "/../%s", schema);
    if (root == 0 || !wht_is_file(place))
        return installed_schema();
    char *relative = wht_allocate(1, 3 * levels + sizeof(schema));
    for (size_t i = 0; i < levels; i++)
        strcat(relative, "../");
    return strcat(relative, schema);
}

static void write_part(void *user, const char *bytes, size_t size)
{
    wht_outfile_write(user, bytes, size);
}

static void print_part(void *user, const char *bytes, size_t size)
{
    fwrite(bytes, 1, size, user);
}

/* @return an exit code. */
static int write_file(const char *path, const struct wht_node *node)
{
    struct wht_outfile out;
    const struct wht_writer writer = {.write = write_part, .user = &out};
    bool is_open = wht_outfile_open(&out, path, WHT_OUTFILE_NEW);
    bool exists = !is_open && errno == EEXIST;
    if (is_open) {
        wht_write_document(&writer, node);
        if (wht_outfile_commit(&out))
            return WHT_EXIT_OK;
        exists = errno == EEXIST;
    }
    fprintf(stderr, "whvtrace new: %s: %s\n", path,
            exists ? "exists already and is not overwritten; name another file" : out.error);
    return exists ? WHT_EXIT_FAILED : WHT_EXIT_OUTPUT;
}

static int print_case(const struct wht_node *node)
{
    const struct wht_writer writer = {.write = print_part, .user = stdout};
    wht_write_document(&writer, node);
    return WHT_EXIT_OK;
}

static bool is_case_file(const char *path)
{
    static const char end[] = ".trace.json";
    size_t size = strlen(path);
    return size >= sizeof(end) - 1 && strcmp(path + size - (sizeof(end) - 1), end) == 0;
}

static bool is_slug(const char *id)
{
    static const char letters[] = "abcdefghijklmnopqrstuvwxyz0123456789._/-";
    return *id && !strchr("._/-", *id) && id[strspn(id, letters)] == 0;
}

static int create(struct request *r)
{
    struct wht_arena *arena = wht_arena_new();
    struct wht_text open = {.text = NULL};
    char *schema = r->path ? schema_for(r->path) : NULL;
    char error[128];
    int code = WHT_EXIT_OK;
    r->wanted.schema = schema;
    struct wht_case *made = wht_new_case(&r->wanted, &open, error);
    if (made) {
        const struct wht_node *node = wht_print_case(arena, made, WHT_PRINT_FILE);
        code = r->path ? write_file(r->path, node) : print_case(node);
    } else {
        code = wht_usage_error("new", "%s", error);
    }
    if (code == WHT_EXIT_OK && open.size > 0)
        fprintf(stderr,
                "These are left open. Fill them in from the manual and take them out of \"todo\": "
                "until\nthen the case cannot pass.\n%s",
                wht_text_get(&open));
    wht_text_free(&open);
    wht_case_free(made);
    wht_arena_free(arena);
    free(schema);
    return code;
}

static int run(const struct wht_verb *verb, struct wht_args *args)
{
    struct request r = {.wanted = {.mode = WHT_MODE_LONG64, .access = -1}};
    struct wht_words paths = {.count = 0};
    int code = wht_verb_take(verb, args, &paths, &r);
    r.path = paths.count > 0 ? paths.items[0] : NULL;
    if (code < 0 && paths.count > 1) {
        wht_usage_error(verb->name, "one file at a time, got '%s' as well", paths.items[1]);
        code = WHT_EXIT_USAGE;
    }
    wht_words_free(&paths);
    if (code >= 0)
        return code;
    if (r.path && !is_case_file(r.path))
        return wht_usage_error(verb->name, "'%s' does not end in .trace.json", r.path);
    if (r.wanted.id && !is_slug(r.wanted.id))
        return wht_usage_error(verb->name,
                               "option '--id' got '%s', expected lower-case letters, digits and "
                               "._/- after a letter or digit",
                               r.wanted.id);
    return take_instruction(&r) ? create(&r) : WHT_EXIT_USAGE;
}

const struct wht_verb wht_verb_new = {
    .name = "new",
    .operands = "[FILE]",
    .summary = "begin a case for an instruction",
    .details =
        "Writes a valid case: code, asm, registers that make the operand lie at the device, the "
        "exit,\n"
        "and the accesses in their order. What only a manual can tell is left open as \"any\" or "
        "\"??\",\n"
        "listed on standard error and in \"todo\": such a case cannot pass. IN, OUT, INS and OUTS "
        "get a port exit, everything else the\n"
        "exit of a memory access; an instruction without one runs from a device itself. An "
        "existing\n"
        "file is never overwritten.\n\n"
        "  whvtrace new --asm 'add [rbx+8], eax' traces/regress/my-bug.trace.json\n",
    .options = options,
    .run = run,
};
