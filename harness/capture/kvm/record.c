/* SPDX-License-Identifier: MIT */
/* An instruction as a case: what a VMM's emulator would have been asked, and would have done. */
#include "record.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "base/hash.h"
#include "options.h"
#include "output.h"
#include "platform.h"
#include "seen.h"

#define RING_BYTES ((size_t)2 << 20)
#define CR0_PE     UINT64_C(1)
#define CR0_AM     (UINT64_C(1) << 18)
#define EFER_LMA   (UINT64_C(1) << 10)
#define XMM_COUNT  16u
#define FLAG_READ  1u
#define FLAG_WRITE 2u

static struct {
    struct whvcapture_options options;
    _Atomic uint64_t n;
    bool is_parents; /* in a child made by fork */
} recorder;

static void stop(void)
{
    if (recorder.is_parents)
        return;
    whvc_output_stop();
    if (whvc_is_verbose())
        whvc_complain("%" PRIu64 " exits; %" PRIu64 " instructions kept, %" PRIu64
                      " repeated, %" PRIu64 " unexplained, %" PRIu64 " interrupted, %" PRIu64
                      " too long",
                      whvk_counts.exits, whvk_counts.kept, whvk_counts.repeated,
                      whvk_counts.unexplained, whvk_counts.interrupted, whvk_counts.too_long);
}

static void leave_to_parent(void)
{
    recorder.is_parents = true;
}

bool whvk_record_start(void)
{
    struct whvc_provenance provenance = {.tool = "whvcapture-kvm (exits of KVM, no emulator)"};
    if (!whvc_options_complete(NULL, &recorder.options))
        return false;
    provenance.vmm = recorder.options.vmm;
    provenance.guest = recorder.options.guest;
    whvc_output_start(&recorder.options, &provenance);
    whvc_watch_process(stop, leave_to_parent);
    return true;
}

bool whvk_record_add(struct whvk_vcpu *vcpu)
{
    vcpu->ring = calloc(1, sizeof(*vcpu->ring) + RING_BYTES);
    if (!vcpu->ring)
        return false;
    vcpu->ring->bytes = RING_BYTES;
    vcpu->ring->flags = recorder.options.flags;
    vcpu->ring->magic = WHVC_RING_MAGIC;
    return true;
}

bool whvk_is_wanted(const struct whvk_vcpu *vcpu)
{
    const struct whvk_case *now = &vcpu->now;
    uint64_t key =
        wht_hash_add_bytes(wht_hash_add(WHT_HASH, now->insn.bits), now->code, now->insn.length);
    for (unsigned i = 0; i < vcpu->ordered.count && i < 8; i++) {
        const struct whvk_part *part = &vcpu->ordered.part[i];
        key = wht_hash_add(key,
                           part->size | (uint64_t)part->is_io << 8 | (uint64_t)part->is_write << 9);
    }
    uint32_t before = whvc_seen(key);
    if (before == UINT32_MAX)
        return false;
    return before < recorder.options.keep || (before & (before + 1)) == 0;
}

static WHV_X64_SEGMENT_REGISTER segment(const struct kvm_segment *from)
{
    unsigned attributes = (from->type & 15u) | (from->s & 1u) << 4 | (from->dpl & 3u) << 5 |
                          (from->present & 1u) << 7 | (from->avl & 1u) << 12 |
                          (from->l & 1u) << 13 | (from->db & 1u) << 14 | (from->g & 1u) << 15;
    return (WHV_X64_SEGMENT_REGISTER){.Base = from->base,
                                      .Limit = from->limit,
                                      .Selector = from->selector,
                                      .Attributes = (UINT16)attributes};
}

static void fill_context(const struct whvk_case *now, WHV_VP_EXIT_CONTEXT *context)
{
    const struct kvm_sregs *sregs = &now->sregs;
    context->ExecutionState.Cpl = sregs->ss.dpl & 3u;
    context->ExecutionState.Cr0Pe = (sregs->cr0 & CR0_PE) != 0;
    context->ExecutionState.Cr0Am = (sregs->cr0 & CR0_AM) != 0;
    context->ExecutionState.EferLma = (sregs->efer & EFER_LMA) != 0;
    context->InstructionLength = now->insn.length & 15u;
    context->Cr8 = sregs->cr8 & 15u;
    context->Cs = segment(&sregs->cs);
    context->Rip = now->before.rip;
    context->Rflags = now->before.rflags;
}

