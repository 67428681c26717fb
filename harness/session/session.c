/* SPDX-License-Identifier: MIT */
#include "session.h"

#include <string.h>

static const char *const poison_texts[] = {
#define WHT_POISON(id, text) [WHT_POISON_##id] = text,
#include "poison.def"
};

const char *wht_poison_text(enum wht_poison poison)
{
    return poison_texts[poison];
}

uint64_t wht_digest_event(uint64_t digest, const struct wht_event *event)
{
    bool sends = event->kind == WHT_CALL_MEM_WRITE || event->kind == WHT_CALL_IO_OUT;
    uint64_t data = 0;
    memcpy(&data, event->data, sends ? event->size : 0);
    digest = wht_digest_mix(digest, event->address);
    digest = wht_digest_mix(digest, (uint64_t)event->kind << 8 | event->size);
    digest = wht_digest_mix(digest, data);
    digest = wht_digest_mix(digest, event->flags);
    for (uint32_t i = 0; i < event->count; i++)
        digest = wht_digest_mix(digest, (uint32_t)event->names[i]);
    return digest;
}
