/*
 * capture.c
 *		Change capture: the trigger that writes down, in the transaction of the
 *		writer, the keys of the rows that a statement has changed.
 *
 * It must never be in the way of a writer.  What it cannot tell, since a column
 * is gone or a trigger was made by hand without transition tables, it writes
 * down as "everything", which is always right.  It writes to one table by
 * itself, so writers need no rights on that, and calls nothing of users but the
 * output functions of their types.
 *
 * Rules: doc/capture.md.
 *
 * Copyright (c) 2026, the nudge_metrics authors; PostgreSQL licence
 */
#include "postgres.h"

#include "access/htup_details.h"
#include "access/table.h"
#include "access/tableam.h"
#include "access/xact.h"
#include "catalog/pg_inherits.h"
#include "catalog/pg_type.h"
#include "commands/trigger.h"
#include "common/hashfn.h"
#include "executor/executor.h"
#include "miscadmin.h"
#include "utils/builtins.h"
#include "utils/datum.h"
#include "utils/lsyscache.h"
#include "utils/memutils.h"
#include "utils/rel.h"
#include "utils/tuplestore.h"

#include "nm_change_log.h"
#include "nm_compat.h"

/* Stands for NULL as the key column of an "everything" row. */
#define EVERYTHING (-1)

/* Stands for the keys of a row that has none. */
#define NO_KEY (-2)

/* Stands for the length of a key that is a value by itself. */
#define BY_VALUE ((Size) -1)

/* A key that was written down: its column and its bytes, or its value. */
typedef struct SeenKey
{
	uint32 hash;
	int column;
	Size len;
	union
	{
		const char *data;
		Datum value;
	} is;
} SeenKey;

typedef struct SeenEntry
{
	SeenKey key;
	char status;
} SeenEntry;

static inline bool
same_key(SeenKey a, SeenKey b)
{
	return a.hash == b.hash && a.column == b.column && a.len == b.len &&
		   (a.len == BY_VALUE ? a.is.value == b.is.value
							  : memcmp(a.is.data, b.is.data, a.len) == 0);
}

#define SH_PREFIX seen
#define SH_ELEMENT_TYPE SeenEntry
#define SH_KEY_TYPE SeenKey
#define SH_KEY key
#define SH_HASH_KEY(table, key) ((key).hash)
#define SH_EQUAL(table, a, b) same_key(a, b)
#define SH_STORE_HASH
#define SH_GET_HASH(table, entry) ((entry)->key.hash)
#define SH_SCOPE static inline
#define SH_DECLARE
#define SH_DEFINE
#include "lib/simplehash.h"

/* A key column. */
typedef struct Key
{
	Datum name; /* of the column of the input */
	AttrNumber attnum;
	Oid base_type;
	int16 length;
	bool by_value;
	FmgrInfo output;
} Key;

/* What a trigger has to do, and which keys it has written down. */
typedef struct Capture
{
	MemoryContext context;
	Datum source;
	int nkeys;
	Key *keys;
	bool no_keys;        /* none is asked for, or one cannot be told */
	int nwatched;        /* columns whose change counts, */
	AttrNumber *watched; /* or NULL for all of them */
	int last;            /* highest attribute that is looked at, */
	int last_key;        /* and that is a key */

	MemoryContext row; /* emptied with each row */
	MemoryContext seen_context;
	seen_hash *seen;
	CommandId command; /* in which they were seen */
} Capture;

/* What a trigger has to do */

/*
 * find_column returns the number of a column that has a value in the rows of a
 * trigger; 0 if it was dropped or renamed, or is computed when it is read.
 */
static AttrNumber
find_column(TupleDesc desc, const char *name)
{
	for (int i = 0; i < desc->natts; i++)
	{
		Form_pg_attribute column = TupleDescAttr(desc, i);

		if (!column->attisdropped &&
			strcmp(NameStr(column->attname), name) == 0)
			return column->attgenerated == '\0' ||
						   column->attgenerated == ATTRIBUTE_GENERATED_STORED
					   ? column->attnum
					   : 0;
	}
	return 0;
}

