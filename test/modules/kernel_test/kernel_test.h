/*
 * kernel_test.h
 *		What the files of the kernel's test module share.
 *
 * Copyright (c) 2026, the nudge_metrics authors; PostgreSQL licence
 */
#ifndef KERNEL_TEST_H
#define KERNEL_TEST_H

#include "postgres.h"
#include "fmgr.h"

#include "nm_state.h"

/* kinds that no released type will have */
#define KIND_KEYED_TEST 250
#define KIND_COUNT_TEST 251
#define KIND_LOG_TEST 252

/* for families without a parameter */
extern const char *kernel_test_check_param(const NmState *state);
extern void kernel_test_combine_param(NmState *dst, const NmState *src);

#endif /* KERNEL_TEST_H */
