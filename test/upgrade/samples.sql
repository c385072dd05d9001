--
-- samples.sql
--		Reads the samples of the stored format in the file :samples by every
--		door; prints the name of each that is not what it was.
--
-- Copyright (c) 2026, the nudge_metrics authors; PostgreSQL licence

SET timezone = 'UTC';
CREATE TEMP TABLE sample (version text, type text, name text, wire text, hash integer, reader text, answer text);
COPY sample FROM :'samples' (FORMAT csv, HEADER);

-- a file that holds wire bytes as bytea is also one that holds states
CREATE FUNCTION pg_temp.received(type text, wire text) RETURNS text
	LANGUAGE plpgsql
AS $$
DECLARE
	file text := current_setting('data_directory') || '/samples.copy';
	state text;
BEGIN
	EXECUTE format('COPY (SELECT decode(%L, ''hex'')) TO %L (FORMAT binary)', wire, file);
	EXECUTE format('CREATE TEMP TABLE landing (state %s)', type);
	EXECUTE format('COPY landing FROM %L (FORMAT binary)', file);
	EXECUTE 'SELECT state::text FROM landing' INTO state;
	DROP TABLE landing;
	RETURN state;
END
$$;

DO $$
DECLARE
	s sample;
	wire text;
	hash integer;
	answer text;
	state text;
	little_endian CONSTANT boolean := version() !~ 's390x|ppc64-|sparc';
BEGIN
	IF NOT EXISTS (SELECT FROM sample) THEN
		RAISE EXCEPTION 'there are no samples';
	END IF;
	FOR s IN SELECT * FROM sample LOOP
		-- the text form is the wire form in base64 without padding
		state := rtrim(translate(encode(decode(s.wire, 'hex'), 'base64'), E'\n', ''), '=');
		EXECUTE format('SELECT encode(%1$s_send($1::%1$s), ''hex''), %1$s_hash($1::%1$s)', s.type)
			INTO wire, hash USING state;
		EXECUTE format('SELECT md5(string_agg(x::text, E''\n'' ORDER BY x::text COLLATE "C")) FROM %s($1::%s) x', s.reader, s.type)
			INTO answer USING state;
		IF answer IS DISTINCT FROM s.answer THEN
			RAISE WARNING '% of %: its reading has changed', s.name, s.version;
		END IF;
		-- byte 3 is the version of the layout: an older one may be rewritten
		IF substring(wire FOR 6) = substring(s.wire FOR 6)
			AND (wire <> s.wire OR little_endian AND hash <> s.hash)
		THEN
			RAISE WARNING '% of %: its bytes have changed', s.name, s.version;
		END IF;
		EXECUTE format('SELECT $1::%s::text', s.type) INTO state USING state;
		IF pg_temp.received(s.type, s.wire) <> state THEN
			RAISE WARNING '% of %: text and binary form differ', s.name, s.version;
		END IF;
	END LOOP;
END
$$;
