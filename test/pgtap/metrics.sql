--
-- metrics.sql
--		What is reported of a whole company: every metric is what plain SQL over
--		its raw rows says, every slice adds up, and every key figure is the last one.
--
-- The company is tools/company.sql, in another zone, with weeks that begin on
-- Sunday and a fiscal year that begins in April.
--
-- Copyright (c) 2026, the nudge_metrics authors; PostgreSQL licence

\set ON_ERROR_STOP on
BEGIN;
SET client_min_messages = warning;
\set customers 60
\set in_transaction on
\ir ../../tools/company.sql
SET client_min_messages = warning;
SET timezone = 'Asia/Tokyo';
SET jit = off;
SELECT no_plan();

-- What the company does not have: tickets that come back, outcomes that are not
-- known, customers and users that are internal; and one level of service for all.
DELETE FROM nudge.sla_targets;
INSERT INTO nudge.sla_targets (measure, target_minutes) VALUES ('first_response', 120), ('resolution', 1440);
UPDATE company.tickets SET reopened_at = resolved_at + interval '1 day', resolved_at = resolved_at + interval '2 days' WHERE ticket ~ '7$' AND resolved_at < now() - interval '3 days';
UPDATE company.tickets SET escalated = NULL WHERE ticket ~ '3$';
UPDATE company.deals SET partner = 'Shop Connect' WHERE deal ~ '[14]$';
UPDATE company.deployments SET failed = NULL WHERE service = 'api' AND extract(second FROM at)::integer % 7 = 0;
UPDATE company.users SET internal = true WHERE "user" ~ '5-2$';
UPDATE company.customers SET internal = true WHERE customer ~ '3$';
-- channels and segments with blanks around them: they are the same
UPDATE company.touches SET channel = ' ' || channel || '  ' WHERE extract(minute FROM at)::integer % 3 = 0;
UPDATE company.spend SET channel = channel || ' ' WHERE day::text ~ '[37]$';
UPDATE company.campaigns SET channel = ' ' || channel WHERE campaign ~ '[aeiou]s?$';
UPDATE company.customers SET segment = segment || ' ' WHERE customer ~ '[48]$';
SELECT count(*) FROM nudge.deploy(zone => 'America/Los_Angeles', week_start => 'sunday', fiscal_year_start => 4) \g /dev/null
-- all, or some with what they read
CREATE FUNCTION pg_temp.refresh_all(wanted text[] DEFAULT NULL) RETURNS void LANGUAGE plpgsql VOLATILE AS $$
DECLARE
	one text;
	run bigint;
BEGIN
	WHILE nudge.fan_out(1000) = 1000 LOOP
	END LOOP;
	FOR one IN WITH RECURSIVE needed AS (
			SELECT m.name FROM nudge.materialisations m WHERE wanted IS NULL OR m.name = ANY (wanted)
			UNION SELECT m.name FROM needed n JOIN nudge.dependencies d ON d.materialisation = n.name JOIN nudge.materialisations m ON nudge.mart_table(m.name) = d.upstream
		) SELECT o.name FROM nudge.refresh_order() o JOIN needed n USING (name) ORDER BY o.depth, o.name LOOP
		run := nudge.begin_run(one, 'refresh');
		PERFORM nudge.mark_run(one);
		PERFORM nudge.refresh_batch(one, run, NULL);
		PERFORM nudge.end_run(one, run, 'ok', NULL, NULL);
	END LOOP;
END
$$;
SELECT pg_temp.refresh_all() \g /dev/null
ANALYZE;
SELECT is_empty($$ SELECT name FROM nudge.shipped_marts WHERE name NOT IN (SELECT name FROM nudge.materialisations) $$, 'the company has the inputs of every mart');
SELECT is_empty($$ SELECT name, run_status FROM nudge.freshness f, LATERAL (SELECT f.status AS run_status) s WHERE f.quarantined > 0 $$, 'no key is put aside');
SELECT is_empty($$ SELECT * FROM nudge.check_reporting(true) $$, 'every view keeps the rules');

-- The oracle ------------------------------------------------------------------

CREATE FUNCTION pg_temp.day(at timestamptz) RETURNS date LANGUAGE sql STABLE RETURN (at AT TIME ZONE 'America/Los_Angeles')::date;
CREATE FUNCTION pg_temp.month(at timestamptz) RETURNS date LANGUAGE sql STABLE RETURN date_trunc('month', at AT TIME ZONE 'America/Los_Angeles')::date;
CREATE FUNCTION pg_temp.instant(day date) RETURNS timestamptz LANGUAGE sql STABLE RETURN day::timestamp AT TIME ZONE 'America/Los_Angeles';
CREATE TEMP TABLE months AS SELECT m::date AS period, (m + interval '1 month')::date AS period_end, pg_temp.instant(m::date) AS starts, pg_temp.instant((m + interval '1 month')::date) AS ends
	FROM generate_series(date_trunc('month', now() AT TIME ZONE 'America/Los_Angeles') - interval '40 months', date_trunc('month', now() AT TIME ZONE 'America/Los_Angeles') - interval '1 month', interval '1 month') m;
CREATE TEMP TABLE expected (metric text, grain text, period date, value numeric);
-- a column each, named as the metric
CREATE FUNCTION pg_temp.expect(grain text, query text) RETURNS void LANGUAGE plpgsql AS $$
BEGIN
	EXECUTE format('INSERT INTO expected SELECT k.key, %L, s.period, k.value::numeric FROM (%s) s, LATERAL jsonb_each_text(to_jsonb(s) - ''period'') k', grain, query);
END
$$;

-- revenue: what each customer pays at an instant
CREATE TEMP TABLE paid AS SELECT m.period, s.customer, sum(s.mrr) AS mrr
	FROM months m JOIN (SELECT s.*, s.amount / CASE s.interval_unit WHEN 'year' THEN 12 ELSE 1 END AS mrr FROM company.subscriptions s) s ON s.valid_from < m.ends AND (s.valid_to IS NULL OR s.valid_to >= m.ends)
	GROUP BY 1, 2;
CREATE TEMP TABLE moved AS SELECT m.period, c.customer, coalesce(o.mrr, 0) AS opening, coalesce(p.mrr, 0) AS closing, EXISTS (SELECT FROM paid e WHERE e.customer = c.customer AND e.period < m.period) AS before,
		coalesce(y.mrr, 0) AS year_before
	FROM months m CROSS JOIN (SELECT DISTINCT customer FROM paid) c
	LEFT JOIN paid p ON p.customer = c.customer AND p.period = m.period
	LEFT JOIN paid o ON o.customer = c.customer AND o.period = (m.period - interval '1 month')::date
	LEFT JOIN paid y ON y.customer = c.customer AND y.period = (m.period - interval '12 months')::date;
SELECT pg_temp.expect('month', $$
	SELECT period, mrr, 12 * mrr AS arr, new_mrr, reactivation_mrr, expansion_mrr, contraction_mrr, churn_mrr, mrr - opening AS net_new_mrr, (mrr - opening) / nullif(opening, 0) AS mrr_growth_rate, -churn_mrr / nullif(opening, 0) AS churned_mrr_rate,
		-(churn_mrr + contraction_mrr) / nullif(opening, 0) AS gross_mrr_churn_rate, expansion_mrr / nullif(opening, 0) AS expansion_rate, -contraction_mrr / nullif(opening, 0) AS contraction_rate, kept / nullif(opening, 0) AS monthly_net_revenue_retention_rate,
		(kept - expansion_mrr) / nullif(opening, 0) AS monthly_gross_revenue_retention_rate, (new_mrr + expansion_mrr) / nullif(-(contraction_mrr + churn_mrr), 0) AS quick_ratio, mrr / nullif(customers, 0) AS arpa, customers AS paying_customers, new_customers,
		churned_customers, churned_customers::numeric / nullif(opening_customers, 0) AS logo_churn_rate, kept_year / nullif(opening_year, 0) AS net_revenue_retention_rate, gross_year / nullif(opening_year, 0) AS gross_revenue_retention_rate,
		logos_year::numeric / nullif(opening_logos_year, 0) AS logo_retention_rate
	FROM (SELECT period, sum(closing) AS mrr, sum(opening) AS opening, coalesce(sum(closing) FILTER (WHERE opening = 0 AND NOT before), 0) AS new_mrr, coalesce(sum(closing) FILTER (WHERE opening = 0 AND before), 0) AS reactivation_mrr,
			coalesce(sum(closing - opening) FILTER (WHERE opening > 0 AND closing > opening), 0) AS expansion_mrr, coalesce(sum(closing - opening) FILTER (WHERE closing > 0 AND closing < opening), 0) AS contraction_mrr,
			coalesce(sum(-opening) FILTER (WHERE closing = 0), 0) AS churn_mrr, sum(closing) FILTER (WHERE opening > 0) AS kept, count(*) FILTER (WHERE closing > 0) AS customers, count(*) FILTER (WHERE opening > 0) AS opening_customers,
			count(*) FILTER (WHERE opening = 0 AND closing > 0 AND NOT before) AS new_customers, count(*) FILTER (WHERE opening > 0 AND closing = 0) AS churned_customers, sum(year_before) AS opening_year,
			sum(closing) FILTER (WHERE year_before > 0) AS kept_year, sum(least(closing, year_before)) FILTER (WHERE year_before > 0) AS gross_year, count(*) FILTER (WHERE year_before > 0 AND closing > 0) AS logos_year,
			count(*) FILTER (WHERE year_before > 0) AS opening_logos_year
		FROM moved GROUP BY period) m $$) \g /dev/null
INSERT INTO expected SELECT e.metric, 'quarter', (e.period - interval '2 months')::date, e.value FROM expected e WHERE e.metric IN ('net_revenue_retention_rate', 'gross_revenue_retention_rate', 'logo_retention_rate') AND extract(month FROM e.period)::integer % 3 = 0;

-- usage
CREATE TEMP TABLE acts AS SELECT e."user" AS who, pg_temp.day(e.at) AS day, count(*) AS n FROM company.events e WHERE e."user" IS NOT NULL AND e.at < pg_temp.instant(pg_temp.day(now())) GROUP BY 1, 2;
CREATE INDEX ON acts (day);
ANALYZE acts;
CREATE TEMP TABLE days AS SELECT d::date AS day, (d::date - extract(dow FROM d)::integer) AS week, date_trunc('month', d)::date AS month FROM generate_series((SELECT min(day) FROM acts)::timestamp, (SELECT max(day) FROM acts), interval '1 day') d;
CREATE TEMP TABLE rolling AS SELECT d.*, (SELECT count(DISTINCT a.who) FROM acts a WHERE a.day = d.day) AS dau, (SELECT count(DISTINCT a.who) FROM acts a WHERE a.day BETWEEN d.day - 6 AND d.day) AS wau,
	CASE WHEN d.day >= (SELECT min(day) FROM acts) + 29 THEN (SELECT count(DISTINCT a.who) FROM acts a WHERE a.day BETWEEN d.day - 29 AND d.day) END AS mau, (SELECT count(DISTINCT a.who) FROM acts a WHERE a.day <= d.day) AS total FROM days d;
