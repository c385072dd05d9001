-- Names of time zones that are abbreviations without summer time, too: refused, or not there at all where the server's time zones lack the old names.
SET timezone = 'UTC';
\set SHOW_CONTEXT never
SELECT nudge.civil_date('2024-07-01 22:30+00', 'CET');
SELECT nudge.civil_date('2024-07-01 22:30+00', 'met');
SELECT * FROM nudge.window_spans('2024-03-30', '2024-04-01', NULL, 'CET');
SELECT nudge.day_close('2024-03-30', 'CET');
