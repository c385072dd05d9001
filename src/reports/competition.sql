/*
 * competition.sql
 *		Competitors: who is heard, who is bought, what they charge and offer,
 *		and why deals are won and lost.
 *
 * Definitions: doc/competition.md.
 */

-- Rows, each checked once ---------------------------------------------------

CREATE FUNCTION nudge.check_competitor_facts(bad_kind text) RETURNS boolean
	LANGUAGE plpgsql IMMUTABLE PARALLEL SAFE SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
	IF bad_kind IS NOT NULL THEN
		RAISE EXCEPTION 'a fact of kind "%" must name a competitor and have a value that is not negative', bad_kind
			USING ERRCODE = 'invalid_parameter_value',
				DETAIL = 'Counts, prices, sizes and shares are numbers from 0.',
				HINT = 'Correct such rows, or pass a view without them.';
	END IF;
	RETURN true;
END
$$;
COMMENT ON FUNCTION nudge.check_competitor_facts(text) IS
	'An error if there is a kind of facts that are not as they must be. Not STRICT: NULL is no such kind';

CREATE FUNCTION nudge.competitor_fact_rows(
	competitor_facts regclass,
	kinds text[],
	start_day date DEFAULT NULL,
	end_day date DEFAULT NULL,
	zone text DEFAULT 'UTC'
) RETURNS TABLE (at timestamptz, competitor text, kind text, channel text, value numeric, detail text)
	LANGUAGE plpgsql STABLE PARALLEL RESTRICTED ROWS 1000 SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
	named_zone constant text := coalesce(zone, 'UTC');
BEGIN
	RETURN QUERY EXECUTE format($query$
		WITH fact AS MATERIALIZED (
			SELECT f.at, f.competitor, lower(btrim(f.kind)) AS kind, f.channel, f.value, f.detail
			FROM (%s) f
			WHERE lower(btrim(f.kind)) = ANY ($1) AND ($2 IS NULL OR f.at >= $2) AND ($3 IS NULL OR f.at < $3)
		), one AS MATERIALIZED (
			SELECT nudge.check_competitor_facts(min(f.kind)
				FILTER (WHERE f.competitor IS NULL OR f.value IS NULL OR f.value < 0 OR f.value IN ('NaN', 'Infinity'))) AS checked
			FROM fact f
		)
		SELECT f.* FROM one, fact f
		$query$, nudge.input_query('competitor_facts', competitor_facts))
		USING kinds, start_day::timestamp AT TIME ZONE named_zone, end_day::timestamp AT TIME ZONE named_zone;
END
$$;
COMMENT ON FUNCTION nudge.competitor_fact_rows(regclass, text[], date, date, text) IS
	'The competitor_facts of some kinds in a window, checked. Not STRICT: NULL days are no bounds, a NULL relation has no rows';

CREATE FUNCTION nudge.check_outcome(unknown text) RETURNS boolean
	LANGUAGE plpgsql IMMUTABLE PARALLEL SAFE SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
	IF unknown IS NOT NULL THEN
		RAISE EXCEPTION 'unknown outcome "%" of a deal', unknown
			USING ERRCODE = 'invalid_parameter_value',
				DETAIL = 'The outcomes are won, lost and no_decision.',
				HINT = 'Pass a view that translates yours.';
	END IF;
	RETURN true;
END
$$;
COMMENT ON FUNCTION nudge.check_outcome(text) IS
	'An error if there is an outcome of deals that is not known. Not STRICT: NULL is no such outcome';

CREATE FUNCTION nudge.closed_deals(
	deals regclass,
	start_day date,
	end_day date,
	zone text DEFAULT 'UTC'
) RETURNS TABLE (
	deal text,
	customer text,
	closed_on date,
	outcome text,
	competitor text,
	reason text,
	segment text,
	owner text,
	team text,
	partner text,
	amount numeric,
	currency text
)
	LANGUAGE plpgsql STABLE PARALLEL RESTRICTED ROWS 1000 SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
	named_zone constant text := coalesce(zone, 'UTC');
