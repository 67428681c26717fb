/* SPDX-License-Identifier: MIT */
/*
 * What holds for every call: which registers are asked for and written, which pages are translated
 * for what, which accesses there are, and in which order all that comes.
 */
#include "expect.h"
#include "property.h"

#define COUNT 150000u

#define RFLAGS_TF 0x100u
#define RFLAGS_RF 0x10000u
#define RFLAGS_AC 0x40000u
#define PAGE_MASK UINT64_C(0xfff)

static struct guest guest;
static struct random_case made;
static struct outcome call;

static bool has_fault(void)
{
    return outcome_vector(&call) >= 0;
}

static bool loads_stack_segment(void)
{
    return model_may_write(&made.model, WHvX64RegisterSs);
}

static bool is_simple_port_exit(void)
{
    return made.exit.is_io && !made.exit.io.AccessInfo.StringOp;
}

/* Registers that retirement may write, whatever the instruction is. */
static bool retires_with(WHV_REGISTER_NAME name)
{
    const uint64_t rflags = made.exit.vp.Rflags;
    switch ((uint32_t)name) {
    case WHvX64RegisterRip:
        return true;
    case WHvX64RegisterRflags:
        return (rflags & RFLAGS_RF) != 0;
    case (uint32_t)WHvX64RegisterPendingDebugException:
        return (rflags & RFLAGS_TF) != 0 && !loads_stack_segment();
    case (uint32_t)WHvRegisterInterruptState:
        return made.exit.vp.ExecutionState.InterruptShadow || loads_stack_segment();
    default:
        return false;
    }
}

/* Whether a floating-point exception is the fault. */
static bool is_computed(void)
{
    const unsigned vector = model_exception(&made.model, &guest);
    return vector != 0 && outcome_vector(&call) == (int)vector;
}

/* A fault writes PendingEvent and what finished elements of a string have changed; a floating-point
   exception the flags of MXCSR. */
static bool is_part_of_fault(WHV_REGISTER_NAME name)
{
    return name == WHvRegisterPendingEvent ||
           (is_computed() && name == WHvX64RegisterXmmControlStatus) ||
           (model_repeats(&made.model) && model_may_write(&made.model, name));
}

static const char *judge_written(void)
{
    for (size_t i = 0; i < call.set_count; i++) {
        WHV_REGISTER_NAME name = call.set_name[i];
        bool is_right = has_fault() ? is_part_of_fault(name)
                                    : model_may_write(&made.model, name) || retires_with(name);
        if (!is_right)
            return outcome_about(name, "a register is written that the instruction does not write");
    }
    if (has_fault())
        return NULL;
    for (size_t i = 0; i < call.reg_count; i++) {
        WHV_REGISTER_NAME name = call.reg[i].name;
        bool is_due =
            name == WHvX64RegisterRip || retires_with(name) || model_must_write(&made.model, name);
        bool is_unfinished = model_repeats(&made.model) && name == WHvX64RegisterRflags;
        if (is_due && !is_unfinished && !outcome_has_set(&call, name))
            return outcome_about(name, "a register is not written that the instruction writes");
    }
    return NULL;
}

static bool is_in_port_context(WHV_REGISTER_NAME name)
{
    bool is_string = made.exit.io.AccessInfo.StringOp;
    return made.exit.is_io &&
           (name == WHvX64RegisterRax || name == WHvX64RegisterRdx ||
            (is_string &&
             (name == WHvX64RegisterRcx || name == WHvX64RegisterRsi || name == WHvX64RegisterRdi ||
              name == WHvX64RegisterDs || name == WHvX64RegisterEs)));
}

