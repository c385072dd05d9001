/*
 * surveys.sql
 *		Surveys as they are sent and answered: NPS, CSAT and CES by period
 *		and segment, and how many answer how soon.
 *
 * The numbers are defined in doc/satisfaction.md.
 */

-- Rows, each checked once ---------------------------------------------------

-- The arguments that all functions below share; the scale that holds.
CREATE FUNCTION nudge.survey_scale(
	kind text,
	"by" text,
	counting text,
	keep text,
	INOUT scale_low integer DEFAULT NULL,
	INOUT scale_high integer DEFAULT NULL
)
	LANGUAGE plpgsql IMMUTABLE PARALLEL SAFE SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
	wrong constant text := CASE
		WHEN kind IS NULL OR kind NOT IN ('nps', 'csat', 'ces') THEN 'kind'
		WHEN "by" NOT IN ('name', 'segment', 'industry', 'company_size', 'region', 'growth_tier', 'sales_channel', 'owner') THEN 'by'
		WHEN counting IS NULL OR counting NOT IN ('sent', 'answered') THEN 'counting'
		WHEN keep IS NULL OR keep NOT IN ('all', 'latest_per_user', 'latest_per_customer') THEN 'keep' END;
BEGIN
	IF wrong IS NOT NULL THEN
		RAISE EXCEPTION 'unknown value "%" of "%"', left(CASE wrong WHEN 'kind' THEN kind WHEN 'by' THEN "by" WHEN 'counting' THEN counting ELSE keep END, 40), wrong
			USING ERRCODE = 'invalid_parameter_value',
				DETAIL = CASE wrong WHEN 'kind' THEN 'Surveys ask for nps, csat or ces.'
					WHEN 'by' THEN 'It is a column of customers: name, segment, industry, company_size, region, growth_tier, sales_channel or owner.'
					WHEN 'counting' THEN 'A survey counts when it was sent, or when it was answered.'
					ELSE 'Of the answers of a period count all, the latest_per_user or the latest_per_customer.' END,
				HINT = CASE wrong WHEN 'by' THEN 'Leave it out for all together, or pass a view of customers that has yours as segment.'
					ELSE 'Write one of these words.' END;
	END IF;
	scale_low := coalesce(scale_low, CASE kind WHEN 'nps' THEN 0 ELSE 1 END);
	scale_high := coalesce(scale_high, CASE kind WHEN 'nps' THEN 10 WHEN 'csat' THEN 5 ELSE 7 END);
	IF kind = 'nps' AND (scale_low <> 0 OR scale_high <> 10) THEN
		RAISE EXCEPTION 'the scale of nps is from 0 to 10'
			USING ERRCODE = 'invalid_parameter_value',
				DETAIL = format('It was given as %s to %s.', scale_low, scale_high),
				HINT = 'Leave the scale out.';
	ELSIF scale_low >= scale_high THEN
		RAISE EXCEPTION 'a scale must end above its beginning'
			USING ERRCODE = 'invalid_parameter_value',
				DETAIL = format('It is from %s to %s.', scale_low, scale_high),
				HINT = 'Pass the worst and the best possible answer, such as 1 and 5.';
	END IF;
END
$$;
COMMENT ON FUNCTION nudge.survey_scale(text, text, text, text, integer, integer) IS
	'Works for survey_rows: an error for unknown options, else the scale of a kind of survey. Not STRICT: NULL ends of the scale are its usual ones';

