/*
 * installation.sql
 *		Which database of which server this is: a copy of one that is scheduled
 *		has jobs that point to the original.
 *
 * Rules: doc/schedule.md.
 */

CREATE TABLE nudge.installation (
	only_one boolean PRIMARY KEY DEFAULT true CHECK (only_one),
	system_identifier bigint NOT NULL,
	database_name name NOT NULL,
	recorded_at timestamptz NOT NULL DEFAULT now(),
	recorded_by name NOT NULL DEFAULT session_user
);
SELECT pg_catalog.pg_extension_config_dump('nudge.installation', '');
GRANT SELECT ON nudge.installation TO PUBLIC;
COMMENT ON TABLE nudge.installation IS 'The server and database that schedule() or adopt() was called in last: one row, none before that';
COMMENT ON COLUMN nudge.installation.only_one IS 'true: there is one row at most';
COMMENT ON COLUMN nudge.installation.system_identifier IS 'System identifier of the server, as pg_control_system() tells it';
COMMENT ON COLUMN nudge.installation.database_name IS 'Name of the database';
COMMENT ON COLUMN nudge.installation.recorded_at IS 'When it was written down';
COMMENT ON COLUMN nudge.installation.recorded_by IS 'Who called it';

CREATE FUNCTION nudge.is_adopted() RETURNS boolean
	LANGUAGE sql STABLE PARALLEL SAFE
	RETURN NOT EXISTS (SELECT FROM nudge.installation i, pg_catalog.pg_control_system() c WHERE i.system_identifier <> c.system_identifier OR i.database_name <> current_database());
COMMENT ON FUNCTION nudge.is_adopted() IS 'False in a copy of a database that is scheduled, until adopt() is called there. Not STRICT: it has no arguments';

CREATE FUNCTION nudge.check_adopted() RETURNS void
	LANGUAGE plpgsql STABLE PARALLEL SAFE SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
	IF NOT nudge.is_adopted() THEN
		RAISE EXCEPTION 'this database is a copy that is not adopted' USING ERRCODE = 'object_not_in_prerequisite_state',
			DETAIL = (SELECT format('It was scheduled as database "%s"%s.', i.database_name, CASE WHEN i.database_name = current_database() THEN ' of another server' ELSE '' END) FROM nudge.installation i),
			HINT = 'Call nudge.adopt() if it is to be refreshed on its own; the original goes on as it is.';
	END IF;
END
$$;
COMMENT ON FUNCTION nudge.check_adopted() IS 'Works for run_due: an error in a copy of a database that is scheduled. Not STRICT: it has no arguments';

CREATE FUNCTION nudge.record_installation() RETURNS void
	LANGUAGE plpgsql VOLATILE SECURITY DEFINER PARALLEL UNSAFE SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
	INSERT INTO nudge.installation AS i (system_identifier, database_name) SELECT c.system_identifier, current_database() FROM pg_control_system() c
	ON CONFLICT (only_one) DO UPDATE SET system_identifier = excluded.system_identifier, database_name = excluded.database_name, recorded_at = excluded.recorded_at, recorded_by = excluded.recorded_by
	WHERE (i.system_identifier, i.database_name) <> (excluded.system_identifier, excluded.database_name);
END
$$;
COMMENT ON FUNCTION nudge.record_installation() IS 'Works for schedule and adopt: writes down which database this is. Not STRICT: it has no arguments';
REVOKE EXECUTE ON FUNCTION nudge.record_installation() FROM PUBLIC;
