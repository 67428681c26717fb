/* SPDX-License-Identifier: MIT */
/**
 * @file guest.h
 * The guest of one case: memory, code, translations and registers, as they are described in
 * traces/FORMAT.md, "init", "memory" and "pages". It knows nothing of expectations.
 *
 * One guest serves case after case and keeps its buffers. The case must outlive its use.
 */
#ifndef WHVTRACE_SESSION_GUEST_H
#define WHVTRACE_SESSION_GUEST_H

#include "format/model.h"

#define WHT_PAGE_SIZE 4096u

/** The code with NOPs after it. */
#define WHT_CODE_SIZE 16u

/** Who answers an access. */
enum wht_place {
    WHT_PLACE_MODEL, /**< RAM, or a read of ROM or of code: not observable as a device access */
    WHT_PLACE_HOLE,  /**< no byte is a device's */
    WHT_PLACE_EMPTY, /**< a read of a hole where no element of the case lies; told by the session */
    WHT_PLACE_DEVICE
};

struct wht_guest {
    const struct wht_case *c;

    /* RAM: the regions' bytes one after the other, in the order of c->memory. */
    uint8_t *pristine;
    uint8_t *current;
    size_t ram_size;
    size_t ram_capacity;
    size_t *starts; /**< per region: where its bytes start */
    size_t start_capacity;
    bool is_dirty;

    /* Code bytes at addresses that no region covers. */
    uint64_t code_gpa[WHT_CODE_SIZE];
    uint8_t code_byte[WHT_CODE_SIZE];
    unsigned code_count;

    /* Which entries the callbacks have asked for since the last reset. */
    bool *asked_memory; /**< in the order of c->memory */
    bool *asked_pages;  /**< in the order of c->pages; within asked_memory's block */
    size_t asked_capacity;

    /* What Set wrote. */
    _Alignas(16) WHV_REGISTER_VALUE written_values[128];
    WHV_REGISTER_NAME written_names[128];
    uint32_t written_count;
};

/** Sets up the memory of a case. @return false if memory ran out. */
bool wht_guest_load(struct wht_guest *guest, const struct wht_case *c);
/** Back to the initial state. */
void wht_guest_reset(struct wht_guest *guest);
void wht_guest_free(struct wht_guest *guest);

/** Who answers an access of size bytes (1 to 8). */
enum wht_place wht_guest_place(const struct wht_guest *guest, uint64_t gpa, uint32_t size,
                               bool is_write);

/** Notes that a callback asks for an access: its regions are in use. */
void wht_guest_ask(const struct wht_guest *guest, uint64_t gpa, uint32_t size);

/** Reads what the model knows; bytes of devices and holes are left alone. */
void wht_guest_read(const struct wht_guest *guest, uint64_t gpa, uint32_t size, uint8_t *data);
/** Writes those bytes that lie in RAM. */
void wht_guest_write(struct wht_guest *guest, uint64_t gpa, uint32_t size, const uint8_t *data);

/** @return the RAM byte at gpa in the given image (pristine or current), or NULL where no RAM is.
 */
const uint8_t *wht_guest_ram_byte(const struct wht_guest *guest, const uint8_t *image,
                                  uint64_t gpa);

/** @return whether an answer to a translation comes with an address: success, and the results that
 * tell of a device or of protected memory, where the page walk was completed. */
bool wht_is_walked(WHV_TRANSLATE_GVA_RESULT_CODE result);

/**
 * Translates the page at gva.
 * @param flags WHV_TRANSLATE_GVA_FLAGS of the request.
 * @param gpa   receives the page's address even where the result is a failure.
 */
WHV_TRANSLATE_GVA_RESULT_CODE wht_guest_translate(const struct wht_guest *guest, uint64_t gva,
                                                  uint32_t flags, uint64_t *gpa);

/** Notes that a callback asks for a translation: the entries that answer it are in use. */
void wht_guest_ask_page(const struct wht_guest *guest, uint64_t gva, uint32_t flags);

/** Records what Set wrote; at most 128 registers. */
void wht_guest_set(struct wht_guest *guest, const WHV_REGISTER_NAME *names, uint32_t count,
                   const WHV_REGISTER_VALUE *values);
/** @return a register's present value: written, else initial; NULL if it was not captured. */
const WHV_REGISTER_VALUE *wht_guest_reg(const struct wht_guest *guest, WHV_REGISTER_NAME name);

#endif
