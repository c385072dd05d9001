# nudge_metrics: see README.md.  make, make install and make installcheck work
# with any PG_CONFIG; tools/check runs every test.

EXTENSION = nudge_metrics
EXTVERSION = $(shell sed -n "s/^default_version = '\(.*\)'/\1/p" $(CURDIR)/nudge_metrics.control)
MODULE_big = nudge_metrics

OBJS = $(patsubst %.c,%.o,$(sort $(wildcard src/*/*.c)))

# the install script is put together from the fragments named in src/sql.order
SQL_FRAGMENTS = $(shell sed '/^\#/d' src/sql.order)
DATA_built = sql-build/$(EXTENSION)--$(EXTVERSION).sql
DATA = $(wildcard src/update/$(EXTENSION)--*.sql)

REGRESS = $(sort $(patsubst sql/%.sql,%,$(wildcard sql/*.sql)))
REGRESS_OPTS = --load-extension=$(EXTENSION)

PG_CPPFLAGS = -Isrc/kernel -DNM_VERSION='"$(EXTVERSION)"'
# the same results on every machine: no fused multiply-add
PG_CFLAGS = -ffp-contract=off $(NM_CFLAGS)
SHLIB_LINK = $(NM_LIBS)

EXTRA_CLEAN = sql-build results regression.diffs regression.out

PG_CONFIG ?= pg_config
PGXS := $(shell $(PG_CONFIG) --pgxs)
include $(PGXS)

$(DATA_built): $(SQL_FRAGMENTS) src/kernel/state_type.sql src/metrics/journey_options.sql src/inputs/subscription_intervals.sql src/inputs/stripe_major.sql src/expand.awk src/sql.order nudge_metrics.control
	@mkdir -p $(@D)
	@{ printf '%s\n' '\echo Use "CREATE EXTENSION $(EXTENSION)" to load this file. \quit'; \
	   for f in $(SQL_FRAGMENTS); do printf '\n-- %s\n\n' $$f; awk -f src/expand.awk $$f || exit 1; done; } > $@

# every object depends on every header: there are few of either
$(OBJS) $(OBJS:.o=.bc): $(wildcard src/*/*.h)
