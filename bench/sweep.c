/* Asks a server by UDP for the SOA of each zone of a list until all have answered with one:
 *
 *   bench_sweep ADDRESS PORT FILE SECONDS
 *
 * FILE has a zone on each line; they are asked in its order, and what has not answered rightly once more behind the others.
 * Prints "ready" when all that can be done before the server starts is done, then one line of JSON: "end", seconds of the
 * monotonic clock when the last one had answered, "asked", questions in all, and "missing", zones that had not answered
 * within SECONDS.  While zones are served, as many questions are kept under way as may be; while more than half of those asked
 * are not, few are asked at once and then none for a pause, so that asking costs the server little.  A port that is not open
 * yet is asked again after such a pause. */
#include <arpa/inet.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>

#include "dns/message.h"

#define TOGETHER 200      /* questions under way at once, at most ... */
#define TOGETHER_LEAST 10 /* ... and while hardly any zone is served yet */
#define ANSWER_MS 200     /* what has not come by then is asked again */
#define PAUSE_NS 5000000L
#define CLOSED_NS 1000000L /* until a port that is closed is asked again */
#define ANSWER_MAX 1232
#define PLACES 1024 /* by the question's number: one still there when its place is wanted again is lost */
#define NOBODY UINT32_MAX

struct zone {
	uint16_t len;
	uint8_t wire[271]; /* header, the longest name, type and class */
};

struct sweep {
	int fd;
	struct zone *zones;
	uint32_t *missing; /* a ring of as many places as there are zones */
	uint32_t zone_count, first, count;
	uint64_t asked;
	uint16_t id;                /* of the next question */
	uint32_t under_way[PLACES]; /* zone; NOBODY: none */
	unsigned under_way_count, together;
	unsigned right,
		wrong;  /* answers of this round, which has as many as were asked together when it began */
	bool is_closed; /* the port, when it was tried last */
	bool flows;     /* the last round was mostly right: an answer makes room for the next question */
	struct mmsghdr out[TOGETHER], in[TOGETHER];
	struct iovec out_parts[TOGETHER], in_parts[TOGETHER];
	uint8_t answers[TOGETHER][ANSWER_MAX];
};

static _Noreturn void fail(const char *what) {
	fprintf(stderr, "bench_sweep: %s\n", what);
	exit(1);
}

