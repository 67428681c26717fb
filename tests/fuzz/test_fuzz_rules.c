/* SPDX-License-Identifier: MIT */
/*
 * Good calls break no rule, and each rule is broken by a call that differs from a good one in that.
 */
#include <criterion/criterion.h>
#include <stdlib.h>
#include <string.h>

#include "rules.h"

#define EVENTS    8u
#define REGISTERS 6u
#define DEVICE    UINT64_C(0xfee00000)
#define RIP       UINT64_C(0x1000)

/* A call that can be changed. */
struct scene {
    struct rules_exit exit;
    struct rules_call call;
    struct rules_event events[EVENTS];
    struct rules_register registers[EVENTS][REGISTERS];
};

static struct rules_event *add(struct scene *s, enum rules_kind kind)
{
    struct rules_event *event = &s->events[s->call.count];
    *event = (struct rules_event){
        .kind = kind, .registers = s->registers[s->call.count], .result = 0, .size = 4};
    s->call.count++;
    return event;
}

static void add_register(struct scene *s, WHV_REGISTER_NAME name, uint64_t value)
{
    struct rules_event *event = &s->events[s->call.count - 1];
    struct rules_register *to = &s->registers[s->call.count - 1][event->count++];
    memset(to, 0, sizeof(*to));
    to->name = name;
    to->value.Reg64 = value;
}

static struct rules_register *last(struct scene *s, uint32_t index)
{
    return &s->registers[s->call.count - 1][index];
}

static void add_translation(struct scene *s, uint64_t page, uint32_t flags, uint32_t result)
{
    struct rules_event *event = add(s, RULES_TRANSLATE);
    event->address = page;
    event->gpa = page;
    event->flags = flags | WHvTranslateGvaFlagSetPageTableBits;
    event->result = result;
}

static void begin(struct scene *s, WHV_MEMORY_ACCESS_TYPE access)
{
    memset(s, 0, sizeof(*s));
    s->call.events = s->events;
    s->call.status = 1;
    s->exit.vp.ExecutionState.Cr0Pe = 1;
    s->exit.vp.ExecutionState.EferLma = 1;
    s->exit.vp.Cs.Long = 1;
    s->exit.vp.Rip = RIP;
    s->exit.vp.Rflags = 2;
    s->exit.memory.InstructionByteCount = 2;
    s->exit.memory.AccessInfo.AccessType = (UINT32)access & 3u;
    s->exit.memory.AccessInfo.GvaValid = 1;
    s->exit.memory.Gva = DEVICE;
    s->exit.memory.Gpa = DEVICE;
}

/* ADD [RBX], EAX with RF set, in an interrupt shadow, after a read exit: translated for both. That
   it asks for XCR0 would be odd, and allowed. */
static void modify(struct scene *s)
{
    begin(s, WHvMemoryAccessRead);
    s->exit.vp.Rflags = 0x10002;
    s->exit.vp.ExecutionState.InterruptShadow = 1;
    add(s, RULES_GET);
    add_register(s, WHvX64RegisterRax, 1);
    add_register(s, WHvX64RegisterRbx, DEVICE);
    add_register(s, WHvRegisterInterruptState, 3);
    add_register(s, WHvX64RegisterXCr0, 7);
    add_translation(s, DEVICE, 3, 0);
    add(s, RULES_MEMORY)->address = DEVICE;
    struct rules_event *write = add(s, RULES_MEMORY);
    write->address = DEVICE;
    write->direction = 1;
    write->data = 0x11223344;
    add(s, RULES_SET);
    add_register(s, WHvX64RegisterRflags, 0x46);
    add_register(s, WHvRegisterInterruptState, 2);
    add_register(s, WHvX64RegisterRip, RIP + 2);
}

/* STI: interrupts may come behind the next instruction, the trap does at once. */
static void sti(struct scene *s)
{
    begin(s, WHvMemoryAccessExecute);
    add(s, RULES_GET);
    add_register(s, WHvX64RegisterCr4, 0);
    add_register(s, WHvRegisterInterruptState, 0);
    add(s, RULES_SET);
    add_register(s, WHvX64RegisterRflags, 0x202);
    add_register(s, WHvRegisterInterruptState, 1);
    add_register(s, WHvX64RegisterRip, RIP + 1);
}

