#
# behaviour.sh
#		The parts of bench/run about events: retention, funnel, sessions, the
#		states of users and how all of it grows.
#
# Copyright (c) 2026, the nudge_metrics authors; PostgreSQL licence

events_export='SELECT user_id, at::timestamp, day, event FROM events'

# what the contestants read, and whose rows they are
rows=events
who=user_id

need_events()
{
	fresh=$(ask "SELECT to_regclass('c$scale.events') IS NULL")
	need events
	[ "$fresh" = t ] || return 0
	ask "SELECT format(E'\\n%s events of %s users on %s days of theirs, in 180 days: %s MB in PostgreSQL.',
		sum(events), count(*), sum(days), (SELECT round(pg_table_size('events') / 1e6)))
		FROM (
			SELECT sum(n) AS events, count(*) AS days
			FROM (SELECT user_id, count(*) AS n FROM events GROUP BY user_id, day) d
			GROUP BY user_id
		) u"
}

# for_peers QUERY...: the contestants of all peers with these queries
for_peers()
{
	for peer in $peers
	do
		for query
		do
			printf ' %s' "${peer}_$query"
		done
	done
}

# store_user_states NAME: one state, a state for each hash bucket of about 4,000
# users, and a state for each user, of the aggregate in sql/nudge_NAME.sql.  No
# user is in two buckets, so that the rows of their states may also be summed.
store_user_states()
{
	note "Storing states"
	buckets=$((scale / 8000 + 1))
	store_states "state_$1_one" "nudge_$1" ""
	store_states "state_$1_bucket" "nudge_$1" "GROUP BY nudge.bucket($who, $buckets)"
	store_states "state_$1_user" "nudge_$1" "GROUP BY $who"
	sed "/^FROM (\$/,/^) b, /{/^) b, /!d;s/^) b/FROM state_$1_bucket b/;}" \
		"$bench/sql/nudge_$1_buckets.sql" >"$work/state_$1_sum.sql"
}

# print_user_states NAME: their rows, and how far ahead of everybody else they are
print_user_states()
{
	row "$buckets states of hash buckets, their rows summed" "state_$1_sum" "$ours" "$scan"
	row "rollup of $buckets states of hash buckets" "state_$1_bucket" "$ours" "$scan"
	row "rollup of one stored state" "state_$1_one" "$ours" "$scan"
	row "rollup of a state per ${who%_id}" "state_$1_user" "$ours" "$scan"
	for name in sum bucket one user
	do
		awk -v ours="$ours" -v ms="$(median "$work/ms.state_$1_$name")" -v name="$name" -v size="$(
			ask "SELECT pg_total_relation_size('state_$1_$(echo "$name" | sed s/sum/bucket/)') / 1e6")" -v peer="$(fastest_peer "$1")" 'BEGIN {
				split(peer, p, " ")
				printf "  state_%-8s %5.2f times as fast as scanning, %s%.0f MB on disk\n", name, ours / ms,
					p[1] ? sprintf("%.2f times as fast as the fastest peer, %s, ", p[2] / ms, p[1]) : "", size }'
	done
}

# fastest_peer NAME: the peer whose contestant was the fastest, and its time
fastest_peer()
{
	for peer in $peers
	do
		for file in "$work/ms.${peer}_$1"*
		do
			echo "$(peer_name "$peer") $(median "$file")"
		done
	done | sort -k2,2g | head -n 1
}

# best_form PEER NAME: what is done in peers/PEER/NAME_best.sql
best_form()
{
	case $1_$2 in
		*_retention) echo "bit masks" ;;
		duckdb_funnel) echo "asof joins" ;;
		duckdb_attribution) echo "windows over one sort" ;;
		clickhouse_attribution) echo "arrays" ;;
		clickhouse_funnel) echo "windowFunnel" ;;
	esac
}

# print_peers NAME: the rows of all peers
print_peers()
{
	for peer in $peers
	do
		name=$(peer_name "$peer")
		best=$(best_form "$peer" "$1")
		row "$name, plain SQL" "${peer}_$1_usual" "$ours" "$scan"
		row "$name, $best" "${peer}_$1_best" "$ours" "$scan"
		row "$name, $best, one thread" "${peer}_$1_best_one_thread" "$ours" "$scan"
		loaded "$peer" "$rows" "$1_usual"
		row "$name, load from PostgreSQL + plain SQL" loaded "$ours" "$scan"
		loaded "$peer" "$rows" "$1_best"
		row "$name, load from PostgreSQL + $best" loaded "$ours" "$scan"
	done
}