/* What rare paths ask for: SDM 3A, 3.3.7.1 (LA57), 4.7 (I/D); 1, 19.5 (the TSS). */
static bool is_rarely_asked(WHV_REGISTER_NAME name)
{
    bool is_fault = has_fault() || call.result.status == 0x200;
    switch ((uint32_t)name) {
    case WHvX64RegisterCr4:
        return made.mode == GUEST_LONG64 || is_fault;
    case WHvX64RegisterTr:
        return made.model.insn.meta.category == ZYDIS_CATEGORY_IO ||
               made.model.insn.meta.category == ZYDIS_CATEGORY_IOSTRINGOP;
    case WHvX64RegisterEfer:
    case (uint32_t)WHvRegisterPendingEvent:
    case (uint32_t)WHvRegisterPendingInterruption:
        return is_fault;
    default:
        return false;
    }
}

/* @return whether a register is a part of the operand's address and nothing else. */
static bool is_address_alone(WHV_REGISTER_NAME name)
{
    const ZydisDecodedOperand *memory = made.access[0].operand;
    for (unsigned i = 0; i < made.model.insn.operand_count; i++) {
        const ZydisDecodedOperand *operand = &made.model.operand[i];
        if (operand->type == ZYDIS_OPERAND_TYPE_REGISTER &&
            model_name(operand->reg.value) == (int)name)
            return false;
    }
    return model_name(memory->mem.base) == (int)name ||
           model_name(memory->mem.index) == (int)name || made.access[0].segment == name;
}

static const char *judge_read(void)
{
    size_t rare = 0;
    for (size_t i = 0; i < call.get_count; i++) {
        WHV_REGISTER_NAME name = call.get_name[i];
        bool is_shadow = name == WHvRegisterInterruptState;
        bool is_usual = is_shadow
                            ? made.exit.vp.ExecutionState.InterruptShadow || loads_stack_segment()
                            : !is_simple_port_exit() && model_may_read(&made.model, name);
        if (cases_is_told(&made, &made.exit) && is_address_alone(name) &&
            !model_remembers(&made.model))
            return outcome_about(name, "a register is asked for though the exit tells the address");
        if (is_in_port_context(name))
            return outcome_about(name, "a register is asked for that the exit has told");
        if (name == WHvX64RegisterCs || name == WHvX64RegisterRip || name == WHvX64RegisterRflags)
            return outcome_about(name, "a register is asked for that every exit tells");
        if (!is_usual && !is_rarely_asked(name))
            return outcome_about(name,
                                 "a register is asked for that the instruction does not read");
        rare += !is_usual;
    }
    if (outcome_count(&call, GUEST_GET) > 1 && rare == 0)
        return "more than one Get without need";
    return NULL;
}

/* @return whether the exit itself tells the translation of a page for a purpose. */
static bool is_told_by_exit(uint64_t page, uint32_t intent)
{
    static const uint32_t allows[] = {1, 3, 4, 0}; /* what may be written may be read */
    const WHV_MEMORY_ACCESS_CONTEXT *memory = &made.exit.memory;
    return !made.exit.is_io && memory->AccessInfo.GvaValid && (memory->Gva & ~PAGE_MASK) == page &&
           ((memory->Gva ^ memory->Gpa) & PAGE_MASK) == 0 &&
           (intent & ~allows[memory->AccessInfo.AccessType]) == 0;
}

/* @return whether a page was translated for a purpose before an event of the log. */
static bool was_translated(size_t before, uint64_t page, uint32_t intent)
{
    if (is_told_by_exit(page, intent))
        return true;
    for (size_t i = 0; i < before; i++) {
        const struct guest_event *event = &call.event[i];
        if (event->kind == GUEST_TRANSLATE && event->address == page &&
            event->size == (intent | WHvTranslateGvaFlagSetPageTableBits))
            return true;
    }
    return false;
}

/* @return the purposes for which the operand at an address is translated; 0 if there is none. */
static uint32_t intent_at(uint64_t home, uint64_t elements)
{
    struct model_access access[MODEL_ACCESSES];
    for (uint64_t element = 0; element < elements; element++) {
        size_t count = model_accesses(&made.model, &guest, element, access);
        for (size_t i = 0; i < count; i++) {
            uint64_t distance = home - access[i].linear;
            if (made.mode != GUEST_LONG64)
                distance &= UINT32_MAX;
            if (distance < access[i].size)
                return (access[i].is_read ? 1u : 0u) | (access[i].is_written ? 2u : 0u);
        }
    }
    return 0;
}

