--
-- fuzz.sql
--		Damaged states through every door, and every accessor on those that are
--		let in.  Driven by test/fuzz/fuzz.
--
-- Everything is found in the catalogue: the state types of the extension, the
-- aggregates that make them, and the functions that read them.  A new family
-- is fuzzed without a change here, unless an argument of its aggregate has a
-- name or type that fuzz.column_of does not know.
--
-- Copyright (c) 2026, the nudge_metrics authors; PostgreSQL licence

CREATE SCHEMA fuzz;

-- the state types: those that an aggregate named ..._agg of ours returns
CREATE VIEW fuzz.types AS
	SELECT DISTINCT p.prorettype::regtype AS type
	FROM pg_proc p
	WHERE p.pronamespace = 'nudge'::regnamespace AND p.prokind = 'a' AND p.proname LIKE '%\_agg';

-- functions that read a state: it is their first argument
CREATE TABLE fuzz.accessors AS
	SELECT row_number() OVER (PARTITION BY t.type ORDER BY p.oid::regprocedure::text) AS n,
		t.type, p.oid::regproc::text AS name, p.proargtypes::regtype[] AS types,
		p.proargnames AS names, p.pronargs - p.pronargdefaults AS required,
		p.pronargs AS most
	FROM fuzz.types t
	JOIN pg_proc p ON p.proargtypes[0] = t.type AND p.pronamespace = 'nudge'::regnamespace
	WHERE p.prokind = 'f' AND p.proname !~ '(_trans|_final|_recv|_in)$' AND p.prorettype <> t.type;

CREATE TABLE fuzz.seeds (
	n serial PRIMARY KEY,
	type regtype NOT NULL,
	aggregate text NOT NULL,
	wire bytea NOT NULL
);

-- An expression over a row number g for an argument of an aggregate over rows
-- of so many customers.
CREATE FUNCTION fuzz.column_of(name text, type regtype, keys integer) RETURNS text
	LANGUAGE sql
