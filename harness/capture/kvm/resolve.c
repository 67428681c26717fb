/* SPDX-License-Identifier: MIT */
/*
 * Which instruction made an access. At the exit of a read the registers are those before it. A
 * store has retired: the state before is reconstructed from that after, by trying every place where
 * the instruction could begin and keeping that whose address, size and value are what was seen.
 */
#include "resolve.h"

#include <string.h>

#define RF (UINT64_C(1) << 16)

static bool is_string_with_memory(const struct whvk_insn *insn)
{
    return insn->operand == WHVK_SIDI || insn->operand >= WHVK_PORTDI;
}

/* Whether the first access is the one that the instruction begins with. */
static bool makes_access(const struct whvk_view *view, const struct whvk_insn *insn,
                         const struct kvm_regs *before, const struct whvk_part *part)
{
    uint64_t gpa;
    bool is_port_form = insn->operand >= WHVK_PORT;
    if (part->is_io)
        return is_port_form && insn->size == part->size &&
               whvk_port(insn, before) == part->address &&
               part->is_write == (insn->access == WHVK_W);
    if (is_port_form || part->size > insn->size)
        return false;
    bool at_di = insn->operand == WHVK_SIDI && part->is_write;
    uint64_t gva = at_di ? whvk_address_di(insn, before, view->sregs)
                         : whvk_address(insn, before, view->sregs);
    if (part->is_write ? !(insn->access & WHVK_W) : !(insn->access & WHVK_R))
        return false;
    return whvk_translate(view, gva, &gpa) && gpa == part->address;
}

static void take(struct whvk_case *now, const struct whvk_insn *insn, const struct kvm_regs *before,
                 const struct whvk_view *view)
{
    now->insn = *insn;
    now->before = *before;
    now->last = *before;
    uint64_t at = whvk_linear(view->sregs, insn->bits, 1, before->rip);
    memset(now->code, 0, sizeof(now->code));
    now->code_size = (uint8_t)whvk_read_gva(view, at, now->code, sizeof(now->code));
}

static bool decode_at(const struct whvk_view *view, uint64_t rip, struct whvk_insn *insn)
{
    uint8_t code[WHVK_CODE_MAX];
    uint8_t bits = whvk_bits(view->sregs);
    size_t size = whvk_read_gva(view, whvk_linear(view->sregs, bits, 1, rip), code, sizeof(code));
    return whvk_decode(code, size, bits, insn);
}

static void read_vectors(struct whvk_vcpu *vcpu, const struct whvk_insn *insn)
{
    if (insn->is_vector && whvk_ioctl(vcpu->fd, KVM_GET_FPU, &vcpu->now.fpu) != 0)
        memset(&vcpu->now.fpu, 0, sizeof(vcpu->now.fpu));
}

bool whvk_resolve_at(struct whvk_vcpu *vcpu, const struct kvm_regs *before)
{
    struct whvk_view view = whvk_view_of(vcpu);
    struct whvk_insn insn;
    if (!decode_at(&view, before->rip, &insn) ||
        !makes_access(&view, &insn, before, &vcpu->told.part[0]))
        return false;
    read_vectors(vcpu, &insn);
    take(&vcpu->now, &insn, before, &view);
    return true;
}

/* The bytes that the turn sent to the device. @return how many, at most 16. */
static size_t written(const struct whvk_parts *told, uint8_t *data)
{
    size_t size = 0;
    for (unsigned i = 0; i < told->count; i++) {
        const struct whvk_part *part = &told->part[i];
        if (!part->is_write || size + part->size > 16)
            continue;
        memcpy(data + size, part->data, part->size);
        size += part->size;
    }
    return size;
}

static bool stores_value(struct whvk_vcpu *vcpu, const struct whvk_view *view,
                         const struct whvk_insn *insn, const struct kvm_regs *before)
{
    uint8_t seen[16], told[16];
    size_t size = written(&vcpu->told, seen);
    if (size != insn->size || insn->size > sizeof(told))
        return false;
    if (is_string_with_memory(insn))
        return whvk_read_gva(view, whvk_address(insn, before, view->sregs), told, size) == size &&
               memcmp(seen, told, size) == 0;
    read_vectors(vcpu, insn);
    return whvk_stored(insn, before, view->sregs, &vcpu->now.fpu, told) &&
           memcmp(seen, told, size) == 0;
}

