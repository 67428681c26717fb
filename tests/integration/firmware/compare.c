/* SPDX-License-Identifier: MIT */
#include "compare.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include <Zydis/Zydis.h>

#include "paging.h"

#define TOLD    40u /* differences */
#define LONGEST 15
#define ALL     UINT64_MAX
#define MEMORY  ((WHV_REGISTER_NAME)0x7fffffff)

/* Where Unicorn 2.0.1 is wrong. */
static const struct {
    ZydisMnemonic mnemonic;
    ZydisInstructionAttributes prefixes; /* that it needs */
    WHV_REGISTER_NAME name;
    uint64_t bits;
    const char *reason;
} known_errors[] = {
    {ZYDIS_MNEMONIC_NEG, ZYDIS_ATTRIB_HAS_LOCK, WHvX64RegisterRflags, 0x80,
     "LOCK NEG of a byte takes SF from a larger operand"},
    {ZYDIS_MNEMONIC_RDMSR, 0, WHvX64RegisterRax, 0xfee00900,
     "it has no local APIC: the MSR of its base is 0"},
#define FAR_BRANCH(mnemonic)                                                                       \
    {ZYDIS_MNEMONIC_##mnemonic, 0, WHvX64RegisterCs, 1ULL << 32,                                   \
     "a far branch does not mark the descriptor as accessed"},                                     \
    {                                                                                              \
        ZYDIS_MNEMONIC_##mnemonic, 0, MEMORY, 1, "likewise"                                        \
    }
    FAR_BRANCH(JMP),
    FAR_BRANCH(CALL),
    FAR_BRANCH(RET),
    FAR_BRANCH(IRET),
    FAR_BRANCH(IRETD),
    FAR_BRANCH(IRETQ),
#undef FAR_BRANCH
};

/* One instruction, done twice. */
struct twice {
    struct machine *machine;
    struct compare *found;
    ZydisDecodedInstruction instruction;
    char text[96];
    uint64_t linear;
    uint64_t undefined; /* flags */
    struct registers emulated;
    struct registers reference;
    struct cpu_store *stores; /* the reference's */
    size_t store_count;
    bool is_different;
    bool is_known;
};

static void decode(struct twice *twice, const struct registers *registers)
{
    const bool is_64 = registers_is_64(registers);
    const bool is_32 = registers_segment(registers, WHvX64RegisterCs)->Default;
    uint8_t bytes[LONGEST] = {0};
    ZydisDecodedOperand operands[ZYDIS_MAX_OPERAND_COUNT];
    ZydisDecoder decoder;
    ZydisFormatter formatter;
    twice->linear = registers_code(registers);
    for (unsigned i = 0; i < LONGEST; i++)
        paging_read(&twice->machine->memory, registers, twice->linear + i, &bytes[i], 1);
    ZydisDecoderInit(&decoder,
                     is_64                               ? ZYDIS_MACHINE_MODE_LONG_64
                     : is_32                             ? ZYDIS_MACHINE_MODE_LEGACY_32
                     : registers_is_protected(registers) ? ZYDIS_MACHINE_MODE_LEGACY_16
                                                         : ZYDIS_MACHINE_MODE_REAL_16,
                     is_64   ? ZYDIS_STACK_WIDTH_64
                     : is_32 ? ZYDIS_STACK_WIDTH_32
                             : ZYDIS_STACK_WIDTH_16);
    twice->instruction = (ZydisDecodedInstruction){0};
    snprintf(twice->text, sizeof(twice->text), "?");
    twice->undefined = 0;
    if (!ZYAN_SUCCESS(
            ZydisDecoderDecodeFull(&decoder, bytes, LONGEST, &twice->instruction, operands)))
        return;
    if (twice->instruction.cpu_flags)
        twice->undefined = twice->instruction.cpu_flags->undefined;
    ZydisFormatterInit(&formatter, ZYDIS_FORMATTER_STYLE_INTEL);
    ZydisFormatterFormatInstruction(&formatter, &twice->instruction, operands,
                                    twice->instruction.operand_count_visible, twice->text,
                                    sizeof(twice->text), twice->linear, NULL);
}

