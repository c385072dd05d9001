/*
 * sources.c
 *		What a user has written as an expression or a query of a source: whether
 *		it is one and nothing more, and of which type.  Nothing of it is run.
 *
 * Rules: doc/sources.md.
 *
 * Copyright (c) 2026, the nudge_metrics authors; PostgreSQL licence
 */
#include "postgres.h"

#include "fmgr.h"
#include "funcapi.h"
#include "nodes/nodeFuncs.h"
#include "optimizer/optimizer.h"
#include "parser/analyze.h"
#include "parser/parser.h"
#include "utils/builtins.h"
#include "utils/fmgroids.h"
#include "utils/lsyscache.h"

#include "nm_currency.h"
#include "nm_rows.h"

/* Says where in the text of the user an error is, and not in the statement. */
static void
show_text(void *arg)
{
	int position = geterrposition();

	if (position > 0)
	{
		errposition(0);
		internalerrposition(position);
		internalerrquery((const char *) arg);
	}
}

static List *
parse(const char *sql, RawParseMode mode)
{
	ErrorContextCallback context = {.previous = error_context_stack,
									.callback = show_text,
									.arg = unconstify(char *, sql)};
	List *statements;

	error_context_stack = &context;
	statements = raw_parser(sql, mode);
	error_context_stack = context.previous;
	return statements;
}

/* One statement and what its names mean; it is not run. */
static Query *
analyze(const char *sql)
{
	List *statements = parse(sql, RAW_PARSE_DEFAULT);
	ErrorContextCallback context = {.previous = error_context_stack,
									.callback = show_text,
									.arg = unconstify(char *, sql)};
	Query *query;

	Assert(list_length(statements) == 1);
	error_context_stack = &context;
	query = parse_analyze_fixedparams(linitial_node(RawStmt, statements), sql,
									  NULL, 0, NULL);
	error_context_stack = context.previous;
	return query;
}

/* Raises unless a text is one expression, whatever it is put between. */
static void
check_single_expression(const char *expression)
{
	List *statements = parse(expression, RAW_PARSE_PLPGSQL_EXPR);
	SelectStmt *all =
		castNode(SelectStmt, linitial_node(RawStmt, statements)->stmt);

	/* this kind of parsing lets in what may stand behind SELECT */
	if (list_length(all->targetList) != 1 ||
		linitial_node(ResTarget, all->targetList)->name != NULL ||
		all->distinctClause != NIL || all->fromClause != NIL ||
		all->whereClause != NULL || all->groupClause != NIL ||
		all->havingClause != NULL || all->windowClause != NIL ||
		all->sortClause != NIL || all->limitOffset != NULL ||
		all->limitCount != NULL || all->lockingClause != NIL)
		ereport(ERROR,
				(errcode(ERRCODE_SYNTAX_ERROR),
				 errmsg("it is not one expression"),
				 errdetail("It is put where one value of a row is expected."),
				 errhint("Write one expression over r, a row of the source. A query of your own is passed as \"query\".")));
}

/* single_select(query) */
PG_FUNCTION_INFO_V1(nm_single_select);
Datum
nm_single_select(PG_FUNCTION_ARGS)
{
	char *query = text_to_cstring(PG_GETARG_TEXT_PP(0));
	List *statements = parse(query, RAW_PARSE_DEFAULT);
	RawStmt *statement;
	SelectStmt *all;

	statement = statements == NIL ? NULL : linitial_node(RawStmt, statements);
	all = statement != NULL && IsA(statement->stmt, SelectStmt)
			  ? (SelectStmt *) statement->stmt
			  : NULL;
	if (list_length(statements) != 1 || all == NULL ||
		all->intoClause != NULL || all->lockingClause != NIL)
		ereport(ERROR,
				(errcode(ERRCODE_SYNTAX_ERROR), errmsg("it is not one SELECT"),
				 errdetail("A view is made of it."),
				 errhint("Write one SELECT, without INTO or FOR UPDATE.")));
	/* a length of 0 is all of it: there was no semicolon */
	query += statement->stmt_location;
	if (statement->stmt_len > 0)
		query = pnstrdup(query, statement->stmt_len);
	PG_RETURN_TEXT_P(cstring_to_text(query));
}

