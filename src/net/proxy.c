#include "net/proxy.h"

#include <string.h>

#include "base/bytes.h"

enum { VERSION_2 = 2, COMMAND_LOCAL = 0, COMMAND_PROXY = 1 };
enum { FAMILY_NONE, FAMILY_IPV4, FAMILY_IPV6, FAMILY_UNIX, FAMILY_COUNT };
enum { TRANSPORT_NONE, TRANSPORT_COUNT = 3 }; /* stream or datagram: the client's, not the proxy's */

static const uint8_t signature[PROXY_SIGNATURE_LEN] = { '\r', '\n', '\r', '\n', 0,   '\r',
	                                                '\n', 'Q',  'U',  'I',  'T', '\n' };
static const uint8_t signature_1[6] = { 'P', 'R', 'O', 'X', 'Y', ' ' }; /* version 1 */

/* As far as both go, they are the same. */
static bool begins(const uint8_t *data, size_t len, const uint8_t *with, size_t with_len) {
	return memcmp(data, with, len < with_len ? len : with_len) == 0;
}

bool proxy_has_signature(const uint8_t *data, size_t len) {
	return len >= PROXY_SIGNATURE_LEN && memcmp(data, signature, PROXY_SIGNATURE_LEN) == 0;
}

/* As addresses of sockets: IPv4 in the guise of IPv6 is IPv4, or lists of who may do what would miss it. */
static struct addr read_source(struct reader *r, unsigned family) {
	size_t len = family == FAMILY_IPV4 ? 4 : 16;
	struct addr a = { .family = family == FAMILY_IPV4 ? AF_INET : AF_INET6 };
	const uint8_t *source = read_bytes(r, len);
	struct sockaddr_storage sa;
	if (source) memcpy(a.ip, source, len);
	(void)read_bytes(r, len); /* the destination is the proxy's; an overrun shows at the end */
	a.port = read_u16(r);
	(void)read_u16(r);               /* the destination's port */
	(void)addr_to_sockaddr(&a, &sa); /* of a known family, so it can't fail */
	return addr_from_sockaddr((const struct sockaddr *)&sa);
}

/* The header is here whole. */
static enum err parse_whole(const uint8_t *data, size_t len, struct proxy_header *out_header) {
	unsigned command = data[12] & 15U, family = data[13] >> 4, transport = data[13] & 15U;
	struct proxy_header header = { .len = len, .source = { .family = AF_UNSPEC } };
	if (command == COMMAND_PROXY && transport != TRANSPORT_NONE &&
	    (family == FAMILY_IPV4 || family == FAMILY_IPV6)) {
		struct reader r = reader_init(data, len);
		(void)read_bytes(&r, PROXY_FIXED_LEN); /* they are here */
		header.source = read_source(&r, family);
		if (r.failed) return ERR_MALFORMED;
	}
	*out_header = header;
	return OK;
}

static bool is_known(const uint8_t *fixed) {
	unsigned version = fixed[12] >> 4, command = fixed[12] & 15U, family = fixed[13] >> 4,
		 transport = fixed[13] & 15U;
	if (version != VERSION_2 || command > COMMAND_PROXY) return false;
	/* Of a proxy's own connection everything but the length is to be ignored. */
	return command == COMMAND_LOCAL || (family < FAMILY_COUNT && transport < TRANSPORT_COUNT);
}

enum err proxy_parse(const uint8_t *data, size_t len, struct proxy_header *out_header) {
	if (len > 0 && begins(data, len, signature_1, sizeof(signature_1))) {
		out_header->len = sizeof(signature_1);
		return len < sizeof(signature_1) ? ERR_AGAIN : ERR_MALFORMED;
	}
	if (len > 0 && !begins(data, len, signature, sizeof(signature))) return ERR_NOTFOUND;
	if (len < PROXY_FIXED_LEN) {
		out_header->len = len < PROXY_SIGNATURE_LEN ? PROXY_SIGNATURE_LEN : PROXY_FIXED_LEN;
		return ERR_AGAIN;
	}
	size_t whole = PROXY_FIXED_LEN + (size_t)load_u16(data + 14);
	if (!is_known(data) || whole > PROXY_HEADER_MAX) return ERR_MALFORMED;
	if (len < whole) {
		out_header->len = whole;
		return ERR_AGAIN;
	}
	return parse_whole(data, whole, out_header);
}