BEGIN
	PERFORM nudge.check_window(start_day, end_day);
	RETURN QUERY EXECUTE format($query$
		WITH closed AS MATERIALIZED (
			SELECT d.deal, d.customer, nudge.civil_date(d.closed_at, $3) AS closed_on, lower(btrim(d.outcome)) AS outcome,
				d.competitor, d.reason, d.segment, d.owner, d.team, d.partner, d.amount, d.currency
			FROM (%s) d
			WHERE d.closed_at >= $1 AND d.closed_at < $2
		), one AS MATERIALIZED (
			SELECT nudge.check_outcome(min(d.outcome) FILTER (WHERE d.outcome NOT IN ('won', 'lost', 'no_decision'))) AS checked
			FROM closed d
		)
		SELECT d.* FROM one, closed d
		$query$, nudge.input_query('deals', deals))
		USING start_day::timestamp AT TIME ZONE named_zone, end_day::timestamp AT TIME ZONE named_zone, named_zone;
END
$$;
COMMENT ON FUNCTION nudge.closed_deals(regclass, date, date, text) IS
	'The deals closed in a window, checked: what win_rates, wins_and_losses and win_loss_reasons count. Not STRICT: a NULL relation has no rows';

-- Who is heard --------------------------------------------------------------

CREATE FUNCTION nudge.share_of_voice(
	competitor_facts regclass,
	start_day date,
	end_day date,
	grain text DEFAULT NULL,
	zone text DEFAULT 'UTC'
) RETURNS TABLE (
	period date,
	channel text,
	all_channels boolean,
	competitor text,
	voice numeric,
	total_voice numeric,
	share numeric,
	share_change numeric,
	recorded_share numeric,
	recorded_share_change numeric
)
	LANGUAGE sql STABLE PARALLEL RESTRICTED ROWS 100 COST 10000
BEGIN ATOMIC
	WITH checked AS MATERIALIZED (
		SELECT nudge.check_window(share_of_voice.start_day, share_of_voice.end_day)
	), p AS (
		SELECT w.period, w.period_end FROM checked, nudge.window_periods(share_of_voice.start_day, share_of_voice.end_day, share_of_voice.grain) w
	), fact AS (
		SELECT p.period, f.channel, f.competitor, f.kind, f.value
		FROM checked, nudge.competitor_fact_rows(share_of_voice.competitor_facts, ARRAY['mention', 'share_of_voice'],
				share_of_voice.start_day, share_of_voice.end_day, share_of_voice.zone) f
		JOIN p ON nudge.civil_date(f.at, coalesce(share_of_voice.zone, 'UTC')) >= p.period
			AND nudge.civil_date(f.at, coalesce(share_of_voice.zone, 'UTC')) < p.period_end
	), heard AS MATERIALIZED (
		SELECT f.period, f.channel, grouping(f.channel) = 1 AS all_channels, f.competitor,
			sum(f.value) FILTER (WHERE f.kind = 'mention') AS voice,
			-- shares of different channels have no mean
			CASE WHEN grouping(f.channel) = 0 THEN avg(f.value) FILTER (WHERE f.kind = 'share_of_voice') END AS recorded
		FROM fact f
		GROUP BY GROUPING SETS ((f.period, f.competitor, f.channel), (f.period, f.competitor))
	), share AS (
		SELECT p.period, g.channel, g.all_channels, g.competitor, coalesce(h.voice, 0) AS voice,
			sum(h.voice) OVER same_channel AS total,
			coalesce(h.voice, 0) / nullif(sum(h.voice) OVER same_channel, 0) AS share, h.recorded
		FROM p CROSS JOIN (SELECT DISTINCT h.channel, h.all_channels, h.competitor FROM heard h) g
		LEFT JOIN heard h ON h.period = p.period AND h.competitor = g.competitor AND h.all_channels = g.all_channels
			AND h.channel IS NOT DISTINCT FROM g.channel
		WINDOW same_channel AS (PARTITION BY p.period, g.all_channels, g.channel)
	)
	SELECT s.period, s.channel, s.all_channels, s.competitor, s.voice, coalesce(s.total, 0), s.share, s.share - lag(s.share) OVER before,
		s.recorded, s.recorded - lag(s.recorded) OVER before
	FROM share s
	WINDOW before AS (PARTITION BY s.all_channels, s.channel, s.competitor ORDER BY s.period)
	ORDER BY s.period, s.all_channels, s.channel COLLATE "C", s.share DESC NULLS LAST, s.competitor COLLATE "C";