static void fill_port(const struct whvk_case *now, WHV_X64_IO_PORT_ACCESS_CONTEXT *io)
{
    io->InstructionByteCount = now->code_size;
    memcpy(io->InstructionBytes, now->code, sizeof(now->code));
    io->AccessInfo.IsWrite = now->insn.access == WHVK_W;
    io->AccessInfo.AccessSize = now->insn.size & 7u;
    io->AccessInfo.StringOp = now->insn.operand != WHVK_PORT;
    io->AccessInfo.RepPrefix = now->insn.is_rep;
    io->PortNumber = whvk_port(&now->insn, &now->before);
    io->Rax = now->before.rax;
    io->Rcx = now->before.rcx;
    io->Rsi = now->before.rsi;
    io->Rdi = now->before.rdi;
    io->Ds = segment(&now->sregs.ds);
    io->Es = segment(&now->sregs.es);
}

static void fill_memory(const struct whvk_case *now, WHV_MEMORY_ACCESS_CONTEXT *memory)
{
    const struct whvk_part *part = &now->first;
    memory->InstructionByteCount = now->code_size;
    memcpy(memory->InstructionBytes, now->code, sizeof(now->code));
    memory->AccessInfo.AccessType = part->is_write ? WHvMemoryAccessWrite : WHvMemoryAccessRead;
    memory->AccessInfo.GpaUnmapped = 1;
    memory->AccessInfo.GvaValid = 1;
    memory->Gpa = part->address;
    memory->Gva = part->gva;
}

static struct whvc_registers *add_registers(struct whvc_ring *ring, enum whvc_kind kind,
                                            unsigned room)
{
    struct whvc_registers *record;
    record = whvc_ring_add(ring, kind, sizeof(*record) + room * sizeof(record->reg[0]));
    if (record)
        record->count = 0;
    return record;
}

static void put(struct whvc_registers *record, uint32_t name, uint64_t low, uint64_t high)
{
    record->reg[record->count++] = (struct whvc_register){.name = name, .low = low, .high = high};
}

static void put_segment(struct whvc_registers *record, uint32_t name,
                        const struct kvm_segment *from)
{
    WHV_REGISTER_VALUE value = {.Segment = segment(from)};
    put(record, name, value.Reg128.Low64, value.Reg128.High64);
}

static void put_table(struct whvc_registers *record, uint32_t name, const struct kvm_dtable *from)
{
    WHV_REGISTER_VALUE value = {.Table = {.Limit = from->limit, .Base = from->base}};
    put(record, name, value.Reg128.Low64, value.Reg128.High64);
}

static void put_xmm(struct whvc_registers *record, unsigned number, const uint8_t *bytes)
{
    uint64_t half[2];
    memcpy(half, bytes, sizeof(half));
    put(record, (uint32_t)WHvX64RegisterXmm0 + number, half[0], half[1]);
}

static void add_snapshot(struct whvc_ring *ring, const struct whvk_case *now)
{
    const struct kvm_sregs *sregs = &now->sregs;
    struct whvc_registers *record = add_registers(ring, WHVC_SNAPSHOT, 34 + XMM_COUNT);
    if (!record)
        return;
    for (unsigned i = 0; i < 16; i++)
        put(record, (uint32_t)WHvX64RegisterRax + i, whvk_gpr(&now->before, i), 0);
    put(record, WHvX64RegisterRip, now->before.rip, 0);
    put(record, WHvX64RegisterRflags, now->before.rflags, 0);
    put_segment(record, WHvX64RegisterEs, &sregs->es);
    put_segment(record, WHvX64RegisterCs, &sregs->cs);
    put_segment(record, WHvX64RegisterSs, &sregs->ss);
    put_segment(record, WHvX64RegisterDs, &sregs->ds);
    put_segment(record, WHvX64RegisterFs, &sregs->fs);
    put_segment(record, WHvX64RegisterGs, &sregs->gs);
    put_segment(record, WHvX64RegisterLdtr, &sregs->ldt);
    put_segment(record, WHvX64RegisterTr, &sregs->tr);
    put_table(record, WHvX64RegisterIdtr, &sregs->idt);
    put_table(record, WHvX64RegisterGdtr, &sregs->gdt);
    put(record, WHvX64RegisterCr0, sregs->cr0, 0);
    put(record, WHvX64RegisterCr2, sregs->cr2, 0);
    put(record, WHvX64RegisterCr3, sregs->cr3, 0);
    put(record, WHvX64RegisterCr4, sregs->cr4, 0);
    put(record, WHvX64RegisterCr8, sregs->cr8, 0);
    put(record, WHvX64RegisterEfer, sregs->efer, 0);
    for (unsigned i = 0; now->insn.is_vector && i < XMM_COUNT; i++)
        put_xmm(record, i, now->fpu.xmm[i]);
    whvc_ring_publish(ring);
}