static double seconds_now(void) {
	struct timespec t;
	clock_gettime(CLOCK_MONOTONIC, &t);
	return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

static void zone_read(struct zone *z, const char *text) {
	struct question q = { .type = RR_SOA, .class = CLASS_IN };
	uint8_t wire[512];
	if (name_parse(text, &q.name) != OK) fail("a line that is no name");
	size_t len = message_query(wire, sizeof(wire), 0, 0, &q, 0, false);
	if (len > sizeof(z->wire)) fail("a name that is too long");
	memcpy(z->wire, wire, len);
	z->len = (uint16_t)len;
}

static void zones_read(struct sweep *s, const char *path) {
	char name[1024];
	FILE *file = fopen(path, "r");
	if (!file) fail("no file");
	for (uint32_t room = 0; fscanf(file, "%1023s", name) == 1; s->zone_count++) {
		if (s->zone_count == room) {
			room = room ? 2 * room : 1024;
			s->zones = realloc(s->zones, room * sizeof(*s->zones));
			if (!s->zones) fail("no memory");
		}
		zone_read(&s->zones[s->zone_count], name);
	}
	fclose(file);
	s->missing = calloc(s->zone_count + 1, sizeof(*s->missing));
	if (!s->missing) fail("no memory");
	for (uint32_t i = 0; i < s->zone_count; i++)
		s->missing[i] = i;
	s->count = s->zone_count;
}

static void socket_open(struct sweep *s, const char *address, const char *port) {
	struct sockaddr_in to = { .sin_family = AF_INET, .sin_port = htons((uint16_t)atoi(port)) };
	struct timeval patience = { 0, ANSWER_MS * 1000 };
	int room = 4 << 20;
	if (inet_pton(AF_INET, address, &to.sin_addr) != 1) fail("no IPv4 address");
	s->fd = socket(AF_INET, SOCK_DGRAM, 0);
	if (s->fd < 0 || connect(s->fd, (struct sockaddr *)&to, sizeof(to)) != 0) fail("no socket");
	(void)setsockopt(s->fd, SOL_SOCKET, SO_RCVBUF, &room, sizeof(room));
	(void)setsockopt(s->fd, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof(patience));
	for (unsigned i = 0; i < TOGETHER; i++) {
		s->in_parts[i] = (struct iovec){ s->answers[i], ANSWER_MAX };
		s->in[i].msg_hdr = (struct msghdr){ .msg_iov = &s->in_parts[i], .msg_iovlen = 1 };
		s->out[i].msg_hdr = (struct msghdr){ .msg_iov = &s->out_parts[i], .msg_iovlen = 1 };
	}
}

static void missing_put(struct sweep *s, uint32_t zone) {
	s->missing[(s->first + s->count++) % s->zone_count] = zone;
}

static uint32_t missing_take(struct sweep *s) {
	uint32_t zone = s->missing[s->first];
	s->first = (s->first + 1) % s->zone_count;
	s->count--;
	return zone;
}

/* It is lost, and to be asked again. */
static void forget(struct sweep *s, uint32_t *place) {
	missing_put(s, *place);
	*place = NOBODY;
	s->under_way_count--;
	s->wrong++;
}

/* False: the port is closed, or the kernel has no room. */
static bool ask(struct sweep *s) {
	unsigned room = s->together > s->under_way_count ? s->together - s->under_way_count : 0;
	unsigned count = s->count < room ? s->count : room;
	for (unsigned i = 0; i < count; i++) {
		uint32_t zone = missing_take(s);
		struct zone *z = &s->zones[zone];
		uint32_t *place = &s->under_way[s->id % PLACES];
		if (*place != NOBODY) forget(s, place);
		*place = zone;
		store_u16(z->wire, s->id++);
		s->out_parts[i] = (struct iovec){ z->wire, z->len };
	}
	s->asked += count;
	s->under_way_count += count;
	if (count == 0 || sendmmsg(s->fd, s->out, count, 0) == (int)count) return true;
	s->is_closed = true;
	return false;
}

/* NOERROR, authoritative, with one record in the answer section. */
static bool is_right(const uint8_t *answer) {
	return answer[2] & 4 && (answer[3] & 15) == 0 && load_u16(answer + 6) == 1;
}

/* One that came too late is passed over: its zone is asked again anyhow. */
static void take(struct sweep *s, const uint8_t *answer, size_t len) {
	if (len < MESSAGE_HEADER_LEN) return;
	uint32_t *place = &s->under_way[load_u16(answer) % PLACES];
	if (*place == NOBODY || memcmp(s->zones[*place].wire, answer, 2) != 0) return;
	if (is_right(answer)) {
		s->right++;
	} else {
		s->wrong++;
		missing_put(s, *place);
	}
	*place = NOBODY;
	s->under_way_count--;
}

static void give_up(struct sweep *s) {
	for (unsigned i = 0; i < PLACES; i++)
		if (s->under_way[i] != NOBODY) forget(s, &s->under_way[i]);
}

/* At least one of those under way has its answer afterwards, or none has: nothing came for a while, or the port is closed. */
static void answers_take(struct sweep *s) {
	int n = recvmmsg(s->fd, s->in, s->under_way_count, MSG_WAITFORONE, NULL);
	for (int i = 0; i < n; i++)
		take(s, s->answers[i], s->in[i].msg_len);
	s->is_closed = n <= 0 && errno == ECONNREFUSED;
	if (n <= 0) give_up(s);
}

static void round_end(struct sweep *s) {
	if (s->right + s->wrong < s->together) return;
	s->flows = s->wrong <= s->right;
	s->together = s->flows ? 2 * s->together : s->together / 2;
	if (s->together > TOGETHER) s->together = TOGETHER;
	if (s->together < TOGETHER_LEAST) s->together = TOGETHER_LEAST;
	s->right = s->wrong = 0;
}

static void sweep(struct sweep *s, double until) {
	s->together = TOGETHER;
	while (s->count + s->under_way_count > 0 && seconds_now() < until) {
		if (s->under_way_count == 0 && !s->flows && s->asked > 0)
			nanosleep(&(struct timespec){ 0, s->is_closed ? CLOSED_NS : PAUSE_NS }, NULL);
		if ((s->under_way_count > 0 && !s->flows) || ask(s))
			answers_take(s);
		else
			give_up(s);
		round_end(s);
	}
	give_up(s); /* what is under way when the time is over */
}

int main(int argc, char **argv) {
	if (argc < 5) fail("usage: bench_sweep ADDRESS PORT FILE SECONDS");
	struct sweep *s = calloc(1, sizeof(*s));
	if (!s) fail("no memory");
	memset(s->under_way, 0xff, sizeof(s->under_way));
	zones_read(s, argv[3]);
	socket_open(s, argv[1], argv[2]);
	printf("ready\n");
	fflush(stdout);
	sweep(s, seconds_now() + atof(argv[4]));
	printf("{\"end\": %.6f, \"asked\": %llu, \"missing\": %u}\n", seconds_now(),
	       (unsigned long long)s->asked, s->count);
	return 0;
}
