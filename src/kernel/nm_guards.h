/*
 * nm_guards.h
 *		Reading arguments of SQL functions, with each complaint said once.
 *
 * Copyright (c) 2026, the nudge_metrics authors; PostgreSQL licence
 */
#ifndef NM_GUARDS_H
#define NM_GUARDS_H

#include "postgres.h"
#include "fmgr.h"
#include "datatype/timestamp.h"
#include "common/int.h"
#include "mb/pg_wchar.h"
#include "utils/array.h"
#include "utils/builtins.h"
#include "utils/date.h"
#include "utils/timestamp.h"
#include "nm_compat.h"

/* A word of the user for a message: at most 64 bytes, whole characters. */
static inline const char *
nm_clip(const char *word)
{
	return pnstrdup(word, pg_mbcliplen(word, strlen(word), 64));
}

/* Raises if an argument is NULL. */
static inline void
nm_require_arg(FunctionCallInfo fcinfo, int argno, const char *name)
{
	if (PG_ARGISNULL(argno))
		ereport(ERROR, (errcode(ERRCODE_NULL_VALUE_NOT_ALLOWED),
						errmsg("argument \"%s\" must not be null", name),
						errdetail("Nothing could be computed without it."),
						errhint("Leave such rows out with WHERE.")));
}

/* A text argument as C string, or the given default where it is NULL. */
static inline const char *
nm_text_arg(FunctionCallInfo fcinfo, int argno, const char *if_null)
{
	if (PG_ARGISNULL(argno))
		return if_null;
	return text_to_cstring(PG_GETARG_TEXT_PP(argno));
}

/* A finite date argument; *is_set says whether there was one. */
static inline DateADT
nm_date_arg(FunctionCallInfo fcinfo, int argno, const char *name, bool *is_set)
{
	DateADT day;

	*is_set = !PG_ARGISNULL(argno);
	if (!*is_set)
		return 0;
	day = PG_GETARG_DATEADT(argno);
	if (DATE_NOT_FINITE(day))
		ereport(ERROR, (errcode(ERRCODE_DATETIME_VALUE_OUT_OF_RANGE),
						errmsg("argument \"%s\" must be a finite date", name),
						errdetail("Infinity is not a day."),
						errhint("Pass null where an open end is meant.")));
	return day;
}

/* A finite instant; *is_set says whether there was one. */
static inline TimestampTz
nm_instant_arg(FunctionCallInfo fcinfo, int argno, const char *name,
			   bool *is_set)
{
	TimestampTz at;

	*is_set = !PG_ARGISNULL(argno);
	if (!*is_set)
		return 0;
	at = PG_GETARG_TIMESTAMPTZ(argno);
	if (TIMESTAMP_NOT_FINITE(at))
		ereport(ERROR,
				(errcode(ERRCODE_DATETIME_VALUE_OUT_OF_RANGE),
				 errmsg("argument \"%s\" must be a finite instant", name),
				 errdetail("Infinity is not a time."),
				 errhint("Pass null where an open end is meant.")));
	return at;
}

/* Complains about the time of a row. */
pg_noreturn extern void nm_bad_row_time(void);

/* The time of a row as an instant; days begin at midnight in UTC. */
static pg_attribute_always_inline int64
nm_row_time(FunctionCallInfo fcinfo, int argno, bool is_day)
{
	int64 at;

	if (!is_day)
		at = PG_GETARG_TIMESTAMPTZ(argno);
	else if (DATE_NOT_FINITE(PG_GETARG_DATEADT(argno)) ||
			 pg_mul_s64_overflow(PG_GETARG_DATEADT(argno), USECS_PER_DAY, &at))
		nm_bad_row_time();
	if (unlikely(!IS_VALID_TIMESTAMP(at)))
		nm_bad_row_time();
	return at;
}

/* A count that is not negative, or -1 where the argument is NULL. */
extern int64 nm_count_arg(FunctionCallInfo fcinfo, int argno, const char *name);

/* Complains about an array of more than one dimension. */
extern void nm_check_plain_array(const ArrayType *array, const char *name);

/* The elements of a plain array, and how many there are. */
extern int nm_array_elements(ArrayType *array, const char *name, Oid type,
							 Datum **values, bool **nulls);

/* Complains about the first NULL among the elements of an array. */
extern void nm_refuse_null_elements(const bool *nulls, int n, const char *name);

/*
 * Which of the given words, which end with NULL, an argument is, in any case;
 * the first where it is NULL.
 */
extern int nm_choice_arg(FunctionCallInfo fcinfo, int argno, const char *name,
						 const char *const *choices);

/* The same for an argument that has no default and must not be NULL. */
extern int nm_required_choice_arg(FunctionCallInfo fcinfo, int argno,
								  const char *name, const char *const *choices);

/* An integer argument within bounds, or the given default where it is NULL. */
extern int nm_bounded_arg(FunctionCallInfo fcinfo, int argno, const char *name,
						  int if_null, int low, int high);

#endif /* NM_GUARDS_H */
