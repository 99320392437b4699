/* One request on its way from a line of JSON to its replies; for src/control only.
 *
 *   requests.c      its life, and the table of requests
 *   fields.c        what it has, checked against the table
 *   replies.c       what is answered
 *   zones_now.c …   handlers
 *   events.c        what those are told who watch
 *
 * Sans-IO: conn.c owns the sockets, desk.c the thread.
 *
 *   request_begin --reply--> request_next … (while next is set) --> request_free
 *        | none: it has a job
 *        v
 *   request_run (desk) --> request_finish --reply--> as above
 *
 * Thread: the loop's, but for request_run and handlers of the kind DESK; never both at a time. */
#ifndef UNDERSTUDY_CONTROL_REQUEST_H
#define UNDERSTUDY_CONTROL_REQUEST_H

#include <stddef.h>

#include "base/told.h"
#include "control/control.h"
#include "control/desk.h"
#include "control/events.h"
#include "inventory/caller.h"
#include "inventory/inventory.h"
#include "inventory/rows.h"
#include "store/store.h"

#define REQUEST_LIST_SLICE 128          /* zones of a reply */
#define REQUEST_ROWS_SLICE 1000         /* versions of a reply */
#define REQUEST_DIFF_SLICE (512U << 10) /* octets of text of a reply, and one record */
#define REQUEST_EXPORT_SLICE (1U << 20) /* octets of text of a reply: any record fits */
#define REQUEST_LARGE 65536             /* octets of a line from which on it is read on the desk */

enum request_where { REQUEST_LOOP, REQUEST_DESK };
enum request_who { REQUEST_OPEN, REQUEST_READ, REQUEST_WRITE, REQUEST_ADMIN, REQUEST_OPERATOR };

#define WHO_TEXT_MAX 120

/* The other end of a connection.  Outlives its requests but those on the desk, which have a copy. */
struct request_from {
	bool is_operator;       /* it came over control.socket */
	char who[WHO_TEXT_MAX]; /* of an operator: "uid 0 (root)" */
};

/* What of a request is done on the desk next. */
enum request_stage {
	STAGE_NONE,
	STAGE_READ,    /* the line is long */
	STAGE_VERIFY,  /* whose key it is */
	STAGE_ACCOUNT, /* which account has the id */
	STAGE_FIND,    /* which zone has the id */
	STAGE_WORK,    /* the handler's part */
	STAGE_YIELD    /* none: others shall have their turn on the loop */
};

struct request;
/* LOOP: NULL when the reply comes later, by request_answer.  DESK: runs there, NULL only with again. */
typedef json_t *request_handler(struct request *r);

struct request_row {
	const char *name;
	enum request_where where;
	enum request_who who;
	request_handler *handler;
	const char *fields;
};

struct request {
	struct desk_job job; /* for who takes it to the desk and back */
	const struct control_backend *backend;
	const struct request_from *from;
	struct request_from peer;      /* what from points to */
	const struct request_row *row; /* NULL: not known */
	json_t *fields;                /* the request; a reference */
	char *line;                    /* owned; not read yet */
	size_t line_len;
	json_t *reply;            /* made on the desk */
	request_handler *next;    /* makes a further reply; NULL: there is none */
	request_handler *ended;   /* of what came by request_answer */
	enum err outcome;         /* what came */
	enum request_stage stage; /* not STAGE_NONE: it is to go to the desk */
	request_handler *work;    /* of STAGE_WORK */
	bool again;               /* work has a turn behind it and wants another, when others had theirs */
	bool admitted, has_account, has_zone;
	int64_t account;             /* whose things are seen; 0: everybody's.  Valid once it is admitted */
	const struct caller *caller; /* a reference; NULL: the operator, or nobody */
	struct name zone;
	/* What a handler on the desk leaves for the loop. */
	struct wanted_changes changes;
	struct {
		const char *what; /* "add" ...; NULL: nothing */
		enum watch_kind kind;
		int64_t account;
		char name[CALLER_NAME_MAX];
	} happened;                   /* for those who watch */
	bool claims;                  /* a zone was wanted that may be another's, or wait for a proof */
	bool keys_changed;            /* what the gate remembers is to be forgotten */
	int64_t keys_of;              /* of this account; 0: of all */
	request_handler *seen;        /* adds to reply what only the loop knows; NULL: nothing */
	struct chosen *chosen;        /* owned */
	struct record_search *search; /* owned */
	struct random random;
	/* Places of slices. */
	size_t list_cursor;
	struct zone_version *version; /* a reference, while it is exported */
	struct export_cursor export;
	json_t *rows; /* a reference, while they are told */
	size_t row_at;
	struct change *change; /* a reference, while it is told */
	enum change_side side;
	struct change_walk walk;
	struct watcher watcher; /* of one that streams */
	bool streams;           /* next may have nothing yet: then request_answer follows */
	uint64_t keys_then;     /* gate_changes when it began */
	/* For who made it: called when request_answer was, on the loop. */
	void (*wake)(struct request *r);
	void *owner;
};

/* -- requests.c */
struct request *request_new(const struct control_backend *backend, const struct request_from *from);
/* Take a line (without its newline) in hand: the first reply, a new reference.  NULL: it comes later; unless stage is
 * STAGE_NONE, request_run is to be called on the desk and then request_finish. */
json_t *request_begin(struct request *r, const char *line, size_t len);
void request_run(struct request *r);
/* The first reply; NULL as above. */
json_t *request_finish(struct request *r);
/* NULL: of one that streams, nothing yet. */
json_t *request_next(struct request *r);
/* For handlers that have returned NULL: ended makes the reply of outcome. */
void request_answer(struct request *r, enum err outcome);
/* For a backend that answers when what it did is saved: the handler returns NULL then. */
struct told request_when_saved(struct request *r);
/* The reply that request_answer has led to. */
json_t *request_answered(struct request *r);
void request_free(struct request *r);

/* On the desk: what rows are read and changed with, outside of a change of the inventory.  why is filled on failure. */
MUST_CHECK enum err request_rows(struct request *r, struct row_work *out_work, struct why *why);

/* -- replies.c */
/* {"ok": false, "code": code, "error": text} */
json_t *reply_refusal(const char *code, const char *text);
/* {"ok": true, "result": value, "more": more}; takes value, NULL: memory was short. */
json_t *reply_result(json_t *value, bool more);
json_t *reply_done(void); /* with an empty object */
json_t *reply_no_zone(const struct request *r);
/* Of what was asked of a zone. */
json_t *reply_outcome(const struct request *r, enum err e);

/* -- zone_records.c */
struct record_search;
void record_search_free(struct record_search *search);

/* -- fields.c */
/* NULL: all is as the row says, and r->zone is filled. */
json_t *fields_fault(struct request *r);
bool asked_given(const struct request *r, const char *name);       /* and not null */
const char *asked_text(const struct request *r, const char *name); /* NULL: not given */
int64_t asked_number(const struct request *r, const char *name, int64_t fallback);
bool asked_flag(const struct request *r, const char *name);
json_t *asked_value(const struct request *r, const char *name); /* borrowed; NULL: not given */

#endif
