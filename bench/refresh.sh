#
# refresh.sh
#		The parts of bench/run about capture and refresh.  Their statements
#		change what they read, so each round changes rows, untimed, and then times
#		everybody on the same change.
#
# Copyright (c) 2026, the nudge_metrics authors; PostgreSQL licence

run_sql()
{
	psql -qX -v ON_ERROR_STOP=1 "$@" >/dev/null
}

# timed NAME STATEMENT...: milliseconds of the last statement, into $work/ms.NAME
timed()
{
	name=$1
	shift
	options=
	for statement
	do
		options="$options -c \"$statement\""
	done
	eval "time_sql $work/rows.refresh $options" >>"$work/ms.$name"
}

# share LABEL NAME OF [KEYS]: a line of the table; what is timed against OF
share()
{
	awk -v label="$1" -v ms="$(median "$work/ms.$2")" -v of="$(median "$work/ms.$3")" -v keys="${4:-0}" \
		-v runs="$(wc -l <"$work/ms.$2")" 'BEGIN {
			printf "%-60s %9.1f %9.2f x %9s %5d\n", label, ms, ms / of, keys ? sprintf("%.0f", ms * 1000 / keys) : "", runs }'
}

share_heading()
{
	printf '\n%-60s %9s %11s %9s %5s\n' "$1" ms "$2" "us a key" runs
}

clear_billing()
{
	run_sql <<-END
		DROP MATERIALIZED VIEW IF EXISTS view_mrr;
		DROP TABLE IF EXISTS plain_mrr, changed_keys;
		SELECT nudge.drop_materialisation(name) FROM nudge.materialisations;
		SELECT nudge.unmap_source(source) FROM nudge.sources;
		DROP TABLE IF EXISTS billing;
	END
}

# make_billing CUSTOMERS: a logged table, as an application has it, tracked and
# with a materialisation; beside it a table and a materialized view of the same
# query
make_billing()
{
	clear_billing
	run_sql <<-END
		CREATE TABLE billing AS SELECT s.customer::text AS customer, s.valid_from, s.valid_to, s.mrr FROM subscriptions s WHERE s.customer <= $1;
		CREATE INDEX ON billing (customer);
		VACUUM ANALYZE billing;
		SELECT nudge.map_source('subscriptions', 'billing', zone => 'UTC', columns => '{"item": "r.customer", "plan": "''one''", "amount": "mrr", "currency": "''EUR''",
			"interval_unit": "''month''", "interval_count": "1", "status": "''active''"}');
		SELECT nudge.track_source('subscriptions', '{customer}');
		SELECT nudge.add_materialisation('bench_mrr', 'SELECT s.customer, nudge.mrr_agg(s.customer, s.valid_from, s.valid_to, s.amount) AS state FROM nudge_staging.subscriptions s GROUP BY s.customer', 'customer');
		CREATE TABLE plain_mrr (customer text NOT NULL, state nudge.mrr_state) WITH (fillfactor = 70);
		CREATE UNIQUE INDEX ON plain_mrr (customer);
		INSERT INTO plain_mrr SELECT * FROM nudge_staging.bench_mrr__definition;
		CREATE MATERIALIZED VIEW view_mrr AS SELECT * FROM nudge_staging.bench_mrr__definition;
		CREATE UNIQUE INDEX ON view_mrr (customer);
		VACUUM ANALYZE plain_mrr;
		VACUUM ANALYZE view_mrr;
	END
	run_sql -c "CALL nudge.refresh('bench_mrr')"
	run_sql -c "VACUUM ANALYZE nudge_analytics.bench_mrr"
}

# change PERMILLE: so many of thousand customers have another price
change()
{
	turn=$(((${turn:-0} + 1) % 1000))
	run_sql -c "UPDATE billing SET mrr = mrr + 1 WHERE (hashtext(customer) & 2147483647) % 1000 < $1 AND customer::bigint % 7 <> $((turn % 7))" \
		-c "DROP TABLE IF EXISTS changed_keys" \
		-c "CREATE TABLE changed_keys AS SELECT DISTINCT key AS customer FROM nudge.change_log WHERE key IS NOT NULL" -c "ANALYZE changed_keys"
	keys=$(ask "SELECT count(*) FROM changed_keys")
}

