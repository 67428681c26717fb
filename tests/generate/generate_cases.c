/* SPDX-License-Identifier: MIT */
/*
 * Writes the cases of traces/generated, or tells whether they are what this machine gives.
 *
 *     generate_cases DIR          writes DIR/FAMILY/NAME.trace.jsonl
 *     generate_cases --check DIR  compares; exit code 1 and the first line that differs
 *
 * Exit code 77 where the processor's modes cannot be used, or where it lacks instructions: files
 * with these are neither written nor compared.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "generate.h"

#define PATH_LENGTH 512u
#define EXIT_SKIP   77

struct grid {
    const char *family;
    const char *name;
    void (*make)(struct gen_writer *writer);
    const char *flags;
    const char *spec;
    const char *note;
};

static const struct grid grids[] = {
#define GRID(family, name, function, flags, spec, note) {family, name, function, flags, spec, note},
#include "grids.def"
};

#define GRIDS (sizeof(grids) / sizeof(grids[0]))

/* Where device and hole are; generate_write.c knows the device's addresses too. */
static const char *const pages[] = {
    "{\"gva\": \"0x20000000\", \"gpa\": \"0xfec00000\"}",
    "{\"gva\": \"0x20001000\", \"gpa\": \"0xfed05000\"}",
    "{\"gva\": \"0x20002000\", \"result\": \"page-not-present\"}",
};

/* @param touched mask of the pages that some case needs: an entry without a use says nothing. */
static void write_pages(unsigned touched, FILE *out)
{
    const char *before = "\"pages\": [";
    for (size_t i = 0; i < sizeof(pages) / sizeof(pages[0]); i++) {
        if (touched >> i & 1) {
            fprintf(out, "%s%s", before, pages[i]);
            before = ", ";
        }
    }
    if (touched)
        fputs("], ", out);
}

static void write_header(const struct grid *grid, unsigned touched, FILE *out)
{
    fprintf(out,
            "{\"format\": \"whv-trace/1.0\", \"suite\": \"generated-%s-%s\", "
            "\"source\": {\"kind\": \"generated\", \"tool\": \"generate_cases\"}, "
            "\"defaults\": {\"init\": {\"cpl\": 3}, ",
            grid->family, grid->name);
    write_pages(touched, out);
    fprintf(out, "\"flags\": %s, \"spec\": %s, \"note\": \"%s\"}}\n", grid->flags, grid->spec,
            grid->note);
}

static FILE *open_text(char **text, size_t *size)
{
    FILE *out = open_memstream(text, size);
    if (!out) {
        perror("generate_cases");
        exit(1);
    }
    return out;
}

static void close_text(FILE *out)
{
    if (fclose(out) == 0)
        return;
    perror("generate_cases");
    exit(1);
}

/*
 * @param size receives its size without the zero behind it.
 * @return the file's text, to be freed; NULL if this processor lacks an instruction of it.
 */
static char *generate(const struct grid *grid, size_t *size, unsigned *count)
{
    static struct gen_writer writer;
    char *cases = NULL;
    char *text = NULL;
    size_t cases_size = 0;
    writer.out = open_text(&cases, &cases_size);
    writer.count = 0;
    writer.pages = 0;
    writer.is_lacking = false;
    grid->make(&writer);
    *count = writer.count;
    close_text(writer.out);
    FILE *out = open_text(&text, size);
    write_header(grid, writer.pages, out);
    fwrite(cases, 1, cases_size, out);
    close_text(out);
    free(cases);
    if (!writer.is_lacking)
        return text;
    fprintf(stderr, "%s/%s: left out: this processor lacks an instruction\n", grid->family,
            grid->name);
    free(text);
    return NULL;
}

static void make_path(const struct grid *grid, const char *directory, char *path)
{
    int length =
        snprintf(path, PATH_LENGTH, "%s/%s/%s.trace.jsonl", directory, grid->family, grid->name);
    if (length < 0 || (unsigned)length >= PATH_LENGTH) {
        fprintf(stderr, "generate_cases: %s: the path is too long\n", directory);
        exit(1);
    }
}

static bool write_file(const char *path, const char *text, size_t size)
{
    char folder[PATH_LENGTH];
    snprintf(folder, sizeof(folder), "%.*s", (int)(strrchr(path, '/') - path), path);
    if (mkdir(folder, 0777) != 0 && errno != EEXIST) {
        perror(folder);
        return false;
    }
    FILE *file = fopen(path, "wb");
    bool is_written = file && fwrite(text, 1, size, file) == size;
    if (file && fclose(file) != 0)
        is_written = false;
    if (!is_written)
        perror(path);
    return is_written;
}

static void report_difference(const char *path, unsigned line, const char *committed,
                              const char *generated)
{
    fprintf(stderr,
            "%s:%u: differs from what this processor gives\n  committed %.*s\n  here      %.*s\n",
            path, line, (int)strcspn(committed, "\n"), committed, (int)strcspn(generated, "\n"),
            generated);
}

/* Compares line by line, so that the first one that differs can be shown. */
static bool check_file(const char *path, const char *text)
{
    char *line = NULL;
    size_t capacity = 0;
    unsigned number = 0;
    FILE *file = fopen(path, "rb");
    if (!file) {
        perror(path);
        return false;
    }
    bool is_equal = true;
    while (is_equal && getline(&line, &capacity, file) > 0) {
        size_t length = strlen(line);
        is_equal = strncmp(line, text, length) == 0;
        number++;
        if (!is_equal)
            report_difference(path, number, line, text);
        text += is_equal ? length : 0;
    }
    if (is_equal && *text) {
        report_difference(path, number + 1, "(nothing)", text);
        is_equal = false;
    }
    free(line);
    fclose(file);
    return is_equal;
}

/* @return whether it is written, or what is committed. */
static bool settle(const struct grid *grid, const char *directory, bool checks, const char *text,
                   size_t size)
{
    char path[PATH_LENGTH];
    make_path(grid, directory, path);
    return checks ? check_file(path, text) : write_file(path, text, size);
}

static bool has_modes(void)
{
    for (enum oracle_mode mode = ORACLE_64; mode <= ORACLE_16; mode++) {
        if (!oracle_has_mode(mode))
            return false;
    }
    return true;
}

int main(int argc, char **argv)
{
    bool checks = argc == 3 && strcmp(argv[1], "--check") == 0;
    unsigned total = 0, files = 0;
    bool is_good = true;
    if (argc != 2 && !checks) {
        fputs("usage: generate_cases [--check] DIR\n", stderr);
        return 2;
    }
    if (!has_modes()) {
        fputs("generate_cases: this machine cannot run instructions in all modes\n", stderr);
        return EXIT_SKIP;
    }
    for (size_t i = 0; i < GRIDS; i++) {
        size_t size;
        unsigned count;
        char *text = generate(&grids[i], &size, &count);
        if (!text)
            continue;
        is_good &= settle(&grids[i], argv[argc - 1], checks, text, size);
        free(text);
        total += count;
        files++;
    }
    printf("%u cases in %u files\n", total, files);
    return !is_good ? 1 : files < GRIDS ? EXIT_SKIP : 0;
}
