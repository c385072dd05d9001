# What writers do, as scripts of pgbench: script NAME WEIGHT <<TEXT
script()
{
	cat >"$out/script.$1"
	scripts="$scripts -f $out/script.$1@$2"
}
scripts=

# few customers get most of it
keys='\set k random_zipfian(1, 300, 1.1)
\set l random(1, 300)
\set p random(1, 40)
\set q random(1, 40)
\set a random(1, 100)
\set d random(0, 400)
\set x random(0, 4)'

script insert 30 <<SQL
$keys
INSERT INTO item (customer, plan, amount, starts) VALUES ('c' || :k, 'p' || :p, :a, timestamptz '2024-01-01 00:00:00Z' + :d * interval '1 day');
SQL
script several 6 <<SQL
$keys
INSERT INTO item (customer, plan, amount, starts) SELECT 'c' || (:l + n) % 300 + 1, 'p' || :p, n, timestamptz '2024-06-01 00:00:00Z' FROM generate_series(1, :x) n;
SQL
script nobody 3 <<SQL
$keys
INSERT INTO item (customer, plan, amount, starts) VALUES (NULL, NULL, :a, timestamptz '2024-01-01 00:00:00Z');
DELETE FROM item WHERE customer IS NULL AND id % 3 = 0;
SQL
script update 25 <<SQL
$keys
UPDATE item SET amount = :a WHERE customer = 'c' || :k AND id % 5 = :x;
SQL
script restate 8 <<SQL
$keys
UPDATE item SET starts = starts - :x * interval '10 days' WHERE customer = 'c' || :k AND id % 5 = :x;
SQL
script move 12 <<SQL
$keys
UPDATE item SET customer = 'c' || :l, plan = 'p' || :q WHERE customer = 'c' || :k AND id % 5 = :x;
SQL
script delete 16 <<SQL
$keys
DELETE FROM item WHERE customer = 'c' || :k AND id % 5 = :x;
SQL
script delete_all 6 <<SQL
$keys
DELETE FROM item WHERE customer = 'c' || :l;
SQL
script ends 8 <<SQL
$keys
INSERT INTO item (customer, plan, amount, starts, ends) VALUES ('c' || :k, 'p' || :p, :a, now(), now() + interval '0.1 seconds' + :x * interval '0.2 seconds');
SQL
script bad 8 <<SQL
$keys
UPDATE item SET amount = 0 WHERE customer = 'c' || :l AND id % 5 = :x;
SQL
script repair 16 <<SQL
$keys
UPDATE item SET amount = 7 WHERE amount = 0 AND (customer = 'c' || :l OR :x = 0);
SQL
script account 10 <<SQL
$keys
INSERT INTO account VALUES ('c' || :k, 's' || :x) ON CONFLICT (customer) DO UPDATE SET segment = excluded.segment;
SQL
script no_account 4 <<SQL
$keys
DELETE FROM account WHERE customer = 'c' || :l;
SQL
script family 4 <<SQL
$keys
UPDATE plan SET family = 'f' || :x WHERE plan = 'p' || :p;
SQL
script price 30 <<SQL
$keys
UPDATE plan SET price = price + 1 WHERE plan = 'p' || :p RETURNING price \gset
INSERT INTO marks (plan, price) VALUES ('p' || :p, :price);
SQL
script slow 6 <<SQL
$keys
BEGIN;
INSERT INTO item (customer, plan, amount, starts) VALUES ('c' || :k, 'p' || :p, :a, timestamptz '2024-01-01 00:00:00Z' + :d * interval '1 day');
\sleep :a ms
SAVEPOINT s;
UPDATE item SET amount = amount + 1 WHERE customer = 'c' || :l AND id % 5 = :x;
ROLLBACK TO s;
INSERT INTO item (customer, plan, amount, starts) VALUES ('c' || :l, 'p' || :q, :a, timestamptz '2024-01-01 00:00:00Z' + :d * interval '1 day');
COMMIT;
SQL
script repeatable_read 5 <<SQL
$keys
BEGIN ISOLATION LEVEL REPEATABLE READ;
SELECT count(*) FROM item;
\sleep :d ms
UPDATE item SET amount = amount + 1 WHERE customer = 'c' || :l AND id % 5 = :x;
INSERT INTO item (customer, plan, amount, starts) VALUES ('c' || :k, 'p' || :p, :a, timestamptz '2024-01-01 00:00:00Z');
COMMIT;
SQL
script serializable 5 <<SQL
$keys
BEGIN ISOLATION LEVEL SERIALIZABLE;
SELECT sum(amount) FROM item WHERE customer = 'c' || :k;
\sleep :x ms
INSERT INTO item (customer, plan, amount, starts) VALUES ('c' || :k, 'p' || :p, :a, timestamptz '2024-01-01 00:00:00Z');
DELETE FROM item WHERE customer = 'c' || :l AND id % 5 = :x;
COMMIT;
SQL
script gives_up 4 <<SQL
$keys
BEGIN;
DELETE FROM item WHERE customer = 'c' || :l;
INSERT INTO account VALUES ('x' || :d, 's') ON CONFLICT DO NOTHING;
ROLLBACK;
SQL