check_equal()
{
	[ "$(ask "SELECT count(*) FROM nudge.verify('bench_mrr')")" = 0 ] || die "the refreshed table is not what its query says"
}

again="INSERT INTO plain_mrr SELECT s.customer, nudge.mrr_agg(s.customer, s.valid_from, s.valid_to, s.amount) FROM nudge_staging.subscriptions s JOIN changed_keys k ON k.customer = s.customer GROUP BY s.customer"
whole="INSERT INTO plain_mrr SELECT * FROM nudge_staging.bench_mrr__definition"

# a refresh against a rebuild ---------------------------------------------------

part_refresh()
{
	need subscriptions
	note "Making a table of subscriptions, tracked, with a materialisation of $scale customers"
	make_billing "$scale"
	rm -f "$work"/ms.*
	round=1
	while [ "$round" -le "$repeat" ]
	do
		note "  round $round of $repeat"
		change 1
		timed refresh_1 "CALL nudge.refresh('bench_mrr')"
		few=$keys
		change 10
		timed refresh_10 "CALL nudge.refresh('bench_mrr')"
		some=$keys
		timed bare_delete "DELETE FROM plain_mrr m USING changed_keys k WHERE m.customer = k.customer"
		timed bare_insert "$again"
		timed concurrently "REFRESH MATERIALIZED VIEW CONCURRENTLY view_mrr"
		timed plain_view "REFRESH MATERIALIZED VIEW view_mrr"
		run_sql -c "TRUNCATE plain_mrr"
		timed rebuild "$whole"
		timed nothing "CALL nudge.refresh('bench_mrr')"
		check_equal
		round=$((round + 1))
	done
	paste -d' ' "$work/ms.bare_delete" "$work/ms.bare_insert" | awk '{ print $1 + $2 }' >"$work/ms.bare"
	printf '\nRefresh of a table with a state of each of %s customers, logged and indexed; %s and %s of them change.  It equals its query after each round.\n' "$scale" "$few" "$some"
	share_heading "to have the table right again" "to rebuild"
	share "rebuild: INSERT ... SELECT of all into the indexed table" rebuild rebuild "$scale"
	share "REFRESH MATERIALIZED VIEW" plain_view rebuild
	share "REFRESH MATERIALIZED VIEW CONCURRENTLY, 1 % changed" concurrently rebuild
	share "CALL refresh(), 1 % changed" refresh_10 rebuild "$some"
	share "bare DELETE and INSERT of the same keys, known already" bare rebuild "$some"
	share "CALL refresh(), 0.1 % changed" refresh_1 rebuild "$few"
	share "CALL refresh(), nothing changed" nothing rebuild
}

# as the history grows ------------------------------------------------------------

part_refresh_history()
{
	need subscriptions
	rm -f "$work"/ms.*
	for years in 1 3 5
	do
		note "Making a company of $years years"
		make_billing "$((scale * years / 5))"
		round=1
		while [ "$round" -le "$repeat" ]
		do
			# the same number of customers, of more and more
			change $((10 / years))
			timed "years_$years" "CALL nudge.refresh('bench_mrr')"
			awk -v ms="$(tail -n 1 "$work/ms.years_$years")" -v keys="$keys" 'BEGIN { print ms * 1000 / keys }' >>"$work/per_key.$years"
			round=$((round + 1))
		done
	done
	printf '\nRefresh of about %s changed customers of a company that is 1, 3 and 5 years old, with %s more customers each year.\n' "$keys" "$((scale / 5))"
	printf '\n%-60s %9s\n' "CALL refresh()" "us a key"
	for years in 1 3 5
	do
		printf '%-60s %9.0f\n' "$years years: $((scale * years / 5)) customers" "$(median "$work/per_key.$years")"
	done
}

# what writers pay -----------------------------------------------------------------

