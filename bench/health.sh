#
# health.sh
#		The parts of bench/run about scores and percentiles.
#
# Copyright (c) 2026, the nudge_metrics authors; PostgreSQL licence

# peers_of NAME: a row for each peer, and its load with it
peers_of()
{
	for peer in $peers
	do
		row "$(peer_name "$peer")" "${peer}_$1" "$ours" "$scan"
		row "$(peer_name "$peer"), one thread" "${peer}_$1_one_thread" "$ours" "$scan"
		loaded "$peer" "$rows" "$1"
		row "$(peer_name "$peer"), load from PostgreSQL + query" loaded "$ours" "$scan"
	done
}

# health of each customer ----------------------------------------------------

part_health_scores()
{
	rows=accounts
	need accounts
	load_peers accounts 'SELECT * FROM accounts'
	find_truth health_usual
	note "Asking everybody for health scores"
	# shellcheck disable=SC2046
	interleave scan_accounts nudge_health sql_health_usual sql_health_plpgsql $(for_peers health health_one_thread)
	end_times health
	keep_times health
	printf '\nHealth of %s customers from five factors, of which some are not known.  All answers agree with plain SQL.\n' "$scale"
	heading "from rows"
	row "this extension: health_score()" nudge_health "$ours" "$scan"
	row "count(*), sum(usage): the bare scan" scan_accounts "$ours" "$scan"
	row "SQL, an expression" sql_health_usual "$ours" "$scan"
	row "SQL, a function in PL/pgSQL" sql_health_plpgsql "$ours" "$scan"
	peers_of health
}

# falls of scores ------------------------------------------------------------

# store_scores QUESTION: a state of each customer, and the question to it
store_scores()
{
	[ "$(ask "SELECT to_regclass('c$scale.customer_scores') IS NULL")" = f ] || psql -qX -v ON_ERROR_STOP=1 <<-END
		CREATE UNLOGGED TABLE customer_scores (customer bigint, state nudge.score_state);
		ALTER TABLE customer_scores ALTER state SET STORAGE EXTERNAL;
		INSERT INTO customer_scores SELECT customer, nudge.score_agg(day, score) FROM daily_scores GROUP BY customer;
		VACUUM ANALYZE customer_scores;
	END
	sed 's/(SELECT nudge\.score_agg(.* GROUP BY customer)/(SELECT state FROM customer_scores)/' \
		"$bench/sql/nudge_$1.sql" >"$work/state_$1.sql"
}

# a window over every day, or over the last one
score_question()
{
	rows=daily_scores
	need daily_scores
	load_peers daily_scores 'SELECT * FROM daily_scores'
	find_truth "$1_usual"
	store_scores "$1"
	note "Asking everybody for $1"
	# shellcheck disable=SC2046,SC2086
	interleave scan_daily_scores "nudge_$1" "state_$1" "sql_$1_usual" $2 $(for_peers "$1" "$1_one_thread")
	end_times "$1"
	keep_times "$1"
	printf '\n%s, %s customers, 365 days.  All answers agree with plain SQL.\n' "$3" "$((scale / 10))"
	heading "from rows of a day"
	row "this extension" "nudge_$1" "$ours" "$scan"
	row "this extension, from stored states of customers" "state_$1" "$ours" "$scan"
	row "count(*), sum(score): the bare scan" scan_daily_scores "$ours" "$scan"
	row "SQL, windows, as usually written" "sql_$1_usual" "$ours" "$scan"
	for form in $2
	do
		row "SQL, ${form##*_}" "$form" "$ours" "$scan"
	done
	peers_of "$1"
	times_ahead "$1"
}

# times_ahead QUESTION: how far stored states are ahead of the fastest others
times_ahead()
{
	awk -v ms="$(median "$work/ms.state_$1")" -v sql="$(cat "$work/kept.$1.sql_$1_fastest")" -v peer="$(fastest_peer "$1")" 'BEGIN {
		split(peer, p, " ")
		printf "  stored states are %.1f times as fast as the fastest SQL%s\n", sql / ms,
			p[1] ? sprintf(", and %.2f times as the fastest peer, %s", p[2] / ms, p[1]) : "" }'
}

# a self-join over all days would take a quarter of an hour at full scale
part_score_falls()
{
	forms=sql_falls_rows
	[ "$scale" -gt 100000 ] || forms="sql_falls_rows sql_falls_join"
	score_question falls "$forms" "The worst fall within 30 days of each customer"
	score_question drops sql_drops_join "The fall of each customer from the best of the last 30 days"
	printf '\n%s bytes a state of 365 days, compressed by nothing; %s MB the table of rows.\n' \
		"$(ask 'SELECT round(avg(pg_column_size(state))) FROM customer_scores')" \
		"$(ask "SELECT round(pg_table_size('daily_scores') / 1e6)")"
}

