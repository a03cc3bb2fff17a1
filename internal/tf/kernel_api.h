// The part of TensorFlow's C interface for operations and kernels that this
// program uses. TensorFlow's own headers, tensorflow/c/kernels.h and ops.h of 2.18,
// are C++ in all but name.
#ifndef SSLPIPE_KERNEL_API_H
#define SSLPIPE_KERNEL_API_H

#include <stdbool.h>

#include "tensorflow/c/c_api.h"

typedef struct TF_OpDefinitionBuilder TF_OpDefinitionBuilder;
typedef struct TF_ShapeInferenceContext TF_ShapeInferenceContext;
typedef struct TF_KernelBuilder TF_KernelBuilder;
typedef struct TF_OpKernelConstruction TF_OpKernelConstruction;
typedef struct TF_OpKernelContext TF_OpKernelContext;

TF_OpDefinitionBuilder *TF_NewOpDefinitionBuilder(const char *op_name);
void TF_OpDefinitionBuilderAddAttr(TF_OpDefinitionBuilder *, const char *spec);
void TF_OpDefinitionBuilderAddInput(TF_OpDefinitionBuilder *, const char *spec);
void TF_OpDefinitionBuilderAddOutput(TF_OpDefinitionBuilder *, const char *spec);
void TF_OpDefinitionBuilderSetIsStateful(TF_OpDefinitionBuilder *, bool);
void TF_OpDefinitionBuilderSetShapeInferenceFunction(TF_OpDefinitionBuilder *, void (*)(TF_ShapeInferenceContext *, TF_Status *));
void TF_RegisterOpDefinition(TF_OpDefinitionBuilder *, TF_Status *);
void TF_ShapeInferenceContextSetUnknownShape(TF_ShapeInferenceContext *, TF_Status *);

TF_KernelBuilder *TF_NewKernelBuilder(const char *op_name, const char *device, void *(*create)(TF_OpKernelConstruction *),
	void (*compute)(void *, TF_OpKernelContext *), void (*destroy)(void *));
void TF_RegisterKernelBuilder(const char *kernel_name, TF_KernelBuilder *, TF_Status *);
void TF_OpKernelConstruction_GetAttrInt64(TF_OpKernelConstruction *, const char *name, int64_t *, TF_Status *);
void TF_OpKernelConstruction_GetAttrFloat(TF_OpKernelConstruction *, const char *name, float *, TF_Status *);
void TF_OpKernelConstruction_GetAttrBool(TF_OpKernelConstruction *, const char *name, unsigned char *, TF_Status *);
void TF_OpKernelConstruction_GetAttrSize(TF_OpKernelConstruction *, const char *name, int32_t *list_size, int32_t *total_size, TF_Status *);
void TF_OpKernelConstruction_GetAttrString(TF_OpKernelConstruction *, const char *name, char *, size_t max_length, TF_Status *);
void TF_OpKernelConstruction_Failure(TF_OpKernelConstruction *, TF_Status *);

int TF_NumInputs(TF_OpKernelContext *);
void TF_GetInput(TF_OpKernelContext *, int i, TF_Tensor **, TF_Status *);
TF_Tensor *TF_AllocateOutput(TF_OpKernelContext *, int i, TF_DataType, const int64_t *dims, int ndims, size_t bytes, TF_Status *);
TF_Tensor *TF_AllocateTemp(TF_OpKernelContext *, TF_DataType, const int64_t *dims, int ndims, TF_AllocatorAttributes *, TF_Status *);
void TF_GetSerializedConfigProto(TF_OpKernelContext *, TF_Buffer *, TF_Status *);
void TF_OpKernelContext_Failure(TF_OpKernelContext *, TF_Status *);

void TF_GetInputTensorFromVariable(TF_OpKernelContext *, int i, bool lock_held, bool is_variant, bool sparse,
	void (*copy)(TF_OpKernelContext *, TF_Tensor *source, TF_Tensor *dest), TF_Tensor **, TF_Status *);

#endif
