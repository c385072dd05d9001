{{ config(post_hook="{{ nudge_metrics.map_input('subscriptions') }}") }}

with items as (
    select
        s.customer, s.id as subscription, i.id as item, i.price, i.quantity, s.status, s.pause_collection,
        to_timestamp(s.created) as booked_at,
        -- a trial that goes on has no end yet
        to_timestamp(case when s.status = 'trialing' then 'infinity'::float8 else s.trial_end end) as trial_end,
        -- an item that was added later begins then
        to_timestamp(case when i.created > s.created + 3600 then i.created else coalesce(s.start_date, s.created) end) as begins,
        -- what is renewed has no end: a period that ends is none
        to_timestamp(coalesce(s.ended_at, case s.status when 'canceled' then s.canceled_at end, s.cancel_at,
            case when s.cancel_at_period_end then s.current_period_end end)) as ends
    from {{ source('stripe', 'subscriptions') }} as s
    join {{ source('stripe', 'subscription_items') }} as i on i.subscription = s.id
    where coalesce(s.livemode, true)
)
select
    {{ nudge_metrics.canonical_input('subscriptions', {
        'customer': 'i.customer',
        'subscription': 'i.subscription',
        'item': 'i.item',
        'plan': 'i.price',
        'valid_from': 'f.valid_from',
        'valid_to': 'f.valid_to',
        'amount': nudge_metrics.stripe_major("coalesce(p.unit_amount::numeric, case p.recurring ->> 'usage_type' when 'metered' then 0 end)", 'p.currency'),
        'interval_unit': "p.recurring ->> 'interval'",
        'interval_count': "coalesce((p.recurring ->> 'interval_count')::integer, 1)",
        'quantity': 'i.quantity',
        'currency': 'upper(p.currency)',
        'status': "case when i.status in ('incomplete', 'incomplete_expired', 'unpaid') then 'excluded' when f.trial then 'trialing' when i.status = 'past_due' then 'at_risk'"
            ~ " when i.pause_collection is not null then 'paused' else 'active' end",
        'usage': "coalesce(p.recurring ->> 'usage_type' = 'metered', false)",
        'booked_at': 'i.booked_at',
    }) }}
from items as i
join {{ source('stripe', 'prices') }} as p on p.id = i.price
-- a trial is a row of its own
cross join lateral (
    select i.begins as valid_from, nullif(least(i.trial_end, i.ends), 'infinity') as valid_to, true as trial where i.trial_end > i.begins
    union all
    select greatest(i.begins, i.trial_end), i.ends, false where coalesce(i.trial_end, i.begins) < coalesce(i.ends, 'infinity')
) as f