SELECT pg_temp.expect('day', $$ SELECT day AS period, dau AS daily_active_users, wau AS weekly_active_users, mau AS monthly_active_users, dau::numeric / mau AS stickiness_rate, wau::numeric / total AS weekly_active_rate, dau::numeric / total AS daily_active_rate FROM rolling $$) \g /dev/null
SELECT pg_temp.expect('week', $$ SELECT week AS period, wau AS weekly_active_users, wau::numeric / total AS weekly_active_rate FROM rolling WHERE day = week + 6 $$) \g /dev/null
SELECT pg_temp.expect('month', $$ SELECT month AS period, mau AS monthly_active_users FROM rolling WHERE day = month + interval '1 month' - interval '1 day' $$) \g /dev/null
SELECT pg_temp.expect('week', $$
	SELECT g.week AS period, count(*) FILTER (WHERE g.n >= 3) AS engaged_users, count(*) FILTER (WHERE g.n >= 3)::numeric / (SELECT count(DISTINCT a.who) FROM acts a WHERE a.day <= g.week + 6) AS engaged_user_rate, count(*) FILTER (WHERE g.n > 10) AS power_users
	FROM (SELECT d.week, a.who, sum(a.n) AS n FROM days d LEFT JOIN acts a ON a.day = d.day GROUP BY 1, 2) g GROUP BY g.week $$) \g /dev/null
CREATE TEMP TABLE present AS SELECT DISTINCT g.grain, CASE g.grain WHEN 'week' THEN d.week ELSE d.month END AS period, a.who, min(CASE g.grain WHEN 'week' THEN d.week ELSE d.month END) OVER (PARTITION BY g.grain, a.who) AS first_period
	FROM days d JOIN acts a ON a.day = d.day CROSS JOIN (VALUES ('week'), ('month')) g(grain);
CREATE TEMP TABLE stays AS SELECT p.*, (CASE p.grain WHEN 'week' THEN p.period - 7 ELSE p.period - interval '1 month' END)::date AS previous, (CASE p.grain WHEN 'week' THEN p.period + 7 ELSE p.period + interval '1 month' END)::date AS next FROM present p;
CREATE TEMP TABLE lives AS
	SELECT p.grain, p.period, count(DISTINCT s.who) AS active, count(DISTINCT s.who) FILTER (WHERE s.first_period = p.period) AS new, count(DISTINCT s.who) FILTER (WHERE b.who IS NOT NULL) AS back,
		(SELECT count(*) FROM stays o WHERE o.grain = p.grain AND o.next = p.period AND NOT EXISTS (SELECT FROM stays i WHERE i.grain = p.grain AND i.period = p.period AND i.who = o.who)) AS gone
	FROM (SELECT 'week' AS grain, week AS period FROM days UNION SELECT 'month', month FROM days) p LEFT JOIN stays s ON s.grain = p.grain AND s.period = p.period LEFT JOIN stays b ON b.grain = s.grain AND b.period = s.previous AND b.who = s.who GROUP BY 1, 2;
SELECT pg_temp.expect(g, format($$ SELECT period, active AS active_users, new AS new_users, back AS returning_users, active - new - back AS resurrected_users, gone AS dormant_users, back::numeric / nullif(back + gone, 0) AS user_retention_rate,
	(active - back)::numeric / nullif(gone, 0) AS user_quick_ratio FROM lives WHERE grain = %L $$, g)) FROM unnest('{week,month}'::text[]) g \g /dev/null
INSERT INTO expected
	SELECT format('day_%s_retention_rate', n.age), 'month', date_trunc('month', f.first)::date, count(*) FILTER (WHERE EXISTS (SELECT FROM acts a WHERE a.who = f.who AND a.day = f.first + n.age))::numeric / count(*)
	FROM (SELECT who, min(day) AS first FROM acts GROUP BY who) f, (VALUES (1), (7), (30), (90)) n(age) WHERE f.first + n.age < pg_temp.day(now()) GROUP BY 1, 3;
-- activation, of those who signed up before today
CREATE TEMP TABLE joined AS SELECT u."user" AS who, pg_temp.day(u.signed_up_at) AS day, pg_temp.instant(pg_temp.day(now())) - u.signed_up_at AS known, (SELECT min(e.at) FROM company.events e WHERE e."user" = u."user" AND e.name = 'send_campaign' AND e.at >= u.signed_up_at) - u.signed_up_at AS took
	FROM company.users u WHERE u.internal IS NOT TRUE AND u.signed_up_at < pg_temp.instant(pg_temp.day(now()));
SELECT pg_temp.expect(g, format($$ SELECT %s AS period, count(*) AS sign_ups, count(*) FILTER (WHERE known > '24 hours' AND took <= '24 hours')::numeric / nullif(count(*) FILTER (WHERE known > '24 hours'), 0) AS activation_rate,
	count(*) FILTER (WHERE known > '168 hours' AND took <= '168 hours')::numeric / nullif(count(*) FILTER (WHERE known > '168 hours'), 0) AS week_activation_rate,
	(percentile_cont(0.5) WITHIN GROUP (ORDER BY extract(epoch FROM took)::float8) FILTER (WHERE known > '168 hours' AND took <= '168 hours') / 3600)::numeric AS time_to_activate FROM joined GROUP BY 1 $$,
	CASE g WHEN 'week' THEN 'day - extract(dow FROM day)::integer' ELSE 'date_trunc(''month'', day)::date' END)) FROM unnest('{week,month}'::text[]) g \g /dev/null
-- features, of users that have signed up and are not internal
CREATE TEMP TABLE uses AS SELECT e."user" AS who, e.feature, e.at, pg_temp.day(e.at) - extract(dow FROM pg_temp.day(e.at))::integer AS week FROM company.events e JOIN company.users u ON u."user" = e."user" AND u.internal IS NOT TRUE WHERE e.feature IS NOT NULL;
CREATE TEMP TABLE adopted AS
	SELECT m.period, f.feature, (SELECT count(*) FROM company.users u WHERE u.internal IS NOT TRUE AND u.signed_up_at < m.ends) AS users, count(*) AS tried, count(*) FILTER (WHERE f.n >= 3) AS thrice, sum(f.n) AS n, count(*) FILTER (WHERE f.weeks = 4) AS habitual
	FROM months m, LATERAL (SELECT u.feature, u.who, count(*) AS n, count(DISTINCT u.week) FILTER (WHERE u.week + 7 <= m.period_end AND u.week + 35 > m.period_end) AS weeks FROM uses u WHERE u.at < m.ends GROUP BY 1, 2) f GROUP BY m.period, m.ends, f.feature;
SELECT pg_temp.expect('month', $$ SELECT period, sum(tried) / sum(users) AS feature_discovery_rate, sum(tried) / sum(users) AS feature_adoption_rate, sum(thrice) / sum(users) AS feature_adopted_rate, sum(habitual) / sum(users) AS feature_habit_rate, sum(n) / sum(tried) AS feature_usage_frequency
	FROM adopted GROUP BY period $$) \g /dev/null

-- support, of customers that are not internal
CREATE TEMP VIEW company_tickets AS SELECT t.* FROM company.tickets t JOIN company.customers c ON c.customer = t.customer AND c.internal IS NOT TRUE;
CREATE TEMP TABLE line AS SELECT t.*, pg_temp.month(t.opened_at) AS period, t.resolved_at IS NOT NULL AS resolved, extract(epoch FROM t.first_response_at - t.opened_at) / 60 AS answer, extract(epoch FROM t.resolved_at - t.opened_at) / 60 AS whole FROM company_tickets t;
SELECT pg_temp.expect('month', $$
	SELECT m.period, count(l.ticket) AS tickets_opened, count(l.ticket)::numeric / nullif((SELECT count(*) FROM company.customers c WHERE c.internal IS NOT TRUE AND c.created_at < m.ends), 0) AS tickets_per_customer,
		percentile_cont(0.5) WITHIN GROUP (ORDER BY l.answer) AS first_response_time, percentile_cont(0.5) WITHIN GROUP (ORDER BY l.whole) AS resolution_time,
		count(*) FILTER (WHERE l.answer <= 120)::numeric / nullif(count(*) FILTER (WHERE coalesce(l.answer, extract(epoch FROM now() - l.opened_at) / 60) > 120 OR l.answer <= 120), 0) AS first_response_sla_rate,
		count(*) FILTER (WHERE l.whole <= 1440)::numeric / nullif(count(*) FILTER (WHERE coalesce(l.whole, extract(epoch FROM now() - l.opened_at) / 60) > 1440 OR l.whole <= 1440), 0) AS resolution_sla_rate,
		avg(l.csat) AS csat, count(*) FILTER (WHERE l.resolved)::numeric / nullif(count(l.ticket), 0) AS ticket_resolution_rate, count(*) FILTER (WHERE l.reopened_at IS NOT NULL)::numeric / nullif(count(*) FILTER (WHERE l.resolved OR l.reopened_at IS NOT NULL), 0) AS ticket_reopen_rate,
		count(*) FILTER (WHERE l.escalated)::numeric / nullif(count(l.escalated), 0) AS ticket_escalation_rate, count(*) FILTER (WHERE l.resolved AND l.contacts = 1 AND l.reopened_at IS NULL)::numeric / nullif(count(l.contacts) FILTER (WHERE l.resolved), 0) AS one_touch_resolution_rate
	FROM months m LEFT JOIN line l ON l.period = m.period GROUP BY m.period, m.ends $$) \g /dev/null
SELECT pg_temp.expect('month', $$ SELECT m.period, (SELECT count(*) FROM line l WHERE l.resolved_at >= m.starts AND l.resolved_at < m.ends) AS tickets_resolved, count(l.ticket) AS ticket_backlog, round(avg(extract(epoch FROM m.ends - l.opened_at)) / 86400, 1) AS backlog_age_days
	FROM months m LEFT JOIN line l ON l.opened_at < m.ends AND (l.resolved_at IS NULL OR l.resolved_at >= m.ends) GROUP BY m.period, m.starts, m.ends $$) \g /dev/null

-- the net promoter score, of the surveys sent
SELECT pg_temp.expect('month', $$ SELECT m.period, 100.0 * (count(*) FILTER (WHERE s.score >= 9) - count(*) FILTER (WHERE s.score <= 6)) / nullif(count(s.score), 0) AS nps, count(s.score) AS nps_responses, count(s.score)::numeric / nullif(count(s.sent_at), 0) AS nps_response_rate
	FROM months m LEFT JOIN (company.surveys s JOIN company.customers c ON c.customer = s.customer AND c.internal IS NOT TRUE) ON pg_temp.month(s.sent_at) = m.period GROUP BY m.period $$) \g /dev/null

