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
	int found;       /* how often */
	bool *columns;   /* by number */
	bool all;        /* of its columns */
	List *others;    /* relations */
	List *queries;   /* innermost first */
	bool one_column; /* follows columns into subqueries */
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
		else if (from->rtekind == RTE_SUBQUERY && var->varattno > 0 &&
				 reads->one_column)
		{
			List *outer = reads->queries;
			TargetEntry *entry =
				list_nth_node(TargetEntry, from->subquery->targetList,
							  var->varattno - 1);

			reads->queries =
				lcons(from->subquery,
					  list_copy_tail(reads->queries, var->varlevelsup));
			find_reads((Node *) entry->expr, context);
			reads->queries = outer;
		}
		return false;
	}
	return expression_tree_walker(node, find_reads, context);
}

/* An array of names, of which NULL pointers are NULL. */
static Datum
text_array(List *words)
{
	int n = list_length(words);
	Datum *elements = palloc0_array(Datum, Max(n, 1));
	bool *nulls = palloc0_array(bool, Max(n, 1));
	int lower = 1;

	for (int i = 0; i < n; i++)
	{
		char *word = list_nth(words, i);

		nulls[i] = word == NULL;
		if (word != NULL)
			elements[i] = CStringGetTextDatum(word);
	}
	if (n == 0)
		return PointerGetDatum(construct_empty_array(TEXTOID));
	return PointerGetDatum(construct_md_array(elements, nulls, 1, &n, &lower,
											  TEXTOID, -1, false,
											  TYPALIGN_INT));
}

static List *
read_columns(const Reads *reads, TupleDesc desc)
{
	List *names = NIL;

	for (int i = 0; i < desc->natts; i++)
		if (reads->columns[i + 1])
			names = lappend(names, NameStr(TupleDescAttr(desc, i)->attname));
	return names;
}

/* single_columns tells for each column of a view which one it is made of. */
static List *
single_columns(Query *query, Oid relation, TupleDesc desc)
{
	List *names = NIL;
	ListCell *cell;

	foreach (cell, query->targetList)
	{
		TargetEntry *entry = lfirst_node(TargetEntry, cell);
		Reads reads = {.relation = relation, .one_column = true};
		List *found;

		if (entry->resjunk)
			continue;
		reads.columns = palloc0_array(bool, desc->natts + 1);
		reads.queries = list_make1(query);
		find_reads((Node *) entry->expr, &reads);
		found = read_columns(&reads, desc);
		names = lappend(names, reads.all || list_length(found) != 1
								   ? NULL
								   : linitial(found));
	}
	return names;
}

/* view_reads(view, relation, OUT columns, OUT others, OUT singles) */
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
	Datum values[3];
	bool nulls[3] = {false, false, false};

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
	values[0] = text_array(read_columns(&reads, desc));
	nulls[0] = reads.all;
	foreach (cell, reads.others)
		names =
			lappend(names,
					quote_qualified_identifier(get_namespace_name(get_rel_namespace(lfirst_oid(cell))),
											   get_rel_name(lfirst_oid(cell))));
	values[1] = text_array(names);
	values[2] =
		text_array(single_columns(get_view_query(view), reads.relation, desc));
	table_close(relation, AccessShareLock);
	table_close(view, AccessShareLock);
	return nm_one_row(fcinfo, values, nulls);
}
