/* SPDX-License-Identifier: MIT */
/**
 * @file capture.h
 * Records what an instruction emulator behind the Windows Hypervisor Platform API is asked and what
 * it does, so that a failure in a real virtual machine becomes a case that replays anywhere.
 *
 * A VMM that calls the emulator by name needs one line more, and no other change:
 *
 *     #include <whvcapture/redirect.h>
 *
 * and the environment tells what to record. A VMM that looks the functions up itself wraps them:
 *
 *     struct whvcapture_functions emulator = {create, destroy, try_io, try_mmio};
 *     whvcapture_wrap(NULL, &emulator);
 *
 * Each call goes to the emulator unchanged; its exit context, its callbacks with their answers and
 * its result are kept in a mapped file per handle, which survives the death of the process. When
 * the call ends, the case is appended to the capture unless enough like it were seen. What a dead
 * process left behind is appended by the next run, or read in place by `whvtrace import`.
 *
 * The VMM never fails because of the recorder: a full disk, an unwritable path or an exhausted
 * limit ends the recording, with one line on stderr, and calls go on being forwarded.
 *
 * Threading: handles are independent of each other, one thread at a time each, as the API has it.
 * All functions here may be called from any thread. A child made by fork does not record.
 */
#ifndef WHVCAPTURE_CAPTURE_H
#define WHVCAPTURE_CAPTURE_H

#include <stddef.h>
#include <stdint.h>

#include <whvemu/emulator.h>

