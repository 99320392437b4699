/* The transfer side of a daemon among scripted primaries, in made-up time: what the daemon decides by (follow, timers,
 * schedule, line, reach) is the real code; sockets, disk and clocks are not there.
 *
 *   schedule, NOTIFY ──► follow ──► line ──► question ── rtt ──► follow ──► copy ── rtt ──► save ──► follow ──► schedule
 *
 * Every result goes into a digest: the same seed gives the same digest, or something depends on what it should not.
 * At every step the world checks what may never be: world_check.c. */
#ifndef UNDERSTUDY_SIMULATION_WORLD_H
#define UNDERSTUDY_SIMULATION_WORLD_H

#include "transfer/line.h"
#include "transfer/reach.h"
#include "transfer/schedule.h"
#include "wheel.h"

#define WORLD_START_S 1700000000
#define DAY_S 86400
#define DAY_MS (INT64_C(1000) * DAY_S)

/* What a primary does for a while. */
enum mood {
	MOOD_GOOD,
	MOOD_DEAD,   /* no packet comes back */
	MOOD_NO_UDP, /* TCP works */
	MOOD_NO_TCP, /* SOA questions by UDP work */
	MOOD_REFUSES,
	MOOD_NOT_AUTHORITY,
	MOOD_BAD_CONTENT,
	MOOD_BEHIND, /* by `lag` serials */
	MOODS
};

struct world_list {
	struct world_zone *first, *last;
};

struct world_primary {
	struct wheel_item connect; /* a connection is being made: opened, or given up */
	bool is_connecting;
	int64_t open_until_ms;
	enum mood mood;
	uint32_t rtt_ms;
	uint32_t lag;
	struct reach udp, tcp;
	struct line_peer line;
	struct world_list questions; /* wait for the connection */
	struct world_list copies[URGENCY_COUNT];
	unsigned copying;
	bool is_back;
	bool waits; /* for a place among all copies */
	struct world_primary *next_waiting;
	/* What was seen. */
	uint64_t questions_sent, connects, copies_sent;
	int64_t second;
	uint64_t in_second, most_in_second; /* packets and connections */
	int64_t longest_wait_ms;            /* of a question in the line */
};

enum doing {
	DOING_NOTHING,
	DOING_LINE,
	DOING_REFUSED,
	DOING_UDP,
	DOING_TCP,
	DOING_COPY_QUEUED,
	DOING_COPY,
	DOING_SAVE
};

struct world_zone {
	struct follow f; /* first */
	struct schedule_item due;
	struct line_item place;
	struct wheel_item flight;
	struct world_zone *next; /* in a list of a primary */
	uint32_t index;
	uint32_t bumps;         /* serials that a test added at the primaries */
	uint32_t copied_serial; /* COPY, SAVE */
	uint16_t home;          /* its primaries are home, home + 1, … */
	uint8_t primary_count;
	uint8_t profile; /* of its SOA timers */
	uint8_t asked;   /* primary, as follow counts them */
	uint8_t doing;
	uint8_t urgency;
	bool probe, served;
	bool has_floor;
	uint32_t floor;
	int64_t since_ms;     /* when that began which it is doing */
	int64_t confirmed_s;  /* when a primary last confirmed or sent what is served */
	int64_t grace_s;      /* the clock jumped: served until then whatever it was */
	int64_t attempt_by_s; /* the latest time for its next attempt */
};

struct world_settings {
	uint64_t seed;
	uint32_t zones, primaries;
	uint32_t change_days; /* how often a zone changes at its primary by itself; 0: never */
	uint32_t primaries_of_zone;
	uint32_t store_fails_in; /* one save in so many fails; 0: none */
	struct timer_bounds bounds;
};

struct world_figures {
	uint64_t questions, copies, notifies, rounds_failed, expiries, recoveries, confirmed, saved,
		out_of_turn;
	uint64_t most_due_in_second;
};

struct world {
	struct world_settings settings;
	struct random random; /* of the code under test */
	struct random script; /* of the primaries and of what happens */
	struct schedule schedule;
	struct line line;
	struct wheel wheel;
	struct world_zone *zones;
	struct world_primary *primaries;
	struct world_primary *first_waiting, *last_waiting;
	unsigned copying;
	int64_t ms;       /* the monotonic clock */
	int64_t wake_ms;  /* when zones of primaries that came back are woken */
	int64_t armed_ms; /* when the schedule is looked at next, by the monotonic clock */
	int64_t offset_s; /* of the wall clock from START + ms */
	struct moment last;
	uint64_t digest;
	struct world_figures figures;
	/* What happens by itself: called when ms reaches happens_ms; returns when next. */
	int64_t happens_ms;
	int64_t (*happen)(struct world *w);
	int64_t due_second;
	uint64_t due_in_second;
};

/* All zones new, or loaded (world_restart) later. */
struct world *world_new(const struct world_settings *settings);
void world_free(struct world *w);

/* Let time pass. */
void world_run(struct world *w, int64_t until_ms);
static inline void world_run_for(struct world *w, int64_t ms) {
	world_run(w, w->ms + ms);
}
int64_t world_now_s(const struct world *w);

/* A NOTIFY of the zone's primary number `primary`, or FOLLOW_UNKNOWN; with the serial if has_serial. */
void world_notify(struct world *w, struct world_zone *z, uint16_t primary, bool has_serial, uint32_t serial);
void world_wish(struct world *w, struct world_zone *z, bool retransfer);
/* The wall clock is set, or the machine slept: the monotonic clock stands still meanwhile. */
void world_set_clock(struct world *w, int64_t delta_s);
/* The daemon ends, so many seconds pass, and it starts again with what it had saved. */
void world_restart(struct world *w, int64_t down_s);

struct world_primary *world_primary_of(struct world *w, const struct world_zone *z, unsigned number);
struct soa world_soa(const struct world *w, const struct world_zone *z); /* at its primaries, now */
uint64_t world_count_served(const struct world *w);
/* Zones that serve what their primaries have now. */
uint64_t world_count_in_step(const struct world *w);
/* From SIMULATION_SEED, or random; printed. */
uint64_t world_seed(void);
/* A number from the environment, e.g. SIMULATION_ZONES. */
uint32_t world_number(const char *variable, uint32_t otherwise);

/* -- between the world's files -- */

struct follow_env world_env(struct world *w, const struct world_zone *z);
void world_apply(struct world *w, struct world_zone *z, struct follow_decision d);
void world_ask(struct world *w, struct world_zone *z, const struct follow_decision *d);
/* False: it failed at once; out_next is what follows. */
bool world_copy(struct world *w, struct world_zone *z, const struct follow_decision *d,
                struct follow_decision *out_next);
void world_save(struct world *w, struct world_zone *z);
void world_arrive(struct world *w, struct wheel_item *item);
void world_note(struct world *w, uint64_t what, uint64_t who, uint64_t value);
struct follow_decision world_fail(struct world *w, struct world_zone *z, enum reason reason, bool no_tcp);
void world_back(struct world *w, struct world_primary *p);
/* world_check.c */
void world_promise(const struct world *w, struct world_zone *z);
void world_attempted(struct world *w, struct world_zone *z);
void world_check_zone(const struct world *w, const struct world_zone *z);
void world_check_all(const struct world *w);

#endif
