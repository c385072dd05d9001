#
# reporting.sh
#		The part of bench/run about what BI tools read: each question to a view of
#		nudge_reporting and, side by side, to the tables that applications write.
#
# Copyright (c) 2026, the nudge_metrics authors; PostgreSQL licence

clear_company()
{
	run_sql -c "SELECT nudge.undeploy() FROM nudge.deployment"
	clear_billing
	run_sql -c "DROP SCHEMA IF EXISTS company, nudge_reporting CASCADE"
}

# make_company: the tables, mapped, and all marts of them
make_company()
{
	clear_company
	note "Making the tables of a company of $scale customers, as applications have them"
	psql -qX -v ON_ERROR_STOP=1 -f "$bench/sql/company.sql" >/dev/null
	run_sql -c "SELECT nudge.deploy()"
	for mart in $(ask "SELECT o.name FROM nudge.refresh_order() o ORDER BY o.depth, o.name")
	do
		note "  refreshing $mart"
		run_sql -c "CALL nudge.refresh('$mart', false)"
	done
	run_sql -c "VACUUM ANALYZE"
}

# The same questions: to a view, and to what applications have written -----------

# ask_view NAME LABEL QUERY: against sql/reporting/NAME.sql; the answers are equal.
# Clients keep their connections: what a first question reads of the catalog, EXPLAIN
# has read before.
ask_view()
{
	rm -f "$work/ms.view" "$work/ms.raw"
	printf '%s\n' "$3" >"$work/view.sql"
	{ echo EXPLAIN; cat "$work/view.sql"; } >"$work/explain.view.sql"
	{ echo EXPLAIN; cat "$bench/sql/reporting/$1.sql"; } >"$work/explain.raw.sql"
	round=1
	while [ "$round" -le "$repeat" ]
	do
		for way in raw view
		do
			file=$work/view.sql
			if [ "$way" = raw ]
			then
				file=$bench/sql/reporting/$1.sql
				[ "$round" -eq 1 ] || [ "$(head -n 1 "$work/ms.raw" | cut -d. -f1)" -le 20000 ] || continue
			fi
			ms=$(PGOPTIONS="$PGOPTIONS -c search_path=company" time_sql "$work/rows.$way" -c '\o /dev/null' -f "$work/explain.$way.sql" -c "\\o $work/rows.$way" -f "$file")
			[ -n "$ms" ] || die "$1 failed"
			echo "$ms" >>"$work/ms.$way"
			plain_numbers "$work/rows.$way" >"$work/plain.$way"
		done
		cmp -s "$work/plain.raw" "$work/plain.view" || {
			diff "$work/plain.raw" "$work/plain.view" | head -n 10 >&2
			die "the view does not agree with bench/sql/reporting/$1.sql"
		}
		round=$((round + 1))
	done
	[ -s "$work/plain.raw" ] || die "bench/sql/reporting/$1.sql answers nothing"
	awk -v label="$2" -v raw="$(median "$work/ms.raw")" -v ms="$(median "$work/ms.view")" -v runs="$(wc -l <"$work/ms.raw")" 'BEGIN {
		printf "%-62s %9.1f %9.1f %9.0f x %5d\n", label, ms, raw, raw / ms, runs }'
}