CREATE FUNCTION nudge.check_survey_answers(too_early bigint, off_scale text, scale_low integer, scale_high integer) RETURNS boolean
	LANGUAGE plpgsql IMMUTABLE PARALLEL SAFE SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
	IF too_early > 0 THEN
		RAISE EXCEPTION 'a survey was answered before it was sent'
			USING ERRCODE = 'invalid_parameter_value',
				DETAIL = format('That is so in %s rows.', too_early),
				HINT = 'Pass a view that corrects them, or leaves answered_at open where it is not known.';
	ELSIF off_scale IS NOT NULL THEN
		RAISE EXCEPTION 'a score of surveys, %, is not on the scale from % to %', left(off_scale, 40), scale_low, scale_high
			USING ERRCODE = 'numeric_value_out_of_range',
				DETAIL = 'An answer off the scale is a mistake, or one to another question. Those of nps are whole numbers.',
				HINT = 'Pass scale_low and scale_high, or a view with scores of one scale.';
	END IF;
	RETURN true;
END
$$;
COMMENT ON FUNCTION nudge.check_survey_answers(bigint, text, integer, integer) IS
	'An error if answers of surveys came too early or are off the scale. Not STRICT: a NULL score is none';

CREATE FUNCTION nudge.survey_rows(
	surveys regclass,
	kind text,
	start_day date,
	end_day date,
	grain text DEFAULT NULL,
	zone text DEFAULT 'UTC',
	as_of timestamptz DEFAULT NULL,
	customers regclass DEFAULT NULL,
	"by" text DEFAULT NULL,
	counting text DEFAULT 'sent',
	keep text DEFAULT 'all',
	scale_low integer DEFAULT NULL,
	scale_high integer DEFAULT NULL
) RETURNS TABLE (
	period date,
	value text,
	customer text,
	user_id text,
	sent_at timestamptz,
	answered_at timestamptz,
	score numeric
)
	LANGUAGE plpgsql STABLE PARALLEL RESTRICTED ROWS 1000 COST 10000 SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
	asked constant text := lower(btrim(kind));
	scale record;
BEGIN
	PERFORM nudge.check_window(start_day, end_day);
	SELECT s.scale_low, s.scale_high INTO scale
	FROM nudge.survey_scale(asked, "by", counting, keep, survey_rows.scale_low, survey_rows.scale_high) s;
	RETURN QUERY EXECUTE format($query$
		WITH span AS MATERIALIZED (
			SELECT w.period, w.start_at, w.end_at FROM nudge.window_spans($2, $3, $4, $5) w
		), line AS MATERIALIZED (
			SELECT i.customer, i."user" AS user_id, lower(btrim(i.kind)) AS kind, i.sent_at, a.answered_at, a.score,
				CASE $7 WHEN 'sent' THEN i.sent_at ELSE coalesce(a.answered_at, i.sent_at) END AS counted_at
			FROM (%s) i,
				LATERAL (SELECT i.score IS NOT NULL AND coalesce(i.answered_at < $6, true) AS is_known) k,
				LATERAL (SELECT CASE WHEN k.is_known THEN i.score END AS score, CASE WHEN k.is_known THEN i.answered_at END AS answered_at) a
			WHERE coalesce(lower(btrim(i.kind)), '') <> ALL (array_remove(ARRAY['nps', 'csat', 'ces'], $1))
				AND (i.sent_at IS NULL
					OR coalesce(i.sent_at < $6, true)
					AND CASE $7 WHEN 'sent' THEN i.sent_at ELSE coalesce(a.answered_at, i.sent_at) END >= (SELECT min(s.start_at) FROM span s)
					AND CASE $7 WHEN 'sent' THEN i.sent_at ELSE coalesce(a.answered_at, i.sent_at) END < (SELECT max(s.end_at) FROM span s))
		), checked AS MATERIALIZED (
			SELECT nudge.check_input('surveys', count(*) FILTER (WHERE NOT coalesce(l.customer IS NOT NULL AND isfinite(l.sent_at)
						AND coalesce(isfinite(l.answered_at), true) AND coalesce(abs(l.score) < 'Infinity', true), false)),
					'kind', min(coalesce(l.kind, '')) FILTER (WHERE coalesce(l.kind, '') NOT IN ('nps', 'csat', 'ces')), 'nps, csat and ces')
				AND nudge.check_survey_answers(count(*) FILTER (WHERE l.answered_at < l.sent_at),
					min(l.score::text) FILTER (WHERE l.score NOT BETWEEN $9 AND $10 OR $1 = 'nps' AND l.score <> trunc(l.score)), $9, $10) AS fine
			FROM line l
		), customer AS MATERIALIZED (
			SELECT DISTINCT ON (c.customer) c.customer, CASE WHEN $11 THEN c.%I END AS value, c.internal
			FROM (%s) c
			WHERE coalesce(c.created_at < $6, true)
			ORDER BY c.customer, c.created_at DESC NULLS LAST, c.%2$I COLLATE "C", c.internal
		), told AS (
			SELECT s.period, c.value, l.*
			FROM checked k, line l
			JOIN span s ON l.counted_at >= s.start_at AND l.counted_at < s.end_at
			LEFT JOIN customer c ON c.customer = l.customer
			WHERE k.fine AND ($7 = 'sent' OR l.score IS NOT NULL) AND c.internal IS NOT TRUE
		), kept AS (
			SELECT t.*, row_number() OVER (PARTITION BY t.period, t.customer, CASE $8 WHEN 'latest_per_user' THEN t.user_id END
				ORDER BY t.score IS NULL, coalesce(t.answered_at, t.sent_at) DESC, t.sent_at DESC, t.score, t.user_id COLLATE "C") AS place
			FROM told t
		)
		SELECT t.period, t.value, t.customer, t.user_id, t.sent_at, t.answered_at, t.score
		FROM kept t
		WHERE $8 = 'all' OR t.place = 1
		ORDER BY t.period, t.counted_at, t.customer COLLATE "C", t.user_id COLLATE "C", t.score
	$query$, nudge.input_query('surveys', surveys), coalesce("by", 'segment'), nudge.input_query('customers', customers))
	USING asked, start_day, end_day, grain, zone, as_of, counting, keep, scale.scale_low, scale.scale_high, "by" IS NOT NULL;