# keep_times QUESTION: the medians of its contestants, for the summary
keep_times()
{
	for file in "$work"/ms.*
	do
		median "$file" >"$work/kept.$1.${file##*/ms.}"
	done
	for file in "$work/ms.sql_$1"*
	do
		median "$file"
	done | sort -g | head -n 1 >"$work/kept.$1.sql_$1_fastest"
	for peer in $peers
	do
		for file in "$work/ms.${peer}_$1"*
		do
			case $file in
				*_one_thread) continue ;;
			esac
			loaded "$peer" "$rows" "${file##*/ms."$peer"_}"
			median "$work/ms.loaded"
		done | sort -g | head -n 1 >"$work/kept.$1.${peer}_loaded"
	done
	rm -f "$work/ms.loaded"
}

# cell QUESTION NAME...: their times over ours, as a cell of the summary
cell()
{
	question=$1
	shift
	for name
	do
		[ ! -e "$work/kept.$question.$name" ] || cat "$work/kept.$question.$name"
	done | awk -v ours="$(cat "$work/kept.$question.nudge_$question")" '{
		r = $1 / ours
		text = text (text == "" ? "" : " / ") sprintf(r >= 20 ? "%.0f" : r >= 0.95 ? "%.1f" : "%.2f", r)
	} END { printf " %s |", text }'
}

# summary_line LABEL NAME...: a line of the summary; NAME has % for the question
summary_line()
{
	printf '| %s |' "$1"
	shift
	for question in $questions
	do
		# shellcheck disable=SC2046
		cell "$question" $(echo "$*" | sed "s/%/$question/g")
	done
	echo
}

# print_summary: the questions side by side, in Markdown, if all were asked
print_summary()
{
	questions="retention funnel sessions"
	for question in retention funnel sessions
	do
		[ -e "$work/kept.$question.nudge_$question" ] || return 0
	done
	printf '\n| times as a multiple of ours from raw rows |'
	printf ' retention curve, 90 days | funnel, 4 steps in 7 days | session of each event |\n|---|---|---|---|\n'
	printf '| **this extension**, one process |'
	for question in retention funnel sessions
	do
		printf ' **1** (%.0f ms) |' "$(cat "$work/kept.$question.nudge_$question")"
	done
	echo
	summary_line "this extension, sessions() of a sequence state" nudge_%_state
	summary_line "rows of stored states of hash buckets, summed" state_%_sum
	summary_line "rollup of a stored state per user" state_%_user
	summary_line "the bare scan" scan_events
	summary_line "hand-written SQL, as usual / fastest found" sql_%_usual sql_%_fastest
	print_peer_summary
}

# print_peer_summary: the lines of the peers
print_peer_summary()
{
	for peer in $peers
	do
		name=$(peer_name "$peer")
		summary_line "$name, plain / tuned form" "${peer}_%_usual" "${peer}_%_best" "${peer}_%"
		summary_line "$name, tuned form, one thread" "${peer}_%_best_one_thread" "${peer}_%_one_thread"
		summary_line "$name, load from PostgreSQL and tuned form" "${peer}_loaded"
	done
}

begin_part()
{
	rows=events
	who=user_id
	need_events
	load_peers events "$events_export"
	find_truth "$1_usual"
}

end_times()
{
	ours=$(median "$work/ms.nudge_$1")
	scan=$(median "$work/ms.scan_$rows")
}

part_retention()
{
	begin_part retention
	store_user_states retention
	note "Asking everybody for the retention curve"
	# shellcheck disable=SC2046
	interleave scan_events nudge_retention nudge_retention_at nudge_retention_parallel \
		sql_retention_masks sql_retention_window sql_retention_usual \
		state_retention_sum state_retention_bucket state_retention_one state_retention_user \
		$(for_peers retention_usual retention_best retention_best_one_thread)
	same_bytes 'nudge.activity_state_send(nudge.activity_agg(user_id, day))' events
	end_times retention
	keep_times retention
	printf '\nRetention curve of 90 days.  All answers agree with plain SQL in all columns.\n'
	heading "from raw rows"
	row "this extension" nudge_retention "$ours" "$scan"
	row "this extension, from instants in Berlin" nudge_retention_at "$ours" "$scan"
	row "this extension, 2 parallel workers" nudge_retention_parallel "$ours" "$scan"
	row "count(*), max(day): the bare scan" scan_events "$ours" "$scan"
	row "SQL, as usually written" sql_retention_usual "$ours" "$scan"
	row "SQL, distinct pairs and a window" sql_retention_window "$ours" "$scan"
	row "SQL, bit masks and packed sums" sql_retention_masks "$ours" "$scan"
	print_peers retention
	heading "from stored states"
	print_user_states retention
}

