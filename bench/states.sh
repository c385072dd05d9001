#
# states.sh
#		The parts of bench/run about states: stored and merged, their sizes, and
#		the memory of many tiny groups.
#
# Copyright (c) 2026, the nudge_metrics authors; PostgreSQL licence

# store_states TABLE QUERY GROUPS: a state for each of GROUPS, of the aggregate in
# sql/QUERY.sql; compression would only cost time, so the column is kept as it is
store_states()
{
	states=$(sed -n 's/.*(\(SELECT nudge\.[a-z_]*_agg(.* FROM [a-z]*\)).*/\1/p' "$bench/sql/$2.sql")
	psql -qX -v ON_ERROR_STOP=1 <<-END
		CREATE UNLOGGED TABLE $1 AS $states WITH NO DATA;
		ALTER TABLE $1 ALTER state SET STORAGE EXTERNAL;
		INSERT INTO $1 $states $3;
		VACUUM ANALYZE $1;
	END
	sed "s/(SELECT nudge\.[a-z_]*_agg(.* FROM [a-z]*)/(SELECT nudge.rollup(state) AS state FROM $1)/" \
		"$bench/sql/$2.sql" >"$work/$1.sql"
}

# Merging stored states against scanning the rows again.
part_states()
{
	need subscriptions
	note "Storing states"
	store_states state_one waterfall ""
	store_states state_bucket waterfall "GROUP BY nudge.bucket(customer, 256)"
	store_states state_customer waterfall "GROUP BY customer"
	note "Asking stored states"
	find_truth changes_packed
	interleave scan ours state_one state_bucket state_customer
	ours=$(median "$work/ms.ours")
	scan=$(median "$work/ms.scan")
	heading "from stored states"
	row "scanning the rows again" ours "$ours" "$scan"
	row "rollup of one stored state" state_one "$ours" "$scan"
	row "rollup of 256 states of hash buckets" state_bucket "$ours" "$scan"
	row "rollup of a state per customer" state_customer "$ours" "$scan"
	for name in one bucket customer
	do
		awk -v ours="$ours" -v ms="$(median "$work/ms.state_$name")" -v name="$name" -v size="$(
			ask "SELECT pg_total_relation_size('state_$name') / 1e6")" 'BEGIN {
				printf "  state_%-10s %4.2f times as fast as scanning, %.0f MB on disk\n", name, ours / ms, size }'
	done
}

# Bytes of a canonical state, and the memory it takes to make it.
part_sizes()
{
	need subscriptions
	note "Measuring states"
	customers=$(ask 'SELECT count(DISTINCT customer) FROM subscriptions')
	printf '\n%-18s %-10s %20s %20s %16s\n' "customer key" time "MB a million, state" "bytes a customer" "MB at the peak"
	for key in bigint uuid text
	do
		for time in days instants
		do
			size_of "$key" "$time"
		done
	done
}

size_of()
{
	case $1 in
		bigint) key_expr="customer" ;;
		uuid) key_expr="md5(customer::text)::uuid" ;;
		text) key_expr="'cus_' || left(md5(customer::text), 14)" ;;
	esac
	case $2 in
		days) cast= ;;
		instants) cast=::timestamptz ;;
	esac
	bytes=$(ask "SELECT pg_column_size(nudge.mrr_agg($key_expr, valid_from$cast, valid_to$cast, mrr)) FROM subscriptions")
	awk -v key="$1" -v time="$2" -v bytes="$bytes" -v n="$customers" -v peak="$(peak_of "$key_expr" "$cast")" 'BEGIN {
		printf "%-18s %-10s %20.1f %20.1f %16s\n", key, time, bytes / n, bytes / n, peak }'
}

# The peak of the backend's memory above that of the bare scan, if the server
# runs on this machine.
peak_of()
{
	psql -qXAt -v ON_ERROR_STOP=1 <<-END
		SELECT pg_backend_pid() AS pid \gset
		SELECT count(*), sum(mrr) AS total FROM subscriptions \gset
		\set before \`awk '/^VmHWM/ { print \$2 }' /proc/:pid/status 2>/dev/null || echo 0\`
		SELECT nudge.mrr_agg($1, valid_from$2, valid_to$2, mrr) IS NULL AS x FROM subscriptions \gset
		\set after \`awk '/^VmHWM/ { print \$2 }' /proc/:pid/status 2>/dev/null || echo 0\`
		SELECT CASE WHEN :after = 0 THEN 'unknown' ELSE ((:after - :before) / 1024)::text END;
	END
}

# 500,000 groups of one customer each, by hash, beyond count(*).
part_groups()
{
	note "Measuring tiny groups"
	tiny=$((scale < 500000 ? scale : 500000))
	bare=$(hash_memory "count(*)")
	ours=$(hash_memory "nudge.mrr_agg(customer, date '2025-01-01', NULL, 10.0)")
	awk -v n="$tiny" -v bare="$bare" -v ours="$ours" 'BEGIN {
		printf "\n%d groups of one customer: %.0f bytes each beyond count(*) (%.0f against %.0f)\n",
			n, (ours - bare) * 1024 / n, ours * 1024 / n, bare * 1024 / n }'
}

hash_memory()
{
	psql -qXAt -v ON_ERROR_STOP=1 -c "SET enable_sort = off" -c "EXPLAIN (ANALYZE, COSTS OFF)
		SELECT customer, $1 FROM generate_series(1::bigint, $tiny) customer GROUP BY customer" |
		sed -n 's/.*Batches: 1  Memory Usage: \([0-9]*\)kB.*/\1/p'
}