-- sales
SELECT pg_temp.expect('month', $$
	SELECT m.period, p.amount AS pipeline_value, p.weighted AS weighted_pipeline_value, p.n AS open_deals, (SELECT count(*) FROM company.deals d WHERE pg_temp.month(d.created_at) = m.period) AS deals_created, c.n AS deals_closed, c.won AS deals_won, c.won_amount AS closed_won_amount,
		c.won_amount / nullif(c.won, 0) AS average_deal_size, c.won::numeric / nullif(c.n, 0) AS win_rate, c.won_amount / nullif(c.amount, 0) AS win_rate_by_amount, c.cycle AS sales_cycle_days, c.median AS median_sales_cycle_days,
		p.qualified * c.won_amount / nullif(c.n * c.cycle, 0) AS sales_velocity, c.won_amount / nullif(q.quota, 0) AS quota_attainment_rate, p.amount / nullif(q.quota, 0) AS pipeline_coverage
	FROM months m,
		LATERAL (SELECT count(*) AS n, coalesce(sum(d.amount), 0) AS amount, CASE WHEN count(*) FILTER (WHERE g.win_probability IS NULL) = 0 THEN coalesce(sum(d.amount * g.win_probability), 0) END AS weighted, CASE WHEN count(*) FILTER (WHERE g.stage IS NULL) = 0 THEN count(*) FILTER (WHERE g.qualified) END AS qualified
			FROM company.deals d LEFT JOIN LATERAL (SELECT s.stage FROM company.deal_stages s WHERE s.deal = d.deal AND s.at < m.ends ORDER BY s.at DESC LIMIT 1) s ON true LEFT JOIN nudge.sales_stages g ON g.stage = s.stage
			WHERE d.created_at < m.ends AND (d.closed_at IS NULL OR d.closed_at >= m.ends)) p,
		LATERAL (SELECT count(*) AS n, count(*) FILTER (WHERE d.outcome = 'won') AS won, coalesce(sum(d.amount), 0) AS amount, coalesce(sum(d.amount) FILTER (WHERE d.outcome = 'won'), 0) AS won_amount,
			avg(extract(epoch FROM d.closed_at - d.created_at)) FILTER (WHERE d.outcome = 'won') / 86400 AS cycle, percentile_cont(0.5) WITHIN GROUP (ORDER BY extract(epoch FROM d.closed_at - d.created_at)) FILTER (WHERE d.outcome = 'won') / 86400 AS median
			FROM company.deals d WHERE pg_temp.month(d.closed_at) = m.period) c,
		LATERAL (SELECT sum(o.amount) AS quota FROM company.quotas o WHERE o.period = m.period) q $$) \g /dev/null

-- the platform
-- a service is not down while that is planned, all are if one is, and stretches that overlap are one; no planned time is of all services
CREATE FUNCTION pg_temp.minutes(r tstzmultirange) RETURNS numeric LANGUAGE sql IMMUTABLE RETURN (SELECT coalesce(sum(extract(epoch FROM upper(u) - lower(u))), 0) / 60 FROM unnest(r) u);
CREATE TEMP TABLE down AS SELECT range_agg(u) AS stretches FROM (SELECT i.service, range_agg(tstzrange(i.started_at, coalesce(i.ended_at, now()))) AS down FROM company.incidents i WHERE i.outage GROUP BY 1) s
	LEFT JOIN (SELECT w.service, range_agg(tstzrange(w.started_at, w.ended_at)) AS planned FROM company.maintenance w GROUP BY 1) p USING (service), unnest(s.down - coalesce(p.planned, '{}')) u;
SELECT cmp_ok((SELECT count(DISTINCT service) FROM company.maintenance), '<', (SELECT count(DISTINCT service) FROM company.incidents), 'some services are never maintained');
SELECT pg_temp.expect('month', $$ SELECT m.period, 1 - pg_temp.minutes(d.down) / pg_temp.minutes(d.month) AS uptime_rate, pg_temp.minutes(d.down) AS downtime_minutes, (SELECT count(*) FROM unnest(o.stretches) u WHERE lower(u) >= m.starts AND lower(u) < m.ends) AS outages
	FROM months m, down o, LATERAL (SELECT tstzmultirange(tstzrange(m.starts, m.ends)) AS month) c, LATERAL (SELECT c.month, c.month * o.stretches AS down) d $$) \g /dev/null
SELECT pg_temp.expect('month', $$
	SELECT m.period, count(i.incident) AS incidents, avg(extract(epoch FROM i.ended_at - i.started_at)) / 60 AS mttr, avg(extract(epoch FROM i.detected_at - i.started_at)) / 60 AS mttd, (extract(epoch FROM m.ends - m.starts) / 60 - d.minutes) / nullif(d.failures, 0) AS mtbf
	FROM months m LEFT JOIN company.incidents i ON pg_temp.month(i.started_at) = m.period,
		-- stretches, of incidents that overlap
		LATERAL (SELECT coalesce(sum(extract(epoch FROM least(upper(r.r), m.ends) - greatest(lower(r.r), m.starts)) / 60), 0) AS minutes, count(*) FILTER (WHERE lower(r.r) >= m.starts) AS failures
			FROM (SELECT unnest(range_agg(tstzrange(s.started_at, s.ended_at))) AS r FROM company.incidents s) r WHERE r.r && tstzrange(m.starts, m.ends)) d
	GROUP BY m.period, m.starts, m.ends, d.minutes, d.failures $$) \g /dev/null
SELECT pg_temp.expect('month', $$ SELECT m.period, coalesce(sum(r.count), 0) AS requests, coalesce(sum(r.count), 0)::numeric / extract(epoch FROM m.ends - m.starts) AS requests_per_second, sum(r.count) FILTER (WHERE r.error)::numeric / sum(r.count) AS error_rate
	FROM months m LEFT JOIN company.requests r ON pg_temp.month(r.at) = m.period GROUP BY m.period, m.starts, m.ends $$) \g /dev/null
UPDATE expected SET value = coalesce(value, 0) WHERE metric = 'error_rate' AND EXISTS (SELECT FROM company.requests r WHERE pg_temp.month(r.at) = expected.period);

-- engineering
SELECT pg_temp.expect('month', $$ SELECT m.period, count(d.at) AS deployments, count(d.at)::numeric / (m.period_end - m.period) AS deployment_frequency, percentile_cont(0.5) WITHIN GROUP (ORDER BY extract(epoch FROM d.at - d.change_created_at)) / 3600 AS lead_time_for_changes,
		count(*) FILTER (WHERE d.failed)::numeric / nullif(count(d.failed), 0) AS change_failure_rate, percentile_cont(0.5) WITHIN GROUP (ORDER BY extract(epoch FROM d.restored_at - d.at)) FILTER (WHERE d.failed) / 3600 AS time_to_restore
	FROM months m LEFT JOIN company.deployments d ON pg_temp.month(d.at) = m.period GROUP BY m.period, m.period_end $$) \g /dev/null
SELECT pg_temp.expect('month', $$ SELECT m.period, b.opened AS bugs_opened, b.closed AS bugs_closed, b.open AS open_bugs, b.escaped::numeric / nullif(b.opened, 0) AS bug_escape_rate,
		(SELECT avg(l.coverage) FROM (SELECT DISTINCT ON (s.repository) s.coverage FROM company.coverage_samples s WHERE s.at < m.ends ORDER BY s.repository, s.at DESC) l) AS code_coverage_rate
	FROM months m, LATERAL (SELECT count(*) FILTER (WHERE pg_temp.month(b.opened_at) = m.period) AS opened, count(*) FILTER (WHERE pg_temp.month(b.closed_at) = m.period) AS closed, count(*) FILTER (WHERE b.opened_at < m.ends AND (b.closed_at IS NULL OR b.closed_at >= m.ends)) AS open,
		count(*) FILTER (WHERE pg_temp.month(b.opened_at) = m.period AND b.escaped) AS escaped FROM company.bugs b) b $$) \g /dev/null

-- costs and cash
CREATE TEMP TABLE money AS SELECT m.period, (SELECT sum(c.amount) FROM company.costs c WHERE c.period = m.period) AS costs, (SELECT sum(c.amount) FROM company.costs c WHERE c.period = m.period AND NOT c.variable) AS fixed,
		(SELECT sum(b.amount) FROM company.budgets b WHERE b.period = m.period) AS budget, (SELECT coalesce(sum(p.amount), 0) FROM company.payments p WHERE p.outcome = 'paid' AND pg_temp.month(p.at) = m.period) AS received,
		(SELECT c.balance FROM company.cash c WHERE c.day >= m.period AND c.day < m.period_end ORDER BY c.day DESC LIMIT 1) AS cash, (SELECT 12 * (sum(v.closing) - sum(v.opening)) FROM moved v WHERE v.period = m.period) AS arr
	FROM months m;
SELECT pg_temp.expect('month', $$ SELECT period, costs AS total_costs, fixed AS fixed_costs, costs - fixed AS variable_costs, budget AS cost_budget, (costs - budget) / budget AS budget_variance_rate, received AS cash_receipts, costs AS gross_burn, costs - received AS net_burn,
		(costs - received) / nullif(greatest(arr, 0), 0) AS burn_multiple, cash AS cash_balance, CASE WHEN n = 3 AND mean > 0 THEN cash / mean END AS runway_months
	FROM (SELECT *, avg(costs - received) OVER last_three AS mean, count(costs) OVER last_three AS n FROM money WINDOW last_three AS (ORDER BY period ROWS 2 PRECEDING)) m WHERE costs IS NOT NULL $$) \g /dev/null

-- channels
CREATE TEMP TABLE won AS SELECT m.period, (SELECT sum(s.amount) FROM company.spend s WHERE date_trunc('month', s.day) = m.period) AS cost, (SELECT sum(s.clicks) FROM company.spend s WHERE date_trunc('month', s.day) = m.period) AS clicks,
		(SELECT sum(s.impressions) FROM company.spend s WHERE date_trunc('month', s.day) = m.period) AS shown, (SELECT count(*) FROM (SELECT l.lead, min(l.at) AS at FROM company.leads l GROUP BY l.lead) l WHERE pg_temp.month(l.at) = m.period) AS leads,
		(SELECT count(*) FROM company.conversions c WHERE pg_temp.month(c.at) = m.period)::numeric AS customers, (SELECT coalesce(sum(c.revenue), 0) FROM company.conversions c WHERE pg_temp.month(c.at) = m.period) AS revenue
	FROM months m;
SELECT pg_temp.expect('month', $$ SELECT period, cost AS marketing_spend, shown AS impressions, clicks, clicks::numeric / shown AS click_through_rate, cost / clicks AS cost_per_click, leads, cost / nullif(leads, 0) AS cost_per_lead, customers / nullif(leads, 0) AS lead_to_customer_rate,
		customers AS acquired_customers, cost / nullif(customers, 0) AS cac, revenue AS attributed_revenue, revenue / cost AS roas, (revenue - cost) / cost AS marketing_roi FROM won WHERE cost IS NOT NULL $$) \g /dev/null

-- the market
SELECT pg_temp.expect('month', $$ SELECT m.period, sum(f.value) FILTER (WHERE f.competitor = 'us') / sum(f.value) AS share_of_voice FROM months m JOIN company.competitor_facts f ON f.kind = 'mention' AND pg_temp.month(f.at) = m.period GROUP BY m.period $$) \g /dev/null
SELECT pg_temp.expect('month', $$ SELECT m.period, count(d.deal) AS competitive_deals, count(*) FILTER (WHERE d.outcome = 'won')::numeric / nullif(count(d.deal), 0) AS competitive_win_rate
	FROM months m LEFT JOIN company.deals d ON d.competitor IS NOT NULL AND pg_temp.month(d.closed_at) = m.period GROUP BY m.period $$) \g /dev/null

