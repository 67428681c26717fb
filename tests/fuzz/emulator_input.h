/* SPDX-License-Identifier: MIT */
/**
 * @file emulator_input.h
 * From bytes to an exit, and to the bytes that its callbacks draw their answers from.
 *
 * An input is a head of FUZZ_HEAD bytes, missing ones being 0, and the answers. All numbers are
 * little-endian. What is 0 is ordinary, so that a short input makes a plain exit:
 *
 *     offset size
 *      0      1   form: bits 0-1 access (0 read, 1 write, 2 execute, 3 port), 2 preview form,
 *                 3 no Gva, 4 a Context of NULL, 5-7 which byte of the code the sibling changes
 *      1      1   bits 0-2 mode (enum fuzz_mode), 3-4 CPL
 *      2      2   flipped in the mode's execution state
 *      4      1   InstructionByteCount
 *      5      1   InstructionLength; the shipping form takes the low four bits
 *      6      2   port number
 *      8      4   flipped in AccessInfo
 *     12      4   flipped in the mode's RFLAGS
 *     16     16   the instruction; fetches by the identity translation find it at RIP too
 *     32      8   RIP
 *     40      8   Gva
 *     48      8   flipped in Gva to give Gpa
 *     56      4   base of CS
 *     60      4   flipped in the limit of CS
 *     64      2   flipped in the attributes of CS
 *     66      2   flipped in the selector of CS
 *     68      -   answers: emulator_guest.h
 */
#ifndef WHVTRACE_TESTS_FUZZ_EMULATOR_INPUT_H
#define WHVTRACE_TESTS_FUZZ_EMULATOR_INPUT_H

#include "rules.h"
#include "stream.h"

#define FUZZ_HEAD 68u
/** Where the instruction stands. */
#define FUZZ_CODE 16u
/** And its room. */
#define FUZZ_CODE_SIZE   16u
#define FUZZ_ANSWERS_MAX 4096u
#define FUZZ_INPUT_MAX   (FUZZ_HEAD + FUZZ_ANSWERS_MAX)

enum fuzz_mode {
    FUZZ_LONG64,
    FUZZ_PROT32,
    FUZZ_REAL16,
    FUZZ_PROT16,
    FUZZ_VM86,
    FUZZ_COMPAT32,
    FUZZ_COMPAT16,
    /** Real mode with a 32-bit code segment. */
    FUZZ_REAL32,
    FUZZ_MODES
};

#define FUZZ_ACCESS_PORT 3u

struct fuzz_input {
    enum fuzz_mode mode;
    struct rules_exit exit;
    /** Whatever the exit hands over of it. */
    uint8_t code[FUZZ_CODE_SIZE];
    bool has_context;
    unsigned sibling_byte;
    const uint8_t *answers;
    size_t answers_size;
};

/**
 * Reads an input; a port exit draws RAX, RCX, RSI, RDI, DS and ES from the answers first.
 * @param input points into bytes afterwards.
 */
void fuzz_input_read(const uint8_t *bytes, size_t size, struct fuzz_input *input);

/** What a seed says; everything else is ordinary. */
struct fuzz_seed {
    enum fuzz_mode mode;
    unsigned cpl;
    /** Flipped in the mode's execution state. */
    uint16_t state;
    /** Flipped in the mode's RFLAGS. */
    uint32_t rflags;
    /** WHV_MEMORY_ACCESS_TYPE, or FUZZ_ACCESS_PORT. */
    unsigned access;
    bool is_preview;
    /** Bytes of the instruction in the exit. */
    unsigned given;
    /** WHV_X64_IO_PORT_ACCESS_INFO of a port exit. */
    uint32_t io_info;
    uint64_t gva;
    uint64_t rip;
    const uint8_t *code;
    unsigned code_size;
};

/** Writes the head of an input. @param bytes FUZZ_HEAD of them. */
void fuzz_input_write(const struct fuzz_seed *seed, uint8_t *bytes);

/**
 * Draws the value of a register: a byte that says how, and what that takes. 0 is a value that suits
 * the mode and leads to Gva; emulator_draw.c has the others.
 */
WHV_REGISTER_VALUE fuzz_draw(const struct fuzz_input *input, WHV_REGISTER_NAME name,
                             struct fuzz_stream *stream);

/** @return the data segment that a mode starts with. */
WHV_X64_SEGMENT_REGISTER fuzz_data_segment(enum fuzz_mode mode, unsigned cpl);

#endif