/* query_columns(query) */
PG_FUNCTION_INFO_V1(nm_query_columns);
Datum
nm_query_columns(PG_FUNCTION_ARGS)
{
	Query *query = analyze(text_to_cstring(PG_GETARG_TEXT_PP(0)));
	ReturnSetInfo *rsinfo = (ReturnSetInfo *) fcinfo->resultinfo;
	ListCell *cell;

	InitMaterializedSRF(fcinfo, 0);
	foreach (cell, query->targetList)
	{
		TargetEntry *column = lfirst_node(TargetEntry, cell);
		Datum values[2];
		bool nulls[2] = {false, false};

		if (column->resjunk)
			continue;
		values[0] = CStringGetTextDatum(column->resname);
		values[1] =
			ObjectIdGetDatum(getBaseType(exprType((Node *) column->expr)));
		tuplestore_putvalues(rsinfo->setResult, rsinfo->setDesc, values, nulls);
	}
	return (Datum) 0;
}

/* Whether a value depends on who reads it, in which time zone. */
static bool
depends_on_session(Node *node, void *context)
{
	if (node == NULL)
		return false;
	if (IsA(node, FuncExpr))
	{
		switch (((FuncExpr *) node)->funcid)
		{
			case F_TIMESTAMPTZ_TIMESTAMP:
			case F_TIMESTAMPTZ_DATE:
			case F_TIMESTAMP_TIMESTAMPTZ:
			case F_DATE_TIMESTAMPTZ:
			case F_TIME_TIMESTAMPTZ:
			case F_DATE_TRUNC_TEXT_TIMESTAMPTZ:
				return true;
			default:
				break;
		}
	}
	if (IsA(node, SQLValueFunction))
	{
		SQLValueFunctionOp asked = ((SQLValueFunction *) node)->op;

		return asked != SVFOP_CURRENT_TIMESTAMP &&
			   asked != SVFOP_CURRENT_TIMESTAMP_N;
	}
	if (IsA(node, Query))
		return query_tree_walker((Query *) node, depends_on_session, context,
								 0);
	return expression_tree_walker(node, depends_on_session, context);
}

/* expression_type(expression, source_from) */
PG_FUNCTION_INFO_V1(nm_expression_type);
Datum
nm_expression_type(PG_FUNCTION_ARGS)
{
	char *expression = text_to_cstring(PG_GETARG_TEXT_PP(0));
	char *source_from = text_to_cstring(PG_GETARG_TEXT_PP(1));
	Query *query;
	Node *value;
	Datum values[2];
	bool nulls[2] = {false, false};

	check_single_expression(expression);
	query = analyze(psprintf("SELECT (%s\n) FROM %s", expression, source_from));
	value = (Node *) linitial_node(TargetEntry, query->targetList)->expr;

	if (query->hasAggs || query->hasWindowFuncs || query->hasTargetSRFs)
		ereport(ERROR,
				(errcode(ERRCODE_FEATURE_NOT_SUPPORTED),
				 errmsg("it is not a value of one row"),
				 errdetail("Aggregates, window functions and functions that return sets look at other rows or make them."),
				 errhint("Pass a query that computes them: query => 'SELECT ...'.")));
	if (contain_volatile_functions(value))
		ereport(ERROR,
				(errcode(ERRCODE_FEATURE_NOT_SUPPORTED),
				 errmsg("it calls a volatile function"),
				 errdetail("Each reading would give something else."),
				 errhint("Declare your own functions as STABLE or IMMUTABLE if that is what they are.")));
	if (depends_on_session(value, NULL))
		ereport(ERROR,
				(errcode(ERRCODE_FEATURE_NOT_SUPPORTED),
				 errmsg("it depends on the session of the reader"),
				 errdetail("It asks for the user or the day, or converts between timestamp or date and timestamptz without saying in which zone."),
				 errhint("Write r.\"user\" for a column of that name. Pass the zone with \"zone\" and leave out the cast, or write AT TIME ZONE.")));
	values[0] = ObjectIdGetDatum(getBaseType(exprType(value)));
	values[1] = ObjectIdGetDatum(exprCollation(value));
	return nm_one_row(fcinfo, values, nulls);
}

/* source_minor_unit(currency) */
PG_FUNCTION_INFO_V1(nm_source_minor_unit);
Datum
nm_source_minor_unit(PG_FUNCTION_ARGS)
{
	text *currency = PG_GETARG_TEXT_PP(0);
	int decimals = -1;

	if (VARSIZE_ANY_EXHDR(currency) == NM_CURRENCY_LEN)
		decimals =
			nm_currency_decimals(nm_currency_pack(VARDATA_ANY(currency)));
	if (decimals < 0)
		PG_RETURN_NULL();
	PG_RETURN_INT32(decimals);
}
