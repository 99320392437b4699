/* Names that are not given out.  The table is from the IANA registries of special-use domain names (RFC 6761) and of
 * locally served DNS zones (RFC 6303).  The names for examples (RFC 6761 section 6.5) are not in it: authoritative
 * servers are to treat them as any other. */
#include "inventory/names.h"

#include <dlfcn.h>
#include <libpsl.h>
#include <stdlib.h>

#include "base/alloc.h"

/* libpsl, loaded by the first rules that are opened: only a server of strangers has any (docs/decisions/0032).  It stays. */
struct psl {
	__typeof__(psl_builtin) *builtin;
	__typeof__(psl_latest) *latest;
	__typeof__(psl_free) *free;
	__typeof__(psl_is_public_suffix2) *is_public_suffix;
};

struct name_rules {
	struct psl psl;
	psl_ctx_t *list;
	bool is_builtin; /* the library's own: not ours to free */
};

/* Presentation form; with everything below. */
static const char *const reserved[] = {
	"test",            /* for tests */
	"localhost",       /* this machine */
	"invalid",         /* never a name */
	"local",           /* multicast DNS */
	"onion",           /* Tor */
	"alt",             /* other systems of names */
	"internal",        /* ICANN board resolution 2024.07.29.06 */
	"home.arpa",       /* homes */
	"resolver.arpa",   /* discovery of resolvers */
	"service.arpa",    /* registration of services */
	"ipv4only.arpa",   /* NAT64 */
	"eap.arpa",        /* network access */
	"as112.arpa",      /* AS112 */
	"10.in-addr.arpa", /* private addresses, and so on to 192.168.0.0/16 */
	"16.172.in-addr.arpa",
	"17.172.in-addr.arpa",
	"18.172.in-addr.arpa",
	"19.172.in-addr.arpa",
	"20.172.in-addr.arpa",
	"21.172.in-addr.arpa",
	"22.172.in-addr.arpa",
	"23.172.in-addr.arpa",
	"24.172.in-addr.arpa",
	"25.172.in-addr.arpa",
	"26.172.in-addr.arpa",
	"27.172.in-addr.arpa",
	"28.172.in-addr.arpa",
	"29.172.in-addr.arpa",
	"30.172.in-addr.arpa",
	"31.172.in-addr.arpa",
	"168.192.in-addr.arpa",
	"0.in-addr.arpa",
	"127.in-addr.arpa",
	"254.169.in-addr.arpa",
	"2.0.192.in-addr.arpa",
	"100.51.198.in-addr.arpa",
	"113.0.203.in-addr.arpa",
	"255.255.255.255.in-addr.arpa",
	"c.f.ip6.arpa", /* unique local, link-local, documentation */
	"d.f.ip6.arpa",
	"8.e.f.ip6.arpa",
	"9.e.f.ip6.arpa",
	"a.e.f.ip6.arpa",
	"b.e.f.ip6.arpa",
	"8.b.d.0.1.0.0.2.ip6.arpa",
};

/* Of addresses shared by providers: 64.100.in-addr.arpa … 127.100.in-addr.arpa. */
#define SHARED_FIRST 64
#define SHARED_LAST 127

static bool psl_load(struct psl *out) {
	void *handle = dlopen("libpsl.so.5", RTLD_NOW | RTLD_LOCAL);
	if (!handle) return false;
	*(void **)&out->builtin = dlsym(handle, "psl_builtin");
	*(void **)&out->latest = dlsym(handle, "psl_latest");
	*(void **)&out->free = dlsym(handle, "psl_free");
	*(void **)&out->is_public_suffix = dlsym(handle, "psl_is_public_suffix2");
	if (out->builtin && out->latest && out->free && out->is_public_suffix) return true;
	(void)dlclose(handle); /* of no use */
	return false;
}