static bool is_known(const struct twice *twice, WHV_REGISTER_NAME name, uint64_t bits)
{
    for (unsigned i = 0; i < sizeof(known_errors) / sizeof(known_errors[0]); i++)
        if (known_errors[i].mnemonic == twice->instruction.mnemonic &&
            !(known_errors[i].prefixes & ~twice->instruction.attributes) &&
            known_errors[i].name == name && !(bits & ~known_errors[i].bits))
            return true;
    return false;
}

static void tell(struct twice *twice, const char *what, uint64_t emulated, uint64_t reference)
{
    if (twice->found->different < TOLD)
        printf("%#" PRIx64 " %s: %s is %#" PRIx64 ", by Unicorn %#" PRIx64 "\n", twice->linear,
               twice->text, what, emulated, reference);
    twice->is_different = true;
}

static void compare_bits(struct twice *twice, const char *what, WHV_REGISTER_NAME name,
                         uint64_t emulated, uint64_t reference, uint64_t mask)
{
    const uint64_t bits = (emulated ^ reference) & mask;
    if (!bits)
        return;
    if (is_known(twice, name, bits))
        twice->is_known = true;
    else
        tell(twice, what, emulated, reference);
}

/* With how many bits there are of each. */
static const struct {
    const char *text;
    WHV_REGISTER_NAME name;
    uint64_t mask;
} plain[] = {
    {"rax", WHvX64RegisterRax, ALL},
    {"rcx", WHvX64RegisterRcx, ALL},
    {"rdx", WHvX64RegisterRdx, ALL},
    {"rbx", WHvX64RegisterRbx, ALL},
    {"rsp", WHvX64RegisterRsp, ALL},
    {"rbp", WHvX64RegisterRbp, ALL},
    {"rsi", WHvX64RegisterRsi, ALL},
    {"rdi", WHvX64RegisterRdi, ALL},
    {"r8", WHvX64RegisterR8, ALL},
    {"r9", WHvX64RegisterR9, ALL},
    {"r10", WHvX64RegisterR10, ALL},
    {"r11", WHvX64RegisterR11, ALL},
    {"r12", WHvX64RegisterR12, ALL},
    {"r13", WHvX64RegisterR13, ALL},
    {"r14", WHvX64RegisterR14, ALL},
    {"r15", WHvX64RegisterR15, ALL},
    {"rip", WHvX64RegisterRip, ALL},
    {"cr0", WHvX64RegisterCr0, ALL},
    {"cr2", WHvX64RegisterCr2, ALL},
    {"cr3", WHvX64RegisterCr3, ALL},
    {"cr4", WHvX64RegisterCr4, ALL},
    {"efer", WHvX64RegisterEfer, ALL},
    {"dr0", WHvX64RegisterDr0, ALL},
    {"dr1", WHvX64RegisterDr1, ALL},
    {"dr2", WHvX64RegisterDr2, ALL},
    {"dr3", WHvX64RegisterDr3, ALL},
    {"dr6", WHvX64RegisterDr6, ALL},
    {"dr7", WHvX64RegisterDr7, ALL},
    {"shadow", WHvRegisterInterruptState, 1},
};

static const struct {
    const char *text;
    WHV_REGISTER_NAME name;
} segments[] = {{"es", WHvX64RegisterEs},     {"cs", WHvX64RegisterCs}, {"ss", WHvX64RegisterSs},
                {"ds", WHvX64RegisterDs},     {"fs", WHvX64RegisterFs}, {"gs", WHvX64RegisterGs},
                {"ldtr", WHvX64RegisterLdtr}, {"tr", WHvX64RegisterTr}};

