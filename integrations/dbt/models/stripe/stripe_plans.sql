{{ config(post_hook="{{ nudge_metrics.map_input('plans') }}") }}

select
    {{ nudge_metrics.canonical_input('plans', {
        'plan': 'p.id',
        'family': 'coalesce(g.name, p.product)',
        'list_price': nudge_metrics.stripe_major('p.unit_amount::numeric', 'p.currency') ~ " / coalesce((p.recurring ->> 'interval_count')::integer, 1)",
        'interval_unit': "p.recurring ->> 'interval'",
        'kind': "'plan'",
    }) }}
from {{ source('stripe', 'prices') }} as p
left join {{ source('stripe', 'products') }} as g on g.id = p.product
where coalesce(p.livemode, true) and p.recurring ->> 'interval' is not null
