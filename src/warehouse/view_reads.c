/*
 * view_reads.c
 *		What the view of a source reads: of its table which columns, and which
 *		other rows.
 *
 * Rules: doc/capture.md.
 *
 * Copyright (c) 2026, the nudge_metrics authors; PostgreSQL licence
 */
#include "postgres.h"

#include "access/table.h"
#include "catalog/pg_type.h"
#include "miscadmin.h"
#include "nodes/nodeFuncs.h"
#include "parser/parsetree.h"
#include "rewrite/rewriteHandler.h"
#include "utils/array.h"
#include "utils/builtins.h"
#include "utils/lsyscache.h"
#include "utils/rel.h"

#include "nm_compat.h"
#include "nm_rows.h"

typedef struct Reads
{
	Oid view;
	Oid relation;
	int found;     /* how often */
	bool *columns; /* by number */
	bool all;      /* of its columns */
	List *others;  /* relations */
	List *queries; /* innermost first */
} Reads;

static bool
find_reads(Node *node, void *context)
{
	Reads *reads = (Reads *) context;

	if (node == NULL)
		return false;
	check_stack_depth();
	if (IsA(node, Query))
	{
		Query *query = (Query *) node;
		ListCell *cell;

		foreach (cell, query->rtable)
		{
			RangeTblEntry *from = lfirst_node(RangeTblEntry, cell);

			/* until version 15 the view itself is there, as OLD and NEW */
			if (from->rtekind != RTE_RELATION || from->relid == reads->view)
				continue;
			if (from->relid != reads->relation || reads->found++ > 0)
				reads->others =
					list_append_unique_oid(reads->others, from->relid);
		}
		reads->queries = lcons(query, reads->queries);
		query_tree_walker(query, find_reads, context, 0);
		reads->queries = list_delete_first(reads->queries);
		return false;
	}
	if (IsA(node, Var))
	{
		Var *var = (Var *) node;
		Query *query = list_nth_node(Query, reads->queries, var->varlevelsup);
		RangeTblEntry *from = rt_fetch(var->varno, query->rtable);

		if (from->rtekind == RTE_RELATION && from->relid == reads->relation)
		{
			if (var->varattno > 0)
				reads->columns[var->varattno] = true;
			else
				reads->all = true;
		}
		return false;
	}
	return expression_tree_walker(node, find_reads, context);
}

static Datum
text_array(List *words)
{
	Datum *elements = palloc_array(Datum, Max(list_length(words), 1));
	int n = 0;
	ListCell *cell;

	foreach (cell, words)
		elements[n++] = CStringGetTextDatum((char *) lfirst(cell));
	return PointerGetDatum(construct_array(elements, n, TEXTOID, -1, false,
										   TYPALIGN_INT));
}

/* view_reads(view, relation, OUT columns, OUT others) */
PG_FUNCTION_INFO_V1(nm_view_reads);
Datum
nm_view_reads(PG_FUNCTION_ARGS)
{
	Relation view = try_table_open(PG_GETARG_OID(0), AccessShareLock);
	Relation relation = try_table_open(PG_GETARG_OID(1), AccessShareLock);
	TupleDesc desc;
	Reads reads = {0};
	List *names = NIL;
	ListCell *cell;
	Datum values[2];
	bool nulls[2] = {false, false};

	if (view == NULL || relation == NULL)
	{
		if (view != NULL)
			table_close(view, AccessShareLock);
		if (relation != NULL)
			table_close(relation, AccessShareLock);
		PG_RETURN_NULL();
	}
	if (view->rd_rel->relkind != RELKIND_VIEW)
		ereport(ERROR,
				(errcode(ERRCODE_WRONG_OBJECT_TYPE),
				 errmsg("\"%s\" is not a view", RelationGetRelationName(view)),
				 errdetail("Its query is looked at."),
				 errhint("Pass a view, such as that of a source.")));
	desc = RelationGetDescr(relation);
	reads.view = RelationGetRelid(view);
	reads.relation = RelationGetRelid(relation);
	reads.columns = palloc0_array(bool, desc->natts + 1);
	find_reads((Node *) get_view_query(view), &reads);
	for (int i = 0; i < desc->natts; i++)
		if (reads.columns[i + 1])
			names = lappend(names, NameStr(TupleDescAttr(desc, i)->attname));
	values[0] = text_array(names);
	nulls[0] = reads.all;
	names = NIL;
	foreach (cell, reads.others)
		names =
			lappend(names,
					quote_qualified_identifier(get_namespace_name(get_rel_namespace(lfirst_oid(cell))),
											   get_rel_name(lfirst_oid(cell))));
	values[1] = text_array(names);
	table_close(relation, AccessShareLock);
	table_close(view, AccessShareLock);
	return nm_one_row(fcinfo, values, nulls);
}