static void
read_key(Capture *capture, TupleDesc desc, const char *name, const char *column)
{
	Key *key = &capture->keys[capture->nkeys++];
	Form_pg_attribute attribute;
	Oid output;
	bool is_varlena;

	key->attnum = find_column(desc, column);
	if (key->attnum == 0)
	{
		capture->no_keys = true;
		return;
	}
	attribute = TupleDescAttr(desc, key->attnum - 1);
	key->name = CStringGetTextDatum(name);
	key->base_type = getBaseType(attribute->atttypid);
	key->length = attribute->attlen;
	key->by_value = attribute->attbyval;
	getTypeOutputInfo(attribute->atttypid, &output, &is_varlena);
	fmgr_info_cxt(output, &key->output, capture->context);
	capture->last = Max(capture->last, key->attnum);
	capture->last_key = Max(capture->last_key, key->attnum);
}

/* read_watched takes the columns whose change counts; none stand for all. */
static void
read_watched(Capture *capture, TupleDesc desc, char **names, int n)
{
	if (n == 0)
		return;
	capture->watched = palloc_array(AttrNumber, n + capture->nkeys);
	for (int i = 0; i < n; i++)
	{
		AttrNumber attnum = find_column(desc, names[i]);

		if (attnum == 0)
		{
			capture->watched = NULL;
			return;
		}
		capture->watched[capture->nwatched++] = attnum;
		capture->last = Max(capture->last, attnum);
	}
	for (int i = 0; i < capture->nkeys; i++)
		if (capture->keys[i].attnum != 0)
			capture->watched[capture->nwatched++] = capture->keys[i].attnum;
}

/*
 * is_renamed tells whether a column has another name than when the trigger was
 * made: another one may have got its name since.  The last argument has the
 * table by its number, and those of the key columns and the watched ones.  A
 * table that was restored from a dump is another: there the names are right.
 */
static bool
is_renamed(Relation relation, char **args, int nkeys, int nwatched)
{
	char **watched = args + 2 * nkeys + 2;
	char *numbers = watched[nwatched + 1];
	Oid table = (Oid) strtoul(numbers, &numbers, 10);
	Oid type = get_rel_type_id(table);

	if (!OidIsValid(type) ||
		(table != RelationGetRelid(relation) &&
		 !typeInheritsFrom(relation->rd_rel->reltype, type)))
		return false;
	for (int i = 0; i < nkeys + nwatched; i++)
	{
		const char *name = i < nkeys ? args[2 * i + 2] : watched[i - nkeys];
		AttrNumber number = (AttrNumber) strtol(numbers, &numbers, 10);
		char *now = get_attname(table, number, true);

		if (now == NULL || strcmp(name, now) != 0)
			return true;
	}
	return false;
}

static void
forget_seen(Capture *capture)
{
	MemoryContextReset(capture->seen_context);
	capture->seen = seen_create(capture->seen_context, 16, NULL);
}

/* source, key column, column, ..., '', watched column, ..., '', numbers */
static void
read_arguments(Capture *capture, Relation relation, char **args, int n)
{
	TupleDesc desc = RelationGetDescr(relation);
	int at = 1;
	int end;

	capture->keys = palloc0_array(Key, n);
	for (; at + 1 < n && args[at][0] != '\0'; at += 2)
		read_key(capture, desc, args[at], args[at + 1]);
	if (at == n)
		return;
	if (args[at][0] != '\0')
	{
		capture->no_keys = true;
		return;
	}
	for (end = at + 1; end < n && args[end][0] != '\0';)
		end++;
	if (end + 1 < n && is_renamed(relation, args, capture->nkeys, end - at - 1))
		capture->no_keys = true;
	else
		read_watched(capture, desc, &args[at + 1], end - at - 1);
}

/* read_trigger reads the arguments of a trigger, once in a statement. */
static Capture *
read_trigger(TriggerData *data, MemoryContext parent)
{
	Trigger *trigger = data->tg_trigger;
	MemoryContext context =
		AllocSetContextCreate(parent, "nudge_metrics capture",
							  ALLOCSET_SMALL_SIZES);
	MemoryContext outer = MemoryContextSwitchTo(context);
	Capture *capture = palloc0_object(Capture);

	capture->context = context;
	capture->source = CStringGetTextDatum(trigger->tgargs[0]);
	read_arguments(capture, data->tg_relation, trigger->tgargs,
				   trigger->tgnargs);
	if (capture->nkeys == 0)
		capture->no_keys = true;
	if (capture->watched == NULL)
		capture->last = RelationGetDescr(data->tg_relation)->natts;
	capture->row = AllocSetContextCreate(context, "nudge_metrics captured row",
										 ALLOCSET_SMALL_SIZES);
	capture->seen_context =
		AllocSetContextCreate(context, "nudge_metrics captured keys",
							  ALLOCSET_SMALL_SIZES);
	forget_seen(capture);
	MemoryContextSwitchTo(outer);
	return capture;
}