static bool could_be(struct whvk_vcpu *vcpu, const struct kvm_regs *after, unsigned back,
                     struct whvk_insn *insn, struct kvm_regs *before)
{
    struct whvk_view view = whvk_view_of(vcpu);
    if (!decode_at(&view, after->rip - back, insn))
        return false;
    /* A REP that has turns left, or whose last was this one, still stands on itself. */
    if (back == 0 ? !insn->is_rep : insn->is_rep || insn->length != back)
        return false;
    *before = *after;
    before->rip -= back;
    before->rflags &= ~RF;
    whvk_step(insn, -1, before);
    return makes_access(&view, insn, before, &vcpu->told.part[0]) &&
           stores_value(vcpu, &view, insn, before);
}

bool whvk_resolve_store(struct whvk_vcpu *vcpu, const struct kvm_regs *after)
{
    struct whvk_insn insn;
    struct kvm_regs before;
    /* OUT on hardware: KVM advances RIP when the access is complete, so this was the state before.
     */
    if (after->rip != vcpu->exit.rip)
        return whvk_resolve_at(vcpu, &vcpu->exit);
    /* The shortest that fits: a longer one only has prefixes more that change nothing. */
    for (unsigned back = 0; back <= WHVK_CODE_MAX; back++) {
        if (!could_be(vcpu, after, back, &insn, &before))
            continue;
        struct whvk_view view = whvk_view_of(vcpu);
        take(&vcpu->now, &insn, &before, &view);
        vcpu->now.is_reconstructed = true;
        return true;
    }
    return false;
}

static bool add(struct whvk_parts *parts, const struct whvk_part *part)
{
    if (parts->count >= sizeof(parts->part) / sizeof(parts->part[0]))
        return false;
    parts->part[parts->count++] = *part;
    return true;
}

/* An access to memory, in one part for each page. */
static bool add_memory(const struct whvk_view *view, uint64_t gva, bool is_write,
                       const uint8_t *data, size_t size, struct whvk_parts *parts)
{
    while (size > 0) {
        struct whvk_part part = {.gva = gva, .is_write = is_write};
        size_t in_page = (size_t)(WHVK_PAGE - gva % WHVK_PAGE);
        part.size = (uint8_t)(size < in_page ? size : in_page);
        memcpy(part.data, data, part.size);
        if (!whvk_translate(view, gva, &part.address) || !add(parts, &part))
            return false;
        gva += part.size;
        data += part.size;
        size -= part.size;
    }
    return true;
}

static bool add_memory_read(const struct whvk_view *view, uint64_t gva, size_t size,
                            struct whvk_parts *parts)
{
    uint8_t data[8];
    return size <= sizeof(data) && whvk_read_gva(view, gva, data, size) == size &&
           add_memory(view, gva, false, data, size, parts);
}

/* Adds the device parts of one direction. @return false if they are not `size` bytes from gva on.
 */
static bool add_device(const struct whvk_view *view, struct whvk_parts *told, bool is_write,
                       uint64_t gva, size_t size, struct whvk_parts *parts)
{
    size_t done = 0;
    for (unsigned i = 0; i < told->count; i++) {
        struct whvk_part *part = &told->part[i];
        uint64_t gpa;
        if (part->is_write != is_write || part->is_io)
            continue;
        part->gva = gva + done; /* also for who reads what was told */
        done += part->size;
        if (!whvk_translate(view, part->gva, &gpa) || gpa != part->address || !add(parts, part))
            return false;
    }
    return done == size;
}

static unsigned count_parts(const struct whvk_parts *told, bool is_io, bool is_write)
{
    unsigned count = 0;
    for (unsigned i = 0; i < told->count; i++)
        count += told->part[i].is_io == is_io && told->part[i].is_write == is_write;
    return count;
}

