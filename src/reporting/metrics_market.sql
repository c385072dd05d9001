/*
 * metrics_market.sql
 *		Shipped metrics about the market.
 *
 * Rules: doc/reporting.md; definitions: doc/competition.md.
 */

INSERT INTO nudge.shipped_metrics (metric, subject, place, title, unit, direction, additivity, grain, formula, description) VALUES
('share_of_voice', 'market', 530, 'Share of voice', 'rate', 'up', 'not additive', 'month', 'mentions / total_mentions', 'Mentions of oneself, the competitor called us, over those of all, on all channels.'),
('competitive_win_rate', 'market', 531, 'Competitive win rate', 'rate', 'up', 'not additive', 'month', 'won / (won + lost + no_decision)', 'Win rate of the deals closed in the period that had a competitor.'),
('competitive_deals', 'market', 532, 'Competitive deals', 'count', 'neutral', 'additive', 'month', 'deals_closed', 'Deals closed in the period that had a competitor.');

-- by convention oneself is the competitor us
INSERT INTO nudge.shipped_metric_sources (metric, grain, dimension, dimension_value, mart, numerator, denominator, condition) VALUES
('share_of_voice', 'month', '''all''', '''all''', 'competitive', 'mentions', 'total_mentions', 'all_channels AND competitor = ''us'''),
('share_of_voice', 'month', '''competitor''', 'competitor', 'competitive', 'mentions', 'total_mentions', 'all_channels'),
('share_of_voice', 'month', '''channel''', 'coalesce(channel, ''(none)'')', 'competitive', 'mentions', 'total_mentions', 'NOT all_channels AND competitor = ''us''');
INSERT INTO nudge.shipped_metric_sources (metric, grain, dimension, dimension_value, mart, value, numerator, denominator, condition, aggregated)
SELECT m.metric, 'month', d.dimension, d.dimension_value, 'competitive_wins', replace(d.form, '%s', m.value), replace(d.form, '%s', m.numerator), replace(d.form, '%s', m.denominator), 'dimension = ''competitor'' AND value IS NOT NULL', d.dimension = '''all'''
FROM (VALUES ('competitive_win_rate', NULL, 'won', 'won + lost + no_decision'), ('competitive_deals', 'deals_closed', NULL, NULL)) m(metric, value, numerator, denominator),
	(VALUES ('''all''', '''all''', 'sum(%s)'), ('''competitor''', 'value', '%s')) d(dimension, dimension_value, form);