RETURN CASE
	WHEN type = 'bigint'::regtype THEN format('((g::bigint * 7919) %% %s - 2)::bigint', keys)
	WHEN type = 'uuid'::regtype THEN format('md5((g %% %s)::text)::uuid', keys)
	WHEN name ~ 'currency' THEN quote_literal('EUR')
	WHEN name = 'end_reason' THEN '(ARRAY[''voluntary'', ''involuntary'', NULL])[1 + g % 3]'
	WHEN type = 'text'::regtype AND name ~ '^(plan|item)$' THEN '(ARRAY[''a'', ''abcdefghijklmnop'', ''ü''])[1 + g % 3]'
	WHEN type = 'text'::regtype THEN format('''key '' || (g::bigint * 7919) %% %s', keys)
	WHEN name ~ '_to$' AND type = 'date'::regtype THEN 'CASE WHEN g % 5 > 0 THEN date ''2024-01-01'' + ((g::bigint * 37) % 200 + 1 + (g::bigint * 13) % 60)::integer END'
	WHEN type = 'date'::regtype THEN 'date ''2024-01-01'' + ((g::bigint * 37) % 200)::integer'
	WHEN name ~ '_to$' AND type IN ('timestamptz'::regtype, 'timestamp'::regtype) THEN
		format('CASE WHEN g %% 5 > 0 THEN %s ''2024-01-01 01:02:03.456'' + make_interval(days => ((g::bigint * 37) %% 200 + 1 + (g::bigint * 13) %% 60)::integer) END', type)
	WHEN type IN ('timestamptz'::regtype, 'timestamp'::regtype) THEN
		format('%s ''2024-01-01 01:02:03.456'' + make_interval(days => ((g::bigint * 37) %% 200)::integer)', type)
	WHEN name ~ 'rate' AND type = 'numeric'::regtype THEN '1.0'
	WHEN name ~ 'discount' AND type = 'numeric'::regtype THEN '0.25'
	WHEN type = 'numeric'::regtype THEN '1 + ((g::bigint * 31) % 1000)::numeric / 10'
	WHEN type = 'integer'::regtype THEN '1 + g % 4'
	WHEN type = 'boolean'::regtype THEN 'g % 2 = 0'
	ELSE format('NULL::%s', type)
END;

-- A query for the state that an aggregate makes of so many rows.
CREATE FUNCTION fuzz.state_query(aggregate regprocedure, rows integer, keys integer) RETURNS text
	LANGUAGE sql STABLE
RETURN (
	SELECT format('SELECT %s(%s) AS state FROM generate_series(1, %s) g', p.oid::regproc,
		(SELECT string_agg(format('(%s)::%s', fuzz.column_of(p.proargnames[i], p.proargtypes[i - 1]::regtype, keys),
				p.proargtypes[i - 1]::regtype), ', ' ORDER BY i)
		 FROM generate_series(1, p.pronargs) i), rows)
	FROM pg_proc p WHERE p.oid = aggregate);

CREATE PROCEDURE fuzz.make_seeds()
	LANGUAGE plpgsql
AS $$
DECLARE
	agg record;
	rows integer;
BEGIN
	FOR agg IN
		SELECT p.oid::regprocedure AS signature, p.prorettype::regtype AS type
		FROM pg_proc p
		WHERE p.pronamespace = 'nudge'::regnamespace AND p.prokind = 'a' AND p.proname LIKE '%\_agg'
		ORDER BY p.oid::regprocedure::text
	LOOP
		FOREACH rows IN ARRAY ARRAY[1, 2, 5, 40] LOOP
			EXECUTE format('INSERT INTO fuzz.seeds (type, aggregate, wire)
				SELECT %L::regtype, %L, %s_send(state) FROM (%s) s',
				agg.type, agg.signature, agg.type, fuzz.state_query(agg.signature, rows, 7));
		END LOOP;
	END LOOP;
END
$$;

-- Random choices.  All of them follow from setseed().
CREATE FUNCTION fuzz.below(n bigint) RETURNS integer
	LANGUAGE sql VOLATILE
RETURN least(n - 1, floor(random() * n))::integer;

CREATE FUNCTION fuzz.number(bytes integer) RETURNS bytea
	LANGUAGE sql VOLATILE
RETURN substring(int8send((ARRAY[0, 1, -1, 2, 127, 128, 255, 256, 32767, 65535, 2147483647, -2147483648,
		4294967295, 4294967296, 9223372036854775807, -9223372036854775808, 1000000, 8035200000000,
		19723, 1000000000000000000])[1 + fuzz.below(20)])
	FROM 9 - bytes);

CREATE FUNCTION fuzz.noise(bytes integer) RETURNS bytea
	LANGUAGE sql VOLATILE
RETURN (SELECT string_agg(set_byte('\x00', 0, fuzz.below(256)), '') FROM generate_series(1, bytes));

-- One damage.  Numbers are hit where they lie: 4 bytes in the header, 8 behind it.
CREATE FUNCTION fuzz.damage_once(wire bytea) RETURNS bytea
	LANGUAGE plpgsql VOLATILE
AS $$
DECLARE
	len integer := length(wire);
	at integer := fuzz.below(CASE WHEN random() < 0.25 THEN least(len, 20) ELSE len END);
	n integer;
BEGIN
	IF len = 0 THEN
		RETURN fuzz.noise(1 + fuzz.below(40));
	END IF;
	CASE fuzz.below(12)
		WHEN 0 THEN RETURN set_bit(wire, at::bigint * 8 + fuzz.below(8), fuzz.below(2));
		WHEN 1 THEN RETURN set_byte(wire, at, (ARRAY[0, 1, 2, 3, 4, 127, 128, 255])[1 + fuzz.below(8)]);
		WHEN 2 THEN RETURN set_byte(wire, at, fuzz.below(256));
		WHEN 3, 4 THEN
			n := 4;
			at := least(at / 4 * 4, greatest(0, len - n));
			RETURN substring(overlay(wire PLACING fuzz.number(n) FROM at + 1) FOR len);
		WHEN 5, 6, 7 THEN
			n := 8;
			at := least(20 + greatest(0, at - 20) / 8 * 8, greatest(0, len - n));
			RETURN substring(overlay(wire PLACING fuzz.number(n) FROM at + 1) FOR len);
		WHEN 8 THEN RETURN substring(wire FOR at);
		WHEN 9 THEN
			n := 1 + fuzz.below(16);
			RETURN substring(wire FOR at) || substring(wire FROM at + 1 + n);
		WHEN 10 THEN
			RETURN substring(wire FOR at) || fuzz.noise(1 + fuzz.below(16)) || substring(wire FROM at + 1);
		ELSE
			-- a piece of the state over another place of it
			n := 1 + fuzz.below(24);
			RETURN substring(overlay(wire PLACING substring(wire FROM 1 + fuzz.below(len) FOR n) FROM at + 1) FOR len);
	END CASE;
END
$$;

CREATE FUNCTION fuzz.damage(wire bytea) RETURNS bytea
	LANGUAGE plpgsql VOLATILE
AS $$
BEGIN
	FOR i IN 0 .. fuzz.below(3) LOOP
		wire := fuzz.damage_once(wire);
	END LOOP;
	RETURN wire;
END
$$;

-- The text form is the wire form in base64 without padding.
CREATE FUNCTION fuzz.text_form(wire bytea) RETURNS text
	LANGUAGE sql IMMUTABLE
RETURN rtrim(translate(encode(wire, 'base64'), E'\n', ''), '=');

CREATE FUNCTION fuzz.argument(name text, type regtype) RETURNS text
	LANGUAGE sql VOLATILE
RETURN CASE
	WHEN random() < 0.1 THEN 'NULL'
	WHEN name = 'grain' THEN quote_literal((ARRAY['day', 'week', 'month', 'month', 'quarter', 'year', '4-4-5', 'decade'])[1 + fuzz.below(8)])
	WHEN name = 'zone' THEN quote_literal((ARRAY['UTC', 'UTC', 'UTC', 'Europe/Berlin', 'Pacific/Apia', 'Nowhere'])[1 + fuzz.below(6)])
	WHEN name ~ '^mode' THEN quote_literal((ARRAY['snapshot', 'event', 'period_start', 'chartmogul', 'stripe', 'profitwell', 'mrr_playbook', 'other'])[1 + fuzz.below(8)])
	WHEN name = 'week_start' THEN quote_literal((ARRAY['monday', 'sunday', 'noday'])[1 + fuzz.below(3)])
	WHEN name = 'paid_to_free' THEN quote_literal((ARRAY['churn', 'contraction', 'other'])[1 + fuzz.below(3)])
	WHEN name = 'count_by' THEN quote_literal((ARRAY['item', 'plan', 'other'])[1 + fuzz.below(3)])
	WHEN name = 'component' THEN quote_literal((ARRAY['total', 'new', 'churn', 'net_new', 'other'])[1 + fuzz.below(5)])
	WHEN type = 'date'::regtype THEN quote_literal(CASE fuzz.below(10) WHEN 0 THEN '-infinity' WHEN 1 THEN 'infinity'
		WHEN 2 THEN '5874897-12-31' WHEN 3 THEN '4714-11-24 BC' ELSE (date '2024-01-01' + fuzz.below(600) - 100)::text END)
	WHEN type IN ('timestamptz'::regtype, 'timestamp'::regtype) THEN quote_literal(CASE fuzz.below(10) WHEN 0 THEN '-infinity' WHEN 1 THEN 'infinity'
		WHEN 2 THEN '294276-12-31 UTC' WHEN 3 THEN '4714-11-24 00:00 BC' ELSE (timestamptz '2024-01-01' + make_interval(hours => fuzz.below(10000)))::text END)
	WHEN type = 'interval'::regtype THEN quote_literal((ARRAY['0', '1 day', '60 minutes', '1 month', '-1 day', '178000000 years', '1 month -1 day'])[1 + fuzz.below(7)])
	WHEN type IN ('integer'::regtype, 'bigint'::regtype) THEN (ARRAY['1', '1', '2', '4', '12', '0', '-1', '2147483647', '(-2147483648)'])[1 + fuzz.below(9)]
	WHEN type = 'numeric'::regtype THEN (ARRAY['0', '1', '0.5', '-1', '1e30', '''NaN''', '''infinity'''])[1 + fuzz.below(7)]
	WHEN type = 'boolean'::regtype THEN (ARRAY['true', 'false'])[1 + fuzz.below(2)]
	WHEN type = 'text'::regtype THEN quote_literal((ARRAY['', 'EUR', 'a', 'month'])[1 + fuzz.below(4)])
	ELSE 'NULL'
END || '::' || type;

-- what happened, for the report
CREATE UNLOGGED TABLE fuzz.outcomes (type regtype, step text, outcome text, n bigint);
CREATE UNLOGGED TABLE fuzz.complaints (iteration bigint, type regtype, step text, complaint text, statement text);

CREATE TYPE fuzz.outcome AS (state text, code text, message text);

-- Lets wire bytes in by a door.  The binary door is COPY: a file that holds
-- them as bytea is also one that holds them as a state.
CREATE FUNCTION fuzz.enter(type regtype, door text, wire bytea) RETURNS fuzz.outcome
	LANGUAGE plpgsql VOLATILE
AS $$
DECLARE
	result fuzz.outcome;
	file text := current_setting('data_directory') || '/fuzz.copy';
BEGIN
	IF door = 'text' THEN
		EXECUTE format('SELECT $1::%s::text', type) INTO result.state USING fuzz.text_form(wire);
	ELSE
		EXECUTE format('COPY (SELECT %L::bytea) TO %L (FORMAT binary)', wire, file);
		EXECUTE format('CREATE TEMP TABLE IF NOT EXISTS landing_%s (state %s)', type::oid, type);
		EXECUTE format('TRUNCATE landing_%s', type::oid);
		EXECUTE format('COPY landing_%s FROM %L (FORMAT binary)', type::oid, file);
		EXECUTE format('SELECT state::text FROM landing_%s', type::oid) INTO result.state;
	END IF;
	result.code := '00000';
	RETURN result;
EXCEPTION WHEN OTHERS THEN
	result.state := NULL;
	result.code := sqlstate;
	result.message := sqlerrm;
	RETURN result;
END
$$;

-- Runs a query that gives one text.
CREATE FUNCTION fuzz.attempt(query text) RETURNS fuzz.outcome
	LANGUAGE plpgsql VOLATILE
AS $$
DECLARE
	result fuzz.outcome;
BEGIN
	EXECUTE query INTO result.state;
	result.code := '00000';
	RETURN result;
EXCEPTION WHEN OTHERS THEN
	result.code := sqlstate;
	result.message := sqlerrm;
	RETURN result;
END
$$;

CREATE PROCEDURE fuzz.note(i bigint, type regtype, step text, result fuzz.outcome, statement text)
	LANGUAGE plpgsql
AS $$
BEGIN
	UPDATE fuzz.outcomes o SET n = o.n + 1
	WHERE o.type = note.type AND o.step = note.step AND o.outcome = result.code;
	IF NOT FOUND THEN
		INSERT INTO fuzz.outcomes VALUES (type, step, result.code, 1);
	END IF;
	-- 42804: two states of other shapes, or days read as instants; text of a
	-- wrong encoding is class 22 too, but no accessor may give any
	IF result.code NOT IN ('00000', '42804') AND (result.code !~ '^(22|54)' OR result.code = '22021' AND step = 'read') THEN
		INSERT INTO fuzz.complaints VALUES (i, type, step, result.code || ': ' || result.message, statement);
	END IF;
END
$$;

-- A random accessor with random arguments on a state.
CREATE FUNCTION fuzz.call_of(type regtype, state text) RETURNS text
	LANGUAGE plpgsql VOLATILE
AS $$
DECLARE
	f record;
	arguments text := format('%L::%s', state, type);
BEGIN
	SELECT * INTO f FROM fuzz.accessors a
	WHERE a.type = call_of.type
		AND a.n = (SELECT 1 + fuzz.below(max(b.n)) FROM fuzz.accessors b WHERE b.type = call_of.type);
	FOR i IN 2 .. f.required + fuzz.below(f.most - f.required + 1) LOOP
		arguments := arguments || ', ' || CASE WHEN f.types[i - 1] = type THEN format('%L::%s', state, type)
			ELSE fuzz.argument(f.names[i], f.types[i - 1]) END;
	END LOOP;
	-- every row is turned into text and its encoding is checked
	RETURN format('SELECT string_agg(md5(convert_from(textsend(x::text), ''UTF8'')), '''') FROM %s(%s) x', f.name, arguments);
