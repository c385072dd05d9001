/*
 * health.h
 *		What the files of health scores share: values of which some are not
 *		known, and their weighted mean.
 *
 * Copyright (c) 2026, the nudge_metrics authors; PostgreSQL licence
 */
#ifndef HEALTH_H
#define HEALTH_H

#include "postgres.h"

#include <math.h>

#include "fmgr.h"
#include "nodes/execnodes.h"
#include "nm_guards.h"

/* Results are whole numbers of these, so that the edge of a band is one. */
#define NM_UNITS_OF_ONE 1e9

/* What a missing factor does. */
typedef enum NmMissing
{
	NM_MISSING_REWEIGHT,
	NM_MISSING_NULL
} NmMissing;

/* NmValues: numbers, NULLs among them. */
typedef struct NmValues
{
	int n;
	const double *values; /* of those that are not NULL */
	const bits8 *known;   /* NULL if all are */
} NmValues;

/* NmWeights: weights that are checked, and what is done without a factor. */
typedef struct NmWeights
{
	int n;
	const double *weight;
	NmMissing on_missing;
} NmWeights;

static inline double
nm_rounded(double x)
{
	return rint(x * NM_UNITS_OF_ONE) / NM_UNITS_OF_ONE;
}

static inline bool
nm_is_known(const NmValues *values, int i)
{
	return values->known == NULL ||
		   (values->known[i / 8] & (1 << (i % 8))) != 0;
}

static inline NmValues
nm_array_values(ArrayType *array, const char *name)
{
	nm_check_plain_array(array, name);
	return (NmValues){.n = ArrayGetNItems(ARR_NDIM(array), ARR_DIMS(array)),
					  .values = (const double *) ARR_DATA_PTR(array),
					  .known = ARR_NULLBITMAP(array)};
}

/* A number that is neither NaN nor infinite. */
extern double
nm_finite_arg(FunctionCallInfo fcinfo, int argno, const char *name);

/* What the argument "missing" says; the default where it is NULL. */
extern NmMissing nm_missing_arg(FunctionCallInfo fcinfo, int argno);

/* The score of as many values as there are weights; false if there is none. */
extern bool nm_weighted_score(const NmValues *factors, const NmWeights *weights,
							  double *score);

/* The share of the weight whose values are known. */
extern double
nm_weight_coverage(const NmValues *factors, const NmWeights *weights);

/* A row per factor; names may be NULL. */
extern void
nm_put_health_factors(ReturnSetInfo *rsinfo, const NmValues *factors,
					  const NmWeights *weights, const Datum *names);

/* Complains about a value outside 0 to 100; name may be NULL. */
pg_noreturn extern void
nm_bad_health_factor(int i, const char *name, double value);

#endif /* HEALTH_H */
