/* Any octets as a request against zones of every kind.  The first octet chooses how they come: bit 0 TCP, bit 1
 * from the primary's address, bit 2 signed with the known key, bit 3 from a stranger, bit 4 TLS where bit 0 says TCP,
 * bit 5 from a network that is refused, bit 6 an hour later, bit 7 from one that has had what it may get.  Every answer
 * must parse, keep the request's ID, its OPT and the size that was agreed, have a cookie for the client's, and verify if
 * the request was signed; beyond a rate limit it must not be larger than the request but by a server cookie. */
#include <stdlib.h>

#include "../unit/serve/lab.h"

static const char
	*const zone = "@ SOA ns admin 7 3600 600 86400 300\n"
		      "@ NS ns\n@ NS ns.sub\n@ MX 10 mail\n"
		      "ns A 192.0.2.53\nns AAAA 2001:db8::53\nmail A 192.0.2.25\n"
		      "www A 192.0.2.80\nalias CNAME www\nloop CNAME loop\n*.w CNAME alias\n*.a.w TXT deep\n"
		      "old DNAME new\nx.new A 192.0.2.1\nself DNAME a.self2\nself2 DNAME self\n"
		      "sub NS ns.sub\nsub NS ns\nns.sub A 192.0.2.2\nsafe NS ns.safe\nsafe DS 1 13 2 aabb\n"
		      "b.c.d TXT ent\nsrv SRV 1 2 3 www\nsvc HTTPS 1 www\n";

static void check(bool ok) {
	if (!ok) abort();
}

/* The same again within the hour is beyond the limit; all but one network are exempt. */
static void limit(struct lab *lab) {
	static struct addr_prefix exempt[2];
	check(addr_prefix_parse("0.0.0.0/0", &exempt[0]) == OK);
	check(addr_prefix_parse("2001:db8::9", &exempt[1]) == OK);
	lab->settings.rate_limit = (struct rate_settings){
		.per_s = { 1, 1, 1, 1, 1, 1, 0 },
		.slip = 1,
		.ipv4_prefix = 24,
		.ipv6_prefix = 128,
		.exempt = exempt,
		.exempt_count = 2,
	};
}

static struct lab *make_lab(void) {
	static struct addr_prefix refused;
	struct lab *lab = lab_new_with("fuzz", 1232);
	check(addr_prefix_parse("203.0.113.0/24", &refused) == OK);
	lab->settings.version = "a version";
	lab->settings.cookies = true;
	lab->settings.cookie_secrets.count = 2; /* known to the corpus: zeros, and ones */
	memset(lab->settings.cookie_secrets.items[1], 1, COOKIE_SECRET_LEN);
	lab->settings.tcp_idle_ms = 10000;
	lab->settings.refuse = &refused;
	lab->settings.refuse_count = 1;
	limit(lab);
	lab_configure(lab);
	lab_zone(lab, "example.", zone, SIGN_NSEC);
	lab_zone(lab, "sub.example.", zone, SIGN_NSEC3);
	lab_zone(lab, "e.", zone, SIGN_NSEC3_OPTOUT);
	lab_zone(lab, "plain.", zone, SIGN_NONE);
	lab_entry(lab, "pending.");
	lab_entry(lab, ".");
	return lab;
}

static bool find_option(const struct message *m, uint16_t code, const uint8_t **out_data, uint16_t *out_len) {
	unsigned pos = 0;
	uint16_t found;
	while (edns_option_next(&m->edns, &pos, &found, out_data, out_len))
		if (found == code) return true;
	return false;
}

/* What options promise: RFC 6891 section 6.1.1, RFC 7873 section 5.2, RFC 8467. */
static void check_options(const struct message *asked, const struct message *m,
                          enum serve_transport transport) {
	const uint8_t *data, *client;
	uint16_t len, client_len;
	check(m->edns.present == asked->edns.present);
	if (!m->edns.present) return;
	check(m->edns.version == 0 && m->edns.dnssec_ok == asked->edns.dnssec_ok);
	if (find_option(m, EDNS_COOKIE, &data, &len)) {
		check(len == COOKIE_LEN && find_option(asked, EDNS_COOKIE, &client, &client_len));
		check(memcmp(data, client, COOKIE_CLIENT_LEN) == 0);
	}
	bool is_padded = find_option(m, EDNS_PADDING, &data, &len);
	check(!is_padded ||
	      (transport == SERVE_TLS && find_option(asked, EDNS_PADDING, &client, &client_len)));
	check(!is_padded || m->len % 468 == 0 || m->len >= 65535 - 3);
	check(!find_option(m, EDNS_KEEPALIVE, &data, &len) || transport != SERVE_UDP);
}

