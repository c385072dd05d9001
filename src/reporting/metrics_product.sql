/*
 * metrics_product.sql
 *		Shipped metrics about funnels, sessions, unit economics and health.
 *
 * Rules: doc/reporting.md; definitions: doc/marts_product.md.
 */

INSERT INTO nudge.shipped_metrics (metric, subject, place, title, unit, direction, additivity, grain, formula, description) VALUES
('funnel_entries', 'usage', 800, 'Funnel entries', 'count', 'up', 'not additive', 'month', 'entered_people', 'People that entered the funnel in the month for the first time. In all only if there is one funnel: people of several are not added.'),
('funnel_completions', 'usage', 801, 'Funnel completions', 'count', 'up', 'not additive', 'month', 'people of the last step', 'Of the people that entered in the month, those who came to the last step so far.'),
('funnel_conversion_rate', 'usage', 802, 'Funnel conversion', 'rate', 'up', 'not additive', 'month', 'people of the last step / entered_people', 'Share of the people that entered in the month who came to the last step so far; where time is left for it, it still grows.'),
('sessions', 'usage', 803, 'Sessions', 'count', 'up', 'additive', 'month', 'sessions', 'Sessions that began in the period: events of a user without a pause of more than 30 minutes. Of days that are over.'),
('sessions_per_user', 'usage', 804, 'Sessions per user', 'ratio', 'up', 'not additive', 'month', 'sessions / users', 'Sessions per user with any in the period.'),
('bounce_rate', 'usage', 805, 'Bounce rate', 'rate', 'down', 'not additive', 'month', 'bounces / sessions', 'Share of sessions that have one event only.'),
('events_per_session', 'usage', 806, 'Events per session', 'ratio', 'up', 'not additive', 'month', 'events / sessions', 'Events per session, of any kind.'),
('session_return_rate', 'usage', 807, 'Return rate', 'rate', 'up', 'not additive', 'month', 'returning_users / users', 'Share of the users with a session in the period who had two or more.'),
('mean_session_duration', 'usage', 808, 'Session duration, mean', 'seconds', 'up', 'not additive', 'month', 'duration_seconds / sessions', 'Mean time from the first event of a session to the last; a session of one event has 0.'),
('median_session_duration', 'usage', 809, 'Session duration, median', 'seconds', 'up', 'not additive', 'month', 'median of duration_seconds', 'Median time from the first event of a session to the last.'),
('gross_margin_rate', 'finance', 820, 'Gross margin', 'rate', 'up', 'not additive', 'month', 'gross_profit / revenue', 'What is left of revenue after the cost of delivering the product. Of months that are over and whose costs are booked.'),
('contribution_margin_rate', 'finance', 821, 'Contribution margin', 'rate', 'up', 'not additive', 'month', 'contribution_margin / revenue', 'What is left of revenue after the cost of delivering the product and variable costs of acquisition.'),
('fully_loaded_cac', 'finance', 822, 'CAC, fully loaded', 'currency', 'down', 'not additive', 'month', 'acquisition_cost / new_customers', 'All costs of acquisition of the month, with 20% overhead added on, over the customers whose first MRR began in it: column cac of unit_economics. The metric cac has spend on channels alone, over conversions.'),
('ltv', 'finance', 823, 'LTV', 'currency', 'up', 'not additive', 'month', 'arpa * gross_margin_rate / churn_rate', 'Gross profit of a customer over its life; churn is that of a month, over up to twelve of them.'),
('ltv_to_cac_ratio', 'finance', 824, 'LTV to CAC', 'ratio', 'up', 'not additive', 'month', 'ltv / fully_loaded_cac', 'What a customer is worth over what it costs to win.'),
('cac_payback_months', 'finance', 825, 'CAC payback', 'months', 'down', 'not additive', 'month', 'fully_loaded_cac / (arpa * gross_margin_rate)', 'Months until the gross profit of a customer has paid what it cost to win.'),
('acquisition_cost_per_active_customer', 'finance', 826, 'Acquisition cost per active customer', 'currency', 'down', 'not additive', 'month', 'acquisition_cost / customers', 'Costs of acquisition over all customers, old and new: a ratio of costs, which is not CAC.'),
('mean_health_score', 'customers', 840, 'Mean health score', 'score', 'up', 'not additive', 'month', 'total_score / scored_customers', 'Mean score of the customers with MRR that have a score, as the month closed.'),
('at_risk_customers', 'customers', 841, 'Customers at risk', 'count', 'down', 'balance', 'month', 'customers with a score below 65', 'Customers with MRR whose last score was below 65 as the month closed.'),
('at_risk_mrr', 'customers', 842, 'MRR at risk', 'currency', 'down', 'balance', 'month', 'MRR of customers with a score below 65', 'MRR of the customers whose last score was below 65 as the month closed.'),
('at_risk_mrr_rate', 'customers', 843, 'MRR at risk, share', 'rate', 'down', 'not additive', 'month', 'at_risk_mrr / mrr', 'MRR at risk over the MRR of all customers, those without a score included.');

