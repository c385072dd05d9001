#
# reports.sh
#		The part of bench/run about reports by month that are marts: what a change
#		costs, against computing the mart and all that it reads anew.
#
# Copyright (c) 2026, the nudge_metrics authors; PostgreSQL licence

# A company with all inputs, which tools/demo makes smaller.
make_reports()
{
	clear_company
	customers=$((scale / 50))
	note "Making a company of $customers customers with all inputs"
	psql -qX -v ON_ERROR_STOP=1 -v customers="$customers" -v in_transaction=1 -f "$nm_root/tools/company.sql" >/dev/null
	run_sql -c "VACUUM ANALYZE"
}

# rebuild_all MART: computes it, and all marts that it reads, anew
rebuild_all()
{
	ask "SELECT format('CALL nudge.rebuild(%L);', u) FROM unnest(nudge.with_upstreams('$1')) WITH ORDINALITY w(u, n) ORDER BY n" >"$work/rebuild.sql"
	psql -qX -v ON_ERROR_STOP=1 -c '\timing on' -f "$work/rebuild.sql" | sed -n 's/^Time: \([0-9.]*\) ms.*/\1/p' | awk '{ t += $1 } END { print t }' >>"$work/ms.rebuild"
}

# time_report MART CHANGE: rows of the present day, against all months
time_report()
{
	note "  $1"
	rm -f "$work/ms.refresh" "$work/ms.rebuild"
	run_sql -c "CALL nudge.refresh('$1')"
	round=1
	while [ "$round" -le "$repeat" ]
	do
		run_sql -c "SET search_path = company, pg_catalog" -c "$2"
		timed refresh "CALL nudge.refresh('$1')"
		rebuild_all "$1"
		round=$((round + 1))
	done
	[ "$(ask "SELECT count(*) FROM nudge.verify('$1')")" = 0 ] || die "$1 is not what its query says"
	share "$1: all anew" rebuild rebuild
	share "$1: CALL refresh()" refresh rebuild
}

part_reports()
{
	make_reports
	printf '\nReports by month of a company of %s customers, %s tickets, %s surveys, %s deals, %s facts, after a change of today.\n' "$customers" "$(ask "SELECT count(*) FROM company.tickets")" \
		"$(ask "SELECT count(*) FROM company.surveys")" "$(ask "SELECT count(*) FROM company.deals")" "$(ask "SELECT count(*) FROM company.account_facts")"
	share_heading "to have a report, and what it reads, right again" "to anew"
	some="abs(hashtext(customer || clock_timestamp()::text)) % 100 = 0"
	new_tickets="INSERT INTO tickets SELECT 'n' || c.customer || extract(epoch FROM clock_timestamp()), c.customer, now() - interval '1 hour', now() - interval '30 minutes', NULL, NULL, 'normal', 'simple', 'billing', NULL, false, NULL, 'Gil' FROM customers c WHERE $some"
	time_report support_performance "$new_tickets"
	time_report support_backlog "$new_tickets"
	time_report nps "INSERT INTO surveys SELECT u.customer, u.\"user\", 'nps', 9, now() - interval '1 hour', now() - interval '10 minutes' FROM users u WHERE $some"
	new_facts="INSERT INTO account_facts SELECT c.customer, 'qbr_held', 'true', NULL, now() - interval '2 days', now() - interval '2 days' FROM customers c WHERE $some"
	time_report account_success "$new_facts"
	time_report value_realization "INSERT INTO account_facts SELECT c.customer, 'criterion_met', 'true', now() - interval '4 days', now() - interval '2 days', NULL FROM customers c WHERE $some"
	time_report sales_performance "UPDATE deals SET amount = amount + 1 WHERE outcome IS NULL AND abs(hashtext(deal || clock_timestamp()::text)) % 20 = 0"
	new_touches="INSERT INTO touches SELECT c.customer, now() - interval '1 hour', 'Content', NULL, NULL FROM customers c WHERE $some"
	time_report channel_performance "$new_touches"
	time_report campaign_performance "$new_touches"
	clear_company
}
