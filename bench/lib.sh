#
# lib.sh
#		What the parts of bench/run share: the server, the data, timing, tables.
#
# Copyright (c) 2026, the nudge_metrics authors; PostgreSQL licence

die()
{
	printf '%s: %s\n' "$0" "$*" >&2
	exit 1
}

note()
{
	printf '%s\n' "$*" >&2
}

# The server ---------------------------------------------------------------

start_server()
{
	if [ -z "$here" ]
	then
		. "$nm_root/tools/common.sh"
		nm_begin bench
		work=$nm_tmp/bench
		mkdir "$work"
		nm_setup demo
		own_server >&2
	else
		work=$(mktemp -d "${TMPDIR:-/tmp}/nudge-bench.XXXXXX")
		trap leave_server EXIT
		trap 'exit 130' INT
		trap 'exit 143' TERM HUP
	fi
	PGDATABASE=${PGDATABASE:-postgres} \
		psql -qX -v ON_ERROR_STOP=1 -c "CREATE DATABASE nudge_bench_$$"
	export PGDATABASE="nudge_bench_$$"
	set_options "$scale"
	psql -qX -v ON_ERROR_STOP=1 -c "CREATE EXTENSION nudge_metrics"
}

own_server()
{
	nm_copy_tree "$nm_tmp/src"
	nm_run "Building and installing the extension" \
		nm_install "$nm_tmp/src" bench || die "see the compiler's messages: $(cat "$nm_log")"
	nm_use bench
	nm_run "Starting a throw-away cluster" \
		nm_cluster bench "shared_buffers = $(buffers)MB" || die "$(cat "$nm_log")"
}

# a quarter of the memory, 4 GB at most
buffers()
{
	awk '/^MemTotal/ { m = int($2 / 4096); print (m > 4096 ? 4096 : m) }' /proc/meminfo
}

leave_server()
{
	status=$?
	trap - EXIT
	PGDATABASE=postgres psql -qX -c "DROP DATABASE IF EXISTS nudge_bench_$$ WITH (FORCE)" 2>/dev/null || true
	rm -rf "$work"
	exit "$status"
}

# set_options CUSTOMERS [SETTING=VALUE...]: for all that psql does from now on.
# One process, all in memory, no just-in-time compiler for anybody.
set_options()
{
	PGOPTIONS="-c search_path=c$1,public -c client_min_messages=warning -c timezone=UTC"
	PGOPTIONS="$PGOPTIONS -c work_mem=2GB -c hash_mem_multiplier=2 -c jit=off"
	PGOPTIONS="$PGOPTIONS -c max_parallel_workers_per_gather=0"
	shift
	for setting
	do
		PGOPTIONS="$PGOPTIONS -c $setting"
	done
	export PGOPTIONS
}

# need (subscriptions | events | marketing | accounts | daily_scores | samples): makes the table at the present scale, in a
# schema of its own, if it is not there
need()
{
	set_options "$scale"
	[ "$(ask "SELECT to_regclass('c$scale.$1') IS NULL")" = t ] || return 0
	case $1 in
		subscriptions) note "Making the subscriptions of $scale customers" ;;
		events) note "Making the events of $((scale / 2)) users" ;;
		marketing) note "Making the touches and conversions of $((scale / 2)) customers" ;;
		accounts) note "Making the factors of health of $scale customers" ;;
		daily_scores) note "Making the daily scores of $((scale / 10)) customers" ;;
		samples) note "Making $((scale * 10)) latencies" ;;
	esac
	customers=$scale
	[ "$1" != daily_scores ] || customers=$((scale / 10))
	psql -qX -v ON_ERROR_STOP=1 -v customers="$customers" -v users="$((scale / 2))" -v samples="$((scale * 10))" \
		-c "CREATE SCHEMA IF NOT EXISTS c$scale" -f "$bench/sql/$1.sql"
}

# a value from the server
ask()
{
	psql -qXAt -v ON_ERROR_STOP=1 -c "$1"
}

# The peers ----------------------------------------------------------------

# Leaves in $peers those that work.
start_peers()
{
	[ -n "$peers" ] || return 0
	if ! command -v npm >/dev/null 2>&1 || ! command -v node >/dev/null 2>&1
	then
		note "DuckDB and ClickHouse are skipped: node and npm are not here (packages nodejs and npm)"
		peers=
		return 0
	fi
	mkdir -p "$bench/.peers"
	if ! cmp -s "$bench/package.json" "$bench/.peers/package.json"
	then
		note "Installing the peers into bench/.peers"
		cp "$bench/package.json" "$bench/.peers/package.json"
		if ! npm install --prefix "$bench/.peers" --no-audit --no-fund \
			--ignore-scripts --loglevel=error >&2
		then
			note "DuckDB and ClickHouse are skipped: npm could not install them"
			rm -f "$bench/.peers/package.json"
			peers=
			return 0
		fi
	fi
	export NODE_PATH="$bench/.peers/node_modules"
	working=
	for peer in $peers
	do
		if peer "$peer" version >"$work/version.$peer"
		then
			working="$working $peer"
		else
			note "$peer is skipped: it does not start here"
		fi
	done
	peers=$working
}