END;
COMMENT ON FUNCTION nudge.share_of_voice(regclass, date, date, text, text) IS
	'Mentions of each competitor over all, by channel and period, with the change from the period before, and shares as tools recorded them. Not STRICT: a NULL relation has no rows, a NULL grain is one period';

CREATE FUNCTION nudge.competitive_mentions(
	competitor_facts regclass,
	as_of date,
	days integer DEFAULT 30,
	threshold numeric DEFAULT 2,
	own text DEFAULT 'us',
	zone text DEFAULT 'UTC'
) RETURNS TABLE (competitor text, mentions numeric, previous_mentions numeric, change numeric, is_multiple boolean)
	LANGUAGE plpgsql STABLE PARALLEL RESTRICTED ROWS 20 COST 10000 SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
	IF as_of IS NULL OR days IS NULL OR days < 1 THEN
		RAISE EXCEPTION 'mentions are counted in at least one day that ends with a day as_of'
			USING ERRCODE = 'invalid_parameter_value',
				DETAIL = format('as_of is %s, days is %s.', coalesce(as_of::text, 'null'), coalesce(days::text, 'null')),
				HINT = 'Pass a day, and leave days out for 30.';
	END IF;
	RETURN QUERY
		SELECT f.competitor,
			coalesce(sum(f.value) FILTER (WHERE f.is_recent), 0), coalesce(sum(f.value) FILTER (WHERE NOT f.is_recent), 0),
			coalesce(sum(f.value) FILTER (WHERE f.is_recent), 0) - coalesce(sum(f.value) FILTER (WHERE NOT f.is_recent), 0),
			coalesce(sum(f.value) FILTER (WHERE f.is_recent), 0) >= threshold
		FROM (SELECT r.competitor, r.value, nudge.civil_date(r.at, coalesce(zone, 'UTC')) > as_of - days AS is_recent
			FROM nudge.competitor_fact_rows(competitor_facts, ARRAY['mention'], as_of - 2 * days + 1, as_of + 1, zone) r
			WHERE r.competitor IS DISTINCT FROM own) f
		GROUP BY f.competitor
		ORDER BY 2 DESC, f.competitor COLLATE "C";
END
$$;
COMMENT ON FUNCTION nudge.competitive_mentions(regclass, date, integer, numeric, text, text) IS
	'Mentions of competitors in the days that end with as_of, and whether they are multiple. Not STRICT: a NULL relation has no rows, a NULL own leaves nobody out';

-- Readings ------------------------------------------------------------------

CREATE FUNCTION nudge.competitor_readings(
	competitor_facts regclass,
	kind text,
	as_of date,
	zone text DEFAULT 'UTC'
) RETURNS TABLE (
	competitor text,
	channel text,
	detail text,
	value numeric,
	seen_at timestamptz,
	previous_value numeric,
	change numeric
)
	LANGUAGE sql STABLE PARALLEL RESTRICTED ROWS 100 COST 10000
BEGIN ATOMIC
	SELECT r.competitor, r.channel, r.detail, r.value, r.at, r.previous, r.value - r.previous
	FROM (SELECT f.competitor, f.channel, f.detail, f.value, f.at,
			row_number() OVER latest AS place, lead(f.value) OVER latest AS previous
		FROM nudge.competitor_fact_rows(competitor_readings.competitor_facts, ARRAY[lower(competitor_readings.kind)],
			NULL, competitor_readings.as_of + 1, competitor_readings.zone) f
		WHERE competitor_readings.as_of IS NOT NULL
		WINDOW latest AS (PARTITION BY f.competitor, f.channel, f.detail ORDER BY f.at DESC, f.value DESC)) r
	WHERE r.place = 1
	ORDER BY r.competitor COLLATE "C", r.channel COLLATE "C", r.value, r.detail COLLATE "C";