/* Of a request that is whole and not signed. */
static size_t size_limit(const struct message *asked, enum serve_transport transport) {
	if (transport != SERVE_UDP) return 65535;
	if (!asked->edns.present) return 512;
	return asked->edns.udp_size < 1232 ? asked->edns.udp_size : 1232;
}

static void check_exchange(const struct lab *lab, bool is_signed, enum serve_transport transport) {
	struct message asked, m;
	if (message_parse(lab->request, lab->request_len, &asked) != OK) return;
	check(message_parse(lab->answer, lab->answer_len, &m) == OK);
	check_options(&asked, &m, transport);
	if (!is_signed && asked.tsig_pos == 0) check(lab->answer_len <= size_limit(&asked, transport));
}

/* Whose address nobody has proven is sent no more than came in its name. */
static void check_limited(const struct lab *lab) {
	struct message asked;
	const uint8_t *cookie;
	uint16_t len;
	if (message_parse(lab->request, lab->request_len, &asked) == OK &&
	    find_option(&asked, EDNS_COOKIE, &cookie, &len) && len > COOKIE_CLIENT_LEN)
		return; /* may be valid */
	check(lab->answer_len <= lab->request_len + COOKIE_LEN - COOKIE_CLIENT_LEN);
}

static void check_answer(const struct lab *lab, struct tsig_state *tsig, size_t limit) {
	struct message m;
	check(lab->answer_len <= limit);
	check(message_parse(lab->answer, lab->answer_len, &m) == OK);
	check(m.header.flags & FLAG_QR);
	check(memcmp(lab->answer, lab->request, 2) == 0);
	if (!tsig || m.tsig_pos == 0) return; /* what was not understood is answered unsigned */
	enum err e = tsig_verify_answer(tsig, &m, (uint64_t)lab_now().wall_s);
	check(e == OK || e == ERR_TSIG_BADKEY); /* keys belong to zones */
}

static void drain(struct lab *lab, struct tsig_state *tsig) {
	long len;
	while ((len = serve_stream_next(lab->stream, lab_now(), lab->answer, 65535)) > 0) {
		lab->answer_len = (size_t)len;
		check_answer(lab, tsig, 65535);
	}
	check(len == 0);
}

static const char *peer_of(uint8_t how) {
	if (how & 128) return "2001:db8::80@4000";
	if (how & 32) return "203.0.113.5@4000";
	if (how & 2) return "192.0.2.1@53";
	return how & 8 ? "2001:db8::9@4000" : "127.0.0.1@4000";
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len) {
	static struct lab *lab;
	struct tsig_state tsig = { 0 };
	if (!lab) lab = make_lab();
	if (len < 1 || len > 2000) return 0;
	uint8_t how = data[0];
	lab->request_len = len - 1;
	memcpy(lab->request, data + 1, len - 1);
	check(addr_parse(peer_of(how), 0, &lab->peer) == OK);
	bool is_signed = (how & 4) && lab->request_len >= MESSAGE_HEADER_LEN;
	if (is_signed)
		is_signed = tsig_sign_request(&tsig, &lab->key, (uint64_t)lab_now().wall_s, lab->request,
		                              lab->request_len, sizeof(lab->request),
		                              &lab->request_len) == OK;
	/* In a block of its own size, so that a read beyond the request is seen. */
	uint8_t *request = malloc(lab->request_len ? lab->request_len : 1);
	check(request != NULL);
	memcpy(request, lab->request, lab->request_len);
	enum serve_transport transport = !(how & 1) ? SERVE_UDP : how & 16 ? SERVE_TLS : SERVE_TCP;
	struct serve_request r = { .data = request,
		                   .len = lab->request_len,
		                   .peer = &lab->peer,
		                   .now = lab_now(),
		                   .transport = transport };
	if (how & 64) r.now.wall_s += 3600;
	bool limited = (how & 128) && transport == SERVE_UDP && !is_signed;
	for (unsigned i = 0; i < (limited ? 2 : 1); i++)
		lab->answer_len = serve_packet(lab->worker, &r, lab->answer, sizeof(lab->answer),
		                               transport == SERVE_UDP ? NULL : &lab->stream);
	if (limited) check_limited(lab);
	if (lab->answer_len) {
		/* An hour later no request's signature is in time. */
		check_answer(lab, is_signed && !(how & 64) ? &tsig : NULL, how & 1 ? 65535 : 1232);
		check_exchange(lab, is_signed, transport);
	}
	if (lab->stream) drain(lab, is_signed ? &tsig : NULL);
	serve_stream_free(lab->stream);
	lab->stream = NULL;
	free(request);
	tsig_done(&tsig);
	return 0;
}
