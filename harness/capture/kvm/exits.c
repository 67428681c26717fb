/* SPDX-License-Identifier: MIT */
#include "exits.h"

#include <string.h>

#include "record.h"
#include "resolve.h"

#define RF (UINT64_C(1) << 16)

static void tally(_Atomic uint64_t *counter)
{
    atomic_fetch_add_explicit(counter, 1, memory_order_relaxed);
}

void whvk_abandon(struct whvk_vcpu *vcpu, _Atomic uint64_t *counter)
{
    if (vcpu->now.state != WHVK_CLOSED)
        tally(counter);
    vcpu->now.state = WHVK_CLOSED;
}

static bool add_part(struct whvk_parts *told, const struct whvk_part *part)
{
    if (told->count >= WHVK_TURN_PARTS || part->size < 1 || part->size > sizeof(part->data))
        return false;
    told->part[told->count++] = *part;
    return true;
}

/* Where KVM and the VMM exchange the data of port accesses. @return NULL if it is out of the page.
 */
static uint8_t *port_data(const struct whvk_vcpu *vcpu)
{
    const struct kvm_run *run = vcpu->run;
    uint64_t size = (uint64_t)run->io.size * run->io.count;
    if (run->io.data_offset > vcpu->run_size || size > vcpu->run_size - run->io.data_offset)
        return NULL;
    return (uint8_t *)vcpu->run + run->io.data_offset;
}

/* @return false if the exit tells no access. */
static bool add_exit(struct whvk_vcpu *vcpu)
{
    struct kvm_run *run = vcpu->run;
    vcpu->answers = 0;
    if (run->exit_reason == KVM_EXIT_MMIO) {
        struct whvk_part part = {.address = run->mmio.phys_addr,
                                 .size = (uint8_t)run->mmio.len,
                                 .is_write = run->mmio.is_write != 0};
        memcpy(part.data, run->mmio.data, sizeof(part.data));
        vcpu->answers = part.is_write ? 0 : 1;
        return run->mmio.len <= sizeof(part.data) && add_part(&vcpu->told, &part);
    }
    const uint8_t *data = port_data(vcpu);
    bool is_write = run->io.direction == KVM_EXIT_IO_OUT;
    bool fits = data && run->io.size >= 1 && run->io.size <= 4 && run->io.count >= 1;
    for (unsigned i = 0; fits && i < run->io.count; i++) {
        struct whvk_part part = {
            .address = run->io.port, .size = run->io.size, .is_io = true, .is_write = is_write};
        memcpy(part.data, data + (size_t)i * part.size, part.size);
        fits = add_part(&vcpu->told, &part);
    }
    vcpu->answers = is_write || !fits ? 0 : run->io.count;
    return fits;
}

/* Whether this exit is the next turn of the REP that is running. */
static bool is_next_turn(const struct whvk_vcpu *vcpu, bool is_write)
{
    const struct whvk_case *now = &vcpu->now;
    uint64_t done = now->last.rcx - vcpu->exit.rcx;
    return vcpu->exit.rip == now->before.rip && done == is_write;
}

static void open_case(struct whvk_vcpu *vcpu)
{
    struct whvk_case *now = &vcpu->now;
    now->count = 0;
    now->is_wanted = now->is_judged = now->is_reconstructed = now->is_end_reconstructed =
        now->is_too_long = false;
    now->state = WHVK_UNRESOLVED;
    if (whvk_ioctl(vcpu->fd, KVM_GET_SREGS, &now->sregs) != 0)
        now->state = WHVK_UNEXPLAINED;
}

static void begin_turn(struct whvk_vcpu *vcpu)
{
    struct whvk_case *now = &vcpu->now;
    const struct kvm_run *run = vcpu->run;
    bool is_write = run->exit_reason == KVM_EXIT_MMIO ? run->mmio.is_write != 0
                                                      : run->io.direction == KVM_EXIT_IO_OUT;
    if (now->state != WHVK_CLOSED && !is_next_turn(vcpu, is_write))
        whvk_abandon(vcpu, &whvk_counts.interrupted);
    bool is_first = now->state == WHVK_CLOSED;
    if (is_first)
        open_case(vcpu);
    vcpu->told.count = 0;
    bool fits = add_exit(vcpu);
    if (!fits)
        now->state = WHVK_UNEXPLAINED;
    else if (is_first && !is_write && now->state == WHVK_UNRESOLVED)
        now->state = whvk_resolve_at(vcpu, &vcpu->exit) ? WHVK_OPEN : WHVK_UNEXPLAINED;
}