END
$$;
COMMENT ON FUNCTION nudge.survey_rows(regclass, text, date, date, text, text, timestamptz, regclass, text, text, text, integer, integer) IS
	'The surveys of one kind that count in a window, checked, with period and value of "by": what all reports on surveys add up. Not STRICT: NULL relations are inputs without rows, NULL options have a meaning';

-- Groups, and the periods in which nothing was asked ------------------------

CREATE FUNCTION nudge.survey_groups(
	surveys regclass,
	kind text,
	start_day date,
	end_day date,
	grain text,
	zone text,
	as_of timestamptz,
	customers regclass,
	"by" text,
	counting text,
	keep text,
	answer_days integer,
	scale_low integer,
	scale_high integer
) RETURNS TABLE (
	period date,
	period_end date,
	complete boolean,
	value text,
	is_total boolean,
	customers_answered bigint,
	respondents bigint,
	open_surveys bigint,
	state nudge.survey_state,
	state_before nudge.survey_state
)
	LANGUAGE plpgsql STABLE PARALLEL RESTRICTED ROWS 50 COST 10000 SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
	question constant text := lower(btrim(kind));
	scale record;
BEGIN
	SELECT s.scale_low, s.scale_high INTO scale
	FROM nudge.survey_scale(question, "by", counting, keep, survey_groups.scale_low, survey_groups.scale_high) s;
	PERFORM nudge.check_count('answer_days', answer_days, 1, 3660);
	RETURN QUERY
		WITH found AS MATERIALIZED (
			SELECT r.period, r.value, grouping(r.value) = 1 AS is_total,
				count(DISTINCT r.customer) FILTER (WHERE r.score IS NOT NULL) AS customers_answered,
				count(DISTINCT ROW(r.customer, r.user_id)) FILTER (WHERE r.score IS NOT NULL) AS respondents,
				count(*) FILTER (WHERE r.score IS NULL AND r.sent_at + make_interval(hours => 24 * answer_days) > as_of) AS open_surveys,
				CASE question WHEN 'nps' THEN nudge.nps_agg(r.score) FILTER (WHERE question = 'nps')
					WHEN 'csat' THEN nudge.csat_agg(r.score, scale.scale_low, scale.scale_high) FILTER (WHERE question = 'csat')
					ELSE nudge.ces_agg(r.score, scale.scale_low, scale.scale_high) FILTER (WHERE question = 'ces') END AS state
			FROM nudge.survey_rows(surveys, question, start_day, end_day, grain, zone, as_of, customers, "by", counting, keep,
				scale.scale_low, scale.scale_high) r
			GROUP BY GROUPING SETS ((r.period, r.value), (r.period))
		), line AS (
			SELECT NULL AS value, true AS is_total
			UNION
			SELECT f.value, f.is_total FROM found f WHERE "by" IS NOT NULL
		)
		SELECT w.period, w.period_end, w.complete, l.value, l.is_total, coalesce(f.customers_answered, 0),
			coalesce(f.respondents, 0), CASE WHEN as_of IS NOT NULL AND counting = 'sent' THEN coalesce(f.open_surveys, 0) END,
			f.state, lag(f.state) OVER (PARTITION BY l.is_total, l.value ORDER BY w.period)
		FROM nudge.window_spans(start_day, end_day, grain, zone, as_of) w
		CROSS JOIN line l
		LEFT JOIN found f ON f.period = w.period AND f.is_total = l.is_total AND f.value IS NOT DISTINCT FROM l.value
		ORDER BY w.period, l.is_total, l.value COLLATE "C";