ask_views()
{
	printf '\nQuestions to views of nudge_reporting, and to the raw tables; all answers are equal.\n'
	printf '\n%-62s %9s %9s %11s %5s\n' "question" "view ms" "raw ms" "raw to view" runs
	views=nudge_reporting
	ask_view mrr_monthly "MRR waterfall by month" \
		"SELECT period_start, opening_mrr, new_mrr, reactivation_mrr, expansion_mrr, contraction_mrr, churn_mrr, closing_mrr, opening_customers, new_customers, reactivated_customers, expanded_customers, contracted_customers, churned_customers, closing_customers FROM $views.mrr_monthly ORDER BY 1"
	ask_view mrr_months "one metric by month, from metric_values" \
		"SELECT period_start, value FROM $views.metric_values WHERE metric = 'mrr' AND dimension = 'all' ORDER BY 1"
	ask_view mrr_segment "MRR of a segment by month" \
		"SELECT period_start, closing_mrr FROM $views.mrr_monthly_by_dimension WHERE dimension = 'segment' AND dimension_value = 'Mid-market' ORDER BY 1"
	ask_view cohorts "revenue cohorts by month" \
		"SELECT cohort_start, period_start, customers, mrr FROM $views.revenue_cohort_months WHERE customers > 0 ORDER BY 1, 2"
	ask_view active_users "daily active and new users" \
		"SELECT day, dau, new_users FROM $views.active_users_daily ORDER BY 1"
	ask_view user_cohorts "users that come back, by weekly cohort" \
		"SELECT cohort_start, age, retained_users FROM $views.user_retention_cohorts WHERE grain = 'week' AND age > 0 AND retained_users > 0 ORDER BY 1, 2"
	ask_view attribution "last-touch revenue of channels by month" \
		"SELECT period_start, CASE channel WHEN '(none)' THEN '' ELSE channel END, attributed_revenue FROM $views.channel_attribution_monthly WHERE attribution_model = 'last_touch' AND attributed_revenue <> 0 ORDER BY 1, CASE channel WHEN '(none)' THEN '' ELSE channel END COLLATE \"C\""
	ask_view customers_now "customers with MRR now: how many, how much" \
		"SELECT count(*), sum(mrr) FROM $views.customer_mrr_now"
	ask_view customers_top "customers with MRR now: the 100 that pay most" \
		"SELECT customer, mrr FROM $views.customer_mrr_now ORDER BY mrr DESC, customer COLLATE \"C\" LIMIT 100"
	ask_view customers_then "customers with MRR a year ago: how many, how much" \
		"SELECT count(*), sum(mrr) FROM $views.customer_mrr_periods WHERE mrr > 0 AND started_at < current_date - 365 AND (ended_at IS NULL OR ended_at >= current_date - 365)"
	ask_view churned "customers that left last month: the ten that paid most" \
		"SELECT customer, opening_mrr FROM $views.customer_mrr_movements WHERE movement = 'churn' AND period_start = (date_trunc('month', now()) - interval '1 month')::date ORDER BY opening_mrr DESC, customer COLLATE \"C\" LIMIT 10"
	ask_view one_customer "MRR of one customer by month" \
		"SELECT period_start, closing_mrr FROM $views.customer_revenue_monthly WHERE customer = '42' AND closing_mrr > 0 ORDER BY 1"
}

# Each view as a whole -------------------------------------------------------------

# All rows, or 10,000 of those that have one for each customer: more is no answer
# but an export.
time_views()
{
	printf '\nEach view, read on the server: all rows, or the first 10,000; those over 20 ms, and the others together.\n'
	printf '\n%-62s %9s %9s\n' view rows ms
	rm -f "$work/whole"
	for view in $(ask "SELECT c.relname FROM pg_class c WHERE c.relnamespace = 'nudge_reporting'::regnamespace AND c.relkind = 'v' ORDER BY 1")
	do
		rm -f "$work/ms.view"
		round=1
		while [ "$round" -le "$repeat" ]
		do
			time_sql "$work/rows.view" -c "SELECT count(*), count(v::text) FROM (SELECT * FROM nudge_reporting.\"$view\" LIMIT 10000) v" >>"$work/ms.view"
			round=$((round + 1))
		done
		echo "$view $(cut -d, -f1 "$work/rows.view") $(median "$work/ms.view")" >>"$work/whole"
	done
	sort -k3,3nr "$work/whole" | awk '$3 >= 20 { printf "%-62s %9d %9.1f\n", $1, $2, $3 } $3 < 20 { n++; if ($3 > most) most = $3 }
		END { printf "%-62s %9s %9.1f\n", n " others, the slowest of them", "", most }'
}

# What a client does when it is pointed at a schema: a sample of 10,000 rows of
# each table, and up to 1,000 distinct values of columns, for lists to choose from.

