/*
 * nm_compat.h
 *		Differences between the supported PostgreSQL versions (15 to 18).
 *
 * Every test of PG_VERSION_NUM in the extension lives here.
 *
 * Copyright (c) 2026, the nudge_metrics authors; PostgreSQL licence
 */
#ifndef NM_COMPAT_H
#define NM_COMPAT_H

#include "postgres.h"
#include "parser/scansup.h" /* downcase_truncate_identifier */
#include "storage/shmem.h"  /* mul_size, add_size */

#if PG_VERSION_NUM < 150000
#error "nudge_metrics needs PostgreSQL 15 or newer"
#endif

/* varatt.h was split out of postgres.h in 16 */
#if PG_VERSION_NUM >= 160000
#include "varatt.h"
#endif

#ifndef HAVE_INT128
#error "nudge_metrics needs a compiler with 128-bit integers"
#endif

/* type-safe allocation came to the backend in 16 and in later releases of 15 */
#ifndef palloc_array
#define palloc_object(type) ((type *) palloc(sizeof(type)))
#define palloc0_object(type) ((type *) palloc0(sizeof(type)))
#define palloc_array(type, count) \
	((type *) palloc(mul_size(sizeof(type), count)))
#define palloc0_array(type, count) \
	((type *) palloc0(mul_size(sizeof(type), count)))
#define repalloc_array(pointer, type, count) \
	((type *) repalloc(pointer, mul_size(sizeof(type), count)))
#endif

/* 15.0 had it under its first name */
#if PG_VERSION_NUM < 150001
#define InitMaterializedSRF(fcinfo, flags) SetSingleFuncCall(fcinfo, flags)
#endif

/* pg_noreturn replaced pg_attribute_noreturn() in 18 */
#ifndef pg_noreturn
#define pg_noreturn _Noreturn
#endif

/* from 16 on a member of a role need not be one that may act as it */
#if PG_VERSION_NUM >= 160000
#define nm_can_set_role(member, role) member_can_set_role(member, role)
#else
#define nm_can_set_role(member, role) is_member_of_role(member, role)
#endif

/* soft errors of input functions arrived in 16 */
#if PG_VERSION_NUM >= 160000
#define NM_INPUT_ERROR(fcinfo, ...) \
	ereturn((fcinfo)->context, (Datum) 0, __VA_ARGS__)
#else
#define NM_INPUT_ERROR(fcinfo, ...) ereport(ERROR, __VA_ARGS__)
#endif

/* what PostgreSQL itself takes a name of a time zone for: a function since 16 */
#include "utils/datetime.h"
#if PG_VERSION_NUM < 160000
#define TZNAME_FIXED_OFFSET 0
#define TZNAME_DYNTZ 1
#define TZNAME_ZONE 2
static inline int
DecodeTimezoneName(const char *name, int *offset, pg_tz **zone)
{
	char *lower = downcase_truncate_identifier(name, strlen(name), false);

	switch (DecodeTimezoneAbbrev(0, lower, offset, zone))
	{
		case TZ:
		case DTZ:
			return TZNAME_FIXED_OFFSET;
		case DYNTZ:
			return TZNAME_DYNTZ;
		default:
			return TZNAME_ZONE;
	}
}
#endif

/* PG_MODULE_MAGIC_EXT arrived in 18 and carries name and version */
#ifdef PG_MODULE_MAGIC_EXT
#define NM_MODULE_MAGIC \
	PG_MODULE_MAGIC_EXT(.name = "nudge_metrics", .version = NM_VERSION)
#else
#define NM_MODULE_MAGIC PG_MODULE_MAGIC
#endif

#endif /* NM_COMPAT_H */