END
$$;
COMMENT ON FUNCTION nudge.survey_groups(regclass, text, date, date, text, text, timestamptz, regclass, text, text, text, integer, integer, integer) IS
	'Works for the reports on surveys: every period of a window, in all and by value of "by", with its state and that of the period before. Not STRICT: NULL options have a meaning';

CREATE FUNCTION nudge.survey_states(
	surveys regclass,
	kind text,
	start_day date,
	end_day date,
	grain text DEFAULT NULL,
	zone text DEFAULT 'UTC',
	as_of timestamptz DEFAULT NULL,
	customers regclass DEFAULT NULL,
	"by" text DEFAULT NULL,
	counting text DEFAULT 'sent',
	keep text DEFAULT 'all',
	scale_low integer DEFAULT NULL,
	scale_high integer DEFAULT NULL
) RETURNS TABLE (period date, value text, state nudge.survey_state)
	LANGUAGE plpgsql STABLE PARALLEL RESTRICTED ROWS 50 COST 10000 SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
	RETURN QUERY
		SELECT g.period, g.value, g.state
		FROM nudge.survey_groups(surveys, kind, start_day, end_day, grain, zone, as_of, customers, "by", counting, keep, 14, scale_low, scale_high) g
		WHERE g.is_total = ("by" IS NULL) AND g.state IS NOT NULL
		ORDER BY g.period, g.value COLLATE "C";
END
$$;
COMMENT ON FUNCTION nudge.survey_states(regclass, text, date, date, text, text, timestamptz, regclass, text, text, text, integer, integer) IS
	'The answers of each period and value of "by" as a state, to be stored and merged: a row for each that was asked. Not STRICT: NULL relations are inputs without rows, NULL options have a meaning';

-- Reports -------------------------------------------------------------------