END;
COMMENT ON FUNCTION nudge.competitor_readings(regclass, text, date, text) IS
	'The latest reading of a kind of fact at the end of a day, for each competitor, channel and detail, and the one before it. Not STRICT: a NULL relation has no rows';

CREATE FUNCTION nudge.market_share(
	competitor_facts regclass,
	as_of date,
	compare_day date DEFAULT NULL,
	market text DEFAULT 'market',
	zone text DEFAULT 'UTC'
) RETURNS TABLE (
	channel text,
	measure text,
	competitor text,
	size numeric,
	market_size numeric,
	share numeric,
	share_change numeric
)
	LANGUAGE sql STABLE PARALLEL RESTRICTED ROWS 20 COST 10000
BEGIN ATOMIC
	WITH reading AS (
		SELECT d.place, r.channel, r.detail, r.competitor, r.value,
			coalesce(max(r.value) FILTER (WHERE r.competitor = market_share.market) OVER whole,
				sum(r.value) OVER whole) AS total
		FROM unnest(ARRAY[market_share.as_of, market_share.compare_day]) WITH ORDINALITY d(day, place),
			LATERAL nudge.competitor_readings(market_share.competitor_facts, 'market_size', d.day, market_share.zone) r
		WINDOW whole AS (PARTITION BY d.place, r.channel, r.detail)
	)
	SELECT n.channel, n.detail, n.competitor, n.value, n.total, n.value / nullif(n.total, 0),
		n.value / nullif(n.total, 0) - b.value / nullif(b.total, 0)
	FROM reading n
	LEFT JOIN reading b ON b.place = 2 AND b.competitor = n.competitor
		AND b.channel IS NOT DISTINCT FROM n.channel AND b.detail IS NOT DISTINCT FROM n.detail
	WHERE n.place = 1 AND n.competitor IS DISTINCT FROM market_share.market
	ORDER BY n.channel COLLATE "C", n.detail COLLATE "C", n.value DESC, n.competitor COLLATE "C";
END;
COMMENT ON FUNCTION nudge.market_share(regclass, date, date, text, text) IS
	'The size of each competitor over that of the market, or over all that are known, at the end of a day, and the change since another. Not STRICT: a NULL compare_day compares with nothing';

-- What they charge and offer ------------------------------------------------

CREATE FUNCTION nudge.price_comparison(
	competitor_facts regclass,
	as_of date,
	competitors regclass DEFAULT NULL,
	own text DEFAULT 'us',
	zone text DEFAULT 'UTC'
) RETURNS TABLE (
	competitor text,
	tier text,
	tier_no integer,
	price numeric,
	contacts numeric,
	price_per_contact numeric,
	features numeric,
	features_per_price numeric,
	own_tier text,
	own_price numeric,
	price_ratio numeric
)
	LANGUAGE plpgsql STABLE PARALLEL RESTRICTED ROWS 20 COST 10000 SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
	RETURN QUERY EXECUTE format($query$
		WITH reading AS MATERIALIZED (
			SELECT k.kind, r.competitor, r.detail, r.value
			FROM unnest(ARRAY['price', 'contacts', 'feature_count', 'feature']) k(kind),
				LATERAL nudge.competitor_readings($1, k.kind, $2, $4) r
		), priced AS (
			SELECT r.competitor, r.detail AS tier, r.value AS price FROM reading r WHERE r.kind = 'price'
			UNION ALL
			SELECT c.competitor, 'starter', c.starter_price FROM (%s) c
			WHERE c.starter_price IS NOT NULL AND NOT EXISTS (SELECT FROM reading r WHERE r.kind = 'price' AND r.competitor = c.competitor)
		), tier AS (
			SELECT p.competitor, p.tier, row_number() OVER (PARTITION BY p.competitor ORDER BY p.price, p.tier COLLATE "C")::integer AS tier_no, p.price,
				(SELECT max(r.value) FROM reading r WHERE r.kind = 'contacts' AND r.competitor = p.competitor AND r.detail IS NOT DISTINCT FROM p.tier) AS contacts,
				CASE WHEN EXISTS (SELECT FROM reading r WHERE r.kind = 'feature_count' AND r.competitor = p.competitor)
					THEN (SELECT max(r.value) FROM reading r WHERE r.kind = 'feature_count' AND r.competitor = p.competitor AND r.detail IS NOT DISTINCT FROM p.tier)
					-- features that are not said to be of a tier count for all
					ELSE (SELECT nullif(count(DISTINCT r.detail), 0) FROM reading r WHERE r.kind = 'feature' AND r.competitor = p.competitor AND r.value > 0) END AS features
			FROM priced p
		)
		SELECT t.competitor, t.tier, t.tier_no, t.price, t.contacts, t.price / nullif(t.contacts, 0), t.features, t.features / nullif(t.price, 0),
			o.tier, o.price, t.price / nullif(o.price, 0)
		FROM tier t
		LEFT JOIN tier o ON o.competitor = $3 AND o.tier_no = t.tier_no
		ORDER BY t.competitor IS DISTINCT FROM $3, t.competitor COLLATE "C", t.tier_no
		$query$, nudge.input_query('competitors', competitors))
		USING competitor_facts, as_of, own, zone;