INSERT INTO nudge.shipped_metric_sources (metric, grain, dimension, dimension_value, mart, currency, value, numerator, denominator, condition)
SELECT m.metric, 'month', d.dimension, d.dimension_value, 'conversion_funnel', 'NULL', m.value, m.numerator, m.denominator, d.condition
FROM (VALUES ('funnel_entries', 'entered_people', NULL, NULL), ('funnel_completions', 'people', NULL, NULL), ('funnel_conversion_rate', NULL, 'people', 'entered_people')) m(metric, value, numerator, denominator),
	(VALUES ($$'funnel'$$, 'funnel', 'step = last_step'), ($$'all'$$, $$'all'$$, 'step = last_step AND (SELECT count(DISTINCT d.funnel) FROM nudge.funnel_definitions d) = 1')) d(dimension, dimension_value, condition);
INSERT INTO nudge.shipped_metric_sources (metric, grain, mart, value, numerator, denominator, condition)
SELECT m.metric, g.grain, 'session_metrics', m.value, m.numerator, m.denominator, format('grain = %L', g.grain)
FROM (VALUES ('sessions', 'sessions', NULL, NULL), ('sessions_per_user', NULL, 'sessions', 'users'), ('bounce_rate', NULL, 'bounces', 'sessions'), ('events_per_session', NULL, 'events', 'sessions'), ('session_return_rate', NULL, 'returning_users', 'users'),
		('mean_session_duration', NULL, 'duration_seconds', 'sessions'), ('median_session_duration', 'median_duration_seconds', NULL, NULL)) m(metric, value, numerator, denominator),
	(VALUES ('day'), ('month')) g(grain);
INSERT INTO nudge.shipped_metric_sources (metric, grain, dimension, dimension_value, mart, currency, value, numerator, denominator, condition) VALUES
('gross_margin_rate', 'month', '''all''', '''all''', 'unit_economics', 'currency', NULL, 'gross_profit', 'CASE WHEN gross_profit IS NOT NULL THEN revenue END', 'true'),
('contribution_margin_rate', 'month', '''all''', '''all''', 'unit_economics', 'currency', NULL, 'contribution_margin', 'CASE WHEN contribution_margin IS NOT NULL THEN revenue END', 'true'),
('fully_loaded_cac', 'month', '''all''', '''all''', 'unit_economics', 'currency', 'cac', 'CASE WHEN complete AND acquisition_cost > 0 THEN acquisition_cost END', 'CASE WHEN complete AND acquisition_cost > 0 THEN new_customers END', 'true'),
('ltv', 'month', '''all''', '''all''', 'unit_economics', 'currency', 'ltv', NULL, NULL, 'true'),
('ltv', 'month', '''segment''', 'segment', 'unit_economics_by_segment', 'currency', 'ltv', NULL, NULL, 'true'),
('ltv_to_cac_ratio', 'month', '''all''', '''all''', 'unit_economics', 'currency', 'ltv_to_cac_ratio', 'CASE WHEN ltv_to_cac_ratio IS NOT NULL THEN ltv END', 'CASE WHEN ltv_to_cac_ratio IS NOT NULL THEN cac END', 'true'),
('cac_payback_months', 'month', '''all''', '''all''', 'unit_economics', 'currency', 'cac_payback_months', NULL, NULL, 'true'),
('acquisition_cost_per_active_customer', 'month', '''all''', '''all''', 'unit_economics', 'currency', 'acquisition_cost_per_active_customer', NULL, NULL, 'true'),
('mean_health_score', 'month', '''all''', '''all''', 'customer_health_by_band', 'currency', NULL, 'total_score', 'scored_customers', 'band = ''all'''),
('at_risk_customers', 'month', '''all''', '''all''', 'customer_health_by_band', 'currency', 'at_risk_customers', NULL, NULL, 'band = ''all'''),
('at_risk_mrr', 'month', '''all''', '''all''', 'customer_health_by_band', 'currency', 'at_risk_mrr', NULL, NULL, 'band = ''all'''),
('at_risk_mrr_rate', 'month', '''all''', '''all''', 'customer_health_by_band', 'currency', NULL, 'at_risk_mrr', 'CASE WHEN at_risk_mrr IS NOT NULL THEN mrr END', 'band = ''all''');
