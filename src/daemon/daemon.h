/* The running server: what main.c starts, and what wire.c connects.
 *
 * Order of start: sockets → privileges dropped → store → saved zones → inventory → control socket → workers → ready.
 * Thread: main, on whose loop transfers and the control socket run too. */
#ifndef UNDERSTUDY_DAEMON_DAEMON_H
#define UNDERSTUDY_DAEMON_DAEMON_H

#include <uv.h>

#include "base/epoch.h"
#include "base/log.h"
#include "control/control.h"
#include "control/desk.h"
#include "control/events.h"
#include "daemon/health.h"
#include "daemon/listening.h"
#include "daemon/ownership.h"
#include "daemon/stock.h"
#include "daemon/web_child.h"
#include "daemon/workers.h"
#include "inventory/config.h"
#include "inventory/wanted.h"
#include "serve/serve.h"
#include "store/store.h"
#include "transfer/transfer.h"
#include "zone/table.h"

struct daemon {
	const char *config_path;
	struct config *config; /* of the start; its zones are in the inventory */
	struct config *now;    /* as it was read last; config until the first reload */
	size_t file_zones;     /* that it wants */
	struct log *log;
	struct epoch *epoch;
	struct zone_table *table;
	struct store *store;
	struct transfer *transfer;
	struct serve *serve;
	struct workers *workers;
	struct trust_book *trust;           /* for primaries over TLS */
	struct tls_credentials *tls;        /* of the workers; NULL: DNS over TLS is not configured */
	char tls_fault[LISTENING_TEXT_MAX]; /* why the last reload did not replace them; empty: it did */
	struct wanted *wanted;
	struct stock *stock;         /* the inventory */
	struct ownership *ownership; /* NULL: zones need no proof */
	struct events *events;
	struct health_counts *health;
	struct desk *desk;
	struct control *control;
	struct web_child *web; /* NULL: no HTTP */
	uv_loop_t loop;
	uv_signal_t hangup, terminate, interrupt;
	uv_timer_t collect;
	int64_t started_s, reloaded_s; /* reloaded_s 0: never */
	bool loop_made, ready, stopping;
	bool claiming;       /* saved zones of all sources that could be read have been claimed */
	bool stock_complete; /* the database was read */
	/* A source was refused names that another has: they may be free when it says its wish again. */
	bool file_refused, stock_refused;
};

/* Run until a signal ends it.  Takes config.  Returns the exit status of the process: 0, or 1 when it could not
 * start (logged). */
int daemon_run(const char *config_path, struct config *config);

/* Read the configuration again and apply it, whole or not at all.  ERR_CONFIG, ERR_IO: out_faults tells (to be
 * freed by config_faults_done), and all is as before. */
MUST_CHECK enum err daemon_reload(struct daemon *d, struct config_faults *out_faults);

#endif