/* Keys of rows */

/*
 * remember tells whether a key is new in this statement, and remembers it.  What
 * takes too much memory is forgotten: a key may be written down twice.
 */
static bool
remember(Capture *capture, SeenKey key)
{
	bool found;

	if (key.len == BY_VALUE)
		key.hash =
			hash_combine(murmurhash32((uint32) key.is.value),
						 murmurhash32((uint32) ((uint64) key.is.value >> 32)));
	else
		key.hash =
			hash_bytes((const unsigned char *) key.is.data, (int) key.len);
	key.hash = hash_combine(key.hash, (uint32) key.column);
	if (seen_lookup(capture->seen, key) != NULL)
		return false;
	if (MemoryContextMemAllocated(capture->seen_context, true) >
		(Size) work_mem * 1024)
		forget_seen(capture);
	if (key.len != BY_VALUE)
	{
		char *copy = MemoryContextAlloc(capture->seen_context, Max(key.len, 1));

		memcpy(copy, key.is.data, key.len);
		key.is.data = copy;
	}
	seen_insert(capture->seen, key, &found);
	return true;
}

static void
note_everything(Capture *capture, NmChangeLog *log)
{
	SeenKey key = {.column = EVERYTHING, .len = BY_VALUE};

	if (remember(capture, key))
	{
		nm_change_log_open(log);
		nm_change_log_put(log, (Datum) 0, (Datum) 0);
	}
}

/* A row whose keys are all NULL: no key has changed, but the source has. */
static void
note_no_key(Capture *capture, NmChangeLog *log)
{
	SeenKey key = {.column = NO_KEY, .len = BY_VALUE};

	if (remember(capture, key))
	{
		nm_change_log_open(log);
		nm_change_log_put(log, capture->keys[0].name, (Datum) 0);
	}
}

/* A key as the text that the staging view has: as by a cast to text. */
static Datum
key_text(Key *key, Datum value)
{
	switch (key->base_type)
	{
		case BOOLOID:
			return CStringGetTextDatum(DatumGetBool(value) ? "true" : "false");
		case BPCHAROID:
		{
			BpChar *padded = DatumGetBpCharPP(value);
			char *data = VARDATA_ANY(padded);
			int length = bpchartruelen(data, VARSIZE_ANY_EXHDR(padded));

			return PointerGetDatum(cstring_to_text_with_len(data, length));
		}
		case TEXTOID:
		case VARCHAROID:
			return PointerGetDatum(DatumGetTextPCopy(value));
		default:
			return CStringGetTextDatum(OutputFunctionCall(&key->output, value));
	}
}

/* What of a value is compared, if fetched; equal ones have the same text. */
static SeenKey
seen_key(const Key *key, int column, Datum *value)
{
	SeenKey seen = {.column = column};

	if (key->by_value)
	{
		seen.len = BY_VALUE;
		seen.is.value = *value;
	}
	else if (key->length == -1)
	{
		struct varlena *plain = PG_DETOAST_DATUM_PACKED(*value);

		*value = PointerGetDatum(plain);
		seen.len = VARSIZE_ANY_EXHDR(plain);
		seen.is.data = VARDATA_ANY(plain);
	}
	else
	{
		seen.len = (Size) key->length;
		seen.is.data = DatumGetPointer(*value);
	}
	return seen;
}

/* note_row writes down the keys of a row. */
static void
note_row(Capture *capture, NmChangeLog *log, TupleTableSlot *slot)
{
	bool has_key = false;

	if (capture->no_keys)
	{
		note_everything(capture, log);
		return;
	}
	for (int i = 0; i < capture->nkeys; i++)
	{
		Key *key = &capture->keys[i];
		Datum value = slot->tts_values[key->attnum - 1];

		if (slot->tts_isnull[key->attnum - 1])
			continue;
		has_key = true;
		if (remember(capture, seen_key(key, i, &value)))
		{
			MemoryContext outer;
			Datum text;

			nm_change_log_open(log);
			outer = MemoryContextSwitchTo(log->rows);
			text = key_text(key, value);
			MemoryContextSwitchTo(outer);
			nm_change_log_put(log, key->name, text);
		}
	}
	if (!has_key)
		note_no_key(capture, log);
}

