/*
 * health.c
 *		Health scores: the weighted mean of factors from 0 to 100, what each
 *		factor adds to it, and its band.
 *
 * Definitions: doc/health.md.
 *
 * Copyright (c) 2026, the nudge_metrics authors; PostgreSQL licence
 */
#include "postgres.h"

#include "catalog/pg_type.h"

#include "health.h"
#include "nm_rows.h"

/* The most factors of a score. */
#define MAX_FACTORS 1000

/* By how much weights may miss a sum of 1. */
#define WEIGHT_TOLERANCE 1e-9

/* A copy of an argument, kept to see whether it has changed. */
typedef struct Kept
{
	Size size; /* 0 is none */
	Size capacity;
	char *bytes;
} Kept;

/* What a call keeps for the next: weights that are checked, a word read. */
typedef struct Checked
{
	NmWeights weights;
	Kept array;
	Kept missing;
} Checked;

/* Weighted sums of what is known. */
typedef struct Mean
{
	double sum;
	double known_weight;
	double missing_weight;
} Mean;

/* Reading arguments */

static inline bool
is_kept(const Kept *kept, const void *bytes, Size size)
{
	return kept->size == size && memcmp(kept->bytes, bytes, size) == 0;
}

/* keep copies bytes to where they outlive the call. */
static void
keep(Kept *kept, const void *bytes, Size size, MemoryContext context)
{
	kept->size = 0;
	if (kept->capacity < size)
	{
		if (kept->bytes != NULL)
			pfree(kept->bytes);
		kept->bytes = NULL;
		kept->capacity = 0;
		kept->bytes = MemoryContextAlloc(context, size);
		kept->capacity = size;
	}
	memcpy(kept->bytes, bytes, size);
	kept->size = size;
}

NmMissing
nm_missing_arg(FunctionCallInfo fcinfo, int argno)
{
	static const char *const words[] = {"reweight", "null", NULL};

	return (NmMissing) nm_choice_arg(fcinfo, argno, "missing", words);
}

static void
check_weights(ArrayType *array)
{
	Datum *weights;
	bool *nulls;
	int n = nm_array_elements(array, "weights", FLOAT8OID, &weights, &nulls);
	double sum = 0;

	if (n > MAX_FACTORS)
		ereport(ERROR,
				(errcode(ERRCODE_PROGRAM_LIMIT_EXCEEDED),
				 errmsg("a health score has at most %d factors", MAX_FACTORS),
				 errdetail("There are %d weights.", n),
				 errhint("Make one factor of several, as a health score of its own.")));
	nm_refuse_null_elements(nulls, n, "weights");
	for (int i = 0; i < n; i++)
	{
		double weight = DatumGetFloat8(weights[i]);

		if (!(weight >= 0))
			ereport(ERROR,
					(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
					 errmsg("a weight must not be negative"),
					 errdetail("Weight %d is %g.", i + 1, weight),
					 errhint("Turn the scale of its factor around instead, see scale_min_max().")));
		sum += weight;
	}
	if (!(fabs(sum - 1) <= WEIGHT_TOLERANCE))
		ereport(ERROR, (errcode(ERRCODE_INVALID_PARAMETER_VALUE),
						errmsg("weights must sum to 1"),
						errdetail("They sum to %.12g.", sum),
						errhint("Divide each of them by their sum.")));
	pfree(weights);
	pfree(nulls);
}

/*
 * weights_arg returns the checked weights, argument 1, with what is said about
 * missing factors in argument `missing_arg`, if that is not 0.  Both are
 * constants as a rule, and looked at only once; they are compared by what they
 * say, since addresses are used again.
 */
static const NmWeights *
weights_arg(FunctionCallInfo fcinfo, int missing_arg)
{
	MemoryContext context = fcinfo->flinfo->fn_mcxt;
	Checked *checked = fcinfo->flinfo->fn_extra;
	ArrayType *array;

	if (unlikely(checked == NULL))
	{
		checked = MemoryContextAllocZero(context, sizeof(Checked));
		fcinfo->flinfo->fn_extra = checked;
	}
	nm_require_arg(fcinfo, 1, "weights");
	array = PG_GETARG_ARRAYTYPE_P(1);
	if (!is_kept(&checked->array, array, VARSIZE(array)))
	{
		check_weights(array);
		keep(&checked->array, array, VARSIZE(array), context);
		array = (ArrayType *) checked->array.bytes;
		checked->weights.n = ArrayGetNItems(ARR_NDIM(array), ARR_DIMS(array));
		checked->weights.weight = (const double *) ARR_DATA_PTR(array);
	}
	if (missing_arg == 0 || PG_ARGISNULL(missing_arg))
	{
		checked->weights.on_missing = NM_MISSING_REWEIGHT;
		checked->missing.size = 0;
	}
	else
	{
		text *word = PG_GETARG_TEXT_PP(missing_arg);

		if (!is_kept(&checked->missing, word, VARSIZE_ANY(word)))
		{
			checked->weights.on_missing = nm_missing_arg(fcinfo, missing_arg);
			keep(&checked->missing, word, VARSIZE_ANY(word), context);
		}
	}
	return &checked->weights;
}