END
$$;
COMMENT ON FUNCTION nudge.price_comparison(regclass, date, regclass, text, text) IS
	'Prices at the end of a day, a row per competitor and tier: per contact, features per unit of price, and beside the own tier of the same rank. Not STRICT: NULL relations have no rows';

CREATE FUNCTION nudge.feature_comparison(
	competitor_facts regclass,
	as_of date,
	features regclass DEFAULT NULL,
	own text DEFAULT 'us',
	zone text DEFAULT 'UTC'
) RETURNS TABLE (feature text, is_own boolean, is_unique boolean, offered_by text[], not_known_of text[])
	LANGUAGE plpgsql STABLE PARALLEL RESTRICTED ROWS 100 COST 10000 SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
	RETURN QUERY EXECUTE format($query$
		WITH seen AS MATERIALIZED (
			-- seen on several channels: one that has found it is enough
			SELECT r.competitor, r.detail AS feature, bool_or(r.value > 0) AS offered
			FROM nudge.competitor_readings($1, 'feature', $2, $4) r
			WHERE r.detail IS NOT NULL
			GROUP BY r.competitor, r.detail
		), ours AS (
			SELECT f.feature FROM (%s) f WHERE f.released_at IS NULL OR f.released_at < ($2 + 1)::timestamp AT TIME ZONE coalesce($4, 'UTC')
			UNION
			SELECT s.feature FROM seen s WHERE s.competitor = $3 AND s.offered
		), rival AS (
			SELECT DISTINCT s.competitor FROM seen s WHERE s.competitor IS DISTINCT FROM $3
		), compared AS (
			SELECT a.feature, EXISTS (SELECT FROM ours o WHERE o.feature = a.feature) AS is_own,
				ARRAY(SELECT s.competitor FROM seen s WHERE s.feature = a.feature AND s.offered AND s.competitor IS DISTINCT FROM $3
					ORDER BY s.competitor COLLATE "C") AS offered_by,
				ARRAY(SELECT r.competitor FROM rival r WHERE NOT EXISTS (SELECT FROM seen s WHERE s.feature = a.feature AND s.competitor = r.competitor)
					ORDER BY r.competitor COLLATE "C") AS not_known_of
			FROM (SELECT o.feature FROM ours o UNION SELECT s.feature FROM seen s) a
		)
		SELECT c.feature, c.is_own, c.is_own AND c.offered_by = '{}', c.offered_by, c.not_known_of
		FROM compared c
		ORDER BY c.is_own DESC, c.feature COLLATE "C"
		$query$, nudge.input_query('features', features))
		USING competitor_facts, as_of, own, zone;
