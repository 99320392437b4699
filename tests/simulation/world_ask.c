/* What the daemon does with sockets, as events: questions in the line, connections, copies, saves. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include "transfer/connection.h"
#include "world.h"

#define UDP_SILENT_MS 5000
#define SAVE_MS 4
/* As the daemon sets its pool. */
#define COPIES_MAX 32
#define COPIES_OF_PRIMARY 8
#define COPIES_OVER 8

static void list_append(struct world_list *list, struct world_zone *z) {
	z->next = NULL;
	if (list->last)
		list->last->next = z;
	else
		list->first = z;
	list->last = z;
}

static struct world_zone *list_take(struct world_list *list) {
	struct world_zone *z = list->first;
	if (!z) return NULL;
	list->first = z->next;
	if (!list->first) list->last = NULL;
	return z;
}

static void count_packet(struct world *w, struct world_primary *p) {
	int64_t second = w->ms / 1000;
	if (p->second != second) {
		p->second = second;
		p->in_second = 0;
	}
	if (++p->in_second > p->most_in_second) p->most_in_second = p->in_second;
}

static void begin(struct world *w, struct world_zone *z, enum doing doing) {
	z->doing = (uint8_t)doing;
	z->since_ms = w->ms;
}

static void fly(struct world *w, struct world_zone *z, enum doing doing, int64_t ms) {
	begin(w, z, doing);
	wheel_add(&w->wheel, &z->flight, w->ms + ms);
}

static void finish(struct world *w, struct world_zone *z, struct follow_decision d) {
	z->doing = DOING_NOTHING;
	world_apply(w, z, d);
}

static bool is_silent(const struct world_primary *p, bool tcp) {
	return p->mood == MOOD_DEAD || p->mood == (tcp ? MOOD_NO_TCP : MOOD_NO_UDP);
}

/* -- connections -- */

static void connect_to(struct world *w, struct world_primary *p) {
	if (p->is_connecting) return;
	p->is_connecting = true;
	p->connects++;
	count_packet(w, p);
	wheel_add(&w->wheel, &p->connect, w->ms + (is_silent(p, true) ? CONNECTION_CONNECT_MS : p->rtt_ms));
}

static void pump_copies(struct world *w, struct world_primary *p);

static void send_tcp_questions(struct world *w, struct world_primary *p) {
	struct world_zone *z;
	while ((z = list_take(&p->questions)))
		fly(w, z, DOING_TCP, p->rtt_ms);
}

static struct world_list take_all(struct world_primary *p) {
	struct world_list all = p->questions;
	p->questions = (struct world_list){ 0 };
	struct world_zone *z;
	for (unsigned u = 0; u < URGENCY_COUNT; u++)
		while ((z = list_take(&p->copies[u])))
			list_append(&all, z);
	return all;
}

static void connected(struct world *w, struct world_primary *p) {
	p->is_connecting = false;
	if (!is_silent(p, true)) {
		p->open_until_ms = w->ms + CONNECTION_IDLE_MS;
		if (reach_answered(&p->tcp)) world_back(w, p);
		send_tcp_questions(w, p);
		pump_copies(w, p);
		return;
	}
	struct why why;
	why_set(&why, REASON_UNREACHABLE, "scripted");
	reach_failed(&p->tcp, w->ms, &why);
	struct world_list failed = take_all(p);
	struct world_zone *z;
	while ((z = list_take(&failed)))
		finish(w, z, world_fail(w, z, REASON_UNREACHABLE, true));
}

/* -- questions -- */

static void ask_by_tcp(struct world *w, struct world_zone *z) {
	struct world_primary *p = world_primary_of(w, z, z->asked);
	struct why why;
	if (z->probe || !reach_admits(&p->tcp, w->ms, (enum urgency)z->urgency, &why)) {
		world_attempted(w, z);
		finish(w, z, world_fail(w, z, REASON_TIMEOUT, !z->probe));
		return;
	}
	begin(w, z, DOING_TCP);
	if (p->open_until_ms > w->ms && !is_silent(p, true)) {
		fly(w, z, DOING_TCP, p->rtt_ms);
		return;
	}
	list_append(&p->questions, z);
	connect_to(w, p);
}

static void send_datagram(struct world *w, struct world_zone *z, struct world_primary *p) {
	int64_t waited = w->ms - z->since_ms;
	if (waited > p->longest_wait_ms) p->longest_wait_ms = waited;
	world_attempted(w, z);
	p->questions_sent++;
	w->figures.questions++;
	count_packet(w, p);
	fly(w, z, DOING_UDP, is_silent(p, false) ? UDP_SILENT_MS : p->rtt_ms);
}