END
$$;

CREATE PROCEDURE fuzz.iterate(i bigint, seed bigint)
	LANGUAGE plpgsql
AS $$
DECLARE
	original record;
	wire bytea;
	door text;
	entered fuzz.outcome;
	other fuzz.outcome;
	result fuzz.outcome;
	query text;
BEGIN
	PERFORM setseed((hashint8extended(i, seed) % 1000000007) / 1000000007.0);
	SELECT * INTO original FROM fuzz.seeds s WHERE s.n = (SELECT 1 + fuzz.below(max(n)) FROM fuzz.seeds);
	door := CASE WHEN random() < 0.5 THEN 'text' ELSE 'binary' END;
	wire := CASE WHEN random() < 0.02 THEN original.wire ELSE fuzz.damage(original.wire) END;

	IF door = 'text' AND random() < 0.1 THEN
		-- damage to the text itself
		query := format('SELECT %L::%s::text', overlay(fuzz.text_form(original.wire)
			PLACING chr(33 + fuzz.below(94)) FROM 1 + fuzz.below(length(original.wire))), original.type);
		CALL fuzz.note(i, original.type, 'text', fuzz.attempt(query), query);
		RETURN;
	END IF;

	entered := fuzz.enter(original.type, door, wire);
	CALL fuzz.note(i, original.type, door, entered, fuzz.text_form(wire));
	IF entered.state IS NULL THEN
		IF entered.code = '00000' OR wire = original.wire THEN
			INSERT INTO fuzz.complaints VALUES (i, original.type, door, 'a sound state did not get in', fuzz.text_form(wire));
		END IF;
		RETURN;
	END IF;
	IF entered.state <> fuzz.text_form(wire) THEN
		INSERT INTO fuzz.complaints VALUES (i, original.type, door, 'what was let in came out as other bytes', fuzz.text_form(wire));
	END IF;

	-- combined with another damaged state, or with a sound one
	other := fuzz.enter(original.type, 'text', fuzz.damage(CASE WHEN random() < 0.5 THEN wire ELSE original.wire END));
	IF other.state IS NULL THEN
		SELECT fuzz.text_form(s.wire) INTO other.state FROM fuzz.seeds s
		WHERE s.type = original.type ORDER BY s.aggregate <> original.aggregate, md5(s.n::text || i) LIMIT 1;
	END IF;
	query := format('SELECT nudge.combine(%1$L::%3$s, %2$L::%3$s)::text', entered.state, other.state, original.type);
	result := fuzz.attempt(query);
	CALL fuzz.note(i, original.type, 'combine', result, query);
	IF result.code = '00000' THEN
		query := format('SELECT ((SELECT nudge.rollup(s) FROM (VALUES (%2$L::%3$s), (NULL), (%1$L::%3$s)) v(s)) OPERATOR(nudge.=) %4$L::%3$s)::text',
			entered.state, other.state, original.type, result.state);
		other := fuzz.attempt(query);
		CALL fuzz.note(i, original.type, 'rollup', other, query);
		IF other.state IS DISTINCT FROM 'true' AND other.code = '00000' THEN
			INSERT INTO fuzz.complaints VALUES (i, original.type, 'rollup', 'differs from combine, or in another order', query);
		END IF;
		entered.state := CASE WHEN random() < 0.5 THEN entered.state ELSE result.state END;
	END IF;

	FOR k IN 1 .. 3 LOOP
		query := fuzz.call_of(original.type, entered.state);
		CALL fuzz.note(i, original.type, 'read', fuzz.attempt(query), query);
	END LOOP;
END
$$;

CREATE PROCEDURE fuzz.batch(first bigint, n integer, seed bigint)
	LANGUAGE plpgsql
AS $$
BEGIN
	FOR i IN first .. first + n - 1 LOOP
		CALL fuzz.iterate(i, seed);
	END LOOP;
END
$$;

CALL fuzz.make_seeds();
DO $$
BEGIN
	IF EXISTS (SELECT FROM fuzz.types t WHERE NOT EXISTS (SELECT FROM fuzz.seeds s WHERE s.type = t.type)) THEN
		RAISE EXCEPTION 'a state type has no seed';
	END IF;
END
$$;
