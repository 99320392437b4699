/* A scripted primary on loopback, on the loop of the test: every zone below its suffix exists, with one serial for all,
 * ten records each.  UDP and TCP on the same port. */
#ifndef TESTS_UNIT_TRANSFER_PRIMARY_LAB_H
#define TESTS_UNIT_TRANSFER_PRIMARY_LAB_H

#include <uv.h>

#include "axfr_lab.h"
#include "base/addr.h"
#include "base/clock.h"

enum script {
	SCRIPT_SERVE,
	SCRIPT_CLOSE_AFTER_ONE, /* one answer a connection */
	SCRIPT_REFUSE,          /* AXFR: REFUSED */
	SCRIPT_HANG,            /* takes connections, answers nothing */
	SCRIPT_QUOTA, /* AXFR: SERVFAIL to all but the first four questions that come together on a connection */
	SCRIPT_CUT,     /* closes in the middle of an AXFR */
	SCRIPT_MISMATCH /* closing SOA differs */
};

struct primary_lab {
	uv_loop_t *loop;
	uv_udp_t udp;
	uv_tcp_t tcp;
	struct addr addr;
	enum script script;
	bool no_udp;
	bool truncates; /* UDP: TC */
	uint32_t serial;
	const struct tsig_key *key; /* what questions must be signed with; NULL: unsigned */
	unsigned soa_udp, soa_tcp, axfr, connections, notifies;
	unsigned together; /* most questions that came at once on a connection */
	struct lab_connection *open;
	uint8_t udp_input[4096];
	struct lab_message message;
};

struct lab_connection {
	uv_tcp_t tcp;
	struct primary_lab *primary;
	struct lab_connection *next;
	uint8_t input[70000];
	size_t len;
	unsigned answered;
	unsigned together; /* questions of this read so far */
	bool closing;
};

static inline void lab_closed(uv_handle_t *h) {
	free(h->data);
}

static inline void lab_drop(struct lab_connection *c) {
	if (c->closing) return;
	c->closing = true;
	struct lab_connection **at = &c->primary->open;
	while (*at != c)
		at = &(*at)->next;
	*at = c->next;
	uv_close((uv_handle_t *)&c->tcp, lab_closed);
}

static inline void lab_written(uv_write_t *w, int status) {
	(void)status;
	free(w);
}

static inline void lab_send(struct lab_connection *c, const struct lab_message *m) {
	uv_write_t *w = malloc(sizeof(*w) + 2 + m->len);
	uint8_t *data = (uint8_t *)(w + 1);
	store_u16(data, (uint16_t)m->len);
	memcpy(data + 2, m->data, m->len);
	uv_buf_t buf = uv_buf_init((char *)data, (unsigned)(2 + m->len));
	uv_write(w, (uv_stream_t *)&c->tcp, &buf, 1, lab_written);
}

/* The answer to one question over TCP; false: the connection goes. */
static inline bool lab_answer_tcp(struct lab_connection *c, const struct message *q, const char *zone) {
	struct primary_lab *p = c->primary;
	struct tsig_state server;
	struct lab_answer form = { .zone = zone, .id = q->header.id, .type = q->question.type };
	struct lab_record records[11] = { lab_soa(zone, p->serial), lab_ns(zone, "ns1.example.net.") };
	char owners[8][NAME_TEXT_MAX];
	bool is_axfr = q->question.type == RR_AXFR || q->question.type == RR_IXFR; /* it has no differences */
	if (p->script == SCRIPT_HANG) return true;
	if (p->key) {
		form.now_s = (uint64_t)clock_now().wall_s;
		enum err e = lab_accept_at(&server, p->key, q->data, q->len, form.now_s);
		form.tsig = &server;
		if (e != OK) form.flags = RCODE_NOTAUTH;
	}
	if (form.flags != 0) {
		lab_make(&p->message, &form, NULL, 0);
		lab_send(c, &p->message);
	} else if (!is_axfr) {
		p->soa_tcp++;
		lab_make(&p->message, &form, records, 1);
		lab_send(c, &p->message);
	} else if (p->script == SCRIPT_REFUSE || (p->script == SCRIPT_QUOTA && c->together > 4)) {
		p->axfr++;
		form.flags = p->script == SCRIPT_REFUSE ? RCODE_REFUSED : RCODE_SERVFAIL;
		lab_make(&p->message, &form, NULL, 0);
		lab_send(c, &p->message);
	} else {
		p->axfr++;
		for (int i = 0; i < 8; i++) {
			snprintf(owners[i], sizeof(owners[i]), "h%d.%.900s", i, zone);
			records[2 + i] = lab_a(owners[i], (uint8_t)i);
		}
		records[10] = lab_soa(zone, p->serial + (p->script == SCRIPT_MISMATCH));
		lab_make(&p->message, &form, records, 5);
		lab_send(c, &p->message);
		if (p->script == SCRIPT_CUT) return false;
		lab_make(&p->message, &form, records + 5, 6);
		lab_send(c, &p->message);
	}
	if (form.tsig) tsig_done(&server);
	return ++c->answered == 0 || p->script != SCRIPT_CLOSE_AFTER_ONE;
}

static inline void lab_shut(uv_shutdown_t *s, int status) {
	(void)status;
	struct lab_connection *c = s->data;
	free(s);
	lab_drop(c);
}

