/*
 * nm_guards.c
 *		Reading arguments of SQL functions: words of a list, bounded numbers.
 *
 * Copyright (c) 2026, the nudge_metrics authors; PostgreSQL licence
 */
#include "postgres.h"

#include "lib/stringinfo.h"

#include "nm_guards.h"

int
nm_choice_arg(FunctionCallInfo fcinfo, int argno, const char *name,
			  const char *const *choices)
{
	const char *word = nm_text_arg(fcinfo, argno, choices[0]);
	StringInfoData list;

	for (int i = 0; choices[i] != NULL; i++)
		if (pg_strcasecmp(word, choices[i]) == 0)
			return i;
	initStringInfo(&list);
	for (int i = 0; choices[i] != NULL; i++)
		appendStringInfo(&list, "%s%s", i > 0 ? ", " : "", choices[i]);
	ereport(ERROR, (errcode(ERRCODE_INVALID_PARAMETER_VALUE),
					errmsg("\"%s\" is no value of \"%s\"", nm_clip(word), name),
					errdetail("The values are %s.", list.data),
					errhint("Leave the argument out for %s.", choices[0])));
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
