#include "operations.h"

#include <string.h>

static void define(const sslpipe_operation *o, TF_Status *status) {
	TF_OpDefinitionBuilder *b = TF_NewOpDefinitionBuilder(o->name);
	for (int i = 0; o->attributes[i] != NULL; i++) TF_OpDefinitionBuilderAddAttr(b, o->attributes[i]);
	for (int i = 0; o->inputs[i] != NULL; i++) TF_OpDefinitionBuilderAddInput(b, o->inputs[i]);
	for (int i = 0; o->outputs[i] != NULL; i++) TF_OpDefinitionBuilderAddOutput(b, o->outputs[i]);
	TF_OpDefinitionBuilderSetIsStateful(b, o->stateful);
	// The builder of the graph says what the shapes are: this interface has no way to read integers here.
	TF_OpDefinitionBuilderSetShapeInferenceFunction(b, TF_ShapeInferenceContextSetUnknownShape);
	TF_RegisterOpDefinition(b, status);
}

char *sslpipe_register_operations(void) {
	const sslpipe_operation *lists[] = {sslpipe_fused_operations, sslpipe_transformer_operations, sslpipe_update_operations, sslpipe_augment_operations,
		sslpipe_cluster_operations};
	TF_Status *status = TF_NewStatus();
	for (size_t i = 0; i < sizeof lists / sizeof *lists; i++) {
		for (const sslpipe_operation *o = lists[i]; o->name != NULL && TF_GetCode(status) == TF_OK; o++) {
			define(o, status);
			if (TF_GetCode(status) != TF_OK) break;
			TF_RegisterKernelBuilder(o->name, TF_NewKernelBuilder(o->name, "CPU", o->create, o->compute, o->destroy), status);
		}
	}
	char *message = TF_GetCode(status) == TF_OK ? NULL : strdup(TF_Message(status));
	TF_DeleteStatus(status);
	return message;
}
