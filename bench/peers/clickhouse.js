/*
 * clickhouse.js
 *		ClickHouse's side of bench/run, by its in-process build (chdb).
 *
 * node clickhouse.js version
 * node clickhouse.js load DIRECTORY TABLE CSV
 * node clickhouse.js run DIRECTORY THREADS QUERY.sql OUT.csv
 *
 * Prints milliseconds.  A run is the second of two in one process, so that the
 * table is in memory.  THREADS 0 leaves ClickHouse's default.
 */
'use strict';

const fs = require('fs');
const path = require('path');
const { Session } = require('chdb');

// columns and order of the tables
const TABLES = {
	subscriptions: ['customer Int64, valid_from Date, valid_to Nullable(Date), mrr Decimal(12, 2)', 'customer'],
	events: ["user_id Int64, at DateTime('UTC'), day Date, event LowCardinality(String)", '(user_id, at)'],
	touches: ["customer Int64, at DateTime('UTC'), channel LowCardinality(String)", '(customer, at)'],
	conversions: ["conversion Int64, customer Int64, at DateTime('UTC'), revenue Decimal(12, 2)", '(customer, at)'],
	accounts: ['customer Int64, usage Nullable(Float64), engagement Nullable(Float64), satisfaction Nullable(Float64), ' +
		'growth Nullable(Float64), advocacy Nullable(Float64)', 'customer'],
	daily_scores: ['customer Int64, day Date, score Float64', '(customer, day)'],
	samples: ["at DateTime64(6, 'UTC'), duration_ms Float64", 'at']
};

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
		const [table, csv] = rest;
		const [columns, order] = TABLES[table];
		const [ms] = timed(() => {
			ask(`DROP TABLE IF EXISTS ${table}`);
			ask(`CREATE TABLE ${table} (${columns}) ENGINE = MergeTree ORDER BY ${order}`);
			ask(`INSERT INTO ${table} SELECT * FROM file('${csv}', 'CSV', '${columns.replace(/'/g, "\\'")}')`);
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