void whvk_on_exit(struct whvk_vcpu *vcpu, bool continues)
{
    vcpu->is_pending = false;
    if (vcpu->run->exit_reason != KVM_EXIT_MMIO && vcpu->run->exit_reason != KVM_EXIT_IO) {
        if (continues)
            whvk_abandon(vcpu, &whvk_counts.unexplained);
        return;
    }
    tally(&whvk_counts.exits);
    vcpu->is_pending = true;
    if (continues) {
        if (vcpu->now.state != WHVK_CLOSED && !add_exit(vcpu))
            vcpu->now.state = WHVK_UNEXPLAINED;
    } else if (whvk_ioctl(vcpu->fd, KVM_GET_REGS, &vcpu->exit) == 0) {
        begin_turn(vcpu);
    } else {
        whvk_abandon(vcpu, &whvk_counts.unexplained);
    }
}

void whvk_on_answer(struct whvk_vcpu *vcpu)
{
    struct whvk_case *now = &vcpu->now;
    if (now->state == WHVK_CLOSED || vcpu->answers == 0 || vcpu->answers > vcpu->told.count)
        return;
    struct whvk_part *part = &vcpu->told.part[vcpu->told.count - vcpu->answers];
    const uint8_t *data = part->is_io ? port_data(vcpu) : vcpu->run->mmio.data;
    for (unsigned i = 0; data && i < vcpu->answers; i++, part++)
        memcpy(part->data, data + (size_t)i * part->size, part->size);
    vcpu->answers = 0;
}

static uint64_t count_left(const struct whvk_insn *insn, uint64_t rcx)
{
    return insn->address_size == 8   ? rcx
           : insn->address_size == 4 ? rcx & UINT32_MAX
                                     : rcx & UINT16_MAX;
}

static void end_case(struct whvk_vcpu *vcpu, const struct kvm_regs *after)
{
    struct whvk_case *now = &vcpu->now;
    now->after = *after;
    now->after.rflags &= ~RF;
    if (now->is_too_long) {
        whvk_abandon(vcpu, &whvk_counts.too_long);
        return;
    }
    if (now->insn.is_vector && now->is_wanted)
        now->is_wanted = whvk_ioctl(vcpu->fd, KVM_GET_FPU, &now->fpu_after) == 0;
    tally(now->is_wanted ? &whvk_counts.kept : &whvk_counts.repeated);
    if (now->is_wanted)
        whvk_record(vcpu);
    now->state = WHVK_CLOSED;
}

/* KVM leaves RIP on a REP whose last turn is done until the next entry. */
static void end_turn(struct whvk_vcpu *vcpu, struct kvm_regs *after)
{
    struct whvk_case *now = &vcpu->now;
    const struct whvk_insn *insn = &now->insn;
    bool stands = after->rip == now->before.rip;
    if (insn->is_rep && stands && count_left(insn, after->rcx) > 0) {
        now->last = *after;
        return;
    }
    if (insn->is_rep && stands) {
        after->rip += insn->length;
        now->is_end_reconstructed = true;
    }
    if (after->rip == now->before.rip + insn->length)
        end_case(vcpu, after);
    else
        whvk_abandon(vcpu, &whvk_counts.unexplained);
}

/* After the first turn: whether the case will be kept. */
static void judge(struct whvk_vcpu *vcpu)
{
    vcpu->now.first = vcpu->told.part[0];
    vcpu->now.is_wanted = whvk_is_wanted(vcpu);
    vcpu->now.is_judged = true;
}

static void keep_parts(struct whvk_vcpu *vcpu)
{
    struct whvk_case *now = &vcpu->now;
    const struct whvk_parts *ordered = &vcpu->ordered;
    if (!now->is_wanted || now->is_too_long)
        return;
    now->is_too_long = ordered->count > WHVK_PARTS - now->count;
    if (now->is_too_long)
        return;
    memcpy(&now->part[now->count], ordered->part, ordered->count * sizeof(ordered->part[0]));
    now->count += ordered->count;
}

void whvk_on_complete(struct whvk_vcpu *vcpu)
{
    struct whvk_case *now = &vcpu->now;
    struct kvm_regs after;
    vcpu->is_pending = false;
    if (now->state == WHVK_CLOSED)
        return;
    bool fits = now->state != WHVK_UNEXPLAINED && whvk_ioctl(vcpu->fd, KVM_GET_REGS, &after) == 0;
    if (fits && now->state == WHVK_UNRESOLVED) {
        fits = whvk_resolve_store(vcpu, &after);
        now->state = fits ? WHVK_OPEN : WHVK_UNEXPLAINED;
    }
    uint64_t turns = fits && now->insn.is_rep
                         ? count_left(&now->insn, now->last.rcx) - count_left(&now->insn, after.rcx)
                         : 1;
    if (fits && turns >= 1 && turns <= 1024 && whvk_complete_parts(vcpu, (unsigned)turns)) {
        if (!now->is_judged)
            judge(vcpu);
        keep_parts(vcpu);
        end_turn(vcpu, &after);
    } else {
        whvk_abandon(vcpu, &whvk_counts.unexplained);
    }
}
