/* The only path into service: build, check, save, publish, announce.
 *
 *   records ──► build (small: here; large: on libuv's pool) ──► save (saver.h) ──► publish ──► announce
 *                  │ unusable                                      │ store failed
 *                  └───────────────► the zone keeps its version ◄──┘
 *
 * A version is published only after it is saved, so that a restart never goes back.
 * Thread: the loop's. */
#ifndef UNDERSTUDY_TRANSFER_INGEST_H
#define UNDERSTUDY_TRANSFER_INGEST_H

#include <stdbool.h>
#include <stdint.h>

struct ingest;
struct transfer;
struct followed;
struct copy_result;
struct attempt;

#define INGEST_INLINE_RECORDS 2000 /* a zone of so many records is built on the loop */
/* No further transfer is started while more than this waits: octets, and versions, as memory around small ones counts. */
#define INGEST_WAITING_OCTETS (256UL << 20)
#define INGEST_WAITING_MAX 1024

struct ingest *ingest_new(struct transfer *t);
/* Take over the result's builder.  attempt: as it went so far; it is recorded with its end.  Ends in follow_saved or follow_failed of z, unless z is removed meanwhile. */
void ingest_take(struct ingest *in, struct followed *z, struct copy_result *result,
                 const struct attempt *attempt);
/* End the commands that check versions: those versions are refused. */
void ingest_stop(struct ingest *in);
/* Nothing is being built or checked (what is built waits in the saver). */
bool ingest_is_idle(const struct ingest *in);
void ingest_free(struct ingest *in);

#endif
