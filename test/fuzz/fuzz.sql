--
-- fuzz.sql
--		Damaged states through every door, and every accessor on those that are
--		let in; every aggregate and every function without a state on odd
--		arguments.  Driven by test/fuzz/fuzz.
--
-- Everything is found in the catalogue: the state types of the extension, the
-- aggregates that make them, and the functions that read them.  A new family
-- is fuzzed without a change here, unless an argument of its aggregate has a
-- name or type that fuzz.column_of does not know, or one of an accessor needs
-- words that fuzz.vocabulary does not have.
--
-- Copyright (c) 2026, the nudge_metrics authors; PostgreSQL licence

CREATE SCHEMA fuzz;

-- the state types: those that an aggregate named ..._agg of ours returns
CREATE VIEW fuzz.types AS
	SELECT DISTINCT p.prorettype::regtype AS type
	FROM pg_proc p
	WHERE p.pronamespace = 'nudge'::regnamespace AND p.prokind = 'a' AND p.proname LIKE '%\_agg';

-- Functions that read a state: it is their first argument.  Those without a
-- state go by the type void.
CREATE TABLE fuzz.accessors AS
	SELECT row_number() OVER (PARTITION BY f.type ORDER BY f.signature::text) AS n, f.*
	FROM (
		SELECT coalesce(t.type, 'void') AS type, p.oid::regproc::text AS name, p.oid::regprocedure AS signature,
			p.prokind = 'w' AS windowed, p.proargtypes::regtype[] AS types, p.proargnames AS names,
			p.pronargs - p.pronargdefaults AS required, p.pronargs AS most
		FROM pg_proc p
		LEFT JOIN fuzz.types t ON t.type = p.proargtypes[0]
		WHERE p.pronamespace = 'nudge'::regnamespace AND p.prokind IN ('f', 'w')
			AND p.proname !~ '(_trans|_final|_recv|_in)$' AND p.proname <> 'combine'
			-- what maps sources or finds keys takes SQL and names, of which random words are none
			AND p.proparallel <> 'u' AND p.proname NOT IN ('single_select', 'view_columns', 'history_key', 'batch_keys')
	) f;
-- the more arguments, the more often it is drawn
CREATE TABLE fuzz.draws AS
	SELECT row_number() OVER (PARTITION BY type ORDER BY a.n, i) AS draw, type, a.n
	FROM fuzz.accessors a, generate_series(1, greatest(a.most, 1)) i;

-- what arguments that are relations name
\ir inputs.sql

CREATE TABLE fuzz.seeds (
	n serial PRIMARY KEY,
	type regtype NOT NULL,
	aggregate text NOT NULL,
	wire bytea NOT NULL
);

-- An expression over a row number g for an argument of an aggregate over rows
-- of so many customers.  Funnels of an odd number of rows track other events
-- too.  Times are 'tied' with one another, or 'apart', or 'far' out.
CREATE FUNCTION fuzz.column_of(name text, type regtype, rows integer, keys integer, times text) RETURNS text
	LANGUAGE sql
