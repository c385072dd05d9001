/*
 * refresh.c
 *		What the refresh engine needs and SQL cannot do: to run a statement as
 *		the owner of a relation, to tell its query which keys are computed, and
 *		to know whether a procedure may commit.
 *
 * Rules: doc/refresh.md.
 *
 * Copyright (c) 2026, the nudge_metrics authors; PostgreSQL licence
 */
#include "postgres.h"

#include "access/xact.h"
#include "catalog/pg_class.h"
#include "catalog/pg_type.h"
#include "executor/spi.h"
#include "fmgr.h"
#include "miscadmin.h"
#include "nodes/parsenodes.h"
#include "nodes/supportnodes.h"
#include "optimizer/optimizer.h"
#include "utils/acl.h"
#include "utils/builtins.h"
#include "utils/datum.h"
#include "utils/guc.h"
#include "utils/lsyscache.h"
#include "utils/plancache.h"
#include "utils/rel.h"
#include "utils/syscache.h"
#include "utils/timestamp.h"

#include "nm_compat.h"
#include "nm_refresh_time.h"
#include "nm_rows.h"

static Oid
owner_of(Oid relation)
{
	HeapTuple tuple = SearchSysCache1(RELOID, ObjectIdGetDatum(relation));
	Oid owner;

	if (!HeapTupleIsValid(tuple))
		ereport(ERROR,
				(errcode(ERRCODE_UNDEFINED_TABLE),
				 errmsg("relation with OID %u does not exist", relation)));
	owner = ((Form_pg_class) GETSTRUCT(tuple))->relowner;
	ReleaseSysCache(tuple);
	return owner;
}

/*
 * The one row of a statement, of two numbers and a value of jsonb, as values
 * of the context of the caller.
 */
static void
fetch_row(Datum *values, bool *nulls)
{
	TupleDesc desc = SPI_tuptable == NULL ? NULL : SPI_tuptable->tupdesc;

	if (desc == NULL || SPI_processed != 1 || desc->natts != 3 ||
		TupleDescAttr(desc, 0)->atttypid != INT8OID ||
		TupleDescAttr(desc, 1)->atttypid != INT8OID ||
		TupleDescAttr(desc, 2)->atttypid != JSONBOID)
		elog(ERROR, "statement must return one row of two numbers and a jsonb");
	for (int i = 0; i < 3; i++)
	{
		values[i] =
			SPI_getbinval(SPI_tuptable->vals[0], desc, i + 1, &nulls[i]);
		if (!nulls[i])
			values[i] = SPI_datumTransfer(values[i], i < 2, i < 2 ? 8 : -1);
	}
}

/* What the rights of an owner are taken for, and given back to. */
typedef struct Borrowed
{
	Oid user;
	int context;
	int nest_level;
} Borrowed;

/*
 * As REFRESH MATERIALIZED VIEW does: what is called on the way has the rights
 * of the owner and no others, whoever asks for the refresh, and can leave
 * nothing behind that would run later with the rights of somebody else.  Nobody
 * gets more rights than by SET ROLE.
 */
static Borrowed
become_owner(Oid relation)
{
	Borrowed borrowed;
	Oid owner = owner_of(relation);

	GetUserIdAndSecContext(&borrowed.user, &borrowed.context);
	if (!nm_can_set_role(borrowed.user, owner))
		ereport(ERROR, (errcode(ERRCODE_INSUFFICIENT_PRIVILEGE),
						errmsg("permission denied to act as role \"%s\"",
							   GetUserNameFromId(owner, false)),
						errdetail("Relation \"%s\" belongs to it.",
								  get_rel_name(relation)),
						errhint("Call nudge.refresh() or nudge.verify().")));
	SetUserIdAndSecContext(owner,
						   borrowed.context | SECURITY_RESTRICTED_OPERATION);
	borrowed.nest_level = NewGUCNestLevel();
	(void) set_config_option("search_path", "pg_catalog, pg_temp", PGC_USERSET,
							 PGC_S_SESSION, GUC_ACTION_SAVE, true, 0, false);
	return borrowed;
}

static void
become_self(Borrowed borrowed)
{
	AtEOXact_GUC(false, borrowed.nest_level);
	SetUserIdAndSecContext(borrowed.user, borrowed.context);
}

/*
 * Runs a statement with the rights of the owner of a relation: its first three
 * arguments are the relation, the statement and keys, then come two times.
 */
