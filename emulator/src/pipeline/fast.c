/* SPDX-License-Identifier: MIT */
#include "fast.h"

#include "alu.h"
#include "attributes.h"
#include "checks.h"
#include "emulate.h"
#include "host.h"
#include "status.h"
#include "translate.h"

static inline uint64_t register_value(const struct whe_call *call, const struct whe_fast *fast)
{
    return (call->regs.value[fast->reg].Reg64 >> fast->shift) & fast->reg_mask;
}

static inline uint64_t second_operand(const struct whe_call *call, const struct whe_fast *fast)
{
    return fast->reg == WHE_REG_ZERO ? fast->immediate : register_value(call, fast);
}

/* What a register is after a part of it was written. SDM 1, 3.4.1.1. */
static inline uint64_t merged(const struct whe_call *call, const struct whe_fast *fast,
                              uint64_t value)
{
    value &= fast->reg_mask;
    if (fast->reg_mask > 0xffff)
        return value;
    return (call->regs.value[fast->reg].Reg64 & ~(fast->reg_mask << fast->shift)) |
           value << fast->shift;
}

static inline uint64_t next_rip(const struct whe_call *call, const struct whe_fast *fast)
{
    return (call->vp->Rip + fast->length) & fast->rip_mask;
}

static inline enum whe_result read(struct whe_call *call, const struct whe_fast *fast, uint64_t gpa,
                                   uint64_t *value)
{
    WHE_TRY(whe_host_read_unmasked(call, gpa, fast->size, value));
    *value &= fast->mask;
    return WHE_OK;
}

static inline WHV_REGISTER_VALUE slot(uint64_t value)
{
    return (WHV_REGISTER_VALUE){.Reg128 = {.Low64 = value}};
}

static inline enum whe_result set_rip(struct whe_call *call, const struct whe_fast *fast)
{
    const WHV_REGISTER_VALUE value = slot(next_rip(call, fast));
    return whe_host_set_names(call, fast->set_name, 1, &value);
}

static inline enum whe_result set_one(struct whe_call *call, const struct whe_fast *fast,
                                      uint64_t first)
{
    const WHV_REGISTER_VALUE values[2] = {slot(first), slot(next_rip(call, fast))};
    return whe_host_set_names(call, fast->set_name, 2, values);
}

static inline enum whe_result set_two(struct whe_call *call, const struct whe_fast *fast,
                                      uint64_t first, uint64_t second)
{
    const WHV_REGISTER_VALUE values[3] = {slot(first), slot(second), slot(next_rip(call, fast))};
    return whe_host_set_names(call, fast->set_name, 3, values);
}

/* MOV r, m; MOVZX: all of a register. */
static enum whe_result load_whole(struct whe_call *call, const struct whe_fast *fast, uint64_t gpa)
{
    uint64_t value;
    WHE_TRY(read(call, fast, gpa, &value));
    return set_one(call, fast, value);
}

/* Of 8 or 16 bits. */
static enum whe_result load(struct whe_call *call, const struct whe_fast *fast, uint64_t gpa)
{
    uint64_t value;
    WHE_TRY(read(call, fast, gpa, &value));
    return set_one(call, fast, merged(call, fast, value));
}

/* ADD r, m and its kin. */
static enum whe_result load_and_compute(struct whe_call *call, const struct whe_fast *fast,
                                        uint64_t gpa)
{
    uint64_t rflags = call->vp->Rflags;
    uint64_t value;
    WHE_TRY(read(call, fast, gpa, &value));
    value = fast->binary(register_value(call, fast), value, fast->size, &rflags);
    return set_two(call, fast, merged(call, fast, value), rflags);
}

/* CMP r, m: only the flags. */
static enum whe_result load_and_compare(struct whe_call *call, const struct whe_fast *fast,
                                        uint64_t gpa)
{
    uint64_t rflags = call->vp->Rflags;
    uint64_t value;
    WHE_TRY(read(call, fast, gpa, &value));
    fast->binary(register_value(call, fast), value, fast->size, &rflags);
    return set_one(call, fast, rflags);
}

/* MOV m, r; MOV m, imm. */
static enum whe_result store(struct whe_call *call, const struct whe_fast *fast, uint64_t gpa)
{
    WHE_TRY(whe_host_write(call, gpa, fast->size, second_operand(call, fast)));
    return set_rip(call, fast);
}

/* OR m, r; INC m; BTS m, imm; and NOT, which has no flags. */
static enum whe_result modify(struct whe_call *call, const struct whe_fast *fast, uint64_t gpa)
{
    uint64_t rflags = call->vp->Rflags;
    uint64_t value;
    WHE_TRY(read(call, fast, gpa, &value));
    value = fast->binary(value, second_operand(call, fast), fast->size, &rflags);
    WHE_TRY(whe_host_write(call, gpa, fast->size, value & fast->mask));
    return fast->set_count == 1 ? set_rip(call, fast) : set_one(call, fast, rflags);
}

