/*
 * views_facts.sql
 *		Shipped views that people drill down to.
 *
 * Rules: doc/reporting.md.
 */
