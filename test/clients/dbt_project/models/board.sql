{{ config(materialized='table') }}

select
    m.period_start,
    m.closing_mrr,
    k.title
from {{ source('nudge_reporting', 'mrr_monthly') }} as m
join {{ source('nudge_reporting', 'metric_catalog') }} as k on k.metric = 'mrr'
where m.complete