/* MOV [RBX], EAX with a page that is not present. */
static void fault(struct scene *s)
{
    begin(s, WHvMemoryAccessRead);
    add(s, RULES_GET);
    add_register(s, WHvX64RegisterRbx, DEVICE);
    add_translation(s, DEVICE, 2, WHvTranslateGvaResultPageNotPresent);
    add(s, RULES_GET);
    add_register(s, WHvRegisterPendingInterruption, 0);
    add_register(s, WHvRegisterPendingEvent, 0);
    add(s, RULES_SET);
    add_register(s, WHvRegisterPendingEvent, 0);
    last(s, 0)->value.ExceptionEvent =
        (WHV_X64_PENDING_EXCEPTION_EVENT){.EventPending = 1,
                                          .DeliverErrorCode = 1,
                                          .Vector = 14,
                                          .ErrorCode = 2,
                                          .ExceptionParameter = DEVICE + 4};
}

/* XLAT, perhaps: a read exit whose own translation serves. */
static void load(struct scene *s)
{
    begin(s, WHvMemoryAccessRead);
    add(s, RULES_MEMORY)->address = DEVICE + 8;
    add(s, RULES_SET);
    add_register(s, WHvX64RegisterRip, RIP + 3);
    add_register(s, WHvX64RegisterRax, 5);
}

/* A load from a page that answers as a device does, and is not the exit's. */
static void device(struct scene *s)
{
    begin(s, WHvMemoryAccessExecute);
    s->exit.memory.Gva = s->exit.memory.Gpa = RIP;
    add_translation(s, DEVICE, 1, WHvTranslateGvaResultGpaUnmapped);
    add(s, RULES_MEMORY)->address = DEVICE + 8;
    add(s, RULES_SET);
    add_register(s, WHvX64RegisterRip, RIP + 3);
    add_register(s, WHvX64RegisterRax, 5);
}

/* IN AX, DX. */
static void in(struct scene *s)
{
    begin(s, WHvMemoryAccessRead);
    s->exit.is_io = true;
    s->exit.instruction_length = 2;
    s->exit.io.PortNumber = 0x1f0;
    s->exit.io.AccessInfo.AccessSize = 2;
    s->exit.io.Rax = 0x8877665544332211;
    struct rules_event *access = add(s, RULES_IO);
    access->address = 0x1f0;
    access->size = 2;
    access->data = 0xbeef;
    add(s, RULES_SET);
    add_register(s, WHvX64RegisterRax, 0x887766554433beef);
    add_register(s, WHvX64RegisterRip, RIP + 2);
}

static void out(struct scene *s)
{
    in(s);
    s->exit.io.AccessInfo.IsWrite = 1;
    s->events[0].direction = 1;
    s->events[0].data = 0x2211;
    s->registers[1][0] = s->registers[1][1];
    s->events[1].count = 1;
}

/* A REP that is stepped through, and has not come to its end. */
static void step(struct scene *s)
{
    begin(s, WHvMemoryAccessRead);
    s->exit.vp.Rflags = 0x102;
    add(s, RULES_MEMORY)->address = DEVICE + 8;
    add(s, RULES_SET);
    add_register(s, WHvX64RegisterRcx, 4);
    add_register(s, WHvX64RegisterPendingDebugException, 0x10);
    add_register(s, WHvX64RegisterRip, RIP);
}

/* An instruction that is not known, which had to be fetched. */
static void unknown(struct scene *s)
{
    begin(s, WHvMemoryAccessRead);
    s->call.status = 2;
    add_translation(s, RIP, 4, 0);
    add(s, RULES_MEMORY)->address = RIP;
}

static void nothing(struct scene *s)
{
    begin(s, WHvMemoryAccessRead);
    s->call.status = 2;
}

