/* SPDX-License-Identifier: MIT */
#include <string.h>

#include "run.h"

/* Results that the manual gives; the differential test against the processor covers the rest. */
Test(mov, loads_and_extensions)
{
    static const struct {
        const char *name;
        uint8_t code[8];
        uint8_t size;
        uint64_t
            rax; /* after; before it is 0x8877665544332211, memory holds fe dc ba 98 76 54 32 10 */
    } rows[] = {
        {"mov al, [rbx]", {0x8a, 0x03}, 2, 0x88776655443322fe},
        {"mov ah, [rbx]", {0x8a, 0x23}, 2, 0x887766554433fe11},
        {"mov ax, [rbx]", {0x66, 0x8b, 0x03}, 3, 0x887766554433dcfe},
        {"mov eax, [rbx]", {0x8b, 0x03}, 2, 0x98badcfe},
        {"mov rax, [rbx]", {0x48, 0x8b, 0x03}, 3, 0x1032547698badcfe},
        {"movzx ax, byte [rbx]", {0x66, 0x0f, 0xb6, 0x03}, 4, 0x88776655443300fe},
        {"movzx eax, byte [rbx]", {0x0f, 0xb6, 0x03}, 3, 0xfe},
        {"movzx rax, word [rbx]", {0x48, 0x0f, 0xb7, 0x03}, 4, 0xdcfe},
        {"movsx ax, byte [rbx]", {0x66, 0x0f, 0xbe, 0x03}, 4, 0x887766554433fffe},
        {"movsx eax, word [rbx]", {0x0f, 0xbf, 0x03}, 3, 0xffffdcfe},
        {"movsx rax, byte [rbx]", {0x48, 0x0f, 0xbe, 0x03}, 4, 0xfffffffffffffffe},
        {"movsxd rax, dword [rbx]", {0x48, 0x63, 0x03}, 3, 0xffffffff98badcfe},
        {"movsxd eax, dword [rbx]", {0x63, 0x03}, 2, 0x98badcfe},
    };
    static const uint8_t data[] = {0xfe, 0xdc, 0xba, 0x98, 0x76, 0x54, 0x32, 0x10};
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        guest_init(&guest, GUEST_LONG64);
        memcpy(guest.memory + 0x5000, data, 8);
        guest_set64(&guest, WHvX64RegisterRax, 0x8877665544332211);
        guest_set64(&guest, WHvX64RegisterRbx, 0x5000);
        cr_expect_eq(
            run_memory(GUEST_LONG64, WHvMemoryAccessRead, 0x5000, rows[i].code, rows[i].size), 1,
            "%s", rows[i].name);
        cr_expect_eq(guest_get64(&guest, WHvX64RegisterRax), rows[i].rax, "%s: %#llx", rows[i].name,
                     (unsigned long long)guest_get64(&guest, WHvX64RegisterRax));
        cr_expect_eq(guest_get64(&guest, WHvX64RegisterRip), 0x1000u + rows[i].size);
    }
}

Test(mov, stores)
{
    static const struct {
        const char *name;
        uint8_t code[12];
        uint8_t size;
        uint8_t bytes;
        uint64_t data;
    } rows[] = {
        {"mov [rbx], al", {0x88, 0x03}, 2, 1, 0x11},
        {"mov [rbx], ah", {0x88, 0x23}, 2, 1, 0x22},
        {"mov [rbx], ax", {0x66, 0x89, 0x03}, 3, 2, 0x2211},
        {"mov [rbx], eax", {0x89, 0x03}, 2, 4, 0x44332211},
        {"mov [rbx], rax", {0x48, 0x89, 0x03}, 3, 8, 0x8877665544332211},
        {"mov byte [rbx], -1", {0xc6, 0x03, 0xff}, 3, 1, 0xff},
        {"mov word [rbx], imm", {0x66, 0xc7, 0x03, 0xfe, 0xff}, 5, 2, 0xfffe},
        {"mov dword [rbx], imm", {0xc7, 0x03, 0xff, 0xff, 0xff, 0xff}, 6, 4, 0xffffffff},
        {"mov qword [rbx], imm32",
         {0x48, 0xc7, 0x03, 0xfe, 0xff, 0xff, 0xff},
         7,
         8,
         UINT64_MAX - 1},
        {"mov [rbx], ds: 2 bytes, whatever the size", {0x48, 0x8c, 0x1b}, 3, 2, 0x10},
        {"mov moffs32, eax", {0x67, 0xa3, 0, 0x80, 0x0b, 0}, 6, 4, 0x44332211},
    };
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        guest_init(&guest, GUEST_LONG64);
        guest_set64(&guest, WHvX64RegisterRax, 0x8877665544332211);
        guest_set64(&guest, WHvX64RegisterRbx, 0xb8000);
        run_memory(GUEST_LONG64, WHvMemoryAccessWrite, 0xb8000, rows[i].code, rows[i].size);
        const struct guest_event *event = event_of(GUEST_MEMORY_ACCESS, 0);
        cr_expect_eq(event->address, 0xb8000, "%s", rows[i].name);
        cr_expect_eq(event->size, rows[i].bytes, "%s", rows[i].name);
        cr_expect_eq(event->data, rows[i].data, "%s: %#llx", rows[i].name,
                     (unsigned long long)event->data);
    }
}

