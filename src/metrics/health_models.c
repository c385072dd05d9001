/*
 * health_models.c
 *		Health scores of factors by name, as a model in a table weights them.
 *
 * A model is read once in a query.
 *
 * Definitions: doc/health.md.
 *
 * Copyright (c) 2026, the nudge_metrics authors; PostgreSQL licence
 */
#include "postgres.h"

#include "catalog/pg_type.h"
#include "executor/spi.h"
#include "miscadmin.h"
#include "utils/fmgrprotos.h"
#include "utils/jsonb.h"

#include "health.h"
#include "nm_kept.h"
#include "nm_rows.h"

/* A model: its factors in their order. */
typedef struct Model
{
	struct Model *next;
	text *name;
	NmWeights weights;
	Datum *names;
} Model;

/* What a query keeps between calls. */
typedef struct Models
{
	NmKept kept;   /* first; the models live with it */
	Model *models; /* the one used last comes first */
} Models;

/* Reading models */

/* read_model reads a model into a context; SPI is connected. */
static Model *
read_model(text *name, MemoryContext context)
{
	Oid types[] = {TEXTOID};
	Datum values[] = {PointerGetDatum(name)};
	HeapTuple row;
	TupleDesc desc;
	Model *model;
	bool is_null;
	bool *nulls;
	ArrayType *weights;

	if (SPI_execute_with_args("SELECT m.names, m.weights FROM nudge.health_model($1) m",
							  1, types, values, NULL, true,
							  1) != SPI_OK_SELECT ||
		SPI_processed != 1)
		elog(ERROR, "could not read nudge.health_model");
	row = SPI_tuptable->vals[0];
	desc = SPI_tuptable->tupdesc;
	MemoryContextSwitchTo(context);
	model = palloc0_object(Model);
	model->name = DatumGetTextPCopy(PointerGetDatum(name));
	model->weights.n =
		nm_array_elements(DatumGetArrayTypeP(SPI_getbinval(row, desc, 1,
														   &is_null)),
						  "names", TEXTOID, &model->names, &nulls);
	for (int i = 0; i < model->weights.n; i++)
		model->names[i] = PointerGetDatum(DatumGetTextPCopy(model->names[i]));
	weights = DatumGetArrayTypePCopy(SPI_getbinval(row, desc, 2, &is_null));
	model->weights.weight = (const double *) ARR_DATA_PTR(weights);
	return model;
}

/* current_models returns the models that the query has read so far. */
static Models *
current_models(FmgrInfo *flinfo)
{
	Models *models = nm_kept_find(flinfo);

	if (models == NULL)
	{
		models = nm_kept_begin(flinfo, sizeof(Models));
		nm_kept_end(flinfo, models);
	}
	return models;
}

static inline bool
has_name(const Model *model, text *name)
{
	return VARSIZE_ANY_EXHDR(name) == VARSIZE(model->name) - VARHDRSZ &&
		   memcmp(VARDATA(model->name), VARDATA_ANY(name),
				  VARSIZE_ANY_EXHDR(name)) == 0;
}

/* model_arg returns the model that an argument names. */
static const Model *
model_arg(FunctionCallInfo fcinfo, int argno)
{
	Models *models = current_models(fcinfo->flinfo);
	MemoryContext outer;
	text *name;
	Model *model;

	nm_require_arg(fcinfo, argno, "model");
	name = PG_GETARG_TEXT_PP(argno);
	if (models->models != NULL && has_name(models->models, name))
		return models->models;
	for (Model **link = &models->models; *link != NULL; link = &(*link)->next)
		if (has_name(*link, name))
		{
			model = *link;
			*link = model->next;
			model->next = models->models;
			models->models = model;
			return model;
		}

	outer = CurrentMemoryContext;
	SPI_connect();
	model = read_model(name, models->kept.context);
	SPI_finish();
	MemoryContextSwitchTo(outer);
	model->next = models->models;
	models->models = model;
	return model;
}

/* Factors by name */

static const char *
json_kind(const JsonbValue *value)
{
	switch (value->type)
	{
		case jbvString:
			return "string";
		case jbvBool:
			return "boolean";
		case jbvBinary:
			return JsonContainerIsArray(value->val.binary.data) ? "array"
																: "object";
		default:
			return "number";
	}
}

/* factor_value returns the number that a factor is, from 0 to 100. */
static double
factor_value(const JsonbValue *value, int i, Datum name)
{
	double number;

	if (value->type != jbvNumeric)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("factor \"%s\" must be a number",
						nm_clip(TextDatumGetCString(name))),
				 errdetail("It is a JSON %s.", json_kind(value)),
				 errhint("Write a number from 0 to 100 without quotes, or null for what is not known.")));
	number =
		DatumGetFloat8(DirectFunctionCall1(numeric_float8_no_overflow,
										   NumericGetDatum(value->val.numeric)));
	if (!(number >= 0 && number <= 100))
		nm_bad_health_factor(i, TextDatumGetCString(name), number);
	return number;
}

