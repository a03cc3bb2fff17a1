// Registering operations with TensorFlow; see fused.go.

// sslpipe_register_fused makes the fused layers known to the library, which must be open. It returns NULL, or a
// message that the caller frees.
char *sslpipe_register_fused(void);