static bool
same_value(Form_pg_attribute column, Datum a, Datum b)
{
	/* the same toasted value is not fetched */
	if (column->attlen == -1 && VARATT_IS_EXTERNAL_ONDISK(DatumGetPointer(a)) &&
		VARATT_IS_EXTERNAL_ONDISK(DatumGetPointer(b)) &&
		memcmp(DatumGetPointer(a), DatumGetPointer(b),
			   VARSIZE_EXTERNAL(DatumGetPointer(a))) == 0)
		return true;
	return datum_image_eq(a, b, column->attbyval, column->attlen);
}

/* Tells whether an update has changed a column that is watched. */
static bool
is_changed(Capture *capture, TupleTableSlot *before, TupleTableSlot *after)
{
	int n = capture->watched == NULL ? capture->last : capture->nwatched;

	for (int i = 0; i < n; i++)
	{
		int at = capture->watched == NULL ? i : capture->watched[i] - 1;
		Form_pg_attribute column =
			TupleDescAttr(before->tts_tupleDescriptor, at);

		if (column->attisdropped)
			continue;
		if (before->tts_isnull[at] != after->tts_isnull[at])
			return true;
		if (!before->tts_isnull[at] &&
			!same_value(column, before->tts_values[at], after->tts_values[at]))
			return true;
	}
	return false;
}

/* note_change writes down the keys of a row; either may be missing. */
static void
note_change(Capture *capture, NmChangeLog *log, TupleTableSlot *before,
			TupleTableSlot *after)
{
	int last =
		before != NULL && after != NULL ? capture->last : capture->last_key;
	MemoryContext outer;

	if (before != NULL)
		slot_getsomeattrs(before, last);
	if (after != NULL)
		slot_getsomeattrs(after, last);
	outer = MemoryContextSwitchTo(capture->row);
	if (before == NULL || after == NULL || is_changed(capture, before, after))
	{
		if (before != NULL)
			note_row(capture, log, before);
		if (after != NULL)
			note_row(capture, log, after);
	}
	MemoryContextSwitchTo(outer);
	MemoryContextReset(capture->row);
}

/* Statements */

/* A reader of a transition table that leaves other triggers their place. */
static int
open_rows(Tuplestorestate *rows)
{
	int pointer = tuplestore_alloc_read_pointer(rows, EXEC_FLAG_REWIND);

	tuplestore_select_read_pointer(rows, pointer);
	tuplestore_rescan(rows);
	return pointer;
}

static void
note_rows(Capture *capture, NmChangeLog *log, TupleDesc desc,
		  Tuplestorestate *rows)
{
	TupleTableSlot *slot;

	if (rows == NULL)
		return;
	open_rows(rows);
	slot = MakeSingleTupleTableSlot(desc, &TTSOpsMinimalTuple);
	while (tuplestore_gettupleslot(rows, true, false, slot))
	{
		CHECK_FOR_INTERRUPTS();
		note_change(capture, log, slot, NULL);
	}
	ExecDropSingleTupleTableSlot(slot);
	tuplestore_select_read_pointer(rows, 0);
}

/*
 * The rows of an UPDATE before and after it stand in the same order, unless one
 * moved to a partition that did not take it: then there are fewer after it.
 */
static void
note_pairs(Capture *capture, NmChangeLog *log, TupleDesc desc,
		   Tuplestorestate *before, Tuplestorestate *after)
{
	TupleTableSlot *old_slot;
	TupleTableSlot *new_slot;

	if (tuplestore_tuple_count(before) != tuplestore_tuple_count(after))
	{
		note_rows(capture, log, desc, before);
		note_rows(capture, log, desc, after);
		return;
	}
	open_rows(before);
	open_rows(after);
	old_slot = MakeSingleTupleTableSlot(desc, &TTSOpsMinimalTuple);
	new_slot = MakeSingleTupleTableSlot(desc, &TTSOpsMinimalTuple);
	while (tuplestore_gettupleslot(before, true, false, old_slot) &&
		   tuplestore_gettupleslot(after, true, false, new_slot))
	{
		CHECK_FOR_INTERRUPTS();
		note_change(capture, log, old_slot, new_slot);
	}
	ExecDropSingleTupleTableSlot(old_slot);
	ExecDropSingleTupleTableSlot(new_slot);
	tuplestore_select_read_pointer(before, 0);
	tuplestore_select_read_pointer(after, 0);
}