RETURN CASE
	WHEN name = 'actions' THEN '1 + g % 5'
	WHEN name = 'score' AND type <> 'double precision'::regtype THEN 'CASE WHEN g % 5 > 0 THEN g % 8 END'
	WHEN name = 'scale_low' THEN '0'
	WHEN name = 'scale_high' THEN '7'
	WHEN name = 'zone' THEN quote_literal('Europe/Berlin')
	WHEN name = 'relative_error' THEN CASE rows % 2 WHEN 0 THEN '0.01' ELSE '0' END
	WHEN name = 'value' AND type = 'double precision'::regtype THEN '((g::bigint * 7919) % 2000 - 300) / 7.0'
	WHEN name = 'count' THEN 'g % 4'
	WHEN name = 'steps' THEN quote_literal(CASE rows % 2 WHEN 0 THEN '{a,b,c}' ELSE '{a,b,c,*}' END)
	WHEN name = 'matches' THEN 'ARRAY[hashint4(g) % 3 <> 1, hashint4(g) % 2 = 0, CASE WHEN g % 7 > 0 THEN g % 5 = 0 END]'
	WHEN name = 'event' THEN '(ARRAY[''a'', ''b'', ''c'', ''a'', ''b'', ''d'', ''ü''])[1 + abs(hashint4(g) % 7)]'
	WHEN name = 'property' THEN '(ARRAY[''x'', '''', NULL, ''ü''])[1 + g % 4]'
	WHEN name = 'tie_break' THEN 'g % 4 - 1'
	WHEN name = 'feature' THEN '(ARRAY[''export'', ''search'', ''ü''])[1 + g % 3]'
	WHEN name = 'action' THEN '(ARRAY[''used'', ''viewed'', ''used'', ''completed'', ''signed_up'', ''used''])[1 + abs(hashint4(g) % 6)]'
	WHEN name = 'success' THEN '(ARRAY[true, false, NULL])[1 + g % 3]'
	WHEN name = 'channel' THEN 'CASE WHEN g % 4 > 0 THEN (ARRAY[''a'', ''b'', ''direct'', ''ü''])[1 + abs(hashint4(g) % 4)] END'
	WHEN name = 'revenue' THEN 'CASE WHEN g % 4 = 0 OR g % 7 = 0 THEN ((g::bigint * 31) % 1000)::numeric / 8 END'
	WHEN name = 'duration' THEN 'CASE WHEN g % 4 > 0 THEN make_interval(secs => g % 100) END'
	WHEN times = 'far' AND type = 'date'::regtype THEN '(ARRAY[''4714-11-24 BC'', ''294276-12-30'', ''1969-12-31'', ''294276-12-31'', ''2000-01-01'', ''4714-11-25 BC'']::date[])[1 + g % 6]'
	WHEN times = 'far' AND type IN ('timestamptz'::regtype, 'timestamp'::regtype) THEN
		'(ARRAY[''4714-11-24 00:00 BC'', ''294276-12-31 23:59:59.999999'', ''1969-12-31'', ''294276-12-30'', ''2000-01-01'', ''4714-11-25 00:00 BC'']::timestamp[])[1 + g % 6]'
	WHEN name = 'at' THEN CASE WHEN times = 'tied' OR type = 'date'::regtype
		THEN format('timestamp ''2024-01-01 01:02:03.456'' + make_interval(days => ((g::bigint * 37) %% 40)::integer, hours => g %% 3, secs => g %% 2)', type)
		ELSE format('timestamp ''2024-01-01 01:02:03.456'' + make_interval(secs => g + 0.5)', type) END
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
	WHEN type = 'double precision'::regtype THEN '50 + ((g::bigint * 7919) % 400 - 200) / 8.0'
	ELSE format('NULL::%s', type)
END;

-- A query for the state that an aggregate makes of so many rows.
CREATE FUNCTION fuzz.state_query(aggregate regprocedure, rows integer, keys integer, times text DEFAULT 'tied') RETURNS text
	LANGUAGE sql STABLE
RETURN (
	SELECT format('SELECT %s(%s) AS state FROM generate_series(1, %s) g', p.oid::regproc,
		(SELECT string_agg(format('(%s)::%s', fuzz.column_of(p.proargnames[i], p.proargtypes[i - 1]::regtype, rows, keys, times),
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
		-- some aggregates refuse such times
		BEGIN
			EXECUTE format('INSERT INTO fuzz.seeds (type, aggregate, wire)
				SELECT %L::regtype, %L, %s_send(state) FROM (%s) s',
				agg.type, agg.signature, agg.type, fuzz.state_query(agg.signature, 12, 3, 'far'));
		EXCEPTION WHEN data_exception OR program_limit_exceeded THEN
			NULL;
		END;
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
		19723, 1000000000000000000, -211813488000000000, 9223371331199999999, -2451545, 2145031948])[1 + fuzz.below(24)])
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

-- What an argument may be: literals that make sense, and literals that do not.
-- The first row counts whose function, name and type fit.
CREATE TABLE fuzz.vocabulary (
	n serial,
	function text NOT NULL,
	name text NOT NULL,
	type regtype NOT NULL,
	sound text[] NOT NULL,
	other text[] NOT NULL
);
INSERT INTO fuzz.vocabulary (function, name, type, sound, other)
	SELECT '(account_|value_realization|implementation_|at_risk_|risk_adjusted_|intervention_|customer_score|portfolio|engagement_stability|expansion_|seat_|feature_attempts|feature_starts)', v.name, 'regclass', ARRAY['fuzz.book_' || v.input], ARRAY['fuzz.book_' || v.input]
	FROM (VALUES ('customers', 'customers'), ('scores', 'scores'), ('churn_probabilities', 'probabilities'), ('interventions', 'interventions'), ('account_facts', 'facts'), ('contracts', 'contracts'), ('subscriptions', 'subscriptions'),
		('users', 'users'), ('features', 'features'), ('plans', 'plans'), ('events', 'events')) v(name, input);
INSERT INTO fuzz.vocabulary (function, name, type, sound, other)
	SELECT '', i.input, 'regclass', ARRAY['fuzz.' || i.input], ARRAY['fuzz.' || i.input] FROM nudge.inputs i WHERE to_regclass('fuzz.' || i.input) IS NOT NULL;
INSERT INTO fuzz.vocabulary (function, name, type, sound, other) VALUES
	('', 'tiers', 'text[]', '{"{a,b,ü}","{ü,b,a}"}', '{"{a}","{}","{NULL}"}'),
	('(account_|expansion_)', 'weights', 'numeric[]', '{"{0.2,0.2,0.2,0.2,0.2}","{0,0,0,1,0}"}', '{"{1}","{NULL,1,0,0,0}","{NaN,1,0,0,0}","{2,-1,0,0,0}","{{0.5,0.5,0,0,0}}"}'),
	('', '(sponsor_levels|levels)', 'text[]', '{"{none,weak,neutral,strong,champion}"}', '{"{}","{a,a}","{a}","{NULL,b}","{{a,b}}"}'),
	('', 'healthy_sponsor', 'text', '{strong,none}', '{"",strongest}'),
	('intervention_success$', 'by', 'text', '{reason,kind,outcome}', '{""}'),
	('(account_|value_realization|implementation_)', 'segment', 'text', '{a,ü}', '{""}'),
	('(at_risk|risk_adjusted|intervention_|portfolio|expansion_|customer_score)', 'model', 'text', '{NULL}', '{a}'),
	('fact_flag$', 'value', 'text', '{true,No,0}', '{"",ja}'),
	('fact_number$', 'value', 'text', '{0,1.5,80,-1}', '{"",1e5,NaN,+1}'),
	('fact_level$', 'value', 'text', '{none,Strong,NULL}', '{""}'),
	('', 'facts', 'text[]', '{"{criterion_met,qbr_held}","{sponsor_status}"}', '{"{}","{NULL}"}'),
	('(kaplan_meier|median_survival)$', 'days', 'numeric[]', '{"{1,2,2,5}","{0,0.5,0.5,1}"}', '{"{}","{NULL}","{-1,1,1,1}","{NaN,1,1,1}","{{1,2},{3,4}}","{Infinity,1,1,1}"}'),
	('(kaplan_meier|median_survival)$', 'occurred', 'boolean[]', '{"{t,f,t,t}","{f,f,f,f}"}', '{"{}","{t}","{NULL,t,t,t}"}'),
	('(at_risk|intervention_|portfolio|risk_adjusted)', '(threshold|yellow_from|healthy_from)', 'numeric', '{60,65}', '{-1,101,NaN}'),
	('(at_risk|portfolio|risk_adjusted)', 'green_from', 'numeric', '{80,100}', '{60,101,NaN}'),
	('expansion_readiness', 'threshold', 'numeric', '{80,0,100}', '{-1,101,NaN}');
INSERT INTO fuzz.vocabulary (function, name, type, sound, other) VALUES
	('(csat|ces)_agg$', 'scale_low', 'integer', '{0}', '{1,7,-1001,2147483647}'),
	('(csat|ces)_agg$', 'scale_high', 'integer', '{7}', '{0,6,1001,-2147483648}'),
	('(nps|csat|ces)_agg$', 'score', 'numeric', '{0,1,5,7,6.000}', '{-1,2.5,7.0000001,11,NaN,infinity,1e30,1e-30}'),
	('nps_agg$', 'score', 'integer', '{0,7,9,10}', '{-1,11,2147483647,-2147483648}'),
	('nps_agg$', 'score', 'smallint', '{0,7,9,10}', '{-1,11,32767,-32768}'),
	('survey_|(nps|csat|ces)_report$', 'by', 'text', '{segment,region,owner}', '{"",size}'),
	('survey_|(nps|csat|ces)_report$', 'kind', 'text', '{nps,csat,ces," NPS"}', '{"",pmf}'),
	('survey_|(nps|csat|ces)_report$', 'counting', 'text', '{sent,answered}', '{all,""}'),
	('survey_|(nps|csat|ces)_report$', 'keep', 'text', '{all,latest_per_user,latest_per_customer}', '{first,""}'),
	('survey_|(nps|csat|ces)_report$', 'scale_low', 'integer', '{NULL,0,1}', '{5,-1001,-2147483648,2147483647}'),
	('survey_|(nps|csat|ces)_report$', 'scale_high', 'integer', '{NULL,10,7}', '{1,1001,2147483647}'),
	('score_sustained$', 'direction', 'text', '{above,at_least,below,at_most}', '{up}'),
	('score_', '(threshold|below|above|.*_drop)', 'double precision', '{50,65,10,20,62.5}', '{NaN,infinity,-1e9,1e10,1e-300}'),
	('score_(states|report)$', 'scores', 'regclass', '{fuzz.scores}', '{fuzz.scores}'),
	('score_(states|report)$', 'model', 'text', '{health}', '{risk,""}');
INSERT INTO fuzz.vocabulary (function, name, type, sound, other) VALUES
	('health', 'factors', 'jsonb', '{"{\"usage\": 80, \"outcome\": null}","{\"usage\": 0}","{}","{\"usage\": 99.5, \"support\": 1e2}"}', '{"{\"ü\": 1}",[],1,null,"{\"usage\": \"1\"}","{\"usage\": 101}","{\"usage\": -1e400}","{\"usage\": {}}"}'),
	('health', 'model', 'text', '{retention_health,retention_health,retention_health,customer_health}', '{ü,""}'),
	('', 'missing', 'text', '{reweight,null}', '{zero,""}'),
	('health', 'factors', 'double precision[]', '{"{80,60,NULL,0}","{100,100,100,100}","{NULL,NULL,NULL,NULL}"}', '{"{}","{NaN,1,1,1}","{101,1,1,1}","{{1,1},{1,1}}","{1}"}'),
	('health', 'weights', 'double precision[]', '{"{0.3,0.25,0.25,0.2}","{0,0,0,1}"}', '{"{1}","{NULL,1,1,0}","{-1,2,0,0}","{{0.5,0.5},{0,0}}"}'),
	('(relationship|support|advocacy)_factor$', 'weights', 'double precision[]', '{"{0.4,0.3,0.3}"}', '{"{1}","{NULL,1,1}","{-1,2,0}","{NaN,0,1}","{}","{{0.5,0.5,0}}"}'),
	('(outcome|satisfaction|growth)_factor$', 'weights', 'double precision[]', '{"{0.5,0.5}","{1,0}"}', '{"{1}","{NULL,1}","{Infinity,0}"}'),
	('usage_factor$', 'weights', 'double precision[]', '{"{0.25,0.25,0.25,0.25}","{0,0,1,0}"}', '{"{1}","{0.5,0.5}"}'),
	('usage_factor$', 'engagement_weights', 'double precision[]', '{"{0.5,0.5}","{0,1}"}', '{"{1}","{}"}'),
	('health', 'names', 'text[]', '{"{a,b,ü,d}"}', '{"{a}","{a,b,NULL,d}","{{a,b},{c,d}}"}'),
	('', 'weekly', 'double precision[]', '{"{1,2,3,4}","{0,0,0}","{9,NULL,4,7,1}","{1e308,1e308,0}"}', '{"{}","{-1,1}","{NaN}","{Infinity,1}","{{1,2}}","{NULL}"}'),
	('', 'peers', 'double precision[]', '{"{1,2,3}","{0.5,0.5,NULL}"}', '{"{}","{NULL}","{Infinity}","{{1,2}}"}'),
	('', '(sponsor|sentiment)_levels', 'text[]', '{"{none,weak,neutral,strong,champion}"}', '{"{}","{a,a}","{a}","{NULL,b}"}'),
	('scale_level$', 'levels', 'text[]', '{"{a,ü}","{a,b,c}"}', '{"{}","{a,a}","{{a,b}}","{NULL,b}"}'),
	('scale_level$', 'value', 'text', '{a}', '{"",A}'),
	('', 'act_facts', 'text[]', '{"{review}","{review,referral}"}', '{"{}","{NULL}"}'),
	('_factor$|scale_|usage_trend', '(target.*|high|max_monthly_tickets|slow_minutes|full_growth_rate)', 'double precision', '{1,5,0.5,1000}', '{0,-1,NaN,infinity,1e-320}'),
	('', 'csat_high', 'double precision', '{5,10}', '{0,NaN,-infinity}'),
	('(pnl|streams|margins|unit_costs|variance|periods|budget_lines|customer_acquisition_cost)$', '(budget_)?grain', 'text', '{month,quarter,year}', '{week,decade}'),
	('contract', 'customers', 'regclass', '{fuzz.accounts}', '{fuzz.accounts}'),
	('pipeline_value$', 'by', 'text', '{stage,owner,team,segment}', '{""}'),
	('(sales_|pipeline_|quota_|stage_conversion)', 'by', 'text', '{owner,team,segment}', '{stage,""}'),
	('', 'quota_grain', 'text', '{year,year,month,quarter}', '{week,""}'),
	('', 'company', 'text', '{north,a}', '{"",nobody}'),
	('stage_(conversion|passages)$', 'stages', 'text[]', '{"{x,y,z}","{z,ü}","{y}"}', '{"{}","{NULL,x}","{x,x}","{{x},{y}}"}'),
	('', 'commit_probability', 'numeric', '{0.8,0.5,1}', '{2,NaN,-1}'),
	('', 'best_case_probability', 'numeric', '{0.5,0.1,0}', '{2,NaN,-1}'),
	('input_query$', 'input', 'text', '{spend}', '{spendings,""}'),
	('input_query$', 'relation', 'regclass', '{fuzz.spend}', '{fuzz.spend}'),
	('^nudge.(dimension_|customers_then)', 'dimension$', 'text', '{segment,region}', '{"",nothing}'),
	('(entity_columns|is_attribute_input|plain_rows|source_rows|traced_rows)$', 'input', 'text', '{events,users,account_facts}', '{nothing}'),
	('merge_ends$', 'entities', 'text[]', '{"{customer,user}"}', '{"{}","{customer}","{NULL,user}"}'),
	('merge_ends$', '(keys|targets)', 'text[]', '{"{a,b}","{b,c}"}', '{"{}","{a}","{NULL,a}","{a,a}"}'),
	('(check_entity|check_keys|is_excluded|counted_as|with_merged)$', 'entity', 'text', '{customer,user}', '{visitor,nothing}'),
	('(channel_credits|channel_performance|campaign_performance)$', 'model', 'text', '{linear,linear,first_touch,time_decay,markov,shapley}', '{best,""}'),
	('(uptime|downtime_intervals|downtime_by_period|uptime_error_budget|delivery_performance)$', 'by', 'text', '{service}', '{endpoint,""}'),
	('(error_rates|request_error_budget)$', 'by', 'text', '{endpoint}', '{service,""}'),
	('', 'services|endpoints', 'text[]', '{"{api}","{ü,other}"}', '{"{}","{NULL}","{\" \"}"}'),
	('', 'outage_severities', 'text[]', '{"{critical,major}","{minor}","{}"}', '{"{NULL}","{{a},{b}}"}'),
	('', 'objective', 'numeric', '{0.999,0.9,1,0}', '{99.9,-1,NaN,1e-1000}'),
	('', 'latency_threshold_ms', 'numeric', '{100,50}', '{-1,NaN,infinity,1e-1000}'),
	('', 'hours', 'integer[]', '{"{1,6,24,72}","{1000}"}', '{"{}","{0}","{NULL}","{2147483647}","{{1,2},{3,4}}"}'),
	('', 'budget_shares', 'numeric[]', '{"{0.02,0.05,0.1,0.1}","{NULL}"}', '{"{}","{0}","{NaN}","{{1,1},{1,1}}"}'),
	('', 'sorted', 'numeric[]', '{"{1,2,4}","{}","{7}"}', '{"{NULL,1}","{NaN}","{{1,2},{3,4}}"}'),
	('', 'bounds|starts', 'timestamptz[]', '{"{2024-01-01 UTC,2024-02-01 UTC,2025-01-01 UTC}"}', '{"{}","{NULL}","{2025-01-01 UTC,2024-01-01 UTC}","{-infinity,infinity}"}'),
	('', 'spans', 'tstzmultirange', '{"{[2024-01-05 UTC,2024-03-05 UTC),[2024-05-01 UTC,2024-05-02 UTC)}","{}"}', '{"{(,)}","{[2024-01-05 UTC,infinity)}"}'),
	('acquisition_results$', 'by', 'text', '{channel,campaign,kind}', '{""}'),
	('campaign_performance$', 'by', 'text', '{campaign,kind}', '{channels,""}'),
	('', 'shared_by', 'text', '{customers,spend,revenue}', '{luck}'),
	('', 'ad_spend', 'text', '{spend,costs,both}', '{neither}'),
	('', 'ad_categories', 'text[]', '{"{customer_acquisition/marketing}","{}"}', '{"{NULL}","{{a},{b}}"}'),
	('lead_stages$', 'by', 'text', '{source,campaign}', '{""}'),
	('lead_stages$', 'counting', 'text', '{cohort,period}', '{all}'),
	('lead_stages$', 'stages', 'text[]', '{"{lead,qualified,customer}","{customer,lead}","{other}"}', '{"{}","{NULL}","{lead,lead}","{{lead},{customer}}"}'),
	('', 'types', 'text[]', '{"{guide,webinar}","{guide,other}"}', '{"{}","{NULL}","{guide,guide}","{guide}"}'),
	('', 'cadences', 'text[]', '{"{monthly,weekly}","{bi-weekly,NULL}","{daily,quarterly}"}', '{"{}","{NULL}","{yearly,weekly}"}'),
	('acquisition_totals$', 'parts', 'nudge.acquisition_part[]', '{"{\"(2024-01-01,a,10,100,9,9,100,10,3,2,1.5,40,12,0.5)\",\"(2024-02-01,a,,,,,,,,,,,,)\",\"(2024-01-01,,0,,,,,,0,0,0,0,,)\"}","{}"}', '{"{NULL}","{\"(,,NaN,-1,-1,,,,,,-1,NaN,,)\"}","{\"(infinity,a,1e30,9223372036854775807,9223372036854775807,1,0,1e30,9223372036854775807,1,1e-20,1e30,1e30,1e30)\",\"(infinity,a,1e30,1,1,1,0,1e30,1,1,1,1,1,1)\"}"}'),
	('content_totals$', 'parts', 'nudge.content_part[]', '{"{\"(2024-01-01,guide,1,5,2,1)\",\"(2024-02-01,guide,,,,)\"}","{}"}', '{"{NULL}","{\"(,,-1,0,0,0)\"}","{\"(infinity,a,9223372036854775807,1,1,1)\",\"(infinity,a,1,1,1,1)\"}"}'),
	('partner_totals$', 'parts', 'nudge.partner_part[]', '{"{\"(2024-01-01,,t,,t,revenue,3,30,2,20,2,20)\",\"(2024-01-01,acme,f,,t,revenue,,,1,10,2,20)\",\"(2024-01-01,acme,f,large,f,won_deal,,,1,10,1,10)\"}","{}"}', '{"{NULL}","{\"(,,,,,other,-1,NaN,,,,)\"}","{\"(infinity,,t,,t,revenue,0,0,1,1,1,NaN)\"}"}'),
	('', 'start_days|end_days|periods', 'date[]', '{"{2024-01-01,2024-02-01}","{}"}', '{"{NULL}","{infinity}","{-infinity,2024-01-01}","{{2024-01-01},{2024-02-01}}"}'),
	('', 'credits', 'nudge.channel_credit[]', '{"{\"(a,1,10)\",\"(,0.5,1)\"}","{}"}', '{"{NULL}","{\"(a,NaN,-1)\"}","{\"(,,)\"}"}'),
	('(minute_counts|throughput_lines|check_values)$', 'input', 'text', '{requests,sends}', '{spend,""}'),
	('(minute_counts|throughput_lines)$', 'relation', 'regclass', '{fuzz.requests}', '{fuzz.requests}'),
	('send_throughput$', 'by', 'text', '{campaign}', '{endpoint,""}'),
	('(latency_report|latency_states|apdex|minute_counts|throughput|throughput_lines|request_query)$', 'by', 'text', '{endpoint,part}', '{user,""}'),
	('(latency_report|apdex|page_load|utilisation|throughput|throughput_lines|performance_.*)$', 'grain', 'text', '{day,hour,week,month}', '{minute,""}'),
	('(cost_per_unit|scaling_report)$', 'grain', 'text', '{month,quarter,year}', '{week}'),
	('(cost_per_unit|scaling_report)$', 'meter', 'text', '{calls}', '{""}'),
	('utilisation$', 'resources', 'text[]', '{"{cpu,memory}","{ü,cpu}"}', '{"{}","{NULL}","{{cpu},{ü}}"}'),
	('utilisation$', 'limits', 'numeric[]', '{"{0.7,0.8}","{0,1}"}', '{"{}","{NULL}","{NaN,-1}","{{1},{2}}"}'),
	('', '(volumes|costs)', 'double precision[]', '{"{1,10,100}","{2,2,2}","{3,1,5e3}"}', '{"{}","{NULL,1,1}","{0,-1,2}","{NaN,infinity,1e-320}","{{1},{2}}"}'),
	('', 'calendar', 'text', '{office,office,always,never}', '{nobody,""}'),
	('working_time_add$', 'minutes', 'numeric', '{0,1,480,0.00000001,100000}', '{-1,1e30,NaN,infinity}'),
	('', 'tickets', 'regclass', '{fuzz.tickets}', '{fuzz.tickets}'),
	('', 'customers', 'regclass', '{fuzz.customers}', '{fuzz.customers}'),
	('(support_report|support_times|backlog.*|open_ticket_ages)$', 'by', 'text', '{priority,category,agent,complexity,segment}', '{colour,""}'),
	('(ticket_rows|ticket_lines|support_slices|support_report|support_times|check_support_options)$', 'counting', 'text', '{opened,resolved}', '{all}'),
	('(support|backlog)_slices$', 'dimensions', 'text[]', '{"{priority,agent}","{category}","{}","{NULL}"}', '{"{colour}","{{agent,other}}"}'),
	('', 'edges', 'numeric[]', '{"{1,3,7,30}","{0.5}","{}"}', '{"{3,1}","{NULL}","{0}","{7,7}","{{1,2}}","{NaN}","{1e300}"}'),
	('(sla_target_of|load_example_sla_targets)$', 'measure', 'text', '{first_response,resolution}', '{other}'),
	('', 'grain', 'text', '{day,week,month,quarter,year,4-4-5}', '{decade}'),
	('', 'zone', 'text', '{UTC,UTC,Europe/Berlin,Pacific/Apia,America/New_York}', '{Nowhere,"",europe/berlin,<+01>-01}'),
	('', 'week_start', 'text', '{monday,sunday}', '{noday}'),
	('(retention_curve|retention_trend|retention_summary|retention_cohorts)$', 'mode', 'text', '{on,on_or_after,on_or_before,bracket,streak}', '{other,snapshot}'),
	('', 'mode(_a|_b)?', 'text', '{snapshot,event,period_start,chartmogul,stripe,profitwell,mrr_playbook}', '{other,on}'),
	('funnel', 'entry', 'text', '{any,first}', '{first_ever,""}'),
	('', 'entry', 'text', '{first_ever,first_in_range,every_period}', '{any,""}'),
	('', 'edges', 'integer[]', '{"{0,1,7,30}","{1,2}","{0,36600}","{3,5}"}', '{"{}","{1}","{2,1}","{-1,5}","{1,NULL}","{0,2147483647}","{{1,2},{3,4}}"}'),
	('', 'step_order', 'text', '{ordered,strict,any}', '{none}'),
	('(attribution|attribution_models|credits|markov_transitions|conversion_paths)$', 'counting', 'text', '{all,first,last}', '{uniques}'),
	('', 'counting', 'text', '{uniques,totals,sessions}', '{all}'),
	('', 'model', 'text', '{first_touch,last_touch,last_non_direct,linear,time_decay,position_based,j_shaped,inverse_j,w_shaped,blended,participation,custom}', '{best,""}'),
	('', 'collapse', 'text', '{none,consecutive,distinct}', '{all}'),
	('', 'touch_reuse', 'text', '{all,since_last_conversion}', '{none}'),
	('', 'direct', 'text', '{keep,remove_unless_alone,remove_trailing}', '{drop}'),
	('', 'direct_channel', 'text', '{direct,a}', '{"",nothing}'),
	('', 'ties', 'text', '{order,share}', '{random}'),
	('', 'value', 'text', '{conversions,conversion_rate}', '{revenue}'),
	('(attribution|attribution_models|credits)$', 'weights', 'numeric[]', '{"{0.3,0.4,0.3}","{0.4,0.2}","{0,1,0}","{0,0}"}', '{"{}","{1}","{NULL,1,0}","{NaN,1,0}","{2,-1,0}","{1e1000,0}"}'),
	('', 'exclude_channels', 'text[]', '{"{a}","{direct,b}","{}"}', '{"{NULL}","{nothing}","{{a},{b}}"}'),
	('', '(lookback|half_life)', 'interval', '{30 days,1 day,3 hours,1 second}', '{0,1 month,-1 day,178000000 years,infinity}'),
	('', '(first|last)_touches', 'integer', '{1,2,5}', '{0,-1,2147483647}'),
	('', 'minor_unit', 'integer', '{0,2,3,6}', '{-1,7}'),
	('', 'chain_order', 'integer', '{1,2,3}', '{0,4}'),
	('', 'channel', 'text', '{a,b,direct,ü}', '{""}'),
	('', 'exclusion', 'text', '{drop_off,drop_user}', '{drop}'),
	('_agg$', 'steps', 'text[]', '{"{a,b,c}","{a,b,c,*}"}', '{"{}","{*}","{a,NULL}","{a,b}","{{a,b},{b,c}}"}'),
	('', 'matches', 'boolean[]', '{"{t,f,t}","{f,f,f}","{NULL,t,t}"}', '{"{}","{t}","{{t,f},{f,t}}"}'),
	('', 'event', 'text', '{a,b,c,d,ü}', '{"",nothing,*}'),
	('', 'action', 'text', '{signed_up,viewed,used,completed}', '{"",click}'),
	('', 'property', 'text', '{x,y,""}', '{ü}'),
	('', 'actions', 'bigint', '{0,1,5,100}', '{-1,4294967295,4294967296,9223372036854775807}'),
	('', 'duration', 'interval', '{0,1 second,1 hour}', '{-1 second,1 month,3660001 days,178000000 years}'),
	('', 'end_reason', 'text', '{voluntary,involuntary}', '{"",other}'),
	('', 'steps', 'text[]', '{"{a,b,c}","{a,b}","{b,a}","{a,a,b}","{a,b,a,b}","{c}","{a,b,c,d}","{b,c}"}', '{"{}","{*}","{a,*}","{NULL}","{nothing}","{{a,b},{b,c}}"}'),
	('', 'exclusions', 'text[]', '{"{c}","{b,c}","{c,c}"}', '{"{}","{*}","{NULL}","{nothing}","{a}"}'),
	('', 'optional', 'text[]', '{"{b}"}', '{"{a}","{}","{c}","{NULL}","{nothing}"}'),
	('', '(max|min)_gaps', 'interval[]', '{"{NULL,1 day,2 days}","{NULL,3 hours}","{NULL,0,0}","{NULL,NULL,1 hour}","{NULL}"}',
		'{"{}","{1 day,1 day,1 day}","{NULL,-1 day,0}","{NULL,1 month,0}","{NULL,178000000 years}"}'),
	('', 'min_counts', 'integer[]', '{"{1,2,1}","{1,1}","{3,1,2}","{2}","{2,2,2,2}"}', '{"{}","{0,1,1}","{NULL,1,1}","{2147483647,1,1}","{1,1000000,1}"}'),
	('', 'clickhouse_modes', 'text[]', '{"{}","{strict_deduplication}","{strict_order}","{strict_increase}","{strict_once}","{strict_once,strict_order}","{strict_increase,strict_deduplication,strict_order,strict_once}"}',
		'{"{NULL}","{other}","{strict_once,strict_once}"}'),
	('', 'users', 'bigint[]', '{"{100,50,10}","{3,2,1}","{0,0,0}"}', '{"{}","{1,2,3}","{NULL,1,1}","{-1,-2,-3}","{9223372036854775807,9223372036854775807,1}"}'),
	('', '(users|excluded)', 'text[]', '{"{1,2}","{key 1,key 2}","{cfcd2084-95d5-65ef-66e7-dff9f98764da}","{}"}', '{"{NULL}","{no key}","{{1,2},{3,4}}","{9223372036854775808}","{ 1}","{\"\"}"}'),
	('', 'chain', 'text[]', '{"{a}","{a,b}","{}","{b,b}"}', '{"{NULL}","{nothing}","{{a},{b}}"}'),
	('', 'direction', 'text', '{forward,backward}', '{up}'),
	('', 'base', 'text', '{head,tail,first_match,last_match}', '{middle}'),
	('', 'conditions', 'text[]', '{"{a,b,c}","{a,b,c}","{b,a,d}","{a,a,b}"}', '{"{}","{NULL,a,b}","{nothing,\"\",a}","{a}","{{a},{b}}"}'),
	('', 'pattern', 'text', '{(?1)(?2),(?1).*(?2),(?1).*(?2).*(?3),(?1)(?!2)*(?3),(?1)(?t>=3600)(?2),(?1)(?t<86400).*(?2)(?t!=7200)(?1),(?1)(?!2)(?3),.(?1),(?1)..(?2),(?!1)(?!2)*(?t==3600)(?3),(?1)(?!1)*(?!2)*(?3)}',
		'{"",(?1)(?t>,(?t>1)(?1),.*.*,.*,(?!1)*,(?1)(?t>1),(?9),(?0),(?1,(?,(,(?1)(?t>=99999999999999999999)(?2),(?1)(?t>0.0000001)(?2),(?1)(?t<0)(?2),(?99999999999999999999),ü,(?1)*,"(?1) (?2)",(?1)(?t>1)(?t<0)(?t!=0)(?t!=0.5)(?2),(?1)(?t>=9223372036854)(?2)}'),
	('', 'path', 'text[]', '{"{a,b,c}","{a,b}","{b}"}', '{"{}","{NULL,a}","{*}","{{a,b},{c,d}}"}'),
	('', 'page_events', 'text[]', '{"{a}","{a,b,nothing}","{}"}', '{"{NULL}","{{a},{b}}"}'),
	('', '(start_event|end_event|event)', 'text', '{a,b,c,d}', '{"",nothing}'),
	('', '(premium|default_on)', 'text[]', '{"{export}","{export,ü}","{}"}', '{"{NULL}","{nothing}","{{a},{b}}"}'),
	('', 'feature', 'text', '{export,search,ü}', '{"",nothing}'),
	('', 'funnel', 'text', '{sign_up,trial}', '{"",nothing}'),
	('', 'stages', 'text[]', '{"{x,y,z}","{x,y,z}","{x,x,x}"}', '{"{}","{NULL,a,b}","{x}"}'),
	('', 'rates', 'nudge.exchange_rate[]', '{"{\"(EUR,2024-01-01,1.1)\",\"(USD,2024-01-01,1)\"}","{}"}', '{"{NULL}","{\"(,,)\"}","{\"(EUR,infinity,NaN)\"}","{\"(EUR,2024-01-01,-1)\"}"}'),
	('', '(target_)?rates', 'numeric[]', '{"{0.5,0.2,0.1}","{1,1,1}","{0,0,0}","{0.5,0.2}"}', '{"{}","{NULL,1,1}","{2,1,1}","{-1,0,0}","{NaN,1,1}"}'),
	('', 'weights', 'numeric[]', '{"{0.25,0.25,0.25,0.25}","{1,0,0,0}","{0.1,0.2,0.3,0.4}"}', '{"{}","{1}","{NULL,1,0,0}","{NaN,1,0,0}","{2,-1,0,0}","{1e1000,0,0,0}"}'),
	('', 'bands', 'numeric[]', '{"{0.25,0.5,0.75}","{0,0.1,1}"}', '{"{}","{1}","{3,2,1}","{NULL,1,2}","{NaN,1,2}","{-infinity,0,infinity}"}'),
	('', '(adoption|success|retention_lift)', 'numeric', '{0,1,0.5,0.123456789}', '{-1,2,NaN,infinity,1e-1000}'),
	('', 'successes(_[ab])?', 'bigint', '{0,1,10,99}', '{-1,9223372036854775807}'),
	('', 'trials(_[ab])?', 'bigint', '{100,1000,10,9223372036854775807}', '{-1,0}'),
	('', 'successes', 'bigint[]', '{"{1,2,3}","{0,0,0}","{10,20,30}"}', '{"{}","{NULL,1,1}","{-1,0,0}","{1}","{9223372036854775807,1,1}"}'),
	('', 'trials', 'bigint[]', '{"{10,20,30}","{100,100,9223372036854775807}","{3,3,3}"}', '{"{}","{0,0,0}","{NULL,1,1}","{-1,0,0}","{1}"}'),
	('', 'paid_to_free', 'text', '{churn,contraction}', '{other}'),
	('', 'count_by', 'text', '{item,plan}', '{other}'),
	('', 'component', 'text', '{total,new,churn,net_new}', '{other}'),
	('', '(costs|budgets)', 'regclass', '{fuzz.costs}', '{fuzz.costs}'),
	('', 'charges', 'regclass', '{fuzz.charges}', '{fuzz.charges}'),
	('', 'usage', 'regclass', '{fuzz.usage}', '{fuzz.usage}'),
	('', 'payments', 'regclass', '{fuzz.payments}', '{fuzz.payments}'),
	('', 'cash', 'regclass', '{fuzz.cash}', '{fuzz.cash}'),
	('', 'plans', 'regclass', '{fuzz.plans}', '{fuzz.plans}'),
	('', 'spread', 'text', '{revenue,customers,usage,equal}', '{luck}'),
	('', 'policy', 'text', '{latest,start,period_start,constant}', '{other}'),
	('_agg$', 'currency', 'text', '{EUR}', '{USD,""}'),
	('', '(rate|quantity)', 'numeric', '{1,1.25}', '{0,-1,NaN,1e-30}'),
	('', 'discount', 'numeric', '{0,0.25}', '{1,-1,2,NaN}'),
	('', '(base_)?currency', 'text', '{EUR,USD}', '{"",E,ÄÖÜ}'),
	('', '(within|gap|max_length|session_gap|grace|.*tolerance|.*window|.*max_gap)', 'interval', '{1 day,60 minutes,3 hours,7 days,0,1 second}', '{1 month,-1 day,178000000 years,1 month -1 day,3660001 days,infinity}'),
	('percentile', 'method', 'text', '{disc,cont}', '{mean}'),
	('', 'fractions', 'double precision[]', '{"{0.5,0.95}","{0,1}","{}"}', '{"{NULL}","{2}","{NaN}","{{0.5},{1}}"}'),
	('', 'relative_error', 'double precision', '{0.01,0,0.001,0.1}', '{1,-1,NaN,1e-320}'),
	('share_within$', 'threshold', 'double precision', '{0,1,-20,100,142.857142}', '{NaN,infinity,1e13}'),
	('', '(confidence|alpha|threshold)', 'double precision', '{0.95,0.05,0.5,0.2}', '{0,1,-1,2,NaN,infinity,-infinity,1e-320,0.9999999999999999}'),
	('', 'hold_constant|collapse_repeats|include.*', 'boolean', '{true,false}', '{true}'),
	('', '', 'integer', '{1,1,2,3,4,12,30}', '{0,-1,2147483647,-2147483648,400,36600}'),
	('', '', 'bigint', '{1,1000,100000}', '{0,-1,9223372036854775807,-9223372036854775808}'),
	('', '', 'numeric', '{0,1,0.5,100}', '{-1,1e30,NaN,infinity,1e-30}'),
	('', '', 'double precision', '{0,1,0.5}', '{-1,NaN,infinity,-infinity,1e300}'),
	('', '', 'interval', '{1 day,60 minutes}', '{0,1 month,-1 day,178000000 years,1 month -1 day}'),
	('', '', 'boolean', '{true,false}', '{true}'),
	('', '', 'uuid', '{cfcd2084-95d5-65ef-66e7-dff9f98764da}', '{00000000-0000-0000-0000-000000000000}'),
	('', '', 'text', '{a,EUR,month}', '{""}');

-- A literal for an argument, in so many of all cases one that makes sense.
CREATE FUNCTION fuzz.literal(function text, name text, type regtype, sound float8 DEFAULT 0.88) RETURNS text
	LANGUAGE plpgsql VOLATILE
AS $$
DECLARE
	words fuzz.vocabulary;
	-- periods should end after they begin
	back integer := CASE WHEN name = 'valid_from' THEN 700 ELSE 100 END;
	of regtype := (SELECT nullif(t.typelem, 0) FROM pg_type t WHERE t.oid = type AND t.typcategory = 'A');
	elements text[] := '{}';
	n integer;
BEGIN
	IF type = 'date'::regtype THEN
		RETURN CASE WHEN random() < sound THEN (date '2024-01-01' + fuzz.below(600) - back)::text
			ELSE (ARRAY['-infinity', 'infinity', '5874897-12-31', '4714-11-24 BC'])[1 + fuzz.below(4)] END;
	END IF;
	IF type IN ('timestamptz'::regtype, 'timestamp'::regtype) THEN
		RETURN CASE WHEN random() < sound THEN (timestamptz '2024-01-01' + make_interval(days => 100 - back, hours => fuzz.below(10000)))::text
			ELSE (ARRAY['-infinity', 'infinity', '294276-12-31 UTC', '4714-11-24 00:00 BC'])[1 + fuzz.below(4)] END;
	END IF;
	SELECT * INTO words FROM fuzz.vocabulary v
	WHERE literal.function ~ v.function AND v.type = literal.type AND (v.name = '' OR literal.name ~ ('^(' || v.name || ')$'))
	ORDER BY v.n LIMIT 1;
	IF of IS NOT NULL AND (words.n IS NULL OR random() > sound) THEN
		n := CASE fuzz.below(8) WHEN 0 THEN 0 WHEN 1 THEN 60 + fuzz.below(80) ELSE 1 + fuzz.below(4) END;
		FOR i IN 1 .. n LOOP
			elements := elements || CASE WHEN random() < 0.9 THEN fuzz.literal(function, 'event', of) END;
		END LOOP;
		RETURN elements::text;
	END IF;
	IF name = 'pattern' AND random() > sound THEN
		RETURN repeat(fuzz.literal(function, name, type, 1), (ARRAY[2, 30, 2000])[1 + fuzz.below(3)]);
	END IF;
	IF random() < sound THEN
		RETURN words.sound[1 + fuzz.below(cardinality(words.sound))];
	END IF;
	RETURN words.other[1 + fuzz.below(cardinality(words.other))];
END
$$;

-- An argument of a call that reads a state.
CREATE FUNCTION fuzz.argument(function text, name text, type regtype, state_type regtype, state text) RETURNS text
	LANGUAGE sql VOLATILE
RETURN CASE
	WHEN random() < 0.06 THEN 'NULL'
	WHEN type = state_type AND random() < 0.6 THEN quote_literal(state)
	WHEN type IN (SELECT t.type FROM fuzz.types t) THEN
		(SELECT quote_literal(fuzz.text_form(s.wire)) FROM fuzz.seeds s WHERE s.type = argument.type ORDER BY random() LIMIT 1)
	ELSE coalesce(quote_literal(fuzz.literal(function, name, type)), 'NULL')
END || '::' || type;

-- what happened, for the report
CREATE UNLOGGED TABLE fuzz.outcomes (type regtype, step text, outcome text, n bigint);
CREATE UNLOGGED TABLE fuzz.calls (signature regprocedure, outcome text, n bigint);
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
	-- 42804: two states of other shapes, or days read as instants; 0A000:
	-- options that do not go together; 55000: a period that is not closed;
	-- 42501: targets that are somebody else's to set; 42602,
	-- 42703, 42704, 42P01, 3F000: what bears no such name; text of a wrong
	-- encoding is class 22 too, but no accessor may give any
	IF result.code NOT IN ('00000', '42804') AND (result.code !~ '^(22|54)' OR result.code = '22021' AND step = 'read')
		AND NOT (result.code IN ('0A000', '55000', '42501', '42602', '42703', '42704', '42P01', '3F000') AND step = 'read')
	THEN
		INSERT INTO fuzz.complaints VALUES (i, type, step, result.code || ': ' || result.message, statement);
	END IF;
END
$$;

-- A random accessor with random arguments on a state; the type void asks for a
-- function without one.  Options are left out more often than not.
CREATE FUNCTION fuzz.call_of(type regtype, state text, OUT signature regprocedure, OUT query text)
	LANGUAGE plpgsql VOLATILE
AS $$
DECLARE
	f fuzz.accessors;
	arguments text := '';
	value text;
	share float8;
BEGIN
	SELECT a.* INTO f FROM fuzz.accessors a JOIN fuzz.draws d USING (type, n)
	WHERE d.type = call_of.type
		AND d.draw = (SELECT 1 + fuzz.below(max(b.draw)) FROM fuzz.draws b WHERE b.type = call_of.type);
	signature := f.signature;
	share := least(0.5, 3.0 / greatest(1, f.most - f.required));
	FOR i IN 1 .. f.most LOOP
		CONTINUE WHEN i > f.required AND random() > share;
		value := CASE WHEN i = 1 AND f.types[0] = type THEN format('%L::%s', state, type)
			ELSE fuzz.argument(f.name, f.names[i], f.types[i - 1], type, state) END;
		IF f.windowed AND i = 1 THEN
			value := format('(%s + g * interval ''1 hour'')', value);
		END IF;
		arguments := arguments || CASE WHEN arguments = '' THEN '' ELSE ', ' END
			|| CASE WHEN i > f.required THEN f.names[i] || ' => ' ELSE '' END || value;
	END LOOP;
	-- every row is turned into text and its encoding is checked
	query := format(CASE WHEN f.windowed THEN 'SELECT string_agg(x::text, '','') FROM (SELECT %s(%s) OVER () AS x FROM generate_series(0, 5) g) w'
			ELSE 'SELECT string_agg(md5(convert_from(textsend(x::text), ''UTF8'')), '''') FROM %s(%s) x' END, f.name, arguments);