static void pump_line(struct world *w) {
	struct line_item *item;
	while ((item = line_next(&w->line))) {
		struct world_zone *z = (struct world_zone *)((char *)item -
		                                             offsetof(struct world_zone, place));
		struct world_primary *p = world_primary_of(w, z, z->asked);
		struct why why;
		if (reach_admits_datagram(&p->udp, w->ms, (enum urgency)z->urgency, p->line.on_way, &why)) {
			send_datagram(w, z, p);
			continue;
		}
		line_left(&w->line, &p->line);
		w->figures.out_of_turn++;
		fly(w, z, DOING_REFUSED, 0);
	}
}

void world_ask(struct world *w, struct world_zone *z, const struct follow_decision *d) {
	struct world_primary *p = world_primary_of(w, z, d->primary);
	z->asked = (uint8_t)d->primary;
	z->urgency = (uint8_t)d->urgency;
	z->probe = d->probe;
	begin(w, z, DOING_LINE);
	line_put(&w->line, &p->line, &z->place, d->urgency);
	pump_line(w);
}

static uint32_t serial_of(const struct world *w, const struct world_zone *z, const struct world_primary *p) {
	return world_soa(w, z).serial - (p->mood == MOOD_BEHIND ? p->lag : 0);
}

static struct follow_decision answer(struct world *w, struct world_zone *z, bool by_udp) {
	struct world_primary *p = world_primary_of(w, z, z->asked);
	struct follow_env env = world_env(w, z);
	if (p->mood == MOOD_NOT_AUTHORITY) return world_fail(w, z, REASON_NOT_AUTHORITATIVE, false);
	uint32_t serial = serial_of(w, z, p);
	if (z->f.state == FOLLOW_ASKING && serial == z->f.serial) z->confirmed_s = env.now_s;
	world_note(w, 1, z->index, serial);
	return follow_answered(&z->f, &env, serial, by_udp);
}

static void arrive_udp(struct world *w, struct world_zone *z) {
	struct world_primary *p = world_primary_of(w, z, z->asked);
	line_left(&w->line, &p->line);
	if (is_silent(p, false)) {
		struct why why;
		why_set(&why, REASON_TIMEOUT, "scripted");
		reach_failed(&p->udp, w->ms, &why);
		z->attempt_by_s = INT64_MAX;
		ask_by_tcp(w, z);
	} else {
		if (reach_answered(&p->udp)) world_back(w, p);
		finish(w, z, answer(w, z, true));
	}
	pump_line(w);
}

/* -- copies -- */

static void wait_for_place(struct world *w, struct world_primary *p) {
	if (p->waits || p->copying >= COPIES_OF_PRIMARY) return;
	p->waits = true;
	p->next_waiting = NULL;
	if (w->last_waiting)
		w->last_waiting->next_waiting = p;
	else
		w->first_waiting = p;
	w->last_waiting = p;
}

static bool has_place(const struct world *w, const struct world_primary *p) {
	if (p->copying >= COPIES_OF_PRIMARY) return false;
	return w->copying < COPIES_MAX || (p->copying == 0 && w->copying < COPIES_OVER * COPIES_MAX);
}

static struct world_list *first_copies(struct world_primary *p) {
	for (unsigned u = 0; u < URGENCY_COUNT; u++) {
		if (p->copies[u].first) return &p->copies[u];
	}
	return NULL;
}

static void pump_copies(struct world *w, struct world_primary *p) {
	struct world_list *list;
	while ((list = first_copies(p))) {
		if (!has_place(w, p)) {
			wait_for_place(w, p);
			return;
		}
		if (p->open_until_ms <= w->ms) {
			connect_to(w, p);
			return;
		}
		struct world_zone *z = list_take(list);
		p->copying++;
		w->copying++;
		p->copies_sent++;
		w->figures.copies++;
		p->open_until_ms = w->ms + CONNECTION_IDLE_MS;
		fly(w, z, DOING_COPY, 2 * p->rtt_ms + 1);
	}
}

static void pump_waiting(struct world *w) {
	struct world_primary *last = w->last_waiting;
	while (w->first_waiting && last) {
		struct world_primary *p = w->first_waiting;
		w->first_waiting = p->next_waiting;
		if (!w->first_waiting) w->last_waiting = NULL;
		p->waits = false;
		pump_copies(w, p);
		if (p == last) return;
	}
}

