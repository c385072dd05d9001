#
# attribution.sh
#		The part of bench/run about touches and conversions.
#
# Copyright (c) 2026, the nudge_metrics authors; PostgreSQL licence

# load_peers for both tables, as one load
load_marketing()
{
	load_peers touches 'SELECT customer, at::timestamp, channel FROM touches'
	load_peers conversions 'SELECT conversion, customer, at::timestamp, revenue FROM conversions'
	for peer in $peers
	do
		paste "$work/load.touches.$peer" "$work/load.conversions.$peer" |
			awk '{ print $1 + $2 }' >"$work/load.marketing.$peer"
	done
}

# sums_to_revenue NAME: a contestant with an answer of its own has all revenue
sums_to_revenue()
{
	all=$(ask 'SELECT sum(revenue) FROM conversions')
	awk -F, -v all="$all" '{ sum += $2 } END { exit sum - all > 0.005 || all - sum > 0.005 }' "$work/rows.$1" ||
		die "the revenue of $1 does not add up"
}

part_attribution()
{
	rows=marketing
	who=customer
	need marketing
	load_marketing
	find_truth attribution_usual
	store_user_states attribution
	note "Asking everybody for linear attribution"
	# shellcheck disable=SC2046
	interleave scan_marketing nudge_attribution nudge_attribution_parallel nudge_attribution_models nudge_attribution_markov \
		sql_attribution_arrays sql_attribution_usual \
		state_attribution_sum state_attribution_bucket state_attribution_one state_attribution_user \
		$(for_peers attribution_usual attribution_best attribution_best_one_thread)
	same_bytes 'nudge.journey_state_send(nudge.journey_agg(customer, at, channel, revenue))' marketing
	sums_to_revenue nudge_attribution_markov
	end_times attribution
	keep_times attribution
	printf '\nLinear attribution of %s conversions to %s touches, 30 days, to the cent.  All answers agree with plain SQL.\n' \
		"$(ask 'SELECT count(*) FROM conversions')" "$(ask 'SELECT count(*) FROM touches')"
	heading "from raw rows"
	row "this extension" nudge_attribution "$ours" "$scan"
	row "this extension, 2 parallel workers" nudge_attribution_parallel "$ours" "$scan"
	row "this extension, 11 models in one walk" nudge_attribution_models "$ours" "$scan"
	row "this extension, Markov chain, 20 channels" nudge_attribution_markov "$ours" "$scan"
	row "count(*), sum(revenue): the bare scan" scan_marketing "$ours" "$scan"
	row "SQL, windows over pairs, as usually written" sql_attribution_usual "$ours" "$scan"
	row "SQL, arrays of each conversion" sql_attribution_arrays "$ours" "$scan"
	print_peers attribution
	heading "from stored states"
	print_user_states attribution
	print_journey_sizes
	print_attribution
}

# print_journey_sizes: bytes of the states of a tenth of the customers
print_journey_sizes()
{
	note "Measuring states of journeys"
	psql -qX -v ON_ERROR_STOP=1 -c "CREATE UNLOGGED TABLE tenth AS
		SELECT *, md5(customer::text)::uuid AS uuid_key, 'cus_' || left(md5(customer::text), 14) AS text_key
		FROM marketing WHERE customer % 10 = 0"
	users=$(ask 'SELECT count(DISTINCT customer) FROM tenth')
	printf '\n%-44s %-8s %19s %19s\n' "bytes a customer, $(ask "SELECT round(count(*) / $users.0, 1) FROM tenth") rows each on average" \
		key "in one state" "in its own state"
	for key in customer uuid_key text_key
	do
		user_size "journey, touches and conversions" "$key" "nudge.journey_agg($key, at, channel, revenue)"
	done
	ask "DROP TABLE tenth" >/dev/null
}

# print_attribution: the summary, in Markdown
print_attribution()
{
	questions=attribution
	printf '\n| times as a multiple of ours from raw rows | linear attribution, 30 days |\n|---|---|\n'
	printf '| **this extension**, one process | **1** (%.0f ms) |\n' "$ours"
	summary_line "this extension, 11 models in one walk" nudge_%_models
	summary_line "this extension, Markov chain of 20 channels" nudge_%_markov
	summary_line "rows of stored states of hash buckets, summed" state_%_sum
	summary_line "one stored state" state_%_one
	summary_line "rollup of a stored state per customer" state_%_user
	summary_line "the bare scan" scan_marketing
	summary_line "hand-written SQL, as usual / fastest found" sql_%_usual sql_%_fastest
	print_peer_summary
}