# load_peers TABLE EXPORT: from the server's table to each peer's own format,
# $repeat times, unless it is there
load_peers()
{
	[ -n "$peers" ] && [ ! -e "$work/load.$1.${peers##* }" ] || return 0
	note "Loading $1 into the peers"
	round=1
	while [ "$round" -le "$repeat" ]
	do
		start=$(date +%s%N)
		psql -qX -c "COPY ($2) TO STDOUT (FORMAT csv)" >"$work/$1.csv"
		export_ms=$((($(date +%s%N) - start) / 1000000))
		for peer in $peers
		do
			ms=$(peer "$peer" load "$work" "$1" "$work/$1.csv")
			[ -n "$ms" ] || die "$peer could not load the data"
			echo "$ms" | awk -v e="$export_ms" '{ print $1 + e }' >>"$work/load.$1.$peer"
		done
		round=$((round + 1))
	done
	rm -f "$work/$1.csv"
}

peer_name()
{
	case $1 in
		duckdb) echo DuckDB ;;
		clickhouse) echo ClickHouse ;;
	esac
}

peer()
{
	script=$bench/peers/$1.js
	shift
	node "$script" "$@"
}

# Timing -------------------------------------------------------------------

# time_sql OUT (-f FILE | -c QUERY): milliseconds of one statement; rows go to
# OUT as CSV
time_sql()
{
	out=$1
	shift
	psql -qX --csv -t -v ON_ERROR_STOP=1 -o "$out" -c '\timing on' "$@" |
		sed -n 's/^Time: \([0-9.]*\) ms.*/\1/p' | tail -n 1
}

# median FILE...: of all numbers, one a line
median()
{
	sort -n "$@" | awk '{ v[NR] = $1 } END { m = int((NR + 1) / 2); print NR % 2 ? v[m] : (v[m] + v[m + 1]) / 2 }'
}

# Plays each contestant $repeat times in turn, by `play NAME OUT`, into
# $work/ms.NAME and $work/rows.NAME.  One of more than 20 s plays once.
interleave()
{
	rm -f "$work"/ms.*
	round=1
	while [ "$round" -le "$repeat" ]
	do
		for name
		do
			if [ "$round" -gt 1 ] && [ "$(head -n 1 "$work/ms.$name" | cut -d. -f1)" -gt 20000 ]
			then
				continue
			fi
			note "  round $round of $repeat: $name"
			ms=$(play "$name" "$work/rows.$name")
			[ -n "$ms" ] || die "$name failed"
			echo "$ms" >>"$work/ms.$name"
		done
		[ "$round" -gt 1 ] || agree "$@"
		round=$((round + 1))
	done
}

# The same numbers look the same: no zeros at the end of a fraction.
plain_numbers()
{
	sed -e 's/$/,/' -e ':a' -e 's/\(\.[0-9]*[1-9]\)0*,/\1,/g' -e 's/\.0*,/,/g' -e 's/,$//' "$1"
}

# The truth comes first: from plain SQL, in $work/truth.
# find_truth NAME: by sql/NAME.sql
find_truth()
{
	truth_by=bench/sql/$1.sql
	note "Asking by plain SQL: the truth"
	time_sql "$work/rows.truth" -f "$bench/sql/$1.sql" >/dev/null
	plain_numbers "$work/rows.truth" >"$work/truth"
	[ -s "$work/truth" ] || die "$truth_by failed"
}

# agree NAME...: all answers among them equal $work/truth, or the end
agree()
{
	for name
	do
		case $name in
			# a chain has an answer of its own, as have percentiles of others
			scan* | *_markov | *_about* | *_exact) continue ;;
		esac
		plain_numbers "$work/rows.$name" >"$work/plain.$name"
		if ! cmp -s "$work/truth" "$work/plain.$name"
		then
			diff "$work/truth" "$work/plain.$name" | head -n 10 >&2
			die "$name does not agree with $truth_by"
		fi
	done
}

# row LABEL NAME OURS SCAN: a line of the table of ratios
row()
{
	awk -v label="$1" -v ms="$(median "$work/ms.$2")" -v ours="$3" -v scan="$4" \
		-v runs="$(wc -l <"$work/ms.$2")" 'BEGIN {
			printf "%-52s %9.0f %9.1f x %9.1f x %5d\n", label, ms, ms / ours, ms / scan, runs }'
}

# loaded PEER TABLE QUERY: each load with the median of the query after it, as
# the contestant "loaded"
loaded()
{
	awk -v query="$(median "$work/ms.$1_$3")" '{ print $1 + query }' \
		"$work/load.$2.$1" >"$work/ms.loaded"
}

heading()
{
	printf '\n%-52s %9s %11s %11s %5s\n' "$1" ms "to ours" "to scan" runs
}

describe_machine()
{
	cpu=$(awk -F': ' '/^model name/ { print $2; exit }' /proc/cpuinfo)
	memory=$(awk '/^MemTotal/ { printf "%.0f GB", $2 / 1048576 }' /proc/meminfo)
	load=$(cut -d' ' -f1 /proc/loadavg)
	versions="PostgreSQL $(ask 'SHOW server_version'), nudge_metrics $(ask "
		SELECT extversion FROM pg_extension WHERE extname = 'nudge_metrics'")"
	for peer in $peers
	do
		versions="$versions, $(cat "$work/version.$peer")"
	done
	echo "Machine:  ${cpu:-$(uname -m)}, $(nproc) cores, $memory"
	echo "Date:     $(date -u '+%Y-%m-%d %H:%M UTC')"
	echo "Load:     $load before the run$(echo "$load" |
		awk '$1 > 0.5 { print ": this machine is busy, do not trust the times" }')"
	echo "Versions: $versions"
	echo "Settings: one process, work_mem 2GB, jit off, shared_buffers $(ask 'SHOW shared_buffers');" \
		"the peers with their own defaults unless said"
}
