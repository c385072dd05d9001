/*
 * metrics_acquisition.sql
 *		Shipped metrics about channels.
 *
 * Rules: doc/reporting.md; definitions: doc/channels.md, doc/attribution.md.
 */

INSERT INTO nudge.shipped_metrics (metric, subject, place, title, unit, direction, additivity, grain, formula, description) VALUES
('marketing_spend', 'acquisition', 500, 'Marketing spend', 'currency', 'neutral', 'additive', 'month', 'cost', 'What was spent on channels.'),
('impressions', 'acquisition', 501, 'Impressions', 'count', 'up', 'additive', 'month', 'impressions', 'Times that what was paid for was shown.'),
('clicks', 'acquisition', 502, 'Clicks', 'count', 'up', 'additive', 'month', 'clicks', 'Clicks that what was paid for brought.'),
('click_through_rate', 'acquisition', 503, 'Click-through rate', 'rate', 'up', 'not additive', 'month', 'clicks / impressions', 'Clicks over impressions.'),
('cost_per_click', 'acquisition', 504, 'Cost per click', 'currency', 'down', 'not additive', 'month', 'cost / clicks', 'Spend over clicks.'),
('leads', 'acquisition', 505, 'Leads', 'count', 'up', 'additive', 'month', 'new_leads', 'New leads.'),
('cost_per_lead', 'acquisition', 506, 'Cost per lead', 'currency', 'down', 'not additive', 'month', 'cost / new_leads', 'Spend over new leads.'),
('lead_to_customer_rate', 'acquisition', 507, 'Lead-to-customer rate', 'rate', 'up', 'not additive', 'month', 'new_customers / new_leads', 'Customers acquired over new leads of the same period.'),
('acquired_customers', 'acquisition', 508, 'Customers acquired', 'count', 'up', 'additive', 'month', 'new_customers', 'First conversions of customers, credited to channels by the linear model.'),
('cac', 'acquisition', 509, 'CAC', 'currency', 'down', 'not additive', 'month', 'cost / new_customers', 'Customer acquisition cost of channels: what the input spend has, over the customers that conversions say were acquired. Salaries, tools and overhead are not in it: fully_loaded_cac has them.'),
('attributed_revenue', 'acquisition', 510, 'Attributed revenue', 'currency', 'up', 'additive', 'month', 'revenue', 'Revenue of conversions, credited to channels by the linear model; the total has that of conversions without a touch, too.'),
('roas', 'acquisition', 511, 'ROAS', 'ratio', 'up', 'not additive', 'month', 'revenue / cost', 'Return on ad spend: attributed revenue over spend.'),
('marketing_roi', 'acquisition', 512, 'Marketing ROI', 'ratio', 'up', 'not additive', 'month', '(revenue - cost) / cost', 'Attributed revenue less spend, over spend.'),
('content_published', 'acquisition', 513, 'Content published', 'count', 'up', 'additive', 'month', 'published', 'Pieces of content that were published.'),
('content_leads', 'acquisition', 514, 'Leads of content', 'count', 'up', 'additive', 'month', 'new_leads', 'New leads that came from content.'),
('content_to_lead_rate', 'acquisition', 515, 'Content-to-lead rate', 'rate', 'up', 'not additive', 'month', 'new_leads / visitors', 'New leads of content over its distinct visitors; over all types one who comes to two counts twice.'),
('active_partners', 'acquisition', 516, 'Partners', 'count', 'up', 'balance', 'month', 'active_partners', 'Partners as the period closes.'),
('partner_sourced_revenue', 'acquisition', 517, 'Partner-sourced revenue', 'currency', 'up', 'additive', 'month', 'sourced_value', 'Revenue of conversions that partners brought.'),
('partner_influenced_revenue', 'acquisition', 518, 'Partner-influenced revenue', 'currency', 'up', 'not additive', 'month', 'influenced_value', 'Revenue of conversions that partners took part in, what they brought with it.'),
('partner_influenced_pipeline_rate', 'acquisition', 519, 'Partner-influenced pipeline', 'rate', 'up', 'not additive', 'month', 'influenced_value / total_value', 'Share of the amount of open deals that partners took part in.');

