/* SPDX-License-Identifier: MIT */
#include "ring.h"

#include <stddef.h>

void *whvc_ring_add(struct whvc_ring *ring, enum whvc_kind kind, size_t size)
{
    uint64_t used = atomic_load_explicit(&ring->used, memory_order_relaxed);
    uint64_t room = ring->bytes - used;
    /* The end is told whatever was dropped before it: room for it is kept. */
    if (kind != WHVC_END && (ring->dropped > 0 || size + sizeof(struct whvc_end) > room)) {
        ring->dropped++;
        return NULL;
    }
    if (size > room)
        return NULL;
    struct whvc_record *record = (struct whvc_record *)(ring->record + used);
    *record = (struct whvc_record){.size = (uint32_t)size, .kind = (uint8_t)kind};
    return record;
}

void whvc_ring_publish(struct whvc_ring *ring)
{
    uint64_t used = atomic_load_explicit(&ring->used, memory_order_relaxed);
    const struct whvc_record *record = (const struct whvc_record *)(ring->record + used);
    atomic_store_explicit(&ring->used, used + record->size, memory_order_release);
}

/* What a record of that kind has at the least. */
static size_t smallest(unsigned kind)
{
    switch (kind) {
    case WHVC_BEGIN:
        return sizeof(struct whvc_begin);
    case WHVC_SNAPSHOT:
    case WHVC_GET:
    case WHVC_SET:
        return sizeof(struct whvc_registers);
    case WHVC_MEMORY:
        return sizeof(struct whvc_memory);
    case WHVC_PORT:
        return sizeof(struct whvc_port);
    case WHVC_TRANSLATE:
        return sizeof(struct whvc_translate);
    case WHVC_END:
        return sizeof(struct whvc_end);
    default:
        return SIZE_MAX;
    }
}

const struct whvc_record *whvc_ring_next(const struct whvc_ring *ring, uint64_t *at)
{
    uint64_t used = atomic_load_explicit(&ring->used, memory_order_acquire);
    if (used > ring->bytes || *at > used || used - *at < sizeof(struct whvc_record))
        return NULL;
    const struct whvc_record *record = (const struct whvc_record *)(ring->record + *at);
    if (record->size % 8 != 0 || record->size > used - *at || record->size < smallest(record->kind))
        return NULL;
    if (record->kind >= WHVC_SNAPSHOT && record->kind <= WHVC_SET) {
        const struct whvc_registers *registers = (const struct whvc_registers *)record;
        size_t room = (record->size - sizeof(*registers)) / sizeof(registers->reg[0]);
        if (registers->count > room || registers->count > WHVC_REGISTERS_MAX)
            return NULL;
    }
    *at += record->size;
    return record;
}
