/* The query workers: one thread each, with sockets of its own for every listening address (SO_REUSEPORT), an
 * answering side (serve/serve.h) and a place among the readers of published zone versions (base/epoch.h).
 *
 *   workers_open (may need privileges: binds) → workers_start → … → workers_stop → workers_free
 *
 * Thread: all functions from the main thread; workers_count from any between start and stop. */
#ifndef UNDERSTUDY_DAEMON_WORKERS_H
#define UNDERSTUDY_DAEMON_WORKERS_H

#include "base/epoch.h"
#include "net/socket.h"
#include "net/worker.h"
#include "serve/serve.h"

#define WORKERS_MAX 128

struct workers;

struct workers_settings {
	unsigned count;                    /* threads, 1 … WORKERS_MAX */
	const struct addr *listen;         /* with ports; read by workers_open only */
	unsigned listen_count;             /* at least 1 */
	struct tcp_limits tcp;             /* of one worker; zeros: defaults */
	unsigned udp_coalesce_us;          /* as net_worker_config.coalesce_us */
	const struct addr *tls_listen;     /* as listen, for DNS over TLS */
	unsigned tls_listen_count;         /* 0: none */
	struct tls_credentials *tls;       /* references are added; NULL: connections over TLS are closed */
	const struct addr_prefix *proxies; /* as in workers_set_proxies */
	unsigned proxies_count;
};

/* Open all sockets; no thread runs and nothing is answered yet (the kernel queues what comes).
 * ERR_IO: an address can't be had, another process answers there, or descriptors are short; out_error tells. */
MUST_CHECK enum err workers_open(const struct workers_settings *settings, struct workers **out_workers,
                                 struct socket_error *out_error);

/* Connections over TLS that begin from now on use these credentials; references are added.  Also while threads run. */
void workers_set_tls(struct workers *w, struct tls_credentials *credentials);

/* Who may say for whom it asks (net/proxy.h), from now on.  Read by this call only.  Also while threads run. */
void workers_set_proxies(struct workers *w, const struct addr_prefix *proxies, unsigned count);

/* Start the threads.  serve and epoch are borrowed until workers_stop returns.  ERR_LIMIT: no more threads or
 * readers to be had; then none runs. */
MUST_CHECK enum err workers_start(struct workers *w, struct serve *serve, struct epoch *epoch);

/* Let every worker finish the batch in its hands, wait for the threads' end, close all connections and
 * sockets.  Transfers out that are under way end here.  May be called when nothing was started. */
void workers_stop(struct workers *w);
void workers_free(struct workers *w);

/* Counters of the sockets, summed over workers. */
struct net_worker_counters workers_count(const struct workers *w);

#endif
