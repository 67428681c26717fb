/* SPDX-License-Identifier: MIT */
#define _GNU_SOURCE
#include "oracle_host.h"

#include <asm/ldt.h>
#include <signal.h>
#include <string.h>
#include <sys/auxv.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>

#define PAGES             (ORACLE_ARENA_SIZE / ORACLE_PAGE)
#define CODE_SIZE         ORACLE_PAGE
#define SIGNAL_STACK      0x10000u
#define HWCAP2_FSGSBASE   2u
#define DESCRIPTORS       256u
#define CONTENTS_DATA     0
#define CONTENTS_DOWN     1
#define CONTENTS_CODE     2
#define CONTENTS_CONFORM  3
#define LDT_WRITE         0x11
#define SELECTOR_LDT_RPL3 7u

int oracle_signal;
uint16_t oracle_selectors[4];

void oracle_on_signal(int signal, siginfo_t *info, void *context);
void oracle_on_foreign_signal(int signal);

static const int signals[] = {SIGSEGV, SIGBUS, SIGILL, SIGFPE, SIGTRAP};
#define SIGNALS (sizeof(signals) / sizeof(signals[0]))
static struct sigaction previous[SIGNALS];

/* The arena as the instruction sees it, and the same memory where everything may be written. */
static uint8_t *backing;
static uint8_t *code_backing;
static uint8_t page_access[PAGES];

static struct user_desc descriptors[DESCRIPTORS];
static unsigned descriptor_count;
static unsigned next_descriptor;

/* A fault of the test program itself: the handler that was there before shall have it. */
void oracle_on_foreign_signal(int signal)
{
    for (size_t i = 0; i < SIGNALS; i++) {
        if (signals[i] == signal)
            sigaction(signal, &previous[i], NULL);
    }
}

static bool map_twice(int file, uint64_t address, size_t size, size_t offset, int protection,
                      uint8_t **writable)
{
    void *wanted = (void *)(uintptr_t)address;
    void *fixed =
        mmap(wanted, size, protection, MAP_SHARED | MAP_FIXED_NOREPLACE, file, (off_t)offset);
    if (fixed != wanted)
        return false;
    void *alias = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_SHARED, file, (off_t)offset);
    *writable = alias;
    return alias != MAP_FAILED;
}

static bool map_memory(void)
{
    int file = memfd_create("oracle", MFD_CLOEXEC);
    if (file < 0)
        return false;
    bool done = ftruncate(file, ORACLE_ARENA_SIZE + CODE_SIZE) == 0 &&
                map_twice(file, ORACLE_ARENA, ORACLE_ARENA_SIZE, 0, PROT_NONE, &backing) &&
                map_twice(file, ORACLE_CODE16, CODE_SIZE, ORACLE_ARENA_SIZE, PROT_READ | PROT_EXEC,
                          &code_backing);
    close(file);
    if (done)
        memset(code_backing, 0xcc, CODE_SIZE);
    return done;
}

static bool map_entry(void)
{
    void *wanted = oracle_entry();
    return mmap(wanted, sizeof(struct oracle_entry), PROT_READ | PROT_WRITE,
                MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED_NOREPLACE, -1, 0) == wanted;
}