CREATE FUNCTION nudge.nps_report(
	surveys regclass,
	start_day date,
	end_day date,
	grain text DEFAULT NULL,
	zone text DEFAULT 'UTC',
	as_of timestamptz DEFAULT NULL,
	customers regclass DEFAULT NULL,
	"by" text DEFAULT NULL,
	counting text DEFAULT 'sent',
	keep text DEFAULT 'all',
	confidence double precision DEFAULT 0.95,
	minimum_answers integer DEFAULT 1,
	answer_days integer DEFAULT 14
) RETURNS TABLE (
	period date,
	period_end date,
	complete boolean,
	value text,
	is_total boolean,
	asked bigint,
	answered bigint,
	response_rate numeric,
	open_surveys bigint,
	respondents bigint,
	customers_answered bigint,
	promoters bigint,
	passives bigint,
	detractors bigint,
	score numeric,
	score_low double precision,
	score_high double precision,
	band text,
	action text,
	score_change numeric,
	p_value double precision
)
	LANGUAGE plpgsql STABLE PARALLEL RESTRICTED ROWS 50 COST 10000 SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
	RETURN QUERY
		SELECT g.period, g.period_end, g.complete, g.value, g.is_total,
			-- of those who answered it is not known how many were asked
			CASE counting WHEN 'sent' THEN coalesce(n.asked, 0) END, coalesce(n.answered, 0), CASE counting WHEN 'sent' THEN n.response_rate END,
			g.open_surveys, g.respondents, g.customers_answered, coalesce(n.promoters, 0), coalesce(n.passives, 0), coalesce(n.detractors, 0),
			n.score, n.score_low, n.score_high, n.band, n.action, d.difference, d.p_value
		FROM nudge.survey_groups(surveys, 'nps', start_day, end_day, grain, zone, as_of, customers, "by", counting, keep, answer_days, 0, 10) g,
			LATERAL nudge.nps(g.state, coalesce(confidence, 0.95), coalesce(minimum_answers, 1)) n,
			LATERAL nudge.survey_compare(g.state, g.state_before) d;
END
$$;
COMMENT ON FUNCTION nudge.nps_report(regclass, date, date, text, text, timestamptz, regclass, text, text, text, double precision, integer, integer) IS
	'Net promoter score by period, in all and by a column of customers, with interval, band and the change from the period before. Not STRICT: NULL relations are inputs without rows, NULL options have a meaning';

--@ for report=csat,ces favourable=top_two_box,agreeing
CREATE FUNCTION nudge.@report@_report(
	surveys regclass,
	start_day date,
	end_day date,
	grain text DEFAULT NULL,
	zone text DEFAULT 'UTC',
	as_of timestamptz DEFAULT NULL,
	customers regclass DEFAULT NULL,
	"by" text DEFAULT NULL,
	counting text DEFAULT 'sent',
	keep text DEFAULT 'all',
	confidence double precision DEFAULT 0.95,
	answer_days integer DEFAULT 14,
	scale_low integer DEFAULT NULL,
	scale_high integer DEFAULT NULL
) RETURNS TABLE (
	period date,
	period_end date,
	complete boolean,
	value text,
	is_total boolean,
	asked bigint,
	answered bigint,
	response_rate numeric,
	open_surveys bigint,
	respondents bigint,
	customers_answered bigint,
	mean_score numeric,
	mean_low double precision,
	mean_high double precision,
	@favourable@ bigint,
	@favourable@_share numeric,
	share_low double precision,
	share_high double precision,
	scaled_score numeric,
	mean_change numeric,
	p_value double precision
)
	LANGUAGE plpgsql STABLE PARALLEL RESTRICTED ROWS 50 COST 10000 SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
	RETURN QUERY
		SELECT g.period, g.period_end, g.complete, g.value, g.is_total,
			-- of those who answered it is not known how many were asked
			CASE counting WHEN 'sent' THEN coalesce(n.asked, 0) END, coalesce(n.answered, 0), CASE counting WHEN 'sent' THEN n.response_rate END,
			g.open_surveys, g.respondents, g.customers_answered, n.mean_score, n.mean_low, n.mean_high,
			CASE WHEN g.state IS NULL THEN 0 ELSE n.@favourable@ END, n.@favourable@_share, n.share_low, n.share_high, n.scaled_score,
			d.difference, d.p_value
		FROM nudge.survey_groups(surveys, '@report@', start_day, end_day, grain, zone, as_of, customers, "by", counting, keep, answer_days,
				scale_low, scale_high) g,
			LATERAL nudge.@report@(g.state, coalesce(confidence, 0.95)) n,
			LATERAL nudge.survey_compare(g.state, g.state_before) d;