END
$$;
COMMENT ON FUNCTION nudge.feature_comparison(regclass, date, regclass, text, text) IS
	'Every feature known at the end of a day: whether we have it, alone, who else does, and of whom it is not known. Not STRICT: NULL relations have no rows';

CREATE FUNCTION nudge.differentiation_score(
	competitor_facts regclass,
	as_of date,
	features regclass DEFAULT NULL,
	own text DEFAULT 'us',
	zone text DEFAULT 'UTC'
) RETURNS TABLE (
	features_total bigint,
	unique_features bigint,
	score numeric,
	unverified_features bigint,
	missing_features bigint
)
	LANGUAGE sql STABLE PARALLEL RESTRICTED ROWS 1 COST 10000
BEGIN ATOMIC
	SELECT count(*) FILTER (WHERE f.is_own), count(*) FILTER (WHERE f.is_unique),
		count(*) FILTER (WHERE f.is_unique)::numeric / nullif(count(*) FILTER (WHERE f.is_own), 0),
		count(*) FILTER (WHERE f.is_unique AND f.not_known_of <> '{}'::text[]),
		count(*) FILTER (WHERE NOT f.is_own AND f.offered_by <> '{}'::text[])
	FROM nudge.feature_comparison(differentiation_score.competitor_facts, differentiation_score.as_of, differentiation_score.features,
		differentiation_score.own, differentiation_score.zone) f;
END;
COMMENT ON FUNCTION nudge.differentiation_score(regclass, date, regclass, text, text) IS
	'Our features that no competitor is known to have over all of ours. Not STRICT: NULL relations have no rows';

-- Who is bought -------------------------------------------------------------

CREATE FUNCTION nudge.win_rates(
	deals regclass,
	start_day date,
	end_day date,
	dimension text DEFAULT NULL,
	grain text DEFAULT NULL,
	zone text DEFAULT 'UTC',
	confidence double precision DEFAULT 0.95
) RETURNS TABLE (
	period date,
	value text,
	is_total boolean,
	deals_closed bigint,
	won bigint,
	lost bigint,
	no_decision bigint,
	not_recorded bigint,
	win_rate numeric,
	rate_low double precision,
	rate_high double precision,
	win_rate_change numeric,
	p_value double precision
)
	LANGUAGE plpgsql STABLE PARALLEL RESTRICTED ROWS 20 COST 10000 SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
	PERFORM nudge.check_window(start_day, end_day);
	IF dimension NOT IN ('competitor', 'segment', 'owner', 'team', 'partner', 'currency') THEN
		RAISE EXCEPTION 'unknown dimension "%" of deals', dimension
			USING ERRCODE = 'invalid_parameter_value',
				DETAIL = 'The dimensions are competitor, segment, owner, team, partner and currency.',
				HINT = 'Leave it out for the total alone, or pass a view that has yours as segment.';
	END IF;
	RETURN QUERY
		WITH p AS (
			SELECT w.period, w.period_end FROM nudge.window_periods(start_day, end_day, grain) w
		), deal AS (
			SELECT p.period, d.outcome,
				CASE dimension WHEN 'competitor' THEN d.competitor WHEN 'segment' THEN d.segment WHEN 'owner' THEN d.owner
					WHEN 'team' THEN d.team WHEN 'partner' THEN d.partner WHEN 'currency' THEN d.currency END AS value
			FROM nudge.closed_deals(deals, start_day, end_day, zone) d
			JOIN p ON d.closed_on >= p.period AND d.closed_on < p.period_end
		), n AS MATERIALIZED (
			SELECT d.period, d.value, grouping(d.value) = 1 AS is_total, count(*) AS closed, count(*) FILTER (WHERE d.outcome = 'won') AS won,
				count(*) FILTER (WHERE d.outcome = 'lost') AS lost, count(*) FILTER (WHERE d.outcome = 'no_decision') AS undecided,
				count(*) FILTER (WHERE d.outcome IS NULL) AS unknown
			FROM deal d
			GROUP BY GROUPING SETS ((d.period, d.value), (d.period))
		), filled AS (
			SELECT p.period, g.value, g.is_total, coalesce(n.closed, 0) AS closed, coalesce(n.won, 0) AS won, coalesce(n.lost, 0) AS lost,
				coalesce(n.undecided, 0) AS undecided, coalesce(n.unknown, 0) AS unknown, coalesce(n.closed - n.unknown, 0) AS decided
			FROM p CROSS JOIN (SELECT NULL AS value, true AS is_total UNION SELECT k.value, k.is_total FROM n k WHERE dimension IS NOT NULL) g
			LEFT JOIN n ON n.period = p.period AND n.is_total = g.is_total AND n.value IS NOT DISTINCT FROM g.value
		), b AS (
			SELECT f.*, lag(f.won) OVER before AS won_before, lag(f.decided) OVER before AS decided_before
			FROM filled f
			WINDOW before AS (PARTITION BY f.is_total, f.value ORDER BY f.period)
		)
		SELECT b.period, b.value, b.is_total, b.closed, b.won, b.lost, b.undecided, b.unknown,
			i.rate, i.rate_low, i.rate_high, t.difference, t.p_value
		FROM b, LATERAL nudge.wilson_interval(b.won, b.decided, confidence) i,
			LATERAL nudge.two_proportion_test(b.won, b.decided, b.won_before, b.decided_before) t
		ORDER BY b.period, b.is_total, b.closed DESC, b.value COLLATE "C";
