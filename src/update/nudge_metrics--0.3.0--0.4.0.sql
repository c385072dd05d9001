\echo Use "ALTER EXTENSION nudge_metrics UPDATE TO '0.4.0'" to load this file. \quit