static inline void lab_read(uv_stream_t *stream, ssize_t got, const uv_buf_t *buf) {
	(void)buf;
	struct lab_connection *c = stream->data;
	if (got < 0) {
		lab_drop(c);
		return;
	}
	c->len += (size_t)got;
	size_t pos = 0;
	bool go_on = true;
	c->together = 0;
	while (go_on && c->len - pos >= 2 && c->len - pos - 2 >= load_u16(c->input + pos)) {
		size_t len = load_u16(c->input + pos);
		struct message q;
		char zone[NAME_TEXT_MAX];
		enum err e = message_parse(c->input + pos + 2, len, &q);
		assert(e == OK);
		(void)e;
		name_text(q.question.name.wire, zone);
		if (++c->together > c->primary->together) c->primary->together = c->together;
		go_on = lab_answer_tcp(c, &q, zone);
		pos += 2 + len;
	}
	memmove(c->input, c->input + pos, c->len - pos);
	c->len -= pos;
	if (go_on) return;
	uv_read_stop(stream);
	uv_shutdown_t *s = malloc(sizeof(*s));
	s->data = c;
	if (uv_shutdown(s, stream, lab_shut) != 0) {
		free(s);
		lab_drop(c);
	}
}

static inline void lab_alloc(uv_handle_t *h, size_t suggested, uv_buf_t *buf) {
	(void)suggested;
	struct lab_connection *c = h->data;
	*buf = uv_buf_init((char *)c->input + c->len, (unsigned)(sizeof(c->input) - c->len));
}

static inline void lab_accepted(uv_stream_t *server, int status) {
	struct primary_lab *p = server->data;
	assert(status == 0);
	(void)status;
	struct lab_connection *c = calloc(1, sizeof(*c));
	uv_tcp_init(p->loop, &c->tcp);
	c->tcp.data = c;
	c->primary = p;
	c->next = p->open;
	p->open = c;
	p->connections++;
	int e = uv_accept(server, (uv_stream_t *)&c->tcp);
	assert(e == 0);
	(void)e;
	uv_tcp_nodelay(&c->tcp, 1);
	uv_read_start((uv_stream_t *)&c->tcp, lab_alloc, lab_read);
}

static inline void lab_udp_alloc(uv_handle_t *h, size_t suggested, uv_buf_t *buf) {
	(void)suggested;
	struct primary_lab *p = h->data;
	*buf = uv_buf_init((char *)p->udp_input, sizeof(p->udp_input));
}

static inline void lab_udp_read(uv_udp_t *udp, ssize_t got, const uv_buf_t *buf, const struct sockaddr *from,
                                unsigned flags) {
	(void)buf;
	(void)flags;
	struct primary_lab *p = udp->data;
	struct message q;
	char zone[NAME_TEXT_MAX];
	struct tsig_state server;
	if (got <= 0 || !from || message_parse(p->udp_input, (size_t)got, &q) != OK) return;
	bool is_notify = header_opcode(&q.header) == OPCODE_NOTIFY;
	if (p->no_udp && !is_notify) return;
	name_text(q.question.name.wire, zone);
	struct lab_answer form = { .zone = zone, .id = q.header.id, .type = RR_SOA };
	if (is_notify) form.flags = OPCODE_NOTIFY << 11;
	if (p->key) {
		form.now_s = (uint64_t)clock_now().wall_s;
		enum err e = lab_accept_at(&server, p->key, q.data, q.len, form.now_s);
		form.tsig = &server;
		if (e != OK) form.flags |= RCODE_NOTAUTH;
	}
	++*(is_notify ? &p->notifies : &p->soa_udp);
	if (p->truncates && !is_notify) form.flags |= FLAG_TC;
	struct lab_record soa = lab_soa(zone, p->serial);
	lab_make(&p->message, &form, &soa, is_notify || form.flags ? 0 : 1);
	uv_buf_t out = uv_buf_init((char *)p->message.data, (unsigned)p->message.len);
	(void)uv_udp_try_send(udp, &out, 1, from);
	if (form.tsig) tsig_done(&server);
}

static inline void primary_begin(struct primary_lab *p, uv_loop_t *loop) {
	struct sockaddr_in sa = { .sin_family = AF_INET };
	struct sockaddr_storage bound;
	int len = sizeof(bound);
	memset(p, 0, sizeof(*p));
	p->loop = loop;
	p->serial = 1;
	sa.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	for (;;) { /* a port that is free for both */
		uv_tcp_init(loop, &p->tcp);
		uv_udp_init(loop, &p->udp);
		p->tcp.data = p->udp.data = p;
		sa.sin_port = 0;
		int e = uv_tcp_bind(&p->tcp, (struct sockaddr *)&sa, 0);
		if (e == 0) e = uv_listen((uv_stream_t *)&p->tcp, 128, lab_accepted);
		if (e == 0) e = uv_tcp_getsockname(&p->tcp, (struct sockaddr *)&bound, &len);
		assert(e == 0);
		e = uv_udp_bind(&p->udp, (struct sockaddr *)&bound, 0);
		if (e == 0) break;
		uv_close((uv_handle_t *)&p->tcp, NULL);
		uv_close((uv_handle_t *)&p->udp, NULL);
		uv_run(loop, UV_RUN_NOWAIT);
	}
	p->addr = addr_from_sockaddr((struct sockaddr *)&bound);
	uv_udp_recv_start(&p->udp, lab_udp_alloc, lab_udp_read);
}

/* No more connections, no more answers: the port is closed. */
static inline void primary_stop(struct primary_lab *p) {
	if (uv_is_closing((uv_handle_t *)&p->tcp)) return;
	while (p->open)
		lab_drop(p->open);
	uv_close((uv_handle_t *)&p->tcp, NULL);
	uv_close((uv_handle_t *)&p->udp, NULL);
}

#endif
