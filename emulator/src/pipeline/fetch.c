/* SPDX-License-Identifier: MIT */
#include "fetch.h"

#include "decode.h"
#include "event.h"
#include "host.h"
#include "linear.h"
#include "translate.h"

struct code {
    uint8_t bytes[16]; /* 16, so that the cache can compare two words */
    unsigned count;    /* 0 to WHE_INSN_MAX */
};

/* How many bytes the CS limit allows from an offset on. */
static uint64_t limit_room(const struct whe_call *call, uint64_t offset)
{
    if (call->mode.code == WHE_CODE64)
        return UINT64_MAX;
    uint64_t limit = call->vp->Cs.Limit;
    return offset > limit ? 0 : limit - offset + 1;
}

static enum whe_result code_linear(struct whe_call *call, uint64_t offset, uint64_t *linear)
{
    *linear = offset;
    if (call->mode.code == WHE_CODE64)
        return whe_check_canonical(call, offset, 1, false);
    *linear = (call->vp->Cs.Base + offset) & 0xffffffff;
    return WHE_OK;
}

/* The largest power of two up to 8 that fits: virtual machine monitors exist whose memory callback
   knows no other sizes. */
static unsigned piece_size(uint64_t room)
{
    unsigned size = 8;
    while (size > room)
        size /= 2;
    return size;
}

/* Fetches one more piece: 8, 4, 2 or 1 bytes that lie in one page and within the CS limit. */
static enum whe_result fetch_piece(struct whe_call *call, struct code *code)
{
    uint64_t offset = (call->vp->Rip + code->count) & whe_mode_linear_mask(&call->mode);
    uint64_t room = limit_room(call, offset);
    uint64_t linear, gpa, value;
    if (room == 0)
        return whe_fault_code(call, WHE_VECTOR_GP, 0);
    WHE_TRY(code_linear(call, offset, &linear));
    WHE_TRY(whe_translate(call, linear, WHE_INTENT_EXECUTE, &gpa));

    if (room > WHE_PAGE_SIZE - (linear & WHE_PAGE_MASK))
        room = WHE_PAGE_SIZE - (linear & WHE_PAGE_MASK);
    if (room > WHE_INSN_MAX - code->count)
        room = WHE_INSN_MAX - code->count;
    const unsigned size = piece_size(room);
    WHE_TRY(whe_host_read(call, gpa, size, &value));
    memcpy(code->bytes + code->count, &value, size);
    code->count += size;
    return WHE_OK;
}

static enum whe_result undecodable(struct whe_call *call, enum whe_decoded decoded)
{
    switch (decoded) {
    case WHE_DECODED_TOO_LONG:
        return whe_fault_code(call, WHE_VECTOR_GP, 0);
    case WHE_DECODED_BAD_LOCK:
        return whe_fault(call, WHE_VECTOR_UD);
    default:
        return call->exit.kind == WHE_EXIT_EXECUTE ? whe_fault(call, WHE_VECTOR_UD)
                                                   : WHE_NO_INSTRUCTION;
    }
}

enum whe_result whe_fetch(struct whe_call *call, struct whe_decode_cache *cache,
                          const struct whe_insn **insn)
{
    const struct whe_exit *exit = &call->exit;
    const uint64_t key = whe_mode_key_with_flags(call->vp);
    struct code code = {.count = exit->byte_count < WHE_INSN_MAX ? exit->byte_count : WHE_INSN_MAX};
    memcpy(code.bytes, exit->bytes, code.count);
    for (;;) {
        struct whe_insn fresh;
        enum whe_decoded decoded = WHE_DECODED_MORE;
        const union whe_cache_entry *entry =
            whe_cache_find(cache, key, call->vp->Rip, code.bytes, code.count);
        if (entry) {
            *insn = &entry->insn;
            return WHE_OK;
        }
        if (code.count > 0)
            decoded = whe_decode(&call->mode, code.bytes, code.count, &fresh);
        if (decoded == WHE_DECODED_OK) {
            *insn = whe_cache_store(cache, key, &call->mode, call->vp->Rip, code.bytes, &fresh);
            return WHE_OK;
        }
        if (decoded != WHE_DECODED_MORE)
            return undecodable(call, decoded);
        WHE_TRY(fetch_piece(call, &code));
    }
}