part_funnel()
{
	begin_part funnel
	store_user_states funnel
	note "Asking everybody for the funnel"
	# shellcheck disable=SC2046
	interleave scan_events nudge_funnel nudge_funnel_parallel sql_funnel_window sql_funnel_usual \
		state_funnel_sum state_funnel_bucket state_funnel_one state_funnel_user \
		$(for_peers funnel_usual funnel_best funnel_best_one_thread)
	same_bytes "nudge.funnel_state_send(nudge.funnel_agg(user_id, at, event,
		'{report_opened,report_edited,report_shared,teammate_invited}'))" events
	end_times funnel
	keep_times funnel
	printf '\nFunnel of four steps within seven days of any entry.  All answers agree with plain SQL.\n'
	heading "from raw rows"
	row "this extension" nudge_funnel "$ours" "$scan"
	row "this extension, 2 parallel workers" nudge_funnel_parallel "$ours" "$scan"
	row "count(*), max(day): the bare scan" scan_events "$ours" "$scan"
	row "SQL, self-joins, as usually written" sql_funnel_usual "$ours" "$scan"
	row "SQL, windows over one sort" sql_funnel_window "$ours" "$scan"
	print_peers funnel
	heading "from stored states"
	print_user_states funnel
}

# Everybody has to sort; once more with an index that has the order, without
# the peers, which have none.  One state of all events of 1,000,000 users would be
# over the size limit.
part_sessions()
{
	begin_part sessions
	note "Asking everybody for sessions"
	by_state=nudge_sessions_state
	[ "$scale" -le 1000000 ] || by_state=
	# shellcheck disable=SC2046,SC2086
	interleave scan_events nudge_sessions $by_state sql_sessions_rows sql_sessions_usual \
		$(for_peers sessions sessions_one_thread)
	end_times sessions
	keep_times sessions
	printf '\nThe number of its session for each event, gap of 30 minutes.  All answers agree with plain SQL.\n'
	heading "sorting the rows"
	row "this extension: sessionize()" nudge_sessions "$ours" "$scan"
	[ -z "$by_state" ] || row "this extension: sessions() of a sequence state" "$by_state" "$ours" "$scan"
	row "count(*), max(day): the bare scan" scan_events "$ours" "$scan"
	row "SQL, as usually written" sql_sessions_usual "$ours" "$scan"
	row "SQL, frames of rows" sql_sessions_rows "$ours" "$scan"
	for peer in $peers
	do
		row "$(peer_name "$peer")" "${peer}_sessions" "$ours" "$scan"
		row "$(peer_name "$peer"), one thread" "${peer}_sessions_one_thread" "$ours" "$scan"
		loaded "$peer" events sessions
		row "$(peer_name "$peer"), load from PostgreSQL + query" loaded "$ours" "$scan"
	done
	psql -qX -v ON_ERROR_STOP=1 -c "CREATE INDEX events_by_user ON events (user_id, at)" -c "VACUUM events"
	interleave scan_events nudge_sessions_indexed sql_sessions_rows_indexed sql_sessions_usual_indexed
	ask "DROP INDEX events_by_user" >/dev/null
	ours=$(median "$work/ms.nudge_sessions_indexed")
	heading "in the order of an index on (user_id, at)"
	row "this extension: sessionize()" nudge_sessions_indexed "$ours" "$scan"
	row "SQL, as usually written" sql_sessions_usual_indexed "$ours" "$scan"
	row "SQL, frames of rows" sql_sessions_rows_indexed "$ours" "$scan"
	print_summary
}