/* refuse_unknown complains about the first name that a model does not have. */
static void
refuse_unknown(Jsonb *factors, const Model *model)
{
	JsonbIterator *it = JsonbIteratorInit(&factors->root);
	StringInfoData known;
	JsonbIteratorToken token;
	JsonbValue key;

	initStringInfo(&known);
	for (int i = 0; i < model->weights.n; i++)
		appendStringInfo(&known, "%s%s", i > 0 ? ", " : "",
						 nm_clip(TextDatumGetCString(model->names[i])));
	while ((token = JsonbIteratorNext(&it, &key, true)) != WJB_DONE)
	{
		bool found = token != WJB_KEY;

		for (int i = 0; i < model->weights.n && !found; i++)
			found = (int) VARSIZE(model->names[i]) - VARHDRSZ ==
						key.val.string.len &&
					memcmp(VARDATA(model->names[i]), key.val.string.val,
						   key.val.string.len) == 0;
		if (!found)
			ereport(ERROR,
					(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
					 errmsg("health model \"%s\" has no factor \"%s\"",
							nm_clip(text_to_cstring(model->name)),
							nm_clip(pnstrdup(key.val.string.val,
											 key.val.string.len))),
					 errdetail("Its factors are %s.", known.data),
					 errhint("Correct the name: what is not of the model would count for nothing.")));
	}
}

/* named_factors returns the factors of a model in its order. */
static NmValues
named_factors(Jsonb *factors, const Model *model)
{
	int n = model->weights.n;
	double *values = palloc_array(double, n);
	bits8 *known = palloc0_array(bits8, (n + 7) / 8);
	uint32 found = 0;
	int nvalues = 0;

	if (!JB_ROOT_IS_OBJECT(factors))
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("\"factors\" must be a JSON object"),
				 errdetail("It is a JSON %s.",
						   JB_ROOT_IS_SCALAR(factors) ? "scalar" : "array"),
				 errhint("Write each factor by its name, as in {\"usage\": 80}.")));
	for (int i = 0; i < n; i++)
	{
		JsonbValue buffer;
		JsonbValue *value =
			getKeyJsonValueFromContainer(&factors->root,
										 VARDATA(model->names[i]),
										 VARSIZE(model->names[i]) - VARHDRSZ,
										 &buffer);

		found += value != NULL;
		if (value == NULL || value->type == jbvNull)
			continue;
		values[nvalues++] = factor_value(value, i, model->names[i]);
		known[i / 8] |= 1 << (i % 8);
	}
	if (found != JB_ROOT_COUNT(factors))
		refuse_unknown(factors, model);
	return (NmValues){.n = n, .values = values, .known = known};
}

/* health_score(factors, model, missing) */
PG_FUNCTION_INFO_V1(nm_health_score_model);
Datum
nm_health_score_model(PG_FUNCTION_ARGS)
{
	const Model *model = model_arg(fcinfo, 1);
	NmWeights weights = model->weights;
	NmValues factors;
	double score;

	weights.on_missing = nm_missing_arg(fcinfo, 2);
	if (PG_ARGISNULL(0))
		PG_RETURN_NULL();
	factors = named_factors(PG_GETARG_JSONB_P(0), model);
	if (!nm_weighted_score(&factors, &weights, &score))
		PG_RETURN_NULL();
	PG_RETURN_FLOAT8(score);
}

/* health_coverage(factors, model) */
PG_FUNCTION_INFO_V1(nm_health_coverage_model);
Datum
nm_health_coverage_model(PG_FUNCTION_ARGS)
{
	const Model *model = model_arg(fcinfo, 1);
	NmValues factors = named_factors(PG_GETARG_JSONB_P(0), model);

	PG_RETURN_FLOAT8(nm_weight_coverage(&factors, &model->weights));
}

/* health_factors(factors, model, missing) */
PG_FUNCTION_INFO_V1(nm_health_factors_model);
Datum
nm_health_factors_model(PG_FUNCTION_ARGS)
{
	const Model *model = model_arg(fcinfo, 1);
	NmWeights weights = model->weights;
	NmValues factors;

	weights.on_missing = nm_missing_arg(fcinfo, 2);
	InitMaterializedSRF(fcinfo, 0);
	if (PG_ARGISNULL(0))
		return (Datum) 0;
	factors = named_factors(PG_GETARG_JSONB_P(0), model);
	nm_put_health_factors((ReturnSetInfo *) fcinfo->resultinfo, &factors,
						  &weights, model->names);
	return (Datum) 0;
}
