/*
 * nm_change_log.h
 *		Writing rows of nudge.change_log, many at once.
 *
 * Copyright (c) 2026, the nudge_metrics authors; PostgreSQL licence
 */
#ifndef NM_CHANGE_LOG_H
#define NM_CHANGE_LOG_H

#include "executor/tuptable.h"
#include "nodes/execnodes.h"
#include "utils/rel.h"

/* Rows that are written at once. */
#define NM_CHANGE_LOG_ROWS 256

/* Rows on their way to the log. */
typedef struct NmChangeLog
{
	MemoryContext context;
	Relation relation; /* NULL as long as nothing is written */
	bool is_plain;     /* without indexes and constraints */
	EState *estate;
	ResultRelInfo *info;
	MemoryContext rows;
	Datum source;
	Datum at;
	int nslots;
	int n;
	TupleTableSlot *slots[NM_CHANGE_LOG_ROWS];
} NmChangeLog;

extern void nm_change_log_begin(NmChangeLog *log, Datum source);
extern void nm_change_log_open(NmChangeLog *log);
extern void nm_change_log_put(NmChangeLog *log, Datum key_column, Datum key);
extern void nm_change_log_end(NmChangeLog *log);

#endif /* NM_CHANGE_LOG_H */
