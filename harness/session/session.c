/* SPDX-License-Identifier: MIT */
#include "session.h"

#include <string.h>

#include "callbacks.h"
#include "contract.h"
#include "exit_context.h"

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

bool wht_session_load(struct wht_session *session, const struct wht_case *c)
{
    if (!wht_guest_load(&session->guest, c))
        return false;
    wht_devices_load(&session->devices, &session->guest);
    wht_injections_load(&session->injections, c);
    return true;
}

void wht_session_free(struct wht_session *session)
{
    wht_guest_free(&session->guest);
    wht_devices_free(&session->devices);
    wht_injections_free(&session->injections);
}

void wht_session_start(struct wht_session *session, unsigned flipped)
{
    wht_guest_reset(&session->guest);
    wht_devices_reset(&session->devices);
    wht_injections_reset(&session->injections);
    session->flipped = flipped;
    session->injects = true;
    session->callbacks = 0;
    session->listed = 0;
    session->is_set_called = false;
    session->is_set_done = false;
    session->has_failed = false;
    session->was_ended = false;
}

void wht_session_call(struct wht_session *session, const struct wht_handles *handles)
{
    uint32_t poison = wht_session_poison(session, WHT_POISON_STATUS) * UINT32_C(0x01010101);
    uint8_t behind = session->flipped >> WHT_POISON_BYTES & 1 ? (uint8_t)~WHT_BYTES_POISON
                                                              : (uint8_t)WHT_BYTES_POISON;
    bool is_written;
    session->status = poison;
    wht_callbacks_serve(session);
    session->hr =
        wht_invoke(handles, session->guest.c, session, behind, &session->status, &is_written);
    wht_callbacks_serve(NULL);
    wht_contract_end(session, is_written, poison);
}