END
$$;

-- Calls it.
CREATE PROCEDURE fuzz.read(i bigint, type regtype, state text)
	LANGUAGE plpgsql
AS $$
DECLARE
	call record;
	result fuzz.outcome;
BEGIN
	SELECT * INTO call FROM fuzz.call_of(type, state);
	result := fuzz.attempt(call.query);
	CALL fuzz.note(i, type, 'read', result, call.query);
	UPDATE fuzz.calls c SET n = c.n + 1 WHERE c.signature = call.signature AND c.outcome = result.code;
	IF NOT FOUND THEN
		INSERT INTO fuzz.calls VALUES (call.signature, result.code, 1);
	END IF;
END
$$;

-- A random aggregate over a few rows: in any order and in parts the same state,
-- which its own text gives back.
CREATE PROCEDURE fuzz.fold(i bigint)
	LANGUAGE plpgsql
AS $$
DECLARE
	agg record;
	steps text;
	line text;
	lines text := '';
	query text;
	result fuzz.outcome;
BEGIN
	SELECT p.oid::regproc::text AS name, p.prorettype::regtype AS type, p.proargtypes::regtype[] AS types, p.proargnames AS names, p.pronargs AS n INTO agg
	FROM pg_proc p
	WHERE p.oid = (SELECT s.aggregate::regprocedure FROM fuzz.seeds s WHERE s.n = (SELECT 1 + fuzz.below(max(n)) FROM fuzz.seeds));
	-- those of a funnel are the same in every row
	steps := quote_literal(fuzz.literal(agg.name, 'steps', 'text[]'));
	FOR r IN 1 .. 1 + fuzz.below(6) LOOP
		line := r::text;
		FOR k IN 1 .. agg.n LOOP
			line := line || ', ' || CASE WHEN agg.names[k] = 'steps' AND random() < 0.99 THEN steps
				WHEN random() < 0.03 THEN 'NULL'
				ELSE quote_literal(fuzz.literal(agg.name, agg.names[k], agg.types[k - 1], 0.98)) END || '::' || agg.types[k - 1];
		END LOOP;
		lines := lines || CASE WHEN lines = '' THEN '' ELSE ', ' END || '(' || line || ')';
	END LOOP;
	query := format('WITH r(%1$s) AS (VALUES %2$s), s AS MATERIALIZED (
			SELECT %3$s(%4$s ORDER BY i) AS a, %3$s(%4$s ORDER BY i DESC) AS b, %3$s(%4$s) FILTER (WHERE i %% 2 = 0) AS c, %3$s(%4$s) FILTER (WHERE i %% 2 = 1) AS d FROM r)
		SELECT (%5$s_send(a) IS NOT DISTINCT FROM %5$s_send(b) AND %5$s_send(a) IS NOT DISTINCT FROM %5$s_send(nudge.combine(c, d))
			AND %5$s_send(a) IS NOT DISTINCT FROM %5$s_send(a::text::%5$s))::text FROM s',
		(SELECT string_agg(x, ', ') FROM unnest('i'::text || agg.names[1:agg.n]) x), lines, agg.name, array_to_string(agg.names[1:agg.n], ', '), agg.type);
	result := fuzz.attempt(query);
	CALL fuzz.note(i, agg.type, 'fold', result, query);
	IF result.state <> 'true' THEN
		INSERT INTO fuzz.complaints VALUES (i, agg.type, 'fold', 'another order, parts or the text give another state', query);
	END IF;
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
	IF random() < 0.15 THEN
		CALL fuzz.fold(i);
		RETURN;
	END IF;
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
		CALL fuzz.read(i, original.type, entered.state);
	END LOOP;
	CALL fuzz.read(i, 'void', NULL);
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