-- what becomes of customers, of the last 12 months: by the functions, over the raw tables
CREATE TEMP TABLE last AS SELECT m.*, s.state FROM (SELECT * FROM months ORDER BY period DESC LIMIT 12) m, (SELECT nudge.mrr_agg(s.customer, s.valid_from, s.valid_to, s.amount / CASE s.interval_unit WHEN 'year' THEN 12 ELSE 1 END) AS state FROM company.subscriptions s) s;
INSERT INTO expected SELECT r.metric, 'month', l.period, r.value FROM last l, LATERAL nudge.account_shares(l.state, 'company.account_facts', l.period_end - 1, 'company.customers', 'company.contracts', zone => 'America/Los_Angeles') r;
SELECT pg_temp.expect('month', $$ SELECT l.period, r.realization_rate AS value_realization_rate, r.mean_score AS value_realization_score, r.mean_index AS value_realization_index
	FROM last l, LATERAL nudge.value_realization(l.state, 'company.account_facts', l.period_end - 1, 'company.customers', 'company.usage', zone => 'America/Los_Angeles') r $$) \g /dev/null
SELECT pg_temp.expect('month', $$ SELECT l.period, r.risk_adjusted_retention AS risk_adjusted_retention_rate FROM last l, LATERAL nudge.risk_adjusted_retention(l.state, 'company.scores', l.period_end - 1, zone => 'America/Los_Angeles') r WHERE r.is_total $$) \g /dev/null
-- the same by hand: contracts, customers and accounts that pay more than three months before
SELECT is_empty($$ SELECT * FROM expected e JOIN last l ON l.period = e.period, LATERAL (SELECT count(*) FILTER (WHERE c.term_months >= 24)::numeric / nullif(count(*), 0) AS share FROM company.contracts c JOIN company.customers a ON a.customer = c.customer AND a.internal IS NOT TRUE WHERE c.signed_at < l.ends AND c.signed_at >= pg_temp.instant((l.period_end - interval '12 months')::date)) c
	WHERE e.metric = 'multi_year_contract_rate' AND round(e.value, 9) IS DISTINCT FROM round(c.share, 9) $$, 'contracts of two years or more');
SELECT is_empty($$ SELECT * FROM expected e JOIN last l ON l.period = e.period, LATERAL (SELECT count(*) FILTER (WHERE n.closing > b.closing)::numeric / nullif(count(*), 0) AS share FROM moved b JOIN moved n ON n.customer = b.customer AND n.period = l.period WHERE b.period = l.period - interval '3 months' AND b.closing > 0
	AND b.customer IN (SELECT c.customer FROM company.customers c WHERE c.internal IS NOT TRUE)) c WHERE e.metric = 'account_expansion_rate' AND round(e.value, 9) IS DISTINCT FROM round(c.share, 9) $$, 'accounts that pay more than three months before');
SELECT pg_temp.expect('month', $$ SELECT m.period, count(i.customer) AS interventions FROM months m LEFT JOIN company.interventions i ON pg_temp.month(i.at) = m.period GROUP BY m.period $$) \g /dev/null
SELECT pg_temp.expect('month', $$ SELECT i.period, i.success_rate AS intervention_success_rate FROM nudge.intervention_success('company.interventions', 'company.scores', (SELECT min(period) FROM months), (SELECT max(period_end) FROM months), 'month', zone => 'America/Los_Angeles', as_of => now()) i WHERE i.is_total $$) \g /dev/null

-- revenue and what is spent for it
-- by day: the mean of what is paid as each closes; what is charged, but for overage, which usage says
CREATE TEMP TABLE earned AS
	SELECT m.period, round(r.recurring / (m.period_end - m.period), 2) + (SELECT coalesce(sum(c.amount), 0) FROM company.charges c WHERE c.kind <> 'overage' AND pg_temp.month(c.at) = m.period)
		+ (SELECT coalesce(sum((u.volume - u.plan_limit) * u.rate) FILTER (WHERE u.volume > u.plan_limit), 0) FROM company.usage u WHERE u.period = m.period) AS revenue
	FROM months m, LATERAL (
		SELECT coalesce(sum(s.amount / CASE s.interval_unit WHEN 'year' THEN 12 ELSE 1 END), 0) AS recurring
		FROM generate_series(m.period, m.period_end - 1, interval '1 day') d, LATERAL (SELECT pg_temp.instant(d::date + 1) AS closes) k JOIN company.subscriptions s ON s.valid_from < k.closes AND (s.valid_to IS NULL OR s.valid_to >= k.closes)
	) r;
DELETE FROM earned WHERE revenue = 0;
CREATE TEMP TABLE spent AS SELECT m.period, coalesce(e.revenue, 0) AS revenue, o.costs, (SELECT count(*) FROM moved v WHERE v.period = m.period AND v.closing > 0) AS customers,
		sum(c.amount) FILTER (WHERE c.category ~ '^product_delivery') AS delivery, sum(c.amount) FILTER (WHERE c.category ~ 'support$') AS support, sum(c.amount) FILTER (WHERE c.category ~ 'sales$') AS sales, sum(c.amount) FILTER (WHERE c.category ~ 'marketing') AS marketing,
		coalesce(sum(c.amount) FILTER (WHERE c.category ~ '^product_development'), 0) AS research
	FROM months m LEFT JOIN earned e USING (period) JOIN money o USING (period) JOIN company.costs c USING (period) GROUP BY m.period, e.revenue, o.costs;
SELECT pg_temp.expect('month', $$ SELECT period, revenue FROM earned $$) \g /dev/null
SELECT pg_temp.expect('month', $$ SELECT period, costs / nullif(customers, 0) AS cost_per_customer, delivery / nullif(customers, 0) AS delivery_cost_per_customer, support / nullif(revenue, 0) AS support_cost_rate, (sales + marketing) / nullif(revenue, 0) AS sales_and_marketing_rate,
	research / nullif(revenue, 0) AS research_and_development_rate, revenue / nullif(sales, 0) AS sales_efficiency, revenue / nullif(marketing, 0) AS marketing_efficiency FROM spent $$) \g /dev/null
SELECT pg_temp.expect('quarter', $$ SELECT period, 4 * (revenue - lag(revenue) OVER (ORDER BY period)) / nullif(lag(cost) OVER (ORDER BY period), 0) AS magic_number
	FROM (SELECT date_trunc('quarter', period)::date AS period, sum(revenue) AS revenue, sum(sales + marketing) AS cost FROM spent GROUP BY 1) q $$) \g /dev/null

-- what a customer costs, earns and is worth
CREATE TEMP TABLE unit AS
	SELECT m.period, e.revenue, e.revenue - s.delivery AS gross, (e.revenue - s.delivery) / nullif(e.revenue, 0) AS margin, e.revenue - s.delivery - (SELECT sum(c.amount) FROM company.costs c WHERE c.period = m.period AND c.variable AND c.category ~ '^customer_acquisition') AS contribution,
		1.2 * ((SELECT coalesce(sum(a.amount), 0) FROM company.spend a WHERE date_trunc('month', a.day) = m.period) + (SELECT coalesce(sum(c.amount), 0) FROM company.costs c WHERE c.period = m.period AND c.category ~ '^customer_acquisition' AND c.category !~ 'paid_advertising$')) AS acquisition,
		(SELECT count(*) FROM (SELECT customer, min(valid_from) AS at FROM company.subscriptions WHERE amount > 0 GROUP BY customer) f WHERE pg_temp.month(f.at) = m.period) AS won, v.customers, v.mrr,
		sum(v.churned) OVER year / nullif(sum(v.opening) OVER year, 0) AS churn
	FROM months m LEFT JOIN earned e USING (period) LEFT JOIN spent s USING (period),
		LATERAL (SELECT count(*) FILTER (WHERE v.closing > 0) AS customers, sum(v.closing) AS mrr, count(*) FILTER (WHERE v.opening > 0 AND v.closing = 0) AS churned, count(*) FILTER (WHERE v.opening > 0) AS opening FROM moved v WHERE v.period = m.period) v
	WINDOW year AS (ORDER BY m.period ROWS 11 PRECEDING);
SELECT pg_temp.expect('month', $$ SELECT period, margin AS gross_margin_rate, contribution / nullif(revenue, 0) AS contribution_margin_rate, acquisition / nullif(won, 0) AS fully_loaded_cac, mrr / nullif(customers, 0) * margin / nullif(churn, 0) AS ltv,
		mrr / nullif(customers, 0) * margin / nullif(churn, 0) / (acquisition / nullif(won, 0)) AS ltv_to_cac_ratio, CASE WHEN margin > 0 THEN acquisition / nullif(won, 0) / (mrr / nullif(customers, 0) * margin) END AS cac_payback_months,
		acquisition / nullif(customers, 0) AS acquisition_cost_per_active_customer FROM unit WHERE acquisition > 0 $$) \g /dev/null

-- how well customers with MRR are, by their last score
SELECT pg_temp.expect('month', $$ SELECT p.period, avg(s.score) AS mean_health_score, CASE WHEN count(s.score) > 0 THEN count(*) FILTER (WHERE s.score < 65) END AS at_risk_customers, CASE WHEN count(s.score) > 0 THEN coalesce(sum(p.mrr) FILTER (WHERE s.score < 65), 0) END AS at_risk_mrr,
		CASE WHEN count(s.score) > 0 THEN coalesce(sum(p.mrr) FILTER (WHERE s.score < 65), 0) END / sum(p.mrr) AS at_risk_mrr_rate
	FROM paid p JOIN months m USING (period) LEFT JOIN LATERAL (SELECT s.score FROM company.scores s WHERE s.entity = p.customer AND s.at < m.ends ORDER BY s.at DESC LIMIT 1) s ON true WHERE p.mrr > 0 GROUP BY p.period $$) \g /dev/null

-- ways: a user is in the month in which it signed up first, at the furthest step that some way comes to
CREATE TEMP TABLE way AS SELECT e."user" AS who, e.name, e.at FROM company.events e WHERE e."user" IS NOT NULL AND e.at < now() AND e.name IN ('signup', 'import_contacts', 'create_campaign', 'send_campaign', 'invite_colleague');
CREATE INDEX ON way (who, name, at);
CREATE TEMP TABLE entered AS SELECT f.who, pg_temp.month(f.at) AS period, EXISTS (SELECT FROM way a JOIN way b ON b.who = a.who AND b.name = 'import_contacts' AND b.at >= a.at AND b.at <= a.at + interval '24 hours'
		JOIN way c ON c.who = a.who AND c.name = 'create_campaign' AND c.at >= b.at AND c.at <= b.at + interval '24 hours' JOIN way d ON d.who = a.who AND d.name = 'send_campaign' AND d.at >= c.at AND d.at <= c.at + interval '168 hours'
		JOIN way e ON e.who = a.who AND e.name = 'invite_colleague' AND e.at >= d.at WHERE a.who = f.who AND a.name = 'signup') AS through
	FROM (SELECT who, min(at) AS at FROM way WHERE name = 'signup' GROUP BY who) f;
