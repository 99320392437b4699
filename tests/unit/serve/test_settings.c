/* Settings: copied, replaced while workers answer, freed when nobody reads them; and who is refused by them. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <pthread.h>

#include "lab.h"

#define REPLACEMENTS 2000

static int setup(void **state) {
	struct lab *lab = lab_new_with("first", 1232);
	lab_zone(lab, "example.", "@ SOA ns admin 7 3600 600 86400 300\n@ NS ns\nwww A 192.0.2.80\n",
	         SIGN_NONE);
	*state = lab;
	return 0;
}
static int teardown(void **state) {
	lab_free(*state);
	return 0;
}

#define ANSWERS(question, expected) assert_string_equal(lab_ask(*state, question), expected)
#define WWW "AN www.example. 3600 A 192.0.2.80\n"

static void settings_are_copies(void **state) {
	struct lab *lab = *state;
	char text[] = "second";
	struct addr_prefix refused;
	assert_int_equal(addr_prefix_parse("198.51.100.0/24", &refused), OK);
	lab->settings.nsid = text;
	lab->settings.refuse = &refused;
	lab->settings.refuse_count = 1;
	lab_configure(lab);
	memset(text, 'x', sizeof(text));
	memset(&refused, 0, sizeof(refused));
	ANSWERS("www.example. A nsid", "NOERROR aa edns nsid=second\n" WWW);
	assert_int_equal(addr_parse("198.51.100.7@53", 0, &lab->peer), OK);
	ANSWERS("www.example. A", "REFUSED\n");
}

static void former_settings_are_freed_by_epoch(void **state) {
	struct lab *lab = *state;
	struct epoch_reader *reader = epoch_join(lab->epoch);
	for (unsigned i = 0; i < 3; i++)
		lab_configure(lab);
	assert_int_equal(epoch_collect(lab->epoch), 3);
	epoch_quiescent(reader);
	assert_int_equal(epoch_collect(lab->epoch), 0);
	epoch_leave(reader);
}

static void sizes_follow_the_settings(void **state) {
	struct lab *lab = *state;
	struct message m;
	lab->settings.udp_size = 100; /* nobody may have less than 512 */
	lab_configure(lab);
	lab_ask(lab, "www.example. A edns=4096");
	assert_int_equal(message_parse(lab->answer, lab->answer_len, &m), OK);
	assert_int_equal(m.edns.udp_size, 512);
}

/* -- refused clients ------------------------------------------------------------------------------------------------ */

static void refuse_peer(struct lab *lab, const char *prefix, const char *peer) {
	struct addr_prefix refused;
	assert_int_equal(addr_prefix_parse(prefix, &refused), OK);
	assert_int_equal(addr_parse(peer, 0, &lab->peer), OK);
	lab->settings.refuse = &refused;
	lab->settings.refuse_count = 1;
	lab_configure(lab);
}

static void refused_clients_get_refused_and_nothing_else(void **state) {
	static const char *const questions[] = {
		"www.example. A edns=1232",         "nx.example. A do",
		"example. AXFR tcp edns=1232",      "www.other. A edns=1232",
		"id.server. TXT class=3 edns=1232", "www.example. A opt=10:01",
		"www.example. A version=1"
	};
	struct lab *lab = *state;
	struct serve_counters c;
	refuse_peer(lab, "2001:db8::/32", "2001:db8::7@53");
	for (unsigned i = 0; i < sizeof(questions) / sizeof(questions[0]); i++) {
		const char *shown = lab_ask(lab, questions[i]);
		assert_true(strcmp(shown, "REFUSED edns ede=18\n") == 0 ||
		            strcmp(shown, "REFUSED do ede=18\n") == 0);
		assert_null(lab->stream);
	}
	ANSWERS("www.example. A nsid", "REFUSED edns nsid=first ede=18\n");
	serve_count(lab->serve, &c);
	assert_int_equal(c.refused_clients, sizeof(questions) / sizeof(questions[0]) + 1);
	assert_int_equal(c.rcode_refused, c.refused_clients);
}

