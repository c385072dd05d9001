/*
 * clickhouse.js
 *		ClickHouse's side of bench/run, by its in-process build (chdb).
 *
 * node clickhouse.js version
 * node clickhouse.js load DIRECTORY CSV
 * node clickhouse.js run DIRECTORY THREADS QUERY.sql OUT.csv
 *
 * Prints milliseconds.  A run is the second of two in one process, so that the
 * table is in memory.  THREADS 0 leaves ClickHouse's default.
 */
'use strict';

const fs = require('fs');
const path = require('path');
const { Session } = require('chdb');

const COLUMNS = 'customer Int64, valid_from Date, valid_to Nullable(Date), mrr Decimal(12, 2)';

function timed(work) {
	const start = process.hrtime.bigint();
	const result = work();

	return [Number(process.hrtime.bigint() - start) / 1e6, result];
}

function main([what, directory, ...rest]) {
	const session = what === 'version' ? new Session() : new Session(path.join(directory, 'clickhouse'));
	const ask = query => session.query(query, 'CSV');

	if (what === 'version') {
		const [version, threads] = ask("SELECT version(), getSetting('max_threads')").trim().split(',');
		console.log(`ClickHouse ${version.replace(/"/g, '')} (${threads} threads)`);
	} else if (what === 'load') {
		const [ms] = timed(() => {
			ask('DROP TABLE IF EXISTS subscriptions');
			ask(`CREATE TABLE subscriptions (${COLUMNS}) ENGINE = MergeTree ORDER BY customer`);
			ask(`INSERT INTO subscriptions SELECT * FROM file('${rest[0]}', 'CSV', '${COLUMNS}')`);
		});
		console.log(ms);
	} else {
		const [threads, query, out] = rest;
		const text = fs.readFileSync(query, 'utf8') +
			(threads === '0' ? '' : ` SETTINGS max_threads = ${Number(threads)}`);

		ask(text);
		const [ms, rows] = timed(() => ask(text));
		fs.writeFileSync(out, rows.replace(/"/g, ''));
		console.log(ms);
	}
	session.close();
}

try {
	main(process.argv.slice(2));
} catch (error) {
	console.error(error.message);
	process.exit(1);
}
