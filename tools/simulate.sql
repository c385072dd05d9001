--
-- simulate.sql
--		A simulated company: :customers customers of three segments and three
--		plans, about 2.5 periods each, over the 36 months from 2022-01-01.
--
-- Nothing is random: everything follows from a hash of the customer's number,
-- so that every run on every machine makes the same rows.
--
-- Copyright (c) 2026, the nudge_metrics authors; PostgreSQL licence

CREATE TABLE subscriptions (
	customer_id bigint NOT NULL,
	valid_from date NOT NULL,
	valid_to date,
	mrr numeric(12, 2) NOT NULL,
	segment text NOT NULL,
	plan text NOT NULL
);

-- h: 63 bits that look random; each trait below reads some of them
INSERT INTO subscriptions
SELECT c.id,
	day.valid_from,
	CASE WHEN day.valid_to < '2025-01-01' THEN day.valid_to END,
	-- seats grow or shrink with each change; large customers grow more
	round(p.price * c.seats * (1 + k * (c.growth + ((c.h >> 40) % 5 - 2) * 0.08)), 2),
	c.segment,
	p.plan
FROM (
	SELECT id, h,
		CASE WHEN h % 100 < 70 THEN 'SMB' WHEN h % 100 < 95 THEN 'Mid-market'
			ELSE 'Enterprise' END AS segment,
		CASE WHEN h % 100 < 70 THEN 1 + (h >> 8) % 5 WHEN h % 100 < 95 THEN 10 + (h >> 8) % 40
			ELSE 100 + (h >> 8) % 400 END AS seats,
		CASE WHEN h % 100 < 70 THEN 0.02 WHEN h % 100 < 95 THEN 0.08 ELSE 0.14 END AS growth,
		-- of 100 customers, so many are still there when their changes are over
		CASE WHEN h % 100 < 70 THEN 75 WHEN h % 100 < 95 THEN 85 ELSE 95 END AS stay,
		-- joined on day 0 to 1,095; changed 0 to 4 times
		((h >> 16) % 1096)::integer AS joined,
		((h >> 45) % 5)::integer AS changes
	FROM (SELECT id, hashint8extended(id, 0) & 9223372036854775807 AS h
		  FROM generate_series(1, :customers) id) hashed
) c
CROSS JOIN LATERAL generate_series(0, c.changes) k
CROSS JOIN LATERAL (
	-- periods of 30 to 285 days; every fourth customer pauses before a change
	SELECT c.joined
			+ CASE WHEN k > 0 THEN 30 + ((c.h >> 2) & 255)::integer ELSE 0 END
			+ CASE WHEN k > 1 THEN 30 + ((c.h >> 10) & 255)::integer ELSE 0 END
			+ CASE WHEN k > 2 THEN 30 + ((c.h >> 18) & 255)::integer ELSE 0 END
			+ CASE WHEN k > 3 THEN 30 + ((c.h >> 26) & 255)::integer ELSE 0 END AS starts,
		30 + ((c.h >> (2 + 8 * k)) & 255)::integer
			- CASE WHEN c.h % 4 = 1 THEN 25 ELSE 0 END AS days
) t
CROSS JOIN LATERAL (
	SELECT date '2022-01-01' + t.starts AS valid_from,
		date '2022-01-01' + t.starts
			+ CASE WHEN k = c.changes AND (c.h >> 44) % 100 < c.stay THEN 4000 ELSE t.days END AS valid_to
) day
CROSS JOIN LATERAL (
	SELECT (ARRAY['Starter', 'Team', 'Scale'])[i] AS plan, (ARRAY[19, 29, 49])[i] AS price
	FROM (VALUES (1 + least(2, ((c.h >> 52) % 3)::integer + k % 2))) v(i)
) p
WHERE day.valid_from < '2025-01-01';

ANALYZE subscriptions;
