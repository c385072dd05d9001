/*
 * history.sql
 *		The history of a table that only has the present: its rows as intervals,
 *		kept by triggers.
 *
 * Rules: doc/history.md.
 */

CREATE TABLE nudge.histories (
	relation text PRIMARY KEY,
	history text NOT NULL UNIQUE,
	key text[] NOT NULL CHECK (cardinality(key) > 0),
	columns text[] NOT NULL,
	tracked_by name NOT NULL DEFAULT current_user,
	tracked_at timestamptz NOT NULL DEFAULT now()
);
SELECT pg_catalog.pg_extension_config_dump('nudge.histories', '');
GRANT SELECT ON nudge.histories TO PUBLIC;
DO $$
BEGIN
	EXECUTE pg_catalog.format('GRANT SELECT, INSERT, UPDATE, DELETE ON nudge.histories TO %s WITH GRANT OPTION',
		(SELECT e.extowner::pg_catalog.regrole FROM pg_catalog.pg_extension e WHERE e.extname OPERATOR(pg_catalog.=) 'nudge_metrics'));
END
$$;
COMMENT ON TABLE nudge.histories IS 'Tables whose history is kept; track_history() and untrack_history() keep it';
COMMENT ON COLUMN nudge.histories.relation IS 'Table, with its schema';
COMMENT ON COLUMN nudge.histories.history IS 'Table of its history, with its schema';
COMMENT ON COLUMN nudge.histories.key IS 'Columns that say which row is which';
COMMENT ON COLUMN nudge.histories.columns IS 'Other columns that are kept: a change of them ends an interval';
COMMENT ON COLUMN nudge.histories.tracked_by IS 'Who asked for it';
COMMENT ON COLUMN nudge.histories.tracked_at IS 'When it began';

-- The body of the trigger function of a history: SQL about its own columns
-- only, so that each row costs one or two statements with a kept plan.
--
-- A row lock orders the changes of one key, and the clock is read under it; it
-- may stand still or go back, so that an interval never begins before the one
-- it follows.  What a transaction changes several times counts as it ends.
CREATE FUNCTION nudge.history_body(history text, key text[], columns text[]) RETURNS text
	LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE
BEGIN ATOMIC
	SELECT format($body$
DECLARE
	seen_at timestamptz := pg_catalog.clock_timestamp();
	last_from timestamptz;
	last_change xid8;
BEGIN
	IF TG_OP OPERATOR(pg_catalog.=) 'TRUNCATE' THEN
		DELETE FROM %1$s h WHERE h.valid_to IS NULL AND h.changed_by OPERATOR(pg_catalog.=) pg_catalog.pg_current_xact_id();
		UPDATE %1$s h SET valid_to = CASE WHEN h.valid_from OPERATOR(pg_catalog.>) seen_at THEN h.valid_from ELSE seen_at END WHERE h.valid_to IS NULL;
		RETURN NULL;
	END IF;
	IF TG_OP OPERATOR(pg_catalog.=) 'UPDATE' AND ROW(%2$s) IS NOT DISTINCT FROM ROW(%3$s) THEN
		RETURN NULL;
	END IF;
	IF TG_OP OPERATOR(pg_catalog.<>) 'INSERT' THEN
		SELECT h.valid_from, h.changed_by INTO last_from, last_change FROM %1$s h WHERE %4$s AND h.valid_to IS NULL;
		IF last_change OPERATOR(pg_catalog.=) pg_catalog.pg_current_xact_id() THEN
			DELETE FROM %1$s h WHERE %4$s AND h.valid_to IS NULL;
		ELSE
			seen_at := CASE WHEN last_from OPERATOR(pg_catalog.>) seen_at THEN last_from ELSE seen_at END;
			UPDATE %1$s h SET valid_to = seen_at WHERE %4$s AND h.valid_to IS NULL;
		END IF;
	END IF;
	IF TG_OP OPERATOR(pg_catalog.<>) 'DELETE' THEN
		-- what was deleted by this transaction, and comes back, was never gone
		INSERT INTO %1$s (%5$s, valid_from, recorded_at, changed_by)
		VALUES (%6$s, CASE WHEN last_change OPERATOR(pg_catalog.=) pg_catalog.pg_current_xact_id() THEN last_from ELSE seen_at END, seen_at, pg_catalog.pg_current_xact_id());
	END IF;
	RETURN NULL;
END
$body$, history,
		(SELECT string_agg(format('OLD.%I', c), ', ' ORDER BY n) FROM unnest(key || columns) WITH ORDINALITY u(c, n)),
		(SELECT string_agg(format('NEW.%I', c), ', ' ORDER BY n) FROM unnest(key || columns) WITH ORDINALITY u(c, n)),
		(SELECT string_agg(format('h.%1$I OPERATOR(pg_catalog.=) OLD.%1$I', c), ' AND ' ORDER BY n) FROM unnest(key) WITH ORDINALITY u(c, n)),
		(SELECT string_agg(format('%I', c), ', ' ORDER BY n) FROM unnest(key || columns) WITH ORDINALITY u(c, n)),
		(SELECT string_agg(format('NEW.%I', c), ', ' ORDER BY n) FROM unnest(key || columns) WITH ORDINALITY u(c, n)));
END;
COMMENT ON FUNCTION nudge.history_body(text, text[], text[]) IS 'Works for track_history: the body of the trigger function of a history';