enum err name_rules_open(struct name_rules **out_rules) {
	struct psl psl;
	if (!psl_load(&psl)) return ERR_UNSUPPORTED;
	const psl_ctx_t *builtin = psl.builtin();
	psl_ctx_t *latest = psl.latest(NULL);
	if (!latest && !builtin) return ERR_UNSUPPORTED;
	struct name_rules *rules = xcalloc(1, sizeof(*rules));
	rules->psl = psl;
	rules->is_builtin = !latest;
	/* Only looked at; the cast is undone by name_rules_close. */
	rules->list = latest ? latest : (psl_ctx_t *)(uintptr_t)builtin;
	*out_rules = rules;
	return OK;
}

void name_rules_close(struct name_rules *rules) {
	if (!rules) return;
	if (!rules->is_builtin) rules->psl.free(rules->list);
	free(rules);
}

bool name_rules_public_suffix(const struct name_rules *rules, const uint8_t *name) {
	char text[NAME_TEXT_MAX];
	struct name lower;
	if (name_labels(name) <= 1) return true;
	name_copy(&lower, name);
	name_to_lower(&lower);
	return rules->psl.is_public_suffix(rules->list, name_text_short(lower.wire, text), PSL_TYPE_ANY) != 0;
}

static bool is_within_text(const uint8_t *name, const char *text) {
	struct name tree;
	return name_parse(text, &tree) == OK && name_is_within(name, tree.wire);
}

static bool is_text(const uint8_t *name, const char *text) {
	struct name other;
	return name_parse(text, &other) == OK && name_equal(name, other.wire);
}

/* A label of decimal digits, up to three. */
static int label_number(const uint8_t *label) {
	int value = 0;
	if (label[0] < 1 || label[0] > 3) return -1;
	for (unsigned i = 1; i <= label[0]; i++) {
		if (label[i] < '0' || label[i] > '9') return -1;
		value = value * 10 + (label[i] - '0');
	}
	return value;
}

static bool is_shared_space(const uint8_t *name) {
	unsigned labels = name_labels(name);
	if (labels < 4 || !is_within_text(name, "100.in-addr.arpa")) return false;
	int second = label_number(name_skip(name, labels - 4));
	return second >= SHARED_FIRST && second <= SHARED_LAST;
}

static bool is_reserved(const uint8_t *name) {
	for (size_t i = 0; i < sizeof(reserved) / sizeof(reserved[0]); i++)
		if (is_within_text(name, reserved[i])) return true;
	return is_shared_space(name);
}

/* Addresses of very many people: "arpa" and what registries are delegated. */
static bool is_tree_of_addresses(const uint8_t *name) {
	unsigned labels = name_labels(name);
	if (is_text(name, "arpa") || is_text(name, "uri.arpa") || is_text(name, "urn.arpa")) return true;
	if (is_within_text(name, "in-addr.arpa")) return labels <= 3; /* 256 networks of 65,536 each */
	if (is_within_text(name, "ip6.arpa")) return labels <= 2 + 6; /* shorter than /28 */
	return is_text(name, "e164.arpa");
}

/* Whoever has such a zone says where our name servers are, and with them everybody's zones. */
static bool carries_a_server(const uint8_t *name, const struct name *servers, unsigned count) {
	for (unsigned i = 0; i < count; i++)
		if (name_is_within(servers[i].wire, name) || name_is_within(name, servers[i].wire))
			return true;
	return false;
}

const char *name_rules_refusal(const struct name_rules *rules, const uint8_t *name,
                               const struct name *own_servers, unsigned own_count) {
	if (name[0] == 0) return "is the root of all names";
	if (is_reserved(name)) return "is reserved for a special use (RFC 6761, RFC 6303)";
	if (is_tree_of_addresses(name)) return "belongs to the registries of addresses";
	if (carries_a_server(name, own_servers, own_count))
		return "is above or below a name of this service's name servers";
	if (name_rules_public_suffix(rules, name))
		return "is a public suffix, below which names are registered by different people";
	return NULL;
}