static const char *judge_access(size_t index)
{
    const struct guest_event *event = &call.event[index];
    uint64_t page = event->home & ~PAGE_MASK;
    uint32_t direction = event->is_write ? 2 : 1;
    if (event->address != guest_spread_address(&guest, event->home))
        return "an access to another page than the one that was translated";
    if (outcome_is_fetch(&call, index, made.start))
        return was_translated(index, page, 4) ? NULL : "a fetch from a page not translated for it";
    if (expect_is_system(&call, index) &&
        was_translated(index, page, direction | WHvTranslateGvaFlagPrivilegeExempt))
        return NULL;
    /* What both MOVS operands share may be translated for either. */
    uint32_t intent = intent_at(event->home, 8);
    if (was_translated(index, page, intent | direction) || was_translated(index, page, direction))
        return NULL;
    return "an access to a page that was not translated for it";
}

static const char *judge_translations(void)
{
    bool is_accessed = false;
    for (size_t i = 0; i < call.event_count; i++) {
        const struct guest_event *event = &call.event[i];
        if (event->kind == GUEST_MEMORY_ACCESS) {
            const char *broken = judge_access(i);
            if (broken)
                return broken;
            is_accessed |= !outcome_is_fetch(&call, i, made.start) && !expect_is_system(&call, i);
        }
        if (event->kind == GUEST_IO)
            is_accessed = true;
        if (event->kind != GUEST_TRANSLATE)
            continue;
        if (was_translated(i, event->address,
                           event->size & ~(uint32_t)WHvTranslateGvaFlagSetPageTableBits))
            return "a page is translated again for what it was translated before";
        bool is_system = (event->size & WHvTranslateGvaFlagPrivilegeExempt) != 0;
        if (is_accessed && !is_system && !model_repeats(&made.model))
            return "a page is translated after a device may have been touched";
        if (!(event->size & WHvTranslateGvaFlagSetPageTableBits))
            return "a translation without setting the bits of the page tables";
    }
    return NULL;
}

/* A read-modify-write is translated for both at once: a fault must not cost a device a read. */
static const char *judge_intents(void)
{
    for (size_t i = 0; i < call.event_count; i++) {
        const struct guest_event *event = &call.event[i];
        if (event->kind != GUEST_MEMORY_ACCESS || outcome_is_fetch(&call, i, made.start) ||
            expect_is_system(&call, i) || model_is_string(&made.model))
            continue;
        uint32_t intent = intent_at(event->home, 1);
        if (intent == 3 && !was_translated(i, event->home & ~PAGE_MASK, 3))
            return "a page is not translated for all that will be done to it";
    }
    return NULL;
}

static const char *judge_accesses(void)
{
    uint64_t elements = expect_elements(&made.model, &guest, &call);
    if (is_simple_port_exit())
        elements = 0;
    if (has_fault() && !model_repeats(&made.model))
        return NULL; /* test_translations.c */
    if (!expect_accesses(&made.model, &guest, &call, made.start, elements))
        return "other accesses than the instruction makes";
    return NULL;
}

static bool can_have_other_faults(void)
{
    return made.model.insn.meta.category == ZYDIS_CATEGORY_IO ||
           made.model.insn.meta.category == ZYDIS_CATEGORY_IOSTRINGOP ||
           ZydisRegisterGetClass(made.model.operand[0].reg.value) == ZYDIS_REGCLASS_SEGMENT;
}