/* CMP m, r; TEST; BT m, imm. */
static enum whe_result compare(struct whe_call *call, const struct whe_fast *fast, uint64_t gpa)
{
    uint64_t rflags = call->vp->Rflags;
    uint64_t value;
    WHE_TRY(read(call, fast, gpa, &value));
    fast->binary(value, second_operand(call, fast), fast->size, &rflags);
    return set_one(call, fast, rflags);
}

static enum whe_result exchange(struct whe_call *call, const struct whe_fast *fast, uint64_t gpa)
{
    uint64_t value;
    WHE_TRY(read(call, fast, gpa, &value));
    WHE_TRY(whe_host_write(call, gpa, fast->size, register_value(call, fast)));
    return set_one(call, fast, merged(call, fast, value));
}

static enum whe_result exchange_and_add(struct whe_call *call, const struct whe_fast *fast,
                                        uint64_t gpa)
{
    uint64_t rflags = call->vp->Rflags;
    uint64_t value;
    WHE_TRY(read(call, fast, gpa, &value));
    const uint64_t sum = whe_alu_add(value, register_value(call, fast), 0, fast->size, &rflags);
    WHE_TRY(whe_host_write(call, gpa, fast->size, sum));
    return set_two(call, fast, merged(call, fast, value), rflags);
}

/* A comparison that fails writes the old value back, to memory and to the accumulator. */
static enum whe_result compare_and_exchange(struct whe_call *call, const struct whe_fast *fast,
                                            uint64_t gpa)
{
    const uint64_t rax = call->regs.value[WHE_REG_RAX].Reg64;
    uint64_t rflags = call->vp->Rflags;
    uint64_t old;
    WHE_TRY(read(call, fast, gpa, &old));
    const bool is_equal = (rax & fast->mask) == old;
    whe_alu_sub(rax & fast->mask, old, 0, fast->size, &rflags);
    WHE_TRY(whe_host_write(call, gpa, fast->size, is_equal ? register_value(call, fast) : old));
    const WHV_REGISTER_VALUE values[3] = {slot(fast->size >= 4 ? old : (rax & ~fast->mask) | old),
                                          slot(rflags), slot(next_rip(call, fast))};
    if (!is_equal)
        return whe_host_set_names(call, fast->set_name, 3, values);
    /* Without the accumulator: names and values must both be aligned to 16 bytes. */
    _Alignas(16) const WHV_REGISTER_NAME names[2] = {WHvX64RegisterRflags, WHvX64RegisterRip};
    return whe_host_set_names(call, names, 2, values + 1);
}

/* The moves of 16 bytes. */
static enum whe_result load16(struct whe_call *call, const struct whe_fast *fast, uint64_t gpa)
{
    WHV_REGISTER_VALUE values[2];
    WHE_TRY(whe_host_read_unmasked(call, gpa, 8, &values[0].Reg128.Low64));
    WHE_TRY(whe_host_read_unmasked(call, gpa + 8, 8, &values[0].Reg128.High64));
    values[1] = slot(next_rip(call, fast));
    return whe_host_set_names(call, fast->set_name, 2, values);
}

static enum whe_result store16(struct whe_call *call, const struct whe_fast *fast, uint64_t gpa)
{
    const WHV_UINT128 value = call->regs.value[fast->reg].Reg128;
    WHE_TRY(whe_host_write(call, gpa, 8, value.Low64));
    WHE_TRY(whe_host_write(call, gpa + 8, 8, value.High64));
    return set_rip(call, fast);
}

/*
 * A call whose exit tells the operand's address, of one shape: nothing of struct whe_call is used
 * but what host.h needs, and the values of registers. What its class of checks forbids goes the way
 * of all faults.
 */
#define BY_EXIT(shape, allows)                                                                     \
    static HRESULT shape##_by_exit(                                                                \
        struct whe_emulator *emulator, void *context, const WHV_VP_EXIT_CONTEXT *vp,               \
        const WHV_MEMORY_ACCESS_CONTEXT *access, WHV_EMULATOR_STATUS *status,                      \
        const union whe_cache_entry *entry)                                                        \
    {                                                                                              \
        struct whe_call call;                                                                      \
        enum whe_result result = WHE_OK;                                                           \
        emulator->mark = WHE_HANDLE_BUSY;                                                          \
        call.callbacks = &emulator->callbacks;                                                     \
        call.context = context;                                                                    \
        call.vp = vp;                                                                              \
        if (entry->insn.values.count > 0)                                                          \
            result = whe_host_fill(&call, &entry->insn.values);                                    \
        if (result == WHE_OK && !allows(&call.regs, entry->insn.checks))                           \
            return whe_emulate_refused(emulator, &call, entry, status);                            \
        if (result == WHE_OK)                                                                      \
            result = shape(&call, &entry->fast, access->Gpa);                                      \
        emulator->mark = WHE_HANDLE_FREE;                                                          \
        *status = whe_status_from_result(result);                                                  \
        return S_OK;                                                                               \
    }

#define ALLOWED(regs, checks) true

/* By what is asked of CR0 and CR4: nothing, or what the row's class of checks says. */
#define SHAPES(shape, allows, allows_checked)                                                      \
    shape(load_whole, allows) shape(load, allows) shape(load_and_compute, allows)                  \
        shape(load_and_compare, allows) shape(store, allows) shape(modify, allows)                 \
            shape(compare, allows) shape(exchange, allows) shape(exchange_and_add, allows)         \
                shape(compare_and_exchange, allows) shape(load16, allows_checked)                  \
                    shape(store16, allows_checked)

