// Registering operations with TensorFlow; see fused.go.

#include "tensorflow/c/c_api.h"

// sslpipe_register_fused makes the fused layers and the augmentation known to the library, which must be open. It returns NULL, or a
// message that the caller frees.
char *sslpipe_register_fused(void);

// sslpipe_register_augment is the part of it for the augmentation.
void sslpipe_register_augment(TF_Status *status);
