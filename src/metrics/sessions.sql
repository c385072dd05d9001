/*
 * sessions.sql
 *		Sessions: the window function sessionize, and what users do in them.
 *
 * The definitions are in doc/sessions.md.
 */

--@ for time=timestamptz,timestamp
CREATE FUNCTION nudge.sessionize(at @time@, gap interval) RETURNS bigint
	AS 'MODULE_PATHNAME', 'nm_sessionize' LANGUAGE C WINDOW IMMUTABLE PARALLEL SAFE;
COMMENT ON FUNCTION nudge.sessionize(@time@, interval) IS
	'Number of the session of a row in its partition, in order of time: a new one begins after more than gap; NULL where the time is. Not STRICT: a NULL time must not end a session';
CREATE FUNCTION nudge.sessionize(at @time@, gap interval, max_length interval) RETURNS bigint
	AS 'MODULE_PATHNAME', 'nm_sessionize' LANGUAGE C WINDOW IMMUTABLE PARALLEL SAFE;
COMMENT ON FUNCTION nudge.sessionize(@time@, interval, interval) IS
	'Number of the session of a row in its partition, in order of time: a new one begins after more than gap, or more than max_length after the first row of the session; NULL where the time is. Not STRICT: a NULL time must not end a session';
--@ end

CREATE FUNCTION nudge.sessions(
	state nudge.sequence_state,
	gap interval DEFAULT '30 minutes',
	max_length interval DEFAULT NULL,
	page_events text[] DEFAULT NULL,
	as_of timestamptz DEFAULT NULL
) RETURNS TABLE (
	user_id text,
	session integer,
	started_at timestamptz,
	ended_at timestamptz,
	events bigint,
	pages bigint,
	duration_seconds double precision,
	entry_event text,
	exit_event text,
	bounced boolean,
	complete boolean
)
	AS 'MODULE_PATHNAME', 'nm_sessions' LANGUAGE C IMMUTABLE PARALLEL SAFE ROWS 1000 COST 10000;
COMMENT ON FUNCTION nudge.sessions(nudge.sequence_state, interval, interval, text[], timestamptz) IS
	'Sessions of each user: it ends when the next event comes after more than gap, or more than max_length after its first; pages are the page_events (default: all); bounced is a session of one event; complete tells whether nothing at or after as_of can belong to it. Not STRICT: NULL bounds have a meaning';

CREATE FUNCTION nudge.session_metrics(
	state nudge.sequence_state,
	gap interval DEFAULT '30 minutes',
	max_length interval DEFAULT NULL,
	page_events text[] DEFAULT NULL,
	as_of timestamptz DEFAULT NULL
) RETURNS TABLE (
	sessions bigint,
	users bigint,
	average_duration_seconds double precision,
	median_duration_seconds double precision,
	pages_per_session numeric,
	bounces bigint,
	bounce_rate numeric,
	returning_users bigint,
	return_rate numeric,
	sessions_per_user numeric
)
	AS 'MODULE_PATHNAME', 'nm_session_metrics' LANGUAGE C IMMUTABLE PARALLEL SAFE ROWS 1 COST 10000;
COMMENT ON FUNCTION nudge.session_metrics(nudge.sequence_state, interval, interval, text[], timestamptz) IS
	'Totals of sessions(): duration, pages, bounces (sessions of one event) and returning users (two sessions or more), with their rates. Not STRICT: NULL bounds have a meaning';

CREATE FUNCTION nudge.concurrent_users(
	state nudge.sequence_state,
	grain text DEFAULT 'day',
	zone text DEFAULT 'UTC',
	gap interval DEFAULT '30 minutes',
	max_length interval DEFAULT NULL,
	as_of timestamptz DEFAULT NULL
) RETURNS TABLE (period date, peak_users bigint, peak_at timestamptz, average_users double precision)
	AS 'MODULE_PATHNAME', 'nm_concurrent_users' LANGUAGE C IMMUTABLE PARALLEL SAFE ROWS 100 COST 10000;
COMMENT ON FUNCTION nudge.concurrent_users(nudge.sequence_state, text, text, interval, interval, timestamptz) IS
	'Users in a session at once, from its first event to its last, both included: the peak of each period, its first instant, and the mean over the time of the period, or of what of it lies before as_of. Not STRICT: NULL bounds have a meaning';