static bool catch_signals(void)
{
    /* Never on the heap: who replaces this stack may unmap it. */
    void *memory =
        mmap(NULL, SIGNAL_STACK, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (memory == MAP_FAILED)
        return false;
    stack_t stack = {.ss_sp = memory, .ss_size = SIGNAL_STACK};
    /* No signal is masked while the handler runs, so that it can leave without SIGRETURN. */
    struct sigaction action = {.sa_sigaction = oracle_on_signal,
                               .sa_flags = SA_SIGINFO | SA_ONSTACK | SA_NODEFER};
    if (sigaltstack(&stack, NULL) != 0)
        return false;
    for (size_t i = 0; i < SIGNALS; i++) {
        if (sigaction(signals[i], &action, &previous[i]) != 0)
            return false;
    }
    return true;
}

bool oracle_host_init(void)
{
    return (getauxval(AT_HWCAP2) & HWCAP2_FSGSBASE) && map_memory() && map_entry() &&
           catch_signals();
}

static bool is_block_valid(const struct oracle_in *in, unsigned index)
{
    const struct oracle_block *block = &in->block[index];
    uint64_t first =
        index == 0 ? ORACLE_ARENA : in->block[index - 1].address + in->block[index - 1].size;
    return block->address % ORACLE_PAGE == 0 && block->size % ORACLE_PAGE == 0 &&
           block->address >= first && block->size <= ORACLE_ARENA_SIZE &&
           block->address + block->size <= ORACLE_ARENA + ORACLE_ARENA_SIZE;
}

static bool are_blocks_valid(const struct oracle_in *in)
{
    size_t total = 0;
    if (in->block_count > ORACLE_BLOCKS)
        return false;
    for (unsigned i = 0; i < in->block_count; i++) {
        if (!is_block_valid(in, i))
            return false;
        total += in->block[i].size;
    }
    return total <= ORACLE_MEMORY_MAX;
}

static bool protect_page(unsigned page, enum oracle_access access)
{
    static const int protections[] = {PROT_NONE, PROT_READ, PROT_READ | PROT_WRITE};
    uint8_t *address = (uint8_t *)(uintptr_t)(ORACLE_ARENA + (uint64_t)page * ORACLE_PAGE);
    if (page_access[page] == access)
        return true;
    if (mprotect(address, ORACLE_PAGE, protections[access]) != 0)
        return false;
    /* A page that was never touched is not present, whatever its permissions are to be. */
    if (access != ORACLE_NONE)
        (void)*(const volatile uint8_t *)address;
    page_access[page] = (uint8_t)access;
    return true;
}

static bool protect(const struct oracle_in *in)
{
    unsigned next = 0;
    for (unsigned i = 0; i < in->block_count; i++) {
        const struct oracle_block *block = &in->block[i];
        unsigned first = (unsigned)((block->address - ORACLE_ARENA) / ORACLE_PAGE);
        unsigned end = first + block->size / ORACLE_PAGE;
        for (; next < end; next++) {
            if (!protect_page(next, next < first ? ORACLE_NONE : block->access))
                return false;
        }
    }
    for (; next < PAGES; next++) {
        if (!protect_page(next, ORACLE_NONE))
            return false;
    }
    return true;
}

bool oracle_arena_set(const struct oracle_in *in)
{
    if (!are_blocks_valid(in) || !protect(in))
        return false;
    for (unsigned i = 0; i < in->block_count; i++) {
        const struct oracle_block *block = &in->block[i];
        uint8_t *target = backing + (block->address - ORACLE_ARENA);
        if (block->bytes)
            memcpy(target, block->bytes, block->size);
        else
            memset(target, 0, block->size);
    }
    return true;
}

size_t oracle_arena_get(const struct oracle_in *in, uint8_t *memory)
{
    size_t total = 0;
    for (unsigned i = 0; i < in->block_count; i++) {
        const struct oracle_block *block = &in->block[i];
        memcpy(memory + total, backing + (block->address - ORACLE_ARENA), block->size);
        total += block->size;
    }
    return total;
}

void oracle_code_set(const uint8_t *code, size_t size)
{
    uint8_t bytes[2 * (ORACLE_CODE_MAX + 1)];
    memset(bytes, 0xcc, sizeof(bytes));
    memcpy(bytes, code, size);
    memcpy(code_backing + ORACLE_IP16, bytes, sizeof(bytes));
}

bool oracle_code_has(uint64_t address)
{
    return address - ORACLE_CODE16 < CODE_SIZE;
}

static uint16_t selector_from_index(unsigned index)
{
    return (uint16_t)(index << 3 | SELECTOR_LDT_RPL3);
}

/* Descriptors stay where they are until the table is full: changing one costs a system call. */
static uint16_t selector_of_descriptor(struct user_desc *wanted)
{
    for (unsigned i = 0; i < descriptor_count; i++) {
        wanted->entry_number = i;
        if (memcmp(&descriptors[i], wanted, sizeof(*wanted)) == 0)
            return selector_from_index(i);
    }
    wanted->entry_number = next_descriptor;
    if (syscall(SYS_modify_ldt, LDT_WRITE, wanted, sizeof(*wanted)) != 0)
        return 0;
    descriptors[next_descriptor] = *wanted;
    next_descriptor = (next_descriptor + 1) % DESCRIPTORS;
    if (descriptor_count < DESCRIPTORS)
        descriptor_count++;
    return selector_from_index(wanted->entry_number);
}

uint16_t oracle_ldt_selector(const struct oracle_segment *segment)
{
    struct user_desc wanted;
    bool in_pages = segment->limit > 0xfffff;
    memset(&wanted, 0, sizeof(wanted)); /* padding is compared too */
    wanted.base_addr = (unsigned)segment->base;
    wanted.limit = (in_pages ? segment->limit >> 12 : segment->limit) & 0xfffff;
    wanted.limit_in_pages = in_pages;
    wanted.seg_32bit = !segment->is_small;
    wanted.seg_not_present = segment->not_present;
    wanted.useable = 1;
    if (segment->kind == ORACLE_CODE_DATA) {
        wanted.contents = segment->conforming ? CONTENTS_CONFORM : CONTENTS_CODE;
        wanted.read_exec_only = segment->execute_only;
    } else {
        wanted.contents = segment->expand_down ? CONTENTS_DOWN : CONTENTS_DATA;
        wanted.read_exec_only = segment->read_only;
    }
    return selector_of_descriptor(&wanted);
}

/* What the kernel makes of its own structure: always accessed, DPL 3. SDM 3A, 3.4.5. */
static uint64_t descriptor_from_user(const struct user_desc *user)
{
    unsigned type = 1u | (user->read_exec_only ? 0u : 2u) | (unsigned)user->contents << 2;
    unsigned access = type | 0x70u | (user->seg_not_present ? 0u : 0x80u);
    unsigned flags =
        (user->useable ? 1u : 0u) | (user->seg_32bit ? 4u : 0u) | (user->limit_in_pages ? 8u : 0u);
    return (user->limit & 0xffffu) | (uint64_t)(user->base_addr & 0xffffffu) << 16 |
           (uint64_t)access << 40 | (uint64_t)(user->limit >> 16 & 0xfu) << 48 |
           (uint64_t)flags << 52 | (uint64_t)(user->base_addr >> 24) << 56;
}

size_t oracle_ldt(uint64_t *table, size_t max)
{
    for (unsigned i = 0; i < descriptor_count && i < max; i++)
        table[i] = descriptor_from_user(&descriptors[i]);
    return descriptor_count;
}

uint16_t oracle_ldt_code16(void)
{
    static const struct oracle_segment code = {
        .kind = ORACLE_CODE_DATA, .base = ORACLE_CODE16, .limit = 0xffff, .is_small = true};
    return oracle_ldt_selector(&code);
}