SELECT pg_temp.expect('month', $$ SELECT m.period, count(e.who) AS funnel_entries, count(*) FILTER (WHERE e.through) AS funnel_completions, count(*) FILTER (WHERE e.through)::numeric / nullif(count(e.who), 0) AS funnel_conversion_rate
	FROM months m LEFT JOIN entered e USING (period) WHERE m.period >= (SELECT min(period) FROM entered) GROUP BY m.period $$) \g /dev/null
-- sessions: events of a user without a pause of more than half an hour, of the day on which they begin
CREATE TEMP TABLE session AS
	SELECT r.who, pg_temp.day(min(r.at)) AS day, count(*) AS events, extract(epoch FROM max(r.at) - min(r.at)) AS seconds
	FROM (SELECT q.who, q.at, count(*) FILTER (WHERE q.begins) OVER (PARTITION BY q.who ORDER BY q.at, q.n) AS no
		FROM (SELECT e."user" AS who, e.at, e.n, (e.at - lag(e.at) OVER (PARTITION BY e."user" ORDER BY e.at, e.n) > interval '30 minutes') IS NOT FALSE AS begins
			FROM (SELECT *, row_number() OVER () AS n FROM company.events WHERE "user" IS NOT NULL) e) q) r
	GROUP BY r.who, r.no;
SELECT pg_temp.expect(g, format($$ SELECT p.period, coalesce(sum(w.n), 0) AS sessions, sum(w.n) / count(w.who) AS sessions_per_user, sum(w.bounces) / sum(w.n) AS bounce_rate, sum(w.events) / sum(w.n) AS events_per_session, count(*) FILTER (WHERE w.n > 1)::numeric / nullif(count(w.who), 0) AS session_return_rate,
		sum(w.seconds) / sum(w.n) AS mean_session_duration, (SELECT percentile_cont(0.5) WITHIN GROUP (ORDER BY s.seconds) FROM session s WHERE %1$s = p.period) AS median_session_duration
	FROM (SELECT DISTINCT %2$s AS period FROM generate_series(date_trunc('month', (SELECT min(day) FROM session)::timestamp), pg_temp.day(now()) - 1, interval '1 day') d(day)) p
		LEFT JOIN (SELECT %1$s AS period, s.who, count(*)::numeric AS n, count(*) FILTER (WHERE s.events = 1) AS bounces, sum(s.events) AS events, sum(s.seconds) AS seconds FROM session s GROUP BY 1, 2) w USING (period) GROUP BY p.period $$,
	CASE g WHEN 'day' THEN 's.day' ELSE $$date_trunc('month', s.day)::date$$ END, CASE g WHEN 'day' THEN 'd.day::date' ELSE $$date_trunc('month', d.day)::date$$ END)) FROM unnest('{day,month}'::text[]) g \g /dev/null

-- content, partners, activities
SELECT pg_temp.expect('month', $$ SELECT m.period, (SELECT count(*) FROM company.content c WHERE pg_temp.month(c.published_at) = m.period) AS content_published, l.n AS content_leads, l.n::numeric / nullif(v.n, 0) AS content_to_lead_rate
	FROM months m, LATERAL (SELECT count(*) AS n FROM (SELECT DISTINCT ON (l.lead) l.lead, l.campaign, l.at FROM company.leads l ORDER BY l.lead, l.at) l JOIN company.content c ON c.content = l.campaign WHERE pg_temp.month(l.at) = m.period) l,
		LATERAL (SELECT count(DISTINCT (t.customer, c.type)) AS n FROM company.touches t JOIN company.content c ON c.content = t.campaign WHERE pg_temp.month(t.at) = m.period) v $$) \g /dev/null
SELECT pg_temp.expect('month', $$ SELECT m.period, (SELECT count(*) FROM company.partners p WHERE p.joined_at < m.ends AND (p.left_at IS NULL OR p.left_at >= m.ends)) AS active_partners, p.sourced AS partner_sourced_revenue, p.influenced AS partner_influenced_revenue, d.rate AS partner_influenced_pipeline_rate
	FROM months m, LATERAL (SELECT coalesce(sum(c.revenue) FILTER (WHERE f.partner IS NOT NULL), 0) AS sourced, coalesce(sum(c.revenue) FILTER (WHERE f.partner IS NOT NULL OR i.n > 0), 0) AS influenced FROM company.conversions c
		LEFT JOIN LATERAL (SELECT t.partner FROM company.touches t WHERE t.customer = c.customer AND t.at <= c.at AND t.at >= c.at - interval '90 days' ORDER BY t.at LIMIT 1) f ON true,
		LATERAL (SELECT count(*) AS n FROM company.touches t WHERE t.customer = c.customer AND t.partner IS NOT NULL AND t.at <= c.at AND t.at >= c.at - interval '90 days') i WHERE pg_temp.month(c.at) = m.period) p,
		LATERAL (SELECT coalesce(sum(d.amount) FILTER (WHERE d.partner IS NOT NULL), 0) / nullif(sum(d.amount), 0) AS rate FROM company.deals d WHERE d.created_at < m.ends AND (d.closed_at IS NULL OR d.closed_at >= m.ends)) d $$) \g /dev/null
SELECT pg_temp.expect('month', $$ SELECT m.period, count(a.at) AS sales_activities, count(a.at)::numeric / nullif((SELECT count(*) FROM company.deals d WHERE d.outcome = 'won' AND pg_temp.month(d.closed_at) = m.period), 0) AS activities_per_deal_won
	FROM months m LEFT JOIN company.activities a ON pg_temp.month(a.at) = m.period GROUP BY m.period $$) \g /dev/null

-- The metrics -----------------------------------------------------------------

-- percentiles of requests are to within 1%: theirs is a test of its own
CREATE TEMP TABLE shown AS SELECT v.* FROM nudge_reporting.metric_values v;
ANALYZE shown;
CREATE TEMP VIEW ours AS SELECT m.metric, m.grain AS kpi_grain FROM nudge.shipped_metrics m WHERE EXISTS (SELECT FROM expected e WHERE e.metric = m.metric);
SELECT is_empty($$ SELECT DISTINCT e.metric FROM expected e WHERE e.metric NOT IN (SELECT metric FROM nudge.shipped_metrics) $$, 'what is expected is a metric');
SELECT is_empty($$ SELECT m.metric FROM nudge.shipped_metrics m WHERE m.metric NOT IN (SELECT metric FROM expected) AND m.metric NOT IN ('p50_latency', 'p95_latency', 'p99_latency') $$, 'every metric is compared');
SELECT is_empty($$ SELECT v.metric, v.grain, v.period_start, v.value, e.value FROM shown v JOIN ours USING (metric) LEFT JOIN expected e ON (e.metric, e.grain, e.period) = (v.metric, v.grain, v.period_start)
	WHERE v.dimension = 'all' AND v.complete AND (v.period_start > (SELECT min(period) FROM months) OR v.grain <> 'month') AND (e.metric IS NULL AND v.value IS NOT NULL OR round(v.value, 5) IS DISTINCT FROM round(e.value, 5) AND (abs(v.value - e.value) < 0.000002) IS NOT TRUE) ORDER BY 1, 2, 3 $$,
	'each value is what plain SQL says');
SELECT is_empty($$ SELECT o.metric, s.grain FROM ours o JOIN nudge.shipped_metric_sources s ON s.metric = o.metric AND s.dimension = '''all''' WHERE (SELECT count(v.value) FROM shown v WHERE v.metric = s.metric AND v.grain = s.grain AND v.dimension = 'all' AND v.complete) = 0 $$, 'and there are some');
SELECT is_empty($$ SELECT e.metric, e.grain, e.period FROM expected e JOIN shown f ON f.metric = e.metric AND f.grain = e.grain AND f.dimension = 'all' LEFT JOIN shown v ON (v.metric, v.grain, v.period_start, v.dimension) = (e.metric, e.grain, e.period, 'all')
	WHERE v.metric IS NULL AND e.value IS NOT NULL AND e.period > f.period_start AND e.grain <> 'day' AND NOT (e.metric LIKE 'feature%' AND e.period < now() - interval '24 months') $$, 'no period is missing between the first and the last');
SELECT is_empty($$ SELECT v.metric, v.period_start, v.value, r.p FROM shown v, LATERAL (SELECT percentile_disc(replace(split_part(v.metric, '_', 1), 'p', '0.')::float8) WITHIN GROUP (ORDER BY r.duration_ms) AS p FROM company.requests r, generate_series(1, r.count) WHERE pg_temp.month(r.at) = v.period_start) r
	WHERE v.metric ~ '^p[0-9]+_latency$' AND v.dimension = 'all' AND v.value / r.p NOT BETWEEN 0.989 AND 1.011 $$, 'percentiles of requests are to within 1%');

SELECT is_empty($$ SELECT u.period FROM nudge_analytics.unit_economics u LEFT JOIN shown v ON v.metric = 'fully_loaded_cac' AND v.period_start = u.period AND v.dimension = 'all' WHERE u.complete AND u.acquisition_cost > 0 AND (v.numerator, v.denominator) IS DISTINCT FROM (u.acquisition_cost::numeric(24,6), u.new_customers::numeric(24,6)) $$, 'who is not won costs over 0');
SELECT isnt_empty($$ SELECT FROM nudge_analytics.unit_economics WHERE complete AND acquisition_cost > 0 AND new_customers = 0 $$, 'in some months nobody is');

-- Slices ------------------------------------------------------------------------

SELECT is_empty($$ SELECT t.metric, t.grain, t.period_start, s.dimension, s.value, t.value FROM shown t JOIN (SELECT metric, grain, period_start, dimension, currency, sum(value) AS value FROM shown WHERE dimension <> 'all' GROUP BY 1, 2, 3, 4, 5) s USING (metric, grain, period_start)
	JOIN nudge.shipped_metrics m USING (metric) WHERE t.dimension = 'all' AND s.currency IS NOT DISTINCT FROM t.currency AND m.additivity IN ('additive', 'balance') AND NOT (m.metric LIKE '%cost%' AND s.dimension = 'subcategory')
	AND abs(s.value - t.value) > 0.00001 $$, 'slices add up to the total');
SELECT is_empty($$ SELECT t.metric, t.grain, t.period_start, s.dimension FROM shown t JOIN (SELECT metric, grain, period_start, dimension, sum(numerator) / nullif(sum(denominator), 0) AS value FROM shown WHERE dimension <> 'all' AND numerator IS NOT NULL GROUP BY 1, 2, 3, 4) s USING (metric, grain, period_start)
	WHERE t.dimension = 'all' AND t.metric IN ('churned_mrr_rate', 'net_revenue_retention_rate', 'logo_retention_rate', 'csat', 'win_rate', 'roas', 'competitive_win_rate', 'ticket_resolution_rate', 'change_failure_rate', 'error_rate', 'budget_variance_rate', 'feature_adoption_rate',
		'stickiness_rate', 'weekly_active_rate', 'daily_active_rate', 'user_retention_rate', 'user_quick_ratio', 'engaged_user_rate', 'day_1_retention_rate', 'day_30_retention_rate', 'activation_rate', 'week_activation_rate')
	AND s.dimension <> 'subcategory' AND abs(s.value - t.value) > 0.00001 $$, 'so do numerators and denominators of rates');