/* BREAK(rule, the good call, what breaks the rule). */
#define BREAKS(BREAK)                                                                              \
    BREAK(CONTEXT, modify, s->events[1].is_foreign = true)                                         \
    BREAK(UNBOUNDED, modify, s->call.is_unbounded = true)                                          \
    BREAK(AFTER_FAILURE, modify, s->events[2].hr = S_FALSE)                                        \
    BREAK(AFTER_SET, load, add(s, RULES_MEMORY)->address = DEVICE)                                 \
    BREAK(DIRECTION, modify, s->events[2].direction = 2)                                           \
    BREAK(DIRECTION, in, s->events[0].direction = 2)                                               \
    BREAK(MEMORY_SIZE, modify, s->events[2].size = 0)                                              \
    BREAK(MEMORY_SIZE, modify, s->events[2].size = 9)                                              \
    BREAK(MEMORY_PAGE, modify, s->events[2].address = DEVICE + 0xffd)                              \
    BREAK(MEMORY_EXCESS, modify, s->events[3].data = UINT64_C(0x100000000))                        \
    BREAK(MEMORY_UNTRANSLATED, modify, s->events[3].address = DEVICE + 0x1000)                     \
    BREAK(MEMORY_UNTRANSLATED, modify, s->events[1].flags ^= 2)                                    \
    BREAK(MEMORY_UNTRANSLATED, load, s->exit.memory.AccessInfo.GvaValid = 0)                       \
    BREAK(MEMORY_UNTRANSLATED, load, s->exit.memory.Gpa = DEVICE + 0x1000)                         \
    BREAK(PORT_SIZE, in, s->events[0].size = 3)                                                    \
    BREAK(PORT_EXCESS, out, s->events[0].data = 0x12211)                                           \
    BREAK(TRANSLATE_PAGE, modify, s->events[1].address = DEVICE + 1)                               \
    BREAK(TRANSLATE_FLAGS, modify, s->events[1].flags = 0x10)                                      \
    BREAK(TRANSLATE_FLAGS, modify, s->events[1].flags = 3)                                         \
    BREAK(TRANSLATE_FLAGS, modify, s->events[1].flags = 0x16)                                      \
    BREAK(TRANSLATE_FLAGS, modify, s->events[1].flags = 0x113)                                     \
    BREAK(TRANSLATE_AGAIN, unknown, add_translation(s, RIP, 4, 0))                                 \
    BREAK(BATCH_EMPTY, modify, s->events[0].count = 0)                                             \
    BREAK(BATCH_ALIGNMENT, modify, s->events[0].is_unaligned = true)                               \
    BREAK(BATCH_TWICE, modify, s->registers[0][1].name = WHvX64RegisterRax)                        \
    BREAK(GET_NAME, modify, s->registers[0][1].name = WHvRegisterInternalActivityState)            \
    BREAK(GET_GIVEN, modify, s->registers[0][1].name = WHvX64RegisterRip)                          \
    BREAK(GET_AGAIN, fault, s->registers[2][1].name = WHvX64RegisterRbx)                           \
    BREAK(SET_NAME, modify, last(s, 1)->name = WHvRegisterInternalActivityState)                   \
    BREAK(SET_EXCESS, modify, last(s, 2)->value.Reg128.High64 = 1)                                 \
    BREAK(RESULT, nothing, s->call.hr = E_FAIL)                                                    \
    BREAK(ARGUMENT, nothing, s->call.hr = E_INVALIDARG)                                            \
    BREAK(ARGUMENT, nothing, s->exit.memory.InstructionByteCount = 17)                             \
    BREAK(ARGUMENT, nothing, s->exit.memory.AccessInfo.AccessType = 3)                             \
    BREAK(ARGUMENT, in, s->exit.instruction_length = 0)                                            \
    BREAK(ARGUMENT_CALLBACK, unknown, s->call.hr = E_INVALIDARG; s->exit.is_preview = true;        \
          s->exit.instruction_length = 16)                                                         \
    BREAK(STATUS_BITS, nothing, s->call.status = 0)                                                \
    BREAK(STATUS_BITS, nothing, s->call.status = 3)                                                \
    BREAK(STATUS_BITS, nothing, s->call.status = 0x400)                                            \
    BREAK(STATUS_REFUSED, nothing, s->call.status = 0x100)                                         \
    BREAK(STATUS_REFUSED, nothing, s->exit.vp.ExecutionState.InterruptionPending = 1)              \
    BREAK(STATUS_REFUSED, unknown, s->exit.vp.ExecutionState.InterruptionPending = 1;              \
          s->call.status = 0x100)                                                                  \
    BREAK(STATUS_FAILED, unknown, s->events[1].hr = E_FAIL)                                        \
    BREAK(STATUS_FAILED, modify, s->events[4].hr = E_FAIL)                                         \
    BREAK(STATUS_UNALIGNED, nothing, s->call.status = 0x20)                                        \
    BREAK(STATUS_UNALIGNED, nothing, add_translation(s, RIP, 4, 0); s->events[0].gpa++)            \
    BREAK(STATUS_ANSWER, nothing, add_translation(s, RIP, 4, 8); s->call.status = 1)               \
    BREAK(STATUS_PENDING, nothing, s->call.status = 0x200)                                         \
    BREAK(STATUS_PENDING, fault, s->registers[2][1].value.ExceptionEvent.EventPending = 1)         \
    BREAK(STATUS_OTHER, nothing, s->call.status = 8)                                               \
    BREAK(SIDE_EFFECT, modify, s->call.status = 2; s->call.count--)                                \
    BREAK(AFTER_FAULT, fault, s->events[2].kind = RULES_IO; s->events[2].size = 1;                 \
          s->events[2].count = 0)                                                                  \
    BREAK(AFTER_FAULT, fault, last(s, 0)->name = WHvX64RegisterRip;                                \
          last(s, 0)->value.Reg128 = (WHV_UINT128){.Low64 = RIP + 2})                              \
    BREAK(SET_COUNT, modify, s->call.count--)                                                      \
    BREAK(SET_COUNT, unknown, s->call.status = 1)                                                  \
    BREAK(RIP_MISSING, modify, s->events[4].count--)                                               \
    BREAK(RIP_VALUE, modify, last(s, 2)->value.Reg64 = RIP + 16)                                   \
    BREAK(RIP_VALUE, modify, last(s, 2)->value.Reg64 = RIP)                                        \
    BREAK(RIP_VALUE, in, last(s, 1)->value.Reg64 = RIP + 3)                                        \
    BREAK(RIP_VALUE, load, s->exit.vp.Cs.Long = 0; s->exit.vp.Rip = 0xffffffff;                    \
          last(s, 0)->value.Reg64 = 0x100000001)                                                   \
    BREAK(RIP_VALUE, step, last(s, 0)->name = WHvX64RegisterRdi)                                   \
    BREAK(RFLAGS_BITS, modify, last(s, 0)->value.Reg64 ^= 0x20000)                                 \
    BREAK(RFLAGS_RESUME, modify, last(s, 0)->value.Reg64 |= 0x10000)                               \
    BREAK(TRAP, load, s->exit.vp.Rflags |= 0x100)                                                  \
    BREAK(TRAP, step, last(s, 1)->value.Reg64 = 0x11)                                              \
    BREAK(TRAP, load, add_register(s, WHvX64RegisterPendingDebugException, 0x10))                  \
    BREAK(SHADOW, modify, last(s, 1)->value.Reg64 = 0)                                             \
    BREAK(SHADOW, modify, last(s, 1)->value.Reg64 = 3)                                             \
    BREAK(SHADOW, sti, last(s, 0)->value.Reg64 = 0x2)                                              \
    BREAK(TRAP, sti, s->exit.vp.Rflags |= 0x100)                                                   \
    BREAK(SHADOW, load, s->exit.vp.ExecutionState.InterruptShadow = 1)                             \
    BREAK(FAULT_EVENT, fault, last(s, 0)->value.ExceptionEvent.EventPending = 0)                   \
    BREAK(FAULT_EVENT, fault, last(s, 0)->value.ExceptionEvent.EventType = 5)                      \
    BREAK(FAULT_EVENT, fault, last(s, 0)->value.ExceptionEvent.Vector = 1)                         \
    BREAK(FAULT_CODE, fault, last(s, 0)->value.ExceptionEvent.DeliverErrorCode = 0)                \
    BREAK(FAULT_CODE, fault, last(s, 0)->value.ExceptionEvent.ErrorCode = 3)                       \
    BREAK(FAULT_CODE, fault, s->exit.vp.ExecutionState.Cpl = 3)                                    \
    BREAK(FAULT_REASON, fault, last(s, 0)->value.ExceptionEvent.ExceptionParameter = RIP)          \
    BREAK(FAULT_REASON, fault, s->events[1].result = WHvTranslateGvaResultGpaUnmapped)             \
    BREAK(STATUS_REFUSED, unknown, s->exit.memory.Gpa++)                                           \
    BREAK(STATUS_ANSWER, nothing, add_translation(s, RIP, 4, 4); s->events[0].gpa = RULES_NO_PAGE; \
          s->call.status = 1)                                                                      \
    BREAK(STATUS_UNALIGNED, nothing, add_translation(s, RIP, 4, 4); s->events[0].gpa++)            \
    BREAK(MEMORY_UNTRANSLATED, device, s->events[0].gpa += 0x1000)                                 \
    BREAK(FAULT_UNASKED, fault, s->events[2].count--)                                              \
    BREAK(FAULT_REGISTERS, fault, add_register(s, WHvX64RegisterRip, RIP))                         \
    BREAK(FAULT_ORDER, fault, s->events[0].kind = RULES_MEMORY; s->events[0].address = DEVICE;     \
          s->events[0].count = 0)                                                                  \
    BREAK(FAULT_EFFECT, fault, s->events[0].kind = RULES_IO; s->events[0].count = 0)               \
    BREAK(PORT_EXIT, in, s->events[0].address = 0x1f1)                                             \
    BREAK(PORT_EXIT, in, s->events[0].direction = 1)                                               \
    BREAK(PORT_VALUE, in, last(s, 0)->value.Reg64 = 0xbeef)                                        \
    BREAK(PORT_VALUE, out, s->events[0].data = 0)

