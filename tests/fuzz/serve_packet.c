/* Any octets as a request against zones of every kind.  The first octet chooses how they come: bit 0 TCP, bit 1
 * from the primary's address, bit 2 signed with the known key, bit 3 from a stranger.  Every answer must parse,
 * keep the request's ID and the size that was agreed, and verify if the request was signed. */
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

static struct lab *make_lab(void) {
	struct lab *lab = lab_new_with("fuzz", 1232);
	lab_zone(lab, "example.", zone, SIGN_NSEC);
	lab_zone(lab, "sub.example.", zone, SIGN_NSEC3);
	lab_zone(lab, "e.", zone, SIGN_NSEC3_OPTOUT);
	lab_zone(lab, "plain.", zone, SIGN_NONE);
	lab_entry(lab, "pending.");
	lab_entry(lab, ".");
	return lab;
}

static void check(bool ok) {
	if (!ok) abort();
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
	struct serve_request r = { request, lab->request_len, &lab->peer, lab_now(),
		                   how & 1 ? SERVE_TCP : SERVE_UDP };
	lab->answer_len = serve_packet(lab->worker, &r, lab->answer, sizeof(lab->answer),
	                               how & 1 ? &lab->stream : NULL);
	if (lab->answer_len) check_answer(lab, is_signed ? &tsig : NULL, how & 1 ? 65535 : 1232);
	if (lab->stream) drain(lab, is_signed ? &tsig : NULL);
	serve_stream_free(lab->stream);
	lab->stream = NULL;
	free(request);
	tsig_done(&tsig);
	return 0;
}
