/* SPDX-License-Identifier: MIT */
#include "about.h"

#include <stdio.h>
#include <string.h>

#include "capture/platform.h"
#include "session/backend.h"

/* Adds a file's bytes. @return whether all could be read. */
static bool add_file(struct wht_sha256 *sha, const char *path)
{
    unsigned char buffer[16384];
    FILE *file = fopen(path, "rb");
    if (!file)
        return false;
    for (size_t size; (size = fread(buffer, 1, sizeof(buffer), file)) > 0;)
        wht_sha256_add(sha, buffer, size);
    const bool is_whole = !ferror(file);
    fclose(file);
    return is_whole;
}

static void end_digest(struct wht_sha256 *sha, bool is_whole, char *text)
{
    uint8_t digest[WHT_SHA256_SIZE];
    wht_sha256_end(sha, digest);
    for (size_t i = 0; is_whole && i < sizeof(digest); i++)
        snprintf(text + 2 * i, 3, "%02x", digest[i]);
}

/* As `sha256sum` prints it. */
static void digest_emulator(const char *path, char *text)
{
    struct wht_sha256 sha;
    wht_sha256_begin(&sha);
    end_digest(&sha, add_file(&sha, path), text);
}

/* As `cat FILES | sha256sum` prints it. */
static void digest_suite(const struct wht_file_list *files, char *text)
{
    struct wht_sha256 sha;
    bool is_whole = true;
    wht_sha256_begin(&sha);
    for (size_t i = 0; i < files->count; i++)
        is_whole &= add_file(&sha, files->paths[i]);
    end_digest(&sha, is_whole, text);
}

struct wht_report_run wht_about_run(struct wht_about *about, const struct wht_pool_options *options,
                                    const struct wht_file_list *files, bool has_digests)
{
    const bool is_builtin = strcmp(options->emulator, WHT_BACKEND_BUILTIN) == 0;
    *about = (struct wht_about){.version = ""};
    if (is_builtin)
        snprintf(about->version, sizeof(about->version), "%s", WHVTRACE_VERSION);
    else
        whvc_describe_file(options->emulator, about->version, sizeof(about->version));
    if (has_digests && !is_builtin)
        digest_emulator(options->emulator, about->emulator);
    if (has_digests)
        digest_suite(files, about->suite);
    whvc_describe_system(about->system, sizeof(about->system));
    whvc_describe_cpu(about->processor, sizeof(about->processor));
    whvc_date(about->date);
    return (struct wht_report_run){.version = WHVTRACE_VERSION,
                                   .emulator = options->emulator,
                                   .emulator_version = about->version,
                                   .emulator_digest = about->emulator,
                                   .suite_digest = about->suite,
                                   .suite_paths = (const char *const *)files->paths,
                                   .suite_files = files->count,
                                   .system = about->system,
                                   .processor = about->processor,
                                   .date = about->date,
                                   .level = options->level,
                                   .shard = options->shard,
                                   .shard_count = options->shard_count};
}
