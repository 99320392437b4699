/* What a server may send to the client's side of TLS.  The first octet says how, the second in pieces of what size:
 *   0  the octets in place of a server's                 2  after a handshake, the octets inside the session
 *   1  after a handshake, the octets in clear            3  a server whose octets are changed: the input is triples of
 *                                                           place (2) and change (1)
 * However it goes, the session ends or waits after a bounded number of calls, and whoever is refused is told why. */
#include <stdint.h>

#include "../unit/net/tls_server_make.h"
#include "base/bytes.h"
#include "net/tls_dial.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

enum { HOWS = 4, TURNS_MAX = 200000 };

struct world {
	struct tls_files files;
	struct tls_trust *by_pin, *by_name;
	struct tls_server_settings settings;
};

struct game {
	struct tls_dial *dial;
	struct tls_server *server; /* NULL: the input is all there is */
	size_t piece, sent;
	const uint8_t *changes; /* triples */
	size_t changes_len;
	bool open, over;
};

static struct tls_trust *trust(const struct tls_terms *terms) {
	struct tls_trust *t = NULL;
	char text[TLS_TEXT_MAX];
	must(tls_trust_load(terms, &t, text) == OK);
	return t;
}

static struct world only;

static void remove_files(void) {
	tls_files_remove(&only.files);
}

static struct world *make_world(void) {
	struct tls_terms terms = { .pin_count = 1 };
	gnutls_datum_t pem, der;
	tls_files_make(&only.files, "ns.example"); /* each server reads them: they are there until the end */
	must(atexit(remove_files) == 0);
	must(gnutls_load_file(only.files.certificate, &pem) == 0);
	must(gnutls_pem_base64_decode2("CERTIFICATE", &pem, &der) == 0);
	must(pin_of_certificate(&der, &terms.pins[0]) == OK);
	gnutls_free(pem.data);
	gnutls_free(der.data);
	only.by_pin = trust(&terms);
	terms = (struct tls_terms){ .name = (char *)(uintptr_t) "ns.example", .ca = only.files.certificate };
	only.by_name = trust(&terms);
	only.settings = (struct tls_server_settings){ .alpn = "dot", .files = &only.files };
	return &only;
}

/* -- the client -------------------------------------------------------------------------------------------------- */

static void carry_out(struct game *g) {
	uint8_t *data = NULL;
	size_t len = tls_dial_output(g->dial, &data);
	must(len <= TLS_DIAL_OUTPUT_MAX);
	if (len > 0 && g->server && len <= sizeof(g->server->in.data) - g->server->in.len)
		wire_put(&g->server->in, data, len);
	free(data);
}

static void check_end(struct game *g, enum err e, const struct why *why) {
	must(e == ERR_CLOSED || e == ERR_REFUSED || e == ERR_MALFORMED);
	must(why->reason != REASON_NONE && why->evidence[0]);
	g->over = true;
}

static void read_all(struct game *g) {
	uint8_t buf[777];
	struct why why = { 0 };
	size_t len = 0;
	enum err e;
	for (unsigned i = 0; (e = tls_dial_read(g->dial, buf, sizeof(buf), &len, &why)) == OK; i++)
		must(i < TURNS_MAX && len > 0 && len <= sizeof(buf));
	if (e == ERR_AGAIN) return;
	check_end(g, e, &why);
	must(tls_dial_write(g->dial, (const uint8_t *)"q", 1) == ERR_CLOSED);
}

static void go_on(struct game *g) {
	struct why why = { 0 };
	if (!g->open) {
		enum err e = tls_dial_handshake(g->dial, &why);
		if (e == OK)
			g->open = true;
		else if (e != ERR_AGAIN)
			check_end(g, e, &why);
	}
	carry_out(g);
	if (g->open && !g->over) read_all(g);
	carry_out(g);
}

static void feed(struct game *g, const uint8_t *data, size_t len) {
	for (size_t at = 0; at < len && !g->over;) {
		size_t piece = len - at < g->piece ? len - at : g->piece;
		tls_dial_input(g->dial, data + at, piece);
		go_on(g);
		at += piece;
	}
}

/* -- the server --------------------------------------------------------------------------------------------------- */

static void change(struct game *g, uint8_t *data, size_t len) {
	for (size_t i = 0; i + 3 <= g->changes_len; i += 3) {
		size_t place = load_u16(g->changes + i);
		if (place >= g->sent && place < g->sent + len) data[place - g->sent] ^= g->changes[i + 2];
	}
	g->sent += len;
}

/* What the server has to send. */
static bool carry_in(struct game *g) {
	struct wire *w = &g->server->out;
	size_t len = w->len - w->pos;
	if (len == 0 || g->over) return false;
	uint8_t *copy = malloc(len);
	must(copy != NULL);
	memcpy(copy, w->data + w->pos, len);
	w->pos = w->len;
	change(g, copy, len);
	feed(g, copy, len);
	free(copy);
	return true;
}

static void shake(struct game *g) {
	go_on(g);
	for (unsigned i = 0; i < 100 && !g->over; i++) {
		tls_server_turn(g->server);
		if (!carry_in(g)) return;
	}
}

static void say_inside(struct game *g, const uint8_t *data, size_t len) {
	for (size_t at = 0; at < len && g->server->open;) {
		size_t part = data[at] + 1U;
		if (part > len - at) part = len - at;
		if (gnutls_record_send(g->server->session, data + at, part) < 0) return;
		if (data[at] % 16 == 3) (void)gnutls_session_key_update(g->server->session, GNUTLS_KU_PEER);
		at += part;
	}
	while (carry_in(g))
		continue;
}

static void end(struct game *g) {
	if (!g->over) {
		tls_dial_input_end(g->dial);
		go_on(g);
		must(g->over);
	}
	tls_dial_goodbye(g->dial);
	tls_dial_free(g->dial);
	if (g->server) tls_server_free(g->server);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len) {
	static struct world *world;
	if (!world) world = make_world();
	if (len < 2) return 0;
	unsigned how = data[0] % HOWS;
	struct game g = { .piece = data[1] ? data[1] : SIZE_MAX };
	g.dial = tls_dial_new(data[0] & 0x80 ? world->by_name : world->by_pin);
	must(g.dial != NULL);
	data += 2;
	len -= 2;
	if (how > 0) g.server = tls_server_new(&world->settings);
	if (how == 3) {
		g.changes = data;
		g.changes_len = len;
	}
	if (g.server)
		shake(&g);
	else
		go_on(&g);
	if (how < 2) feed(&g, data, len);
	if (how >= 2 && g.open && !g.over) say_inside(&g, data, len);
	end(&g);
	return 0;
}
