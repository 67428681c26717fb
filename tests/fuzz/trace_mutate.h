/* SPDX-License-Identifier: MIT */
/**
 * @file trace_mutate.h
 * Changes of a JSON text that mostly leave it JSON: LLVMFuzzerCustomMutator.
 */
#ifndef WHVTRACE_TESTS_FUZZ_TRACE_MUTATE_H
#define WHVTRACE_TESTS_FUZZ_TRACE_MUTATE_H

#define TRACE_INPUT_MAX 16384u

#endif