static void compare_segments(struct twice *twice)
{
    for (unsigned i = 0; i < sizeof(segments) / sizeof(segments[0]); i++) {
        const WHV_X64_SEGMENT_REGISTER *a = registers_segment(&twice->emulated, segments[i].name);
        const WHV_X64_SEGMENT_REGISTER *b = registers_segment(&twice->reference, segments[i].name);
        const uint64_t one = (uint64_t)a->Selector << 48 | (uint64_t)a->Attributes << 32 | a->Limit;
        const uint64_t other =
            (uint64_t)b->Selector << 48 | (uint64_t)b->Attributes << 32 | b->Limit;
        compare_bits(twice, segments[i].text, segments[i].name, one, other, ALL);
        compare_bits(twice, segments[i].text, segments[i].name, a->Base, b->Base, ALL);
    }
    for (unsigned i = 0; i < 2; i++) {
        const unsigned name = i ? WHvX64RegisterGdtr : WHvX64RegisterIdtr;
        const WHV_X64_TABLE_REGISTER *a = &twice->emulated.general[name].Table;
        const WHV_X64_TABLE_REGISTER *b = &twice->reference.general[name].Table;
        compare_bits(twice, i ? "gdtr" : "idtr", (WHV_REGISTER_NAME)name, a->Base, b->Base, ALL);
        compare_bits(twice, i ? "gdtr" : "idtr", (WHV_REGISTER_NAME)name, a->Limit, b->Limit, ALL);
    }
}

static void compare_registers(struct twice *twice)
{
    for (unsigned i = 0; i < sizeof(plain) / sizeof(plain[0]); i++)
        compare_bits(twice, plain[i].text, plain[i].name,
                     registers_get(&twice->emulated, plain[i].name),
                     registers_get(&twice->reference, plain[i].name), plain[i].mask);
    compare_bits(twice, "rflags", WHvX64RegisterRflags,
                 registers_get(&twice->emulated, WHvX64RegisterRflags),
                 registers_get(&twice->reference, WHvX64RegisterRflags),
                 ~(twice->undefined | RFLAGS_RF));
    compare_segments(twice);
    for (unsigned i = 0; i < REGISTERS_VECTOR; i++) {
        uint64_t a[2];
        uint64_t b[2];
        memcpy(a, &twice->emulated.vector[i], sizeof(a));
        memcpy(b, &twice->reference.vector[i], sizeof(b));
        const bool is_x87 = i >= 0x10;
        const WHV_REGISTER_NAME name = (WHV_REGISTER_NAME)(WHvX64RegisterXmm0 + i);
        compare_bits(twice, is_x87 ? "x87, mxcsr" : "xmm", name, a[0], b[0],
                     i < 0x18    ? ALL
                     : i == 0x18 ? 0xffffffffff
                                 : 0);
        compare_bits(twice, is_x87 ? "x87, mxcsr" : "xmm", name, a[1], b[1],
                     i < 0x10    ? ALL
                     : i < 0x18  ? 0xffff
                     : i == 0x18 ? 0
                                 : 0xffffffff);
    }
}

/* @param size up to 8. */
static void compare_bytes(struct twice *twice, uint64_t gpa, unsigned size,
                          const uint8_t *reference)
{
    uint64_t emulated = 0;
    uint64_t expected = 0;
    char what[32];
    memcpy(&emulated, memory_at(&twice->machine->memory, gpa, size), size);
    memcpy(&expected, reference, size);
    snprintf(what, sizeof(what), "memory at %#" PRIx64, gpa);
    compare_bits(twice, what, MEMORY, emulated, expected, ALL);
}