/* Whether a branch may fault for want of code at its target. SDM 2A, JMP and Jcc. */
static bool may_miss(void)
{
    uint64_t rip;
    if (!model_is_branch(&made.model))
        return false;
    if (!model_target(&made.model, made.exit.vp.Rip + made.size, &rip))
        return true;
    return made.mode == GUEST_LONG64 ? (rip + (UINT64_C(1) << 47)) >> 48 != 0
                                     : rip > made.exit.vp.Cs.Limit;
}

/* SDM 3A, 6.15, "Interrupt 17": CPL 3, CR0.AM and RFLAGS.AC. */
static bool checks_alignment(void)
{
    bool is_user = made.exit.vp.ExecutionState.Cpl == 3 || made.mode == GUEST_VM86;
    return is_user && made.exit.vp.ExecutionState.Cr0Am && (made.exit.vp.Rflags & RFLAGS_AC);
}

static bool has_page(const struct model_access *access, uint64_t page)
{
    uint64_t last = access->linear + access->size - 1;
    return (access->linear & ~PAGE_MASK) == page || (last & ~PAGE_MASK) == page;
}

/* @return all vectors that an access gives a reason for, as a mask. */
static uint32_t reasons(const struct model_access *access)
{
    /* MOVDIR64B asks alignment of its destination alone. */
    uint64_t alignment = access->size == 64 && access->is_written ? 64 : 16;
    unsigned vector = model_trouble(&made.model, &guest, access);
    uint32_t vectors = vector ? 1u << vector : 0;
    if (access->size >= 16 && access->linear % alignment != 0)
        vectors |= 1u << 13;
    if (has_page(access, CASES_MISSING) ||
        (access->is_written && has_page(access, CASES_READ_ONLY)))
        vectors |= 1u << 14;
    if (checks_alignment() && access->linear % model_word(&made.model, access->size) != 0)
        vectors |= 1u << 17;
    return vectors;
}

/* The reasons for which an access cannot succeed. MOVUPS and its kin need no alignment
   but where that is checked. */
static bool must_fault(const struct model_access *access)
{
    uint32_t vectors = reasons(access);
    return (vectors & ~(1u << 13 | 1u << 17)) != 0 || (access->size <= 8 && vectors != 0) ||
           (access->size == 16 && (vectors & 1u << 17)) ||
           model_trouble(&made.model, &guest, access) != 0;
}

/* What CR0 and CR4 forbid does nothing; nothing else is forbidden. */
static const char *judge_refusal(void)
{
    const unsigned refusal = model_refusal(&made.model, &guest);
    const int vector = outcome_vector(&call);
    if (refusal == 0)
        return (vector == 6 || vector == 7 || vector == 19) && !is_computed()
                   ? "an instruction that is refused without a reason"
                   : NULL;
    for (size_t i = 0; i < call.event_count; i++) {
        if (call.event[i].kind == GUEST_MEMORY_ACCESS && !outcome_is_fetch(&call, i, made.start))
            return "an access by an instruction that may not run";
    }
    return vector == (int)refusal ? NULL : "an instruction that may not run";
}

/* Nothing gets through that must not, and nothing is stopped without a reason. */
static const char *judge_faults(void)
{
    const uint32_t judged = 1u << 12 | 1u << 13 | 1u << 14 | 1u << 17;
    uint64_t elements = expect_elements(&made.model, &guest, &call);
    struct model_access access[MODEL_ACCESSES];
    uint32_t vectors = may_miss() || model_restores(&made.model) ? 1u << 13 : 0;
    if (is_simple_port_exit() || can_have_other_faults() || model_refusal(&made.model, &guest))
        return NULL;
    /* What the processor has computed and checked is not computed again. */
    if (cases_is_told(&made, &made.exit))
        return has_fault() && (1u << outcome_vector(&call) & judged & ~vectors)
                   ? "a fault of an address that the processor has checked"
                   : NULL;
    if (has_fault() && !model_repeats(&made.model))
        elements = 0;
    for (uint64_t element = 0; element < elements; element++) {
        size_t count = model_accesses(&made.model, &guest, element, access);
        for (size_t i = 0; i < count; i++) {
            if (must_fault(&access[i]))
                return "an access that must not succeed";
        }
    }
    size_t count = model_accesses(&made.model, &guest, elements, access);
    for (size_t i = 0; i < count; i++)
        vectors |= reasons(&access[i]);
    if (has_fault() && (1u << outcome_vector(&call) & judged & ~vectors))
        return "a fault without a reason";
    return NULL;
}