# writers NAME CLIENTS SECONDS FILE: transactions a second of pgbench, as ms a transaction
writers()
{
	pgbench -n -M prepared -c "$2" -j "$2" -T "$3" -f "$4" "$PGDATABASE" 2>/dev/null |
		sed -n 's/^latency average = \([0-9.]*\) ms/\1/p' >>"$work/ms.$1"
}

part_capture()
{
	note "Measuring what capture costs writers"
	rm -f "$work"/ms.*
	clear_billing
	run_sql <<-END
		DROP TABLE IF EXISTS written_plain, written_statement, written_row;
		CREATE TABLE written_plain (id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY, customer text, at date, mrr numeric);
		CREATE TABLE written_statement (LIKE written_plain INCLUDING ALL);
		CREATE TABLE written_row (LIKE written_plain INCLUDING ALL);
		SELECT nudge.map_source('subscriptions', t::regclass, source => t, zone => 'UTC', columns => '{"item": "id", "plan": "''one''", "valid_from": "at", "valid_to": null, "amount": "mrr",
			"currency": "''EUR''", "interval_unit": "''month''", "interval_count": "1", "status": "''active''"}') FROM unnest('{written_statement,written_row}'::text[]) t;
		SELECT nudge.track_source('written_statement', '{customer}', 'statement'), nudge.track_source('written_row', '{customer}', 'row');
	END
	round=1
	while [ "$round" -le "$repeat" ]
	do
		note "  round $round of $repeat"
		for table in written_plain written_statement written_row
		do
			run_sql -c "TRUNCATE $table" -c "TRUNCATE nudge.change_log"
			timed "bulk_$table" "INSERT INTO $table (customer, at, mrr) SELECT (i % 15000)::text, '2024-01-01', i FROM generate_series(1, 300000) i"
			echo "INSERT INTO $table (customer, at, mrr) VALUES ('7', '2024-01-01', 10)" >"$work/single.sql"
			writers "single_$table" 1 2 "$work/single.sql"
		done
		round=$((round + 1))
	done
	printf '\nWhat writers pay for capture: 300,000 rows of 15,000 customers in one INSERT into an indexed table, and one row in each of many.\n'
	share_heading "INSERT of 300,000 rows" "to plain"
	share "without triggers" bulk_written_plain bulk_written_plain
	share "captured by statement" bulk_written_statement bulk_written_plain
	share "captured by row" bulk_written_row bulk_written_plain
	share_heading "INSERT of one row" "to plain"
	share "without triggers" single_written_plain single_written_plain
	share "captured by statement" single_written_statement single_written_plain
	share "captured by row" single_written_row single_written_plain
}

part_hot_key()
{
	need subscriptions
	note "Measuring eight writers of one customer while it is refreshed"
	make_billing 10000
	rm -f "$work"/ms.*
	echo "INSERT INTO billing VALUES ('7', '2024-01-01', '2024-02-01', 1)" >"$work/hot.sql"
	round=1
	while [ "$round" -le "$repeat" ]
	do
		note "  round $round of $repeat"
		for name in alone refreshed
		do
			run_sql -c "DELETE FROM billing WHERE customer = '7'" -c "CALL nudge.refresh('bench_mrr')"
			run_sql -c "VACUUM billing" -c "VACUUM nudge.change_log"
			refresher=
			if [ "$name" = refreshed ]
			then
				(while :; do run_sql -c "CALL nudge.refresh('bench_mrr')"; sleep 1; done) 2>/dev/null &
				refresher=$!
			fi
			writers "$name" 8 5 "$work/hot.sql"
			if [ -n "$refresher" ]
			then
				kill "$refresher" 2>/dev/null || true
				wait "$refresher" 2>/dev/null || true
			fi
		done
		round=$((round + 1))
	done
	run_sql -c "CALL nudge.refresh('bench_mrr')"
	check_equal
	printf '\nEight writers of one customer, each INSERT a transaction; a refresh every second.\n'
	share_heading "latency of an INSERT" "to alone"
	share "alone" alone alone
	share "while the customer is refreshed every second" refreshed alone
}
