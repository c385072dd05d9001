/*
 * change_log.c
 *		Rows of nudge.change_log, written by trusted code whatever rights the writer
 *		has, without what costs where there is nothing to check.
 *
 * Rules: doc/capture.md.
 *
 * Copyright (c) 2026, the nudge_metrics authors; PostgreSQL licence
 */
#include "postgres.h"

#include "access/table.h"
#include "access/tableam.h"
#include "access/xact.h"
#include "catalog/namespace.h"
#include "executor/executor.h"
#include "utils/lsyscache.h"
#include "utils/memutils.h"
#include "utils/timestamp.h"

#include "nm_change_log.h"

/* Columns of the log. */
enum
{
	LOG_SOURCE,
	LOG_KEY_COLUMN,
	LOG_KEY,
	LOG_AT,
	LOG_COLUMNS
};

/* About as many bytes are written at once. */
#define LOG_BYTES (256 * 1024)

void
nm_change_log_begin(NmChangeLog *log, Datum source)
{
	log->context = CurrentMemoryContext;
	log->relation = NULL;
	log->source = source;
}

/* Whether rows of the log need no more than to be written. */
static bool
is_plain(Relation log)
{
	TupleDesc desc = RelationGetDescr(log);

	return !log->rd_rel->relhasindex && desc->natts == LOG_COLUMNS &&
		   !TupleDescAttr(desc, LOG_KEY_COLUMN)->attnotnull &&
		   !TupleDescAttr(desc, LOG_KEY)->attnotnull &&
		   (desc->constr == NULL || desc->constr->num_check == 0);
}

/* Opens the log with the first key: most changes have no new one. */
void
nm_change_log_open(NmChangeLog *log)
{
	Oid schema;

	if (log->relation != NULL)
		return;
	schema = get_namespace_oid("nudge", false);

	log->relation =
		table_open(get_relname_relid("change_log", schema), RowExclusiveLock);
	if (RelationGetDescr(log->relation)->natts < LOG_COLUMNS ||
		log->relation->rd_rel->relkind != RELKIND_RELATION)
		elog(ERROR, "nudge.change_log is not the table of this extension");
	log->is_plain = is_plain(log->relation);
	log->estate = NULL;
	log->info = NULL;
	log->rows = AllocSetContextCreate(log->context, "nudge_metrics change log",
									  ALLOCSET_SMALL_SIZES);
	log->at = TimestampTzGetDatum(GetCurrentTimestamp());
	log->nslots = 0;
	log->n = 0;
}

/* The way of the executor, for a log with indexes or constraints. */
static void
log_insert_checked(NmChangeLog *log)
{
	if (log->estate == NULL)
	{
		MemoryContext outer = MemoryContextSwitchTo(log->context);

		log->estate = CreateExecutorState();
		log->info = makeNode(ResultRelInfo);
		InitResultRelInfo(log->info, log->relation, 0, NULL, 0);
		/* triggers of users are not for trusted code */
		log->info->ri_TrigDesc = NULL;
		ExecOpenIndices(log->info, false);
		MemoryContextSwitchTo(outer);
	}
	for (int i = 0; i < log->n; i++)
	{
		ExecSimpleRelationInsert(log->info, log->estate, log->slots[i]);
		ResetPerTupleExprContext(log->estate);
	}
}

static void
log_flush(NmChangeLog *log)
{
	MemoryContext outer = MemoryContextSwitchTo(log->rows);

	if (!log->is_plain)
		log_insert_checked(log);
	else if (log->n == 1)
		table_tuple_insert(log->relation, log->slots[0],
						   GetCurrentCommandId(true), 0, NULL);
	else if (log->n > 1)
		table_multi_insert(log->relation, log->slots, log->n,
						   GetCurrentCommandId(true), 0, NULL);
	for (int i = 0; i < log->n; i++)
		ExecClearTuple(log->slots[i]);
	log->n = 0;
	MemoryContextSwitchTo(outer);
	MemoryContextReset(log->rows);
}

/*
 * Takes a key, which is made in log->rows, 0 for a row that has none,
 * and twice 0 for everything.
 */
void
nm_change_log_put(NmChangeLog *log, Datum key_column, Datum key)
{
	TupleTableSlot *slot;

	if (log->n == log->nslots)
	{
		MemoryContext outer = MemoryContextSwitchTo(log->context);

		log->slots[log->nslots++] =
			MakeSingleTupleTableSlot(RelationGetDescr(log->relation),
									 &TTSOpsVirtual);
		MemoryContextSwitchTo(outer);
	}
	slot = log->slots[log->n++];
	for (int i = 0; i < slot->tts_tupleDescriptor->natts; i++)
		slot->tts_isnull[i] = i >= LOG_COLUMNS;
	slot->tts_values[LOG_SOURCE] = log->source;
	slot->tts_values[LOG_KEY_COLUMN] = key_column;
	slot->tts_values[LOG_KEY] = key;
	slot->tts_values[LOG_AT] = log->at;
	slot->tts_isnull[LOG_KEY_COLUMN] = key_column == 0;
	slot->tts_isnull[LOG_KEY] = key == 0;
	ExecStoreVirtualTuple(slot);
	if (log->n == NM_CHANGE_LOG_ROWS ||
		MemoryContextMemAllocated(log->rows, false) > LOG_BYTES)
		log_flush(log);
}

void
nm_change_log_end(NmChangeLog *log)
{
	if (log->relation == NULL)
		return;
	log_flush(log);
	for (int i = 0; i < log->nslots; i++)
		ExecDropSingleTupleTableSlot(log->slots[i]);
	if (log->estate != NULL)
	{
		ExecCloseIndices(log->info);
		FreeExecutorState(log->estate);
	}
	MemoryContextDelete(log->rows);
	/* the lock stays to the end of the transaction, as that of any writer */
	table_close(log->relation, NoLock);
}