SELECT is_empty($$ SELECT s.metric, s.grain, s.dimension FROM nudge.shipped_metric_sources s WHERE s.dimension <> '''all''' AND NOT EXISTS (SELECT FROM shown v WHERE v.metric = s.metric AND v.grain = s.grain AND v.dimension <> 'all' AND v.value IS NOT NULL) $$, 'there are some');
SELECT results_eq($$ SELECT dimension_value, value FROM shown WHERE metric = 'mrr' AND dimension = 'segment' AND period_start = (SELECT max(period) FROM months) ORDER BY 1 $$,
	$$ SELECT btrim(c.segment), sum(p.mrr)::numeric(24,6) FROM paid p JOIN company.customers c USING (customer) WHERE p.period = (SELECT max(period) FROM months) GROUP BY 1 ORDER BY 1 $$, 'MRR of a segment');
SELECT results_eq($$ SELECT dimension_value, value FROM shown WHERE metric = 'net_revenue_retention_rate' AND grain = 'month' AND dimension = 'segment' AND period_start = (SELECT max(period) FROM months) ORDER BY 1 $$,
	$$ SELECT btrim(c.segment), (sum(m.closing) FILTER (WHERE m.year_before > 0) / sum(m.year_before))::numeric(24,6) FROM moved m JOIN company.customers c USING (customer) WHERE m.period = (SELECT max(period) FROM months) AND m.year_before > 0 GROUP BY 1 ORDER BY 1 $$, 'net revenue retention of a segment');
SELECT results_eq($$ SELECT period_start, dimension_value, value FROM shown WHERE metric = 'feature_adoption_rate' AND dimension = 'feature' AND complete ORDER BY 1, 2 $$,
	$$ SELECT period, feature, (tried::numeric / users)::numeric(24,6) FROM adopted WHERE period >= pg_temp.month(now() - interval '1 second') - interval '23 months' ORDER BY 1, 2 $$, 'adoption of a feature');
SELECT results_eq($$ SELECT dimension_value, value FROM shown WHERE metric = 'daily_active_users' AND dimension = 'segment' AND period_start = (SELECT max(day) FROM acts) ORDER BY 1 $$,
	$$ SELECT btrim(c.segment), count(a.who)::numeric(24,6) FROM company.customers c JOIN company.users u USING (customer) LEFT JOIN acts a ON a.who = u."user" AND a.day = (SELECT max(day) FROM acts) GROUP BY 1 ORDER BY 1 $$, 'active users of a segment');
SELECT results_eq($$ SELECT dimension_value, numerator, denominator FROM shown WHERE metric = 'user_retention_rate' AND grain = 'month' AND dimension = 'user_plan' AND period_start = (SELECT max(period) FROM months) AND denominator > 0 ORDER BY 1 $$,
	$$ SELECT coalesce(u.plan, '(none)'), count(i.who)::numeric(24,6), count(*)::numeric(24,6) FROM stays o JOIN company.users u ON u."user" = o.who LEFT JOIN stays i ON (i.grain, i.who, i.period) = ('month', o.who, o.next) WHERE o.grain = 'month' AND o.next = (SELECT max(period) FROM months) GROUP BY 1 ORDER BY 1 $$, 'users of a plan that come back');
SELECT results_eq($$ SELECT dimension_value, numerator, denominator FROM shown WHERE metric = 'activation_rate' AND grain = 'month' AND dimension = 'role' AND period_start = (SELECT max(period) FROM months) ORDER BY 1 $$,
	$$ SELECT u.role, count(*) FILTER (WHERE j.known > '24 hours' AND j.took <= '24 hours')::numeric(24,6), count(*) FILTER (WHERE j.known > '24 hours')::numeric(24,6) FROM joined j JOIN company.users u ON u."user" = j.who WHERE date_trunc('month', j.day) = (SELECT max(period) FROM months) GROUP BY 1 ORDER BY 1 $$, 'activation by role');
SELECT results_eq($$ SELECT dimension_value, value FROM shown WHERE metric = 'tickets_opened' AND dimension = 'priority' AND period_start = (SELECT max(period) FROM months) ORDER BY 1 $$,
	$$ SELECT priority, count(*)::numeric(24,6) FROM line WHERE period = (SELECT max(period) FROM months) GROUP BY 1 ORDER BY 1 $$, 'tickets by priority');
SELECT results_eq($$ SELECT dimension_value, value FROM shown WHERE metric = 'marketing_spend' AND dimension = 'channel' AND period_start = (SELECT max(period) FROM months) AND value > 0 ORDER BY 1 $$,
	$$ SELECT btrim(channel), sum(amount)::numeric(24,6) FROM company.spend WHERE date_trunc('month', day) = (SELECT max(period) FROM months) GROUP BY 1 ORDER BY 1 $$, 'spend by channel');

-- words with blanks around them are those without
SELECT set_eq('SELECT channel FROM nudge_analytics.dim_channels', $$ SELECT btrim(channel) FROM company.touches UNION SELECT btrim(channel) FROM company.spend UNION SELECT btrim(channel) FROM company.campaigns WHERE channel IS NOT NULL $$, 'a channel is one, whatever blanks are around it');
SELECT is_empty($$ SELECT channel FROM nudge_analytics.fact_touches WHERE channel <> btrim(channel) UNION SELECT channel FROM nudge_analytics.fact_spend WHERE channel <> btrim(channel) UNION SELECT channel FROM nudge_analytics.channel_attribution WHERE channel <> btrim(channel)
	UNION SELECT channel FROM nudge_analytics.channel_performance WHERE channel <> btrim(channel) UNION SELECT channel FROM nudge_analytics.campaign_performance WHERE channel <> btrim(channel) UNION SELECT value FROM nudge_analytics.account_success WHERE value <> btrim(value) $$, 'in every mart');
SELECT results_eq($$ SELECT c.period, c.channel, c.cost FROM nudge_analytics.channel_performance c WHERE c.cost > 0 AND c.period < date_trunc('month', now() - interval '2 days') ORDER BY 1, 2 $$,
	$$ SELECT date_trunc('month', day)::date, btrim(channel), sum(amount) FROM company.spend WHERE day < date_trunc('month', now() - interval '2 days') GROUP BY 1, 2 HAVING sum(amount) > 0 ORDER BY 1, 2 $$, 'with all that it costs');
SELECT results_eq($$ SELECT channel, touches FROM (SELECT channel, sum(touches) AS touches FROM nudge_analytics.fact_touches GROUP BY 1) f ORDER BY 1 $$, $$ SELECT btrim(channel), count(*)::numeric FROM company.touches WHERE customer IS NOT NULL GROUP BY 1 ORDER BY 1 $$, 'and all contacts');
SELECT set_eq($$ SELECT DISTINCT value FROM nudge_analytics.account_success WHERE dimension = 'segment' $$, 'SELECT DISTINCT btrim(segment) FROM company.customers', 'so are segments');
SELECT is_empty($$ SELECT s.period, sum(s.numerator), max(s.denominator) FROM nudge_analytics.account_success s WHERE s.dimension = 'segment' AND s.metric = 'revenue_contribution' GROUP BY s.period HAVING sum(s.numerator) IS DISTINCT FROM max(s.denominator) $$, 'which have all revenue');
SELECT isnt_empty($$ SELECT FROM nudge_analytics.account_success s WHERE s.dimension = 'segment' AND s.metric = 'revenue_contribution' AND s.numerator > 0 $$, 'of which there is some');

-- Key figures -----------------------------------------------------------------

SELECT is_empty($$ WITH placed AS (SELECT v.metric, v.period_start, v.value, lag(v.value) OVER w AS before, row_number() OVER (PARTITION BY v.metric ORDER BY v.period_start DESC) AS n FROM shown v JOIN nudge.shipped_metrics m USING (metric, grain) WHERE v.dimension = 'all' AND v.complete
		WINDOW w AS (PARTITION BY v.metric ORDER BY v.period_start))
	SELECT k.metric, k.period_start, k.value, k.previous FROM nudge_reporting.kpi_current k LEFT JOIN placed p ON p.metric = k.metric AND p.n = 1 WHERE (k.period_start, k.value, k.previous) IS DISTINCT FROM (p.period_start, p.value, p.before) $$, 'a key figure is the value of the last period that is over, beside the one before');
SELECT is_empty($$ SELECT metric, null_reason FROM nudge_reporting.kpi_current WHERE value IS NULL AND null_reason NOT IN ('denominator is 0', 'denominator is below 0', 'not known') $$, 'all of them are known');
SELECT is_empty($$ SELECT metric, numerator, denominator, null_reason FROM nudge_reporting.kpi_current WHERE value IS NULL AND numerator IS NOT NULL AND denominator IS NOT NULL AND null_reason NOT LIKE 'denominator is %' $$, 'what cannot be divided says so');
SELECT is((SELECT null_reason FROM nudge_reporting.kpi_current WHERE metric = 'runway_months'), 'denominator is below 0', 'who earns cash has no runway');
SELECT cmp_ok((SELECT count(*) FROM nudge_reporting.kpi_current WHERE value IS NOT NULL), '>', (SELECT count(*) * 9 / 10 FROM nudge.shipped_metrics), 'most of them are defined');
SELECT is_empty($$ SELECT period_start, metric FROM shown GROUP BY period_start, grain, metric, dimension, dimension_value, currency HAVING count(*) > 1 $$, 'no value is there twice');

-- Wide views say the same ---------------------------------------------------------