-- totals add up channels: what is credited is credited once
INSERT INTO nudge.shipped_metric_sources (metric, grain, dimension, dimension_value, mart, value, numerator, denominator, currency, aggregated)
SELECT m.metric, 'month', d.dimension, d.dimension_value, 'channel_performance', replace(d.form, '%s', m.value), replace(d.form, '%s', m.numerator), replace(d.form, '%s', m.denominator), CASE (SELECT k.unit FROM nudge.shipped_metrics k WHERE k.metric = m.metric) WHEN 'currency' THEN 'currency' ELSE 'NULL' END, d.dimension = '''all'''
FROM (VALUES ('marketing_spend', 'cost', NULL, NULL), ('impressions', 'impressions', NULL, NULL), ('clicks', 'clicks', NULL, NULL), ('click_through_rate', NULL, 'clicks', 'impressions'), ('cost_per_click', NULL, 'cost', 'clicks'),
		('leads', 'new_leads', NULL, NULL), ('cost_per_lead', NULL, 'cost', 'new_leads'), ('lead_to_customer_rate', NULL, 'new_customers', 'new_leads'), ('acquired_customers', 'new_customers', NULL, NULL), ('cac', NULL, 'cost', 'new_customers'),
		('attributed_revenue', 'revenue', NULL, NULL), ('roas', NULL, 'revenue', 'cost'), ('marketing_roi', NULL, 'revenue - cost', 'cost')) m(metric, value, numerator, denominator),
	(VALUES ('''all''', '''all''', 'sum(%s)'), ('''channel''', 'coalesce(channel, ''(none)'')', '%s')) d(dimension, dimension_value, form);

-- the same by campaign, under paths of campaigns
INSERT INTO nudge.shipped_metric_sources (metric, grain, dimension, dimension_value, mart, value, numerator, denominator, currency)
SELECT s.metric, s.grain, '''campaign''', 'coalesce(campaign, ''(none)'')', 'campaign_performance', s.value, s.numerator, s.denominator, s.currency
FROM nudge.shipped_metric_sources s WHERE s.mart = 'channel_performance' AND NOT s.aggregated;
INSERT INTO nudge.shipped_metric_sources (metric, grain, dimension, dimension_value, mart, value, numerator, denominator, aggregated)
SELECT m.metric, 'month', d.dimension, d.dimension_value, 'content_performance', replace(d.form, '%s', m.value), replace(d.form, '%s', m.numerator), replace(d.form, '%s', m.denominator), d.dimension = '''all'''
FROM (VALUES ('content_published', 'published', NULL, NULL), ('content_leads', 'new_leads', NULL, NULL), ('content_to_lead_rate', NULL, 'new_leads', 'visitors')) m(metric, value, numerator, denominator),
	(VALUES ('''all''', '''all''', 'sum(%s)'), ('''content_type''', 'type', '%s')) d(dimension, dimension_value, form);
INSERT INTO nudge.shipped_metric_sources (metric, grain, dimension, dimension_value, mart, value, numerator, denominator, currency, condition) VALUES
('active_partners', 'month', '''all''', '''all''', 'partner_results', 'active_partners', NULL, NULL, 'NULL', 'partner = ''all'' AND measure = ''revenue'''),
('partner_sourced_revenue', 'month', '''all''', '''all''', 'partner_results', 'sourced_value', NULL, NULL, 'currency', 'partner = ''all'' AND measure = ''revenue'''),
('partner_sourced_revenue', 'month', '''partner''', 'partner', 'partner_results', 'sourced_value', NULL, NULL, 'currency', 'partner <> ''all'' AND measure = ''revenue'''),
('partner_influenced_revenue', 'month', '''all''', '''all''', 'partner_results', 'influenced_value', NULL, NULL, 'currency', 'partner = ''all'' AND measure = ''revenue'''),
('partner_influenced_revenue', 'month', '''partner''', 'partner', 'partner_results', 'influenced_value', NULL, NULL, 'currency', 'partner <> ''all'' AND measure = ''revenue'''),
('partner_influenced_pipeline_rate', 'month', '''all''', '''all''', 'partner_results', NULL, 'influenced_value', 'total_value', 'NULL', 'partner = ''all'' AND measure = ''pipeline''');
