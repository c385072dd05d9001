SELECT f.step_number AS step_order, f.step_event AS step, f.people AS value
FROM nudge_reporting.funnel_steps_monthly f
WHERE (f.funnel, f.period_start) = (SELECT l.funnel, l.period_start FROM nudge_reporting.funnel_steps_monthly l WHERE l.complete AND l.period_start <= coalesce(NULL::date, l.period_start) ORDER BY l.period_start DESC, l.funnel LIMIT 1)
ORDER BY 1