static void add_changes(struct whvc_ring *ring, const struct whvk_case *now)
{
    struct whvc_registers *record = add_registers(ring, WHVC_SET, 18 + XMM_COUNT);
    if (!record)
        return;
    record->record.is_answered = true;
    for (unsigned i = 0; i < 16; i++) {
        uint64_t value = whvk_gpr(&now->after, i);
        if (value != whvk_gpr(&now->before, i))
            put(record, (uint32_t)WHvX64RegisterRax + i, value, 0);
    }
    put(record, WHvX64RegisterRip, now->after.rip, 0);
    if (now->after.rflags != now->before.rflags)
        put(record, WHvX64RegisterRflags, now->after.rflags, 0);
    for (unsigned i = 0; now->insn.is_vector && i < XMM_COUNT; i++) {
        if (memcmp(now->fpu.xmm[i], now->fpu_after.xmm[i], sizeof(now->fpu.xmm[i])) != 0)
            put_xmm(record, i, now->fpu_after.xmm[i]);
    }
    whvc_ring_publish(ring);
}

static void add_translation(struct whvc_ring *ring, const struct whvk_part *part)
{
    struct whvc_translate *record = whvc_ring_add(ring, WHVC_TRANSLATE, sizeof(*record));
    if (!record)
        return;
    record->record.is_answered = true;
    record->gva = part->gva & ~(WHVK_PAGE - 1);
    record->gpa = part->address & ~(WHVK_PAGE - 1);
    record->result = 0;
    record->flags = part->is_write ? FLAG_WRITE : FLAG_READ;
    whvc_ring_publish(ring);
}

static void add_part(struct whvc_ring *ring, const struct whvk_part *part)
{
    if (part->is_io) {
        struct whvc_port *port = whvc_ring_add(ring, WHVC_PORT, sizeof(*port));
        if (!port)
            return;
        port->record.is_answered = true;
        port->info.Direction = part->is_write;
        port->info.Port = (UINT16)part->address;
        port->info.AccessSize = part->size;
        memcpy(&port->info.Data, part->data, sizeof(port->info.Data));
        if (part->size < 4)
            port->info.Data &= (UINT32_C(1) << 8 * part->size) - 1;
    } else {
        struct whvc_memory *memory = whvc_ring_add(ring, WHVC_MEMORY, sizeof(*memory));
        if (!memory)
            return;
        memory->record.is_answered = true;
        memory->info.GpaAddress = part->address;
        memory->info.Direction = part->is_write;
        memory->info.AccessSize = part->size;
        memcpy(memory->info.Data, part->data, part->size);
    }
    whvc_ring_publish(ring);
}

/* Pages are told when they are new: to the exit's context, and for each direction. */
static void add_parts(struct whvc_ring *ring, const struct whvk_case *now)
{
    uint64_t known[2] = {UINT64_MAX, UINT64_MAX};
    if (!now->first.is_io)
        known[now->first.is_write] = now->first.gva / WHVK_PAGE;
    for (unsigned i = 0; i < now->count; i++) {
        const struct whvk_part *part = &now->part[i];
        uint64_t page = part->gva / WHVK_PAGE;
        bool is_known = part->is_io || page == known[part->is_write] ||
                        (!now->first.is_io && page == now->first.gva / WHVK_PAGE);
        if (!is_known) {
            add_translation(ring, part);
            known[part->is_write] = page;
        }
        add_part(ring, part);
    }
}

void whvk_record(struct whvk_vcpu *vcpu)
{
    const struct whvk_case *now = &vcpu->now;
    struct whvc_ring *ring = vcpu->ring;
    whvc_ring_clear(ring);
    struct whvc_begin *begin = whvc_ring_add(ring, WHVC_BEGIN, sizeof(*begin));
    if (!begin)
        return;
    struct whvc_record header = begin->record;
    memset(begin, 0, sizeof(*begin));
    begin->record = header;
    begin->n = atomic_fetch_add_explicit(&recorder.n, 1, memory_order_relaxed);
    begin->vp = vcpu->number;
    begin->is_io = now->first.is_io;
    begin->is_reconstructed = now->is_reconstructed;
    fill_context(now, &begin->context);
    if (begin->is_io)
        fill_port(now, &begin->io);
    else
        fill_memory(now, &begin->memory);
    whvc_ring_publish(ring);
    if (recorder.options.snapshot != WHVCAPTURE_NONE)
        add_snapshot(ring, now);
    add_parts(ring, now);
    add_changes(ring, now);
    struct whvc_end *end = whvc_ring_add(ring, WHVC_END, sizeof(*end));
    if (end) {
        end->record.is_answered = true;
        end->status = 1; /* success */
        end->is_reconstructed = true;
        end->reason[0] = 0;
        whvc_ring_publish(ring);
    }
    whvc_output_call(ring);
    whvc_ring_clear(ring);
}