static void
capture_statement(Capture *capture, TriggerData *data)
{
	TupleDesc desc = RelationGetDescr(data->tg_relation);
	Tuplestorestate *before = data->tg_oldtable;
	Tuplestorestate *after = data->tg_newtable;
	bool is_update = TRIGGER_FIRED_BY_UPDATE(data->tg_event);
	bool has_before = is_update || TRIGGER_FIRED_BY_DELETE(data->tg_event);
	bool has_after = is_update || TRIGGER_FIRED_BY_INSERT(data->tg_event);
	NmChangeLog log;

	/* nothing is written, and no transaction number taken, for no rows */
	if ((before != NULL || after != NULL) &&
		(before == NULL || tuplestore_tuple_count(before) == 0) &&
		(after == NULL || tuplestore_tuple_count(after) == 0))
		return;
	nm_change_log_begin(&log, capture->source);
	if (TRIGGER_FIRED_BY_TRUNCATE(data->tg_event) ||
		(has_before && before == NULL) || (has_after && after == NULL))
		note_everything(capture, &log);
	else if (is_update)
		note_pairs(capture, &log, desc, before, after);
	else
		note_rows(capture, &log, desc, has_before ? before : after);
	nm_change_log_end(&log);
}

/* Rows */

static void
capture_row(Capture *capture, TriggerData *data)
{
	bool is_update = TRIGGER_FIRED_BY_UPDATE(data->tg_event);
	NmChangeLog log;

	/* what another command wrote down may have been taken out since */
	if (capture->command != GetCurrentCommandId(false))
		forget_seen(capture);
	capture->command = GetCurrentCommandId(false);
	nm_change_log_begin(&log, capture->source);
	note_change(capture, &log,
				TRIGGER_FIRED_BY_INSERT(data->tg_event) ? NULL
														: data->tg_trigslot,
				is_update                                 ? data->tg_newslot
				: TRIGGER_FIRED_BY_INSERT(data->tg_event) ? data->tg_trigslot
														  : NULL);
	nm_change_log_end(&log);
}

static void
check_called(FunctionCallInfo fcinfo)
{
	TriggerData *data = (TriggerData *) fcinfo->context;

	if (!CALLED_AS_TRIGGER(fcinfo))
		ereport(ERROR,
				(errcode(ERRCODE_E_R_I_E_TRIGGER_PROTOCOL_VIOLATED),
				 errmsg("capture_changes is not called as a trigger"),
				 errdetail("It reads the rows that a statement has changed."),
				 errhint("Call track_source(), which makes the triggers.")));
	if (!TRIGGER_FIRED_AFTER(data->tg_event))
		ereport(ERROR,
				(errcode(ERRCODE_E_R_I_E_TRIGGER_PROTOCOL_VIOLATED),
				 errmsg("trigger \"%s\" does not fire after the event",
						data->tg_trigger->tgname),
				 errdetail("What a statement changes is known only then."),
				 errhint("Call track_source(), which makes the triggers.")));
	if (data->tg_trigger->tgnargs == 0)
		ereport(ERROR,
				(errcode(ERRCODE_E_R_I_E_TRIGGER_PROTOCOL_VIOLATED),
				 errmsg("trigger \"%s\" names no source",
						data->tg_trigger->tgname),
				 errdetail("Its first argument is the source whose rows it watches."),
				 errhint("Call track_source(), which makes the triggers.")));
}

/* A trigger; read_arguments() has its arguments. */
PG_FUNCTION_INFO_V1(nm_capture_changes);
Datum
nm_capture_changes(PG_FUNCTION_ARGS)
{
	TriggerData *data = (TriggerData *) fcinfo->context;

	check_called(fcinfo);
	if (TRIGGER_FIRED_FOR_STATEMENT(data->tg_event))
	{
		Capture *capture = read_trigger(data, CurrentMemoryContext);

		capture_statement(capture, data);
		MemoryContextDelete(capture->context);
	}
	else
	{
		if (fcinfo->flinfo->fn_extra == NULL)
			fcinfo->flinfo->fn_extra =
				read_trigger(data, fcinfo->flinfo->fn_mcxt);
		capture_row(fcinfo->flinfo->fn_extra, data);
	}
	return PointerGetDatum(NULL);
}
