/* SPDX-License-Identifier: MIT */
/*
 * An operand across a page edge does what it does inside a page, byte for byte, where the two pages
 * have nothing to do with each other; and its accesses are those that the API's documentation asks
 * for: ascending, up to 8 bytes, split at the edge and nowhere else.
 *
 * Every encoding of the table, every place around the edge, each of its operands in turn.
 */
#include <string.h>

#include "expect.h"
#include "property.h"

#define EDGE           0xc000u
#define INSIDE         0xe100u /* aligned to 64 bytes, as are the others */
#define OTHER          0xa800u
#define CODE           0x1000u
#define FAR_AWAY       UINT64_C(0x9e3779b97f4a7c15)
#define ELEMENTS       3u
#define SIZE_MAX_TRIED 64u

struct byte {
    bool is_write;
    uint8_t value;
    uint64_t address;
};

struct bytes {
    size_t count;
    struct byte byte[2048];
};

static struct guest guest;
static struct outcome inside, across;
static struct bytes inside_bytes, across_bytes;
static unsigned done[SIZE_MAX_TRIED + 1]; /* how often an operand of a size did cross */

struct trial {
    const struct encoding *encoding;
    struct model model;
    uint8_t code[16];
    struct guest_exit exit;
    size_t accesses;
    struct model_access access[MODEL_ACCESSES];
    uint64_t rflags;
};

static void fail(const struct trial *trial, size_t moved, uint64_t linear, const char *what)
{
    char hex[64] = "";
    for (unsigned i = 0; i < trial->model.insn.length; i++)
        snprintf(hex + 3 * i, sizeof(hex) - 3 * i, " %02x", trial->code[i]);
    cr_assert_fail("%s, mode %d,%s, operand %zu of %u bytes at %#llx: %s",
                   ZydisMnemonicGetString(trial->model.insn.mnemonic), (int)trial->model.mode, hex,
                   moved, trial->access[moved].size, (unsigned long long)linear, what);
}

/* [rDI] or [DI] for ModRM; the rest is zeros and a small immediate. */
static bool decode(struct trial *trial, enum guest_mode mode)
{
    struct encoding_extras extras = {.tail = {3}};
    uint8_t bytes[ENCODING_BYTES] = {0};
    extras.modrm = encoding_code_of_mode(mode) == ENCODING_16 ? 0x05 : 0x07;
    encoding_write(trial->encoding, &extras, bytes);
    memcpy(trial->code, bytes, sizeof(trial->code));
    return model_decode(&trial->model, mode, bytes, 15) && encodings_know(&trial->model);
}

/* Whether the register that points at an operand is data as well: then its place matters. */
static bool points_with_data(const struct model *model, const struct model_access *access)
{
    for (unsigned i = 0; i < model->insn.operand_count; i++) {
        const ZydisDecodedOperand *operand = &model->operand[i];
        if (operand->type == ZYDIS_OPERAND_TYPE_REGISTER &&
            operand->visibility != ZYDIS_OPERAND_VISIBILITY_HIDDEN &&
            model_name(operand->reg.value) == model_name(access->operand->mem.base))
            return true;
    }
    return false;
}

static void set_registers(struct trial *trial)
{
    guest_set64(&guest, WHvX64RegisterRax, 0x0000000000030201);
    guest_set64(&guest, WHvX64RegisterRcx, model_repeats(&trial->model) ? ELEMENTS : 5);
    guest_set64(&guest, WHvX64RegisterRdx, 0x0000000000000007);
    guest_set64(&guest, WHvX64RegisterRbx, 0x1122334455660000);
    guest_set64(&guest, WHvX64RegisterRbp, 0x0000000000000009);
    guest_set64(&guest, WHvX64RegisterRsp, OTHER);
    guest_set64(&guest, WHvX64RegisterRsi, OTHER);
    guest_set64(&guest, WHvX64RegisterRdi, OTHER);
    for (unsigned i = 0; i < 16; i++)
        guest_reg(&guest, (WHV_REGISTER_NAME)(WHvX64RegisterXmm0 + i))->Reg128 =
            (WHV_UINT128){.Low64 = 0x0706050403020100 + i, .High64 = 0xfffefdfcfbfaf9f8};
    guest_set64(&guest, WHvX64RegisterRflags, trial->rflags);
}