static void refused_clients_get_headers_for_what_is_no_message(void **state) {
	struct lab *lab = *state;
	struct lab_question q = lab_parse("www.example. A edns=1232");
	refuse_peer(lab, "192.0.2.0/24", "192.0.2.7@53");
	for (unsigned opcode = 0; opcode < 16; opcode++) {
		lab_build(lab, &q);
		lab->request[2] = (uint8_t)(opcode << 3);
		lab->request_len -= 3;
		assert_int_equal(lab_send(lab, SERVE_UDP), MESSAGE_HEADER_LEN);
		assert_string_equal(lab_show(lab), "REFUSED\n");
	}
	lab_build(lab, &q);
	lab->request[2] |= 0x80;
	assert_int_equal(lab_send(lab, SERVE_UDP), 0);
}

static void others_are_answered(void **state) {
	struct lab *lab = *state;
	refuse_peer(lab, "192.0.2.0/24", "192.0.3.7@53");
	ANSWERS("www.example. A", "NOERROR aa\n" WWW);
}

/* -- replaced under way ---------------------------------------------------------------------------------------------- */

struct asker {
	struct lab *lab;
	struct serve_worker *worker;
	_Atomic bool stop, ready;
	unsigned bad;
};

/* Identity and version change together: no answer may have one of each. */
static void *ask_on_and_on(void *ctx) {
	struct asker *a = ctx;
	struct epoch_reader *reader = epoch_join(a->lab->epoch);
	struct lab_question q = lab_parse("version.bind. TXT class=3 nsid");
	struct lab *own = calloc(1, sizeof(*own)); /* its buffers */
	lab_build(own, &q);
	while (!atomic_load(&a->stop)) {
		struct serve_request r = {
			.data = own->request, .len = own->request_len, .peer = &a->lab->peer, .now = lab_now()
		};
		own->answer_len = serve_packet(a->worker, &r, own->answer, sizeof(own->answer), NULL);
		uint16_t len = 0;
		const uint8_t *nsid = lab_option(own, EDNS_NSID, &len);
		const uint8_t *version = own->answer + 12 + 14 + 4 + 12 + 1; /* after its length */
		if (!nsid || len != 6 || memcmp(nsid, version, len) != 0) a->bad++;
		epoch_quiescent(reader);
		atomic_store(&a->ready, true);
	}
	epoch_leave(reader);
	free(own);
	return NULL;
}

static void an_answer_is_made_by_one_set_of_settings(void **state) {
	struct lab *lab = *state;
	struct asker asker = { .lab = lab, .worker = serve_worker_new(lab->serve, 1) };
	char text[7] = "aaaaaa";
	pthread_t thread;
	lab->settings.nsid = lab->settings.version = text;
	lab_configure(lab);
	assert_int_equal(pthread_create(&thread, NULL, ask_on_and_on, &asker), 0);
	while (!atomic_load(&asker.ready))
		sched_yield();
	for (unsigned i = 0; i < REPLACEMENTS; i++) {
		memset(text, 'a' + (int)(i % 26), 6);
		lab_configure(lab);
		(void)epoch_collect(lab->epoch); /* what is left waits for the next time */
	}
	atomic_store(&asker.stop, true);
	assert_int_equal(pthread_join(thread, NULL), 0);
	assert_int_equal(asker.bad, 0);
	serve_worker_free(asker.worker);
}

int main(void) {
#define ROW(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
	const struct CMUnitTest tests[] = {
		ROW(settings_are_copies),
		ROW(former_settings_are_freed_by_epoch),
		ROW(sizes_follow_the_settings),
		ROW(refused_clients_get_refused_and_nothing_else),
		ROW(refused_clients_get_headers_for_what_is_no_message),
		ROW(others_are_answered),
		ROW(an_answer_is_made_by_one_set_of_settings),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
