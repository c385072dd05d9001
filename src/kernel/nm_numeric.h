/*
 * nm_numeric.h
 *		Calculating with numerics as Datums.
 *
 * Copyright (c) 2026, the nudge_metrics authors; PostgreSQL licence
 */
#ifndef NM_NUMERIC_H
#define NM_NUMERIC_H

#include "postgres.h"
#include "fmgr.h"
#include "utils/fmgrprotos.h"
#include "utils/numeric.h"

static inline Datum
nm_num_add(Datum a, Datum b)
{
	return DirectFunctionCall2(numeric_add, a, b);
}

static inline Datum
nm_num_sub(Datum a, Datum b)
{
	return DirectFunctionCall2(numeric_sub, a, b);
}

static inline Datum
nm_num_mul(Datum a, Datum b)
{
	return DirectFunctionCall2(numeric_mul, a, b);
}

static inline Datum
nm_num_div(Datum a, Datum b)
{
	return DirectFunctionCall2(numeric_div, a, b);
}

static inline Datum
nm_num_int(int64 value)
{
	return NumericGetDatum(int64_to_numeric(value));
}

static inline int
nm_num_cmp(Datum a, Datum b)
{
	return DatumGetInt32(DirectFunctionCall2(numeric_cmp, a, b));
}

static inline int
nm_num_sign(Datum a)
{
	return nm_num_cmp(a, nm_num_int(0));
}

static inline char *
nm_num_text(Datum a)
{
	return DatumGetCString(DirectFunctionCall1(numeric_out, a));
}

/* neither NaN nor infinite */
static inline bool
nm_num_finite(Datum a)
{
	return !numeric_is_nan(DatumGetNumeric(a)) &&
		   !numeric_is_inf(DatumGetNumeric(a));
}

/* The same value without zeroes at its end, down to so many decimals. */
static inline Datum
nm_num_trim(Datum a, int decimals)
{
	a = DirectFunctionCall1(numeric_trim_scale, a);
	if (DatumGetInt32(DirectFunctionCall1(numeric_scale, a)) < decimals)
		a = DirectFunctionCall2(numeric_round, a, Int32GetDatum(decimals));
	return a;
}

#endif /* NM_NUMERIC_H */
