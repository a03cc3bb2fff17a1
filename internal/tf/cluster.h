// What the processes of a cluster tell each other; see cluster.c.
#ifndef SSLPIPE_CLUSTER_H
#define SSLPIPE_CLUSTER_H

// sslpipe_set_identity keeps a copy of what SslpipeIdentity answers. It comes before the server.
void sslpipe_set_identity(const char *text);

// sslpipe_dismissed tells whether SslpipeDismiss has run in this process.
int sslpipe_dismissed(void);

#endif