Test(mov, loading_ss_blocks_interrupt_and_trap)
{
    guest_init(&guest, GUEST_LONG64); /* the selector in memory is 0: null is allowed here */
    guest_set64(&guest, WHvX64RegisterRbx, 0x5000);
    guest_set64(&guest, WHvX64RegisterRflags, 0x102);
    guest_set64(&guest, WHvRegisterInterruptState, 2);
    run_memory(GUEST_LONG64, WHvMemoryAccessRead, 0x5000, BYTES(0x8e, 0x13));
    cr_expect_eq(guest_get64(&guest, WHvRegisterInterruptState), 3, "shadow, NMIs still masked");
    cr_expect_eq(guest_get64(&guest, WHvX64RegisterPendingDebugException), 0);

    run_memory(GUEST_LONG64, WHvMemoryAccessRead, 0x5000, BYTES(0x8e, 0x1b));
    cr_expect_eq(guest_get64(&guest, WHvX64RegisterPendingDebugException), 0x10, "DS does not");
}

Test(mov, a_locked_move_is_an_invalid_opcode)
{
    guest_init(&guest, GUEST_LONG64);
    run_memory(GUEST_LONG64, WHvMemoryAccessWrite, 0xb8000, BYTES(0xf0, 0x89, 0x03));
    cr_expect_eq(injected_vector(), 6);
    cr_expect_eq(count_of(GUEST_MEMORY_ACCESS), 0);
}

Test(mov, registers_and_immediates_on_execute_exits)
{
    guest_init(&guest, GUEST_LONG64);
    run_memory(GUEST_LONG64, WHvMemoryAccessExecute, 0x1000,
               BYTES(0x48, 0xb8, 8, 7, 6, 5, 4, 3, 2, 1));
    cr_expect_eq(guest_get64(&guest, WHvX64RegisterRax), 0x0102030405060708);
    run_memory(GUEST_LONG64, WHvMemoryAccessExecute, 0x100a, BYTES(0x88, 0xc4)); /* mov ah, al */
    cr_expect_eq(guest_get64(&guest, WHvX64RegisterRax), 0x0102030405060808);
    run_memory(GUEST_LONG64, WHvMemoryAccessExecute, 0x100c, BYTES(0x8c, 0xd8)); /* mov eax, ds */
    cr_expect_eq(guest_get64(&guest, WHvX64RegisterRax), 0x10, "zero-extended");
}

Test(mov, cs_is_taken_from_the_exit_in_every_mode)
{
    static const enum guest_mode modes[] = {GUEST_LONG64, GUEST_PROT32};
    for (size_t i = 0; i < 2; i++) {
        guest_init(&guest, modes[i]);
        guest_set64(&guest, WHvX64RegisterRbx, 0xb8000);
        run_memory(modes[i], WHvMemoryAccessWrite, 0xb8000, BYTES(0x8c, 0x0b)); /* mov [rbx], cs */
        cr_expect_eq(event_of(GUEST_MEMORY_ACCESS, 0)->data, 0x08);
    }
}
