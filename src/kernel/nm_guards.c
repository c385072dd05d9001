/*
 * nm_guards.c
 *		Reading arguments of SQL functions: words, numbers, times, arrays.
 *
 * Copyright (c) 2026, the nudge_metrics authors; PostgreSQL licence
 */
#include "postgres.h"

#include "lib/stringinfo.h"
#include "utils/lsyscache.h"

#include "nm_guards.h"

static int
choice_of(const char *word, const char *name, const char *const *choices,
		  bool has_default)
{
	StringInfoData list;

	for (int i = 0; choices[i] != NULL; i++)
		if (pg_strcasecmp(word, choices[i]) == 0)
			return i;
	initStringInfo(&list);
	for (int i = 0; choices[i] != NULL; i++)
		appendStringInfo(&list, "%s%s", i > 0 ? ", " : "", choices[i]);
	ereport(ERROR,
			(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
			 errmsg("\"%s\" is no value of \"%s\"", nm_clip(word), name),
			 errdetail("The values are %s.", list.data),
			 has_default ? errhint("Leave the argument out for %s.", choices[0])
						 : errhint("Write one of them.")));
}

int
nm_choice_arg(FunctionCallInfo fcinfo, int argno, const char *name,
			  const char *const *choices)
{
	return choice_of(nm_text_arg(fcinfo, argno, choices[0]), name, choices,
					 true);
}

int
nm_required_choice_arg(FunctionCallInfo fcinfo, int argno, const char *name,
					   const char *const *choices)
{
	nm_require_arg(fcinfo, argno, name);
	return choice_of(nm_text_arg(fcinfo, argno, NULL), name, choices, false);
}

int
nm_bounded_arg(FunctionCallInfo fcinfo, int argno, const char *name,
			   int if_null, int low, int high)
{
	int value = PG_ARGISNULL(argno) ? if_null : PG_GETARG_INT32(argno);

	if (value < low || value > high)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("argument \"%s\" must be between %d and %d, not %d",
						name, low, high, value),
				 errdetail("Beyond these bounds it has no meaning, or results have no end."),
				 errhint("Pass a number within them.")));
	return value;
}

int64
nm_count_arg(FunctionCallInfo fcinfo, int argno, const char *name)
{
	if (PG_ARGISNULL(argno))
		return -1;
	if (PG_GETARG_INT64(argno) < 0)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("argument \"%s\" must not be negative", name),
				 errdetail("It is " INT64_FORMAT ".", PG_GETARG_INT64(argno)),
				 errhint("Leave it out to do without it.")));
	return PG_GETARG_INT64(argno);
}

void
nm_bad_row_time(void)
{
	ereport(ERROR,
			(errcode(ERRCODE_DATETIME_VALUE_OUT_OF_RANGE),
			 errmsg("an event must have a finite time"),
			 errdetail("Infinity, or a date that no timestamp reaches, is not a time at which something was done."),
			 errhint("Correct such rows or leave them out.")));
}

void
nm_check_plain_array(const ArrayType *array, const char *name)
{
	if (ARR_NDIM(array) > 1)
		ereport(ERROR,
				(errcode(ERRCODE_ARRAY_SUBSCRIPT_ERROR),
				 errmsg("\"%s\" must be a plain array", name),
				 errdetail("The array has %d dimensions.", ARR_NDIM(array)),
				 errhint("Write an array of one dimension.")));
}

int
nm_array_elements(ArrayType *array, const char *name, Oid type, Datum **values,
				  bool **nulls)
{
	int16 len;
	bool by_value;
	char align;
	int n;

	nm_check_plain_array(array, name);
	get_typlenbyvalalign(type, &len, &by_value, &align);
	deconstruct_array(array, type, len, by_value, align, values, nulls, &n);
	return n;
}

void
nm_refuse_null_elements(const bool *nulls, int n, const char *name)
{
	for (int i = 0; i < n; i++)
		if (nulls[i])
			ereport(ERROR, (errcode(ERRCODE_NULL_VALUE_NOT_ALLOWED),
							errmsg("\"%s\" must not have null elements", name),
							errdetail("Element %d is null.", i + 1),
							errhint("Leave it out of the array.")));
}