/* @return the port that an instruction names, in DX or as an immediate. */
static uint64_t named_port(void)
{
    for (unsigned i = 0; i < made.model.insn.operand_count; i++) {
        if (made.model.operand[i].type == ZYDIS_OPERAND_TYPE_IMMEDIATE && !is_simple_port_exit())
            return made.model.operand[i].imm.value.u;
    }
    return guest_get64(&guest, WHvX64RegisterRdx) & 0xffff;
}

/* OUT sends what RAX holds, IN changes as much of it as it has read. SDM 2A, "IN"; 2B, "OUT". */
static bool has_right_data(const struct guest_event *event)
{
    uint64_t mask = event->size == 4 ? UINT32_MAX : event->size == 2 ? 0xffff : 0xff;
    uint64_t before = guest_get64(&guest, WHvX64RegisterRax);
    uint64_t after = outcome_reg(&call, WHvX64RegisterRax)->Reg64;
    if (model_is_string(&made.model))
        return true;
    if (event->is_write)
        return event->data == (before & mask) && after == before;
    uint64_t kept = event->size == 4 ? 0 : before & ~mask;
    return after == (kept | (event->data & mask));
}

static const char *judge_ports(void)
{
    size_t count = outcome_count(&call, GUEST_IO);
    bool has_port = made.model.insn.meta.category == ZYDIS_CATEGORY_IO ||
                    made.model.insn.meta.category == ZYDIS_CATEGORY_IOSTRINGOP;
    uint64_t expected = 0;
    if (has_port && (!has_fault() || model_repeats(&made.model)))
        expected = expect_elements(&made.model, &guest, &call);
    if (count != expected)
        return "not one access to a port for each element";
    for (size_t i = 0; i < call.event_count; i++) {
        const struct guest_event *event = &call.event[i];
        if (event->kind != GUEST_IO)
            continue;
        if (event->address != named_port())
            return "another port than the instruction names";
        if (!has_right_data(event))
            return "other data than the port's or RAX's";
    }
    return NULL;
}

static const char *judge_rip(void)
{
    uint64_t before = made.exit.vp.Rip;
    uint64_t after = outcome_reg(&call, WHvX64RegisterRip)->Reg64;
    uint64_t target;
    uint64_t mask = made.mode == GUEST_LONG64 ? UINT64_MAX : UINT32_MAX;
    unsigned width = made.model.insn.address_width;
    uint64_t left = outcome_reg(&call, WHvX64RegisterRcx)->Reg64 &
                    (width == 64 ? UINT64_MAX : (UINT64_C(1) << width) - 1);
    bool is_stepped = (made.exit.vp.Rflags & RFLAGS_TF) && model_repeats(&made.model);
    if (has_fault())
        return after == before ? NULL : "a fault moves RIP";
    if (is_stepped && left > 0 && after == before)
        return NULL; /* a comparison may also have ended it */
    if (after == ((before + made.size) & mask))
        return NULL;
    return model_is_branch(&made.model) &&
                   (!model_target(&made.model, before + made.size, &target) || after == target)
               ? NULL
               : "RIP is not the next instruction's";
}

/* RF ends with the instruction, TF traps after it, the shadow ends and opens only with a load of
   SS. SDM 3B, 18.3.1; 3A, 6.8.3. A fault changes nothing of that. */