END
$$;
--@ end
COMMENT ON FUNCTION nudge.csat_report(regclass, date, date, text, text, timestamptz, regclass, text, text, text, double precision, integer, integer, integer) IS
	'Customer satisfaction by period, in all and by a column of customers, with intervals and the change from the period before. Not STRICT: NULL relations are inputs without rows, NULL options have a meaning';
COMMENT ON FUNCTION nudge.ces_report(regclass, date, date, text, text, timestamptz, regclass, text, text, text, double precision, integer, integer, integer) IS
	'Customer effort score by period, in all and by a column of customers, with intervals and the change from the period before. Not STRICT: NULL relations are inputs without rows, NULL options have a meaning';

-- Who answers, and how soon -------------------------------------------------

CREATE FUNCTION nudge.survey_response(
	surveys regclass,
	kind text,
	start_day date,
	end_day date,
	grain text DEFAULT NULL,
	zone text DEFAULT 'UTC',
	as_of timestamptz DEFAULT NULL,
	customers regclass DEFAULT NULL,
	"by" text DEFAULT NULL,
	answer_days integer DEFAULT 14,
	scale_low integer DEFAULT NULL,
	scale_high integer DEFAULT NULL
) RETURNS TABLE (
	period date,
	period_end date,
	complete boolean,
	value text,
	is_total boolean,
	sent bigint,
	answered bigint,
	open_surveys bigint,
	response_rate numeric,
	settled bigint,
	settled_answered bigint,
	settled_response_rate numeric,
	settled_rate_change numeric,
	p_value double precision,
	customers_asked bigint,
	customers_answered bigint,
	respondents bigint,
	timed_answers bigint,
	median_hours_to_answer numeric,
	p90_hours_to_answer numeric,
	within_24_hours_share numeric,
	within_72_hours_share numeric,
	days_sent bigint,
	busiest_day_share numeric
)
	LANGUAGE plpgsql STABLE PARALLEL RESTRICTED ROWS 50 COST 10000 SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
	window_hours interval;