struct row {
    enum rules_rule rule;
    const char *name;
    void (*good)(struct scene *s);
};
#define ROW(rule, base, ...) {RULES_##rule, #base ": " #__VA_ARGS__, base},
static const struct row rows[] = {BREAKS(ROW)};
#define ROWS (sizeof(rows) / sizeof(rows[0]))

/* Applies what stands in row number `wanted`. */
static void break_rule(struct scene *s, size_t wanted)
{
    size_t number = 0;
#define APPLY(rule, base, ...)                                                                     \
    if (number++ == wanted) {                                                                      \
        __VA_ARGS__;                                                                               \
    }
    BREAKS(APPLY)
}

static enum rules_rule check(const struct scene *s)
{
    size_t at;
    return rules_check(&s->exit, &s->call, &at);
}

Test(fuzz_rules, good_calls_break_none)
{
    struct scene *s = malloc(sizeof(*s));
    cr_assert_not_null(s);
    for (size_t i = 0; i < ROWS; i++) {
        rows[i].good(s);
        enum rules_rule rule = check(s);
        cr_expect_eq(rule, RULES_HOLD, "%s: %s", rows[i].name, rules_text(rule));
    }
    free(s);
}

Test(fuzz_rules, each_is_noticed_when_it_is_broken)
{
    bool is_broken[RULES_COUNT] = {false};
    struct scene *s = malloc(sizeof(*s));
    cr_assert_not_null(s);
    for (size_t i = 0; i < ROWS; i++) {
        rows[i].good(s);
        break_rule(s, i);
        enum rules_rule rule = check(s);
        is_broken[rows[i].rule] = true;
        cr_expect_eq(rule, rows[i].rule, "%s: \"%s\", not \"%s\"", rows[i].name, rules_text(rule),
                     rules_text(rows[i].rule));
    }
    for (unsigned rule = RULES_HOLD + 1; rule < RULES_COUNT; rule++)
        cr_expect(is_broken[rule], "no row breaks \"%s\"", rules_text((enum rules_rule)rule));
    free(s);
}
