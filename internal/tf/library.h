// Opening TensorFlow's C library at run time; see library.go.

// sslpipe_tf_open opens the library at path and resolves every name of
// symbols.txt. It returns NULL, or a message that the caller frees.
char *sslpipe_tf_open(const char *path);

// sslpipe_open_early opens a library that others will look for by its name.
void sslpipe_open_early(const char *path);