BEGIN
	PERFORM nudge.check_count('answer_days', answer_days, 1, 3660);
	window_hours := make_interval(hours => 24 * answer_days);
	RETURN QUERY
		WITH survey AS MATERIALIZED (
			SELECT r.period, r.value, r.customer, r.user_id, r.score IS NOT NULL AS is_answered, r.answered_at - r.sent_at AS took,
				nudge.civil_date(r.sent_at, coalesce(zone, 'UTC')) AS sent_on,
				coalesce(r.sent_at + window_hours <= as_of, true) AS is_settled
			FROM nudge.survey_rows(surveys, kind, start_day, end_day, grain, zone, as_of, customers, "by", 'sent', 'all', scale_low, scale_high) r
		), found AS MATERIALIZED (
			SELECT s.period, s.value, grouping(s.value) = 1 AS is_total, count(*) AS sent, count(*) FILTER (WHERE s.is_answered) AS answered,
				count(*) FILTER (WHERE NOT s.is_answered AND NOT s.is_settled) AS open_surveys, count(*) FILTER (WHERE s.is_settled) AS settled,
				count(*) FILTER (WHERE s.is_settled AND s.is_answered AND coalesce(s.took <= window_hours, true)) AS settled_answered,
				count(DISTINCT s.customer) AS customers_asked, count(DISTINCT s.customer) FILTER (WHERE s.is_answered) AS customers_answered,
				count(DISTINCT ROW(s.customer, s.user_id)) FILTER (WHERE s.is_answered) AS respondents, count(s.took) AS timed,
				extract(epoch FROM percentile_cont(0.5) WITHIN GROUP (ORDER BY s.took)) AS median_seconds,
				extract(epoch FROM percentile_cont(0.9) WITHIN GROUP (ORDER BY s.took)) AS p90_seconds,
				count(*) FILTER (WHERE s.took <= interval '24 hours') AS within_24, count(*) FILTER (WHERE s.took <= interval '72 hours') AS within_72,
				count(DISTINCT s.sent_on) AS days_sent
			FROM survey s
			GROUP BY GROUPING SETS ((s.period, s.value), (s.period))
		), busiest AS MATERIALIZED (
			SELECT d.period, d.value, d.is_total, max(d.sent) AS sent
			FROM (SELECT s.period, s.value, grouping(s.value) = 1 AS is_total, count(*) AS sent
				FROM survey s GROUP BY GROUPING SETS ((s.period, s.value, s.sent_on), (s.period, s.sent_on))) d
			GROUP BY d.period, d.value, d.is_total
		), line AS (
			SELECT NULL AS value, true AS is_total
			UNION
			SELECT f.value, f.is_total FROM found f WHERE "by" IS NOT NULL
		), filled AS (
			SELECT w.period, w.period_end, w.complete, l.value, l.is_total, coalesce(f.sent, 0) AS sent, coalesce(f.answered, 0) AS answered,
				CASE WHEN as_of IS NOT NULL THEN coalesce(f.open_surveys, 0) END AS open_surveys, coalesce(f.settled, 0) AS settled,
				coalesce(f.settled_answered, 0) AS settled_answered, coalesce(f.customers_asked, 0) AS customers_asked,
				coalesce(f.customers_answered, 0) AS customers_answered, coalesce(f.respondents, 0) AS respondents, coalesce(f.timed, 0) AS timed,
				f.median_seconds, f.p90_seconds, f.within_24, f.within_72, coalesce(f.days_sent, 0) AS days_sent, b.sent AS sent_on_busiest
			FROM nudge.window_spans(start_day, end_day, grain, zone, as_of) w
			CROSS JOIN line l
			LEFT JOIN found f ON f.period = w.period AND f.is_total = l.is_total AND f.value IS NOT DISTINCT FROM l.value
			LEFT JOIN busiest b ON b.period = w.period AND b.is_total = l.is_total AND b.value IS NOT DISTINCT FROM l.value
		), before AS (
			SELECT f.*, lag(f.settled) OVER same AS settled_before, lag(f.settled_answered) OVER same AS answered_before
			FROM filled f
			WINDOW same AS (PARTITION BY f.is_total, f.value ORDER BY f.period)
		)
		SELECT b.period, b.period_end, b.complete, b.value, b.is_total, b.sent, b.answered, b.open_surveys, b.answered::numeric / nullif(b.sent, 0),
			b.settled, b.settled_answered, t.rate_a, t.difference, t.p_value, b.customers_asked, b.customers_answered, b.respondents, b.timed,
			b.median_seconds / 3600, b.p90_seconds / 3600, b.within_24::numeric / nullif(b.timed, 0), b.within_72::numeric / nullif(b.timed, 0),
			b.days_sent, b.sent_on_busiest::numeric / nullif(b.sent, 0)
		FROM before b,
			LATERAL nudge.two_proportion_test(b.settled_answered, b.settled, coalesce(b.answered_before, 0), coalesce(b.settled_before, 0)) t
		ORDER BY b.period, b.is_total, b.value COLLATE "C";
END
$$;
COMMENT ON FUNCTION nudge.survey_response(regclass, text, date, date, text, text, timestamptz, regclass, text, integer, integer, integer) IS
	'Surveys sent in a period: how many are answered, are open or were not answered in time, how soon, and whether they were sent evenly. Not STRICT: NULL relations are inputs without rows, NULL options have a meaning';