static void
check_length(int n, int expected, const char *name)
{
	if (unlikely(n != expected))
		ereport(ERROR,
				(errcode(ERRCODE_ARRAY_SUBSCRIPT_ERROR),
				 errmsg("\"%s\" and \"weights\" must have the same length",
						name),
				 errdetail("They have %d and %d elements.", n, expected),
				 errhint("Pass one of each factor, in the same order, and null for what is not known.")));
}

static inline NmValues
factors_arg(FunctionCallInfo fcinfo, const NmWeights *weights)
{
	NmValues factors = nm_array_values(PG_GETARG_ARRAYTYPE_P(0), "factors");

	check_length(factors.n, weights->n, "factors");
	return factors;
}

/* names_arg returns the names of the factors, or NULL if they have none. */
static Datum *
names_arg(FunctionCallInfo fcinfo, int argno, int n)
{
	Datum *names;
	bool *nulls;
	int nnames;

	if (PG_ARGISNULL(argno))
		return NULL;
	nnames = nm_array_elements(PG_GETARG_ARRAYTYPE_P(argno), "names", TEXTOID,
							   &names, &nulls);
	check_length(nnames, n, "names");
	nm_refuse_null_elements(nulls, nnames, "names");
	return names;
}

void
nm_bad_health_factor(int i, const char *name, double value)
{
	ereport(ERROR,
			(errcode(ERRCODE_NUMERIC_VALUE_OUT_OF_RANGE),
			 errmsg("a health factor must be between 0 and 100"),
			 name != NULL
				 ? errdetail("Factor \"%s\" is %g.", nm_clip(name), value)
				 : errdetail("Factor %d is %g.", i + 1, value),
			 errhint("Make it one with scale_min_max(), scale_target(), scale_log() or scale_percentile().")));
}

/* The score */

static inline Mean
weigh(const NmValues *factors, const NmWeights *weights)
{
	const double *value = factors->values;
	Mean mean = {0};

	for (int i = 0; i < weights->n; i++)
	{
		if (!nm_is_known(factors, i))
		{
			mean.missing_weight += weights->weight[i];
			continue;
		}
		if (unlikely(!(*value >= 0 && *value <= 100)))
			nm_bad_health_factor(i, NULL, *value);
		mean.sum += weights->weight[i] * *value++;
		mean.known_weight += weights->weight[i];
	}
	return mean;
}

/* Tells whether there is a score; a factor of weight 0 is never missed. */
static inline bool
has_score(const Mean *mean, const NmWeights *weights)
{
	return mean->known_weight > 0 &&
		   (weights->on_missing == NM_MISSING_REWEIGHT ||
			mean->missing_weight == 0);
}

bool
nm_weighted_score(const NmValues *factors, const NmWeights *weights,
				  double *score)
{
	Mean mean = weigh(factors, weights);

	if (!has_score(&mean, weights))
		return false;
	*score = nm_rounded(mean.sum / mean.known_weight);
	return true;
}

double
nm_weight_coverage(const NmValues *factors, const NmWeights *weights)
{
	Mean mean = weigh(factors, weights);

	return nm_rounded(mean.known_weight /
					  (mean.known_weight + mean.missing_weight));
}

/* health_score(factors, weights, missing) */
PG_FUNCTION_INFO_V1(nm_health_score);
Datum
nm_health_score(PG_FUNCTION_ARGS)
{
	const NmWeights *weights = weights_arg(fcinfo, 2);
	NmValues factors;
	double score;

	if (PG_ARGISNULL(0))
		PG_RETURN_NULL();
	factors = factors_arg(fcinfo, weights);
	if (!nm_weighted_score(&factors, weights, &score))
		PG_RETURN_NULL();
	PG_RETURN_FLOAT8(score);
}

/* health_coverage(factors, weights) */
PG_FUNCTION_INFO_V1(nm_health_coverage);
Datum
nm_health_coverage(PG_FUNCTION_ARGS)
{
	const NmWeights *weights = weights_arg(fcinfo, 0);
	NmValues factors = factors_arg(fcinfo, weights);

	PG_RETURN_FLOAT8(nm_weight_coverage(&factors, weights));
}

/* What each factor adds */