END
$$;
COMMENT ON FUNCTION nudge.win_rates(regclass, date, date, text, text, text, double precision) IS
	'Deals won over deals decided, where no decision is a loss, by close date: in all and by a dimension such as competitor, with Wilson interval and change from the period before. Not STRICT: a NULL dimension is the total alone, a NULL grain one period';

CREATE FUNCTION nudge.win_loss_reasons(
	deals regclass,
	start_day date,
	end_day date,
	grain text DEFAULT NULL,
	zone text DEFAULT 'UTC',
	separator text DEFAULT NULL
) RETURNS TABLE (
	period date,
	outcome text,
	competitor text,
	all_competitors boolean,
	reason text,
	deals_closed bigint,
	outcome_deals bigint,
	share numeric,
	share_change numeric,
	rank bigint
)
	LANGUAGE sql STABLE PARALLEL RESTRICTED ROWS 100 COST 10000
BEGIN ATOMIC
	WITH checked AS MATERIALIZED (
		SELECT nudge.check_window(win_loss_reasons.start_day, win_loss_reasons.end_day)
	), p AS (
		SELECT w.period, w.period_end FROM checked, nudge.window_periods(win_loss_reasons.start_day, win_loss_reasons.end_day, win_loss_reasons.grain) w
	), deal AS MATERIALIZED (
		SELECT p.period, d.outcome, d.competitor, nullif(btrim(d.reason), '') AS reason, row_number() OVER () AS no
		FROM nudge.closed_deals(win_loss_reasons.deals, win_loss_reasons.start_day, win_loss_reasons.end_day, win_loss_reasons.zone) d
		JOIN p ON d.closed_on >= p.period AND d.closed_on < p.period_end
		WHERE d.outcome IS NOT NULL
	), theme AS (
		-- a deal counts once for each theme, however often it is named
		SELECT DISTINCT d.no, d.period, d.outcome, d.competitor, btrim(CASE WHEN win_loss_reasons.separator <> '' THEN t.theme ELSE d.reason END) AS reason
		FROM deal d
		LEFT JOIN LATERAL unnest(string_to_array(d.reason, win_loss_reasons.separator)) t(theme) ON win_loss_reasons.separator <> '' AND btrim(t.theme) <> ''
	), whole AS MATERIALIZED (
		SELECT d.period, d.outcome, d.competitor, grouping(d.competitor) = 1 AS all_competitors, count(*) AS n
		FROM deal d
		GROUP BY GROUPING SETS ((d.period, d.outcome, d.competitor), (d.period, d.outcome))
	), named AS MATERIALIZED (
		SELECT t.period, t.outcome, t.competitor, grouping(t.competitor) = 1 AS all_competitors, t.reason, count(*) AS n
		FROM theme t
		GROUP BY GROUPING SETS ((t.period, t.outcome, t.reason, t.competitor), (t.period, t.outcome, t.reason))
	), share AS (
		SELECT p.period, g.outcome, g.competitor, g.all_competitors, g.reason, coalesce(n.n, 0) AS n, coalesce(w.n, 0) AS whole,
			coalesce(n.n, 0)::numeric / w.n AS share
		FROM p CROSS JOIN (SELECT DISTINCT n.outcome, n.competitor, n.all_competitors, n.reason FROM named n) g
		LEFT JOIN whole w ON w.period = p.period AND w.outcome = g.outcome AND w.all_competitors = g.all_competitors
			AND w.competitor IS NOT DISTINCT FROM g.competitor
		LEFT JOIN named n ON n.period = p.period AND n.outcome = g.outcome AND n.all_competitors = g.all_competitors
			AND n.competitor IS NOT DISTINCT FROM g.competitor AND n.reason IS NOT DISTINCT FROM g.reason
	)
	SELECT s.period, s.outcome, s.competitor, s.all_competitors, s.reason, s.n, s.whole, s.share,
		s.share - lag(s.share) OVER (PARTITION BY s.outcome, s.all_competitors, s.competitor, s.reason ORDER BY s.period),
		rank() OVER (PARTITION BY s.period, s.outcome, s.all_competitors, s.competitor ORDER BY s.n DESC)
	FROM share s
	ORDER BY s.period, array_position(ARRAY['won', 'lost', 'no_decision'], s.outcome), s.all_competitors, s.competitor COLLATE "C", s.n DESC, s.reason COLLATE "C";
