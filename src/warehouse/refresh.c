/*
 * refresh.c
 *		What the refresh engine needs and SQL cannot do: to run a statement as
 *		the owner of a relation, and to know whether a procedure may commit.
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
#include "utils/acl.h"
#include "utils/builtins.h"
#include "utils/guc.h"
#include "utils/lsyscache.h"
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

/* run_as_owner(relation, statement, keys, after, until) */
PG_FUNCTION_INFO_V1(nm_run_as_owner);
Datum
nm_run_as_owner(PG_FUNCTION_ARGS)
{
	Oid types[3] = {TEXTARRAYOID, TIMESTAMPTZOID, TIMESTAMPTZOID};
	Datum arguments[3];
	char absent[3];
	Datum values[3] = {0};
	bool nulls[3] = {false, false, false};
	Borrowed borrowed;
	char *statement;

	if (PG_ARGISNULL(0) || PG_ARGISNULL(1))
		PG_RETURN_NULL();
	statement = text_to_cstring(PG_GETARG_TEXT_PP(1));
	for (int i = 0; i < 3; i++)
	{
		absent[i] = PG_ARGISNULL(i + 2) ? 'n' : ' ';
		arguments[i] = PG_ARGISNULL(i + 2) ? (Datum) 0 : PG_GETARG_DATUM(i + 2);
	}

	borrowed = become_owner(PG_GETARG_OID(0));
	SPI_connect();
	if (SPI_execute_with_args(statement, 3, types, arguments, absent, false,
							  0) < 0)
		elog(ERROR, "statement of a refresh failed");
	fetch_row(values, nulls);
	SPI_finish();
	become_self(borrowed);
	PG_RETURN_DATUM(nm_one_row(fcinfo, values, nulls));
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