SHAPES(BY_EXIT, ALLOWED, whe_checks_allow)

static const struct {
    whe_fast_fn *run;
    whe_fast_exit_fn *by_exit;
} shapes[] = {
#define SHAPE(shape, allows) {shape, shape##_by_exit},
    SHAPES(SHAPE, , )};

static whe_fast_exit_fn *by_exit_of(whe_fast_fn *run)
{
    unsigned i = 0;
    while (shapes[i].run != run)
        i++;
    return shapes[i].by_exit;
}

/* The instruction's shape: its function, and which registers Set is handed. */
static whe_fast_fn *shape_of(const struct whe_insn *insn)
{
    const struct whe_operand *first = &insn->operand[0];
    const struct whe_operand *second = &insn->operand[1];
    whe_binary_fn *binary = whe_binaries[insn->id];
    whe_kernel_fn *kernel = whe_kernels[insn->id];
    const bool writes_first = (insn->writes & 1) != 0;
    if (kernel == whe_kernel_xchg)
        return exchange;
    if (kernel == whe_kernel_xadd)
        return exchange_and_add;
    if (kernel == whe_kernel_cmpxchg)
        return compare_and_exchange;
    if (kernel == whe_kernel_copy128 && insn->checks == WHE_CHECKS_SSE)
        return first->kind == WHE_OPERAND_MEMORY ? store16 : load16;
    if (!binary || insn->checks != WHE_CHECKS_NONE || second->kind == WHE_OPERAND_SEGMENT)
        return NULL;
    if (first->kind == WHE_OPERAND_MEMORY) {
        if (!writes_first)
            return compare;
        return binary == whe_binary_copy ? store : modify;
    }
    if (binary == whe_binary_copy)
        return first->size >= 4 ? load_whole : load;
    if (second->size != first->size || !(insn->inputs & 1))
        return NULL;
    return writes_first ? load_and_compute : load_and_compare;
}

/* In the order of the values that the shapes hand over. */
static void name_registers(struct whe_fast *fast, const struct whe_insn *insn)
{
    unsigned count = 0;
    const bool loads = insn->operand[0].kind != WHE_OPERAND_MEMORY && (insn->writes & 1);
    if (fast->run == compare_and_exchange)
        fast->set_name[count++] = WHvX64RegisterRax;
    else if (loads || (insn->writes & 2))
        fast->set_name[count++] = whe_names[fast->reg];
    if (insn->writes_flags)
        fast->set_name[count++] = WHvX64RegisterRflags;
    fast->set_name[count++] = WHvX64RegisterRip;
    fast->set_count = (uint8_t)count;
}

void whe_fast_init(struct whe_fast *fast, const struct whe_mode *mode, const struct whe_insn *insn)
{
    *fast = (struct whe_fast){.key = WHE_FAST_NEVER};
    if (insn->memory_count == 0)
        whe_fast_plain_init(fast, mode, insn);
    if (insn->id == WHE_INSN_NONE || !insn->is_by_exit || mode->specials != 0)
        return;
    const struct whe_memory *memory = &insn->memory[0];
    const struct whe_place *place = &memory->place;
    const struct whe_operand *other = &insn->operand[1 - memory->operand];
    fast->run = shape_of(insn);
    if (!fast->run || (insn->values.count == 0 && !whe_set_is_empty(&insn->values.set)))
        return;
    const bool writes = (place->intent & WHE_INTENT_WRITE) != 0;
    const bool has_register = other->kind == WHE_OPERAND_GPR || other->kind == WHE_OPERAND_XMM;
    fast->by_exit = by_exit_of(fast->run);
    fast->binary = whe_binaries[insn->id];
    fast->size = (uint8_t)place->size; /* up to 16 */
    fast->mask = place->size <= 8 ? whe_mask_from_size(place->size) : 0;
    fast->length = insn->length;
    fast->intent = (uint8_t)place->intent;
    fast->rip_mask = whe_mode_linear_mask(mode);
    fast->reg = has_register ? other->reg : WHE_REG_ZERO;
    fast->reg_mask = has_register && other->size <= 8 ? other->mask : UINT64_MAX;
    fast->shift = other->shift;
    if (other->kind == WHE_OPERAND_IMMEDIATE)
        fast->immediate = other->immediate & fast->mask;
    name_registers(fast, insn);

    WHV_MEMORY_ACCESS_INFO exit = {.AccessType = writes, .GvaValid = 1};
    fast->key = whe_fast_key(exit);
    fast->first = place->size > 1;
    fast->misaligned = (uint8_t)(memory->alignment - 1u);
    fast->room = (uint16_t)(WHE_PAGE_SIZE - place->size - fast->first);
    fast->is_addressed = insn->reads.count > 0 && memory->address.base <= WHE_REG_R15 &&
                         memory->alignment == 1 && !mode->check_alignment &&
                         insn->checks == WHE_CHECKS_NONE;
}