SELECT is_empty($$ SELECT w.metric, w.period_start, w.value, v.value FROM (
		SELECT 'net_revenue_retention_rate' AS metric, period_start, 'month' AS grain, net_revenue_retention_rate AS value FROM nudge_reporting.revenue_retention_monthly
		UNION ALL SELECT 'daily_active_users', day, 'day', dau FROM nudge_reporting.active_users_daily
		UNION ALL SELECT 'user_retention_rate', period_start, grain, user_retention_rate FROM nudge_reporting.user_lifecycle
		UNION ALL SELECT format('day_%s_retention_rate', age_days), period_start, 'month', retention_rate FROM nudge_reporting.user_retention_by_day
		UNION ALL SELECT 'engaged_users', period_start, 'week', engaged_users FROM nudge_reporting.user_classes_weekly
		UNION ALL SELECT 'csat', period_start, 'month', mean_csat FROM nudge_reporting.support_monthly WHERE dimension = 'all'
		UNION ALL SELECT 'ticket_backlog', period_start, 'month', closing_tickets FROM nudge_reporting.support_backlog_monthly WHERE dimension = 'all'
		UNION ALL SELECT 'nps', period_start, 'month', nps FROM nudge_reporting.nps_monthly WHERE dimension = 'all'
		UNION ALL SELECT 'win_rate', period_start, 'month', win_rate FROM nudge_reporting.sales_monthly WHERE dimension = 'all'
		UNION ALL SELECT 'uptime_rate', period_start, 'month', uptime_rate FROM nudge_reporting.uptime_monthly WHERE dimension = 'all'
		UNION ALL SELECT 'mttr', period_start, 'month', mttr_minutes FROM nudge_reporting.incidents_monthly WHERE dimension = 'all'
		UNION ALL SELECT 'p95_latency', period_start, 'month', p95_ms FROM nudge_reporting.latency_monthly WHERE dimension = 'all'
		UNION ALL SELECT 'change_failure_rate', period_start, 'month', change_failure_rate FROM nudge_reporting.delivery_monthly WHERE dimension = 'all'
		UNION ALL SELECT 'total_costs', period_start, 'month', costs FROM nudge_reporting.costs_monthly WHERE category = 'all'
		UNION ALL SELECT 'runway_months', period_start, 'month', runway_months FROM nudge_reporting.burn_monthly
		UNION ALL SELECT 'share_of_voice', period_start, 'month', mention_share FROM nudge_reporting.share_of_voice_monthly WHERE channel = 'all' AND competitor = 'us'
		UNION ALL SELECT 'marketing_spend', period_start, 'month', sum(cost) FROM nudge_reporting.channels_monthly GROUP BY period_start
		UNION ALL SELECT 'competitive_deals', period_start, 'month', sum(deals_closed) FROM nudge_reporting.competitive_wins_monthly WHERE dimension = 'competitor' AND dimension_value <> '(none)' GROUP BY period_start
		UNION ALL SELECT 'attributed_revenue', period_start, 'month', sum(attributed_revenue) FROM nudge_reporting.channel_attribution_monthly WHERE attribution_model = 'linear' GROUP BY period_start
	) w JOIN shown v ON (v.metric, v.grain, v.period_start, v.dimension) = (w.metric, w.grain, w.period_start, 'all') WHERE round(w.value, 6) IS DISTINCT FROM v.value $$, 'wide views say what metric_values says');
SELECT is_empty($$ SELECT w.metric, w.period_start, w.dimension, w.dimension_value, w.value, v.value FROM (
		SELECT 'daily_active_users' AS metric, day AS period_start, 'day' AS grain, dimension, dimension_value, dau AS value FROM nudge_reporting.active_users_daily_by_dimension WHERE has_every_day
		UNION ALL SELECT 'monthly_active_users', date_trunc('month', day)::date, 'month', dimension, dimension_value, mau FROM nudge_reporting.active_users_daily_by_dimension WHERE has_30_days AND extract(day FROM day + 1) = 1
		UNION ALL SELECT 'user_retention_rate', period_start, grain, dimension, dimension_value, user_retention_rate FROM nudge_reporting.user_lifecycle_by_dimension
		UNION ALL SELECT format('day_%s_retention_rate', age_days), period_start, 'month', dimension, dimension_value, retention_rate FROM nudge_reporting.user_retention_days_by_dimension
		UNION ALL SELECT 'engaged_users', period_start, 'week', dimension, dimension_value, engaged_users FROM nudge_reporting.user_classes_weekly_by_dimension
		UNION ALL SELECT 'activation_rate', period_start, grain, dimension, dimension_value, activation_rate FROM nudge_reporting.activation_by_period
	) w LEFT JOIN shown v ON (v.metric, v.grain, v.period_start, v.dimension, v.dimension_value) = (w.metric, w.grain, w.period_start, w.dimension, w.dimension_value) WHERE round(w.value, 6) IS DISTINCT FROM v.value $$, 'so do those by dimension');
SELECT is_empty($$ SELECT r.feature, r.dimension FROM (SELECT feature, dimension, sum(users) AS users, sum(tried_users) AS tried, sum(uses) AS uses FROM nudge_reporting.feature_adoption_now_by_dimension GROUP BY 1, 2) r JOIN nudge_reporting.feature_adoption_now n USING (feature) WHERE (r.users, r.tried, r.uses) <> (n.users, n.tried_users, n.uses) $$, 'features have all users by each dimension');
SELECT is_empty($$ SELECT c.cohort_start, c.dimension FROM (SELECT cohort_start, age_months AS age, dimension, sum(eligible_users) AS eligible, sum(retained_users) AS retained FROM nudge_reporting.user_retention_cohorts_by_dimension GROUP BY 1, 2, 3) c
	JOIN nudge_reporting.user_retention_cohorts t USING (cohort_start, age) WHERE t.grain = 'month' AND (c.eligible, c.retained) <> (t.eligible_users, t.retained_users) $$, 'and so do cohorts');
SELECT is_empty($$ SELECT m.period_start, m.currency FROM nudge_reporting.mrr_monthly m JOIN (SELECT period_start, currency, sum(new_mrr) AS new_mrr, sum(expansion_mrr) AS expansion_mrr, sum(churn_mrr) AS churn_mrr, sum(closing_mrr) AS closing_mrr,
	count(*) FILTER (WHERE movement = 'churn') AS churned FROM nudge_reporting.customer_revenue_monthly GROUP BY 1, 2) c USING (period_start, currency)
	WHERE (m.new_mrr, m.expansion_mrr, m.churn_mrr, m.closing_mrr, m.churned_customers) <> (c.new_mrr, c.expansion_mrr, c.churn_mrr, c.closing_mrr, c.churned) $$, 'the customers behind each movement');
SELECT is_empty($$ SELECT m.closing_mrr FROM nudge_reporting.mrr_monthly m WHERE NOT m.complete AND m.closing_mrr <> (SELECT sum(current_mrr) FROM nudge_reporting.customer_details) $$, 'customers pay what is reported');
SELECT is_empty($$ SELECT d.dimension, m.period_start FROM nudge_reporting.mrr_monthly m JOIN (SELECT period_start, dimension, sum(closing_mrr) AS mrr, sum(new_customers) AS new FROM nudge_reporting.mrr_monthly_by_dimension GROUP BY 1, 2) d USING (period_start) WHERE (d.mrr, d.new) <> (m.closing_mrr, m.new_customers) $$, 'each dimension has all customers');
SELECT is_empty($$ SELECT r.period_start, d.dimension FROM nudge_reporting.revenue_retention_monthly r JOIN (SELECT period_start, dimension, sum(retained_mrr) AS mrr, sum(retained_customers) AS n FROM nudge_reporting.revenue_retention_monthly_by_dimension GROUP BY 1, 2) d USING (period_start)
	WHERE (r.retained_mrr, r.retained_customers) <> (d.mrr, d.n) $$, 'and all that is retained');
SELECT is_empty($$ SELECT r.cohort_start, r.age_months, d.dimension FROM nudge_reporting.revenue_cohort_months r JOIN (SELECT cohort_start, age_months, dimension, sum(mrr) AS mrr, sum(customers) AS n FROM nudge_reporting.revenue_cohort_months_by_dimension GROUP BY 1, 2, 3) d USING (cohort_start, age_months) WHERE (r.mrr, r.customers) <> (d.mrr, d.n) $$, 'and all cohorts');
SELECT is_empty($$ SELECT b.band, d.dimension FROM nudge_reporting.customer_health_bands b CROSS JOIN (SELECT DISTINCT dimension FROM nudge_reporting.customer_health_now_by_dimension) d
	LEFT JOIN (SELECT dimension, currency, band, sum(customers) AS customers, sum(mrr) AS mrr, sum(scored_customers) AS scored, sum(at_risk_mrr) AS at_risk FROM nudge_reporting.customer_health_now_by_dimension GROUP BY 1, 2, 3) s USING (dimension, currency, band)
	WHERE NOT b.complete AND (b.customers, b.mrr, b.scored_customers, coalesce(b.at_risk_mrr, 0)) IS DISTINCT FROM (s.customers, s.mrr, s.scored, coalesce(s.at_risk, 0)) $$, 'and all health');
SELECT set_eq($$ SELECT dimension_value, customers, mrr, mean_score FROM nudge_reporting.customer_health_now_by_dimension WHERE dimension = 'segment' AND band = 'red' $$,
	$$ SELECT coalesce(btrim(c.segment), '(none)'), count(*), sum(d.current_mrr)::numeric(24,6), avg(l.score)::numeric(24,6) FROM nudge_reporting.customer_details d LEFT JOIN company.customers c USING (customer),
		LATERAL (SELECT s.score FROM company.scores s WHERE s.entity = d.customer AND s.at < (((now() AT TIME ZONE 'America/Los_Angeles')::date + 1)::timestamp AT TIME ZONE 'America/Los_Angeles') ORDER BY s.at DESC LIMIT 1) l WHERE d.current_mrr > 0 AND l.score < 60 GROUP BY 1 $$, 'red customers of a segment are those of the last scores');
SELECT is_empty($$ SELECT s.period_start, d.dimension FROM nudge_reporting.sessions_monthly s CROSS JOIN (SELECT DISTINCT dimension FROM nudge_reporting.sessions_monthly_by_dimension) d
	LEFT JOIN (SELECT period_start, dimension, sum(sessions) AS sessions, sum(users) AS users, sum(events) AS events, sum(bounces) AS bounces, sum(returning_users) AS returning, sum(duration_seconds) AS seconds FROM nudge_reporting.sessions_monthly_by_dimension GROUP BY 1, 2) p USING (period_start, dimension)
	WHERE s.sessions > 0 AND (s.sessions, s.users, s.events, s.bounces, s.returning_users, s.duration_seconds) IS DISTINCT FROM (p.sessions, p.users, p.events, p.bounces, p.returning, p.seconds) $$, 'and all sessions');
SELECT set_eq($$ SELECT period_start, dimension_value, sessions, users FROM nudge_reporting.sessions_monthly_by_dimension WHERE dimension = 'segment' $$,
	$$ SELECT date_trunc('month', s.session_day)::date, coalesce(btrim(c.segment), '(none)'), count(*) AS sessions, count(DISTINCT s.user_id) AS users FROM nudge_reporting.user_sessions s LEFT JOIN company.users u ON u."user" = s.user_id LEFT JOIN company.customers c ON c.customer = u.customer
	WHERE s.session_day < (now() AT TIME ZONE 'America/Los_Angeles')::date GROUP BY 1, 2 $$, 'sessions of a segment are those of its users');
SELECT is((SELECT count(DISTINCT dimension) FROM nudge_reporting.revenue_cohort_months_by_dimension), 10::bigint, 'cohorts have ten dimensions');
SELECT is_empty($$ SELECT a.period_start, a.attribution_model, a.channel, d.dimension FROM nudge_reporting.channel_attribution_monthly a CROSS JOIN (SELECT DISTINCT dimension FROM nudge_reporting.channel_attribution_monthly_by_dimension) d
	LEFT JOIN (SELECT period_start, currency, attribution_model, channel, dimension, sum(attributed_revenue) AS revenue, sum(attributed_conversions) AS n, sum(assisted_revenue) AS assisted FROM nudge_reporting.channel_attribution_monthly_by_dimension GROUP BY 1, 2, 3, 4, 5) s USING (period_start, currency, attribution_model, channel, dimension)
	WHERE a.attribution_model NOT IN ('markov', 'shapley') AND ((a.attributed_revenue, a.assisted_revenue) IS DISTINCT FROM (s.revenue, s.assisted) OR abs(a.attributed_conversions - s.n) > 0.001) $$, 'and all that is credited');
