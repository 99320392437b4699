/* Writes seeds for tests/fuzz/stored_image.c, NAME-FORMAT.img: make_images tests/fuzz/corpus/stored_image.  To be run again
 * when the format of images changes; what it wrote of earlier formats, which are read too, stays.  The zones are small and have what images distinguish: shared RRsets, cuts with DS and glue, wildcards,
 * DNAME, empty non-terminals, signatures, NSEC, NSEC3. */
#include "lab.h"

#include "zone/lookup.h"
#include "zone/nsec3.h"

struct maker {
	struct name apex;
	struct builder *b;
};

static void begin(struct maker *m, const char *apex) {
	uint8_t rdata[600];
	m->apex = lab_name(apex);
	m->b = builder_new(m->apex.wire, &(struct builder_limits){ 0 });
	lab_add(m->b, m->apex.wire, RR_SOA, rdata, lab_soa(&m->apex, 7, rdata));
	lab_add(m->b, m->apex.wire, RR_NS, lab_name("ns.example.net").wire, lab_name("ns.example.net").len);
}

static void finish(struct maker *m, const char *folder, const char *name) {
	char path[512];
	struct why why;
	struct zone_version *v;
	enum err e = builder_finish(m->b, &v, &why);
	if (e != OK) fail_msg("%s: %s", err_name(e), why.evidence);
	builder_free(m->b);
	assert_int_equal(image_check_deep(&v->image), OK);
	snprintf(path, sizeof(path), "%s/%s-%d.img", folder, name, IMAGE_FORMAT_VERSION);
	int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC, 0644);
	assert_int_equal(write(fd, layer_octets(v->layers[0]), layer_size(v->layers[0])),
	                 layer_size(v->layers[0]));
	close(fd);
	version_unref(v);
}

static void add(const struct maker *m, const char *owner, uint16_t type, const void *rdata, size_t len) {
	lab_add(m->b, lab_name(owner).wire, type, rdata, len);
}

static void add_name(const struct maker *m, const char *owner, uint16_t type, const char *target) {
	struct name name = lab_name(target);
	add(m, owner, type, name.wire, name.len);
}

/* A signature in form only. */
static void sign(const struct maker *m, const char *owner, uint16_t type) {
	uint8_t rdata[18 + NAME_MAX_LEN + 16] = { 0 };
	store_u16(rdata, type);
	rdata[2] = 13;
	rdata[3] = 2;
	store_u32(rdata + 4, 3600);
	store_u32(rdata + 8, 2000000000);
	store_u32(rdata + 12, 1000000000);
	store_u16(rdata + 16, 4711);
	memcpy(rdata + 18, m->apex.wire, m->apex.len);
	memset(rdata + 18 + m->apex.len, 's', 16);
	add(m, owner, RR_RRSIG, rdata, 18U + m->apex.len + 16);
}

static void add_nsec(const struct maker *m, const char *owner, const char *next) {
	static const uint8_t bitmap[] = { 0, 1, 0x40 };
	uint8_t rdata[NAME_MAX_LEN + sizeof(bitmap)];
	struct name name = lab_name(next);
	memcpy(rdata, name.wire, name.len);
	memcpy(rdata + name.len, bitmap, sizeof(bitmap));
	add(m, owner, RR_NSEC, rdata, name.len + sizeof(bitmap));
	sign(m, owner, RR_NSEC);
}