# Bytes of states: of all users in one, and of one user each.  A tenth of the
# users will do.
part_user_sizes()
{
	need_events
	note "Measuring states of users"
	psql -qX -v ON_ERROR_STOP=1 -c "CREATE UNLOGGED TABLE tenth AS
		SELECT user_id, at, day, event, md5(user_id::text)::uuid AS uuid_key,
			   'usr_' || left(md5(user_id::text), 14) AS text_key
		FROM events WHERE user_id % 10 = 0"
	users=$(ask 'SELECT count(DISTINCT user_id) FROM tenth')
	steps="'{report_opened,report_edited,report_shared,teammate_invited}'"
	printf '\n%-44s %-8s %19s %19s\n' "bytes a user, 20 events each on average" key "in one state" "in its own state"
	for key in user_id uuid_key text_key
	do
		user_size "activity by day" "$key" "nudge.activity_agg($key, day)"
		user_size "activity with counts of actions" "$key" "nudge.activity_count_agg($key, day, 1)"
		user_size "funnel, steps with 39 % of the events" "$key" "nudge.funnel_agg($key, at, event, $steps)"
		user_size "sequence, all events" "$key" "nudge.sequence_agg($key, at, event)"
		user_size "features, all events" "$key" "nudge.feature_agg($key, at, event, 'used', true, NULL, NULL)"
	done
	ask "DROP TABLE tenth" >/dev/null
}

# user_size LABEL KEY AGGREGATE
user_size()
{
	one=$(ask "SELECT pg_column_size($3) FROM tenth")
	own=$(ask "SELECT avg(size) FROM (SELECT pg_column_size($3) AS size FROM tenth GROUP BY $2) s")
	case $2 in
		user_id | customer) key_type=bigint ;;
		*) key_type=${2%_key} ;;
	esac
	awk -v label="$1" -v key="$key_type" -v one="$one" -v users="$users" -v own="$own" 'BEGIN {
		printf "%-44s %-8s %19.1f %19.1f\n", label, key, one / users, own }'
}

# How time and memory grow.  Past the size limit of a state the question is asked
# by hash bucket, the documented way out.
part_user_growth()
{
	sizes="$((scale / 10)) $scale"
	[ "$((scale / 10))" -ge 1000 ] || sizes=$scale
	[ -z "$grow" ] || sizes="$sizes $((scale * 10))"
	: >"$work/growth"
	whole=$scale
	for size in $sizes
	do
		scale=$size
		need_events
		for question in retention funnel
		do
			grow_question "$question"
		done
	done
	scale=$whole
	set_options "$scale"
	printf '\n%-12s %-32s %9s %12s %11s %16s\n' events "how time grows" ms "ns an event" "to scan" "MB at the peak"
	awk -F '|' '{ printf "%-12d %-32s %9.0f %12.0f %9.1f x %16s\n", $1, $2, $3, $3 * 1e6 / $1, $3 / $4, $5 }' "$work/growth"
}

# grow_question NAME: the faster SQL has been proven equal to the usual one by
# the contest.
grow_question()
{
	names="scan_events nudge_$1 nudge_$1_buckets"
	[ "$scale" -le 1000000 ] || names="scan_events nudge_$1_buckets"
	note "Growth: $1, $scale"
	find_truth "$1_window"
	# shellcheck disable=SC2086
	interleave $names
	events=$(ask 'SELECT count(*) FROM events')
	for name in $names
	do
		case $name in
			scan_events)
				[ "$1" = retention ] || continue
				label="the bare scan" peak=
				;;
			*_buckets) label="$1, 16 hash buckets" ;;
			*) label="$1, one state" ;;
		esac
		[ "$name" = scan_events ] || peak=$(query_peak "$bench/sql/$name.sql")
		echo "$events|$label|$(median "$work/ms.$name")|$(median "$work/ms.scan_events")|$peak" >>"$work/growth"
	done
}

# query_peak FILE: the peak of the backend's memory above that of the bare scan,
# if the server runs on this machine
query_peak()
{
	psql -qXAt -v ON_ERROR_STOP=1 -v file="$1" <<-'END' | tail -n 1
		SELECT pg_backend_pid() AS pid \gset
		SELECT count(*), max(day) AS day FROM events \gset
		\set before `awk '/^VmHWM/ { print $2 }' /proc/:pid/status 2>/dev/null || echo 0`
		\i :file
		\set after `awk '/^VmHWM/ { print $2 }' /proc/:pid/status 2>/dev/null || echo 0`
		SELECT CASE WHEN :after = 0 THEN 'unknown' ELSE ((:after - :before) / 1024)::text END;
	END
}