bool world_copy(struct world *w, struct world_zone *z, const struct follow_decision *d,
                struct follow_decision *out_next) {
	struct world_primary *p = world_primary_of(w, z, d->primary);
	struct why why;
	z->asked = (uint8_t)d->primary;
	z->urgency = (uint8_t)d->urgency;
	z->has_floor = d->has_floor;
	z->floor = d->floor;
	world_attempted(w, z);
	if (!reach_admits(&p->tcp, w->ms, d->urgency, &why)) {
		*out_next = world_fail(w, z, REASON_UNREACHABLE, true);
		return false;
	}
	begin(w, z, DOING_COPY_QUEUED);
	list_append(&p->copies[d->urgency], z);
	pump_copies(w, p);
	return true;
}

static struct follow_decision copied(struct world *w, struct world_zone *z, const struct world_primary *p) {
	switch (p->mood) {
	case MOOD_DEAD:
	case MOOD_NO_TCP: return world_fail(w, z, REASON_TIMEOUT, false);
	case MOOD_REFUSES: return world_fail(w, z, REASON_REFUSED, false);
	case MOOD_NOT_AUTHORITY: return world_fail(w, z, REASON_NOT_AUTHORITATIVE, false);
	case MOOD_BAD_CONTENT: return world_fail(w, z, REASON_OUT_OF_ZONE, false);
	default: break;
	}
	uint32_t serial = serial_of(w, z, p);
	if (z->has_floor && timers_judge_serial(z->floor, serial) == SERIAL_OLDER)
		return world_fail(w, z, REASON_SERIAL_BEHIND, false);
	struct follow_env env = world_env(w, z);
	if (z->f.believed && serial == z->f.serial) {
		z->confirmed_s = env.now_s;
		world_note(w, 6, z->index, serial);
		return follow_unchanged(&z->f, &env);
	}
	if (z->f.believed && timers_judge_serial(z->f.serial, serial) == SERIAL_OLDER)
		return world_fail(w, z, REASON_SERIAL_BEHIND, false);
	z->copied_serial = serial;
	return follow_copied(&z->f, &env, serial);
}

static void arrive_copy(struct world *w, struct world_zone *z) {
	struct world_primary *p = world_primary_of(w, z, z->asked);
	p->copying--;
	w->copying--;
	finish(w, z, copied(w, z, p));
	pump_copies(w, p);
	pump_waiting(w);
}

void world_save(struct world *w, struct world_zone *z) {
	fly(w, z, DOING_SAVE, SAVE_MS);
}

static void arrive_save(struct world *w, struct world_zone *z) {
	uint32_t fails_in = w->settings.store_fails_in;
	if (fails_in > 0 && random_below(&w->script, fails_in) == 0) {
		finish(w, z, world_fail(w, z, REASON_STORE_FAILED, false));
		return;
	}
	struct follow_env env = world_env(w, z);
	struct soa soa = world_soa(w, z);
	soa.serial = z->copied_serial;
	z->served = true;
	z->confirmed_s = env.now_s;
	w->figures.saved++;
	world_note(w, 2, z->index, soa.serial);
	finish(w, z, follow_saved(&z->f, &env, &soa));
}

/* -- what comes -- */

static void arrive_at_zone(struct world *w, struct world_zone *z) {
	switch ((enum doing)z->doing) {
	case DOING_REFUSED: ask_by_tcp(w, z); break;
	case DOING_UDP: arrive_udp(w, z); break;
	case DOING_TCP:
		finish(w, z,
		       is_silent(world_primary_of(w, z, z->asked), true)
		               ? world_fail(w, z, REASON_TIMEOUT, false)
		               : answer(w, z, false));
		break;
	case DOING_COPY: arrive_copy(w, z); break;
	case DOING_SAVE: arrive_save(w, z); break;
	default: fail_msg("zone %u: nothing was under way", z->index);
	}
}

void world_arrive(struct world *w, struct wheel_item *item) {
	uintptr_t at = (uintptr_t)item, first = (uintptr_t)w->primaries;
	if (at >= first && at < first + w->settings.primaries * sizeof(struct world_primary))
		connected(w,
		          (struct world_primary *)((char *)item - offsetof(struct world_primary, connect)));
	else
		arrive_at_zone(w, (struct world_zone *)((char *)item - offsetof(struct world_zone, flight)));
}