#ifdef __cplusplus
extern "C" {
#endif

/** Registers that the recorder itself asks for when it meets an instruction for the first time. */
enum whvcapture_snapshot {
    /** General-purpose registers, segments, RIP and RFLAGS; CR0, CR4 and XCR0 where the instruction
     * may depend on them. */
    WHVCAPTURE_NEEDED,
    /** Every register that all Windows releases know, and XCR0. */
    WHVCAPTURE_ALL,
    /** None: what the emulator asks for is in its callbacks. */
    WHVCAPTURE_NONE
};

enum whvcapture_flag {
    /** Leave out calls that return S_OK with status success alone. */
    WHVCAPTURE_ONLY_FAILURES = 1,
    /** Write "??" for the data of memory outside the exit's page. */
    WHVCAPTURE_REDACT = 2,
    /** Reach the disk with every case: survives loss of power. */
    WHVCAPTURE_SYNC = 4,
    /** Fill what a callback or the emulator should not look at. */
    WHVCAPTURE_POISON = 8
};

/** What to record. Zero stands for the default of every member but `size`. */
struct whvcapture_options {
    /** sizeof(struct whvcapture_options). */
    uint32_t size;
    /** Mask of enum whvcapture_flag. */
    uint32_t flags;
    /** NAME.cap.jsonl, appended to, or a folder; default whv.cap.jsonl. Another process that
     * records into the same file gets one of its own, NAME-PID.cap.jsonl. */
    const char *path;
    /** Cases of this process; default 100,000. */
    uint64_t max_cases;
    /** Bytes of this process, over all files; default 1 GiB. */
    uint64_t max_bytes;
    /** In a folder: a file that has grown to this ends; default 64 MiB. */
    uint64_t file_bytes;
    /** Cases per distinct (code, mode, shape of calls); default 16. */
    uint32_t keep;
    /** Room for one running call, per handle: 64 KiB to 64 MiB; default 1 MiB. Callbacks beyond it
     * are counted, not kept. */
    uint32_t ring_bytes;
    enum whvcapture_snapshot snapshot;
    /** Provenance: the VMM's name and version; default the program's name. */
    const char *vmm;
    /** Provenance: what runs in it. */
    const char *guest;
};

/** The four functions of an emulator, and what it may have beside them. */
struct whvcapture_functions {
    HRESULT(WINAPI *create)(const WHV_EMULATOR_CALLBACKS *, WHV_EMULATOR_HANDLE *);
    HRESULT(WINAPI *destroy)(WHV_EMULATOR_HANDLE);
    HRESULT(WINAPI *try_io)
    (WHV_EMULATOR_HANDLE, VOID *, const WHV_VP_EXIT_CONTEXT *,
     const WHV_X64_IO_PORT_ACCESS_CONTEXT *, WHV_EMULATOR_STATUS *);
    HRESULT(WINAPI *try_mmio)
    (WHV_EMULATOR_HANDLE, VOID *, const WHV_VP_EXIT_CONTEXT *, const WHV_MEMORY_ACCESS_CONTEXT *,
     WHV_EMULATOR_STATUS *);
    /** whvemu_reason(), or NULL. */
    const char *(*reason)(WHV_EMULATOR_HANDLE);
};

/**
 * Starts recording; only the first call of a process does, whether by this function, by
 * whvcapture_wrap or by redirect.h.
 * @param options what to record; strings are copied. NULL: all from the environment, see
 *                whvcapture_options_from_environment.
 */
void whvcapture_start(const struct whvcapture_options *options);

/**
 * Ends the recording and closes the files; calls go on being forwarded. Happens by itself at exit.
 */
void whvcapture_stop(void);

/**
 * Reads options from the environment: WHV_CAPTURE_PATH, _MAX_CASES, _MAX_BYTES, _FILE_BYTES, _KEEP,
 * _RING_BYTES (numbers, with k, M or G), _SNAPSHOT (all, needed, none), _ONLY_FAILURES, _REDACT,
 * _SYNC, _POISON (1 or 0), _VMM, _GUEST. WHV_CAPTURE=0 turns recording off.
 * @param options receives them; strings point into the environment.
 * @return false if recording is turned off. A value that cannot be read is reported on stderr and
 * replaced by its default.
 */
int whvcapture_options_from_environment(struct whvcapture_options *options);

/**
 * Replaces four functions by recording ones, and starts recording.
 * @param options   as of whvcapture_start.
 * @param functions the emulator's; receives the recorder's, which are the four below. A process has
 *                  one emulator: what is wrapped later is forwarded to the first.
 */
void whvcapture_wrap(const struct whvcapture_options *options,
                     struct whvcapture_functions *functions);

/** @name The recording functions: those of the wrapped emulator, recorded. E_FAIL before one is. */
HRESULT WINAPI whvcapture_create(const WHV_EMULATOR_CALLBACKS *callbacks,
                                 WHV_EMULATOR_HANDLE *handle);
HRESULT WINAPI whvcapture_destroy(WHV_EMULATOR_HANDLE handle);
HRESULT WINAPI whvcapture_try_io(WHV_EMULATOR_HANDLE handle, VOID *context,
                                 const WHV_VP_EXIT_CONTEXT *vp_context,
                                 const WHV_X64_IO_PORT_ACCESS_CONTEXT *access,
                                 WHV_EMULATOR_STATUS *status);
HRESULT WINAPI whvcapture_try_mmio(WHV_EMULATOR_HANDLE handle, VOID *context,
                                   const WHV_VP_EXIT_CONTEXT *vp_context,
                                   const WHV_MEMORY_ACCESS_CONTEXT *access,
                                   WHV_EMULATOR_STATUS *status);

/** What has become of the recording so far. */
struct whvcapture_counts {
    /** Try calls that passed through. */
    uint64_t calls;
    /** Cases in the capture. */
    uint64_t written;
    /** Left out because enough like them were kept, or by ONLY_FAILURES. */
    uint64_t repeated;
    /** Not written: a limit was reached or writing failed. */
    uint64_t lost;
};
void whvcapture_count(struct whvcapture_counts *counts);

/**
 * Appends the calls that died with their process to its capture: what whvcapture_start does for its
 * own path, for somebody who reads a capture first.
 * @param path of the capture, or a folder.
 * @return how many were recovered.
 */
unsigned whvcapture_recover(const char *path);

#ifdef __cplusplus
}
#endif

#endif
