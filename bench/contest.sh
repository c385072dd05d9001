#
# contest.sh
#		The parts of bench/run that ask raw rows: the contest and its growth.
#
# Copyright (c) 2026, the nudge_metrics authors; PostgreSQL licence

# play NAME OUT: asks one contestant once, prints milliseconds
play()
{
	case $1 in
		scan) time_sql "$2" -c 'SELECT count(*), sum(mrr) FROM subscriptions' ;;
		scan_events*) time_sql "$2" -c 'SELECT count(*), max(day) FROM events' ;;
		scan_accounts) time_sql "$2" -c 'SELECT count(*), sum(usage) FROM accounts' ;;
		scan_daily_scores) time_sql "$2" -c 'SELECT count(*), sum(score) FROM daily_scores' ;;
		scan_samples) time_sql "$2" -c 'SELECT count(*), sum(duration_ms) FROM samples' ;;
		scan_marketing) time_sql "$2" -c 'SELECT count(*), sum(revenue) FROM marketing' ;;
		*_parallel)
			(
				set_options "$scale" max_parallel_workers_per_gather=2 \
					parallel_setup_cost=0 parallel_tuple_cost=0
				play "${1%_parallel}" "$2"
			)
			;;
		*_indexed)
			(
				set_options "$scale" enable_sort=off
				play "${1%_indexed}" "$2"
			)
			;;
		ours) time_sql "$2" -f "$bench/sql/waterfall.sql" ;;
		ours_*) time_sql "$2" -f "$bench/sql/waterfall_${1#ours_}.sql" ;;
		nudge_*) time_sql "$2" -f "$bench/sql/$1.sql" ;;
		sql_*) time_sql "$2" -f "$bench/sql/${1#sql_}.sql" ;;
		state_*) time_sql "$2" -f "$work/$1.sql" ;;
		*_one_thread)
			set -- "${1%_one_thread}" "$2"
			peer "${1%%_*}" run "$work" 1 "$bench/peers/${1%%_*}/${1#*_}.sql" "$2"
			;;
		*) peer "${1%%_*}" run "$work" 0 "$bench/peers/${1%%_*}/${1#*_}.sql" "$2" ;;
	esac
}

part_contest()
{
	need subscriptions
	load_peers subscriptions 'SELECT * FROM subscriptions'
	contestants="scan ours ours_subselect ours_parallel sql_changes_packed sql_changes sql_by_month"
	for peer in $peers
	do
		contestants="$contestants ${peer}_changes ${peer}_changes_one_thread ${peer}_by_month"
	done
	find_truth by_month
	note "Asking everybody"
	# shellcheck disable=SC2086
	interleave $contestants
	same_bytes 'nudge.mrr_state_send(nudge.mrr_agg(customer, valid_from, valid_to, mrr))' subscriptions
	print_contest
}

# same_bytes BYTES TABLE: a parallel plan gives the same state as a serial one,
# to the last byte
same_bytes()
{
	query="SELECT md5($1) FROM $2"
	serial=$(ask "$query")
	parallel=$(set_options "$scale" max_parallel_workers_per_gather=2 \
		parallel_setup_cost=0 parallel_tuple_cost=0; ask "$query")
	[ "$serial" = "$parallel" ] || die "a parallel plan gave another state"
}

print_contest()
{
	ours=$(median "$work/ms.ours")
	scan=$(median "$work/ms.scan")
	printf '\nMonthly MRR waterfall of %s customers, %s periods, %s months.\n' \
		"$scale" "$(ask 'SELECT count(*) FROM subscriptions')" "$(wc -l <"$work/truth")"
	echo "All answers agree with plain SQL in all 15 columns."
	heading "from raw rows"
	row "this extension" ours "$ours" "$scan"
	row "this extension, in a scalar sub-select" ours_subselect "$ours" "$scan"
	row "this extension, 2 parallel workers" ours_parallel "$ours" "$scan"
	row "count(*), sum(mrr): the bare scan" scan "$ours" "$scan"
	row "SQL, month by month, as usually written" sql_by_month "$ours" "$scan"
	row "SQL, changes only" sql_changes "$ours" "$scan"
	row "SQL, changes only, packed keys, integer cents" sql_changes_packed "$ours" "$scan"
	for peer in $peers
	do
		name=$(peer_name "$peer")
		row "$name, month by month" "${peer}_by_month" "$ours" "$scan"
		row "$name, changes only" "${peer}_changes" "$ours" "$scan"
		row "$name, changes only, one thread" "${peer}_changes_one_thread" "$ours" "$scan"
		loaded "$peer" subscriptions by_month
		row "$name, load from PostgreSQL + month by month" loaded "$ours" "$scan"
		loaded "$peer" subscriptions changes
		row "$name, load from PostgreSQL + changes only" loaded "$ours" "$scan"
	done
}

# How time grows.  A state of 10 million customers would be over the size
# limit; there the question is asked by hash bucket, the documented way out.  The
# fast SQL has been proven equal to the slow one by the contest.
part_growth()
{
	sizes="$((scale / 10)) $scale"
	[ "$((scale / 10))" -ge 1000 ] || sizes=$scale
	[ -z "$grow" ] || sizes="$sizes $((scale * 10))"
	: >"$work/growth"
	whole=$scale
	for size in $sizes
	do
		scale=$size
		need subscriptions
		names="scan ours ours_buckets"
		[ "$size" -le 1000000 ] || names="scan ours_buckets"
		note "Growth: $size customers"
		find_truth changes_packed
		# shellcheck disable=SC2086
		interleave $names
		periods=$(ask 'SELECT count(*) FROM subscriptions')
		for name in $names
		do
			echo "$size $periods $name $(median "$work/ms.$name") $(median "$work/ms.scan")" >>"$work/growth"
		done
	done
	scale=$whole
	set_options "$scale"
	printf '\n%-12s %12s  %-28s %9s %12s %11s\n' customers periods "how time grows" ms "ns a period" "to scan"
	awk '{ label = $3 == "scan" ? "the bare scan" : $3 == "ours" ? "one state" : "16 hash buckets"
		   printf "%-12d %12d  %-28s %9.0f %12.0f %9.1f x\n", $1, $2, label, $4, $4 * 1e6 / $2, $4 / $5 }' "$work/growth"
}