/* Bytes that tell their distance from `at`; the first ones are a selector of the table below. */
static void put_pattern(uint64_t at)
{
    for (unsigned i = 0; i < 0x300; i++)
        guest.memory[at - 0xc0 + i] = (uint8_t)(i * 7 + 3);
    guest.memory[at] = 0x10;
    guest.memory[at + 1] = 0;
}

static void add_descriptor(void)
{
    static const uint8_t writable[8] = {0xff, 0xff, 0, 0, 0, 0x93, 0xcf, 0};
    WHV_REGISTER_VALUE gdtr = {.Table = {.Base = 0x6000, .Limit = 0xff}};
    *guest_reg(&guest, WHvX64RegisterGdtr) = gdtr;
    memcpy(guest.memory + 0x6010, writable, sizeof(writable));
}

static void start_registers(void)
{
    for (int name = WHvX64RegisterRax; name <= WHvX64RegisterR15; name++)
        guest_reg(&guest, (WHV_REGISTER_NAME)name);
    guest_reg(&guest, WHvX64RegisterFpControlStatus)->FpControlStatus =
        (WHV_X64_FP_CONTROL_STATUS_REGISTER){.FpControl = 0x37f};
    guest_reg(&guest, WHvRegisterPendingEvent);
    guest_reg(&guest, WHvRegisterPendingInterruption);
    guest_reg(&guest, WHvRegisterInterruptState);
    guest_reg(&guest, WHvX64RegisterPendingDebugException);
    guest_reg(&guest, WHvX64RegisterLdtr);
}

static void aim(struct trial *trial, size_t moved, uint64_t linear)
{
    const ZydisDecodedOperandMem *mem = &trial->access[moved].operand->mem;
    uint64_t difference = linear - trial->access[moved].linear;
    if (mem->base == ZYDIS_REGISTER_NONE) { /* an absolute address in the code */
        memcpy(trial->code + trial->model.insn.raw.disp.offset, &linear, 2);
        model_decode(&trial->model, trial->model.mode, trial->code, 15);
    } else {
        WHV_REGISTER_NAME name = (WHV_REGISTER_NAME)model_name(mem->base);
        guest_set64(&guest, name, guest_get64(&guest, name) + difference);
    }
    trial->accesses = model_accesses(&trial->model, &guest, 0, trial->access);
}

/* A log as single bytes; addresses of the operand that moved count from its place. */
static void flatten(const struct trial *trial, size_t moved, uint64_t linear,
                    const struct outcome *outcome, struct bytes *bytes)
{
    const uint64_t reach = 4 * trial->access[moved].size;
    bytes->count = 0;
    for (size_t i = 0; i < outcome->event_count; i++) {
        const struct guest_event *event = &outcome->event[i];
        for (unsigned j = 0; event->kind == GUEST_MEMORY_ACCESS && j < event->size; j++) {
            cr_assert_lt(bytes->count, sizeof(bytes->byte) / sizeof(bytes->byte[0]));
            struct byte *byte = &bytes->byte[bytes->count++];
            bool is_near = event->home + j - linear + reach < 2 * reach;
            *byte = (struct byte){.is_write = event->is_write,
                                  .value = (uint8_t)(event->data >> 8 * j),
                                  .address = event->home + j - (is_near ? linear : 0)};
        }
    }
}

static bool equal_bytes(void)
{
    if (inside_bytes.count != across_bytes.count)
        return false;
    for (size_t i = 0; i < inside_bytes.count; i++) {
        const struct byte *a = &inside_bytes.byte[i];
        const struct byte *b = &across_bytes.byte[i];
        if (a->is_write != b->is_write || a->value != b->value || a->address != b->address)
            return false;
    }
    return true;
}

/* Equal, or a pointer that has gone the same way. */
static bool equal_registers(const struct trial *trial, size_t moved, uint64_t distance)
{
    int pointer = model_name(trial->access[moved].operand->mem.base);
    for (size_t i = 0; i < inside.reg_count; i++) {
        WHV_UINT128 a = inside.reg[i].value.Reg128;
        WHV_UINT128 b = across.reg[i].value.Reg128;
        if ((int)inside.reg[i].name == pointer)
            b.Low64 -= distance;
        if (a.Low64 != b.Low64 || a.High64 != b.High64)
            return false;
    }
    return true;
}