END;
COMMENT ON FUNCTION nudge.win_loss_reasons(regclass, date, date, text, text, text) IS
	'Why deals were won, lost or not decided, by competitor and in all: deals of each reason, their share and its change from the period before. Not STRICT: a NULL grain is one period, a NULL separator keeps a reason whole';

CREATE FUNCTION nudge.wins_and_losses(
	deals regclass,
	start_day date,
	end_day date,
	zone text DEFAULT 'UTC'
) RETURNS TABLE (
	direction text,
	competitor text,
	deals_closed bigint,
	share numeric,
	reasons text[],
	reason_deals bigint[]
)
	LANGUAGE sql STABLE PARALLEL RESTRICTED ROWS 20 COST 10000
BEGIN ATOMIC
	WITH side AS MATERIALIZED (
		SELECT CASE d.outcome WHEN 'won' THEN 'wins_from' ELSE 'losses_to' END AS direction,
			CASE d.outcome WHEN 'no_decision' THEN 'no_decision' ELSE d.competitor END AS competitor, nullif(btrim(d.reason), '') AS reason
		FROM nudge.closed_deals(wins_and_losses.deals, wins_and_losses.start_day, wins_and_losses.end_day, wins_and_losses.zone) d
		WHERE d.outcome IS NOT NULL
	), named AS (
		SELECT s.direction, s.competitor, s.reason, count(*) AS n
		FROM side s
		GROUP BY s.direction, s.competitor, s.reason
	)
	SELECT n.direction, n.competitor, sum(n.n)::bigint, sum(n.n) / sum(sum(n.n)) OVER (PARTITION BY n.direction),
		array_agg(n.reason ORDER BY n.n DESC, n.reason COLLATE "C") FILTER (WHERE n.reason IS NOT NULL),
		array_agg(n.n ORDER BY n.n DESC, n.reason COLLATE "C") FILTER (WHERE n.reason IS NOT NULL)
	FROM named n
	GROUP BY n.direction, n.competitor
	ORDER BY n.direction DESC, sum(n.n) DESC, n.competitor COLLATE "C";
END;
COMMENT ON FUNCTION nudge.wins_and_losses(regclass, date, date, text) IS
	'From whom deals were won and to whom they were lost, homegrown and no_decision among them, with the reasons, the most frequent first. Not STRICT: a NULL relation has no rows';
