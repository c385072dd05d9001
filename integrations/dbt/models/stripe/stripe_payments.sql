{{ config(post_hook="{{ nudge_metrics.map_input('payments') }}") }}

select
    {{ nudge_metrics.canonical_input('payments', {
        'customer': 'c.customer',
        'at': 'to_timestamp(c.created)',
        'amount': nudge_metrics.stripe_major('c.amount::numeric', 'c.currency'),
        'currency': 'upper(c.currency)',
        'outcome': "case c.status when 'succeeded' then 'paid' else 'failed' end",
        'method': "c.payment_method_details ->> 'type'",
        'failure': "case c.status when 'failed' then c.failure_code end",
    }) }}
from {{ source('stripe', 'charges') }} as c
where coalesce(c.livemode, true) and c.customer is not null and (c.status = 'failed' or c.status = 'succeeded' and coalesce(c.captured, true))
union all
select
    {{ nudge_metrics.canonical_input('payments', {
        'customer': 'c.customer',
        'at': 'to_timestamp(f.created)',
        'amount': nudge_metrics.stripe_major('f.amount::numeric', 'f.currency'),
        'currency': 'upper(f.currency)',
        'outcome': "'refunded'",
        'method': "c.payment_method_details ->> 'type'",
        'failure': 'null',
    }) }}
from {{ source('stripe', 'refunds') }} as f
join {{ source('stripe', 'charges') }} as c on c.id = f.charge
where coalesce(c.livemode, true) and c.customer is not null and coalesce(f.status, 'succeeded') = 'succeeded'