static void run_at(struct trial *trial, size_t moved, uint64_t linear, WHV_EMULATOR_HANDLE emulator,
                   struct outcome *outcome)
{
    put_pattern(linear);
    aim(trial, moved, linear);
    trial->exit = guest_memory_exit(&guest, trial->model.mode, WHvMemoryAccessExecute, CODE,
                                    trial->code, sizeof(trial->code));
    trial->exit.memory.Gpa = guest_spread_address(&guest, CODE);
    outcome_run(&guest, emulator, &trial->exit, outcome);
    if (outcome->broken)
        fail(trial, moved, linear, outcome->broken);
    if (outcome_vector(outcome) < 0 && outcome->result.status == 1 &&
        !expect_accesses(&trial->model, &guest, outcome, CODE,
                         expect_elements(&trial->model, &guest, outcome)))
        fail(trial, moved, linear, "other accesses than the documentation has");
}

/* #GP for a misaligned operand is no access at all. */
static bool is_alignment_fault(uint64_t linear, unsigned size)
{
    return size >= 16 && linear % size != 0 && outcome_vector(&across) == 13 &&
           outcome_count(&across, GUEST_MEMORY_ACCESS) == 0;
}

static void try_operand(struct trial *trial, size_t moved, WHV_EMULATOR_HANDLE emulator)
{
    const unsigned size = trial->access[moved].size;
    run_at(trial, moved, INSIDE, emulator, &inside);
    if (inside.result.status != 1)
        return;
    flatten(trial, moved, INSIDE, &inside, &inside_bytes);
    for (uint64_t linear = EDGE - size - 1; linear <= EDGE + 1; linear++) {
        run_at(trial, moved, linear, emulator, &across);
        if (across.result.status == 1 && is_alignment_fault(linear, size))
            continue;
        flatten(trial, moved, linear, &across, &across_bytes);
        if (across.result.status != 1 || !equal_bytes())
            fail(trial, moved, linear, "other bytes than inside a page");
        if (!equal_registers(trial, moved, linear - INSIDE))
            fail(trial, moved, linear, "other registers than inside a page");
        if (linear < EDGE && linear + size > EDGE && size <= SIZE_MAX_TRIED)
            done[size]++;
    }
    aim(trial, moved, OTHER);
}

static void try_encoding(const struct encoding *encoding, enum guest_mode mode, uint64_t rflags,
                         WHV_EMULATOR_HANDLE emulator)
{
    struct trial trial = {.encoding = encoding, .rflags = rflags};
    if (!decode(&trial, mode))
        return;
    set_registers(&trial);
    trial.accesses = model_accesses(&trial.model, &guest, 0, trial.access);
    for (size_t i = 0; i < trial.accesses; i++) /* somewhere, one after the other */
        aim(&trial, i, OTHER + 0x100 * i);
    for (size_t i = 0; i < trial.accesses; i++) {
        if (!points_with_data(&trial.model, &trial.access[i]))
            try_operand(&trial, i, emulator);
    }
}

static void try_all(enum guest_mode mode)
{
    const struct encodings *all = encodings_all();
    WHV_EMULATOR_HANDLE emulator = guest_create_emulator();
    guest_init(&guest, mode);
    guest_spread(&guest, FAR_AWAY);
    start_registers();
    add_descriptor();
    for (size_t i = 0; i < all->count; i++) {
        if (all->encoding[i].code != encoding_code_of_mode(mode))
            continue;
        try_encoding(&all->encoding[i], mode, 0x2, emulator);
        try_encoding(&all->encoding[i], mode, 0x402, emulator);
    }
    WHvEmulatorDestroyEmulator(emulator);
}

Test(pages, an_edge_changes_nothing_in_64_bit_code)
{
    static const uint8_t sizes[] = {1, 2, 4, 8, 16, 64};
    try_all(GUEST_LONG64);
    cr_expect_eq(done[1], 0);
    for (size_t i = 1; i < sizeof(sizes); i++)
        cr_expect_gt(done[sizes[i]], 0u, "no operand of %u bytes crossed", sizes[i]);
}

Test(pages, an_edge_changes_nothing_in_32_bit_code)
{
    try_all(GUEST_PROT32);
    cr_expect_gt(done[2], 0u);
    cr_expect_gt(done[4], 0u);
}

Test(pages, an_edge_changes_nothing_in_16_bit_code)
{
    try_all(GUEST_REAL16);
    cr_expect_gt(done[2], 0u);
    cr_expect_gt(done[4], 0u);
}