/* The reference's writes are in memory; the emulator's are known. Leaves memory as the emulator. */
static void compare_memory(struct twice *twice)
{
    struct memory *memory = &twice->machine->memory;
    uint8_t *reference = malloc(memory->change_count * 8 + twice->store_count * 16 + 1);
    uint8_t *next = reference;
    if (!reference)
        abort();
    for (size_t i = 0; i < memory->change_count; next += 8, i++)
        memcpy(next, memory->ram + memory->changes[i].gpa, memory->changes[i].size);
    for (size_t i = 0; i < twice->store_count; next += 16, i++)
        memcpy(next, memory_at(memory, twice->stores[i].gpa, twice->stores[i].size),
               twice->stores[i].size);
    for (size_t i = twice->store_count; i > 0; i--) {
        const struct cpu_store *store = &twice->stores[i - 1];
        for (unsigned j = 0; j < store->size; j++)
            memory_store(memory, store->gpa + j, &store->before[j], 1);
    }
    memory_redo(memory);
    next = reference;
    for (size_t i = 0; i < memory->change_count; next += 8, i++)
        compare_bytes(twice, memory->changes[i].gpa, memory->changes[i].size, next);
    for (size_t i = 0; i < twice->store_count; next += 16, i++)
        for (unsigned j = 0; j < twice->stores[i].size; j += 8)
            compare_bytes(twice, twice->stores[i].gpa + j,
                          twice->stores[i].size - j < 8 ? twice->stores[i].size - j : 8, next + j);
    free(reference);
}

/* An exception of one must be the other's. */
static void compare_ends(struct twice *twice, bool has_event, bool stepped,
                         const struct cpu_exit *exit)
{
    const WHV_X64_PENDING_EXCEPTION_EVENT *event =
        &registers_at(&twice->emulated, WHvRegisterPendingEvent)->ExceptionEvent;
    const uint64_t emulated = has_event ? (uint64_t)event->Vector << 32 | event->ErrorCode : ALL;
    const uint64_t reference =
        stepped ? ALL : (uint64_t)exit->vector << 32 | (exit->has_error ? exit->error_code : 0);
    if (!stepped && exit->stop != CPU_STOP_EXCEPTION)
        tell(twice, "stop", emulated, exit->stop);
    else if (emulated != reference)
        tell(twice, "exception", emulated, reference);
}

/* @return false if the machine cannot go on. */
static bool compare_one(struct twice *twice)
{
    struct machine *machine = twice->machine;
    struct registers *registers = cpu_registers(machine->cpu);
    const struct registers before = *registers;
    struct cpu_exit exit;
    const unsigned long devices = exits_device_accesses(machine->exits);
    memory_watch(&machine->memory);
    const enum exits_result result = exits_execute(machine->exits);
    machine->memory.is_watched = false;
    if (result == EXITS_REFUSED) {
        twice->found->refused++;
        return machine_stand_in(machine);
    }
    if (result == EXITS_FAILED)
        return false;
    if (exits_device_accesses(machine->exits) != devices) {
        twice->found->devices++;
        cpu_count(machine->cpu);
        return machine_settle(machine);
    }
    decode(twice, &before);
    twice->emulated = *registers;
    memory_undo(&machine->memory);
    *registers = before;
    twice->is_different = twice->is_known = false;
    const bool stepped = cpu_step(machine->cpu, twice->stores, &twice->store_count, &exit);
    twice->reference = *registers;
    compare_ends(twice, result == EXITS_EVENT, stepped, &exit);
    if (stepped && result == EXITS_DONE)
        compare_registers(twice);
    compare_memory(twice);
    *registers = twice->emulated;
    twice->found->different += twice->is_different;
    twice->found->known += twice->is_known;
    twice->found->same += !twice->is_different;
    return machine_settle(machine);
}

bool compare_run(struct machine *machine, uint64_t count, struct compare *found)
{
    struct twice *twice = calloc(1, sizeof(*twice));
    bool goes_on = twice != NULL;
    *found = (struct compare){0};
    if (!twice)
        return false;
    twice->machine = machine;
    twice->found = found;
    twice->stores = malloc(CPU_STORES * sizeof(*twice->stores));
    goes_on = twice->stores;
    for (uint64_t i = 0; i < count && goes_on; i++)
        goes_on = machine_look_up(machine) && compare_one(twice);
    free(twice->stores);
    free(twice);
    return goes_on && !found->different;
}

void compare_print(const struct compare *found, FILE *file)
{
    fprintf(file,
            "compared: %" PRIu64 " the same, %" PRIu64 " different, %" PRIu64
            " with known errors of Unicorn; not compared: %" PRIu64 " with devices, %" PRIu64
            " refused\n",
            found->same, found->different, found->known, found->devices, found->refused);
}