static void add_nsec3(const struct maker *m, const char *name) {
	static const uint8_t fixed[] = { 1, 0, 0, 2, 2, 0xab, 0xcd, NSEC3_HASH_LEN };
	static const uint8_t bitmap[] = { 0, 1, 0x40 };
	uint8_t rdata[sizeof(fixed) + NSEC3_HASH_LEN + sizeof(bitmap)], hash[NSEC3_HASH_LEN],
		label[NSEC3_LABEL_LEN];
	nsec3_hash(lab_name(name).wire, fixed + 5, 2, 2, hash);
	nsec3_label(hash, label);
	char owner[NAME_TEXT_MAX], apex[NAME_TEXT_MAX];
	snprintf(owner, sizeof(owner), "%.*s.%s", NSEC3_LABEL_LEN, (const char *)label,
	         name_text(m->apex.wire, apex));
	memcpy(rdata, fixed, sizeof(fixed));
	hash[NSEC3_HASH_LEN - 1]++;
	memcpy(rdata + sizeof(fixed), hash, NSEC3_HASH_LEN);
	memcpy(rdata + sizeof(fixed) + NSEC3_HASH_LEN, bitmap, sizeof(bitmap));
	add(m, owner, RR_NSEC3, rdata, sizeof(rdata));
	sign(m, owner, RR_NSEC3);
}

/* Records of all kinds that do not depend on how the zone is signed. */
static void add_content(const struct maker *m) {
	static const uint8_t a[] = { 192, 0, 2, 1 }, b[] = { 192, 0, 2, 2 }, text[] = "\5hello",
			     opaque[] = "anything";
	static const uint8_t ds[] = { 0x12, 0x34, 13, 1,  1,  2,  3,  4,  5,  6,  7,  8,
		                      9,    10,   11, 12, 13, 14, 15, 16, 17, 18, 19, 20 };
	add(m, "www.example.", RR_A, a, 4);
	add(m, "www.example.", RR_A, b, 4);
	add(m, "WWW2.example.", RR_A, a, 4);
	add(m, "www2.example.", RR_A, b, 4);
	add(m, "www2.example.", RR_TXT, text, 6);
	add(m, "deep.below.empty.example.", RR_A, a, 4);
	add(m, "*.wild.example.", RR_TXT, text, 6);
	add_name(m, "alias.example.", RR_CNAME, "www.example.");
	add_name(m, "tree.example.", RR_DNAME, "other.example.net.");
	add_name(m, "sub.example.", RR_NS, "ns.sub.example.");
	add(m, "sub.example.", RR_DS, ds, sizeof(ds));
	add(m, "ns.sub.example.", RR_A, a, 4);
	add_name(m, "sub2.example.", RR_NS, "ns.sub.example.");
	add(m, "odd.example.", 65400, opaque, 8);
	add(m, "odd.example.", 65401, opaque, 0);
}

static void plain(const char *folder) {
	struct maker m;
	begin(&m, "example.");
	add_content(&m);
	finish(&m, folder, "plain");
}

static void with_nsec(const char *folder) {
	struct maker m;
	begin(&m, "Example.");
	add_content(&m);
	add_nsec(&m, "example.", "alias.example.");
	add_nsec(&m, "alias.example.", "sub.example.");
	add_nsec(&m, "sub.example.", "www.example.");
	add_nsec(&m, "www.example.", "example.");
	sign(&m, "example.", RR_SOA);
	sign(&m, "www.example.", RR_A);
	sign(&m, "orphan.example.", RR_MX);
	finish(&m, folder, "nsec");
}

static void with_nsec3(const char *folder) {
	static const uint8_t param[] = { 1, 0, 0, 2, 2, 0xab, 0xcd };
	struct maker m;
	begin(&m, "example.");
	add_content(&m);
	add(&m, "example.", RR_NSEC3PARAM, param, sizeof(param));
	add_nsec3(&m, "example.");
	add_nsec3(&m, "www.example.");
	add_nsec3(&m, "sub.example.");
	sign(&m, "example.", RR_SOA);
	finish(&m, folder, "nsec3");
}

static void smallest(const char *folder) {
	struct maker m;
	begin(&m, ".");
	finish(&m, folder, "root");
}

int main(int argc, char **argv) {
	if (argc != 2) {
		fprintf(stderr, "use: make_images FOLDER\n");
		return 2;
	}
	plain(argv[1]);
	with_nsec(argv[1]);
	with_nsec3(argv[1]);
	smallest(argv[1]);
	return 0;
}
