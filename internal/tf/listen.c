// TensorFlow's server takes a port alone and listens on all interfaces. Its library calls
// bind by name, and the dynamic linker looks for names in the program first: this bind
// puts the one address in the place of "all", for the server's port, and leaves every
// other call as it is.

#include "listen.h"

#include <errno.h>
#include <netinet/in.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>

static struct sockaddr_in6 only; // network byte order
static int chosen, bound;

void sslpipe_listen_at(const uint8_t address[16], uint16_t port) {
	only.sin6_family = AF_INET6;
	only.sin6_port = htons(port);
	memcpy(&only.sin6_addr, address, sizeof only.sin6_addr);
	__atomic_store_n(&chosen, 1, __ATOMIC_RELEASE);
}

int sslpipe_listens(void) { return __atomic_load_n(&bound, __ATOMIC_ACQUIRE); }

static int system_bind(int fd, const void *address, socklen_t length) {
	return (int)syscall(SYS_bind, fd, address, length);
}

static int noted(int result) {
	if (result == 0) __atomic_store_n(&bound, 1, __ATOMIC_RELEASE);
	return result;
}

// all_of_v6 tells whether an address is [::] or [::ffff:0.0.0.0] at the server's port.
static int all_of_v6(const struct sockaddr_in6 *a) {
	static const uint8_t mapped[16] = {[10] = 0xff, [11] = 0xff};
	return a->sin6_port == only.sin6_port &&
	       (IN6_IS_ADDR_UNSPECIFIED(&a->sin6_addr) || memcmp(&a->sin6_addr, mapped, sizeof mapped) == 0);
}

__attribute__((visibility("default"))) int bind(int fd, const struct sockaddr *address, socklen_t length) {
	if (address == NULL || !__atomic_load_n(&chosen, __ATOMIC_ACQUIRE)) return system_bind(fd, address, length);
	if (address->sa_family == AF_INET6 && length >= sizeof only && all_of_v6((const void *)address))
		return noted(system_bind(fd, &only, sizeof only));
	struct sockaddr_in v4;
	if (address->sa_family != AF_INET || length < sizeof v4) return system_bind(fd, address, length);
	memcpy(&v4, address, sizeof v4);
	if (v4.sin_addr.s_addr != htonl(INADDR_ANY) || v4.sin_port != only.sin6_port) return system_bind(fd, address, length);
	if (!IN6_IS_ADDR_V4MAPPED(&only.sin6_addr)) {
		errno = EAFNOSUPPORT; // the machine has no IPv6, or the socket is a second one beside it
		return -1;
	}
	memcpy(&v4.sin_addr, only.sin6_addr.s6_addr + 12, sizeof v4.sin_addr);
	return noted(system_bind(fd, &v4, sizeof v4));
}