/* REP INS: each element goes from the port to memory, unless that is a device as well. */
static bool complete_ins(const struct whvk_view *view, const struct whvk_case *now,
                         struct whvk_parts *told, unsigned turns, struct whvk_parts *parts)
{
    struct kvm_regs regs = now->last;
    bool to_device = count_parts(told, false, true) > 0;
    if (count_parts(told, true, false) != turns)
        return false;
    for (unsigned i = 0; i < turns; i++) {
        const struct whvk_part *part = &told->part[i];
        uint64_t gva = whvk_address_di(&now->insn, &regs, view->sregs);
        if (!add(parts, part))
            return false;
        if (to_device ? turns != 1 || !add_device(view, told, true, gva, part->size, parts)
                      : !add_memory(view, gva, true, part->data, part->size, parts))
            return false;
        whvk_step(&now->insn, 1, &regs);
    }
    return true;
}

static bool complete_outs(const struct whvk_view *view, const struct whvk_case *now,
                          struct whvk_parts *told, uint64_t gva, struct whvk_parts *parts)
{
    bool from_device = count_parts(told, false, false) > 0;
    if (count_parts(told, true, true) != 1)
        return false;
    if (from_device ? !add_device(view, told, false, gva, now->insn.size, parts)
                    : !add_memory_read(view, gva, now->insn.size, parts))
        return false;
    return add(parts, &told->part[told->count - 1]);
}

static bool complete_movs(const struct whvk_view *view, const struct whvk_case *now,
                          struct whvk_parts *told, uint64_t gva, struct whvk_parts *parts)
{
    size_t size = now->insn.size;
    uint64_t to = whvk_address_di(&now->insn, &now->last, view->sregs);
    bool from_device = count_parts(told, false, false) > 0;
    bool to_device = count_parts(told, false, true) > 0;
    uint8_t data[16];
    if (from_device ? !add_device(view, told, false, gva, size, parts)
                    : !add_memory_read(view, gva, size, parts))
        return false;
    if (to_device)
        return add_device(view, told, true, to, size, parts);
    size_t done = 0;
    for (unsigned i = 0; i < parts->count && done < size; i++) {
        memcpy(data + done, parts->part[i].data, parts->part[i].size);
        done += parts->part[i].size;
    }
    return add_memory(view, to, true, data, size, parts);
}

static bool complete_other(const struct whvk_view *view, const struct whvk_case *now,
                           struct whvk_parts *told, uint64_t gva, struct whvk_parts *parts)
{
    const struct whvk_insn *insn = &now->insn;
    if (insn->operand == WHVK_PORT)
        return told->count == 1 && add(parts, &told->part[0]);
    if (insn->access & WHVK_R && !add_device(view, told, false, gva, insn->size, parts))
        return false;
    bool has_write = count_parts(told, false, true) > 0;
    /* A comparison that fails writes nothing, or what was there, by processor. */
    if (insn->access == WHVK_R || (insn->access == WHVK_RW && !has_write))
        return !has_write;
    return add_device(view, told, true, gva, insn->size, parts);
}

bool whvk_complete_parts(struct whvk_vcpu *vcpu, unsigned turns)
{
    struct whvk_parts *parts = &vcpu->ordered;
    struct whvk_case *now = &vcpu->now;
    struct whvk_view view = whvk_view_of(vcpu);
    uint64_t gva = whvk_address(&now->insn, &now->last, &now->sregs);
    bool fits;
    parts->count = 0;
    if (now->insn.operand == WHVK_PORTDI)
        fits = complete_ins(&view, now, &vcpu->told, turns, parts);
    else if (now->insn.operand == WHVK_PORTSI)
        fits = complete_outs(&view, now, &vcpu->told, gva, parts);
    else if (now->insn.operand == WHVK_SIDI)
        fits = complete_movs(&view, now, &vcpu->told, gva, parts);
    else
        fits = complete_other(&view, now, &vcpu->told, gva, parts);
    return fits;
}