static Datum
run_as_owner(FunctionCallInfo fcinfo)
{
	Oid types[3] = {TEXTARRAYOID, TIMESTAMPTZOID, TIMESTAMPTZOID};
	Datum arguments[3] = {0};
	char absent[3];
	Datum values[3] = {0};
	bool nulls[3] = {false, false, false};
	Borrowed borrowed;
	char *statement = text_to_cstring(PG_GETARG_TEXT_PP(1));

	for (int i = 0; i < 3; i++)
	{
		absent[i] = i + 2 >= PG_NARGS() || PG_ARGISNULL(i + 2) ? 'n' : ' ';
		if (absent[i] != 'n')
			arguments[i] = PG_GETARG_DATUM(i + 2);
	}

	borrowed = become_owner(PG_GETARG_OID(0));
	SPI_connect();
	if (SPI_execute_with_args(statement, 3, types, arguments, absent, false,
							  0) < 0)
		elog(ERROR, "statement of a refresh failed");
	fetch_row(values, nulls);
	SPI_finish();
	become_self(borrowed);
	return nm_one_row(fcinfo, values, nulls);
}

/* run_as_owner(relation, statement, keys, after, until) */
PG_FUNCTION_INFO_V1(nm_run_as_owner);
Datum
nm_run_as_owner(PG_FUNCTION_ARGS)
{
	if (PG_ARGISNULL(0) || PG_ARGISNULL(1))
		PG_RETURN_NULL();
	PG_RETURN_DATUM(run_as_owner(fcinfo));
}

/* The keys of the batch that is computed; what is passed outlives it. */
static Datum batch_keys = (Datum) 0;

/* Whether a plan that is kept may have been made for these. */
static bool keys_planned = false;

/*
 * Lets others be the keys: plans that were made for those before, as of a
 * statement in PL/pgSQL, are made anew.
 */
static void
set_batch_keys(Datum keys)
{
	batch_keys = keys;
	if (keys_planned)
		ResetPlanCache();
	keys_planned = false;
}

/* compute_as_owner(relation, statement, keys) */
PG_FUNCTION_INFO_V1(nm_compute_as_owner);
Datum
nm_compute_as_owner(PG_FUNCTION_ARGS)
{
	Datum others = batch_keys;
	volatile Datum result = (Datum) 0;

	if (PG_ARGISNULL(0) || PG_ARGISNULL(1))
		PG_RETURN_NULL();
	set_batch_keys(PG_ARGISNULL(2) ? (Datum) 0 : PG_GETARG_DATUM(2));
	PG_TRY();
	{
		result = run_as_owner(fcinfo);
	}
	PG_FINALLY();
	{
		set_batch_keys(others);
	}
	PG_END_TRY();
	PG_RETURN_DATUM(result);
}

/* batch_keys(): the keys of the batch, NULL if it is all or there is none */
PG_FUNCTION_INFO_V1(nm_batch_keys);
Datum
nm_batch_keys(PG_FUNCTION_ARGS)
{
	if (batch_keys == (Datum) 0)
		PG_RETURN_NULL();
	PG_RETURN_DATUM(datumCopy(batch_keys, false, -1));
}

/*
 * batch_keys_support(): while a batch is planned, what batch_keys(query) finds is
 * constant, so that an index or a hash table finds rows by it.  Only of a query
 * that is constant: others would be asked about here again, without end.  And only
 * in a plan: what the executor simplifies alone, as a CHECK, may be kept.
 */
PG_FUNCTION_INFO_V1(nm_batch_keys_support);
Datum
nm_batch_keys_support(PG_FUNCTION_ARGS)
{
	SupportRequestSimplify *request =
		(SupportRequestSimplify *) PG_GETARG_POINTER(0);
	Node *keys = NULL;

	if (IsA(request, SupportRequestSimplify) && request->root != NULL &&
		batch_keys != (Datum) 0 && list_length(request->fcall->args) == 1 &&
		IsA(linitial(request->fcall->args), Const))
		keys = estimate_expression_value(request->root,
										 copyObject((Node *) request->fcall));
	if (keys == NULL || !IsA(keys, Const))
		PG_RETURN_POINTER(NULL);
	keys_planned = true;
	PG_RETURN_POINTER(keys);
}

/* check_may_commit(): an error where the caller of a procedure could not */
PG_FUNCTION_INFO_V1(nm_check_may_commit);
Datum
nm_check_may_commit(PG_FUNCTION_ARGS)
{
	CallContext *context = (CallContext *) fcinfo->context;

	if (context == NULL || !IsA(context, CallContext) || context->atomic)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_TRANSACTION_TERMINATION),
				 errmsg("a refresh cannot run inside a transaction"),
				 errdetail("It commits after each batch, so that what is done stays done."),
				 errhint("Send the CALL alone: without BEGIN, not with other statements in one message, and not from a function.")));
	PG_RETURN_VOID();
}

/* as_of(): the time that a refresh computes for, otherwise now() */
PG_FUNCTION_INFO_V1(nm_as_of);
Datum
nm_as_of(PG_FUNCTION_ARGS)
{
	if (nm_refresh_time == NULL || nm_refresh_time[0] == '\0')
		PG_RETURN_TIMESTAMPTZ(GetCurrentTransactionStartTimestamp());
	return DirectFunctionCall3(timestamptz_in, CStringGetDatum(nm_refresh_time),
							   ObjectIdGetDatum(InvalidOid), Int32GetDatum(-1));
}
