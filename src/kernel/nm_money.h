/*
 * nm_money.h
 *		Money as int64 of 1e-6 currency units, and back to numeric.
 *
 * Copyright (c) 2026, the nudge_metrics authors; PostgreSQL licence
 */
#ifndef NM_MONEY_H
#define NM_MONEY_H

#include "postgres.h"
#include "utils/numeric.h"
#include "nm_compat.h"

#define NM_MONEY_SCALE 6
#define NM_MONEY_UNIT INT64CONST(1000000)

/* Prepares the fast reader of numerics, or turns it off. */
extern void nm_money_init(void);

/*
 * Micro-units of a numeric (possibly toasted or short), rounded half away from
 * zero.  NaN, infinity and overflow are errors that name the argument.
 */
extern int64 nm_money_in(Datum numeric, const char *argname);

/* The same; false where it would raise. */
extern bool nm_money_read(Datum numeric, int64 *micros);

/* Numeric of a sum of micro-units, with two decimals or, if needed, six. */
extern Datum nm_money_out(int128 micros);

/* Exact quotient of two sums as numeric; false if the divisor is zero. */
extern bool nm_ratio_out(int128 dividend, int128 divisor, Datum *result);

/* a + b of two int64 amounts, or an error. */
extern int64 nm_money_add(int64 a, int64 b);

#endif /* NM_MONEY_H */