# percentiles ----------------------------------------------------------------

# largest_error NAME: of the estimates of a contestant, relative to the truth
largest_error()
{
	paste -d, "$work/truth" "$work/rows.$1" | awk -F, '{
		for (i = 2; i <= NF / 2; i++) {
			error = $(i + NF / 2) / $i - 1
			if (error < 0) error = -error
			if (error > worst) worst = error
		} } END { printf "%.5f", worst }'
}

# about LABEL NAME: a row with the largest error
about()
{
	printf '%s  error up to %s\n' "$(row "$1" "$2" "$ours" "$scan")" "$(largest_error "$2")"
}

# within_bound NAME: an estimate of ours is within its one per cent, or the end
within_bound()
{
	largest_error "$1" | awk '{ exit $1 > 0.01 }' || die "$1 is off by more than one per cent"
}

# tdigest joins if it is installed (package postgresql-NN-tdigest)
start_tdigest()
{
	tdigest=
	if [ "$(ask "SELECT count(*) FROM pg_available_extensions WHERE name = 'tdigest'")" = 1 ]
	then
		psql -qX -v ON_ERROR_STOP=1 -c 'CREATE EXTENSION IF NOT EXISTS tdigest SCHEMA public'
		tdigest=1
	else
		note "tdigest is skipped: it is not installed"
	fi
}

# percentile_question QUESTION TITLE CONTESTANTS: the same to everybody
percentile_question()
{
	find_truth "$1_usual"
	note "Asking everybody for $1"
	# shellcheck disable=SC2046,SC2086
	interleave scan_samples "nudge_$1_about" "sql_$1_usual" ${tdigest:+"sql_$1_tdigest_about"} $3 \
		$(for_peers "$1_exact" "$1_about" "$1_about_one_thread")
	within_bound "nudge_$1_about"
	ours=$(median "$work/ms.nudge_$1_about")
	scan=$(median "$work/ms.scan_samples")
	printf '\n%s, %s latencies.\n' "$2" "$(ask 'SELECT count(*) FROM samples')"
	heading "from samples"
	about "this extension: percentile_agg(), 1 %" "nudge_$1_about"
	row "count(*), sum(duration_ms): the bare scan" scan_samples "$ours" "$scan"
	row "SQL, percentile_disc(), exact" "sql_$1_usual" "$ours" "$scan"
	[ -z "$tdigest" ] || about "extension tdigest, compression 100" "sql_$1_tdigest_about"
	for peer in $peers
	do
		about "$(peer_name "$peer"), exact" "${peer}_$1_exact"
		about "$(peer_name "$peer"), estimate" "${peer}_$1_about"
		about "$(peer_name "$peer"), estimate, one thread" "${peer}_$1_about_one_thread"
		loaded "$peer" samples "$1_about"
		row "$(peer_name "$peer"), load from PostgreSQL + estimate" loaded "$ours" "$scan"
	done
}

part_percentiles()
{
	rows=samples
	need samples
	load_peers samples 'SELECT at::timestamp, duration_ms FROM samples'
	start_tdigest
	percentile_question latency "Three percentiles of the latency of each hour of 30 days" ""
	store_states hourly_latency nudge_month_about "GROUP BY date_trunc('hour', at)"
	mv "$work/hourly_latency.sql" "$work/state_month_about.sql"
	stored=state_month_about
	if [ -n "$tdigest" ]
	then
		ask "CREATE UNLOGGED TABLE hourly_tdigest AS SELECT tdigest(duration_ms, 100) AS digest FROM samples GROUP BY date_trunc('hour', at)" >/dev/null
		echo "SELECT 0 AS hour, p[1], p[2], p[3] FROM (SELECT tdigest_percentile(digest, '{0.5,0.95,0.99}'::float8[]) AS p FROM hourly_tdigest) m;" \
			>"$work/state_month_tdigest_about.sql"
		stored="$stored state_month_tdigest_about"
	fi
	percentile_question month "Three percentiles of the latency of all 30 days" "$stored"
	within_bound state_month_about
	heading "from stored states of 720 hours"
	about "this extension" state_month_about
	[ -z "$tdigest" ] || about "extension tdigest" state_month_tdigest_about
	printf '\n%s kB the states of 720 hours, %s kB those of tdigest.\n' "$(ask "SELECT sum(pg_column_size(state)) / 1000 FROM hourly_latency")" \
		"$([ -z "$tdigest" ] || ask "SELECT sum(pg_column_size(digest)) / 1000 FROM hourly_tdigest")"
}