SELECT set_eq($$ SELECT dimension, dimension_value, period_start, channel, attributed_revenue FROM nudge_reporting.channel_attribution_monthly_by_dimension WHERE dimension IN ('segment', 'region') AND attribution_model = 'linear' AND attributed_revenue <> 0 $$,
	$$ SELECT s.dimension, s.value, m.m::date, coalesce(a.channel, '(none)'), a.revenue::numeric(24,6)
	FROM (SELECT v.dimension, coalesce(btrim(v.value), '(none)') AS value, nudge.journey_agg(r.customer, r.at, btrim(r.channel), r.revenue) AS state
			FROM (SELECT c.customer, c.at, NULL::text AS channel, c.revenue FROM company.conversions c UNION ALL SELECT t.customer, t.at, t.channel, NULL FROM company.touches t WHERE t.customer IN (SELECT c.customer FROM company.conversions c)) r
			LEFT JOIN company.customers k ON k.customer = r.customer, LATERAL (VALUES ('segment', k.segment), ('region', k.region)) v(dimension, value) GROUP BY 1, 2) s,
		generate_series(date_trunc('month', now() AT TIME ZONE 'America/Los_Angeles') - interval '35 months', date_trunc('month', now() AT TIME ZONE 'America/Los_Angeles'), interval '1 month') m(m),
		nudge.attribution(s.state, 'linear', start_day => m.m::date, end_day => (m.m + interval '1 month')::date, zone => 'America/Los_Angeles', minor_unit => 2) a WHERE a.revenue <> 0 $$, 'attribution of a part is that of its customers alone');
SELECT is_empty($$ SELECT a.period_start, a.channel FROM nudge_reporting.channel_attribution_monthly a LEFT JOIN (SELECT period_start, currency, channel, sum(time_decay_revenue) AS revenue, sum(assisted_conversions) AS assisted FROM nudge_reporting.customer_attribution_monthly GROUP BY 1, 2, 3) s USING (period_start, currency, channel)
	WHERE a.attribution_model = 'time_decay' AND (a.attributed_revenue, a.assisted_conversions) IS DISTINCT FROM (s.revenue, s.assisted) $$, 'customers are behind all that is credited');
SELECT isnt_empty($$ SELECT FROM nudge_reporting.channel_attribution_monthly_by_dimension WHERE dimension = 'segment' AND attribution_model = 'linear' AND attributed_revenue <> 0 $$, 'of which there is some');
SELECT is_empty($$ SELECT b.period, nudge.net_revenue_retention(s.state, (b.period - interval '11 months')::date, (b.period + interval '1 month')::date, 'America/Los_Angeles'), b.net_revenue_retention_rate
	FROM nudge_analytics.revenue_retention b, (SELECT nudge.rollup(state) AS state FROM nudge_analytics.mrr_buckets) s
	WHERE nudge.net_revenue_retention(s.state, (b.period - interval '11 months')::date, (b.period + interval '1 month')::date, 'America/Los_Angeles') <> b.net_revenue_retention_rate
		OR nudge.gross_revenue_retention(s.state, (b.period - interval '11 months')::date, (b.period + interval '1 month')::date, 'America/Los_Angeles') <> b.gross_revenue_retention_rate $$, 'retention of 12 months is what the functions say of all customers');

-- Changes ---------------------------------------------------------------------------

UPDATE company.subscriptions SET amount = amount * 1.5 WHERE customer ~ '[258]$';
DELETE FROM company.subscriptions WHERE customer ~ '04$';
UPDATE company.customers SET segment = 'Enterprise' WHERE customer ~ '7$';
-- one segment, written in two ways
UPDATE company.customers SET segment = CASE WHEN customer ~ '1$' THEN 'all' ELSE ' All ' END WHERE customer ~ '[16]$';
INSERT INTO company.events ("user", customer, at, name, feature) SELECT u."user", u.customer, now() - make_interval(days => n), 'send_campaign', 'campaigns' FROM company.users u, generate_series(30, 45) n WHERE u."user" ~ '1-1$';
UPDATE company.users SET internal = true WHERE "user" ~ '9-1$';
UPDATE company.account_facts SET value = 'weak' WHERE fact = 'sponsor_status' AND customer ~ '1$';
UPDATE company.touches SET campaign = 'Search brand' WHERE customer ~ '3$';
DELETE FROM company.scores WHERE entity ~ '6$' AND at > now() - interval '100 days';
-- those of the reports that no other test has
\set changed '{account_success,value_realization,risk_adjusted_retention,intervention_results,revenue_by_stream,costs_per_customer,growth_efficiency,campaign_performance,content_performance,partner_results,sales_activity,channel_attribution_by_dimension,customer_attribution,revenue_cohorts_by_dimension,customer_health_by_dimension,session_metrics_by_dimension}'
SELECT pg_temp.refresh_all(:'changed') \g /dev/null
SELECT is_empty(format('SELECT %L, v.* FROM nudge.verify(%L) v', m, m), 'after changes ' || m || ' is as its query says')
FROM unnest(:'changed'::text[]) m;
SELECT is_empty($$ SELECT s.period, sum(s.numerator), max(s.denominator) FROM nudge_analytics.account_success s WHERE s.dimension = 'segment' AND s.metric = 'revenue_contribution' GROUP BY s.period HAVING sum(s.numerator) IS DISTINCT FROM max(s.denominator) $$, 'a segment that is called all has its customers, however it is written');
SELECT is_empty($$ SELECT s.period FROM nudge_analytics.value_realization s GROUP BY s.period HAVING sum(s.all_customers) FILTER (WHERE s.dimension = 'segment') IS DISTINCT FROM sum(s.all_customers) FILTER (WHERE s.dimension = 'all') $$, 'each of them once');
SELECT isnt_empty($$ SELECT FROM nudge_analytics.value_realization s WHERE s.value = 'all (segment)' AND s.all_customers > 0 $$, 'of which there are some');
SELECT pg_temp.refresh_all(:'changed') \g /dev/null
SELECT is_empty($$ SELECT name, rows_written, rows_deleted FROM nudge.run_history WHERE run_id IN (SELECT max(run_id) FROM nudge.run_history GROUP BY name) AND (rows_written, rows_deleted) <> (0, 0)
	AND name ~ '^(account_success|value_realization|risk_adjusted|intervention|revenue_by|costs_per|growth|campaign_perf|content|partner|sales_activity|channel_attribution_by|customer_attribution|revenue_cohorts_by|customer_health_by_dim|session_metrics_by)' $$, 'a second refresh writes nothing');

-- Currencies ------------------------------------------------------------------------

-- prices in another currency, of which a rate moves each month
UPDATE company.subscriptions SET currency = 'EUR' WHERE customer ~ '[13579]$';
INSERT INTO company.exchange_rates VALUES ('EUR', '2000-01-01', 1.1, 'USD');
SELECT pg_temp.refresh_all('{account_success,mrr_by_segment,mrr_by_dimension,unit_economics_by_segment,mrr_consolidated,customer_health_by_band,customer_health_by_dimension}') \g /dev/null
SELECT is_empty($$ SELECT t.metric, t.period_start, s.dimension, s.value, t.value FROM (SELECT metric, period_start, dimension, currency, sum(value) AS value FROM nudge_reporting.metric_values WHERE dimension NOT IN ('all', 'currency') GROUP BY 1, 2, 3, 4) s
	JOIN nudge_reporting.metric_values t USING (metric, period_start) JOIN nudge.shipped_metrics m USING (metric) WHERE t.dimension = 'all' AND m.additivity <> 'not additive' AND m.metric ~ 'mrr$|^arr$|(paying|new|churned)_customers' AND m.metric !~ 'risk'
	AND (s.currency IS DISTINCT FROM t.currency OR abs(s.value - t.value) > 0.001) $$, 'slices of several currencies are converted as the total is');
SELECT is_empty($$ SELECT s.metric, s.period_start, s.dimension FROM (SELECT metric, period_start, dimension, sum(numerator) AS n, sum(denominator) AS d FROM nudge_reporting.metric_values WHERE dimension NOT IN ('all', 'currency') GROUP BY 1, 2, 3) s JOIN nudge_reporting.metric_values t USING (metric, period_start)
	WHERE t.dimension = 'all' AND t.metric IN ('mrr_growth_rate', 'churned_mrr_rate', 'gross_mrr_churn_rate', 'expansion_rate', 'quick_ratio', 'arpa', 'logo_churn_rate') AND (abs(s.n - t.numerator) > 0.001 OR abs(s.d - t.denominator) > 0.001) $$, 'and so are numerators and denominators');
SELECT isnt_empty($$ SELECT FROM nudge_analytics.mrr_by_segment WHERE base_currency = 'USD' AND currency = 'EUR' AND opening_rate <> closing_rate $$, 'of rates that moved');
SELECT is_empty($$ SELECT s.period FROM nudge_analytics.unit_economics_by_segment s GROUP BY s.period, s.currency HAVING abs(sum(s.mrr) - (SELECT c.closing_mrr FROM nudge_analytics.mrr_consolidated c WHERE (c.period, c.currency) = (s.period, s.currency))) > 0.001 $$, 'what segments are worth is of all their customers');
SELECT is_empty($$ SELECT h.period FROM nudge_analytics.customer_health_by_band h LEFT JOIN nudge_analytics.mrr_consolidated c USING (period, currency) WHERE h.band = 'all' AND (abs(h.mrr - c.closing_mrr) > 0.001 OR h.customers <> c.closing_customers) IS NOT FALSE $$, 'what is at risk is of all customers');
SELECT is_empty($$ SELECT b.band FROM nudge_reporting.customer_health_bands b LEFT JOIN (SELECT dimension, currency, band, sum(customers) AS customers, sum(mrr) AS mrr FROM nudge_reporting.customer_health_now_by_dimension GROUP BY 1, 2, 3) s USING (currency, band)
	WHERE NOT b.complete AND (b.customers IS DISTINCT FROM s.customers OR abs(b.mrr - s.mrr) > 0.001) $$, 'and health by dimension');
SELECT results_eq($$ SELECT numerator, denominator FROM nudge_analytics.account_success WHERE metric = 'account_expansion_rate' AND dimension = 'all' AND period = (SELECT max(period) FROM months) $$,
	$$ SELECT count(*) FILTER (WHERE n.closing > b.closing)::numeric, count(*)::numeric FROM moved b JOIN moved n ON n.customer = b.customer AND n.period = (SELECT max(period) FROM months) WHERE b.period = (SELECT max(period) FROM months) - interval '3 months' AND b.closing > 0
		AND b.customer ~ '[^4]$|[^0]4$' AND b.customer IN (SELECT c.customer FROM company.customers c WHERE c.internal IS NOT TRUE) $$, 'a rate that moves is no expansion');

SELECT * FROM finish();
ROLLBACK;