/*
 * A column whose rows add up to their rounded total: each is the difference of
 * two rounded partial sums.
 */
typedef struct Column
{
	double sum;
	double units;
} Column;

static Datum
next_in_column(Column *column, double part, double whole)
{
	double before = column->units;

	column->sum += part;
	column->units = rint(column->sum / whole * NM_UNITS_OF_ONE);
	return Float8GetDatum((column->units - before) / NM_UNITS_OF_ONE);
}

enum
{
	COLUMN_POSITION,
	COLUMN_FACTOR,
	COLUMN_VALUE,
	COLUMN_WEIGHT,
	COLUMN_EFFECTIVE_WEIGHT,
	COLUMN_CONTRIBUTION,
	COLUMN_POINTS_LOST,
	NCOLUMNS
};

void
nm_put_health_factors(ReturnSetInfo *rsinfo, const NmValues *factors,
					  const NmWeights *weights, const Datum *names)
{
	Mean mean = weigh(factors, weights);
	bool scored = has_score(&mean, weights);
	const double *next = factors->values;
	Column effective = {0};
	Column contribution = {0};
	Column lost = {0};

	for (int i = 0; i < weights->n; i++)
	{
		double weight = weights->weight[i];
		Datum values[NCOLUMNS];
		bool nulls[NCOLUMNS] = {false};

		values[COLUMN_POSITION] = Int32GetDatum(i + 1);
		values[COLUMN_FACTOR] = names == NULL ? (Datum) 0 : names[i];
		nulls[COLUMN_FACTOR] = names == NULL;
		values[COLUMN_WEIGHT] = Float8GetDatum(weight);
		nulls[COLUMN_VALUE] = !nm_is_known(factors, i);
		nulls[COLUMN_EFFECTIVE_WEIGHT] = !scored;
		nulls[COLUMN_CONTRIBUTION] = nulls[COLUMN_POINTS_LOST] =
			!scored || nulls[COLUMN_VALUE];
		if (nulls[COLUMN_VALUE])
			values[COLUMN_EFFECTIVE_WEIGHT] = Float8GetDatum(0);
		else
		{
			double value = *next++;
			double known = mean.known_weight;

			values[COLUMN_VALUE] = Float8GetDatum(value);
			values[COLUMN_EFFECTIVE_WEIGHT] =
				next_in_column(&effective, weight, known);
			values[COLUMN_CONTRIBUTION] =
				next_in_column(&contribution, weight * value, known);
			values[COLUMN_POINTS_LOST] =
				next_in_column(&lost, weight * (100 - value), known);
		}
		tuplestore_putvalues(rsinfo->setResult, rsinfo->setDesc, values, nulls);
	}
}

/* health_factors(factors, weights, names, missing) */
PG_FUNCTION_INFO_V1(nm_health_factors);
Datum
nm_health_factors(PG_FUNCTION_ARGS)
{
	const NmWeights *weights = weights_arg(fcinfo, 3);
	NmValues factors;

	InitMaterializedSRF(fcinfo, 0);
	if (PG_ARGISNULL(0))
		return (Datum) 0;
	factors = factors_arg(fcinfo, weights);
	nm_put_health_factors((ReturnSetInfo *) fcinfo->resultinfo, &factors,
						  weights, names_arg(fcinfo, 2, factors.n));
	return (Datum) 0;
}

/* The band */

double
nm_finite_arg(FunctionCallInfo fcinfo, int argno, const char *name)
{
	double value = PG_GETARG_FLOAT8(argno);

	if (!isfinite(value))
		ereport(ERROR, (errcode(ERRCODE_NUMERIC_VALUE_OUT_OF_RANGE),
						errmsg("argument \"%s\" must be a finite number", name),
						errdetail("It is %g.", value),
						errhint("Pass null for what is not known.")));
	return value;
}

/* health_band(score, yellow_from, green_from) */
PG_FUNCTION_INFO_V1(nm_health_band);
Datum
nm_health_band(PG_FUNCTION_ARGS)
{
	double score = nm_finite_arg(fcinfo, 0, "score");
	double yellow_from = nm_finite_arg(fcinfo, 1, "yellow_from");
	double green_from = nm_finite_arg(fcinfo, 2, "green_from");
	const char *band = "red";

	if (yellow_from > green_from)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("argument \"yellow_from\" must not be above \"green_from\""),
				 errdetail("They are %g and %g.", yellow_from, green_from),
				 errhint("Yellow lies between red and green, and ends where green begins.")));
	if (score >= green_from)
		band = "green";
	else if (score >= yellow_from)
		band = "yellow";
	PG_RETURN_TEXT_P(cstring_to_text(band));
}