static const char *judge_retirement(void)
{
    const uint64_t before = made.exit.vp.Rflags;
    const uint64_t after = outcome_reg(&call, WHvX64RegisterRflags)->Reg64;
    const uint64_t state = guest_get64(&guest, WHvRegisterInterruptState);
    const bool is_traced = before & RFLAGS_TF;
    const bool is_over = outcome_reg(&call, WHvX64RegisterRip)->Reg64 != made.exit.vp.Rip ||
                         (model_is_branch(&made.model) && !has_fault()); /* it may go to itself */
    uint64_t shadow = loads_stack_segment() ? 1 : 0;
    uint64_t expected_state = state;
    if (!has_fault() && (made.exit.vp.ExecutionState.InterruptShadow || shadow))
        expected_state = (state & ~UINT64_C(1)) | shadow;
    if (outcome_reg(&call, WHvRegisterInterruptState)->Reg64 != expected_state)
        return "another interrupt state";
    uint64_t expected_trap = !has_fault() && is_traced && !shadow ? 0x10 : 0;
    if (outcome_reg(&call, WHvX64RegisterPendingDebugException)->Reg64 != expected_trap)
        return "a trap too many, or none";
    uint64_t expected_rf = is_over ? 0 : before & RFLAGS_RF;
    if ((after & RFLAGS_RF) != expected_rf)
        return "RF that stays, or that goes too early";
    if (((before ^ after) & ~(MODEL_STATUS_FLAGS | RFLAGS_RF | model_other_flags(&made.model))) !=
        0)
        return "RFLAGS that no instruction here changes";
    return NULL;
}

/* Nothing that is not the instruction's doing is emulated. */
static const char *judge_refused(void)
{
    return call.result.status == 2 && call.event_count == 0
               ? NULL
               : "an exit whose addresses disagree is not refused";
}

/* The guest has swapped its code. */
static const char *judge_swapped(void)
{
    const bool is_pending = call.result.status == 0x200;
    for (size_t i = 0; i < call.event_count; i++) {
        if (call.event[i].kind != GUEST_GET && call.event[i].kind != GUEST_SET &&
            !outcome_is_fetch(&call, i, made.start))
            return "something is touched for an instruction that cannot have caused the exit";
    }
    if (!is_pending && (call.result.status != 1 || !has_fault()))
        return "an instruction that cannot have caused the exit is not #GP";
    return NULL;
}

/* Of calls that succeed. */
static const char *(*const judges[])(void) = {judge_written, judge_rip,       judge_accesses,
                                              judge_refusal, judge_faults,    judge_intents,
                                              judge_ports,   judge_retirement};

static const char *judge_call(void)
{
    const char *broken = call.broken;
    if (!broken && cases_disagrees(&made))
        return judge_refused();
    if (!broken && cases_is_swapped(&made))
        return judge_swapped();
    if (!broken && call.result.status == 2 && !model_may_be_unknown(&made.model))
        broken = "a row of the table is not emulated";
    if (!broken)
        broken = judge_read();
    if (!broken)
        broken = judge_translations();
    for (size_t i = 0; i < sizeof(judges) / sizeof(judges[0]); i++) {
        if (!broken && call.result.status == 1)
            broken = judges[i]();
    }
    return broken;
}

Test(calls, keep_the_rules_that_hold_for_all)
{
    struct property property = property_begin("calls", COUNT);
    WHV_EMULATOR_HANDLE emulator = guest_create_emulator();
    cases_init(&guest, property.seed);
    guest_spread(&guest, UINT64_C(0x9e3779b97f4a7c15));
    for (uint64_t i = property.first; i < property.end; i++) {
        cases_make(&guest, property.seed, i, i, &made);
        cases_spread_exit(&guest, &made);
        made.exit.memory.InstructionByteCount = made.given;
        made.exit.io.InstructionByteCount = made.given;
        outcome_run(&guest, emulator, &made.exit, &call);
        property_count(&property, &call);
        const char *broken = judge_call();
        cases_clear(&guest, &made);
        if (broken)
            property_fail(&property, i, &made, broken);
    }
    WHvEmulatorDestroyEmulator(emulator);
    property_end(&property);
}