# find_columns SCHEMA: all its columns, and whether a client such as Metabase lists
# their values: it does if the sample has at most 30 and they are no amounts, rates
# or times; into company.scanned
find_columns()
{
	run_sql <<-END
		DROP TABLE IF EXISTS company.scanned;
		CREATE TABLE company.scanned AS SELECT c.relname::text AS relation, a.attname::text AS field, false AS listed
		FROM pg_class c JOIN pg_attribute a ON a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped
		WHERE c.relnamespace = '$1'::regnamespace AND c.relkind IN ('r', 'v') AND c.relname <> 'scanned';
		SELECT format('UPDATE company.scanned SET listed = n <= 30 FROM (SELECT count(DISTINCT s.%2\$I) AS n FROM (SELECT * FROM %1\$I.%3\$I LIMIT 10000) s) d WHERE relation = %3\$L AND field = %2\$L', '$1', s.field, s.relation)
		FROM company.scanned s JOIN pg_attribute a ON a.attrelid = format('%I.%I', '$1', s.relation)::regclass AND a.attname = s.field
		WHERE a.atttypid IN ('text'::regtype, 'boolean'::regtype, 'integer'::regtype, 'bigint'::regtype)
		\gexec
	END
}

# client_scan SCHEMA NAME CONDITION: adds the milliseconds that it takes, of elapsed
# time and of the processor, to $work/{ms,cpu}.NAME
client_scan()
{
	psql -qXAt -v ON_ERROR_STOP=1 >"$work/scan" <<-END
		\timing on
		\o /dev/null
		SELECT DISTINCT format('SELECT * FROM %I.%I LIMIT 10000', '$1', s.relation) FROM company.scanned s
		UNION ALL SELECT format('SELECT DISTINCT %I FROM %I.%I LIMIT 1000', s.field, '$1', s.relation) FROM company.scanned s WHERE $3
		\gexec
		\o
		\timing off
		-- the 14th and 15th field: user and system time of this process, in hundredths of a second
		SELECT 'processor: ' || 10 * (f.f[12]::bigint + f.f[13]::bigint) FROM (SELECT string_to_array(split_part(pg_read_file('/proc/self/stat'), ') ', 2), ' ') AS f) f;
	END
	sed -n 's/^Time: \([0-9.]*\) ms.*/\1/p' "$work/scan" | awk '{ t += $1 } END { print t }' >>"$work/ms.$2"
	sed -n 's/^processor: //p' "$work/scan" >>"$work/cpu.$2"
}

# time_scan_of LABEL SCHEMA NAME CONDITION
time_scan_of()
{
	rm -f "$work/ms.$3" "$work/cpu.$3"
	round=1
	while [ "$round" -le "$repeat" ] && [ "$round" -le 3 ]
	do
		client_scan "$2" "$3" "$4"
		round=$((round + 1))
	done
	awk -v label="$1" -v ms="$(median "$work/ms.$3")" -v cpu="$(median "$work/cpu.$3")" -v n="$(ask "SELECT count(*) FROM company.scanned s WHERE $4")" \
		'BEGIN { printf "%-62s %9d %9.1f %13.1f\n", label, n, ms / 1000, cpu / 1000 }'
}

time_scan()
{
	note "  a client's scan"
	printf '\nA client that takes 10,000 rows of each view or table, and up to 1,000 distinct values of columns, in one process.\n'
	printf '\n%-62s %9s %9s %13s\n' "schema" columns s "processor s"
	find_columns nudge_reporting
	time_scan_of "nudge_reporting, columns with few values, as Metabase does" nudge_reporting scan_listed "s.listed"
	time_scan_of "nudge_reporting, every column" nudge_reporting scan_all true
	find_columns company
	time_scan_of "the tables themselves, columns with few values" company scan_raw_listed "s.listed"
	time_scan_of "the tables themselves, every column" company scan_raw true
	run_sql -c "DROP TABLE company.scanned"
}

# Slices that no mart has: from buckets ----------------------------------------------

# ask_slice LABEL QUERY
ask_slice()
{
	rm -f "$work/ms.slice"
	round=1
	while [ "$round" -le "$repeat" ]
	do
		time_sql "$work/rows.slice" -c "$2" >>"$work/ms.slice"
		round=$((round + 1))
	done
	[ -s "$work/rows.slice" ] || die "no rows: $1"
	awk -v label="$1" -v ms="$(median "$work/ms.slice")" 'BEGIN { printf "%-90s %9.1f\n", label, ms }'
}

