/*
 * marts_indexes.sql
 *		Indexes of shipped marts that are read by something else than their key:
 *		by the month or day that a total is of, to see who is behind it.
 *
 * A refresh writes them too, so they are few, and of columns that never change
 * in a row.
 *
 * Rules: doc/marts.md.
 */

UPDATE nudge.shipped_marts m SET indexes = i.indexes
FROM (VALUES
	-- in a month most customers stay as they are
	('fact_revenue', ARRAY[$$(period) WHERE movement <> 'none'$$]),
	('customer_mrr_then', ARRAY['(period) WHERE opening_value <> closing_value']),
	('user_event_days', ARRAY['(day)']),
	('fact_touches', ARRAY['(day)']),
	('fact_conversions', ARRAY['(day)'])
) i(name, indexes)
WHERE m.name = i.name;
