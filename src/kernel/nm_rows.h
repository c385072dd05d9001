/*
 * nm_rows.h
 *		Rows of set-returning functions, made in a context of their own.
 *
 * Copyright (c) 2026, the nudge_metrics authors; PostgreSQL licence
 */
#ifndef NM_ROWS_H
#define NM_ROWS_H

#include "postgres.h"
#include "access/htup_details.h"
#include "funcapi.h"
#include "utils/memutils.h"
#include "utils/tuplestore.h"

/*
 * Between nm_row_begin and nm_row_end everything is allocated in a context
 * that each nm_row_put empties.
 */
typedef struct NmRowContext
{
	MemoryContext row;
	MemoryContext outer;
} NmRowContext;

static inline void
nm_row_begin(NmRowContext *context)
{
	context->row =
		AllocSetContextCreate(CurrentMemoryContext, "nudge_metrics row",
							  ALLOCSET_SMALL_SIZES);
	context->outer = MemoryContextSwitchTo(context->row);
}

static inline void
nm_row_put(NmRowContext *context, ReturnSetInfo *rsinfo, Datum *values,
		   bool *nulls)
{
	tuplestore_putvalues(rsinfo->setResult, rsinfo->setDesc, values, nulls);
	MemoryContextReset(context->row);
}

static inline void
nm_row_end(NmRowContext *context)
{
	MemoryContextSwitchTo(context->outer);
	MemoryContextDelete(context->row);
}

/* The only row of a function that returns one row, which is no set. */
static inline Datum
nm_one_row(FunctionCallInfo fcinfo, Datum *values, bool *nulls)
{
	TupleDesc desc;

	if (get_call_result_type(fcinfo, NULL, &desc) != TYPEFUNC_COMPOSITE)
		elog(ERROR, "return type must be a row type");
	return HeapTupleGetDatum(heap_form_tuple(BlessTupleDesc(desc), values,
											 nulls));
}

#endif /* NM_ROWS_H */
