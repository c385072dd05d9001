/*
 * marts_indexes.sql
 *		Indexes of shipped marts that are read by something else than their key:
 *		by the month or day that a total is of, to see who is behind it.
 *
 * A refresh writes them too, so they are few, and all but one are of columns
 * that do not change in a row.  Who moved in a month is asked most, and is read
 * from the index alone.
 *
 * Rules: doc/marts.md.
 */

UPDATE nudge.shipped_marts m SET indexes = i.indexes
FROM (VALUES
	-- in a month most customers stay as they are
	('fact_revenue', ARRAY[$$(period, movement) INCLUDE (customer, currency, opening_mrr, net_new_mrr, closing_mrr, complete) WHERE movement <> 'none'$$]),
	('customer_mrr_then', ARRAY['(period) WHERE opening_value <> closing_value']),
	('user_event_days', ARRAY['(day)']),
	('fact_touches', ARRAY['(day)']),
	('fact_conversions', ARRAY['(day)'])
) i(name, indexes)
WHERE m.name = i.name;
