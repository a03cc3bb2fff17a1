// Where TensorFlow's server listens; see listen.c.
#ifndef SSLPIPE_LISTEN_H
#define SSLPIPE_LISTEN_H

#include <stdint.h>

// sslpipe_listen_at makes what would listen on all interfaces at a port listen at one
// address alone: IPv6, or IPv4 as ::ffff:a.b.c.d. It comes before the server.
void sslpipe_listen_at(const uint8_t address[16], uint16_t port);

// sslpipe_listens tells whether a socket has been bound to that address.
int sslpipe_listens(void);

#endif