ask_slices()
{
	note "  slices from buckets"
	marts=nudge_analytics
	printf '\nSlices, by a rollup of the states of %s buckets.\n' "$(ask "SELECT buckets FROM nudge.deployment")"
	printf '\n%-90s %9s\n' question ms
	ask_slice "waterfall by quarter of all customers" "SELECT * FROM nudge.mrr_waterfall((SELECT nudge.rollup(state) FROM $marts.mrr_buckets), 'quarter')"
	ask_slice "waterfall by quarter of a segment of 70 %" "SELECT * FROM nudge.mrr_waterfall((SELECT nudge.rollup(state) FROM $marts.mrr_segment_buckets WHERE segment = 'SMB'), 'quarter')"
	ask_slice "waterfall by quarter of two segments" "SELECT * FROM nudge.mrr_waterfall((SELECT nudge.rollup(state) FROM $marts.mrr_segment_buckets WHERE segment IN ('Mid-market', 'Enterprise')), 'quarter')"
	ask_slice "waterfall by quarter of an industry of 13 %" "SELECT * FROM nudge.mrr_waterfall((SELECT nudge.rollup(state) FROM $marts.mrr_dimension_buckets WHERE dimension = 'industry' AND value = 'software'), 'quarter')"
	ask_slice "waterfall by quarter of a segment in a region, 6 %, from states of customers" "SELECT * FROM nudge.mrr_waterfall((SELECT nudge.rollup(c.state) FROM $marts.customer_mrr c JOIN $marts.dim_customers d ON d.customer = c.customer WHERE d.segment = 'Mid-market' AND d.region = 'Europe'), 'quarter')"
	ask_slice "users active in 14 days, by day, one state" "SELECT * FROM nudge.active_users((SELECT nudge.rollup(state) FROM $marts.activity_buckets), 14)"
	ask_slice "users active in 14 days, by day, rows of buckets added up: no user is in two" "SELECT a.day, sum(a.active_users) FROM $marts.activity_buckets b, nudge.active_users(b.state, 14, current_date, current_date - 180, current_date) a GROUP BY a.day"
	ask_slice "linear attribution of a quarter, one state" "SELECT * FROM nudge.attribution((SELECT nudge.rollup(state) FROM $marts.journey_buckets), 'linear', start_day => current_date - 90, end_day => current_date)"
}

# What views read is kept by the refresh -----------------------------------------------

# time_mart MART ROUNDS: a refresh after 1 % of the customers have changed, against a rebuild into a table with the same indexes
time_mart()
{
	rm -f "$work/ms.refresh" "$work/ms.rebuild"
	run_sql -c "CREATE TABLE company.rebuilt (LIKE nudge_analytics.$1 INCLUDING ALL)"
	run_sql -c "CALL nudge.refresh('$1')"
	round=1
	while [ "$round" -le "$2" ]
	do
		turn=$(((${turn:-0} + 1) % 100))
		run_sql -c "UPDATE company.billing SET mrr = mrr + 1 WHERE (hashtext(customer) & 2147483647) % 100 = $turn"
		run_sql -c "CALL nudge.refresh('customer_mrr')"
		timed refresh "CALL nudge.refresh('$1', false)"
		keys=$(ask "SELECT r.keys FROM nudge.runs r WHERE r.materialisation = '$1' ORDER BY r.run_id DESC LIMIT 1")
		run_sql -c "TRUNCATE company.rebuilt"
		timed rebuild "INSERT INTO company.rebuilt SELECT * FROM nudge_staging.${1}__definition"
		round=$((round + 1))
	done
	[ "$(ask "SELECT count(*) FROM nudge.verify('$1')")" = 0 ] || die "$1 is not what its query says"
	run_sql -c "DROP TABLE company.rebuilt"
	share "$1: rebuild" rebuild rebuild
	share "$1: CALL refresh(), 1 % of the customers changed" refresh rebuild "$keys"
}

time_refresh()
{
	note "  refreshes of what is read"
	share_heading "to have a table of customers right again" "to rebuild"
	time_mart customer_mrr_timeline "$repeat"
	time_mart fact_revenue 1
}

part_reporting()
{
	need subscriptions
	need events
	need marketing
	make_company
	printf '\nA company of %s customers with %s prices, %s users with %s events, %s touches and %s conversions.\n' "$scale" "$(ask "SELECT count(*) FROM company.billing")" "$(ask "SELECT count(*) FROM company.people")" \
		"$(ask "SELECT count(*) FROM company.actions")" "$(ask "SELECT count(*) FROM company.visits")" "$(ask "SELECT count(*) FROM company.orders")"
	ask_views
	time_views
	time_scan
	ask_slices
	time_refresh
	clear_company
}
