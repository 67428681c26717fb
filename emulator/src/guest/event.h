/* SPDX-License-Identifier: MIT */
/**
 * @file event.h
 * Raising guest faults. Every fault that a guest can receive is raised by one of these functions;
 * each records the event in the call and returns WHE_FAULT.
 */
#ifndef WHE_EVENT_H
#define WHE_EVENT_H

#include "call.h"
#include "exception.h"

/** A fault without an error code: #UD, #DE, #NM, #MF. */
enum whe_result whe_fault(struct whe_call *call, enum whe_vector vector);

/** #GP, #SS, #NP or #AC with an error code (0, or a selector without its RPL). */
enum whe_result whe_fault_code(struct whe_call *call, enum whe_vector vector, uint32_t code);

/**
 * Whatever a kernel raises, or why it refuses. An operating system that does not know #XM gets #UD:
 * what can raise it has CR4 loaded. SDM 3A, 2.5, CR4.OSXMMEXCPT.
 * @param code of an exception that has one.
 */
enum whe_result whe_fault_kernel(struct whe_call *call, enum whe_vector vector, uint32_t code);

/**
 * #PF, or #GP(0) for an overlay page that cannot be accessed, from a translation that did not
 * succeed.
 * @param result  what TranslateGvaPage answered: no code that stands for a completed walk.
 * @param address the first byte of the access on the page.
 * @param flags   the purpose: WHV_TRANSLATE_GVA_FLAGS as the page was asked for.
 * @return WHE_FAULT; WHE_BAD_ANSWER for Intercept and for codes that do not exist.
 */
enum whe_result whe_fault_translate(struct whe_call *call, WHV_TRANSLATE_GVA_RESULT_CODE result,
                                    uint64_t address, uint32_t flags);

/**
 * Turns call->event into a write of PendingEvent in the shadow.
 * @return WHE_OK; WHE_CANNOT_FAULT if an event or an interruption is pending already;
 * WHE_GET_FAILED.
 */
enum whe_result whe_event_inject(struct whe_call *call);

#endif
