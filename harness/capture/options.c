/* SPDX-License-Identifier: MIT */
#include "options.h"

#include <stdlib.h>
#include <string.h>

#include "platform.h"
#include "ring.h"

#define PREFIX "WHV_CAPTURE"

/* "64", "64k", "2M", "1G". */
static uint64_t number_from_environment(const char *name, uint64_t most)
{
    const char *text = getenv(name);
    if (!text || !*text)
        return 0;
    char *end;
    uint64_t unit = 1;
    uint64_t value = strtoull(text, &end, 10);
    if (*end == 'k' || *end == 'K')
        unit = UINT64_C(1) << 10;
    else if (*end == 'M')
        unit = UINT64_C(1) << 20;
    else if (*end == 'G')
        unit = UINT64_C(1) << 30;
    end += unit > 1;
    bool is_number = *text >= '0' && *text <= '9' && *end == 0;
    if (is_number && value > 0 && value <= most / unit)
        return value * unit;
    whvc_complain("%s=%s is not a number from 1 on (with k, M or G); taking the default", name,
                  text);
    return 0;
}

static uint32_t flag_from_environment(const char *name, enum whvcapture_flag flag)
{
    const char *text = getenv(name);
    if (!text || !*text || strcmp(text, "0") == 0)
        return 0;
    if (strcmp(text, "1") != 0)
        whvc_complain("%s=%s is neither 0 nor 1; taking it for 1", name, text);
    return (uint32_t)flag;
}

static enum whvcapture_snapshot snapshot_from_environment(void)
{
    const char *text = getenv(PREFIX "_SNAPSHOT");
    if (!text || !*text || strcmp(text, "needed") == 0)
        return WHVCAPTURE_NEEDED;
    if (strcmp(text, "all") == 0)
        return WHVCAPTURE_ALL;
    if (strcmp(text, "none") == 0)
        return WHVCAPTURE_NONE;
    whvc_complain(PREFIX "_SNAPSHOT=%s is none of all, needed, none; taking needed", text);
    return WHVCAPTURE_NEEDED;
}

int whvcapture_options_from_environment(struct whvcapture_options *options)
{
    const char *whole = getenv(PREFIX);
    *options = (struct whvcapture_options){
        .size = sizeof(*options),
        .flags = flag_from_environment(PREFIX "_ONLY_FAILURES", WHVCAPTURE_ONLY_FAILURES) |
                 flag_from_environment(PREFIX "_REDACT", WHVCAPTURE_REDACT) |
                 flag_from_environment(PREFIX "_SYNC", WHVCAPTURE_SYNC) |
                 flag_from_environment(PREFIX "_POISON", WHVCAPTURE_POISON),
        .path = getenv(PREFIX "_PATH"),
        .max_cases = number_from_environment(PREFIX "_MAX_CASES", UINT64_MAX),
        .max_bytes = number_from_environment(PREFIX "_MAX_BYTES", UINT64_MAX),
        .file_bytes = number_from_environment(PREFIX "_FILE_BYTES", UINT64_MAX),
        .keep = (uint32_t)number_from_environment(PREFIX "_KEEP", UINT32_MAX - 1),
        .ring_bytes = (uint32_t)number_from_environment(PREFIX "_RING_BYTES", UINT32_MAX),
        .snapshot = snapshot_from_environment(),
        .vmm = getenv(PREFIX "_VMM"),
        .guest = getenv(PREFIX "_GUEST")};
    return !whole || strcmp(whole, "0") != 0;
}

static uint64_t or_default(uint64_t value, uint64_t standard)
{
    return value ? value : standard;
}

/* The caller's string may not outlive the call; the copy is kept for good. */
static const char *keep_string(const char *text)
{
    char *copy = text && *text ? malloc(strlen(text) + 1) : NULL;
    return copy ? strcpy(copy, text) : NULL;
}

bool whvc_options_complete(const struct whvcapture_options *given,
                           struct whvcapture_options *complete)
{
    struct whvcapture_options options;
    if (given && given->size != sizeof(options)) {
        whvc_complain("options of another version of the library; nothing is recorded");
        return false;
    }
    if (given)
        options = *given;
    else if (!whvcapture_options_from_environment(&options))
        return false;
    options.path = keep_string(options.path);
    if (!options.path)
        options.path = "whv.cap.jsonl";
    options.vmm = keep_string(options.vmm);
    options.guest = keep_string(options.guest);
    options.max_cases = or_default(options.max_cases, 100000);
    options.max_bytes = or_default(options.max_bytes, UINT64_C(1) << 30);
    options.file_bytes = or_default(options.file_bytes, UINT64_C(64) << 20);
    options.keep = (uint32_t)or_default(options.keep, 16);
    options.ring_bytes = (uint32_t)or_default(options.ring_bytes, 1u << 20);
    if (options.ring_bytes < WHVC_RING_MINIMUM)
        options.ring_bytes = WHVC_RING_MINIMUM;
    if (options.ring_bytes > WHVC_RING_MAXIMUM)
        options.ring_bytes = WHVC_RING_MAXIMUM;
    *complete = options;
    return true;
}

bool whvc_is_verbose(void)
{
    return getenv(PREFIX "_VERBOSE") != NULL;
}
